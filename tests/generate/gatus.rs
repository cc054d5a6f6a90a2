//! `--from-gatus`.

use std::{fs, path::Path};

use noroshi::compat::gatus::{Converted, Options, Source, Unread, convert};
use serde_json::Value;

use super::{command, loads};

fn text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gatus");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn environment(name: &str) -> Option<String> {
    match name {
        "TEAM" => Some("core".to_owned()),
        "REGION" => Some("eu".to_owned()),
        // Whoever looks at a secret shows it.
        "NOT_SET" => None,
        _ => Some("hunter2".to_owned()),
    }
}

pub(super) fn converted(text: &str, with_secrets: bool) -> Converted {
    attempt(text, with_secrets).unwrap()
}

pub(super) fn attempt(text: &str, with_secrets: bool) -> Result<Converted, Unread> {
    let from = Path::new("config.yaml");
    let files = [Source { path: from.to_owned(), text: text.to_owned() }];
    convert(&Options { files: &files, from, environment: &environment, with_secrets })
}

fn everything(converted: &Converted) -> String {
    format!("{}\n---\n{}\n", converted.toml, converted.notes.join("\n"))
}

#[test]
fn every_key_becomes_what_it_means() {
    let found = converted(&text("every.yaml"), false);
    assert_eq!(loads(&found.toml), 15, "{}", found.toml);
    assert!(!everything(&found).contains("hunter2"));
    insta::assert_snapshot!("gatus", everything(&found));
}

#[test]
fn secrets_are_written_when_they_are_asked_for() {
    let found = converted(&text("every.yaml"), true);
    loads(&found.toml);
    assert!(found.toml.contains("hunter2") && !found.notes.concat().contains("hunter2"));
}

/// What is below these is told by the name of the whole alone. What was merged stands where it was merged to.
const TOLD_AS_A_WHOLE: [&str; 17] = [
    "/x-shared",
    "/ui/",
    "/storage/",
    "/web/",
    "/security/",
    "/connectivity/",
    "/remote/",
    "/tunneling/",
    "/announcements/",
    "/external-endpoints/0/",
    "/suites/0/",
    "/alerting/pagerduty/",
    "/endpoints/0/client/identity-aware-proxy/",
    "/endpoints/0/client/kerberos/",
    "/endpoints/0/ui/",
    "/endpoints/0/store/",
    "/endpoints/16/ssh/",
];

/// Takes away every key, one after the other: the file, or what is told of it, must be another one.
#[test]
fn no_key_is_dropped_in_silence() {
    let whole = whole();
    let usual = everything(&converted(&whole.to_string(), false));
    let paths = paths(&whole);
    assert!(paths.len() > 250, "{}", paths.len());
    let mut silent = Vec::new();
    for path in paths {
        let mut less = whole.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = less.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(&key.replace("~1", "/").replace("~0", "~"));
        if attempt(&less.to_string(), false).is_ok_and(|found| everything(&found) == usual) {
            silent.push(path);
        }
    }
    let silent: Vec<_> = silent
        .iter()
        .filter(|path| !TOLD_AS_A_WHOLE.iter().any(|whole| path.starts_with(whole)))
        .collect();
    assert_eq!(
        silent,
        [
            // Without it, it is enabled all the same.
            "/alerting/slack/default-alert/enabled",
            // Another alert of the check has less.
            "/endpoints/0/alerts/1/success-threshold",
            // That it can be reached is what is expected anyway.
            "/endpoints/12/conditions",
            "/endpoints/15/conditions",
        ]
    );
}

pub(super) fn whole() -> Value {
    serde_saphyr::from_str(&text("every.yaml")).unwrap()
}

pub(super) fn paths(whole: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    keys(whole, "", &mut paths);
    paths
}

/// Paths of all keys, as JSON pointers.
fn keys(value: &Value, at: &str, paths: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                paths.push(path.clone());
                keys(inner, &path, paths);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                keys(inner, &format!("{at}/{index}"), paths);
            }
        }
        _ => {}
    }
}

#[test]
fn the_command_tells_on_the_side_what_it_could_not_say() {
    let (code, out, err) = command(&["--from-gatus", "tests/fixtures/gatus/every.yaml"]);
    assert_eq!(code, Some(0), "{err}");
    loads(&out);
    assert!(!out.contains("hunter2") && !err.contains("hunter2"));
    for told in [
        "note: endpoint \"core/website\": the condition `[DOMAIN_EXPIRATION] > 720h` has no equivalent: ",
        "note: endpoint \"datagrams\": not converted: noroshi has no check of `udp://`; ",
        "note: external endpoint \"core/backup\": not converted: ",
    ] {
        assert!(err.contains(told), "{told}\n{err}");
    }
    assert!(err.lines().all(|line| line.starts_with("note: ")), "{err}");

    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "endpoints:\n  - name: a\n   url: b\n").unwrap();
    let (code, out, err) = command(&["--from-gatus", file.path().to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(78), ""), "{err}");
    assert!(err.contains(":3: ") && err.contains("nothing was written"), "{err}");
}
