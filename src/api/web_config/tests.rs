use std::{fs, sync::Arc};

use axum::{Router, body::Body, http::Request, routing::get};
use tower::ServiceExt;

use super::*;

fn write(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("web.yml");
    fs::write(&file, text).unwrap();
    file
}

async fn ask(router: &Router) -> axum::response::Response {
    router.clone().oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn headers_and_the_limit_are_on_every_answer_and_follow_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let limited = "rate_limit: {interval: 1h, burst: 2}\nhttp_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    let file = write(folder.path(), limited);
    let web = WebConfig::open(&file).unwrap();
    let router = protected(Router::new().route("/", get(async || "hello")), Arc::clone(&web));
    for status in [200, 200, 429, 429] {
        let answer = ask(&router).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["x-frame-options"], "deny");
    }
    // The same limit with another header: tokens that were spent are spent.
    write(folder.path(), &limited.replace("deny", "sameorigin"));
    web.look().await;
    let answer = ask(&router).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-frame-options"]),
        (429, &HeaderValue::from_static("sameorigin"))
    );
    // What is wrong changes nothing.
    write(folder.path(), "rate_limit: {interval: 1h, burst: x}\n");
    web.look().await;
    assert_eq!(ask(&router).await.headers()["x-frame-options"], "sameorigin");
    fs::remove_file(&file).unwrap();
    web.look().await;
    assert_eq!(ask(&router).await.headers()["x-frame-options"], "sameorigin");
    write(folder.path(), "");
    web.look().await;
    let answer = ask(&router).await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("x-frame-options"));
}

#[tokio::test(start_paused = true)]
async fn requests_look_once_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "");
    let web = WebConfig::open(&file).unwrap();
    write(folder.path(), "http_server_config: {headers: {X-Frame-Options: deny}}\n");
    assert!(web.recent().await.headers.is_empty());
    tokio::time::advance(FRESH).await;
    assert_eq!(web.recent().await.headers.len(), 1);
}

#[tokio::test]
async fn tls_is_neither_switched_on_nor_off_while_running() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(folder.path().join("c"), key.cert.pem()).unwrap();
    fs::write(folder.path().join("k"), key.signing_key.serialize_pem()).unwrap();
    let with = "tls_server_config: {cert_file: c, key_file: k}\n";
    for (first, then) in [(with, ""), ("", with)] {
        let web = WebConfig::open(&write(folder.path(), first)).unwrap();
        write(folder.path(), then);
        web.look().await;
        assert_eq!(web.tls().await.is_some(), !first.is_empty());
    }
}

#[test]
fn what_is_wrong_with_files_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let pair = || rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (one, other) = (pair(), pair());
    fs::write(folder.path().join("c"), one.cert.pem()).unwrap();
    fs::write(folder.path().join("k"), one.signing_key.serialize_pem()).unwrap();
    fs::write(folder.path().join("other"), other.signing_key.serialize_pem()).unwrap();
    fs::write(folder.path().join("junk"), "junk").unwrap();
    for (keys, words) in [
        ("cert_file: c, key_file: other", "is not that of the certificate"),
        ("cert_file: gone, key_file: k", "cannot read"),
        ("cert_file: junk, key_file: k", "no PEM certificate"),
        ("cert_file: c, key_file: junk", "no PEM private key"),
        (
            "cert_file: c, key_file: k, client_auth_type: RequireAndVerifyClientCert, client_ca_file: gone",
            "gone",
        ),
    ] {
        let file = write(folder.path(), &format!("tls_server_config: {{{keys}}}\n"));
        let refused = check(&file).unwrap_err().to_string();
        assert!(refused.contains(words), "{keys}: {refused}");
    }
    let keys =
        "cert_file: c, key_file: k, client_auth_type: RequireAndVerifyClientCert, client_ca: junk";
    let warnings =
        check(&write(folder.path(), &format!("tls_server_config: {{{keys}}}\n"))).unwrap();
    assert!(warnings[0].message.contains("verifies nobody"), "{warnings:?}");
    let refused = check(&write(folder.path(), "a: 1\n")).unwrap_err().to_string();
    assert!(refused.contains("web.yml:1:1: unknown key `a`"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_sent_away() {
    use tokio::io::AsyncReadExt;

    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(folder.path().join("c"), key.cert.pem()).unwrap();
    fs::write(folder.path().join("k"), key.signing_key.serialize_pem()).unwrap();
    let file = write(folder.path(), "tls_server_config: {cert_file: c, key_file: k}\n");
    let web = WebConfig::open(&file).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = crate::api::Listener::new(listener.into()).unwrap();
    let serving = crate::api::serve(
        listener,
        Router::new(),
        Some(web),
        crate::api::Patience::default(),
        std::future::pending(),
    );
    let server = tokio::spawn(serving);
    let begun = Instant::now();
    // Before its first byte, and in the middle of its first record.
    for said in [&b""[..], &[22, 3, 1, 2]] {
        let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut silent, said).await.unwrap();
        assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0);
    }
    assert!(begun.elapsed() >= Duration::from_secs(10));
    server.abort();
}
