//! Tells the binary what it was built from, for `noroshi_build_info`. Works without git and without a repository.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=NOROSHI_REVISION");
    let rustc = env::var("RUSTC").ok().and_then(|rustc| output(&rustc, &["--version"]));
    println!("cargo::rustc-env=NOROSHI_RUSTC={}", version(rustc.as_deref().unwrap_or_default()));
    println!("cargo::rustc-env=NOROSHI_REVISION={}", revision());
    pack_relocations();
}

/// Addresses that are filled in at the start take 24 bytes each in the file, and are read at each start: 1.8 MB of both, of
/// which the packed form leaves a few kB. It needs glibc 2.36, so it is not used where the libc of the build is older.
fn pack_relocations() {
    let glibc = output("getconf", &["GNU_LIBC_VERSION"]).unwrap_or_default();
    let minor = glibc.strip_prefix("glibc 2.").and_then(|minor| minor.parse::<u32>().ok());
    let is_here = env::var("TARGET") == env::var("HOST");
    if is_here && minor.is_some_and(|minor| minor >= 36) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The commit: as the image build says it, else as git does. A debug build names none, for it would have to be rebuilt
/// after every commit to name the right one.
fn revision() -> String {
    if let Some(given) = env::var("NOROSHI_REVISION").ok().filter(|given| !given.is_empty()) {
        return given;
    }
    if env::var("PROFILE").as_deref() != Ok("release") {
        return "debug".to_owned();
    }
    if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    output("git", &["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned())
}

/// `1.90.0` of `rustc 1.90.0 (1159e78c4 2025-09-14)`.
fn version(text: &str) -> &str {
    text.split(' ').nth(1).unwrap_or("unknown")
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next().unwrap_or_default().trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
