//! `noroshi dashboards`: what it writes, prints and refuses.

use std::{fs, process::Command};

use crate::folder;

/// The exit code, what was printed, what was complained of.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_noroshi")).arg("dashboards").args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn it_writes_what_is_asked_for() {
    let out = tempfile::tempdir().unwrap();
    let new = out.path().join("a/b");
    let (code, printed, said) =
        run(&["--out", new.to_str().unwrap(), "noroshi-check", "noroshi-expiry"]);
    assert_eq!((code, printed.as_str()), (Some(0), ""), "{said}");
    let mut names: Vec<_> =
        fs::read_dir(&new).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["noroshi-check.json", "noroshi-expiry.json"]);
    for name in names {
        assert_eq!(fs::read(new.join(&name)).unwrap(), fs::read(folder().join(&name)).unwrap());
    }
}

#[test]
fn it_prints_one_and_names_several() {
    let (code, printed, said) = run(&["noroshi-check"]);
    let file = fs::read_to_string(folder().join("noroshi-check.json")).unwrap();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(printed, file);
    let (code, printed, _) = run(&[]);
    assert_eq!((code, printed.lines().count()), (Some(0), 6));
}

#[test]
fn it_says_what_is_wrong() {
    let (code, _, said) = run(&["noroshi-chek"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("did you mean `noroshi-check`?"), "{said}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let (code, _, said) = run(&["--out", file.path().to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("cannot make "), "{said}");
}
