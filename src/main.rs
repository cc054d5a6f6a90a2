//! The binary: arguments in, one exit code out.

use std::process::ExitCode;

/// Gives memory back: of what reading 10,000 checks takes for a moment, glibc's allocator keeps most.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    noroshi::clock::process_start();
    noroshi::cli::main(std::env::args_os())
}
