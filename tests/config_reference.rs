//! What is said about the configuration elsewhere: the JSON Schema, the examples of the kinds, docs/configuration.md.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a broken test may panic")]

#[path = "config/json_schema.rs"]
mod json_schema;

use std::{fs, path::Path};

use noroshi::{
    config::{self, Loaded, Sources},
    probe::spec::KINDS,
};

fn load(text: &str) -> Loaded {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    fs::write(&path, text).unwrap();
    config::load(&Sources { files: vec![path], ..Sources::default() })
}

fn schema_violations(text: &str) -> Vec<String> {
    let schema = config::schema();
    let value: serde_json::Value = toml::from_str(text).unwrap();
    json_schema::violations(&schema, &schema, &value, "")
}

#[test]
fn examples_of_all_kinds_load_and_fit_the_schema() {
    for kind in KINDS {
        let text = format!("[checks.example]\n{}\n", kind.example);
        let loaded = load(&text);
        assert_eq!(loaded.diagnostics, [], "{}\n{}", kind.word, loaded.human(false, ""));
        assert_eq!(schema_violations(&text), [""; 0], "{}", kind.word);
    }
}

#[test]
fn what_is_shown_as_in_force_loads_to_the_same() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    let mut texts = vec![fs::read_to_string(example).unwrap()];
    texts.extend(KINDS.iter().map(|kind| format!("[checks.example]\n{}\n", kind.example)));
    for text in texts {
        let loaded = load(&text);
        assert_eq!(loaded.diagnostics, [], "{}", loaded.human(false, ""));
        let effective = loaded.effective(false);
        assert_eq!(schema_violations(&effective), [""; 0], "{effective}");
        assert_eq!(load(&effective).config, loaded.config, "{effective}");
    }
}

#[test]
fn the_schema_says_what_the_loader_says() {
    let good = "defaults.interval = '1m'\nweb.listen_address = ':1'\n[checks.a]\ntcp.address = 'h:1'\nfailures = '3/5'\nwarn = { duration = '1s' }";
    assert_eq!(schema_violations(good), [""; 0]);
    for bad in [
        "colour = 1",
        "defaults.depends_on = ['a']",
        "checks.a.interval = '1m'",
        "[checks.a]\ntcp.address = 'h:1'\nhttp.url = 'x'",
        "[checks.a]\ntcp.address = 5",
        "[checks.a]\ntcp.address = 'h:1'\nintervall = '1m'",
        "[checks.a]\ntcp.address = 'h:1'\nslo.latency = '1s'",
        "log.level = 'loud'",
    ] {
        assert_ne!(schema_violations(bad), [""; 0], "{bad}");
        assert!(load(bad).has_errors(), "{bad}");
    }
}

/// Every key of the schema, wherever it is nested.
fn keys(schema: &serde_json::Value, found: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            if let Some(serde_json::Value::Object(properties)) = object.get("properties") {
                found.extend(properties.keys().cloned());
            }
            object.values().for_each(|inner| keys(inner, found));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|inner| keys(inner, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_schema_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let page = fs::read_to_string(path).unwrap();
    let mut all = Vec::new();
    keys(&config::schema(), &mut all);
    assert!(all.len() > 50);
    for key in all {
        let documented =
            [format!("`{key}`"), format!(".{key}`"), format!("`[{key}"), format!("`[[{key}")];
        assert!(documented.iter().any(|form| page.contains(form)), "{key}");
    }
}

/// Whoever looks a key up sees how it is written: each has an example, which is what the schema permits there.
#[test]
fn every_key_has_an_example_that_fits() {
    let (schema, mut wrong) = (config::schema(), Vec::new());
    let all = config::examples();
    assert!(all.len() > 500, "{}", all.len());
    for (name, property, example) in all {
        let Ok(table) = format!("x = {example}").parse::<toml::Table>() else {
            wrong.push(format!("{name}: `{example}` is no value"));
            continue;
        };
        let value = serde_json::to_value(&table["x"]).unwrap();
        for violation in json_schema::violations(&schema, &property, &value, "") {
            wrong.push(format!("{name}: {example}: {violation}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn shipped_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let page = fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        "<!-- reference: written by UPDATE_DOCS=1 cargo test --test config_reference -->\n",
        "<!-- end of reference -->",
    );
    let (before, rest) = page.split_once(begin).expect("the begin mark");
    let (_, after) = rest.split_once(end).expect("the end mark");
    let fresh = format!("{before}{begin}\n{}\n{end}{after}", config::reference().trim());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &fresh).unwrap();
        return;
    }
    assert!(
        page == fresh,
        "docs/configuration.md is out of date: UPDATE_DOCS=1 cargo test --test config_reference"
    );
}
