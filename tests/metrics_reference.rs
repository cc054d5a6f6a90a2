//! `docs/metrics.md` lists what the daemon exposes: `UPDATE_DOCS=1` writes it, without it they are compared; and a running
//! daemon that watches a target of every kind shows what the page lists, no more and hardly less.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{collections::BTreeSet, env, fs, path::Path};

use noroshi::{
    app::{self, App},
    demo::{self, Ports},
    metrics::reference,
    probe::{COMMON_FAMILIES, spec::KINDS},
};
use serde_json::json;
use support::{
    Bridge, Peer,
    app::Bench,
    authority::{Authority, Flaw},
    eventually,
    kube_api::KubeApi,
    web,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

const BEGIN: &str = "<!-- reference: begin -->\n";
const END: &str = "<!-- reference: end -->";

/// The section of what the API alone shows.
const INTERNAL: &str = "## Shown by the API alone";

/// The section behind those of clusters and their objects.
const AFTER_CLUSTERS: &str = "## noroshi itself";

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).unwrap()
}

/// Of all that a started app has registered, whichever folder did.
fn generated(app: &App) -> String {
    reference(&app::families(), app.telemetry())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "the process says less of itself")]
async fn the_reference_is_what_the_code_exposes() {
    let (site, gone) = (web::serve(|_| web::reply(200, &[], b"")).await, Peer::refusing());
    let bench = Bench::new(&told(&site, &gone)).await;
    // Labels are those of series: each family must have one.
    until_told(&bench).await;
    let text = page();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let written = [before, BEGIN, "\n", &generated(&bench.app), "\n", END, after].concat();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md"), written).unwrap();
    } else if written != text {
        let known: Vec<&str> = text.lines().collect();
        let new: Vec<&str> = written.lines().filter(|line| !known.contains(line)).collect();
        panic!("docs/metrics.md is behind; run with UPDATE_DOCS=1. New:\n{}", new.join("\n"));
    }
    assert!(bench.app.stop().await);
}

/// A series with two labels of one name is refused by Prometheus, and with it the whole scrape.
#[test]
fn no_family_repeats_a_label_of_its_check() {
    for desc in COMMON_FAMILIES.iter().chain(KINDS.iter().flat_map(|kind| kind.families)) {
        for (at, label) in desc.labels.iter().enumerate() {
            let of_checks = ["check", "group", "kind", "target", "instance", "job", "le"];
            assert!(!of_checks.contains(label), "{}: {label}", desc.name);
            assert!(!desc.labels[..at].contains(label), "{}: {label} twice", desc.name);
        }
    }
}

/// A check of every kind, told to measure all it can; one that fails, one suppressed by it, one that warns.
fn every_kind(ports: Ports, site: &Peer, gone: &Peer, socket: &Path, api: &KubeApi) -> String {
    format!(
        r#"preferred_ip_protocol = "ip4"
[checks.http]
slo = {{ objective = 0.99, latency = "1s" }}
phase_histograms = true
addresses = "all"
depends_on = ["gone"]
http.url = "http://{site}/"
[checks.gone]
tcp.address = "{gone}"
[checks.tcp]
tcp.address = "127.0.0.1:{tcp}"
tcp.dialogue = [{{ expect = "^220 " }}, {{ send = "QUIT\r\n" }}, {{ expect = "^221 " }}]
[checks.tls]
tls.address = "localhost:{https}"
tls.insecure_skip_verify = true
[checks.dns]
warn = {{ metrics = [{{ name = "noroshi_check_ip_protocol", above = 1.0 }}] }}
dns.server = "127.0.0.1:{dns}"
dns.name = "demo.noroshi.test"
dns.type = "SOA"
[checks.icmp]
icmp = {{ host = "127.0.0.1", count = 3, gap = "10ms" }}
[checks.websocket]
websocket.url = "ws://127.0.0.1:{websocket}/"
websocket.ping = true
[checks.unix]
unix.path = "{socket}"
unix.dialogue = [{{ expect = "^hello" }}]
[checks.grpc]
grpc.address = "127.0.0.1:{grpc}"
[clusters.main]
server = "{api}"
resources = []
[checks.kubernetes]
kubernetes = {{ kind = "deployment", namespace = "a", name = "web" }}
[checks.pods]
kubernetes = {{ kind = "pods", namespace = "a", name = "web", restarts = {{ most = 1, within = "1h" }} }}
[checks.cronjob]
kubernetes = {{ kind = "cronjob", namespace = "a", name = "web" }}
"#,
        site = site.address(),
        gone = gone.address(),
        tcp = ports.tcp,
        https = ports.https,
        dns = ports.dns,
        websocket = ports.websocket,
        socket = socket.display(),
        grpc = ports.grpc,
        api = api.url(),
    )
}

/// A check that is down, somebody who is told of it, and somebody who cannot be.
fn told(site: &Peer, gone: &Peer) -> String {
    let (site, gone) = (site.address(), gone.address());
    format!(
        r#"[checks.down]
tcp.address = "{gone}"
[receivers.ops]
webhook = [{{ url = "http://{site}/" }}, {{ url = "http://{gone}/" }}]
[route]
receiver = "ops"
group_wait = "0s"
[alertmanagers.main]
url = "http://{site}/"
[deadman.heart]
url = "http://{site}/"
"#
    )
}

/// What is not there before something was told, or could not be.
const LATE: &[&str] = &[
    "noroshi_alertmanager_latency_seconds",
    "noroshi_notification_breaker_open",
    "noroshi_notification_duration_seconds",
    "noroshi_notification_failures_total",
    "noroshi_notification_latency_seconds",
];

/// Waits until every family about alerting has a series.
async fn until_told(bench: &Bench) {
    let mut wanting: Vec<_>;
    eventually!(some {
        let shown = shown(&bench.get("/metrics").await.1);
        wanting = LATE.iter().filter(|family| !shown.contains(**family)).collect();
        wanting.is_empty().then_some(())
    }, "{wanting:?} have no series");
}

/// The families in the tables of a part of the page.
fn listed(part: &str) -> BTreeSet<String> {
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

/// The families that have at least one series.
fn shown(metrics: &str) -> BTreeSet<String> {
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// What a machine may be unable to measure: which ping sockets there are is up to its system.
fn optional(family: &str, metrics: &str) -> bool {
    let pings = !metrics.contains("reason=\"icmp_permission\"");
    family == "noroshi_icmp_reply_hop_limit" || (family.starts_with("noroshi_icmp_") && !pings)
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "the process says less of itself")]
async fn a_running_daemon_shows_what_is_listed() {
    let none = Ports { http: 0, https: 0, expired: 0, tcp: 0, dns: 0, websocket: 0, grpc: 0 };
    let demo = demo::start(&none).unwrap();
    let dated = [("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")];
    let site = web::serve(move |_| web::reply(200, &dated, b"up")).await;
    let gone = Peer::refusing();
    let greeting = |mut stream: TcpStream, _, _| async move { stream.write_all(b"hello\n").await };
    let greeter = Peer::stream(greeting).await;
    let api = KubeApi::start().await;
    let named =
        |status| json!({ "metadata": { "namespace": "a", "name": "web" }, "status": status });
    for (resource, status) in [
        ("deployments", json!({ "availableReplicas": 1 })),
        ("pods", json!({ "phase": "Running" })),
        ("cronjobs", json!({ "lastSuccessfulTime": "2026-01-01T00:00:00Z" })),
    ] {
        api.put(resource, named(status));
    }
    let bridge = Bridge::to(&greeter);
    let authority = Authority::new();
    let trusted =
        web::serve_tls(authority.acceptor(Flaw::None), |_| web::reply(200, &[], b"")).await;
    let config = format!(
        "{}{}[checks.trusted]\ntls = {{ address = \"{}\", ca_file = \"{}\" }}\n",
        every_kind(demo.ports(), &site, &gone, bridge.path(), &api),
        told(&site, &gone),
        trusted.address(),
        authority.ca_file().display(),
    );
    let bench = Bench::new(&config).await;
    for kind in KINDS {
        assert!(bench.value("noroshi_check_info", kind.word).await.is_some(), "{}", kind.word);
    }
    let page = page();
    let (_, rest) = page.split_once(BEGIN).unwrap();
    let (before, rest) = rest.split_once(INTERNAL).unwrap();
    let (internal, own) = rest.split_once("\n## ").unwrap();
    // The cluster is there for its checks: `tests/clusters.rs` and `tests/kube_own.rs` look at what is shown of one.
    let (_, own) = own.split_once(AFTER_CLUSTERS).unwrap();
    let (internal, listed) = (listed(internal), &listed(before) | &listed(own));
    let mut missing: Vec<String>;
    let metrics = eventually!(some {
        let (_, metrics) = bench.get("/metrics").await;
        missing = listed.difference(&shown(&metrics)).cloned().collect();
        missing.retain(|family| !optional(family, &metrics));
        missing.is_empty().then_some(metrics)
    }, "{missing:?} is listed and not shown");
    let mut unlisted: Vec<_> = shown(&metrics).difference(&listed).cloned().collect();
    unlisted.retain(|family| !family.starts_with("noroshi_cluster_"));
    assert!(unlisted.is_empty(), "docs/metrics.md lacks {unlisted:?}");
    assert!(shown(&metrics).is_disjoint(&internal));
    assert!(bench.app.stop().await);
}
