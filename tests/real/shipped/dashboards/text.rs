//! Texts with variables in them, filled in as Grafana does it: queries, and the addresses of links.

use std::collections::BTreeMap;

use regex::{Captures, Regex};
use url::form_urlencoded;

use super::{
    super::prometheus::{Range, SCRAPE},
    variables::Choice,
};

/// So many points has a panel of the usual width.
const POINTS: f64 = 1000.0;

/// The time that a dashboard shows, in seconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Window {
    /// As long as a dashboard shows when it is opened: `now-6h` to `now`.
    pub(crate) fn opened(from: &str, now: f64) -> Self {
        Self { from: now - ago(from), to: now }
    }

    fn seconds(self) -> f64 {
        (self.to - self.from).round()
    }

    /// From one point to the next: whole seconds, and none without a scrape.
    fn step(self) -> f64 {
        (self.seconds() / POINTS).ceil().max(SCRAPE as f64)
    }

    /// What a panel's query asks for.
    pub(crate) fn range(self) -> Range {
        Range { start: self.from, end: self.to, step: self.step() }
    }
}

/// The seconds of `now-6h`.
fn ago(text: &str) -> f64 {
    let text = text.strip_prefix("now-").unwrap_or_else(|| panic!("not understood: {text}"));
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => panic!("not understood: {text}"),
    };
    number.parse::<f64>().unwrap() * unit
}

/// What a text may name: the variables of a dashboard, the time it shows, and what a row of data holds.
pub(crate) struct Scope<'s> {
    pub(crate) variables: &'s BTreeMap<String, Choice>,
    pub(crate) window: Window,
    /// `__data.fields.check` and the like.
    pub(crate) row: BTreeMap<String, String>,
}

impl Scope<'_> {
    /// The text, with every variable replaced; or the names that nobody knows.
    pub(crate) fn fill(&self, text: &str) -> Result<String, Vec<String>> {
        let words = Regex::new(r"\$\{([^}:]+)(?::([a-z]+))?\}|\$(\w+)|\[\[(\w+)\]\]").unwrap();
        let mut unknown = Vec::new();
        let filled = words.replace_all(text, |found: &Captures<'_>| {
            let name = found.get(1).or(found.get(3)).or(found.get(4)).unwrap().as_str();
            // `$1` in label_replace is not ours.
            if name.bytes().all(|byte| byte.is_ascii_digit()) {
                return found[0].to_owned();
            }
            let format = found.get(2).map(|format| format.as_str());
            self.word(name, format).unwrap_or_else(|| {
                unknown.push(found[0].to_owned());
                String::new()
            })
        });
        if unknown.is_empty() { Ok(filled.into_owned()) } else { Err(unknown) }
    }

    fn word(&self, name: &str, format: Option<&str>) -> Option<String> {
        if let Some(choice) = self.variables.get(name) {
            return choice.text(format);
        }
        if let Some(value) = self.row.get(name) {
            return Some(encoded(value, format));
        }
        let step = self.window.step();
        // As long as four scrapes, so that there are always two in it.
        let rate = (step + SCRAPE as f64).max(4.0 * SCRAPE as f64);
        let milliseconds = |seconds: f64| format!("{:.0}", seconds * 1000.0);
        Some(match name {
            "__interval" => format!("{step}s"),
            "__interval_ms" => milliseconds(step),
            "__rate_interval" => format!("{rate}s"),
            "__range" => format!("{}s", self.window.seconds()),
            "__range_s" => self.window.seconds().to_string(),
            "__range_ms" => milliseconds(self.window.seconds()),
            "__from" => milliseconds(self.window.from),
            "__to" => milliseconds(self.window.to),
            "__url_time_range" => format!(
                "from={}&to={}",
                milliseconds(self.window.from),
                milliseconds(self.window.to)
            ),
            _ => return None,
        })
    }
}

/// A value that is one.
pub(super) fn encoded(value: &str, format: Option<&str>) -> String {
    match format {
        Some("percentencode" | "queryparam") => form_urlencoded::byte_serialize(value.as_bytes())
            .collect::<String>()
            .replace('+', "%20"),
        _ => value.to_owned(),
    }
}

#[test]
fn texts_are_filled_as_grafana_does_it() {
    let variables = BTreeMap::from([
        ("one".to_owned(), Choice::only("one", "a.b")),
        ("many".to_owned(), Choice::many("many", &["a.b", "c"], None)),
        ("all".to_owned(), Choice::many("all", &["a"], Some(".*"))),
    ]);
    let window = Window::opened("now-6h", 1_000_000.0);
    let row = BTreeMap::from([("__data.fields.check".to_owned(), "a b&c".to_owned())]);
    let scope = Scope { variables: &variables, window, row };
    for (text, wanted) in [
        (r#"x{a="$one"}"#, r#"x{a="a.b"}"#),
        (r#"x{a=~"$many", b=~"${all}"}"#, r#"x{a=~"(a\\.b|c)", b=~".*"}"#),
        ("${many:regex} ${many:pipe} ${many:csv}", r"(a\.b|c) a.b|c a.b,c"),
        ("rate(x[$__rate_interval])", "rate(x[24s])"),
        ("$__interval $__range ${__range_s}", "22s 21600s 21600"),
        (
            r#"label_replace(x, "a", "$1", "b", "(.*)")"#,
            r#"label_replace(x, "a", "$1", "b", "(.*)")"#,
        ),
        (
            "/d/x?${many:queryparam}&${all:queryparam}",
            "/d/x?var-many=a.b&var-many=c&var-all=$__all",
        ),
        (
            "?var-check=${__data.fields.check:percentencode}&${__url_time_range}",
            "?var-check=a%20b%26c&from=978400000&to=1000000000",
        ),
    ] {
        assert_eq!(scope.fill(text).as_deref(), Ok(wanted), "{text}");
    }
    let unknown = scope.fill("$missing ${__data.fields.other} $one");
    assert_eq!(unknown, Err(vec!["$missing".to_owned(), "${__data.fields.other}".to_owned()]));
}
