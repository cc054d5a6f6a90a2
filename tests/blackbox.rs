//! `tests/blackbox/`: files of every sort with what blackbox_exporter 0.28.0 said of them. `verdicts` holds its answer to
//! `--config.check`, `*.config` its `/config` page; both were recorded from the real program, `make test` compares again.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::{fmt::Write as _, fs, path::Path};

use noroshi::{compat::blackbox::Modules, config::BlackboxFile, model::Diagnostic};

/// Files of which we think otherwise, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("allow_query", "`dns.allow_query_parameters` is our own key"),
    ("cel_type_error", "cel-go checks types when it reads, we when a rule is evaluated"),
    ("websocket", "the prober of blackbox_exporter's master is understood"),
];

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blackbox").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(name: &str) -> Result<Modules, Vec<Diagnostic>> {
    let name = format!("{name}.yml");
    Modules::read(&file(&name), Path::new(&name))
}

/// Name and whether blackbox_exporter accepts it.
fn verdicts() -> Vec<(String, bool)> {
    let text = file("verdicts");
    let verdict = |line: &str| {
        let (name, verdict) = line.split_once(' ').unwrap();
        (name.to_owned(), verdict == "accepted")
    };
    text.lines().map(verdict).collect()
}

#[test]
fn files_are_accepted_and_refused_as_blackbox_exporter_does() {
    let mut complaints = String::new();
    for (name, accepted) in verdicts() {
        let read = read(&name);
        let no_http3 = name == "http3_fine" && !cfg!(feature = "http3");
        let otherwise = no_http3 || OTHERWISE.iter().any(|(own, _)| *own == name);
        if (read.is_ok() == accepted) == otherwise {
            let ours = read.map(drop).map_err(|found| lines(&found));
            let _ = writeln!(complaints, "{name}: theirs {accepted}, ours {ours:?}");
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn the_page_of_the_configuration_is_theirs() {
    let mut complaints = String::new();
    for (name, accepted) in verdicts() {
        if let (true, Ok(modules)) = (accepted, read(&name)) {
            let theirs = file(&format!("{name}.config"));
            if *modules.shown != theirs {
                let _ = writeln!(
                    complaints,
                    "== {name}\n-- theirs\n{theirs}-- ours\n{}",
                    modules.shown
                );
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// `*.debug` holds what `debug=true` says of the modules, recorded likewise.
#[test]
fn the_modules_of_the_debug_page_are_theirs() {
    let mut complaints = String::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blackbox");
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = entry.strip_suffix(".debug") else { continue };
        let modules = read(name).unwrap();
        for theirs in file(&entry).split("### ").skip(1) {
            let (module, theirs) = theirs.split_once('\n').unwrap();
            let ours = &modules.modules[module].shown;
            if **ours != *theirs {
                let _ =
                    writeln!(complaints, "== {name} {module}\n-- theirs\n{theirs}-- ours\n{ours}");
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn every_refusal_has_its_place_and_no_secret() {
    let mut page = String::new();
    for (name, _) in verdicts() {
        let found = match read(&name) {
            Ok(modules) => modules.warnings,
            Err(found) => found,
        };
        if name == "http3_fine" {
            // The one file that depends on the build.
            let http3 = found.iter().any(|one| one.code == "B009" && one.hint.is_some());
            assert_eq!((http3, found.len()), (!cfg!(feature = "http3"), usize::from(http3)));
        } else if !found.is_empty() {
            let _ = write!(page, "{}", lines(&found));
        }
        for one in &found {
            assert!(one.span.is_some(), "{name}: {one:?} is nowhere");
        }
    }
    assert!(!page.contains("hunter2"), "{page}");
    insta::assert_snapshot!("blackbox_diagnostics", page);
}

/// The line of a mistake is shown, but not what may be a secret in it.
#[test]
fn no_line_that_is_shown_has_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blackbox.yml");
    for mistake in [
        "bearer_tokn: hunter2",
        "basic_auth: user:hunter2",
        "basic_auth: { username: u, passwort: hunter2 }",
        "oauth2: hunter2",
        "oauth2: { client_id: x, token_url: 'http://a/', client_secrets: hunter2 }",
        "oauth2: { client_id: x, token_url: 'http://a/', endpoint_params: hunter2 }",
        "oauth2: { client_id: x, token_url: 'http://a/', endpoint_params: { a: [hunter2] } }",
        "authorization: hunter2",
        "proxy_url: 'http://u:hunter2@proxy:port'",
        "proxy_connect_header: hunter2",
        "http_headers: hunter2",
        "headers: hunter2",
    ] {
        let text = format!("modules:\n  a:\n    prober: http\n    http:\n      {mistake}\n");
        fs::write(&path, text).unwrap();
        let page = BlackboxFile::read(path.clone()).human("nothing was started");
        assert!(page.contains("error[B00") && page.contains("blackbox.yml:5:"), "{page}");
        assert!(!page.contains("hunter2"), "{page}");
    }
}

fn lines(found: &[Diagnostic]) -> String {
    let mut lines = String::new();
    for one in found {
        let place = one.span.as_ref().map_or_else(String::new, |span| {
            format!("{}:{}:{}", span.file.display(), span.line, span.column)
        });
        let _ = write!(lines, "{} {place}: {}", one.code, one.message);
        if let Some(hint) = &one.hint {
            let _ = write!(lines, " ({hint})");
        }
        lines.push('\n');
    }
    lines
}
