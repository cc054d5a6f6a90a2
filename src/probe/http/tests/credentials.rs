//! What `Authorization` says, and where a token comes from.

use super::*;
use crate::net::tls::testing::{self, Authority};

fn header<'a>(asked: &'a str, name: &str) -> Option<&'a str> {
    asked.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn of_every_form() {
    let server = Server::new(|_| ok("")).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "secret\n").unwrap();
    for (more, sent) in [
        (json!({"authorization": {"credentials": "c"}}), "Bearer c"),
        (
            json!({"authorization": {"type": "Token", "credentials_file": file.path()}}),
            "Token secret",
        ),
        (json!({"bearer_token_file": file.path()}), "Bearer secret"),
        // `secret:secret`
        (
            json!({"basic_auth": {"username_file": file.path(), "password_file": file.path()}}),
            "Basic c2VjcmV0OnNlY3JldA==",
        ),
        (json!({"headers": {"Authorization": {"files": [file.path()]}}}), "secret"),
    ] {
        let mut spec = json!({"url": server.url("/")});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(spec).await.passes();
        let asked = server.asked().pop().unwrap();
        assert_eq!(header(&asked, "Authorization"), Some(sent), "{asked}");
    }
}

#[tokio::test]
async fn a_token_is_fetched_at_each_run() {
    let tokens = Server::new(|_| ok(r#"{"access_token":"granted","token_type":"bearer"}"#)).await;
    let server = Server::new(|_| ok("")).await;
    let spec = json!({
        "url": server.url("/"), "headers": {"User-Agent": "mine"},
        "oauth2": {
            "client_id": "id", "client_secret": "hunter2", "token_url": tokens.url("/token?tenant=1"),
            "scopes": ["read"], "endpoint_params": {"audience": "me"},
        },
    });
    for _ in 0..2 {
        let ran = run(spec.clone()).await.passes();
        assert!(!format!("{:?}", ran.trace.steps).contains("hunter2"));
        // The token server is in no phase of the target.
        let sum: Duration = ran.outcome.phases.iter().map(|(_, took)| took).sum();
        assert!(sum <= ran.outcome.duration);
    }
    assert_eq!((tokens.asked().len(), server.asked().len()), (2, 2));
    let asked = tokens.asked().remove(0);
    assert!(asked.starts_with("POST /token?tenant=1 HTTP/1.1\r\n"), "{asked}");
    assert_eq!(header(&asked, "Authorization"), Some("Basic aWQ6aHVudGVyMg=="));
    assert_eq!(header(&asked, "User-Agent"), Some("mine"));
    assert!(asked.ends_with("audience=me&grant_type=client_credentials&scope=read"), "{asked}");
    assert_eq!(header(&server.asked()[0], "Authorization"), Some("Bearer granted"));
}

#[tokio::test]
async fn a_server_that_wants_the_secret_as_a_parameter_gets_it() {
    let tokens = Server::new(|request| {
        if request.contains("Authorization: ") {
            return b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n".to_vec();
        }
        ok(r#"{"access_token":"granted"}"#)
    })
    .await;
    let server = Server::new(|_| ok("")).await;
    let oauth2 = json!({"client_id": "id", "client_secret": "a b", "token_url": tokens.url("/")});
    run(json!({"url": server.url("/"), "oauth2": oauth2})).await.passes();
    assert!(
        tokens.asked()[1].ends_with("client_id=id&client_secret=a+b&grant_type=client_credentials")
    );
}

#[tokio::test]
async fn a_token_that_is_not_to_be_had() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (answer, detail) in [
        (&b"HTTP/1.1 403 No\r\nContent-Length: 7\r\n\r\nhunter2"[..], "403"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "access_token"),
        (b"SSH-2.0\r\n", "http_protocol"),
    ] {
        let tokens = Server::new(|_| answer.to_vec()).await;
        let oauth2 = json!({"client_id": "id", "token_url": tokens.url("/")});
        let ran = run(json!({"url": "http://127.0.0.1:1/", "oauth2": oauth2})).await;
        let ran = ran.fails(Reason::TokenFailed, detail);
        assert!(!ran.outcome.detail.contains("hunter2"));
    }
    let oauth2 = json!({"client_id": "id", "token_url": format!("http://{closed}/")});
    let ran = run(json!({"url": "http://127.0.0.1:1/", "oauth2": oauth2})).await;
    ran.fails(Reason::TokenFailed, "connect_refused");
    let silent = Server::each(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let oauth2 = json!({"client_id": "id", "token_url": silent.url("/")});
    let spec = json!({"url": "http://127.0.0.1:1/", "oauth2": oauth2});
    let ran = run_within(Duration::from_millis(300), spec).await;
    ran.fails(Reason::TokenFailed, "wait_timeout");
}

#[tokio::test]
async fn the_token_server_has_its_own_tls_and_its_own_proxy() {
    let authority = Authority::new();
    let acceptor = authority.issue(|_| {}).acceptor(testing::Server::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = request(&mut stream).await;
            let _ = stream.write_all(&ok(r#"{"access_token":"t"}"#)).await;
            let _ = stream.shutdown().await;
        }
    });
    let server = Server::new(|_| ok("")).await;
    let proxy = Server::each(move |mut stream, _| async move {
        let mut onward = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
    })
    .await;
    let oauth2 = json!({
        "client_id": "id", "token_url": format!("https://localhost:{port}/t"), "proxy_url": proxy.url(""),
        "proxy_connect_headers": {"X-Tunnel": "t"}, "tls": {"ca_file": authority.ca_file()},
    });
    run(json!({"url": server.url("/"), "oauth2": oauth2})).await.passes();
    assert!(proxy.asked()[0].contains("X-Tunnel: t\r\n"));
    assert_eq!(header(&server.asked()[0], "Authorization"), Some("Bearer t"));
}
