//! Tests that want a process, or a network, of their own: the test binary starts itself again for one of them.

use std::{io::Write, process::Command};

/// Runs one `#[ignore]`d test of this binary in a process of its own, whose memory can be measured: what is freed goes
/// back to the system at once. Else glibc keeps as much of it as looks like a leak, now and then.
pub fn alone(test: &str) {
    start(&["env", "MALLOC_MMAP_THRESHOLD_=65536"], test);
}

/// Runs one `#[ignore]`d test of this binary as root of a network namespace of its own, where only it sees what it does.
///
/// Root may have one, and in most systems everybody may. Where it is not permitted the test is [`missing`].
pub fn in_a_namespace(test: &str) {
    unshared(&["--net"], test);
}

/// The same with mounts of its own too: the test may put its own files over `/etc/hosts` and the like.
pub fn in_a_world(test: &str) {
    unshared(&["--net", "--mount"], test);
}

fn unshared(what: &[&str], test: &str) {
    for wrapper in [&["unshare"][..], &["unshare", "--map-root-user"]] {
        let wrapper = [wrapper, what].concat();
        let tried = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
        if tried.is_ok_and(|output| output.status.success()) {
            start(&wrapper, test);
            return;
        }
    }
    missing(&format!("{test}: no namespaces are permitted here (unshare {})", what.join(" ")));
}

/// A test cannot run here, and says so; in CI that is a failure.
pub fn missing(what: &str) {
    let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "MISSING: {what}");
    // Past the capture of the test harness: a line nobody sees is a test skipped silently.
    let _ = writeln!(std::io::stderr(), "MISSING: {what}");
}

fn start(wrapper: &[&str], test: &str) {
    let binary = std::env::current_exe().unwrap();
    let own = ["--exact", test, "--ignored", "--nocapture", "--test-threads=1"];
    let mut command = Command::new(wrapper[0]);
    let output = command.args(&wrapper[1..]).arg(&binary).args(own).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test} failed in a process of its own:\n{said}\n{errors}");
    assert!(said.contains("1 passed"), "{test} is no ignored test of this binary:\n{said}");
}
