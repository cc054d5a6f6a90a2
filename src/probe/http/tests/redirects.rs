//! Chains of redirects, and what goes along on them.

use super::*;

#[tokio::test]
async fn follows_and_counts() {
    let server = Server::new(|request| match request.split(' ').nth(1) {
        Some("/a") => redirect(301, "/b", ""),
        Some("/b") => redirect(307, "?x=1", ""),
        _ => ok("end"),
    })
    .await;
    let spec = json!({"url": server.url("/a"), "expect": {"body": [{"contains": "end"}]}});
    let ran = run(spec).await.passes();
    assert_eq!(ran.fact("noroshi_http_redirects"), Some(2.0));
    assert_eq!(ran.fact("noroshi_http_status_code"), Some(200.0));
    let asked = server.asked();
    assert!(asked[2].starts_with("GET /b?x=1 HTTP/1.1\r\n"), "{asked:?}");
}

#[tokio::test]
async fn ten_are_followed_and_the_eleventh_is_not() {
    let chain = |length: u32| {
        move |request: &str| {
            let step: u32 = request[5..].split(' ').next().unwrap().parse().unwrap();
            if step == length { ok("") } else { redirect(302, &format!("/{}", step + 1), "") }
        }
    };
    let server = Server::new(chain(10)).await;
    run(json!({"url": server.url("/0")})).await.passes();
    let server = Server::new(chain(11)).await;
    let ran = run(json!({"url": server.url("/0")})).await;
    let ran = ran.fails(Reason::HttpRedirect, "redirect 11 of at most 10");
    assert_eq!(ran.fact("noroshi_http_redirects"), Some(11.0));
    assert_eq!(ran.fact("noroshi_http_status_code"), Some(302.0));
    assert_eq!(server.asked().len(), 11);
}

#[tokio::test]
async fn a_loop_ends_at_the_limit() {
    let server = Server::new(|_| redirect(302, "/", "")).await;
    let spec = json!({"url": server.url("/"), "redirects": {"limit": 3}});
    run(spec).await.fails(Reason::HttpRedirect, "redirect 4");
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn not_following_looks_at_the_redirect_itself() {
    let server = Server::new(|_| redirect(302, "/x", "")).await;
    let spec = json!({
        "url": server.url("/"), "redirects": {"follow": false},
        "expect": {"status": [302], "headers": [{"name": "location", "equals": "/x"}]},
    });
    run(spec).await.passes();
    let spec = json!({"url": server.url("/"), "redirects": {"follow": false}});
    run(spec).await.fails(Reason::HttpStatus, "302");
}

#[tokio::test]
async fn cookies_come_back() {
    let server = Server::new(|request| {
        let cookie = request.lines().find_map(|line| line.strip_prefix("Cookie: "));
        match (request.split(' ').nth(1), cookie) {
            (Some("/login"), None) => redirect(303, "/app", "Set-Cookie: s=1; Path=/\r\n"),
            (Some("/app"), Some("s=1")) => {
                redirect(302, "/out", "Set-Cookie: s=; Path=/; Max-Age=0\r\n")
            }
            (Some("/out"), None) => ok("bye"),
            _ => b"HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n".to_vec(),
        }
    })
    .await;
    let spec = json!({"url": server.url("/login"), "method": "POST", "body": "user=u"});
    let ran = run(spec).await.passes();
    assert_eq!(ran.fact("noroshi_http_redirects"), Some(2.0));
    assert!(server.asked()[1].starts_with("GET /app") && !server.asked()[1].contains("user=u"));
}

#[tokio::test]
async fn secrets_stay_with_the_first_host() {
    let server = Server::new(|request| {
        let port = request.split("Host: a.test:").nth(1).and_then(|rest| rest.split('\r').next());
        match (port, request.split(' ').nth(1)) {
            (Some(_), Some("/")) => redirect(307, "/same", ""),
            (Some(port), _) => redirect(307, &format!("http://b.test:{port}/other"), ""),
            (None, _) => ok(""),
        }
    })
    .await;
    let spec = json!({
        "url": format!("http://a.test:{}/", server.address.port()),
        "method": "PUT", "body": "data", "bearer_token": "t",
        "headers": {"Cookie": "own=1", "X-Api-Key": "k", "X-Plain": "p"},
    });
    run(spec).await.passes();
    let asked = server.asked();
    let has = |at: usize, text: &str| asked[at].to_ascii_lowercase().contains(text);
    for secret in ["authorization: bearer t", "cookie: own=1", "x-api-key: k"] {
        assert!(has(0, secret) && has(1, secret) && !has(2, secret), "{secret}: {asked:?}");
    }
    assert!(has(2, "x-plain: p") && has(2, "host: b.test") && asked[2].ends_with("data"));
}

#[tokio::test]
async fn redirects_that_lead_nowhere() {
    let server = Server::new(|_| redirect(302, "gopher://x/", "")).await;
    run(json!({"url": server.url("/")})).await.fails(Reason::HttpRedirect, "gopher");
    // As in Go, who does not say where to go has answered.
    let lost = Server::new(|_| b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let ran = run(json!({"url": lost.url("/")})).await;
    let ran = ran.fails(Reason::HttpStatus, "302 Found without a Location");
    assert_eq!(ran.fact("noroshi_http_redirects"), Some(0.0));
    run(json!({"url": lost.url("/"), "expect": {"status": [302]}})).await.passes();
}

/// What blackbox_exporter 0.28 shows of the same: the 3xx is judged, whatever the reason it was not followed.
#[tokio::test]
async fn the_answer_behind_which_nobody_goes_is_judged() {
    let server = Server::new(|_| redirect(302, "/", "X: y\r\n")).await;
    let expect = json!({"status": [302], "headers": [{"name": "x", "equals": "y"}]});
    let ran = run(json!({"url": server.url("/"), "expect": expect})).await.passes();
    assert_eq!(ran.fact("noroshi_http_redirects"), Some(11.0));
    assert_eq!(ran.fact("noroshi_http_status_code"), Some(302.0));
    let spec = json!({"url": server.url("/"), "redirects": {"follow": false}, "expect": expect});
    assert_eq!(run(spec).await.passes().fact("noroshi_http_redirects"), Some(1.0));
}

#[tokio::test]
async fn an_answer_that_was_left_behind_is_no_fact() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = Server::new(move |_| redirect(302, &format!("http://{closed}/"), "")).await;
    let ran = run(json!({"url": server.url("/")})).await.fails(Reason::ConnectRefused, "");
    assert_eq!(ran.fact("noroshi_http_redirects"), Some(1.0));
    assert_eq!(ran.fact("noroshi_http_status_code"), None);
}

#[tokio::test]
async fn the_referer_and_the_host_are_those_of_go() {
    let server = Server::new(|request| match request.split(' ').nth(1) {
        Some("/a?q=1") => redirect(301, "/b", ""),
        Some("/b") => {
            let host = request.lines().find_map(|line| line.strip_prefix("Host: "));
            let port = host.and_then(|host| host.rsplit(':').next()).unwrap_or_default();
            redirect(302, &format!("http://a.test:{port}/c"), "")
        }
        _ => ok("end"),
    })
    .await;
    let port = server.address.port();
    let url = format!("http://a.test:{port}/a?q=1");
    let host = format!("own.example:{port}");
    run(json!({"url": url, "headers": {"Host": host}})).await.passes();
    let asked = server.asked();
    let line = |at: usize, name: &str| {
        let found = asked[at].lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.map(str::to_owned)
    };
    assert_eq!(line(0, "Referer"), None);
    assert_eq!(line(1, "Referer"), Some(url.clone()));
    assert_eq!(line(2, "Referer"), Some(format!("http://a.test:{port}/b")));
    // A relative Location keeps the user's own Host, an absolute one says whom it means.
    assert_eq!((line(1, "Host"), line(2, "Host")), (Some(host), Some(format!("a.test:{port}"))));
    let spec = json!({"url": url, "headers": {"Referer": "http://mine/"}});
    run(spec).await.passes();
    assert!(server.asked()[3..].iter().all(|asked| asked.contains("Referer: http://mine/\r\n")));
}

#[tokio::test]
async fn credentials_go_along_where_they_are_told_to() {
    let server = Server::new(|request| {
        let of = |host: &str| {
            let rest = request.split(&format!("Host: {host}:")).nth(1)?;
            rest.split('\r').next().map(str::to_owned)
        };
        let to = |host: &str, port| redirect(302, &format!("http://{host}:{port}/"), "");
        match (of("a.test"), of("b.a.test")) {
            (Some(port), _) => to("b.a.test", port),
            (_, Some(port)) => to("b.test", port),
            _ => ok(""),
        }
    })
    .await;
    let port = server.address.port();
    let spec = |more: Value| {
        let mut spec = json!({
            "url": format!("http://a.test:{port}/"), "redirects": {"forward_credentials": true},
            "headers": {"X-Api-Key": {"secrets": ["k"]}, "Cookie": "own=1"},
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let configured = json!({"bearer_token": "t"});
    let written =
        json!({"headers": {"Authorization": "Bearer t", "Cookie": "own=1", "X-Api-Key": "k"}});
    for (at, how) in [configured, written].into_iter().enumerate() {
        run(spec(how)).await.passes();
        let asked = server.asked();
        // To a host below the first one, and then to a stranger.
        for (hop, host, trusted) in [(1, "b.a.test", true), (2, "b.test", false)] {
            let asked = &asked[at * 3 + hop];
            assert!(asked.contains(&format!("Host: {host}")), "{asked}");
            assert_eq!(asked.contains("Authorization: Bearer t\r\n"), trusted, "{asked}");
            assert_eq!(asked.contains("own=1"), trusted, "{asked}");
            assert!(asked.contains("X-Api-Key: k\r\n"), "{asked}");
        }
    }
}
