//! The sections as they are written to what the pipeline, delivery and the store take.

use std::{collections::BTreeMap, sync::Arc};

use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

use super::{
    Alerting, AlertmanagerKeys, InhibitKeys, Receiver, RouteKeys, compile::Compile, push, receiver,
    warnings, written::Written,
};
use crate::{
    alert::spec::{self as alert, Config, Maintenance, Push, Route, TimeInterval},
    config::{
        codes::Code,
        finding::{Finding, Path},
        layers::Values,
        reading,
    },
    notify::spec::Receivers,
};

/// The sections, in the order of the documentation.
pub(in crate::config) const SECTIONS: [&str; 9] = [
    "alerting",
    "route",
    "receivers",
    "inhibit_rules",
    "time_intervals",
    "maintenance",
    "alertmanagers",
    "deadman",
    "store",
];

/// Sections that an `alertmanager.yml` stands in the place of.
pub(super) const OF_THE_FILE: [&str; 4] = ["route", "receivers", "inhibit_rules", "time_intervals"];

/// Who is told when nobody says: nobody. There are sections that need the pipeline but no route.
const NOBODY: &str = "none";

/// Everything about alerting, if there is anything; what is wrong goes to `findings`. What an `alertmanager.yml` says comes
/// later, when it is read.
pub(in crate::config) fn assemble(
    values: &Values,
    external_url: &str,
    findings: &mut Vec<Finding>,
) -> Option<Alerting> {
    let written = read(values, findings);
    for finding in &mut *findings {
        name_matchers(finding);
    }
    findings.extend(exclusive(values, &written));
    findings.extend(hook_token(&written));
    findings.extend(no_timeout(&written));
    findings.extend(warnings::null_receivers(values));
    findings.extend(warnings::unexpanded(values));
    if !written.is_wanted() {
        return None;
    }
    let pipeline = pipeline(&written, findings);
    let receivers = Receivers {
        receivers: written.receivers.iter().map(|one| Arc::new(one.for_notify())).collect(),
        alertmanagers: written
            .alertmanagers
            .values()
            .map(|one| Arc::new(one.sender.clone()))
            .collect(),
        deadmen: written.deadman.values().cloned().map(Arc::new).collect(),
        external_url: external_url.into(),
    };
    findings.extend(warnings::missing_providers(&pipeline.route, &written));
    findings.extend(warnings::forgetful(values, &written));
    // A misspelt `receiver` is one mistake.
    *findings = reading::without_echoes(std::mem::take(findings));
    Some(Alerting::new(written, pipeline, receivers))
}

/// The sections as they are written.
fn read(values: &Values, findings: &mut Vec<Finding>) -> Written {
    let route = Path::of(["route"]);
    let rules = Path::of(["inhibit_rules"]);
    Written {
        options: one(values, &Path::of(["alerting"]), findings).unwrap_or_default(),
        route: one::<RouteKeys>(values, &route, findings),
        receivers: receivers(values, findings),
        inhibit_rules: one::<Vec<InhibitKeys>>(values, &rules, findings).unwrap_or_default(),
        time_intervals: intervals(values, findings),
        maintenance: named(values, "maintenance", findings),
        alertmanagers: each(values, "alertmanagers", findings, AlertmanagerKeys::read),
        deadman: each(values, "deadman", findings, push::deadman),
    }
}

/// Alertmanager has older words beside `matchers`, which look like them in TOML too.
fn name_matchers(finding: &mut Finding) {
    let kind = match finding.path.last_key() {
        "match" | "match_re" => "",
        "source_match" | "source_match_re" => "source_",
        "target_match" | "target_match_re" => "target_",
        _ => return,
    };
    let of_alerting =
        finding.path.keys().next().is_some_and(|first| ["route", "inhibit_rules"].contains(&first));
    if finding.code == Code::UnknownKey && of_alerting {
        let hint = format!("here it is `{kind}matchers = ['severity=~\"critical|page\"']`");
        finding.hint = Some(hint);
    }
}

/// A section that one type holds.
pub(super) fn one<T: DeserializeOwned>(
    values: &Values,
    at: &Path,
    findings: &mut Vec<Finding>,
) -> Option<T> {
    let value = values.find(at).filter(|value| !matches!(value, Value::Empty(..)))?;
    let read = reading::section(values, at, value);
    findings.extend(read.findings);
    read.value
}

/// The tables of `[SECTION.NAME]`, each with its place.
fn tables<'v>(
    values: &'v Values,
    section: &'static str,
    findings: &mut Vec<Finding>,
) -> Vec<(&'v str, Path, &'v Value)> {
    let at = Path::of([section]);
    match values.find(&at) {
        None | Some(Value::Empty(..)) => Vec::new(),
        Some(Value::Dict(_, dict)) => {
            findings.extend(dict.keys().filter_map(|name| unusable(&at, name)));
            dict.iter().map(|(name, value)| (name.as_str(), at.key(name.as_str()), value)).collect()
        }
        Some(_) => {
            let message = format!("`{section}` must be a table of tables: `[{section}.NAME]`");
            let is_theirs = section == "receivers" && values.find(&at.index(0)).is_some();
            let hint = is_theirs.then(|| {
                "an alertmanager.yml is named by `alerting.config_file`, or started by `noroshi alertmanager`".to_owned()
            });
            findings.push(Finding::new(Code::WrongType, at, message).hint(hint));
            Vec::new()
        }
    }
}

/// A name that cannot be one: it becomes a label, and stands in messages.
fn unusable(at: &Path, name: &str) -> Option<Finding> {
    const MOST: usize = 200;
    let usable = (1..=MOST).contains(&name.len()) && !name.chars().any(char::is_control);
    let message = format!("a name under `{at}` has 1 to {MOST} bytes and no control characters");
    (!usable).then(|| Finding::new(Code::BadValue, at.key(name), message).at_key())
}

/// `[SECTION.NAME]` tables whose keys one type holds.
pub(super) fn named<T: DeserializeOwned>(
    values: &Values,
    section: &'static str,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, T> {
    let empty = Value::from(Dict::new());
    each(values, section, findings, |values, (_, at, value), findings| {
        let value = if matches!(value, Value::Empty(..)) { &empty } else { value };
        let read = reading::section(values, at, value);
        findings.extend(read.findings);
        read.value
    })
}

/// `[SECTION.NAME]` tables that are read one by one.
pub(in crate::config) fn each<T>(
    values: &Values,
    section: &'static str,
    findings: &mut Vec<Finding>,
    read: impl Fn(&Values, (&str, &Path, &Value), &mut Vec<Finding>) -> Option<T>,
) -> BTreeMap<String, T> {
    let tables = tables(values, section, findings);
    let named = tables.into_iter().filter_map(|(name, at, value)| {
        Some((name.to_owned(), read(values, (name, &at, value), findings)?))
    });
    named.collect()
}

fn receivers(values: &Values, findings: &mut Vec<Finding>) -> Vec<Receiver> {
    let tables = tables(values, "receivers", findings);
    tables
        .into_iter()
        .map(|(name, at, value)| receiver::read(values, &at, name, value, findings))
        .collect()
}

/// Each interval is one table, or an array of tables.
fn intervals(values: &Values, findings: &mut Vec<Finding>) -> BTreeMap<String, Vec<TimeInterval>> {
    let mut all = BTreeMap::new();
    for (name, at, value) in tables(values, "time_intervals", findings) {
        let read = match value {
            Value::Array(..) => reading::section(values, &at, value),
            one => {
                let empty = Value::from(Dict::new());
                let one = if matches!(one, Value::Empty(..)) { &empty } else { one };
                let read = reading::section::<TimeInterval>(values, &at, one);
                findings.extend(read.findings.into_iter().map(over_midnight));
                reading::Read { value: read.value.map(|one| vec![one]), findings: Vec::new() }
            }
        };
        findings.extend(read.findings.into_iter().map(over_midnight));
        all.insert(name.to_owned(), read.value.unwrap_or_default());
    }
    all
}

/// Nights are what most people first try.
fn over_midnight(finding: Finding) -> Finding {
    if !finding.message.ends_with("equal or greater than end time") {
        return finding;
    }
    let hint = "a night is two ranges: from its start to `24:00`, and from `00:00` to its end";
    finding.hint(hint.to_owned())
}

/// What cannot stand beside each other, and what is missing beside the rest.
fn exclusive(values: &Values, written: &Written) -> Vec<Finding> {
    let file = Path::of(["alerting", "config_file"]);
    let present = |section: &&str| values.find(&Path::of([*section])).is_some();
    if written.options.config_file.is_some() {
        let both = OF_THE_FILE.iter().filter(|section| present(section));
        return both
            .map(|section| {
                let message = format!("`{section}` is said by `alerting.config_file` already");
                let hint = "keep one of the two".to_owned();
                Finding::new(Code::Contradiction, Path::of([*section]), message)
                    .at_key()
                    .hint(hint)
                    .other("`alerting.config_file`", file.clone())
            })
            .collect();
    }
    let idle = ["receivers", "inhibit_rules"].into_iter().filter(|section| present(section));
    if written.route.is_some() || !written.deadman.is_empty() {
        return Vec::new();
    }
    idle.map(|section| {
        let message = format!("there is `[{section}]` but no `[route]`: nobody would be told");
        let hint = "add `[route]` with `receiver = \"NAME\"`".to_owned();
        Finding::new(Code::NoRoute, Path::of([section]), message).at_key().hint(hint)
    })
    .collect()
}

/// The token of the hook is in one place, and is one.
fn hook_token(written: &Written) -> Option<Finding> {
    let at = |key: &str| Path::of(["alerting", key]);
    let options = &written.options;
    let token = options.hook_token.as_ref()?;
    if token.expose().trim().is_empty() {
        let message = "`alerting.hook_token` is empty: everybody would be let in";
        return Some(Finding::new(Code::BadValue, at("hook_token"), message));
    }
    options.hook_token_file.as_ref()?;
    let message = "`hook_token` and `hook_token_file` exclude each other";
    let finding = Finding::new(Code::Contradiction, at("hook_token_file"), message).at_key();
    Some(finding.hint("keep one of them".to_owned()).other("`hook_token`", at("hook_token")))
}

/// Without a time an alert would be over as soon as it comes.
fn no_timeout(written: &Written) -> Option<Finding> {
    let at = Path::of(["alerting", "resolve_timeout"]);
    let message = format!("{} must be more than 0", at.subject());
    let is_zero = written.options.resolve_timeout.0.is_zero();
    is_zero.then(|| Finding::new(Code::BadValue, at, message))
}

fn pipeline(written: &Written, findings: &mut Vec<Finding>) -> Config {
    let mut compile = Compile {
        syntax: written.options.matchers.into(),
        receivers: written.receivers.iter().map(|one| one.name.as_str()).collect(),
        intervals: written.time_intervals.keys().map(String::as_str).collect(),
        findings,
    };
    let mut receivers: Vec<alert::Receiver> =
        written.receivers.iter().map(Receiver::for_alert).collect();
    let route = match &written.route {
        Some(route) => route.compile(&Path::of(["route"]), &mut compile),
        None => nobody(&mut receivers, &mut compile),
    };
    if written.options.config_file.is_none() {
        push::check_receivers(&written.deadman, &mut compile);
    }
    let rules = Path::of(["inhibit_rules"]);
    let inhibit_rules = written.inhibit_rules.iter().enumerate();
    let options = &written.options;
    Config {
        route,
        receivers,
        inhibit_rules: inhibit_rules
            .map(|(index, rule)| rule.compile(&rules.index(index), &mut compile))
            .collect(),
        time_intervals: written
            .time_intervals
            .iter()
            .map(|(name, entries)| (name.as_str().into(), entries.clone()))
            .collect(),
        maintenance: maintenance(written, &mut compile),
        resolve_timeout: options.resolve_timeout.0,
        flap_hold: options.flap_hold.map(Into::into),
        resolve_hold: options.resolve_hold.0,
        alertmanagers: pushes(written),
    }
}

/// A tree that tells nobody, for sections that need the pipeline alone.
fn nobody(receivers: &mut Vec<alert::Receiver>, compile: &mut Compile<'_>) -> Route {
    receivers.insert(
        0,
        alert::Receiver {
            name: NOBODY.into(),
            labels: crate::model::Pairs::default(),
            integrations: Vec::new(),
            rate_limit: None,
        },
    );
    let keys = RouteKeys { receiver: Some(NOBODY.to_owned()), ..RouteKeys::default() };
    compile.receivers.insert(NOBODY);
    keys.compile(&Path::of(["route"]), compile)
}

fn maintenance(written: &Written, compile: &mut Compile<'_>) -> Vec<Maintenance> {
    let windows = written.maintenance.iter();
    windows
        .filter_map(|(name, keys)| keys.compile(name, &Path::of(["maintenance", name]), compile))
        .collect()
}

fn pushes(written: &Written) -> Vec<Push> {
    written.alertmanagers.values().map(AlertmanagerKeys::for_alert).collect()
}
