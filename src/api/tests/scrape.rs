use std::io::Read;

use super::*;

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

/// Convention 33: more than `--web.max-requests` at once get 503, and the place comes back.
#[tokio::test]
async fn scrapes_at_once_are_limited() {
    let many = (0..2000).map(|at| fixture::busy(&format!("c{at:04}"))).collect();
    let setup = setup_with(many, web(1));
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
