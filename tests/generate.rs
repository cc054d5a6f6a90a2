//! `noroshi generate config`: what it writes loads, holds no secret, and says what it could not say.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{fs, path::Path, process::Command};

use noroshi::{
    compat::blackbox::{Options, convert, targets},
    config,
};

#[path = "generate/gatus.rs"]
mod gatus;
#[path = "generate/mutated.rs"]
mod mutated;
#[path = "generate/uptime_kuma.rs"]
mod uptime_kuma;
#[path = "generate/verdicts.rs"]
mod verdicts;

/// Loads what was written; how many checks it has.
fn loads(toml: &str) -> usize {
    loaded(toml).checks.len()
}

/// Loads what was written.
fn loaded(toml: &str) -> config::Config {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    fs::write(file.path(), toml).unwrap();
    let sources =
        config::Sources { files: vec![file.path().to_owned()], ..config::Sources::default() };
    let loaded = config::load(&sources);
    let wrong: Vec<_> = loaded.diagnostics.iter().map(|one| &one.message).collect();
    assert!(loaded.config.is_some(), "{wrong:#?}\n{toml}");
    loaded.config.unwrap()
}

/// The command's exit code, standard output and standard error.
fn command(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_noroshi"))
        .args(["generate", "config"])
        .args(arguments)
        .env("TEAM", "core")
        .env("REGION", "eu")
        .env("PART", "hunter2")
        .env("SHOP_SLACK", "hunter2")
        .env("API_TOKEN", "hunter2")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn one_of_the_programs_has_to_be_named() {
    for arguments in [
        &[][..],
        &["--from-gatus", "a", "--from-uptime-kuma", "b"],
        &["--from-gatus", "a", "--targets", "b"],
    ] {
        assert_eq!(command(arguments).0, Some(2), "{arguments:?}");
    }
    for from in ["--from-gatus", "--from-uptime-kuma", "--from-blackbox"] {
        let (code, out, err) = command(&[from, "/nowhere/a"]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.starts_with("cannot read /nowhere/a: "), "{err}");
    }
}

/// Every file of the corpus that is accepted, with targets of every sort.
#[test]
fn what_is_written_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blackbox");
    let list = "https://example.org/health?q=1\nhttp://user:hunter2@example.org:8080/\nexample.org\n\
                example.org:25\n192.0.2.1\n[2001:db8::1]:443\n/run/a.sock\nwss://example.org/ws\nnot a target\n";
    let list = list.replace("not a target\n", "::::\n");
    let (mut files, mut checks) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (list, with_secrets) in [("", false), (&*list, false), (&*list, true)] {
            let targets = targets(list, Path::new("list")).unwrap();
            let options = Options { text: &text, file: &path, targets: &targets, with_secrets };
            let Ok(converted) = convert(&options) else { continue };
            files += 1;
            let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
            fs::write(file.path(), &converted.toml).unwrap();
            let sources = config::Sources {
                files: vec![file.path().to_owned()],
                ..config::Sources::default()
            };
            let loaded = config::load(&sources);
            let errors: Vec<_> = loaded
                .diagnostics
                .iter()
                .filter(|one| one.severity == noroshi::model::Severity::Error)
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}\n{}", path.display(), converted.toml);
            checks += loaded.config.map_or(0, |config| config.checks.len());
            if !with_secrets {
                let said = format!("{}{:?}", converted.toml, converted.notes);
                assert!(!said.contains("hunter2"), "{}: {said}", path.display());
            }
        }
    }
    assert!(files > 150 && checks > 200, "{files} files, {checks} checks");
}

/// Labels that noroshi or a scrape sets are left out of a check, and told; `severity` is nobody's.
#[test]
fn labels_of_targets_are_taken_over_or_told() {
    let list = "- targets: [a.example.org, b.example.org]\n  labels: {module: web, severity: page, job: web, __meta_x: y}\n- targets: [\"c.example.org/?api_key=hunter2\"]\n  labels: {job: web}\n";
    let targets = targets(list, Path::new("list")).unwrap();
    let text = "modules:\n  web: {prober: http}\n";
    let file = Path::new("blackbox.yml");
    let options = Options { text, file, targets: &targets, with_secrets: false };
    let found = convert(&options).unwrap();
    assert_eq!(found.toml.matches("labels = { severity = \"page\" }").count(), 2, "{}", found.toml);
    assert_eq!(loads(&found.toml), 3);
    assert_eq!(
        found.notes,
        [
            "check \"web/c.example.org\": the parameter `api_key` of its URL seems to be a secret, and is written as it is: keep the file as you keep secrets",
            "the label `__meta_x` is left out of 2 checks: it has no equivalent",
            "the label `job` is left out of 3 checks: it has no equivalent",
        ]
    );
}

#[test]
fn the_command_prints_the_file_and_tells_of_secrets_on_the_side() {
    let folder = tempfile::tempdir().unwrap();
    let blackbox = folder.path().join("blackbox.yml");
    let list = folder.path().join("list.txt");
    let module = "modules:\n  web:\n    prober: http\n    timeout: 45s\n    http:\n      no_follow_redirects: true\n      bearer_token: hunter2\n";
    fs::write(&blackbox, module).unwrap();
    fs::write(&list, "https://example.org web\n").unwrap();
    let run = |extra: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_noroshi"))
            .args(["generate", "config", "--from-blackbox"])
            .arg(&blackbox)
            .arg("--targets")
            .arg(&list)
            .args(extra)
            .output()
            .unwrap()
    };
    let plain = run(&[]);
    let (out, err) =
        (String::from_utf8(plain.stdout).unwrap(), String::from_utf8(plain.stderr).unwrap());
    assert!(plain.status.success(), "{err}");
    assert!(
        out.contains("http.authorization.credentials_env = \"WEB_AUTHORIZATION_CREDENTIALS\""),
        "{out}"
    );
    assert!(
        out.contains("interval = \"45s\"") && out.contains("http.redirects.follow = false"),
        "{out}"
    );
    assert!(err.contains("WEB_AUTHORIZATION_CREDENTIALS") && err.contains("deprecated"), "{err}");
    assert!(!out.contains("hunter2") && !err.contains("hunter2"));
    assert!(String::from_utf8(run(&["--with-secrets"]).stdout).unwrap().contains("hunter2"));

    fs::write(&blackbox, "modules:\n  web:\n    prober: http\n    htp: {}\n").unwrap();
    let wrong = run(&[]);
    let err = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(78), "{err}");
    assert!(err.contains("B005") && err.contains("did you mean `http`?"), "{err}");
}
