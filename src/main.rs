//! The binary: arguments in, one exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    noroshi::clock::process_start();
    noroshi::cli::main(std::env::args_os())
}
