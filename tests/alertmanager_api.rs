//! The drop-in's server over a socket: what the table of exchanges with a real one does not hold.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use noroshi::{
    api::alertmanager::{HookToken, Options},
    model::Secret,
};
use proptest::prelude::*;
use support::{
    alertmanager::{Running, config},
    daemon::Answer,
};

const JSON: &str = "Content-Type: application/json";

fn start() -> Running {
    Running::start(config(), "", Options::default())
}

/// `[{"labels":{"alertname":"A0"}}, ...]`
fn alerts(count: usize) -> String {
    let alerts = (0..count).map(|at| format!(r#"{{"labels":{{"alertname":"A{at}","team":"b"}}}}"#));
    format!("[{}]", alerts.collect::<Vec<_>>().join(","))
}

/// What a client says that has an answer already. The tag's `W` is in upper case, unlike the heads that are kept.
fn known(answer: &Answer) -> String {
    format!("If-None-Match: {}", answer.header("etag").unwrap().replace("w/", "W/"))
}

/// How many rows an answer holds.
fn rows(body: &str) -> usize {
    serde_json::from_str::<Vec<serde_json::Value>>(body).unwrap().len()
}

#[test]
fn long_lists_are_whole_and_can_be_had_in_pages() {
    let server = start();
    assert_eq!(server.post("/api/v2/alerts", &alerts(1000)).status, 200);
    for path in ["/api/v2/alerts", "/api/v2/alerts/groups"] {
        let whole = server.get(path);
        assert_eq!(rows(&whole.body), 1000);
        let (mut query, mut seen) = ("?limit=300".to_owned(), Vec::new());
        loop {
            let page = server.get(&format!("{path}{query}"));
            let rows: Vec<serde_json::Value> = serde_json::from_str(&page.body).unwrap();
            assert!(rows.len() <= 300, "{}", rows.len());
            seen.extend(rows);
            let Some(link) = page.header("link") else { break };
            let next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
            next.clone_into(&mut query);
        }
        assert_eq!(seen, serde_json::from_str::<Vec<serde_json::Value>>(&whole.body).unwrap());
    }
    for query in ["limit=0", "limit=x", "limit=1000000", "cursor=x"] {
        assert_eq!(server.get(&format!("/api/v2/alerts?{query}")).status, 400, "{query}");
    }
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let server = start();
    server.post("/api/v2/alerts", &alerts(2));
    for path in ["/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/silences"] {
        let first = server.get(path);
        let tag = known(&first);
        let again = server.ask("GET", path, &[&tag], b"");
        assert_eq!((again.status, &*again.body), (304, ""), "{path}");
        let other = server.get(&format!("{path}?filter=a%3Db"));
        assert_ne!(first.header("etag"), other.header("etag"));
    }
    let tag = known(&server.get("/api/v2/alerts"));
    server.post("/api/v2/alerts", r#"[{"labels":{"alertname":"new"}}]"#);
    let again = server.ask("GET", "/api/v2/alerts", &[&tag], b"");
    assert_eq!(again.status, 200);
}

#[test]
fn silences_by_state_and_by_their_maker() {
    let server = start();
    for (starts, maker) in [("2006-01-01", "me"), ("2036-01-01", "me"), ("2006-01-01", "you")] {
        let body = format!(
            r#"{{"matchers":[{{"name":"a","value":"{maker}{starts}","isRegex":false}}],"startsAt":"{starts}","endsAt":"2037-01-01","createdBy":"{maker}","comment":""}}"#
        );
        assert_eq!(server.post("/api/v2/silences", &body).status, 200);
    }
    for (query, count) in [
        ("", 3),
        ("?active=false", 1),
        ("?pending=false", 2),
        ("?createdBy=me", 2),
        ("?createdBy=me&pending=false&expired=false", 1),
    ] {
        assert_eq!(rows(&server.get(&format!("/api/v2/silences{query}")).body), count, "{query}");
    }
    let page = server.get("/api/v2/silences?limit=2");
    assert_eq!(rows(&page.body), 2);
    assert!(page.header("link").unwrap().contains("cursor=2-"));
}

#[test]
fn a_webhook_becomes_alerts() {
    let options =
        Options { hook_token: HookToken::new(Some(Secret::new("hunter2"))), ..Options::default() };
    let server = Running::start(config(), "", options);
    let body = br#"{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"H"},
        "startsAt":"2026-01-02T03:04:05Z","endsAt":"0001-01-01T00:00:00Z"}]}"#;
    for wrong in ["Authorization: Bearer hunter3", "Authorization: Basic hunter2", "X: y"] {
        let answer = server.ask("POST", "/hooks/alertmanager", &[JSON, wrong], body);
        assert_eq!(answer.status, 401, "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("bearer"));
    }
    let right = "Authorization: Bearer hunter2";
    assert_eq!(server.ask("POST", "/hooks/alertmanager", &[JSON, right], body).status, 200);
    assert_eq!(rows(&server.get("/api/v2/alerts?filter=alertname%3DH").body), 1);
    assert_eq!(server.ask("POST", "/hooks/alertmanager", &[JSON, right], b"{}").status, 422);
    assert_eq!(server.get("/hooks/alertmanager").status, 405);
}

#[test]
fn everything_lies_below_the_prefix() {
    let server = Running::start(config(), "/am", Options::default());
    for (path, status) in [
        ("/", 302),
        ("/am", 301),
        ("/am/", 200),
        ("/am/api/v2/status", 200),
        ("/am/-/healthy", 200),
        ("/api/v2/status", 404),
        ("/amx", 404),
        ("/am/nope", 404),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    let moved = server.get("/am/api/v2");
    assert_eq!((moved.status, moved.header("location")), (301, Some("/am/api/v2/")));
}

#[test]
fn metrics_have_the_names_that_rules_and_dashboards_want() {
    let server = start();
    server.post("/api/v2/alerts", r#"[{"labels":{"alertname":"A"}},{"labels":{}}]"#);
    let text = server.get("/metrics").body;
    for line in [
        "alertmanager_alerts{state=\"active\"} 1",
        "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"} 2",
        "alertmanager_alerts_invalid_total{version=\"v2\"} 1",
        "alertmanager_silences{state=\"expired\"} 0",
        "alertmanager_notifications_total{integration=\"webhook\"} 0",
        "alertmanager_notifications_failed_total{integration=\"slack\",reason=\"clientError\"} 0",
        "alertmanager_config_last_reload_successful 1",
        "alertmanager_cluster_enabled 0",
        "alertmanager_inhibition_rules 1",
        "alertmanager_receivers 4",
        "alertmanager_http_requests_in_flight{method=\"get\"} 1",
        "alertmanager_http_concurrency_limit_exceeded_total{method=\"get\"} 0",
        "alertmanager_http_request_duration_seconds_count{code=\"400\",handler=\"/api/v2/alerts\",method=\"post\"} 1",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
    // karma picks its dialect by this one.
    let build = text.lines().find(|line| line.starts_with("alertmanager_build_info{")).unwrap();
    assert!(build.contains("version=\"0.33.1\""), "{build}");
}

#[test]
fn bodies_are_bounded() {
    let server = start();
    let large = vec![b' '; (32 << 20) + 1];
    // It may close before it has read all of it.
    let answer =
        support::daemon::exchange(&server.address, ("POST", "/api/v2/alerts"), &[JSON], &large);
    assert!(answer.is_none_or(|answer| answer.status == 413));
    assert_eq!(server.post("/api/v2/alerts", &"[".repeat(1 << 20)).status, 400);
    assert_eq!(server.get("/-/healthy").status, 200);
}

#[test]
fn the_page_has_a_strict_policy_and_every_part() {
    let server = start();
    let page = server.get("/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!page.body.contains("/*script*/") && !page.body.contains("/*style*/"));
    let tag = known(&page);
    assert_eq!(server.ask("GET", "/", &[&tag], b"").status, 304);
}

/// Any text that looks a little like what is wanted.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"labels\"",
        "\"a\"",
        "\"\"",
        "null",
        "1",
        "-",
        "true",
        "\"startsAt\"",
        "\"2036-01-01\"",
        "\"matchers\"",
        "\"name\"",
        "\"value\"",
        "\"isRegex\"",
        "false",
        "\"comment\"",
        "\"createdBy\"",
        "\"endsAt\"",
        "\"alerts\"",
        "\"version\"",
        "\"4\"",
        "\"\\ud800\"",
        "\"generatorURL\"",
        "\"http://[\"",
        "\u{e9}",
        "{\"labels\":{\"a\":\"b\"}}",
        "\"(\"",
        "\\",
        " ",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(word, 0..40).prop_map(|words| words.concat().into_bytes()),
    ]
}

#[test]
fn nothing_a_stranger_sends_is_our_fault() {
    let server = start();
    let paths = [
        "/api/v2/alerts",
        "/api/v2/silences",
        "/api/v2/alerts/groups",
        "/hooks/alertmanager",
        "/api/v2/receivers",
    ];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300));
    let query = "[ -~]{0,40}".prop_map(|text| text.replace([' ', '#'], "+"));
    let name = prop::sample::select(vec![
        "filter",
        "receiver",
        "receiver_matchers",
        "active",
        "limit",
        "cursor",
        "createdBy",
    ]);
    let inputs = (body(), prop::sample::select(paths.to_vec()), name, query);
    runner
        .run(&inputs, |(body, path, name, query)| {
            let posted = server.ask("POST", path, &[JSON], &body);
            prop_assert!(
                posted.status < 500,
                "{} {:?}",
                posted.status,
                body.escape_ascii().to_string()
            );
            let got = server.ask("GET", &format!("{path}?{name}={query}"), &[], b"");
            prop_assert!(got.status < 500, "{} {name}={query}", got.status);
            let silence = server.ask(
                "DELETE",
                &format!("/api/v2/silence/{}", query.replace('?', "")),
                &[],
                b"",
            );
            prop_assert!(silence.status < 500);
            Ok(())
        })
        .unwrap();
    assert_eq!(server.get("/-/healthy").status, 200);
}
