//! What strangers send to `noroshi alertmanager`, and what `/metrics` tells whom.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::support::daemon::{Daemon, noroshi};

const CONFIG: &str = "route: { receiver: hook }\nreceivers:\n- name: hook\n  webhook_configs:\n  - \
                      url: http://127.0.0.1:9/\n    http_config: { basic_auth: { username: me, password: one } }\n";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write(CONFIG);
        place
    }

    fn write(&self, text: &str) {
        fs::write(self.0.path().join("alertmanager.yml"), text).unwrap();
    }

    fn start(&self, arguments: &[&str]) -> Daemon {
        let mut command = noroshi(&["alertmanager", "--web.listen-address=127.0.0.1:0"]);
        Daemon::spawn(command.args(arguments).current_dir(self.0.path()))
    }
}

/// A silence of so many patterns, each different and each large.
fn heavy(count: usize) -> Value {
    let matchers: Vec<_> = (0..count)
        .map(|at| json!({ "name": "alertname", "value": format!("[^a]{{1000}}{at}"), "isRegex": true }))
        .collect();
    json!({
        "matchers": matchers, "createdBy": "me", "comment": "c",
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z",
    })
}

fn value(page: &str, name: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[test]
fn silences_and_filters_of_large_patterns_are_refused_and_hold_nobody_up() {
    let place = Place::new();
    let mut daemon = place.start(&["--cluster.listen-address="]);
    for (count, words) in [(300, "expression too large"), (3000, "more than 1000 matchers")] {
        let refused = daemon.post("/api/v2/silences", &heavy(count)).unwrap();
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.body.contains(words), "{}", refused.body);
    }
    assert_eq!(daemon.get("/api/v2/silences").body, "[]\n");
    let filters: Vec<_> =
        (0..190).map(|at| format!("filter=alertname%3D~%22[^a]{{1000}}{at}*%22")).collect();
    let path = format!("/api/v2/alerts?{}", filters.join("&"));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(daemon.get(&path).status, 400));
        }
        for _ in 0..10 {
            let before = Instant::now();
            let alert = json!([{ "labels": { "alertname": "x" } }]);
            assert_eq!(daemon.post("/api/v2/alerts", &alert).unwrap().status, 200);
            assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
        }
    });
    let memory = value(&daemon.metrics(), "process_resident_memory_bytes").unwrap();
    assert!(memory < 300e6, "{memory}");
    // A silence that fits is there again after the next start.
    assert_eq!(daemon.post("/api/v2/silences", &heavy(5)).unwrap().status, 200);
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    let again = place.start(&["--cluster.listen-address="]);
    let silences: Value = serde_json::from_str(&again.get("/api/v2/silences").body).unwrap();
    assert_eq!(silences[0]["status"]["state"], "active");
    let alert = json!([{ "labels": { "alertname": format!("{}0", "b".repeat(1000)) } }]);
    assert_eq!(again.post("/api/v2/alerts", &alert).unwrap().status, 200);
    // Its first matcher alone would match.
    assert!(!again.get("/api/v2/alerts?silenced=false").body.contains("[]\n"));
}

#[test]
fn connections_that_announce_much_and_send_nothing_keep_nobody_out() {
    let place = Place::new();
    let daemon = place.start(&["--cluster.listen-address="]);
    let address = daemon.url().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let idle: Vec<TcpStream> = (0..16)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            let head = format!(
                "POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n[",
                32 << 20
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    for _ in 0..5 {
        let alert = json!([{ "labels": { "alertname": "x" }, "annotations": { "long": "x".repeat(900_000) } }]);
        assert_eq!(daemon.post("/api/v2/alerts", &alert).unwrap().status, 200);
    }
    drop(idle);
}

#[test]
fn a_secret_changes_the_hash_and_a_flag_makes_it_a_member() {
    let place = Place::new();
    let daemon = place.start(&["--cluster.listen-address="]);
    let page = daemon.metrics();
    let before = value(&page, "alertmanager_config_hash").unwrap();
    assert!(before > 0.0 && value(&page, "alertmanager_cluster_members").is_none());
    let status = daemon.get("/api/v2/status").body;
    place.write(&CONFIG.replace("password: one", "password: two"));
    assert_eq!(daemon.ask("POST", "/-/reload", &[]).status, 200);
    assert_ne!(value(&daemon.metrics(), "alertmanager_config_hash"), Some(before));
    assert_eq!(daemon.get("/api/v2/status").body, status, "the secret itself is never shown");
    place.write(CONFIG);
    assert_eq!(daemon.ask("POST", "/-/reload", &[]).status, 200);
    assert_eq!(value(&daemon.metrics(), "alertmanager_config_hash"), Some(before));
    let other = Place::new();
    let member = other.start(&[]);
    let page = member.metrics();
    for (name, wanted) in [
        ("alertmanager_cluster_enabled", 0.0),
        ("alertmanager_cluster_members", 1.0),
        ("alertmanager_cluster_failed_peers", 0.0),
        ("alertmanager_cluster_health_score", 0.0),
        ("alertmanager_peer_position", 0.0),
    ] {
        assert_eq!(value(&page, name), Some(wanted), "{name}");
    }
    assert!(member.get("/api/v2/status").body.contains("{\"peers\":[],\"status\":\"disabled\"}"));
}
