//! `--from-gatus`.

use std::{fs, path::Path};

use noroshi::compat::gatus::{Converted, Options, Source, Unread, convert};
use serde_json::Value;

use super::{command, loads};

fn text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gatus");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn environment(name: &str) -> Option<String> {
    match name {
        "TEAM" => Some("core".to_owned()),
        "REGION" => Some("eu".to_owned()),
        // Whoever looks at a secret shows it.
        "NOT_SET" => None,
        _ => Some("hunter2".to_owned()),
    }
}

pub(super) fn converted(text: &str, with_secrets: bool) -> Converted {
    attempt(text, with_secrets).unwrap()
}

pub(super) fn attempt(text: &str, with_secrets: bool) -> Result<Converted, Unread> {
    let from = Path::new("config.yaml");
    let files = [Source { path: from.to_owned(), text: text.to_owned() }];
    convert(&Options { files: &files, from, environment: &environment, with_secrets })
}

pub(super) fn everything(converted: &Converted) -> String {
    format!("{}\n---\n{}\n", converted.toml, converted.notes.join("\n"))
}

#[test]
fn every_key_becomes_what_it_means() {
    let found = converted(&text("every.yaml"), false);
    assert_eq!(loads(&found.toml), 15, "{}", found.toml);
    assert!(!everything(&found).contains("hunter2"));
    insta::assert_snapshot!("gatus", everything(&found));
}

#[test]
fn secrets_are_written_when_they_are_asked_for() {
    let found = converted(&text("every.yaml"), true);
    loads(&found.toml);
    assert!(found.toml.contains("hunter2") && !found.notes.concat().contains("hunter2"));
}

/// What is below these is told by the name of the whole alone. What was merged stands where it was merged to.
pub(super) const TOLD_AS_A_WHOLE: [&str; 17] = [
    "/x-shared",
    "/ui/",
    "/storage/",
    "/web/",
    "/security/",
    "/connectivity/",
    "/remote/",
    "/tunneling/",
    "/announcements/",
    "/external-endpoints/0/",
    "/suites/0/",
    "/alerting/pagerduty/",
    "/endpoints/0/client/identity-aware-proxy/",
    "/endpoints/0/client/kerberos/",
    "/endpoints/0/ui/",
    "/endpoints/0/store/",
    "/endpoints/16/ssh/",
];

/// Takes away every key, one after the other: the file, or what is told of it, must be another one.
#[test]
fn no_key_is_dropped_in_silence() {
    let whole = whole();
    let usual = everything(&converted(&whole.to_string(), false));
    let paths = paths(&whole);
    assert!(paths.len() > 250, "{}", paths.len());
    let mut silent = Vec::new();
    for path in paths {
        let mut less = whole.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = less.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(&key.replace("~1", "/").replace("~0", "~"));
        if attempt(&less.to_string(), false).is_ok_and(|found| everything(&found) == usual) {
            silent.push(path);
        }
    }
    let silent: Vec<_> = silent
        .iter()
        .filter(|path| !TOLD_AS_A_WHOLE.iter().any(|whole| path.starts_with(whole)))
        .collect();
    assert_eq!(
        silent,
        [
            // Without it, it is enabled all the same.
            "/alerting/slack/default-alert/enabled",
            // Another alert of the check has less.
            "/endpoints/0/alerts/1/success-threshold",
            // That it can be reached is what is expected anyway.
            "/endpoints/12/conditions",
            "/endpoints/15/conditions",
        ]
    );
}

pub(super) fn whole() -> Value {
    serde_saphyr::from_str(&text("every.yaml")).unwrap()
}

pub(super) fn paths(whole: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    keys(whole, "", &mut paths);
    paths
}

/// Paths of all keys, as JSON pointers.
fn keys(value: &Value, at: &str, paths: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let path = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                paths.push(path.clone());
                keys(inner, &path, paths);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                keys(inner, &format!("{at}/{index}"), paths);
            }
        }
        _ => {}
    }
}

#[test]
fn the_command_tells_on_the_side_what_it_could_not_say() {
    let (code, out, err) = command(&["--from-gatus", "tests/fixtures/gatus/every.yaml"]);
    assert_eq!(code, Some(0), "{err}");
    loads(&out);
    assert!(!out.contains("hunter2") && !err.contains("hunter2"));
    for told in [
        "note: endpoint \"core/website\": the condition `[DOMAIN_EXPIRATION] > 720h` has no equivalent: ",
        "note: endpoint \"datagrams\": not converted: noroshi has no check of `udp://`; ",
        "note: external endpoint \"core/backup\": not converted: ",
    ] {
        assert!(err.contains(told), "{told}\n{err}");
    }
    assert!(err.lines().all(|line| line.starts_with("note: ")), "{err}");

    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "endpoints:\n  - name: a\n   url: b\n").unwrap();
    let (code, out, err) = command(&["--from-gatus", file.path().to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(78), ""), "{err}");
    assert!(err.contains(":3: ") && err.contains("nothing was written"), "{err}");
}

/// What is told of a file, in its order.
fn notes(text: &str) -> (Converted, Vec<String>) {
    let found = converted(text, false);
    loads(&found.toml);
    let notes = found.notes.clone();
    (found, notes)
}

#[test]
fn what_has_bounds_is_cut_and_told() {
    let (group, name) = ("g".repeat(300), "n".repeat(300));
    let text = format!(
        r#"
alerting: {{slack: {{webhook-url: "https://chat.example.org/x"}}}}
endpoints:
  - {{name: often, group: {group}, url: "https://a.example.org", interval: 10ms, conditions: ["[STATUS] == 200"], alerts: [{{type: slack, failure-threshold: 100}}],
      maintenance-windows: [{{start: "02:00", duration: 0s}}, {{start: "02:00", duration: 1h, timezone: Nowhere/Here}}, {{start: "02:00", duration: 9999h}}]}}
  - {{name: rarely, url: "https://b.example.org", interval: 10000h, client: {{dns-resolver: "udp://1.1.1.1:5353:53"}}, conditions: ["[STATUS] == 200"]}}
  - {{name: {name}, url: "https://d.example.org", conditions: ["[STATUS] == 200"]}}
  - {{name: labels, url: "https://c.example.org", extra-labels: {{My Tag: a, my_tag: b}}, conditions: ["[STATUS] == 200"]}}
"#
    );
    let (found, notes) = notes(&text);
    let whole = format!("{group}/often");
    assert_eq!(
        notes,
        [
            &*format!("Names: the check {:?} is called {:?} here", &name[..40], &name[..200]),
            &*format!("endpoint \"{whole}\": its group is cut to 200 bytes"),
            &*format!("endpoint \"{whole}\": `interval` of 10ms is 100ms here"),
            &*format!("endpoint \"{whole}\": `failures` of 100 is 64 here, the most there are"),
            "endpoint \"rarely\": `client.dns-resolver`: \"1.1.1.1:5353:53\" is no address; `dns_server` takes nothing else",
            "endpoint \"rarely\": `interval` of 416d16h is 1y here",
            "endpoint \"labels\": `extra-labels.My Tag`: the label is called `my_tag` here",
            "endpoint \"labels\": `extra-labels.my_tag` is left out: another label is `my_tag`",
            "maintenance window of endpoint \"often\": not in force: the duration must be more than zero and at most 366 days",
            "maintenance window of endpoint \"often\": not in force: `Nowhere/Here` is no time zone of the IANA database, such as `Europe/Berlin`",
            "maintenance window of endpoint \"often\": not in force: the duration must be more than zero and at most 366 days",
            "set SLACK_WEBHOOK_URL to what receiver \"slack\" has in `alerting.slack.webhook-url`",
        ]
        .map(str::to_owned)
    );
    for wanted in ["interval = \"100ms\"\n", "failures = 64\n", "interval = \"1y\"\n"] {
        assert!(found.toml.contains(wanted), "{wanted}\n{}", found.toml);
    }
}

#[test]
fn variables_are_replaced_wherever_they_stand() {
    let text = r#"
alerting:
  custom: {url: "https://${REGION}.example.org/hook", body: '{"team": "${TEAM}"}', method: POST}
  discord: {webhook-url: "${HOOK_URL}"}
  slack: {webhook-url: "https://hooks.example.org/${HOOK_PATH}"}
endpoints:
  - name: ${TEAM} api
    group: ${REGION}
    url: ${REGION}://x
  - name: ${TEAM}
    url: https://me:${DB_PASSWORD}@${REGION}.example.org/${NOT_SET}
    headers: {"X-${TEAM}": a, X-Token: "a${PART}b"}
    conditions: ["[STATUS] == 200"]
    alerts: [{type: custom}, {type: discord}, {type: slack}]
  - name: ${NOT_SET}
    url: ${NOT_SET}
"#;
    for with_secrets in [false, true] {
        let found = converted(text, with_secrets);
        loads(&found.toml);
        let said = everything(&found);
        assert!(!said.contains("hunter2") && !said.contains(['\u{e000}', '\u{e001}']), "{said}");
        for wanted in [
            "[checks.core]\n",
            "http.url = \"https://eu.example.org/${NOT_SET}\"\n",
            "http.basic_auth.password_env = \"DB_PASSWORD\"\n",
            "http.headers.X-core = \"a\"\n",
            "webhook.url_env = \"CUSTOM_URL\"\n",
            "webhook.payload.team = \"core\"\n",
            "slack.webhook_url_env = \"DISCORD_WEBHOOK_URL\"\n",
            "slack.webhook_url_env = \"SLACK_WEBHOOK_URL\"\n",
        ] {
            assert!(found.toml.contains(wanted), "{wanted}\n{said}");
        }
        assert_eq!(
            found.notes,
            [
                "endpoint \"eu/core api\": not converted: noroshi has no check of `eu://`; it has the keys `name`, `group`, `url`",
                "endpoint \"${NOT_SET}\": not converted: its URL has no scheme; it has the keys `name`, `url`",
                "endpoint \"${NOT_SET}\": `name`: `${NOT_SET}` is not set here; nothing replaces it at run time, so put it in by hand",
                "endpoint \"${NOT_SET}\": `url`: `${NOT_SET}` is not set here; nothing replaces it at run time, so put it in by hand",
                "endpoint \"core\": `url`: `${NOT_SET}` is not set here; nothing replaces it at run time, so put it in by hand",
                "set CORE_HEADERS_X_TOKEN to what endpoint \"core\" has in `headers.X-Token`, its variables replaced",
                "set CUSTOM_URL to what receiver \"custom\" has in `alerting.custom.url`, its variables replaced",
                "set DISCORD_WEBHOOK_URL to what receiver \"discord\" has in `alerting.discord.webhook-url`, with /slack at its end, its variables replaced",
                "set SLACK_WEBHOOK_URL to what receiver \"slack\" has in `alerting.slack.webhook-url`, its variables replaced",
            ]
        );
    }
}

#[test]
fn what_is_of_a_wrong_kind_is_told() {
    let text = r#"
alerting: {slack: {webhook-url: "https://chat.example.org/x", default-alert: 5, overrides: [7]}, email: true}
endpoints:
  - 5
  - name: a
    url: https://example.org
    conditions: ["[STATUS] == 200", {}, [x]]
    alerts: [{type: slack, provider-override: 5}, 5]
    headers: [a]
"#;
    assert_eq!(
        notes(text).1,
        [
            "`alerting`: `alerting.slack.default-alert`: keys and values are expected there",
            "`alerting`: `alerting.slack.overrides[0]`: keys and values are expected there",
            "`alerting`: `alerting.email`: keys and values are expected there",
            "The rest of the file: `endpoints[0]`: keys and values are expected there",
            "endpoint \"a\": `alerts[0].provider-override`: keys and values are expected there",
            "endpoint \"a\": `headers`: keys and values are expected there",
            "endpoint \"a\": `conditions[1]`: a text is expected there",
            "endpoint \"a\": `conditions[2]`: a text is expected there",
            "endpoint \"a\": `alerts[1]`: keys and values are expected there",
            "set SLACK_WEBHOOK_URL to what receiver \"slack\" has in `alerting.slack.webhook-url`",
        ]
    );
}

#[test]
fn what_is_not_in_force_has_no_labels_and_tells_nobody() {
    let text = r#"
alerting: {slack: {webhook-url: "https://chat.example.org/x"}}
endpoints:
  - {name: a, url: "https://a.example.org", extra-labels: {team: a}, conditions: ["[STATUS] == 200"]}
  - {name: b, url: "https://b.example.org", extra-labels: {idle: b}, conditions: ["[STATUS] == 200"], enabled: false}
  - {name: c, url: "https://[", extra-labels: {broken: c}, conditions: ["[STATUS] == 200"], alerts: [{type: slack}]}
"#;
    let toml = notes(text).0.toml;
    assert!(toml.contains("export_labels = [\"team\"]"), "{toml}");
    assert!(toml.contains("# [checks.c]") && !toml.contains("check=\"c\""), "{toml}");
}

#[test]
fn secrets_that_stay_where_they_are_are_told() {
    let text = r#"
alerting:
  custom: {url: "https://hooks.example.org/x", method: POST, body: '{"routing_key": "hunter2", "text": "a"}'}
endpoints:
  - {name: a, url: "https://a.example.org/?q=1&token=hunter2&key=", conditions: ["[STATUS] == 200"], alerts: [{type: custom}]}
  - {name: b, url: "https://b.example.org", method: POST, body: '{"user": "me", "login": [{"password": "hunter2"}]}', conditions: ["[STATUS] == 200"]}
  - {name: c, url: "https://c.example.org", method: POST, body: "a=1&client_secret=hunter2", conditions: ["[STATUS] == 200"]}
  - {name: d, url: "tcp://d.example.org:6379", body: "AUTH hunter2\r\n", conditions: ["[CONNECTED] == true"]}
  - {name: e, url: "https://e.example.org/?q=monkeys", method: POST, body: "the key = is here", conditions: ["[STATUS] == 200"]}
"#;
    let parameter = |name: &str, place: &str| {
        format!(
            "the parameter `{name}` of its {place} seems to be a secret, and is written as it is: keep the file as you keep secrets"
        )
    };
    assert_eq!(
        notes(text).1,
        [
            format!("endpoint \"a\": {}", parameter("token", "URL")),
            format!("endpoint \"b\": {}", parameter("password", "body")),
            format!("endpoint \"c\": {}", parameter("client_secret", "body")),
            "endpoint \"d\": what it sends seems to log in by a secret, which is written as it is: a step `send_env` of its own names a variable".to_owned(),
            format!("receiver \"custom\": {}", parameter("routing_key", "payload")),
        ]
    );
}

#[test]
fn a_folder_is_read_as_gatus_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir_all(path.join("b")).unwrap();
    fs::create_dir_all(path.join("..old")).unwrap();
    let endpoint = |name: &str| {
        format!(
            "endpoints:\n  - {{name: {name}, url: \"https://{name}.example.org\", conditions: [\"[STATUS] == 200\"]}}\n"
        )
    };
    for (file, text) in [
        ("a.yaml", endpoint("first")),
        ("b/inside.yml", endpoint("second")),
        ("c.yml", format!("# nothing\n{}", endpoint("third"))),
        ("empty.yaml", "# nothing at all\n".to_owned()),
        ("notes.txt", "no: yaml: at all".to_owned()),
        ("..old/gone.yaml", endpoint("gone")),
    ] {
        fs::write(path.join(file), text).unwrap();
    }
    let (code, out, err) = command(&["--from-gatus", path.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(loads(&out), 3, "{out}");
    let at = |name: &str| out.find(&format!("[checks.{name}]")).unwrap();
    assert!(at("first") < at("second") && at("second") < at("third"), "{out}");

    fs::write(path.join("c.yml"), "debug: true\n").unwrap();
    fs::write(path.join("d.yml"), "debug: false\n").unwrap();
    let (code, out, err) = command(&["--from-gatus", path.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(78), ""));
    let named = format!("{}/d.yml: `debug` is said by another file already; ", path.display());
    assert!(err.starts_with(&named), "{err}");

    fs::write(path.join("d.yml"), "a:\n b: [\n").unwrap();
    let (code, _, err) = command(&["--from-gatus", path.to_str().unwrap()]);
    assert!(code == Some(78) && err.starts_with(&format!("{}/d.yml:", path.display())), "{err}");
    let (code, _, err) = command(&["--from-gatus", path.join("..old").to_str().unwrap()]);
    assert_eq!(code, Some(0), "{err}");
    let empty = tempfile::tempdir().unwrap();
    let (code, _, err) = command(&["--from-gatus", empty.path().to_str().unwrap()]);
    assert!(code == Some(1) && err.contains("holds no file named *.yaml or *.yml"), "{err}");
}
