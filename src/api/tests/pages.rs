use super::*;

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
    let external_url = Some("https://example.com/a/noroshi".to_owned());
    let web = Web { route_prefix: "/a/noroshi".into(), external_url, max_requests: 1 };
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
