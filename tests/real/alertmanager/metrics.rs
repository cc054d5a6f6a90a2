//! `/metrics` beside the real one, after the same traffic: the same families of the same types with the same labels.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::TcpListener,
};

use serde_json::{Value, json};

use super::peers::{Peer, Side};
use crate::server::{itself, wait_until};

/// Families of theirs that we do not have, and why. `*` ends a name.
const LEFT_OUT: &[(&str, &str)] = &[
    ("go_*", "of a Go program"),
    ("net_conntrack_dialer_*", "of a library of theirs"),
    ("process_network_*", "of the whole host, whichever process reads it"),
    ("process_virtual_memory_max_bytes", "a limit that nobody sets"),
    ("alertmanager_alerts_subscriber_channel_writes_total", "of a channel of theirs"),
    ("alertmanager_dispatcher_alert_processing_duration_seconds", TASK),
    ("alertmanager_nflog_gc_duration_seconds", STORE),
    ("alertmanager_nflog_maintenance_total", STORE),
    ("alertmanager_nflog_snapshot_*", STORE),
    ("alertmanager_nflog_queries_total", TASK),
    ("alertmanager_nflog_query_duration_seconds", TASK),
    ("alertmanager_silences_gc_duration_seconds", STORE),
    ("alertmanager_silences_maintenance_total", STORE),
    ("alertmanager_silences_snapshot_*", STORE),
    (
        "alertmanager_silences_matcher_compile_errors_total",
        "a silence is compiled before it is taken",
    ),
    ("alertmanager_silences_queries_total", TASK),
    ("alertmanager_silences_query_*", TASK),
    ("alertmanager_silences_version_index_size", TASK),
];

const STORE: &str =
    "of files that are written now and then; ours is a database, see noroshi_store_*";
const TASK: &str = "of a step inside one task, see noroshi_alert_*";

/// A family: its type, and every label name of its samples.
type Families = BTreeMap<String, (String, BTreeSet<String>)>;

#[test]
fn families_types_and_labels_are_theirs() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = format!(
        "route: {{ receiver: a, group_wait: 10ms }}\nreceivers: [{{ name: a, webhook_configs: [{{ url: 'http://{closed}/' }}] }}]\n\
         inhibit_rules: [{{ name: quiet, source_matchers: [a=b], target_matchers: [c=d], equal: [e] }}]\n"
    );
    let Some(theirs) = Side::Theirs.start(&config, &[]) else { return };
    let Some(ours) = Side::Ours.start(&config, &[]) else { return };
    let [theirs, ours] = [theirs, ours].map(|peer| after_traffic(&peer));
    let mut complaints = String::new();
    let mut unused: Vec<&str> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
    let mut compared = 0;
    for (name, wanted) in &theirs {
        let is_it = |own: &&str| {
            own.strip_suffix('*').map_or(*own == name.as_str(), |start| name.starts_with(start))
        };
        match ours.get(name) {
            Some(got) if got == wanted => compared += 1,
            None if !itself() && LEFT_OUT.iter().any(|(own, _)| is_it(own)) => {
                unused.retain(|own| !is_it(own));
            }
            got => {
                let _ = writeln!(complaints, "{name}\n  theirs {wanted:?}\n  ours   {got:?}");
            }
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
    assert!(itself() || unused.is_empty(), "no longer needed: {unused:?}");
    assert!(compared >= 35, "{compared}");
}

/// What the mixin and dashboards ask of a cluster, where the real one is started with its own defaults and finds nobody.
#[test]
fn a_cluster_of_one_is_told_alike() {
    let config = "route: { receiver: a }\nreceivers: [{ name: a }]\n";
    let cluster = ["--cluster.listen-address=127.0.0.1:0"];
    let Some(theirs) = Side::Theirs.start(config, &cluster) else { return };
    let Some(ours) = Side::Ours.start(config, &cluster) else { return };
    let pages = [theirs, ours].map(|peer| peer.daemon.metrics());
    for name in [
        "alertmanager_cluster_members",
        "alertmanager_cluster_failed_peers",
        "alertmanager_cluster_health_score",
        "alertmanager_peer_position",
    ] {
        let told = |page: &String| {
            let of_it = |line: &&str| line.split([' ', '{']).any(|word| word == name);
            page.lines()
                .filter(of_it)
                .map(|line| line.trim_end_matches('.').to_owned())
                .collect::<Vec<_>>()
        };
        let [theirs, ours] = [told(&pages[0]), told(&pages[1])];
        assert!(theirs.len() == 3 && theirs == ours, "{theirs:?} {ours:?}");
    }
}

/// The families, once a notice was tried in vain, a silence came and went, and requests of all sorts were answered.
fn after_traffic(peer: &Peer) -> Families {
    let daemon = &peer.daemon;
    for (alerts, status) in
        [(json!([{ "labels": { "alertname": "a" } }]), 200), (json!([{ "labels": {} }]), 400)]
    {
        assert_eq!(daemon.post("/api/v2/alerts", &alerts).unwrap().status, status);
    }
    let silence = json!({
        "matchers": [{ "name": "a", "value": "b", "isRegex": false }], "createdBy": "me", "comment": "c",
        "startsAt": jiff::Timestamp::now(), "endsAt": "2100-01-01T00:00:00Z",
    });
    let set: Value =
        serde_json::from_str(&daemon.post("/api/v2/silences", &silence).unwrap().body).unwrap();
    let path = format!("/api/v2/silence/{}", set["silenceID"].as_str().unwrap());
    for (method, path) in [
        ("GET", "/api/v2/alerts"),
        ("GET", "/api/v2/alerts/groups"),
        ("GET", "/api/v2/silences"),
        ("GET", "/api/v2/receivers"),
        ("GET", "/api/v2/status"),
        ("DELETE", &path),
        ("GET", "/api/v2/nope"),
        ("GET", "/-/healthy"),
        ("POST", "/-/reload"),
        ("GET", "/metrics"),
    ] {
        daemon.send(method, path, &[], b"").unwrap();
    }
    let tried = "alertmanager_notification_requests_failed_total{integration=\"webhook\"";
    let page = wait_until("a notice that was tried", || {
        let page = daemon.metrics();
        let tried = page.lines().find(|line| line.starts_with(tried))?;
        (!tried.ends_with(" 0")).then_some(page)
    });
    families(&page)
}

fn families(page: &str) -> Families {
    let mut all = Families::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        all.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
    }
    for line in page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (sample, labels) = match line.split_once('{') {
            Some((name, rest)) => (name, rest.rsplit_once('}').unwrap().0),
            None => (line.split(' ').next().unwrap(), ""),
        };
        let whole = ["", "_bucket", "_sum", "_count"].iter().find_map(|end| {
            let name = sample.strip_suffix(end)?;
            all.contains_key(name).then(|| name.to_owned())
        });
        let family = all.get_mut(&whole.unwrap_or_else(|| panic!("{line}: of no family"))).unwrap();
        // Values here have no quotes and no commas of their own before an equals sign.
        let names = labels.split("\",").filter_map(|label| label.split_once("=\""));
        family.1.extend(names.map(|(name, _)| name.to_owned()));
    }
    all
}
