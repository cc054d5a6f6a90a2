//! `/probe` and its pages, asked through the router, with probes that really run against peers on loopback.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tower::ServiceExt;

use super::*;
use crate::{
    api::Reload,
    compat::blackbox::{Module, Prober},
    metrics::{Scrapes, Telemetry},
    model::{CheckId, CheckSettings, IpProtocol},
    probe::{self, Net, spec::KINDS},
};

/// A `Blackbox` and what it told its log.
pub(in crate::api) struct Fixture {
    pub(in crate::api) blackbox: Blackbox,
    told: Arc<Mutex<Vec<String>>>,
    metrics: Metrics,
}

/// With these modules; the history keeps so many results.
pub(in crate::api) fn fixture(modules: Vec<Module>, history_limit: usize) -> Fixture {
    let net = Net::new();
    let run: Run = Arc::new(move |check, trace| {
        let net = net.clone();
        Box::pin(async move { Some(probe::run(&check, &net, Clock::system(), trace).await) })
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let say: Say = Arc::new(move |told| {
        let lines = told.lines();
        kept.lock()
            .extend(lines.iter().map(|line| format!("{} {}", line.level.word(), line.words)));
    });
    let options =
        Options { timeout_offset: 0.5, history_limit, max_requests: 2, format: Format::Logfmt };
    let modules: BTreeMap<_, _> =
        modules.into_iter().map(|module| (module.name.to_string(), Arc::new(module))).collect();
    let modules = Modules { modules, shown: "modules: {}\n".into(), ..Modules::default() };
    let modules = Arc::new(ArcSwap::from_pointee(modules));
    let metrics = Metrics::default();
    let blackbox = Blackbox::new(modules, options, run, say, Clock::system(), metrics.clone());
    Fixture { blackbox, told, metrics }
}

/// A module made of the native kind's table.
fn module(name: &str, prober: Prober, kind: &str, toml: &str) -> Module {
    let kind = KINDS.iter().find(|known| known.word == kind).unwrap();
    let table: toml::Table = toml::from_str(toml).unwrap();
    let spec = (kind.parse)(&figment::value::Value::serialize(&table).unwrap()).unwrap();
    let settings = CheckSettings {
        preferred_ip_protocol: IpProtocol::Ip4,
        ..CheckSettings::new(CheckId::new(name), kind.word, "", "")
    };
    Module {
        name: name.into(),
        prober,
        timeout: Some(Duration::from_secs(5)),
        spec: Arc::new(spec),
        settings,
        shown: format!("prober: {}\n", kind.word).into(),
        host: None,
        has_cel: false,
        query_parameters: false,
        broken: None,
    }
}

fn modules() -> Vec<Module> {
    let http = |name| module(name, Prober::Http, "http", "url = 'http://unset/'");
    let own_host = Module { host: Some("own.example".into()), ..http("own_host") };
    let dns = |name| module(name, Prober::Dns, "dns", "server = '192.0.2.1'\nname = 'a.example'");
    vec![
        http("http_2xx"),
        own_host,
        module("tcp", Prober::Tcp, "tcp", "address = 'unset:1'"),
        module(
            "greeting",
            Prober::Tcp,
            "tcp",
            "address = 'unset:1'\ndialogue = [{ expect = '^220 ' }]",
        ),
        dns("dns"),
        Module { query_parameters: true, ..dns("dns_any") },
        Module { broken: Some("no such transport".into()), ..dns("broken") },
    ]
}

struct Server {
    router: Router,
    told: Arc<Mutex<Vec<String>>>,
    metrics: Metrics,
    reloads: mpsc::Receiver<Reload>,
}

fn server_at(prefix: &str, history_limit: usize) -> Server {
    let Fixture { blackbox, told, metrics } = fixture(modules(), history_limit);
    let (reload, reloads) = mpsc::channel(1);
    let mut telemetry = Telemetry::in_place_of("blackbox_exporter");
    let scrapes = Scrapes::default();
    scrapes.register(telemetry.registry());
    metrics.register(telemetry.registry(), true);
    let router = personality(Pages {
        blackbox: Arc::new(blackbox),
        telemetry: Arc::new(telemetry),
        scrapes,
        reload,
        route_prefix: prefix.to_owned(),
        external_url: "http://ext.example/bb".to_owned(),
    });
    Server { router, told, metrics, reloads }
}

fn server() -> Server {
    server_at("/", 100)
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a series without labels.
    fn value(&self, name: &str) -> Option<f64> {
        let line = self.text().lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.map(|value| value.parse().unwrap())
    }
}

impl Server {
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 16 << 20).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }
}

/// A peer that says this to each connection and closes; its address.
async fn says(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if text.starts_with("HTTP") {
                let _ = stream.read(&mut [0; 4096]).await;
            }
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    address
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

/// A port of 127.0.0.1 on which nothing listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn requests_that_are_refused() {
    let server = server();
    let seconds = "X-Prometheus-Scrape-Timeout-Seconds";
    let none: &[(&str, &str)] = &[];
    for (path, headers, status, words) in [
        ("/probe?module=nope&target=a", none, 400, "Unknown module \"nope\"\n"),
        ("/probe?module=nope", none, 400, "Unknown module \"nope\"\n"),
        ("/probe", none, 400, "Target parameter is missing\n"),
        ("/probe?target=&module=tcp", none, 400, "Target parameter is missing\n"),
        (
            "/probe?target=a",
            &[(seconds, "ten")],
            500,
            "Failed to parse timeout from Prometheus header: strconv.ParseFloat: \
             parsing \"ten\": invalid syntax\n",
        ),
        (
            "/probe",
            &[(seconds, "NaN")],
            400,
            "Failed to parse timeout from Prometheus header: \"NaN\" is no time to wait\n",
        ),
        (
            "/probe?module=own_host&target=a&hostname=other.example",
            none,
            400,
            "host header defined both in module configuration (own.example) and with URL-parameter \
             'hostname' (other.example)\n",
        ),
        (
            "/probe?module=dns&target=127.0.0.1&query_name=b.example",
            none,
            400,
            "module \"dns\" does not permit the parameter query_name: set \
             `dns.allow_query_parameters: true` in it\n",
        ),
        (
            "/probe?module=dns_any&target=127.0.0.1&query_name=b..example",
            none,
            400,
            "the parameter query_name cannot be asked for: `b..example` is not a domain name: ",
        ),
        (
            "/probe?module=dns_any&target=127.0.0.1&query_type=NONSENSE",
            none,
            400,
            "the parameter query_type cannot be asked for: `NONSENSE` is not a record type",
        ),
        (
            "/probe?module=dns_any&target=127.0.0.1&query_name=b.example&query_type=NONSENSE",
            none,
            400,
            "the parameter query_type cannot be asked for: ",
        ),
    ] {
        let answer = server.ask(Method::GET, path, headers).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.text().starts_with(words), "{path}: {}", answer.text());
        assert_eq!(answer.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
    }
    assert_eq!(server.metrics.unknown_modules.get(), 2);
    assert!(server.told.lock().is_empty(), "none of them was a probe");
}

#[tokio::test]
async fn a_probe_answers_200_whatever_came_of_it() {
    let server = server();
    let target = says(PAGE).await;
    for method in [Method::GET, Method::POST, Method::PUT] {
        let answer = server.ask(method, &format!("/probe?target=http://{target}/"), &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            answer.header(header::CONTENT_TYPE),
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
        );
        let text = answer.text();
        assert_eq!(answer.value("probe_success"), Some(1.0), "{text}");
        assert_eq!(answer.value("probe_http_status_code"), Some(200.0), "{text}");
        assert_eq!(answer.value("probe_http_content_length"), Some(2.0), "{text}");
        assert_eq!(answer.value("probe_http_uncompressed_body_length"), Some(2.0), "{text}");
        assert_eq!(answer.value("probe_ip_addr_hash"), Some(3_668_918_509.0), "{text}");
        assert_eq!(answer.value("probe_timeout_seconds"), Some(5.0), "{text}");
        assert!(!text.contains("probe_failure_reason"), "{text}");
        let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert!(names.is_sorted() && names.iter().all(|name| name.ends_with(" gauge")), "{text}");
    }
    let refused = nobody().await;
    let answer = server.get(&format!("/probe?module=tcp&target={refused}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.value("probe_success"), Some(0.0));
    let text = answer.text();
    assert!(text.contains("probe_failure_reason{reason=\"connect_refused\"} 1"), "{text}");
    assert!(!text.contains("probe_failed_due_to_regex"), "{text}");
    let said = server.told.lock().join("\n");
    assert!(said.contains("ERROR Error dialing TCP\nERROR Probe failed"), "{said}");
}

#[tokio::test]
async fn a_target_that_is_none_is_a_failed_probe() {
    let server = server();
    let answer = server.get("/probe?module=tcp&target=no-port").await;
    assert_eq!(answer.status, StatusCode::OK);
    let text = answer.text();
    assert!(text.contains("probe_failure_reason{reason=\"target_invalid\"} 1"), "{text}");
    assert!(!text.contains("probe_ip_protocol"), "{text}");
    // Whatever it is aimed at.
    let answer = server.get("/probe?module=broken&target=no-port").await;
    assert_eq!((answer.status, answer.value("probe_success")), (StatusCode::OK, Some(0.0)));
    let text = answer.text();
    assert!(text.contains("probe_failure_reason{reason=\"module_invalid\"} 1"), "{text}");
}

#[tokio::test]
async fn the_scrape_has_a_shorter_deadline_than_the_module() {
    let server = server();
    let target = says("").await;
    let header = [("X-Prometheus-Scrape-Timeout-Seconds", "0.2")];
    let path = format!("/probe?module=tcp&target={target}");
    let answer = server.ask(Method::GET, &path, &header).await;
    assert_eq!(answer.value("probe_timeout_seconds"), Some(0.1));
}

#[tokio::test]
async fn a_dialogue_that_was_not_held() {
    let server = server();
    for (greeting, success, regex) in [("220 hi\r\n", 1.0, 0.0), ("500 no\r\n", 0.0, 1.0)] {
        let target = says(greeting).await;
        let answer = server.get(&format!("/probe?module=greeting&target={target}")).await;
        assert_eq!(answer.value("probe_success"), Some(success), "{}", answer.text());
        assert_eq!(answer.value("probe_failed_due_to_regex"), Some(regex), "{}", answer.text());
        assert_eq!(answer.value("probe_failed_due_to_bytes"), Some(0.0), "{}", answer.text());
    }
}

#[tokio::test]
async fn formats_and_encodings() {
    let server = server();
    let path = format!("/probe?module=tcp&target={}", says("").await);
    for (accept, wanted) in [
        (
            "application/openmetrics-text;version=1.0.0",
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        ),
        (
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1",
            "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores",
        ),
    ] {
        let answer = server.ask(Method::GET, &path, &[("Accept", accept)]).await;
        assert_eq!(answer.header(header::CONTENT_TYPE), wanted);
        assert!(!answer.body.ends_with(b"# EOF\n"));
    }
    let packed = server.ask(Method::GET, &path, &[("Accept-Encoding", "gzip")]).await;
    assert_eq!(packed.header(header::CONTENT_ENCODING), "gzip");
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(&*packed.body);
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    assert!(text.contains("\nprobe_success 1\n"), "{text}");
}

#[tokio::test]
async fn debug_tells_the_story_in_three_parts() {
    let server = server();
    let target = nobody().await;
    let answer = server.get(&format!("/probe?module=tcp&target={target}&debug=true")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/plain");
    let text = answer.text();
    let parts: Vec<&str> = text.split("\n\n\n\n").collect();
    assert!(parts[0].starts_with("Logs for the probe:\ntime="), "{text}");
    assert!(
        parts[0].contains(&format!(" module=tcp target={target} probe=tcp timeout_seconds=5\n"))
    );
    assert!(parts[0].contains("msg=\"Error dialing TCP\""), "{text}");
    assert!(parts[1].starts_with("Metrics that would have been returned:\n# HELP probe_"));
    assert_eq!(parts[2], "Module configuration:\nprober: tcp\n");
    assert_eq!(parts.len(), 3);
    // Any other word is none.
    let plain = server.get(&format!("/probe?module=tcp&target={target}&debug=1")).await;
    assert!(plain.text().starts_with("# HELP"), "{}", plain.text());
}

#[tokio::test]
async fn at_most_so_many_probes_at_once() {
    let server = server();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let path = format!("/probe?module=greeting&target={}", silent.local_addr().unwrap());
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let request = Request::builder().uri(&path).body(Body::empty()).unwrap();
        waiting.push(tokio::spawn(server.router.clone().oneshot(request)));
        silent.accept().await.unwrap();
    }
    assert_eq!(server.metrics.in_flight.get(), 2);
    let third = server.get(&path).await;
    assert_eq!(third.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.metrics.rejected.get(), 1);
    // Clients that go away make room at once.
    for request in waiting {
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
    }
    assert_eq!(server.metrics.in_flight.get(), 0);
    let answer = server.get(&format!("/probe?module=tcp&target={}", says("").await)).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn results_are_kept_and_failures_longer() {
    let server = server_at("/", 2);
    let (good, bad) = (says("").await, nobody().await);
    for target in [&bad, &good, &good, &good, &bad] {
        server.get(&format!("/probe?module=tcp&target={target}")).await;
    }
    let page = server.get("/").await;
    let rows: Vec<&str> = page.text().lines().filter(|line| line.starts_with("<tr><td>")).collect();
    assert_eq!(rows.len(), 3, "{}", page.text());
    assert!(rows[0].contains("<strong>Failure</strong></td><td>connect_refused"), "{}", rows[0]);
    assert!(rows[1].contains("<td>Success</td>"), "{}", rows[1]);
    assert!(rows[2].contains("<strong>Failure") && rows[2].contains("'logs?id=0'"), "{}", rows[2]);
    for (path, status, words) in [
        ("/logs?id=0".to_owned(), 200, "Logs for the probe:\n"),
        ("/logs?id=1".to_owned(), 404, "Probe id not found\n"),
        (format!("/logs?target={bad}"), 200, "Logs for the probe:\n"),
        (format!("/logs?target={bad}&module=tcp"), 200, "Logs for the probe:\n"),
        (format!("/logs?target={bad}&module=dns"), 404, "Probe target not found\n"),
        ("/logs".to_owned(), 400, "Probe id or target must be defined as http query parameters\n"),
        ("/logs?id=x".to_owned(), 400, "Probe id or target must be defined"),
        (
            format!("/logs?id=0&target={bad}"),
            400,
            "Probe id and target can't be defined at the same time\n",
        ),
        (
            "/logs?id=0&module=tcp".to_owned(),
            400,
            "Probe module filter only works in conjunction with target parameter\n",
        ),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.text().starts_with(words), "{path}: {}", answer.text());
    }
    // By target the newest: the last probe of it, not the first.
    let newest = server.get(&format!("/logs?target={bad}")).await;
    assert_eq!(newest.body, server.get("/logs?id=4").await.body);
}

#[tokio::test]
async fn pages_of_the_personality() {
    let server = server();
    for path in ["/", "/nowhere", "/-/ready", "/a/b/c"] {
        let page = server.ask(Method::PUT, path, &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let up = "../".repeat(path.matches('/').count() - 1);
        assert!(page.text().contains(&format!("href=\"{up}metrics\"")), "{path}");
    }
    for (method, page) in [(Method::GET, true), (Method::POST, false)] {
        let moved = server.ask(method, "//probe?a=b", &[]).await;
        assert_eq!(moved.status, StatusCode::MOVED_PERMANENTLY);
        assert_eq!(moved.header(header::LOCATION), "/probe?a=b");
        assert_eq!(!moved.body.is_empty(), page);
    }
    assert_eq!(server.get("/-/healthy").await.text(), "Healthy");
    assert_eq!(server.get("/config").await.text(), "modules: {}\n");
    let refused = server.get("/-/reload").await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.text(), "This endpoint requires a POST request.\n");
}

#[tokio::test]
async fn a_reload_answers_what_came_of_it() {
    let Server { router, mut reloads, .. } = server();
    for (result, status, words) in [
        (Ok("reloaded".to_owned()), 200, ""),
        (Err("line 3".to_owned()), 500, "failed to reload config: line 3\n"),
    ] {
        let request = Request::post("/-/reload").body(Body::empty()).unwrap();
        let asked = tokio::spawn(router.clone().oneshot(request));
        reloads.recv().await.unwrap().send(result).unwrap();
        let answer = asked.await.unwrap().unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(to_bytes(answer.into_body(), 1 << 10).await.unwrap(), words.as_bytes());
    }
    // When everything stops nobody is there to ask.
    drop(reloads);
    let request = Request::post("/-/reload").body(Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn metrics_have_the_names_of_the_program_it_stands_for() {
    let server = server();
    server.get("/probe?module=nope").await;
    server.get("/metrics").await;
    let metrics = server.get("/metrics").await;
    for line in [
        "blackbox_module_unknown_total 1",
        "blackbox_exporter_config_last_reload_successful 0",
        "promhttp_metric_handler_requests_total{code=\"200\"} 1",
        "promhttp_metric_handler_requests_total{code=\"503\"} 0",
        "promhttp_metric_handler_requests_in_flight 1",
        "noroshi_probe_requests_rejected_total 0",
    ] {
        assert!(metrics.text().contains(&format!("\n{line}\n")), "{line} in {}", metrics.text());
    }
    for label in ["branch", "goarch", "goos", "goversion", "revision", "tags", "version"] {
        let info =
            metrics.text().lines().find(|line| line.starts_with("blackbox_exporter_build_info{"));
        assert!(info.unwrap().contains(&format!("{label}=\"")), "{label}");
    }
    assert!(
        metrics.text().contains("blackbox_exporter_config_last_reload_success_timestamp_seconds")
    );
}

#[tokio::test]
async fn a_prefix_is_over_everything() {
    let server = server_at("/bb/", 100);
    for (path, status, location) in [
        ("/", 302, "http://ext.example/bb"),
        ("/bb", 301, "/bb/"),
        ("/probe", 404, ""),
        ("/bb/", 200, ""),
        ("/bb/-/healthy", 200, ""),
        ("/bb/probe?module=nope", 400, ""),
        ("/bbb/", 404, ""),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.header(header::LOCATION), location, "{path}");
    }
}
