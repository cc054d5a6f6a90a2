//! `--from-uptime-kuma`.

use std::{collections::BTreeMap, fs, path::Path};

use noroshi::{
    compat::uptime_kuma::{Converted, Options, TABLES, Tables, convert},
    store::foreign,
};
use rusqlite::Connection;
use serde_json::Value;

use super::{command, loads};

/// A database of these files.
fn database(files: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kuma.db");
    let db = Connection::open(&path).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/uptime-kuma");
    for file in files {
        db.execute_batch(&fs::read_to_string(fixtures.join(file)).unwrap()).unwrap();
    }
    (folder, path)
}

const OF_1_23: [&str; 2] = ["schema-1.23.sql", "every.sql"];
pub(super) const OF_2_0: [&str; 4] =
    ["schema-1.23.sql", "schema-2.0.sql", "every.sql", "every-2.0.sql"];

pub(super) fn tables(files: &[&str]) -> Tables {
    let (_folder, path) = database(files);
    foreign::tables(&path, &TABLES).unwrap().tables
}

pub(super) fn converted(tables: &Tables, with_secrets: bool) -> Converted {
    let file = Path::new("kuma.db");
    convert(&Options { tables, unread: &[], file, with_secrets }).unwrap()
}

fn everything(converted: &Converted) -> String {
    format!("{}\n---\n{}\n", converted.toml, converted.notes.join("\n"))
}

#[test]
fn every_column_becomes_what_it_means() {
    for (name, files, checks) in
        [("uptime_kuma_1_23", &OF_1_23[..], 10), ("uptime_kuma_2_0", &OF_2_0[..], 21)]
    {
        let found = converted(&tables(files), false);
        assert_eq!(loads(&found.toml), checks, "{name}: {}", found.toml);
        assert!(!everything(&found).contains("hunter2"), "{name}");
        insta::assert_snapshot!(name, everything(&found));
    }
}

#[test]
fn secrets_are_written_when_they_are_asked_for() {
    let found = converted(&tables(&OF_2_0), true);
    loads(&found.toml);
    assert!(found.toml.contains("hunter2") && !found.notes.concat().contains("hunter2"));
}

/// What a column holds where nobody says anything, by table and column.
fn untouched(path: &Path) -> BTreeMap<(String, String), String> {
    let db = Connection::open(path).unwrap();
    let mut found = BTreeMap::new();
    for table in TABLES {
        let mut question = db
            .prepare(
                "SELECT name, dflt_value FROM pragma_table_info(?1) WHERE dflt_value IS NOT NULL",
            )
            .unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?));
        for one in question.query_map([table], row).unwrap() {
            let (column, held): (String, String) = one.unwrap();
            found.insert((table.to_owned(), column), held.trim_matches('\'').to_owned());
        }
    }
    found
}

/// Takes away every value, one after the other: the file, or what is told of it, must be another one.
#[test]
fn no_column_is_dropped_in_silence() {
    let (_folder, path) = database(&OF_2_0);
    let untouched = untouched(&path);
    let whole = foreign::tables(&path, &TABLES).unwrap().tables;
    let usual = everything(&converted(&whole, false));
    let mut silent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut tried = 0;
    for (table, rows) in &whole {
        for (at, row) in rows.iter().enumerate() {
            let says = |(column, value): &(&String, &Value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                !value.is_null()
                    && untouched.get(&(table.clone(), (*column).clone())) != Some(&text)
            };
            for (column, _) in row.iter().filter(says) {
                tried += 1;
                let mut less = whole.clone();
                less.get_mut(table).unwrap()[at].insert(column.clone(), Value::Null);
                if everything(&converted(&less, false)) == usual {
                    let who = row.get("name").or(row.get("title")).or(row.get("key"));
                    let who = who.and_then(Value::as_str).unwrap_or_default();
                    silent.entry(format!("{table}.{column}")).or_default().push(who.to_owned());
                }
            }
        }
    }
    assert!(tried > 500, "{tried}");
    let said: Vec<String> =
        silent.iter().map(|(column, who)| format!("{column}: {}", who.join(", "))).collect();
    insta::assert_snapshot!("uptime_kuma_silent", said.join("\n"));
}

#[test]
fn the_command_reads_a_database_that_is_in_use() {
    let (folder, path) = database(&OF_2_0);
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "PRAGMA journal_mode = WAL; UPDATE monitor SET name = 'In the log' WHERE id = 17",
        )
        .unwrap();
    let listed = || {
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect::<BTreeMap<_, _>>()
    };
    let before = listed();
    assert_eq!(before.len(), 3, "the file, its log, and the log's index");
    let (code, out, err) = command(&["--from-uptime-kuma", path.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{err}");
    assert!(listed() == before, "something was written");
    assert!(out.contains("[checks.\"In the log\"]"), "{out}");
    assert!(err.contains("note: monitor \"Backup\": not converted: "), "{err}");
    assert!(!out.contains("hunter2") && !err.contains("hunter2"));
    loads(&out);

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE a (id)").unwrap();
    let (code, out, err) = command(&["--from-uptime-kuma", other.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(78), ""), "{err}");
    assert!(err.contains("it has no table `monitor`"), "{err}");
}

/// docs/migration/uptime-kuma.md shows what becomes of `tests/fixtures/migration/kuma.db`, which is made of the file beside it.
#[test]
fn the_page_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/fixtures/migration");
    let (_folder, path) = database(&["schema-1.23.sql", "../migration/kuma.sql"]);
    let without_dates = |path: &Path| {
        let mut tables = foreign::tables(path, &TABLES).unwrap().tables;
        for row in tables.values_mut().flatten() {
            row.remove("created_date");
        }
        tables
    };
    assert_eq!(without_dates(&folder.join("kuma.db")), without_dates(&path));

    let output = std::process::Command::new(env!("CARGO_BIN_EXE_noroshi"))
        .args(["generate", "config", "--from-uptime-kuma", "kuma.db"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let page = fs::read_to_string(root.join("docs/migration/uptime-kuma.md")).unwrap();
    for printed in [output.stdout, output.stderr] {
        let printed = String::from_utf8(printed).unwrap();
        assert!(page.contains(&printed), "the page has not:\n{printed}");
    }
}

/// The fixture with other values of a monitor, and what is told of it.
fn changed(monitor: &str, columns: &[(&str, Value)]) -> (String, Vec<String>) {
    let mut tables = tables(&OF_2_0);
    let rows = tables.get_mut("monitor").unwrap();
    let row = rows.iter_mut().find(|row| row["name"] == monitor).unwrap();
    row.extend(columns.iter().map(|(column, value)| ((*column).to_owned(), value.clone())));
    let found = converted(&tables, false);
    loads(&found.toml);
    let whose = format!("monitor {monitor:?}: ");
    let notes = found.notes.into_iter().filter(|note| note.starts_with(&whose)).collect();
    (found.toml, notes)
}

#[test]
fn what_has_bounds_is_cut_and_told() {
    let (toml, notes) =
        changed("Checkout", &[("maxretries", 100.into()), ("interval", 4_000_000_000_u64.into())]);
    assert!(toml.contains("failures = 64\n") && toml.contains("interval = \"1y\"\n"), "{toml}");
    for told in ["`failures` of 101 is 64 here", "`interval` of 46296d7h6m40s is 1y here"] {
        assert!(notes.iter().any(|note| note.contains(told)), "{told}\n{notes:#?}");
    }
}

#[test]
fn codes_that_are_not_taken_over_are_told() {
    let listed = r#"["1000-1500", "99999", "x"]"#;
    let (toml, notes) = changed("Socket", &[("accepted_statuscodes_json", listed.into())]);
    assert!(toml.contains("1098, 1099]") && !toml.contains("1100"), "{toml}");
    for told in [
        "\"99999\" is no status code",
        "\"x\" is no status code",
        "501 codes, of which the first 100 are",
    ] {
        assert!(notes.iter().any(|note| note.contains(told)), "{told}\n{notes:#?}");
    }
    let (_, notes) = changed("Checkout", &[("accepted_statuscodes_json", "200".into())]);
    assert!(notes.iter().any(|note| note.contains("200 is no list in JSON")), "{notes:#?}");
}

#[test]
fn what_was_not_read_is_told() {
    let tables = tables(&OF_2_0);
    let unread = ["`monitor.body` of row 3 is a BLOB, not a text, and is left out".to_owned()];
    let file = Path::new("kuma.db");
    let options = Options { tables: &tables, unread: &unread, file, with_secrets: false };
    let found = convert(&options).unwrap();
    assert!(found.notes.contains(&format!("The database: {}", unread[0])), "{:?}", found.notes);
}

#[test]
fn a_copy_that_cannot_be_made_is_blamed_on_its_folder() {
    let (_folder, path) = database(&OF_1_23);
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL; DELETE FROM status_page").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_noroshi"))
        .args(["generate", "config", "--from-uptime-kuma"])
        .arg(&path)
        .env("TMPDIR", "/nowhere/at/all")
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(
        err.starts_with("cannot copy the database and its log into /nowhere/at/all: ")
            && err.contains("TMPDIR names another folder"),
        "{err}"
    );
}
