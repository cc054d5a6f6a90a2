//! What people of this field expect of an exporter, each expectation a test by its number in the project's checklist.
//! 7 (promtool accepts the text) needs that program: tests/real/prometheus.rs, where a real Prometheus also reads the
//! OpenMetrics of 8. 27 to 32, TLS and the like, are in conventions/web_config/, and before openssl, curl, promtool and
//! systemd in tests/real/web_config.rs. 34 and 38 belong to `/probe`: tests/personality.rs. 40 is a wiki
//! page, not code.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

#[path = "conventions/openmetrics.rs"]
mod openmetrics;
mod support;
#[path = "conventions/web_config/mod.rs"]
mod web_config;

use std::{collections::HashSet, process::Command};

use support::daemon::{Answer, Daemon};

/// A check that passes, one that fails, and hostile text wherever a user may put text.
fn daemon() -> (Daemon, tempfile::TempDir, std::path::PathBuf) {
    let up = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = up.local_addr().unwrap();
    std::thread::spawn(move || for _stream in up.incoming() {});
    let (daemon, folder, file) = Daemon::configured(&config(&address.to_string()));
    daemon.until_metrics("first runs", |metrics| {
        ["good", "bad", "secret"]
            .iter()
            .all(|name| metrics.contains(&format!("noroshi_check_up{{check=\"{name}\"")))
    });
    (daemon, folder, file)
}

fn config(address: &str) -> String {
    format!(
        r#"
[defaults]
interval = "1s"
timeout = "500ms"
failures = 1
[checks.good]
labels = {{ team = "a \"b\" \\ c\nd" }}
slo = {{ objective = 0.99, latency = "1s" }}
phase_histograms = true
tcp.address = "{address}"
[checks.bad]
tcp.address = "127.0.0.1:1"
[checks.secret]
http.url = "http://127.0.0.1:1/"
http.bearer_token = "hunter2-token"
"#
    )
}

fn scrape(daemon: &Daemon, accept: &str) -> Answer {
    daemon.ask("GET", "/metrics", &[&format!("Accept: {accept}")])
}

const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";
const PROTOBUF: &str =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// The name of a sample's line.
fn name(line: &str) -> &str {
    line.split(['{', ' ']).next().unwrap()
}

fn samples(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

#[test]
fn c01_without_accept_the_text_format_is_served() {
    let (daemon, ..) = daemon();
    let answer = daemon.get("/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
}

#[test]
fn c02_openmetrics_ends_with_eof_and_echoes_its_version() {
    let (daemon, ..) = daemon();
    let answer = scrape(&daemon, OPENMETRICS);
    assert!(answer.head.contains("application/openmetrics-text; version=1.0.0"), "{}", answer.head);
    assert_eq!(answer.body.lines().last(), Some("# EOF"));
    let escaped = scrape(&daemon, "text/plain;version=1.0.0;escaping=allow-utf-8");
    assert!(escaped.head.contains("escaping="), "{}", escaped.head);
}

#[test]
fn c03_the_highest_q_wins_and_the_unknown_is_never_refused() {
    let (daemon, ..) = daemon();
    let preferred =
        scrape(&daemon, &format!("text/plain;version=0.0.4;q=0.3, {OPENMETRICS};q=0.9"));
    assert!(preferred.head.contains("openmetrics-text"), "{}", preferred.head);
    let unknown = scrape(&daemon, "image/png");
    assert_eq!(unknown.status, 200);
    assert!(unknown.head.contains("version=0.0.4"), "{}", unknown.head);
}

#[test]
fn c04_protobuf_first_is_answered() {
    let (daemon, ..) = daemon();
    let answer = scrape(&daemon, &format!("{PROTOBUF};q=0.6, {OPENMETRICS};q=0.5, */*;q=0.1"));
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("application/vnd.google.protobuf"), "{}", answer.head);
}

#[test]
fn c05_gzip_and_identity() {
    let (daemon, ..) = daemon();
    for (coding, head) in [("gzip", "content-encoding: gzip"), ("zstd", "content-encoding: zstd")] {
        let answer = daemon.ask("GET", "/metrics", &[&format!("Accept-Encoding: {coding}")]);
        assert!(answer.head.contains(head), "{}", answer.head);
    }
    let plain = daemon.ask("GET", "/metrics", &["Accept-Encoding: identity"]);
    assert!(!plain.head.contains("content-encoding") && plain.body.contains("# HELP"));
}

#[test]
fn c06_head_is_answered_and_post_refused() {
    let (daemon, ..) = daemon();
    let head = daemon.ask("HEAD", "/metrics", &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(daemon.ask("POST", "/metrics", &[]).status, 405);
}

#[test]
fn c08_a_strict_reader_of_openmetrics_has_nothing_to_complain_of() {
    let (daemon, ..) = daemon();
    let text = scrape(&daemon, OPENMETRICS).body;
    assert!(text.contains("team=\"a \\\"b\\\" \\\\ c\\nd\""), "{text}");
    openmetrics::check(&text).unwrap_or_else(|why| panic!("{why}\n{text}"));
}

#[test]
fn c09_each_family_once_with_a_help_that_says_something() {
    let (daemon, ..) = daemon();
    for accept in ["text/plain", OPENMETRICS] {
        let text = scrape(&daemon, accept).body;
        let mut seen = HashSet::new();
        for line in text.lines().filter(|line| line.starts_with("# HELP ")) {
            let (family, help) = line["# HELP ".len()..].split_once(' ').unwrap();
            assert!(seen.insert(("help", family.to_owned())), "{family} twice");
            assert!(help.len() > 10, "{line}");
        }
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            let family = line["# TYPE ".len()..].split(' ').next().unwrap();
            assert!(seen.insert(("type", family.to_owned())), "{family} twice");
            assert!(seen.contains(&("help", family.to_owned())), "{family} without help");
        }
        // The samples of a family stand together.
        let mut done: HashSet<String> = HashSet::new();
        let mut last = String::new();
        for line in samples(&text) {
            let family = name(line)
                .trim_end_matches("_bucket")
                .trim_end_matches("_sum")
                .trim_end_matches("_count")
                .to_owned();
            if family != last {
                assert!(done.insert(family.clone()), "{family} in two places");
                last = family;
            }
        }
    }
}

#[test]
fn c10_every_family_has_our_prefix() {
    let (daemon, ..) = daemon();
    for line in samples(&daemon.metrics()) {
        assert!(line.starts_with("noroshi_") || line.starts_with("process_"), "{line}");
    }
}

#[test]
fn c11_base_units_only() {
    let (daemon, ..) = daemon();
    for line in samples(&daemon.metrics()) {
        for unit in ["_ms", "_milliseconds", "_percent", "_minutes", "_kb"] {
            assert!(
                !name(line).ends_with(unit) && !name(line).contains(&format!("{unit}_")),
                "{line}"
            );
        }
    }
}

#[test]
fn c12_total_is_for_counters_alone() {
    let (daemon, ..) = daemon();
    let text = daemon.metrics();
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let mut words = line["# TYPE ".len()..].split(' ');
        let (family, kind) = (words.next().unwrap(), words.next().unwrap());
        assert_eq!(family.ends_with("_total"), kind == "counter", "{line}");
        for suffix in ["_count", "_sum", "_bucket"] {
            assert!(!family.ends_with(suffix), "{line}");
        }
    }
}

#[test]
fn c13_times_are_timestamps() {
    let (daemon, ..) = daemon();
    let now = noroshi::clock::epoch_seconds(jiff::Timestamp::now());
    let text = daemon.metrics();
    let times: Vec<_> =
        samples(&text).filter(|line| name(line).ends_with("_timestamp_seconds")).collect();
    assert!(times.len() > 4, "{times:?}");
    for line in times {
        let value: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        assert!((value - now).abs() < 3600.0, "{line}");
    }
    for line in samples(&text) {
        assert!(!name(line).contains("remaining") && !name(line).contains("_since"), "{line}");
    }
}

#[test]
fn c14_info_is_one_and_the_build_is_named() {
    let (daemon, ..) = daemon();
    let text = daemon.metrics();
    for line in samples(&text).filter(|line| name(line).ends_with("_info")) {
        assert!(line.ends_with(" 1"), "{line}");
    }
    let build = samples(&text).find(|line| name(line) == "noroshi_build_info").unwrap();
    for label in ["version=", "revision=", "rustc=", "features="] {
        assert!(build.contains(label), "{build}");
    }
}

#[test]
fn c15_labels_that_belong_to_prometheus_are_left_alone() {
    let (daemon, ..) = daemon();
    for line in samples(&daemon.metrics()) {
        for label in ["instance", "job", "cluster", "env", "type", "service"] {
            let found =
                line.contains(&format!("{{{label}=")) || line.contains(&format!(",{label}="));
            assert!(!found, "{line}");
        }
    }
}

#[test]
fn c16_reasons_come_from_the_closed_vocabulary() {
    let (daemon, ..) = daemon();
    let text = daemon.metrics();
    let mut found = 0;
    for line in samples(&text) {
        let Some((_, rest)) = line.split_once("reason=\"") else { continue };
        let word = rest.split('"').next().unwrap();
        assert!(word.parse::<noroshi::model::Reason>().is_ok(), "{line}");
        found += 1;
    }
    assert!(found >= 2, "{text}");
}

#[test]
fn c17_series_of_a_removed_check_vanish_with_a_reload() {
    let (daemon, _folder, file) = daemon();
    assert!(daemon.metrics().contains("check=\"bad\""));
    let text = std::fs::read_to_string(&file).unwrap();
    let (kept, rest) = text.split_once("[checks.bad]").unwrap();
    let (_, secret) = rest.split_once("[checks.secret]").unwrap();
    std::fs::write(&file, format!("{kept}[checks.secret]{secret}")).unwrap();
    let answer = daemon.ask("POST", "/-/reload", &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = daemon.until_metrics("end of the old series", |text| !text.contains("\"bad\""));
    assert!(text.contains("check=\"good\""));
}

#[test]
fn c18_no_sample_carries_a_timestamp() {
    let (daemon, ..) = daemon();
    for line in samples(&daemon.metrics()) {
        let after = line.rsplit_once('}').map_or(line, |(_, value)| value).trim();
        let values = if line.contains('}') { 1 } else { 2 };
        assert_eq!(after.split(' ').count(), values, "{line}");
    }
}

/// As the design has it: the counters without a reason are there from the first scrape, at 0; the ones by reason from
/// their first failure on, because sixty zeroes per check would drown the rest.
#[test]
fn c19_counters_are_there_before_the_first_failure() {
    let (daemon, ..) = daemon();
    let text = daemon.metrics();
    let good = "{check=\"good\",group=\"default\",kind=\"tcp\"}";
    assert!(text.contains(&format!("noroshi_check_failures_total{good} 0\n")), "{text}");
    assert!(text.contains(&format!("noroshi_check_missed_runs_total{good} 0\n")), "{text}");
    assert!(!text.contains("noroshi_check_failure_reasons_total{check=\"good\""), "{text}");
}

#[test]
fn c20_no_created_series_and_c21_no_exemplars() {
    let (daemon, ..) = daemon();
    let text = scrape(&daemon, OPENMETRICS).body;
    for line in samples(&text) {
        assert!(!name(line).ends_with("_created") && !line.contains(" # {"), "{line}");
    }
}

/// That it is not ready before the first configuration runs lasts for microseconds of a process' life and cannot be met
/// from outside: src/api asks a router that was told it is not. While it stops: tests/app.rs.
#[test]
fn c22_healthy_and_c23_ready() {
    let (daemon, ..) = daemon();
    assert_eq!(daemon.get("/-/healthy").status, 200);
    assert_eq!(daemon.get("/-/ready").status, 200);
}

#[test]
fn c24_reload_is_post_or_put_and_says_what_is_wrong() {
    let (daemon, _folder, file) = daemon();
    assert_eq!(daemon.get("/-/reload").status, 405);
    assert_eq!(daemon.ask("PUT", "/-/reload", &[]).status, 200);
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "[checks.good]\ntcp.adress = \"x:1\"\n").unwrap();
    let refused = daemon.ask("POST", "/-/reload", &[]);
    assert_eq!(refused.status, 500);
    assert!(refused.body.contains("did you mean `address`"), "{}", refused.body);
    // The log has a line for each mistake, and one for what became of it.
    let at = format!("at={}:2:5 hint=\"did you mean `address`?\"", file.display());
    daemon.until_log(&at);
    daemon.until_log("1 error, 0 warnings; nothing was changed\" why=\"asked for\"");
    // Nothing was changed, and a metric says so.
    let text = daemon.metrics();
    assert!(text.contains("\nnoroshi_config_last_reload_successful 0\n"));
    assert!(text.contains("check=\"bad\""));
    std::fs::write(&file, good).unwrap();
    assert_eq!(daemon.ask("POST", "/-/reload", &[]).status, 200);
    let text = daemon.metrics();
    assert!(text.contains("\nnoroshi_config_last_reload_successful 1\n"));
}

/// The file watch says `a file changed`; nobody but the signal asks here.
#[test]
fn c24_sighup_reloads_although_no_file_changed() {
    let (daemon, _folder, _) = daemon();
    let asked = "msg=\"configuration reloaded: 3 checks, 0 changed\" why=\"asked for\"";
    assert!(!daemon.log().contains(asked), "{}", daemon.log());
    daemon.signal("HUP");
    daemon.until_log(asked);
}

#[test]
fn c25_the_reload_has_its_two_metrics() {
    let (daemon, ..) = daemon();
    let text = daemon.metrics();
    for name in ["successful", "success_timestamp_seconds"] {
        assert!(text.contains(&format!("\nnoroshi_config_last_reload_{name} ")), "{text}");
    }
}

#[test]
fn c26_the_landing_page_stands_alone_under_its_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "[checks.a]\ntcp.address = \"127.0.0.1:1\"\n").unwrap();
    let path = file.to_str().unwrap();
    let daemon = Daemon::start(&["--config.file", path, "--web.route-prefix=/noroshi"]);
    let page = daemon.get("/noroshi/");
    assert_eq!(page.status, 200);
    for text in ["noroshi", env!("CARGO_PKG_VERSION"), "metrics", "api/v1/checks", "-/healthy"] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
    for asset in ["src=\"http", "href=\"http", "@import"] {
        assert!(!page.body.contains(asset), "{asset}");
    }
    assert_eq!(daemon.get("/noroshi/metrics").status, 200);
    assert_eq!(daemon.get("/metrics").status, 404);
}

#[test]
fn c33_more_scrapes_than_permitted_are_refused_not_queued() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    // Large enough that a scrape nobody reads cannot be finished into the socket's buffers.
    let many = (0..15000)
        .map(|n| format!("[checks.c{n}]\ninterval = \"1h\"\ntcp.address = \"127.0.0.1:1\"\n"));
    let many = many.collect::<Vec<_>>().concat();
    std::fs::write(&file, many).unwrap();
    let path = file.to_str().unwrap();
    let daemon = Daemon::start(&["--config.file", path, "--web.max-requests=1"]);
    // A small window, so that the answer cannot go into the kernel's buffers whole.
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    held.set_recv_buffer_size(4096).unwrap();
    let address: std::net::SocketAddr = daemon.url().trim_start_matches("http://").parse().unwrap();
    held.connect(&address.into()).unwrap();
    let mut held = std::net::TcpStream::from(held);
    std::io::Write::write_all(&mut held, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0_u8; 12];
    std::io::Read::read_exact(&mut held, &mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    assert_eq!(daemon.get("/metrics").status, 503);
    // Others are not held up by it.
    assert_eq!(daemon.get("/-/healthy").status, 200);
    drop(held);
    daemon.until_metrics("free place", |text| text.contains("# HELP"));
}

#[test]
fn c35_sigterm_ends_it_in_time_with_0() {
    let (mut daemon, ..) = daemon();
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn c36_no_secret_leaves_the_process() {
    let (daemon, ..) = daemon();
    let config = daemon.get("/config").body;
    assert!(config.contains("<secret>"), "{config}");
    for path in ["/config", "/metrics", "/api/v1/checks", "/"] {
        assert!(!daemon.get(path).body.contains("hunter2"), "{path}");
    }
    assert!(!daemon.log().contains("hunter2"));
}

#[test]
fn c37_logs_are_logfmt_one_line_per_event() {
    let (daemon, ..) = daemon();
    let log = daemon.log();
    for line in log.lines() {
        assert!(line.starts_with("ts=20"), "{line}");
        let after = line.split_once(" level=").unwrap().1;
        let (level, after) = after.split_once(" target=").unwrap();
        assert!(["error", "warn", "info", "debug"].contains(&level), "{line}");
        assert!(after.contains(" msg="), "{line}");
    }
}

/// Whoever writes exporters is told to probe when scraped; who does not says so, and shows how old its values are.
#[test]
fn c39_that_it_schedules_on_its_own_is_said_and_seen() {
    let (daemon, ..) = daemon();
    let text = daemon.metrics();
    for check in ["good", "bad", "secret"] {
        let start = format!("noroshi_check_last_run_timestamp_seconds{{check=\"{check}\"");
        assert!(text.contains(&start), "{check}: {text}");
    }
    let help = "# HELP noroshi_check_last_run_timestamp_seconds When the last run ended";
    assert!(text.contains(help), "{text}");
    assert!(include_str!("../README.md").contains("on its own schedule"));
}

/// Every number has its test; where it cannot be here, the page above or the design says where it is.
#[test]
fn no_number_is_forgotten() {
    const ELSEWHERE: &[(u32, &str)] = &[
        (7, "tests/real/prometheus.rs"),
        (34, "/probe"),
        (38, "/probe"),
        (40, "a page of the Prometheus wiki"),
    ];
    let sources = [
        include_str!("conventions.rs"),
        include_str!("conventions/web_config/sockets.rs"),
        include_str!("conventions/web_config/mod.rs"),
        include_str!("conventions/web_config/tls.rs"),
        include_str!("conventions/web_config/users.rs"),
    ];
    let names: Vec<&str> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn ")))
        .collect();
    for number in 1..=41 {
        let here = names.iter().any(|name| {
            name.starts_with(&format!("c{number:02}_")) || name.contains(&format!("_c{number:02}_"))
        });
        let elsewhere = ELSEWHERE.iter().any(|(own, _)| *own == number);
        assert!(here || elsewhere, "{number} has no test");
    }
}

#[test]
fn c41_help_and_version_and_a_wrong_flag() {
    for (flag, code) in [("--help", 0), ("--version", 0), ("--nonsense", 2)] {
        let output = Command::new(env!("CARGO_BIN_EXE_noroshi")).arg(flag).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{flag}");
        assert_eq!(output.stdout.is_empty(), code != 0, "{flag}");
    }
    let page = [&["man"][..]];
    let scripts = ["bash", "zsh", "fish", "elvish"].map(|shell| ["completions", shell]);
    for arguments in page.into_iter().chain(scripts.iter().map(|words| &words[..])) {
        let output = Command::new(env!("CARGO_BIN_EXE_noroshi")).args(arguments).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{arguments:?}");
    }
}
