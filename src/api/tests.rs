use std::{
    io::Read,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::*;
use crate::{
    metrics::fixture::{self, World, down, fresh, slot, view},
    state::Slot,
};

/// A router over checks made by hand, with the other ends of its channels.
struct Setup {
    router: Router,
    ready: watch::Sender<bool>,
    reloads: mpsc::Receiver<Reload>,
    views: Arc<Views>,
    metrics: Metrics,
}

fn setup_with(slots: Vec<Slot>, web: Web) -> Setup {
    let World { views, families, mut telemetry } = World::new(slots);
    let metrics = Metrics::default();
    metrics.register(telemetry.registry());
    telemetry.reloads.succeeded(fixture::at(0));
    let (ready, readiness) = watch::channel(false);
    let (reload, reloads) = mpsc::channel(1);
    let views = Arc::new(views);
    let state = State {
        views: Arc::clone(&views),
        families: Arc::new(families),
        telemetry: Arc::new(telemetry),
        metrics: metrics.clone(),
        ready: readiness,
        reload,
        config: Arc::new(ArcSwap::from_pointee("password = \"<secret>\"\n".to_owned())),
        clock: Clock::anchored(fixture::at(60)),
        web: Arc::new(web),
    };
    Setup { router: router(state), ready, reloads, views, metrics }
}

fn setup() -> Setup {
    let slots = vec![slot("down <b>", down()), slot("new", fresh()), slot("up", view())];
    setup_with(slots, Web::default())
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
    fn json(&self) -> serde_json::Value {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn ask(
    router: &Router,
    method: Method,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Method::GET, path, &[]).await
}

/// Conventions 1 to 4: the format asked for, text 0.0.4 otherwise, never an error.
#[tokio::test]
async fn formats_are_negotiated() {
    let setup = setup();
    let protobuf = "application/vnd.google.protobuf;\
                    proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,*/*;q=0.2";
    for (accept, content_type) in [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("image/png", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        ),
        (
            protobuf,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
             encoding=delimited",
        ),
    ] {
        let answer = ask(&setup.router, Method::GET, "/metrics", &[(header::ACCEPT, accept)]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header(header::CONTENT_TYPE), content_type);
        assert!(!answer.body.is_empty());
        let ends = content_type.starts_with("application/openmetrics");
        assert_eq!(answer.body.ends_with(b"\n# EOF\n"), ends);
    }
}

/// Convention 5.
#[tokio::test]
async fn answers_are_compressed_when_asked() {
    let setup = setup();
    let plain = get(&setup.router, "/metrics").await;
    assert_eq!(plain.header(header::CONTENT_ENCODING), "");
    for (accept, encoding) in [("deflate, gzip, br, zstd", "gzip"), ("zstd", "zstd")] {
        let headers = [(header::ACCEPT_ENCODING, accept)];
        let answer = ask(&setup.router, Method::GET, "/metrics", &headers).await;
        assert_eq!(answer.header(header::CONTENT_ENCODING), encoding);
        let mut text = String::new();
        if encoding == "gzip" {
            flate2::read::GzDecoder::new(&*answer.body).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(zstd::decode_all(&*answer.body).unwrap()).unwrap();
        }
        assert!(answer.body.len() < text.len() / 3);
        assert!(text.contains("noroshi_check_up{check=\"up\",group=\"web\",kind=\"http\"} 1\n"));
    }
}

/// Convention 6; and convention 24's methods.
#[tokio::test]
async fn methods() {
    let setup = setup();
    let head = ask(&setup.router, Method::HEAD, "/metrics", &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header(header::CONTENT_TYPE), "text/plain; version=0.0.4; charset=utf-8");
    assert!(head.body.is_empty());
    for (method, path) in
        [(Method::POST, "/metrics"), (Method::GET, "/-/reload"), (Method::DELETE, "/")]
    {
        let answer = ask(&setup.router, method, path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

/// Conventions 14, 19, 20, 25; 9 to 13, 15, 16 and 18 are tested where the text is written.
#[tokio::test]
async fn the_families_operators_look_for() {
    let setup = setup();
    let accept = [(header::ACCEPT, "application/openmetrics-text")];
    let answer = ask(&setup.router, Method::GET, "/metrics", &accept).await;
    let text = answer.text();
    for line in [
        "noroshi_build_info{version=",
        "noroshi_config_last_reload_successful 1",
        "noroshi_config_last_reload_success_timestamp_seconds 1763635200",
        "noroshi_check_runs_total{check=\"new\",group=\"web\",kind=\"http\"} 0",
        "noroshi_check_failures_total{check=\"new\",group=\"web\",kind=\"http\"} 0",
        "noroshi_check_failures_total{check=\"up\",group=\"web\",kind=\"http\"} 0",
        "noroshi_scrapes_in_flight 1",
        "noroshi_scrapes_rejected_total 0",
        "noroshi_scrape_duration_seconds_count 0",
        "noroshi_checks{kind=\"http\"} 3",
    ] {
        assert!(text.contains(&format!("\n{line}")), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("_created"));
    assert!(!text.contains("noroshi_check_up{check=\"new\""));
}

/// Convention 17.
#[tokio::test]
async fn series_of_a_removed_check_vanish() {
    let setup = setup();
    setup.views.store(Arc::new(vec![Arc::new(slot("up", view()))]));
    let answer = get(&setup.router, "/metrics").await;
    assert!(answer.text().contains("check=\"up\"") && !answer.text().contains("down <b>"));
    assert_eq!(get(&setup.router, "/api/v1/checks/new").await.status, StatusCode::NOT_FOUND);
}

/// Conventions 22 and 23.
#[tokio::test]
async fn healthy_always_ready_while_running() {
    let setup = setup();
    assert_eq!(get(&setup.router, "/-/healthy").await.status, StatusCode::OK);
    for (ready, status) in [
        (false, StatusCode::SERVICE_UNAVAILABLE),
        (true, StatusCode::OK),
        (false, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        setup.ready.send_replace(ready);
        assert_eq!(get(&setup.router, "/-/ready").await.status, status);
    }
    let head = ask(&setup.router, Method::HEAD, "/-/healthy", &[]).await;
    assert_eq!(head.status, StatusCode::OK);
}

/// Convention 24.
#[tokio::test]
async fn reload_tells_what_came_of_it() {
    let Setup { router, mut reloads, .. } = setup();
    let answers = [Ok("3 checks added".to_owned()), Err("error[C014]: unknown key".to_owned())];
    let app = tokio::spawn(async move {
        for answer in answers {
            reloads.recv().await.unwrap().send(answer).unwrap();
        }
    });
    let good = ask(&router, Method::POST, "/-/reload", &[]).await;
    assert_eq!((good.status, good.text()), (StatusCode::OK, "3 checks added\n"));
    let bad = ask(&router, Method::PUT, "/-/reload", &[]).await;
    assert_eq!(bad.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(bad.text(), "error[C014]: unknown key\n");
    app.await.unwrap();
    let gone = ask(&router, Method::POST, "/-/reload", &[]).await;
    assert_eq!(gone.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_never_ends_is_given_up() {
    let setup = setup();
    let answer = ask(&setup.router, Method::POST, "/-/reload", &[]).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}

/// Convention 26.
#[tokio::test]
async fn the_landing_page_leads_everywhere() {
    let setup = setup();
    let answer = get(&setup.router, "/").await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/html; charset=utf-8");
    let html = answer.text();
    for wanted in [
        "noroshi",
        env!("CARGO_PKG_VERSION"),
        "href=\"metrics\"",
        "href=\"api/v1/checks\"",
        "href=\"config\"",
        "href=\"-/healthy\"",
        "href=\"-/ready\"",
        "<b>1</b>down",
        "href=\"api/v1/checks/down%20%3Cb%3E\">down &lt;b&gt;</a>",
        "http_status",
    ] {
        assert!(html.contains(wanted), "{wanted} is missing in\n{html}");
    }
    assert!(!html.contains("<b>down") && !html.contains("down <b>"));
    assert!(!html.contains("src=") && !html.contains("@import") && !html.contains("<link"));
    assert!(answer.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
}

#[tokio::test]
async fn links_of_the_landing_page_work() {
    let setup = setup();
    setup.ready.send_replace(true);
    let page = get(&setup.router, "/").await;
    let links: Vec<_> =
        page.text().split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() >= 8);
    for link in links {
        assert_eq!(get(&setup.router, &format!("/{link}")).await.status, StatusCode::OK, "{link}");
    }
}

/// Convention 26: the route prefix.
#[tokio::test]
async fn everything_lies_under_the_prefix() {
    let web = Web::new(None, Some("https://example.com/a/noroshi/"), 1).unwrap();
    let setup = setup_with(vec![slot("up", view())], web);
    for path in ["/", "/metrics", "/-/healthy", "/config", "/api/v1/checks", "/api/v1/checks/up"] {
        let answer = get(&setup.router, &format!("/a/noroshi{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    assert_eq!(get(&setup.router, "/metrics").await.status, StatusCode::NOT_FOUND);
    for (path, location) in [("/", "/a/noroshi/"), ("/a/noroshi", "noroshi/")] {
        let answer = get(&setup.router, path).await;
        assert!(answer.status.is_redirection(), "{path}");
        assert_eq!(answer.header(header::LOCATION), location);
    }
    let page = get(&setup.router, "/a/noroshi/").await;
    assert!(page.text().contains("https://example.com/a/noroshi<"));
}

/// Convention 36.
#[tokio::test]
async fn the_configuration_is_masked_and_nothing_is_guessed() {
    let setup = setup();
    let answer = get(&setup.router, "/config").await;
    assert_eq!(answer.text(), "password = \"<secret>\"\n");
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
    for path in ["/", "/metrics", "/config", "/api/v1/checks", "/nowhere", "/-/ready"] {
        let answer = get(&setup.router, path).await;
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
    }
    assert_eq!(get(&setup.router, "/nowhere").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn checks_as_json() {
    let setup = setup();
    let one = get(&setup.router, "/api/v1/checks/down%20%3Cb%3E").await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&one.json()).unwrap(), @r#"
    {
      "name": "down <b>",
      "kind": "http",
      "group": "web",
      "target": "https://example.com/health",
      "labels": {},
      "state": "down",
      "overlays": [
        "suppressed"
      ],
      "up": false,
      "since": "2025-11-20T10:40:30Z",
      "last_run": "2025-11-20T10:40:30Z",
      "verdict": "fail",
      "reason": "http_status",
      "detail": "status 503, wanted 2xx <b>",
      "duration_seconds": 0.25,
      "phases_seconds": {
        "connect": 0.02,
        "wait": 0.23
      },
      "facts": [
        {
          "name": "noroshi_http_status_code",
          "labels": {},
          "value": 200.0
        },
        {
          "name": "noroshi_check_address_info",
          "labels": {
            "address": "192.0.2.1"
          },
          "value": 1.0
        },
        {
          "name": "noroshi_tls_not_after_timestamp_seconds",
          "labels": {
            "source": "peer",
            "position": "0"
          },
          "value": 1800000000.0
        }
      ],
      "consecutive_failures": 2,
      "runs": 3,
      "failures": 2,
      "missed_runs": 0,
      "failure_reasons": {
        "http_status": 2
      }
    }
    "#);
    let names = |answer: &Answer| -> Vec<String> {
        let list = answer.json();
        list.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().into()).collect()
    };
    for (query, wanted) in [
        ("", vec!["down <b>", "new", "up"]),
        ("?state=down,unknown", vec!["down <b>", "new"]),
        ("?name=OW", vec!["down <b>"]),
        ("?state=up&name=x", vec![]),
    ] {
        let answer = get(&setup.router, &format!("/api/v1/checks{query}")).await;
        assert_eq!(names(&answer), wanted, "{query}");
    }
    let new = get(&setup.router, "/api/v1/checks/new").await.json();
    assert!(new["up"].is_null() && new["last_run"].is_null() && new["state"] == "unknown");
}

#[tokio::test]
async fn wrong_questions_get_answers_in_json() {
    let setup = setup();
    let state = get(&setup.router, "/api/v1/checks?state=broken").await;
    assert_eq!(state.status, StatusCode::BAD_REQUEST);
    assert!(state.json()["error"].as_str().unwrap().contains("states are down, up"));
    let name = get(&setup.router, "/api/v1/checks/x").await;
    assert_eq!(name.status, StatusCode::NOT_FOUND);
    assert_eq!(name.json()["error"], "there is no check `x`");
    let key = get(&setup.router, "/api/v1/checks?stat=up").await;
    assert_eq!(key.status, StatusCode::BAD_REQUEST);
}

/// Convention 33: more than `--web.max-requests` at once get 503, and the place comes back.
#[tokio::test]
async fn scrapes_at_once_are_limited() {
    let many = (0..2000).map(|at| fixture::busy(&format!("c{at:04}"))).collect();
    let setup = setup_with(many, Web::new(None, None, 1).unwrap());
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    // Nobody reads its body, so it keeps its place.
    let slow = setup.router.clone().oneshot(request).await.unwrap();
    let rejected = get(&setup.router, "/metrics").await;
    assert_eq!(rejected.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(rejected.text().contains("(1)"));
    drop(slow);
    let mut answer = get(&setup.router, "/metrics").await;
    while answer.status != StatusCode::OK {
        tokio::task::yield_now().await;
        answer = get(&setup.router, "/metrics").await;
    }
    assert!(answer.text().contains("\nnoroshi_scrapes_aborted_total 1\n"));
    drop(setup.metrics);
}

#[tokio::test]
async fn a_panic_is_one_requests_error() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    async fn handler() -> &'static str {
        assert!(CALLS.fetch_add(1, Ordering::Relaxed) > 0, "on purpose");
        "fine"
    }
    let router = Router::new()
        .route("/", axum::routing::get(handler))
        .layer(middleware::from_fn(guard::guard));
    assert_eq!(get(&router, "/").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(get(&router, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn serves_until_it_is_told_to_stop() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, setup().router, async {
        let _ = stopped.await;
    }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 64];
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    stop.send(()).unwrap();
    // The kept connection is idle, so it is closed at once and not after the drain.
    tokio::time::timeout(Duration::from_secs(4), server).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
