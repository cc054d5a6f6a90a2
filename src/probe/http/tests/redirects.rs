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
    for (answer, detail) in [
        (b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n".to_vec(), "no Location"),
        (redirect(302, "gopher://x/", ""), "gopher"),
    ] {
        let server = Server::new(move |_| answer.clone()).await;
        run(json!({"url": server.url("/")})).await.fails(Reason::HttpRedirect, detail);
    }
}
