//! What is sent, what is measured, and answers that are none.

use std::io::Write;

use super::*;

#[tokio::test]
async fn a_good_answer_with_all_its_facts() {
    let server = Server::new(|_| {
        b"HTTP/1.1 200 OK\r\nLast-Modified: Thu, 01 Jan 1970 00:01:00 GMT\r\nContent-Length: 2\r\n\r\nok".to_vec()
    })
    .await;
    let ran = run(json!({"url": server.url("/health?x=1#f")})).await.passes();
    for (name, value) in [
        ("noroshi_http_status_code", 200.0),
        ("noroshi_http_version", 1.1),
        ("noroshi_http_redirects", 0.0),
        ("noroshi_http_content_length_bytes", 2.0),
        ("noroshi_http_body_bytes", 2.0),
        ("noroshi_http_uncompressed_body_bytes", 2.0),
        ("noroshi_http_last_modified_timestamp_seconds", 60.0),
        ("noroshi_http_tls", 0.0),
    ] {
        assert_eq!(ran.fact(name), Some(value), "{name}");
    }
    let phases: Vec<_> = ran.outcome.phases.iter().map(|(phase, _)| phase.word()).collect();
    assert_eq!(phases, ["connect", "send", "wait", "receive"]);
    assert!(ran.trace.expectations.iter().all(|one| one.held));
    let asked = server.asked();
    let head = format!(
        "GET /health?x=1 HTTP/1.1\r\nHost: {}\r\nUser-Agent: noroshi/{}\r\nConnection: close\r\n\r\n",
        server.address,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(asked, [head]);
}

#[tokio::test]
async fn the_request_is_as_configured() {
    let server = Server::new(|_| ok("")).await;
    let spec = json!({
        "url": server.url("/"), "method": "post", "body_json": {"b": 1, "a": [true]},
        "headers": {"Host": "other.example", "User-Agent": "me", "X-A": "b"},
        "basic_auth": {"username": "u", "password": "p"},
    });
    run(spec).await.passes();
    let asked = server.asked().remove(0);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    assert_eq!(lines[..2], ["POST / HTTP/1.1", "Host: other.example"]);
    lines.sort_unstable();
    for line in [
        "Authorization: Basic dTpw",
        "Content-Length: 18",
        "Content-Type: application/json",
        "User-Agent: me",
        "X-A: b",
    ] {
        assert!(lines.contains(&line), "{line}: {head}");
    }
    assert_eq!(body, r#"{"b":1,"a":[true]}"#);
}

#[tokio::test]
async fn a_body_from_a_file_and_a_file_that_is_not_there() {
    let server = Server::new(|_| ok("")).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"from a file").unwrap();
    run(json!({"url": server.url("/"), "method": "PUT", "body_file": file.path()})).await.passes();
    assert!(server.asked()[0].ends_with("\r\n\r\nfrom a file"));
    let ran = run(json!({"url": server.url("/"), "body_file": "/nonexistent/file"})).await;
    assert_eq!(ran.outcome.verdict, Verdict::Unknown);
    ran.fails(Reason::LocalFile, "/nonexistent/file");
    run(json!({"url": server.url("/"), "method": "POST"})).await.passes();
    assert!(server.asked()[1].contains("Content-Length: 0\r\n"), "{:?}", server.asked());
}

#[tokio::test]
async fn broken_answers_have_their_reasons() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(300_000)).into_bytes();
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(1000)).into_bytes();
    for (answer, reason) in [
        (b"220 mail.example ESMTP\r\n".to_vec(), Reason::HttpProtocol),
        (b"\x15\x03\x01\x00\x02\x02\x46".to_vec(), Reason::HttpProtocol),
        (b"HTTP/1.1 abc\r\n\r\n".to_vec(), Reason::HttpProtocol),
        (long, Reason::HttpProtocol),
        (many, Reason::HttpProtocol),
        (b"".to_vec(), Reason::ConnectionClosed),
        (b"HTTP/1.1 200 OK\r\nContent-".to_vec(), Reason::ConnectionClosed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345".to_vec(), Reason::ConnectionClosed),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123".to_vec(),
            Reason::ConnectionClosed,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
            Reason::HttpProtocol,
        ),
    ] {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        let server = Server::new(move |_| answer.clone()).await;
        let ran = run(json!({"url": server.url("/")})).await;
        assert_eq!(ran.outcome.reason, Some(reason), "{shown:?}: {}", ran.outcome.detail);
    }
}

#[tokio::test]
async fn a_reset_is_told_from_an_end() {
    let server = Server::each(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    run(json!({"url": server.url("/")})).await.fails(Reason::ConnectReset, "");
}

#[tokio::test]
async fn an_endless_head_ends_at_its_limit() {
    let server = Server::each(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await.is_ok() {}
    })
    .await;
    run(json!({"url": server.url("/")})).await.fails(Reason::HttpProtocol, "head");
}

#[tokio::test]
async fn the_deadline_names_the_phase() {
    let within = Duration::from_millis(200);
    let silent = Server::each(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    run_within(within, json!({"url": silent.url("/")})).await.fails(Reason::WaitTimeout, "");
    let trickling = Server::each(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let ran = run_within(within, json!({"url": trickling.url("/")})).await;
    let ran = ran.fails(Reason::ReceiveTimeout, "");
    assert_eq!(ran.fact("noroshi_http_status_code"), Some(200.0));
    assert!(ran.fact("noroshi_http_body_bytes").unwrap() > 0.0);
}

#[tokio::test]
async fn the_status_says_more_than_what_came_after_it() {
    let server = Server::new(|_| b"HTTP/1.1 500 X\r\nContent-Length: 10\r\n\r\n12".to_vec()).await;
    let ran = run(json!({"url": server.url("/"), "expect": {"body": [{"contains": "x"}]}})).await;
    ran.fails(Reason::HttpStatus, "wanted 2xx, got 500");
}

#[tokio::test]
async fn latency_and_http_1_0() {
    let server = Server::new(|_| b"HTTP/1.0 200 OK\r\n\r\nuntil the end".to_vec()).await;
    let expect =
        json!({"version": ["HTTP/1.0"], "body": [{"contains": "the end"}], "latency": "8s"});
    let ran = run(json!({"url": server.url("/"), "expect": expect})).await.passes();
    assert_eq!(ran.fact("noroshi_http_version"), Some(1.0));
    assert_eq!(ran.fact("noroshi_http_content_length_bytes"), None);
    let expect = json!({"latency": "0"});
    run(json!({"url": server.url("/"), "expect": expect}))
        .await
        .fails(Reason::LatencyExceeded, "0s");
}

#[tokio::test]
async fn an_interim_answer_is_not_the_answer() {
    let server = Server::new(|_| {
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n".to_vec()
    })
    .await;
    let ran = run(json!({"url": server.url("/")})).await.passes();
    assert_eq!(ran.fact("noroshi_http_status_code"), Some(204.0));
}
