//! A real Prometheus scrapes the real binary, in every format there is.

use std::{
    io::Write,
    net::SocketAddr,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    server::{Server, free_port, get, part, wait_until},
    support::{
        authority::{Authority, Flaw},
        daemon::Daemon,
        kube_api::KubeApi,
        peer::Peer,
        web,
    },
};

/// Each format is scraped by a job of its own name.
const FORMATS: [(&str, &str); 3] = [
    ("text", "PrometheusText0.0.4"),
    ("openmetrics", "OpenMetricsText1.0.0"),
    ("protobuf", "PrometheusProto"),
];

/// Targets that live as long as the test.
struct Targets {
    config: String,
    _peers: Vec<Peer>,
    _authority: Authority,
}

async fn targets() -> Targets {
    let authority = Authority::new();
    let site = web::serve(|_| web::reply(200, &[], b"up")).await;
    let acceptor = authority.acceptor(Flaw::Expired);
    let expired = web::serve_tls(acceptor, |_| web::reply(200, &[], b"up")).await;
    let gone = Peer::refusing();
    let config = format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"900ms\"\nfailures = 1\npreferred_ip_protocol = \"ip4\"\n\
         [checks.site]\nlabels = {{ team = \"狼煙 \\\"web\\\"\" }}\nhttp.url = \"http://{}/?secret=1\"\n\
         [checks.expired]\nhttp.url = \"https://localhost:{}/\"\nhttp.tls.ca_file = \"{}\"\n\
         [checks.gone]\ntcp.address = \"{}\"\n",
        site.address(),
        expired.address().port(),
        authority.ca_file().display(),
        gone.address(),
    );
    Targets { config, _peers: vec![site, expired, gone], _authority: authority }
}

/// A Prometheus with these jobs, and where it listens.
pub(crate) fn scraping(jobs: &str, folder: &std::path::Path) -> Option<(Server, SocketAddr)> {
    let program = part("prometheus")?;
    let config =
        format!("global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs:\n{jobs}");
    let file = folder.join("prometheus.yml");
    std::fs::write(&file, config).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--enable-feature=native-histograms");
    let server =
        Server::start(&mut command, folder, "prometheus", || get(address, "/-/ready").is_some());
    Some((server, address))
}

/// A job for each format.
fn formats(target: &str) -> String {
    let jobs = FORMATS.map(|(job, format)| {
        format!(
            "- job_name: {job}\n  scrape_protocols: [{format}]\n  static_configs: [{{ targets: ['{target}'] }}]\n"
        )
    });
    jobs.concat()
}

/// The rows of an instant query: labels and value.
pub(crate) fn query(prometheus: SocketAddr, expression: &str) -> Vec<Value> {
    let encoded: String = form_urlencoded::byte_serialize(expression.as_bytes()).collect();
    let answer = get(prometheus, &format!("/api/v1/query?query={encoded}"))
        .unwrap_or_else(|| panic!("refused: {expression}"));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["data"]["result"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrapes_every_format_and_finds_the_same() {
    let targets = targets().await;
    let (daemon, folder, _) = Daemon::configured(&targets.config);
    let target = daemon.url().trim_start_matches("http://").to_owned();
    let Some((_server, prometheus)) = scraping(&formats(&target), folder.path()) else { return };

    // Each holds once, in every format, as soon as every check has run and every job has scraped.
    let expected = [
        "up == 1",
        "noroshi_check_success{check=\"site\"} == 1",
        "noroshi_check_up{check=\"site\"} == 1",
        "noroshi_check_up{check=\"gone\"} == 0",
        "noroshi_check_failing{check=\"gone\",reason=\"connect_refused\",kind=\"tcp\"} == 1",
        "noroshi_check_failing{check=\"expired\",reason=\"tls_expired\"} == 1",
        "noroshi_tls_not_after_timestamp_seconds{check=\"expired\",position=\"0\"} < time()",
        "noroshi_check_info{check=\"site\",team=\"狼煙 \\\"web\\\"\"} == 1",
        "noroshi_check_runs_total{check=\"gone\"} > 1",
        "noroshi_check_failures_total{check=\"site\"} == 0",
        "noroshi_check_failure_reasons_total{check=\"gone\",reason=\"connect_refused\"} > 1",
        "noroshi_check_phase_duration_seconds{check=\"site\",phase=\"connect\"} < 1",
    ];
    for expression in expected {
        wait_until(expression, || {
            let mut jobs: Vec<String> = query(prometheus, expression)
                .iter()
                .map(|row| row["metric"]["job"].as_str().unwrap().to_owned())
                .collect();
            jobs.sort();
            (jobs == ["openmetrics", "protobuf", "text"]).then_some(())
        });
    }
    // Classic buckets in the text formats, native ones in protobuf.
    wait_until("classic histograms", || {
        let rows = query(prometheus, "noroshi_check_duration_seconds_count{check=\"site\"} > 1");
        (rows.len() >= 2).then_some(())
    });
    wait_until("native histograms", || {
        let count = "histogram_count(noroshi_check_duration_seconds{check=\"site\"}) > 1";
        (query(prometheus, count).len() == 1).then_some(())
    });
    let leaked = query(prometheus, "{target=~\".*secret.*\"}");
    assert!(leaked.is_empty(), "the query of a URL is no label: {leaked:?}");
    // noroshi's own series are there too, and no scrape was refused in part.
    assert_eq!(query(prometheus, "process_start_time_seconds > 0").len(), FORMATS.len());
    assert_eq!(query(prometheus, "scrape_samples_scraped > 20").len(), FORMATS.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promtool_accepts_the_text() {
    let Some(promtool) = part("promtool") else { return };
    let targets = targets().await;
    let (daemon, _folder, _) = Daemon::configured(&targets.config);
    let metrics = daemon.until_metrics("a failing check", |metrics| {
        metrics.contains("noroshi_check_failing{check=\"gone\"") && metrics.contains("tls_expired")
    });
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}\n{metrics}", String::from_utf8_lossy(&said));
}

/// The scrape that `docs/kubernetes.md` shows, with a target that has labels of its own, as they are found in a cluster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recipe_for_objects_keeps_their_labels() {
    let api = KubeApi::start().await;
    api.put("pods", json!({ "metadata": { "namespace": "shop", "name": "web" }, "spec": {} }));
    let config = format!("[clusters.far]\nserver = \"{}\"\nresources = [\"pods\"]\n", api.url());
    let (daemon, folder, _) = Daemon::configured(&config);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kubernetes.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, recipe) = page.split_once("```yaml\nscrape_configs:\n").unwrap();
    let (recipe, _) = recipe.split_once("```").unwrap();
    let target = daemon.url().trim_start_matches("http://").to_owned();
    let found = format!(
        "targets: [\"{target}\"], labels: {{ namespace: monitoring, pod: noroshi-0, cluster: here }}"
    );
    let jobs = recipe.replace("targets: [\"noroshi:10070\"]", &found);
    assert_eq!(jobs.matches(&found).count(), 2, "{jobs}");
    let Some((_server, prometheus)) = scraping(&jobs, folder.path()) else { return };
    let row = wait_until("the pod", || query(prometheus, "kube_pod_info").pop());
    for (label, value) in
        [("job", "kube-state-metrics"), ("namespace", "shop"), ("pod", "web"), ("cluster", "far")]
    {
        assert_eq!(row["metric"][label], value, "{row}");
    }
    assert!(!row.to_string().contains("exported_"), "{row}");
    wait_until("both jobs", || (query(prometheus, "up == 1").len() == 2).then_some(()));
    let own = query(prometheus, "noroshi_build_info").pop().unwrap();
    assert_eq!(own["metric"]["job"], "noroshi");
}
