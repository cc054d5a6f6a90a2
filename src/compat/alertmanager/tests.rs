use std::{path::Path, time::Duration};

use super::AlertmanagerFile;
use crate::{
    alert::spec::GroupBy,
    model::{Diagnostic, matcher::Syntax},
    notify::spec::Provider,
};

fn read_as(text: &str, syntax: Syntax) -> Result<AlertmanagerFile, Vec<Diagnostic>> {
    AlertmanagerFile::read(text, Path::new("/etc/alertmanager/alertmanager.yml"), syntax)
}

fn read(text: &str) -> AlertmanagerFile {
    read_as(text, Syntax::Fallback).unwrap()
}

fn codes(text: &str) -> Vec<&'static str> {
    let found = match read_as(text, Syntax::Fallback) {
        Ok(file) => file.warnings,
        Err(found) => found,
    };
    found.iter().map(|one| one.code).collect()
}

#[test]
fn routes_inherit_what_they_do_not_say() {
    let file = read(
        r#"
route:
  receiver: ops
  group_by: [a, b]
  group_wait: 1s
  routes:
  - matchers: [x="y"]
    match: { b: c }
    match_re: { a: d|e }
    routes:
    - receiver: web
      group_by: []
  - group_by: ['...']
    group_interval: 2m
    mute_time_intervals: [m]
receivers: [{ name: ops }, { name: web }]
mute_time_intervals: [{ name: m }]
"#,
    );
    let root = &file.config.route;
    let [first, second] = root.routes.as_slice() else { panic!("{root:?}") };
    let written: Vec<_> = first.matchers.iter().map(ToString::to_string).collect();
    // With the anchors, as Alertmanager has them in its group keys.
    assert_eq!(written, [r#"a=~"^(?:d|e)$""#, r#"b="c""#, r#"x="y""#]);
    assert_eq!((&*first.receiver, &first.group_by), ("ops", &root.group_by));
    assert_eq!(first.group_wait, Duration::from_secs(1));
    let below = &first.routes[0];
    assert_eq!((&*below.receiver, below.group_wait), ("web", Duration::from_secs(1)));
    assert_eq!(below.group_by, GroupBy::Labels(std::collections::BTreeSet::new()));
    assert_eq!((&second.group_by, second.group_interval), (&GroupBy::All, Duration::from_mins(2)));
    assert_eq!(second.mute_time_intervals, ["m".into()]);
    assert_eq!(file.config.time_intervals[0].0, "m".into());
    assert_eq!(root.repeat_interval, Duration::from_hours(4));
}

#[test]
fn receivers_become_ours() {
    let file = read(
        r"
global:
  slack_app_token_file: token
  smtp_smarthost: mail:587
  smtp_from: a@example.com
  smtp_auth_password: hunter2
  http_config: { tls_config: { ca_file: ca.pem } }
route: { receiver: ops }
receivers:
- name: ops
  labels: { owner: web }
  slack_configs:
  - { channel: '@a', title: '', timeout: 5s }
  webhook_configs:
  - url: http://example.com/
    payload: { a: ~, 1: [2.5] }
    http_config: { basic_auth: { username: u, password_file: /p } }
  email_configs:
  - { to: b@example.com, require_tls: false }
  telegram_configs:
  - { bot_token: hunter2, chat_id: -5, parse_mode: '' }
  pagerduty_configs:
  - { routing_key: x, send_resolved: false }
- name: unused
  jira_configs:
  - { api_url: 'http://j/', project: P, issue_type: Bug }
templates: ['t/*.tmpl', /abs]
",
    );
    let ops = &file.receivers.receivers[0];
    let kinds: Vec<_> = ops.integrations.iter().map(|own| own.provider.kind()).collect();
    assert_eq!(kinds, ["webhook", "email", "pagerduty", "slack", "telegram"]);
    let resolved: Vec<_> = ops.integrations.iter().map(|own| own.send_resolved).collect();
    assert_eq!(resolved, [true, false, false, false, true]);
    let Provider::Webhook(webhook) = &*ops.integrations[0].provider else { panic!() };
    assert_eq!(webhook.payload, Some(serde_json::json!({ "a": null, "1": [2.5] })));
    assert!(webhook.http.basic_auth.is_some());
    let Provider::Email(email) = &*ops.integrations[1].provider else { panic!() };
    assert_eq!((&*email.smarthost, email.require_tls), ("mail:587", false));
    let Provider::Slack(slack) = &*ops.integrations[3].provider else { panic!() };
    assert_eq!(slack.bot_token_file.as_deref(), Some(Path::new("token")));
    assert!(slack.title.is_empty() && slack.http.authorization.is_none());
    assert_eq!(slack.timeout.0, Duration::from_secs(5));
    assert!(slack.http.tls.is_some());
    assert_eq!(ops.labels.get("owner"), Some("web"));
    assert_eq!((ops.labels.get("name"), file.missing.len()), (None, 1));
    assert_eq!(file.missing[0].kind, "pagerduty");
    assert_eq!(file.templates, ["/etc/alertmanager/t/*.tmpl", "/abs"]);
    assert!(
        !file.original.contains("hunter2") && file.original.contains("/etc/alertmanager/ca.pem")
    );
}

#[test]
fn the_syntax_of_matchers_is_that_of_the_mode() {
    let file = |matcher: &str, label: &str| {
        format!(
            "route: {{ receiver: a, group_by: [{label}], routes: [{{ matchers: [{matcher}] }}] }}\nreceivers: [{{ name: a }}]\n"
        )
    };
    for (text, syntax, accepted) in [
        (file("a=b", "x"), Syntax::Classic, true),
        (file("'\"ä\"=b'", "x"), Syntax::Classic, false),
        (file("'\"ä\"=b'", "x"), Syntax::Utf8, true),
        (file("'\"ä\"=b'", "x"), Syntax::Fallback, true),
        (file("'a=b\\w'", "x"), Syntax::Utf8, false),
        (file("'a=b\\w'", "x"), Syntax::Fallback, true),
        (file("a=b", "'ä b'"), Syntax::Classic, false),
        (file("a=b", "'ä b'"), Syntax::Utf8, true),
    ] {
        assert_eq!(read_as(&text, syntax).is_ok(), accepted, "{syntax:?}: {text}");
    }
}

#[test]
fn what_surprises_people_is_told() {
    let with = |route: &str| {
        format!("route:\n  receiver: a\n{route}\nreceivers: [{{ name: a }}, {{ name: b }}]\n")
    };
    for (route, expected) in [
        ("  routes: [{ receiver: b }, { matchers: [x=y] }]", vec!["A101"]),
        ("  routes: [{ matchers: [x=y] }, { matchers: [z=y, x=y] }]", vec!["A101"]),
        ("  routes: [{ matchers: [x=y], continue: true }, { matchers: [x=y] }]", vec![]),
        ("  routes: [{ matchers: [x=y, z=y] }, { matchers: [x=y] }]", vec![]),
        ("  repeat_interval: 1m", vec!["A102"]),
        ("  routes: [{ matchers: [x=y], group_interval: 5h }]", vec!["A102"]),
        ("  routes: [{ matchers: ['x=\"${ENV}\"'] }]", vec!["A103"]),
        ("  routes: [{ receiver: null, matchers: [x=y] }]", vec!["A104"]),
        ("  routes: [{ matchers: ['x=y\\z'] }]", vec!["A105"]),
        ("  routes: [{ match: { x: y } }]", vec!["A106"]),
        ("  routes: [{ match: { x: y } }, { match: { x: z } }]", vec!["A106"]),
        ("  group_wait: 5s", vec![]),
    ] {
        assert_eq!(codes(&with(route)), expected, "{route}");
    }
    assert_eq!(codes(&(with("") + "tracing: { endpoint: x }\n")), ["A107"]);
    assert_eq!(codes(&(with("") + "mute_time_intervals: [{ name: x }]\n")), ["A106"]);
}

#[test]
fn a_tree_of_fifty_levels_is_read_and_one_without_end_refused() {
    let tree = |levels: usize| {
        format!(
            "route: {{ receiver: a, routes: [{}{}] }}\nreceivers: [{{ name: a }}]\n",
            "{ routes: [".repeat(levels),
            "] }".repeat(levels)
        )
    };
    assert!(read_as(&tree(50), Syntax::Fallback).is_ok());
    assert_eq!(codes(&tree(100_000))[0], "A001");
}
