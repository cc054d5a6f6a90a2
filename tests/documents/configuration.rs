//! Blocks of TOML are configurations: each loads without an error or a warning, beside what it takes for granted.

use std::{fs, path::Path};

use noroshi::config::{self, AlertmanagerFile, AlertmanagerSource, Sources};

/// The sections that only mean something where somebody is told.
const ABOUT_ALERTING: &[&str] = &[
    "route",
    "receivers",
    "inhibit_rules",
    "time_intervals",
    "maintenance",
    "alerting",
    "alertmanagers",
    "deadman",
];

const ALERTMANAGER: &str = "route: { receiver: ops }\nreceivers: [{ name: ops }]\n";

const BLACKBOX: &str = "modules: { http_2xx: { prober: http } }\n";

/// Loads a block as what it is; the mistakes in words, where there are any.
pub(crate) fn loads(block: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("alertmanager.yml", ALERTMANAGER);
    write("blackbox.yml", BLACKBOX);
    if block.lines().next().is_some_and(|first| first.contains("--noroshi.config-file")) {
        write("noroshi.toml", block);
        return beside(folder.path());
    }
    let table: toml::Table = block.parse().map_err(|error| format!("{error}"))?;
    write("around.toml", &around(&table));
    write("block.toml", &placed(block, folder.path()));
    let files = ["around.toml", "block.toml"].map(|name| folder.path().join(name));
    let loaded = config::load(&Sources { files: files.into(), ..Sources::default() });
    match &loaded.diagnostics[..] {
        [] => Ok(()),
        _ => Err(loaded.human(false, "")),
    }
}

/// Whether a block of YAML or JSON, of however many documents, can be read at all.
pub(crate) fn can_be_read(block: &str) -> Result<(), String> {
    let read = serde_saphyr::from_multiple::<serde_json::Value>(block);
    read.map(drop).map_err(|error| error.to_string())
}

/// What a block takes for granted and does not have itself: something to watch, somebody to tell, a place to keep it.
fn around(block: &toml::Table) -> String {
    let mut text = String::new();
    if !block.contains_key("checks") {
        text.push_str("[checks.around]\ntcp.address = 'localhost:1'\n");
    }
    if ABOUT_ALERTING.iter().any(|section| block.contains_key(*section)) {
        text.push_str("[store]\n");
        let by_file =
            block.get("alerting").is_some_and(|alerting| alerting.get("config_file").is_some());
        if !by_file {
            text.push_str("[receivers.ops]\n[route]\nreceiver = 'ops'\n");
        }
    }
    text
}

/// The block with the files that it names beside it where they are.
fn placed(block: &str, folder: &Path) -> String {
    ["alertmanager.yml", "blackbox.yml"].iter().fold(block.to_owned(), |text, name| {
        let key = format!("config_file = \"{name}\"");
        text.replace(&key, &format!("config_file = \"{}\"", folder.join(name).display()))
    })
}

/// What stands beside an alertmanager.yml.
fn beside(folder: &Path) -> Result<(), String> {
    let (path, extras) = (folder.join("alertmanager.yml"), folder.join("noroshi.toml"));
    let source = AlertmanagerSource { path, extras: Some(extras), ..AlertmanagerSource::default() };
    let read = AlertmanagerFile::read(&source);
    if read.diagnostics.is_empty() { Ok(()) } else { Err(read.human("")) }
}

#[test]
fn a_bad_example_would_be_found() {
    for bad in [
        "[receivers.ops]\nslack.chanel = '#ops'\n",
        "[checks.a]\nhttp.url = 'example.org'\n",
        "[route]\nrepeat_interval = '1m'\n",
        "name = [",
        "# --noroshi.config-file=noroshi.toml\n[receivers.nobody]\n",
    ] {
        assert!(loads(bad).is_err(), "{bad}");
    }
    assert_eq!(loads("[checks.a]\nhttp.url = 'http://localhost/'\n"), Ok(()));
}
