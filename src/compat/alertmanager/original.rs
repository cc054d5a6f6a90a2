//! The other way round: what a configuration of ours is in an `alertmanager.yml`, for those who ask the API for it.

use std::sync::Arc;

use super::file::written;
use crate::{
    alert::spec::{Config, GroupBy, InhibitRule, Route, TimeInterval},
    compat::yaml::{Version, Yaml},
    model::{Matcher, Pairs, Secret},
    notify::spec::{Integration, Provider, Receiver, Receivers, Template},
};

/// The text that Alertmanager's API calls `config.original`: valid for Alertmanager and its tools, with every secret masked.
/// Routes, inhibition, time intervals and names are whole; of an integration it says what Alertmanager needs, and of a kind
/// Alertmanager does not have nothing.
pub fn original(config: &Config, receivers: &Receivers) -> String {
    let mut file = vec![
        ("global", map([("resolve_timeout", text(&written(config.resolve_timeout)))])),
        ("route", route(&config.route, None)),
    ];
    if !config.inhibit_rules.is_empty() {
        file.push(("inhibit_rules", list(&config.inhibit_rules, inhibit_rule)));
    }
    let known = |own: &crate::alert::spec::Receiver| {
        receiver(&own.name, &own.labels, receivers.get(&own.name).map(|own| &**own))
    };
    file.push(("receivers", list(&config.receivers, known)));
    file.push(("templates", Yaml::List(Vec::new())));
    if !config.time_intervals.is_empty() {
        file.push(("time_intervals", list(&config.time_intervals, intervals)));
    }
    map(file).write(Version::V2)
}

fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Yaml)>) -> Yaml {
    Yaml::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn list<T>(list: &[T], show: impl FnMut(&T) -> Yaml) -> Yaml {
    Yaml::List(list.iter().map(show).collect())
}

fn text(text: &str) -> Yaml {
    text.into()
}

fn texts(texts: &[Arc<str>]) -> Yaml {
    list(texts, |one| text(one))
}

fn matchers(matchers: &[Matcher]) -> Yaml {
    list(matchers, |matcher| text(&matcher.to_string()))
}

/// What a route inherits is said again only where it says something else.
fn route(own: &Route, parent: Option<&Route>) -> Yaml {
    let mut shown = Vec::new();
    if parent.is_none_or(|parent| parent.receiver != own.receiver) {
        shown.push(("receiver", text(&own.receiver)));
    }
    if parent.is_none_or(|parent| parent.group_by != own.group_by) {
        match &own.group_by {
            GroupBy::All => shown.push(("group_by", Yaml::List(vec![text("...")]))),
            GroupBy::Labels(labels) => {
                let labels: Vec<_> = labels.iter().map(Arc::clone).collect();
                shown.push(("group_by", texts(&labels)));
            }
        }
    }
    if !own.matchers.is_empty() {
        shown.push(("matchers", matchers(&own.matchers)));
    }
    for (key, names) in [
        ("mute_time_intervals", &own.mute_time_intervals),
        ("active_time_intervals", &own.active_time_intervals),
    ] {
        if !names.is_empty() {
            shown.push((key, texts(names)));
        }
    }
    shown.push(("continue", Yaml::Bool(own.continues)));
    if !own.routes.is_empty() {
        shown.push(("routes", list(&own.routes, |child| route(child, Some(own)))));
    }
    for (key, value, inherited) in [
        ("group_wait", own.group_wait, parent.map(|parent| parent.group_wait)),
        ("group_interval", own.group_interval, parent.map(|parent| parent.group_interval)),
        ("repeat_interval", own.repeat_interval, parent.map(|parent| parent.repeat_interval)),
    ] {
        if inherited != Some(value) {
            shown.push((key, text(&written(value))));
        }
    }
    map(shown)
}

fn inhibit_rule(own: &InhibitRule) -> Yaml {
    let mut shown = Vec::new();
    if !own.name.is_empty() {
        shown.push(("name", text(&own.name)));
    }
    for (key, side) in [("source_matchers", &own.source), ("target_matchers", &own.target)] {
        if !side.is_empty() {
            shown.push((key, matchers(side)));
        }
    }
    if !own.equal.is_empty() {
        let labels: Vec<_> = own.equal.iter().map(Arc::clone).collect();
        shown.push(("equal", texts(&labels)));
    }
    map(shown)
}

fn intervals((name, entries): &(Arc<str>, Vec<TimeInterval>)) -> Yaml {
    map([("name", text(name)), ("time_intervals", list(entries, interval))])
}

/// Ranges one below the other: a list in brackets would put what follows a location in braces, as yaml.v2 does.
fn interval(own: &TimeInterval) -> Yaml {
    fn ranges<T: ToString>(ranges: Option<&Vec<T>>) -> Option<Yaml> {
        ranges.map(|ranges| list(ranges, |range| text(&range.to_string())))
    }
    let times = own.times.as_ref().map(|times| {
        list(times, |time| {
            map([("start_time", text(&time.start_time())), ("end_time", text(&time.end_time()))])
        })
    });
    let shown = [
        ("times", times),
        ("weekdays", ranges(own.weekdays.as_ref())),
        ("days_of_month", ranges(own.days_of_month.as_ref())),
        ("months", ranges(own.months.as_ref())),
        ("years", ranges(own.years.as_ref())),
        ("location", own.location.as_ref().map(|location| text(&location.to_string()))),
    ];
    map(shown.into_iter().filter_map(|(key, value)| Some((key, value?))))
}

fn receiver(name: &str, labels: &Pairs, own: Option<&Receiver>) -> Yaml {
    let mut shown = vec![("name", text(name))];
    if !labels.is_empty() {
        let labels = labels.iter().map(|(label, value)| (label.into(), value.into()));
        shown.push(("labels", Yaml::Sorted(labels.collect())));
    }
    for (key, is_kind) in KINDS {
        let all = own.map_or(&[][..], |own| &own.integrations);
        let of_kind: Vec<Yaml> = all
            .iter()
            .filter(|own| own.provider.kind() == is_kind)
            .filter_map(integration)
            .collect();
        if !of_kind.is_empty() {
            shown.push((key, Yaml::List(of_kind)));
        }
    }
    map(shown)
}

/// The kinds that both have, in the order in which Alertmanager shows them.
const KINDS: [(&str, &str); 4] = [
    ("email_configs", "email"),
    ("slack_configs", "slack"),
    ("webhook_configs", "webhook"),
    ("telegram_configs", "telegram"),
];

fn integration(own: &Integration) -> Option<Yaml> {
    let mut shown = vec![("send_resolved", Yaml::Bool(own.send_resolved))];
    let template = |template: &Template| text(template.as_str());
    match &*own.provider {
        Provider::Webhook(_) => shown.push(("url", text(Secret::MASK))),
        Provider::Email(email) => {
            shown.push(("to", template(&email.to)));
            shown.push(("from", template(&email.from)));
            shown.push(("smarthost", text(&email.smarthost)));
            shown.push(("require_tls", Yaml::Bool(email.require_tls)));
        }
        Provider::Slack(slack) => {
            shown.push(("api_url", text(Secret::MASK)));
            if !slack.channel.is_empty() {
                shown.push(("channel", template(&slack.channel)));
            }
        }
        Provider::Telegram(telegram) => {
            shown.push(("bot_token", text(Secret::MASK)));
            match telegram.chat_id {
                Some(id) if id != 0 => shown.push(("chat_id", Yaml::Int(id.into()))),
                _ => shown.push(("chat_id_file", text(Secret::MASK))),
            }
        }
        Provider::Unbuilt(_) | Provider::Unusable(_) => return None,
    }
    Some(map(shown))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{compat::alertmanager::AlertmanagerFile, model::matcher::Syntax};

    /// What is read from what we write is what we wrote.
    #[test]
    fn what_is_written_is_read_back() {
        let text = r#"
route:
  receiver: ops
  group_by: [alertname, "a b"]
  repeat_interval: 36h
  routes:
  - receiver: web
    matchers: ['team="a\"b"', 'x!~"y|z"']
    match_re: { env: 'p.*' }
    continue: true
    group_by: ['...']
    mute_time_intervals: [nights]
  - group_by: []
    group_wait: 0s
    active_time_intervals: ['no']
inhibit_rules:
- name: one
  source_matchers: [a="b"]
  target_match: { c: d }
  equal: [e]
receivers:
- name: ops
  labels: { owner: "yes" }
  webhook_configs:
  - url: https://hunter2.example.com/
- name: web
  email_configs:
  - { to: a@example.com, from: b@example.com, smarthost: 'mail:25' }
  slack_configs:
  - { api_url: 'https://hunter2.example.com/', channel: '#a' }
  telegram_configs:
  - { bot_token: hunter2, chat_id: -7 }
  - { bot_token: hunter2, chat_id_file: x, send_resolved: false }
time_intervals:
- name: nights
  time_intervals:
  - times: [{ start_time: '00:00', end_time: '06:00' }]
    weekdays: ['monday:friday']
    days_of_month: ['-3:-1']
    months: [may]
    years: ['2020:2030']
    location: Europe/Berlin
  - {}
- name: 'no'
"#;
        let read = |text: &str| {
            AlertmanagerFile::read(text, Path::new("a.yml"), Syntax::Fallback).unwrap()
        };
        let first = read(text);
        let shown = original(&first.config, &first.receivers);
        assert!(!shown.contains("hunter2"), "{shown}");
        // What is hidden cannot be read back as a URL.
        let second = read(&shown.replace("url: <secret>", "url: https://hidden.example.com/"));
        assert_eq!(first.config, second.config, "{shown}");
        assert_eq!(shown, original(&second.config, &second.receivers));
        insta::assert_snapshot!(shown);
    }
}
