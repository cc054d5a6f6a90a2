//! Gatus' configuration, as checks, receivers and maintenance windows of our own.
//!
//! Contract: [`convert`] gives a file that loads; every key of theirs is said in ours, or told in a comment and a note. Only
//! what the file itself says counts: nobody is asked, and the environment is what the caller hands over.

mod alert;
mod client;
mod condition;
mod endpoint;
mod judge;
mod kind;
mod maintenance;
mod merge;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};
use serde_saphyr::{UserMessageFormatter, budget, options};
use toml::Table;

pub use super::draft::{Converted, Environment};

pub(in crate::compat) use self::judge::ranges;

use self::alert::Alerting;
use super::{
    client::options::put,
    draft::{Draft, Section, mark_variables, variables},
};

/// A file of Gatus' configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, for messages.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// What to convert, and how.
pub struct Options<'a> {
    /// One file, or those of a folder in the order in which Gatus merges them.
    pub files: &'a [Source],
    /// The file or the folder, for comments.
    pub from: &'a Path,
    /// What `${NAME}` stands for.
    pub environment: Environment<'a>,
    /// Whether secrets are written as they are.
    pub with_secrets: bool,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where it is one line's.
    pub line: Option<u64>,
    /// One sentence.
    pub message: String,
}

/// Keys at the top that have nothing to do with what is checked, each with what noroshi has instead.
const AROUND: [(&str, &str); 13] = [
    ("ui", "noroshi has no page of its own; dashboards for Grafana come with it"),
    ("storage", "results are Prometheus' to keep; `[store]` keeps alerts and incidents"),
    ("web", "see `[web]` and `--web.listen-address`"),
    ("security", "see `--web.config.file`"),
    ("metrics", "noroshi always has /metrics"),
    ("debug", "see `[log]`"),
    ("concurrency", "see `[schedule]`"),
    ("disable-monitoring-lock", "see `[schedule]`"),
    ("skip-invalid-config-update", "a configuration with mistakes is never applied"),
    ("connectivity", "a check of the uplink, named by `guard`, does that"),
    ("remote", "results of another instance are its own /metrics"),
    ("announcements", "noroshi has no page of its own"),
    ("tunneling", "no check goes through SSH"),
];

/// Converts a configuration.
///
/// # Errors
/// A file is no YAML or no mapping, or contradicts another.
pub fn convert(options: &Options<'_>) -> Result<Converted, Unread> {
    let (whole, variables) = read(options)?;
    let mut file = Section::new(whole, options.environment);
    let mut defaults = Table::new();
    put(&mut defaults, "interval", "1m");
    let mut draft = Draft::new(head(options.from), defaults, options.with_secrets);
    draft.secrets.reserve(variables);
    let mut alerting = Alerting::read(file.section("alerting"));
    let endpoints: Vec<_> = file.sections("endpoints").into_iter().map(Section::rooted).collect();
    let names = endpoint::names(&endpoints);
    for (mut endpoint, name) in endpoints.into_iter().zip(names) {
        let enabled = endpoint.flag("enabled").unwrap_or(true);
        endpoint::check(endpoint, &name, enabled, &mut alerting, &mut draft);
    }
    for external in file.sections("external-endpoints") {
        let why = "noroshi has no checks that wait for somebody else's results (heartbeats)";
        draft.lost(endpoint::subject("external endpoint", &external), told(&external, why));
    }
    for suite in file.sections("suites") {
        let why = "noroshi has no checks that pass values on to the next; each stands by itself";
        draft.lost(endpoint::subject("suite", &suite), told(&suite, why));
    }
    alerting.finish(&mut draft);
    if let Some(window) = file.section("maintenance") {
        maintenance::window(window, "maintenance", &[], &mut draft);
    }
    for (key, why) in AROUND {
        file.lost(key, why);
    }
    // Anchors are kept under keys of this sort.
    for key in file.keys().iter().filter(|key| key.starts_with("x-")) {
        file.drop(&[key]);
    }
    draft.lost("The rest of the file", file.rest());
    Ok(draft.finish())
}

/// That nothing of it has an equivalent, and what it said.
fn told(section: &Section<'_>, why: &str) -> Vec<String> {
    let keys = section.keys().join("`, `");
    vec![format!("not converted: {why}; it has the keys `{keys}`")]
}

/// What all files say together, and the variables that they name.
fn read(options: &Options<'_>) -> Result<(Map<String, Value>, BTreeSet<String>), Unread> {
    let (mut whole, mut named) = (Map::new(), BTreeSet::new());
    for Source { path, text } in options.files {
        let unread = |(line, message)| Unread { path: path.clone(), line, message };
        let text = mark_variables(text);
        let own = match parse(&text).map_err(unread)? {
            Value::Object(map) => map,
            // A folder may hold an empty file.
            Value::Null if options.files.len() > 1 => continue,
            _ => return Err(unread((Some(1), "keys and values are expected".to_owned()))),
        };
        named.extend(variables(&text));
        merge::into(&mut whole, own).map_err(|why| unread((None, why)))?;
    }
    Ok((whole, named))
}

/// Reads YAML; line and message of what is none.
fn parse(text: &str) -> Result<Value, (Option<u64>, String)> {
    // Wide enough for thousands of endpoints with an anchor each; what stops a billion laughs is the limit of events.
    let limits = options! {
        budget: budget! {
            max_nodes: 5_000_000,
            max_events: 10_000_000,
            max_total_scalar_bytes: 1 << 28,
            max_aliases: 100_000,
            max_merge_keys: 100_000,
            enforce_alias_anchor_ratio: false,
        },
        strict_booleans: true,
        emit_comments: false,
    };
    serde_saphyr::from_str_with_options::<Value>(text, limits).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let words = error.without_snippet().render_with_formatter(&UserMessageFormatter);
        let first = words.lines().next().unwrap_or_default();
        (Some(line), first.split(" at line ").next().unwrap_or(first).to_owned())
    })
}

fn head(from: &Path) -> Vec<String> {
    let mut head = vec![
        format!(
            "Checks of noroshi, made from {} by `noroshi generate config --from-gatus`.",
            from.display()
        ),
        String::new(),
        "What is different from Gatus:".to_owned(),
    ];
    let differences = [
        "A target that cannot be reached is a failure. Gatus asks its conditions even then, and some hold, such as `[STATUS] != 500`.",
        "A value that the body does not have fails its rule; Gatus takes it for 0 where it compares numbers.",
        "`certificate_validity` is asked of every certificate of the chain, not of the first one alone.",
        "The User-Agent is noroshi's own; `http.headers.User-Agent` changes it. A body of more than 10MiB fails; `http.body_size_limit` changes that.",
        "A proxy of the environment (HTTP_PROXY) is used only where `http.proxy_from_environment = true` says so.",
        "What stays DOWN is told again every 4h; `repeat_interval` in `[route]` changes that.",
    ];
    head.extend(differences.iter().map(|line| format!("- {line}")));
    head
}
