//! `noroshi blackbox` as its operators meet it: the binary under blackbox_exporter's name, its flags, exit codes and
//! signals, its file and its pages.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, UdpSocket},
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use noroshi::demo::{self, Ports};
use support::daemon::{Daemon, noroshi};

const MODULES: &str = "\
modules:
  http_2xx:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
  tcp_connect:
    prober: tcp
    tcp:
      preferred_ip_protocol: ip4
  secret:
    prober: http
    http:
      bearer_token: hunter2-token
";

/// A folder with the binary linked under the peer's name and a file of modules.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["blackbox_exporter", "prometheus-blackbox-exporter"] {
            symlink(env!("CARGO_BIN_EXE_noroshi"), place.at(name)).unwrap();
        }
        place.write(MODULES);
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, text: &str) {
        fs::write(self.at("blackbox.yml"), text).unwrap();
    }

    /// The peer's binary in this folder, where its default file lies too.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.at("blackbox_exporter"));
        command.args(arguments).env_clear().current_dir(self.folder.path());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn start(&self, arguments: &[&str]) -> Daemon {
        Daemon::spawn(self.command(arguments).args(["--web.listen-address", "127.0.0.1:0"]))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server that answers every request with a short page; its address.
fn page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            );
        }
    });
    address
}

#[test]
fn help_and_version_go_to_stdout() {
    let place = Place::new();
    for flag in ["--help", "-h", "--help-long"] {
        let shown = place.output(&[flag]);
        assert_eq!(shown.status.code(), Some(0), "{flag}");
        let help = text(&shown.stdout);
        assert!(help.contains("Usage: blackbox_exporter [OPTIONS]"), "{help}");
        for flag in [
            "config.file",
            "config.check",
            "timeout-offset",
            "history.limit",
            "web.listen-address",
            "web.config.file",
            "web.systemd-socket",
            "web.external-url",
            "web.route-prefix",
            "log.level",
            "log.format",
            "log.prober",
            "config.enable-auto-reload",
            "config.auto-reload-interval",
        ] {
            assert!(help.contains(&format!("--{flag}")), "{flag} in {help}");
        }
    }
    let manual = place.output(&["--help-man"]);
    assert_eq!(manual.status.code(), Some(0));
    assert!(text(&manual.stdout).contains(".TH blackbox_exporter"), "{}", text(&manual.stdout));
    let version = place.output(&["--no-version"]);
    assert!(text(&version.stdout).starts_with("noroshi, version "));
    let version = place.output(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    let version = text(&version.stdout);
    let third = version.split_whitespace().nth(2);
    assert_eq!(third, Some(env!("CARGO_PKG_VERSION")), "{version}");
    let command = noroshi(&["blackbox", "--help"]).output().unwrap();
    assert!(text(&command.stdout).contains("Usage: noroshi blackbox [OPTIONS]"));
}

#[test]
fn exit_codes_are_those_of_the_peer() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    fs::write(place.at("args"), "# a comment\n--config.check\n").unwrap();
    let taken = format!("--web.listen-address={}", taken.local_addr().unwrap());
    for (arguments, code) in [
        (&["--config.check"][..], 0),
        (&["--config.check", "--no-config.enable-auto-reload", "--history.limit", "7"], 0),
        (&["--config.check", "--log.prober=nonsense"], 0),
        (&["--config.check", "--history.limit=0x10", "--timeout-offset=0x1p-1"], 0),
        (&["--config.check", "--history.limit=18446744073709551616"], 1),
        (&["--config.check", "--timeout-offset=1e999"], 1),
        (&["@args"], 0),
        (&["@nothing"], 1),
        (&["--nonsense"], 1),
        (&["--config.check=true"], 1),
        (&["argument"], 1),
        (&["--log.level=nonsense"], 1),
        (&["--config.file"], 1),
        (&["--config.file=a.yml", "--config.file=b.yml"], 1),
        (&["--config.file=missing.yml"], 1),
        (&["--config.check", "--config.file=missing.yml"], 1),
        (&["--web.external-url='quoted'"], 1),
        (&["--web.systemd-socket"], 1),
        (&[&taken], 1),
    ] {
        let ended = place.output(arguments);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {}", text(&ended.stderr));
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{arguments:?}");
    }
    place.write("modules:\n  a:\n    prober: http\n    nonsense: 1\n");
    let refused = place.output(&["--config.check"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("nonsense"), "{}", text(&refused.stderr));
    let command = noroshi(&["blackbox", "--nonsense"]).output().unwrap();
    assert_eq!(command.status.code(), Some(1));
    let before = noroshi(&["--log.level=warn", "blackbox"]).output().unwrap();
    assert_eq!(before.status.code(), Some(2));
}

#[test]
fn the_other_name_is_the_same_program() {
    let place = Place::new();
    let ended = Command::new(place.at("prometheus-blackbox-exporter"))
        .args(["--config.check", "--config.file"])
        .arg(place.at("blackbox.yml"))
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let log = text(&ended.stderr);
    for line in log.lines() {
        let level = [" level=INFO source=", " level=WARN source="];
        let has_level = level.iter().any(|level| line.contains(level));
        assert!(line.starts_with("time=") && has_level, "{line}");
    }
    assert!(log.contains("level=WARN") && log.contains("path=modules.secret.http.bearer_token"));
    assert!(log.contains("msg=\"Config file is ok exiting...\""), "{log}");
}

/// Convention 38, and the first half of 34: the scrape's own timeout counts.
#[test]
fn c38_a_probe_is_that_of_blackbox_exporter() {
    let place = Place::new();
    let daemon = place.start(&[]);
    let target = page();
    let answer = daemon.get(&format!("/probe?target={target}&module=http_2xx"));
    assert_eq!(answer.status, 200);
    let wanted = "content-type: text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    assert!(answer.head.contains(wanted), "{}", answer.head);
    for line in [
        "probe_success 1",
        "probe_http_status_code 200",
        "probe_http_content_length -1",
        "probe_http_uncompressed_body_length 2",
        "probe_http_version 1.1",
        "probe_ip_protocol 4",
        "probe_ip_addr_hash 3668918509",
        "probe_timeout_seconds 5",
    ] {
        assert!(answer.body.contains(&format!("\n{line}\n")), "{line} in {}", answer.body);
    }
    assert!(answer.body.contains("\nprobe_duration_seconds 0."), "{}", answer.body);
    let path = format!("/probe?target={target}&module=http_2xx&debug=true");
    let debug = daemon.get(&path).body;
    assert!(debug.starts_with("Logs for the probe:\n"), "{debug}");
    assert!(debug.contains("\n\n\nModule configuration:\n"), "{debug}");
    let header = "X-Prometheus-Scrape-Timeout-Seconds: 2";
    let short = daemon.ask("GET", &format!("/probe?target={target}"), &[header]);
    assert!(short.body.contains("\nprobe_timeout_seconds 1.5\n"), "{}", short.body);
    assert!(daemon.get("/logs?id=0").body.starts_with("Logs for the probe:\n"));
    assert!(daemon.get("/").body.contains("<td>http_2xx</td>"));
    assert!(daemon.metrics().contains("\nblackbox_exporter_config_last_reload_successful 1\n"));
}

const PROBERS: &str = "\
modules:
  dns:
    prober: dns
    dns: { preferred_ip_protocol: ip4, query_name: a.test, query_type: SOA }
  icmp:
    prober: icmp
    icmp: { preferred_ip_protocol: ip4 }
  unix:
    prober: unix
    unix: { query_response: [{ expect: '^(hello)', labels: [{ name: said, value: '${1}' }] }] }
  tls:
    prober: tcp
    tcp: { preferred_ip_protocol: ip4, tls: true, tls_config: { insecure_skip_verify: true } }
  strict:
    prober: tcp
    tcp: { preferred_ip_protocol: ip4, tls: true }
  grpc:
    prober: grpc
    grpc: { preferred_ip_protocol: ip4 }
";

/// A name server that knows nothing of anything; its address.
fn name_server() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut message = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut message) {
            // The question back, marked as a response.
            message[2] |= 0x80;
            let _ = socket.send_to(&message[..length], client);
        }
    });
    address
}

/// What each prober shows of an answer, and of a certificate that nobody may trust.
#[tokio::test(flavor = "multi_thread")]
async fn each_prober_has_its_own_families() {
    let place = Place::new();
    place.write(PROBERS);
    let socket = place.at("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"hello\n");
        }
    });
    let free = Ports { http: 0, https: 0, expired: 0, tcp: 0, dns: 0, websocket: 0, grpc: 0 };
    let demo = demo::start(&free).unwrap();
    let daemon = place.start(&[]);
    let https = format!("127.0.0.1:{}", demo.ports().https);
    let socket = socket.to_str().unwrap();
    for (module, target, shown, hidden) in [
        (
            "dns",
            &*name_server(),
            &[
                "probe_success 1",
                "probe_dns_query_succeeded 1",
                "probe_dns_answer_rrs 0",
                "probe_dns_serial 0",
                "probe_dns_duration_seconds{phase=\"request\"} ",
            ][..],
            "probe_http",
        ),
        (
            "unix",
            socket,
            &[
                "probe_success 1",
                "probe_failed_due_to_bytes 0",
                "probe_expect_info{said=\"hello\"} 1",
            ],
            "probe_ip_protocol",
        ),
        (
            "tls",
            &https,
            &[
                "probe_success 1",
                "probe_ssl_earliest_cert_expiry ",
                "probe_tls_version_info{version=\"TLS 1.3\"} 1",
                "probe_ssl_last_chain_info{fingerprint_sha256=\"",
            ],
            "last_chain_expiry",
        ),
        (
            "strict",
            &https,
            &[
                "probe_success 0",
                "probe_ssl_earliest_cert_expiry ",
                "probe_failure_reason{reason=\"tls_untrusted\"} 1",
            ],
            "probe_failed_due_to",
        ),
        (
            "grpc",
            "127.0.0.1:1",
            &[
                "probe_success 0",
                "probe_grpc_status_code 14",
                "probe_grpc_healthcheck_response{serving_status=\"SERVING\"} 0",
                "probe_failure_reason{reason=\"connect_refused\"} 1",
            ],
            "probe_ssl",
        ),
    ] {
        let body = daemon.get(&format!("/probe?module={module}&target={target}")).body;
        for row in shown {
            assert!(body.contains(&format!("\n{row}")), "{module}: {row} in\n{body}");
        }
        assert!(!body.contains(hidden), "{module}: {hidden} in\n{body}");
    }
    let ping = daemon.get("/probe?module=icmp&target=127.0.0.1").body;
    // Whether we may ping is the machine's business.
    if !ping.contains("icmp_permission") {
        assert!(ping.contains("\nprobe_success 1\n"), "{ping}");
        assert!(ping.contains("\nprobe_icmp_duration_seconds{phase=\"rtt\"} "), "{ping}");
    }
    demo.stop().await;
}

/// Random letters, `a` and another.
fn random(other: u8, length: usize) -> Vec<u8> {
    let mut random = 1_u32;
    let mut letter = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if random >> 31 == 0 { b'a' } else { other }
    };
    (0..length).map(|_| letter()).collect()
}

/// A server that announces a body of so many bytes and sends these; its address, and a word for each body that is sent.
fn large_page(body: Vec<u8>, length: usize) -> (String, mpsc::Receiver<()>) {
    let (sent, told) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let body: Arc<[u8]> = body.into();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (body, sent) = (Arc::clone(&body), sent.clone());
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(&body);
                let _ = sent.send(());
                // Until the other side goes.
                let _ = stream.read(&mut [0]);
            });
        }
    });
    (address, told)
}

/// The figure of a line of `/proc/PID/status`, in kB.
fn memory(daemon: &Daemon, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let value = status.lines().find_map(|own| own.strip_prefix(line)).unwrap();
    value.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

const LARGE: usize = 15 << 20;

/// A drop-in that looks at bodies. This pattern needs a minute for a large one: no table of states is large enough for it.
fn looking(place: &Place) -> Daemon {
    place.write(
        "modules:\n  slow: { prober: http, timeout: 4s, http: { preferred_ip_protocol: ip4, \
         fail_if_body_matches_regexp: ['[^a].{300}c'] } }\n  \
         quick: { prober: http, timeout: 4s, http: { preferred_ip_protocol: ip4, \
         fail_if_body_not_matches_regexp: ['b'] } }\n",
    );
    place.start(&[])
}

/// 24 bodies of 15 MiB would be 360 MiB, and copies of those that are no UTF-8 a gigabyte.
#[test]
fn large_bodies_and_slow_patterns_hold_nothing_up() {
    let place = Place::new();
    for other in [b'b', b'\xff'] {
        let daemon = looking(&place);
        let idle = memory(&daemon, "VmRSS");
        let (target, _) = large_page(random(other, LARGE), LARGE);
        let path = format!("/probe?module=slow&target={target}");
        let began = Instant::now();
        let answers: Vec<String> = std::thread::scope(|scope| {
            let ask = || scope.spawn(|| daemon.get(&path).body);
            let asked: Vec<_> = (0..24).map(|_| ask()).collect();
            while !asked.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                let before = Instant::now();
                assert_eq!(daemon.get("/-/healthy").status, 200);
                assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
                // Between two looks, so that looking is not the load.
                std::thread::sleep(Duration::from_millis(50));
            }
            asked.into_iter().map(|probe| probe.join().unwrap()).collect()
        });
        // Seconds more than the deadline, for a machine that has much else to do.
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let by = |reason: &str| {
            let line = format!("probe_failure_reason{{reason=\"{reason}\"}} 1");
            answers.iter().filter(|answer| answer.contains(&line)).count()
        };
        let reasons = [by("deadline_exceeded"), by("local_resources")];
        assert_eq!(reasons.iter().sum::<usize>(), 24, "{reasons:?}");
        assert!(reasons[1] >= 8, "{reasons:?}");
        let grown = memory(&daemon, "VmHWM") - idle;
        assert!(grown < 160 * 1024, "{grown} kB");
    }
}

/// Who sends half of a large body and then nothing takes no room that he did not fill.
#[test]
fn slow_strangers_leave_room_for_others() {
    let place = Place::new();
    let daemon = looking(&place);
    let (slow, sent) = large_page(random(b'b', 400_000), LARGE);
    let (sound, _) = large_page(random(b'b', 400_000), 400_000);
    let path = format!("/probe?module=slow&target={slow}");
    std::thread::scope(|scope| {
        let held: Vec<_> = (0..16).map(|_| scope.spawn(|| daemon.get(&path).body)).collect();
        assert_eq!(sent.iter().take(held.len()).count(), held.len());
        for _ in 0..5 {
            let answer = daemon.get(&format!("/probe?module=quick&target={sound}")).body;
            assert!(answer.contains("\nprobe_success 1\n"), "{answer}");
        }
        assert!(held.iter().all(|probe| !probe.is_finished()), "they were in flight meanwhile");
        for probe in held {
            let answer = probe.join().unwrap();
            assert!(answer.contains("{reason=\"receive_timeout\"} 1"), "{answer}");
        }
    });
}

#[test]
fn what_failed_is_in_the_log_and_secrets_are_nowhere() {
    let place = Place::new();
    let daemon = place.start(&[]);
    let target = {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
        nobody.local_addr().unwrap().to_string()
    };
    let failed = daemon.get(&format!("/probe?target=http://user:pass@{target}&module=secret"));
    assert!(failed.body.contains("probe_failure_reason{reason=\""), "{}", failed.body);
    daemon.until_log("msg=\"Probe failed\" module=secret");
    let config = daemon.get("/config").body;
    assert!(config.contains("secret:") && config.contains("<secret>"), "{config}");
    let shown = [config, daemon.get("/logs?id=0").body, daemon.get("/").body, daemon.log()];
    for page in shown {
        assert!(!page.contains("hunter2") && !page.contains("user:pass"), "{page}");
    }
}

#[test]
fn a_reload_is_asked_for_in_three_ways() {
    let place = Place::new();
    let mut daemon =
        place.start(&["--config.enable-auto-reload", "--config.auto-reload-interval", "1"]);
    let known = |name: &str| {
        let path = format!("/probe?module={name}&target=127.0.0.1:1");
        daemon.get(&path).status == 200
    };
    assert!(!known("one"));
    let module = |name: &str| format!("modules:\n  {name}:\n    prober: tcp\n");
    place.write(&module("one"));
    assert_eq!(daemon.ask("POST", "/-/reload", &[]).status, 200);
    assert!(known("one") && !known("http_2xx"));
    place.write("modules: [");
    let refused = daemon.ask("POST", "/-/reload", &[]);
    assert_eq!(refused.status, 500);
    assert!(refused.body.starts_with("failed to reload config: "), "{}", refused.body);
    assert!(known("one"), "the modules from before stay");
    daemon.until_metrics("the failure", |metrics| {
        metrics.contains("\nblackbox_exporter_config_last_reload_successful 0\n")
    });
    place.write(&module("two"));
    daemon.signal("HUP");
    daemon.until("/config", "the second file", |config| config.contains("two:"));
    assert_eq!(daemon.ask("GET", "/-/reload", &[]).status, 405);
    place.write(&module("three"));
    daemon.until("/config", "the file by itself", |config| config.contains("three:"));
    daemon.until_log("No changes detected.");
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn pages_stand_under_the_external_path() {
    let place = Place::new();
    let daemon = place.start(&["--web.external-url=http://ext.example/bb/"]);
    assert_eq!(daemon.get("/bb/-/healthy").body, "Healthy");
    let root = daemon.get("/");
    assert_eq!(root.status, 302);
    assert!(root.head.contains("location: http://ext.example/bb"), "{}", root.head);
    assert_eq!(daemon.get("/metrics").status, 404);
    assert_eq!(daemon.get("/bb/anything/at/all").status, 200);
}

#[test]
fn lines_may_be_json() {
    let place = Place::new();
    let ended = place.output(&["--config.check", "--log.format", "json"]);
    for line in text(&ended.stderr).lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["time", "level", "source", "msg"] {
            assert!(object[key].is_string(), "{key} in {line}");
        }
    }
}

/// The ordinary daemon answers the same, and the file's mistakes are its configuration's.
#[test]
fn the_daemon_serves_probes_from_a_blackbox_file() {
    let place = Place::new();
    let file = |path: &Path| format!("[blackbox]\nconfig_file = {:?}\n", path.to_str().unwrap());
    let config = place.at("noroshi.toml");
    fs::write(&config, file(&place.at("blackbox.yml"))).unwrap();
    let daemon = Daemon::start(&["--config.file", config.to_str().unwrap()]);
    let path = format!("/probe?target={}&module=http_2xx", page());
    let answer = daemon.get(&path);
    assert!(answer.body.contains("\nprobe_success 1\n"), "{}", answer.body);
    assert_eq!(daemon.get("/logs?id=0").status, 200);
    place.write("modules:\n  a:\n    prober: http\n    nonsense: 1\n");
    let refused = daemon.ask("POST", "/-/reload", &[]);
    assert_eq!(refused.status, 500);
    assert!(refused.body.contains("nonsense") && refused.body.contains(":4:"), "{}", refused.body);
    assert!(daemon.get(&path).body.contains("\nprobe_success 1\n"));
    let checked = noroshi(&["check-config", config.to_str().unwrap()]).output().unwrap();
    assert_eq!(checked.status.code(), Some(78), "{}", text(&checked.stdout));
}
