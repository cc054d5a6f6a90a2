//! One of `endpoints:`, as a check.

use std::collections::BTreeMap;

use toml::Table;

use super::{
    alert::Alerting,
    client, judge,
    kind::{self, Kind},
    maintenance, told,
};
use crate::compat::{
    client::options::put,
    draft::{Draft, Piece, Section, label_name, words},
};

/// How often an endpoint without `interval` is asked.
const INTERVAL: std::time::Duration = std::time::Duration::from_mins(1);

/// How notes call it.
pub(super) fn subject(what: &str, section: &Section<'_>) -> String {
    format!("{what} {:?}", whole_name(section))
}

/// `group/name`, as Gatus shows it.
fn whole_name(section: &Section<'_>) -> String {
    let (group, name) = (section.peek("group"), section.peek("name"));
    if group.is_empty() { name } else { format!("{group}/{name}") }
}

/// A check's name: the endpoint's own, and with its group where another has the same.
pub(super) fn names(endpoints: &[Section<'_>]) -> Vec<String> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for endpoint in endpoints {
        *count.entry(endpoint.peek("name")).or_default() += 1;
    }
    let name = |endpoint: &Section<'_>| {
        let name = endpoint.peek("name");
        if count.get(&name).is_some_and(|times| *times > 1) { whole_name(endpoint) } else { name }
    };
    endpoints.iter().map(name).collect()
}

/// Adds the check, its receivers and its maintenance windows.
pub(super) fn check(
    mut endpoint: Section<'_>,
    name: &str,
    enabled: bool,
    alerting: &mut Alerting<'_>,
    draft: &mut Draft,
) {
    let subject = subject("endpoint", &endpoint);
    let kind = match Kind::of(&endpoint) {
        Ok(kind) => kind,
        Err(why) => {
            let mut remarks = told(&endpoint, &why);
            // Whether a variable is to blame.
            let _ = (endpoint.text("name"), endpoint.text("url"));
            remarks.append(&mut endpoint.remarks);
            return draft.lost(subject, remarks);
        }
    };
    let name = draft.name("checks", name);
    let says = endpoint.has("body");
    let mut piece = Piece { subject, name, kind: kind.word(says), ..Piece::default() };
    if !enabled {
        piece.off = Some("it was disabled (`enabled: false`)".to_owned());
    }
    let group = endpoint.text("group");
    if let Some(group) = &group {
        put(&mut piece.common, "group", group.as_str());
    }
    labels(&mut endpoint, &mut piece);
    kind::aim(kind, &mut endpoint, &mut piece, draft);
    let timeout = client::apply(&mut endpoint, kind, &mut piece, draft);
    let conditions = endpoint.texts("conditions");
    let within = judge::conditions(&conditions, kind, &mut piece);
    times(&mut endpoint, timeout, within, &mut piece);
    let _ = endpoint.text("name");
    let alerts = endpoint.sections("alerts");
    alerting.of_check(alerts, &group.unwrap_or_default(), &mut piece, draft);
    for window in endpoint.sections("maintenance-windows") {
        let checks = [piece.name.clone()];
        maintenance::window(window, &piece.name, &checks, draft);
    }
    endpoint.lost("ui", "noroshi has no page of its own that could hide something");
    for key in ["store", "always-run"] {
        endpoint.lost(key, "it belongs into a suite");
    }
    endpoint.drop(match kind {
        // Gatus reads them and has no use for them there either.
        Kind::Http | Kind::Websocket => &[],
        _ => &["method", "headers"],
    });
    let remarks = endpoint.rest();
    piece.remarks.extend(remarks);
    draft.check(piece);
}

fn labels(endpoint: &mut Section<'_>, piece: &mut Piece) {
    let Some(mut section) = endpoint.section("extra-labels") else { return };
    let mut labels = Table::new();
    for key in section.keys() {
        let Some(value) = section.text(&key) else { continue };
        let name = label_name(&key);
        if name != key {
            piece.remark(format!("`extra-labels.{key}`: the label is called `{name}` here"));
        }
        if labels.contains_key(&name) {
            piece.remark(format!("`extra-labels.{key}` is left out: another label is `{name}`"));
        } else {
            put(&mut labels, &name, value);
        }
    }
    piece.remarks.extend(section.rest());
    if !labels.is_empty() {
        put(&mut piece.common, "labels", labels);
    }
}

/// How often, and how long at most.
fn times(
    endpoint: &mut Section<'_>,
    timeout: std::time::Duration,
    within: Option<std::time::Duration>,
    piece: &mut Piece,
) {
    let interval = endpoint.duration("interval").filter(|own| !own.is_zero()).unwrap_or(INTERVAL);
    let mut timeout = timeout.min(within.unwrap_or(timeout));
    if timeout > interval && timeout != client::TIMEOUT {
        piece.remark(format!(
            "`client.timeout` of {} is longer than the interval; here a run ends before the next one",
            words(timeout)
        ));
    }
    timeout = timeout.min(interval);
    if interval != INTERVAL {
        put(&mut piece.common, "interval", words(interval));
    }
    if timeout != client::TIMEOUT.min(interval) {
        put(&mut piece.common, "timeout", words(timeout));
    }
}
