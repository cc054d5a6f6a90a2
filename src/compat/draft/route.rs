//! `[route]`: whose alerts go where.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use toml::Table;

use super::{NOBODY, any_of, words};
use crate::compat::{client::options::put, page::Page};

/// One check's alerts, to one receiver.
#[derive(Debug)]
pub(in crate::compat) struct Telling {
    pub(in crate::compat) check: String,
    pub(in crate::compat) receiver: String,
    /// From a notice to the same again, where the other program repeated itself.
    pub(in crate::compat) repeat: Option<Duration>,
}

/// A matcher of the checks of these names.
pub(in crate::compat) fn matcher(checks: &[String]) -> String {
    match checks {
        [one] => format!("check={}", quoted(one)),
        several => format!("check=~{}", quoted(&any_of(several))),
    }
}

/// As matchers are written.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out + "\""
}

/// The tree: a node for each receiver, and nobody at its root.
pub(super) fn write(tellings: &[Telling], has_receivers: bool, page: &mut Page) {
    if !has_receivers {
        return;
    }
    let mut nodes: BTreeMap<(&str, Option<Duration>), Vec<String>> = BTreeMap::new();
    for telling in tellings {
        let checks = nodes.entry((&telling.receiver, telling.repeat)).or_default();
        if !checks.contains(&telling.check) {
            checks.push(telling.check.clone());
        }
    }
    page.gap();
    page.comment("What no node below takes is told to nobody.");
    page.table("receivers", Some(NOBODY), &Table::new());
    page.gap();
    let mut root = Table::new();
    put(&mut root, "receiver", NOBODY);
    put(&mut root, "group_by", vec!["check".to_owned()]);
    put(&mut root, "group_wait", "0s");
    put(&mut root, "group_interval", "10s");
    page.table("route", None, &root);
    for ((receiver, repeat), checks) in nodes {
        page.gap();
        let mut node = Table::new();
        put(&mut node, "receiver", receiver);
        put(&mut node, "matchers", vec![matcher(&checks)]);
        put(&mut node, "continue", true);
        if let Some(repeat) = repeat {
            put(&mut node, "repeat_interval", words(repeat));
        }
        let _ = writeln!(page.text, "[[route.routes]]");
        page.keys(&node);
    }
}
