//! Uptime Kuma's database, as checks, receivers and maintenance windows of our own.
//!
//! Contract: [`convert`] is given rows and reads nothing itself; what it gives is a file that loads. Every column that says
//! something is said in ours, or told in a comment and a note; those that have no meaning for a monitor's type are not looked
//! at, as Kuma fills them whatever the type. The schemas are those of 1.23 and 2.0; of others, columns that nobody knows are told.

mod column;
mod cron;
mod kind;
mod maintenance;
mod monitor;
mod notification;
mod request;

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};
use toml::Table;

pub use super::draft::Converted;

use super::{
    client::options::put,
    draft::{Draft, Section},
};

/// A row: values by the names of their columns.
pub type Row = Map<String, Value>;
/// Rows by the names of their tables.
pub type Tables = BTreeMap<String, Vec<Row>>;

/// The tables that are looked at. All but the first may be missing.
pub const TABLES: [&str; 10] = [
    "monitor",
    "monitor_tag",
    "tag",
    "notification",
    "monitor_notification",
    "maintenance",
    "monitor_maintenance",
    "proxy",
    "setting",
    "status_page",
];

/// What to convert, and how.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What the database holds.
    pub tables: &'a Tables,
    /// What of it was not read: a sentence each.
    pub unread: &'a [String],
    /// Its name, for comments.
    pub file: &'a Path,
    /// Whether secrets are written as they are.
    pub with_secrets: bool,
}

/// Nothing stands for a variable in a database.
static NO_ENVIRONMENT: fn(&str) -> Option<String> = |_| None;

/// The database, by what is looked for.
struct Database<'a> {
    tables: &'a Tables,
}

impl<'a> Database<'a> {
    fn rows(&self, table: &str) -> &'a [Row] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// The row of this id.
    fn row(&self, table: &str, id: &Value) -> Option<&'a Row> {
        self.rows(table).iter().find(|row| row.get("id").is_some_and(|own| own == id))
    }

    /// The rows of a table between two others that belong to this id.
    fn of(&self, table: &str, column: &str, id: &Value) -> impl Iterator<Item = &'a Row> {
        let id = id.clone();
        let column = column.to_owned();
        self.rows(table).iter().filter(move |row| row.get(&column) == Some(&id))
    }

    /// A setting; those are JSON.
    fn setting(&self, key: &str) -> Option<Value> {
        let row = self
            .rows("setting")
            .iter()
            .find(|row| row.get("key").and_then(Value::as_str) == Some(key))?;
        let text = row.get("value")?.as_str()?;
        Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
    }
}

/// A row whose columns are taken one by one.
fn section(row: &Row) -> Section<'static> {
    Section::new(row.clone(), &NO_ENVIRONMENT)
}

/// Converts a database.
///
/// # Errors
/// It is none of Uptime Kuma.
pub fn convert(options: &Options<'_>) -> Result<Converted, String> {
    let database = Database { tables: options.tables };
    if !options.tables.contains_key("monitor") {
        return Err("it has no table `monitor`: it is no database of Uptime Kuma".to_owned());
    }
    let mut defaults = Table::new();
    put(&mut defaults, "interval", "1m");
    put(&mut defaults, "failures", 1);
    put(&mut defaults, "successes", 1);
    let mut draft = Draft::new(head(options.file), defaults, options.with_secrets);
    draft.lost("The database", options.unread.to_vec());
    let names = monitor::all(&database, &mut draft);
    maintenance::all(&database, &names, &mut draft);
    for page in database.rows("status_page") {
        let subject = format!("status page {:?}", section(page).peek("title"));
        draft.lost(
            subject,
            vec!["noroshi has no page of its own; dashboards for Grafana come with it".to_owned()],
        );
    }
    Ok(draft.finish())
}

fn head(file: &Path) -> Vec<String> {
    let mut head = vec![
        format!(
            "Checks of noroshi, made from {} by `noroshi generate config --from-uptime-kuma`.",
            file.display()
        ),
        String::new(),
        "What is different from Uptime Kuma:".to_owned(),
    ];
    let differences = [
        "`retry_interval` holds while a check is DOWN too, not only before.",
        "A keyword is looked for in the body as it came; Uptime Kuma writes JSON anew, without spaces, before it looks.",
        "A certificate that ends soon makes a check DEGRADED, which is on /metrics and on dashboards; no message goes out by itself.",
        "User-Agent and Accept are noroshi's own; `http.headers` changes them. A body of more than 10MiB fails; `http.body_size_limit` changes that.",
        "What stays DOWN is told again every 4h; `repeat_interval` in `[route]` changes that.",
    ];
    head.extend(differences.iter().map(|line| format!("- {line}")));
    head
}
