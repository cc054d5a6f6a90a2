//! What is in force, as TOML: every default filled in, every secret masked.

use std::fmt::Write as _;

use serde::Serialize;
use toml::{Table, Value};

use super::{
    Config, alerting,
    finding::{Path, Step},
    keys::CommonKeys,
    place::Places,
    sensitive,
};
use crate::{model::Secret, probe::spec::Check};

/// A configuration as one file. With places, each line ends in a comment on where its value comes from.
pub(super) fn write(config: &Config, places: Option<Places<'_>>) -> String {
    let Config { checks, metrics, schedule, web, log, clusters, demo, blackbox, alerting, store } =
        config;
    let mut page = Page { out: String::new(), places };
    let sections = alerting.iter().flat_map(alerting::sections);
    // What stands in no section comes first, or it would belong to the one before it.
    let (bare, sections): (Vec<_>, Vec<_>) = sections.partition(|(at, _)| at.0.is_empty());
    for (at, table) in bare {
        page.entries(&at, &Path::default(), table);
    }
    page.section(&Path::of(["metrics"]), table(metrics));
    page.section(&Path::of(["schedule"]), table(schedule));
    page.section(&Path::of(["web"]), table(web));
    page.section(&Path::of(["blackbox"]), table(blackbox));
    page.section(&Path::of(["log"]), table(log));
    page.section(&Path::of(["demo"]), table(demo));
    if let Some(store) = store {
        page.section(&Path::of(["store"]), table(store));
    }
    for (at, table) in sections {
        page.section(&at, table);
    }
    for (name, cluster) in clusters {
        page.section(&Path::of(["clusters", name]), table(cluster));
    }
    for check in checks {
        page.check(check);
    }
    page.out
}

struct Page<'a> {
    out: String,
    places: Option<Places<'a>>,
}

impl Page<'_> {
    fn check(&mut self, check: &Check) {
        let at = Path::of(["checks", check.settings.id.as_str()]);
        let mut keys = table(&CommonKeys::of(&check.settings));
        keys.insert(check.spec.kind().to_owned(), Value::Table(table(&*check.spec)));
        self.section(&at, keys);
    }

    fn section(&mut self, at: &Path, table: Table) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        let _ = writeln!(self.out, "[{at}]");
        self.entries(at, &Path::default(), table);
    }

    /// Tables inside become dotted keys, so that each value has its own line.
    fn entries(&mut self, at: &Path, inside: &Path, table: Table) {
        for (key, value) in table {
            let path = inside.key(key);
            match value {
                Value::Table(table) if !table.is_empty() => self.entries(at, &path, table),
                value => {
                    let value = masked(&at.then(path.0.iter().cloned()), value);
                    let _ = write!(self.out, "{path} = {value}");
                    self.source(at, &path);
                    self.out.push('\n');
                }
            }
        }
    }

    fn source(&mut self, at: &Path, path: &Path) {
        let Some(places) = &mut self.places else {
            return;
        };
        let source = given_at(places, at, path).and_then(|path| places.source(&path));
        let _ = write!(self.out, "  # {}", source.as_deref().unwrap_or("default"));
    }
}

/// Where the value in force was given: at the check, in `[defaults]`, or nowhere.
fn given_at(places: &Places<'_>, at: &Path, path: &Path) -> Option<Path> {
    let own = at.then(path.0.iter().cloned());
    let is_check = matches!(at.0.first(), Some(Step::Key(section)) if section == "checks");
    if places.is_set(&own) || !is_check {
        return Some(own);
    }
    let first = path.0.first()?;
    let merged = *first == Step::Key("labels".to_owned());
    // A table is inherited as a whole, labels one by one.
    if !merged && places.is_set(&at.then([first.clone()])) {
        return None;
    }
    let inherited = Path::of(["defaults"]).then(path.0.iter().cloned());
    if !places.is_set(&inherited) && *first == Step::Key("buckets".to_owned()) {
        return Some(Path::of(["metrics", "buckets"]));
    }
    Some(inherited)
}

fn table(value: &impl Serialize) -> Table {
    Table::try_from(value).unwrap_or_default()
}

/// The value without what looks like a secret.
fn masked(path: &Path, value: Value) -> Value {
    match value {
        // A switch tells nothing; a number may be the whole secret.
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Datetime(_)
            if sensitive::is_secret_path(path) =>
        {
            Secret::MASK.into()
        }
        Value::String(text) => sensitive::mask(&text).into(),
        Value::Array(list) => {
            Value::Array(list.into_iter().map(|element| masked(path, element)).collect())
        }
        Value::Table(table) => table
            .into_iter()
            .map(|(key, inner)| {
                let inner = masked(&path.key(key.clone()), inner);
                (key, inner)
            })
            .collect::<Table>()
            .into(),
        other => other,
    }
}
