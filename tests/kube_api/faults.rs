//! What goes wrong on request, and what is counted.

use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    client::{Line, Watch, answer, get, names},
    pod, six_pods,
    support::{
        authority::{Authority, Flaw},
        eventually,
        kube_api::{Failure, KubeApi, Wrong},
        patience::patience,
    },
};

const SOON: Duration = Duration::from_millis(100);

async fn watch(server: &KubeApi) -> Watch {
    Watch::open(server, &format!("/api/v1/pods?watch=true&resourceVersion={}", server.version()))
        .await
}

#[tokio::test]
async fn watches_are_cut_in_the_middle() {
    let server = six_pods().await;
    let mut open = watch(&server).await;
    eventually!(server.watches(Some("pods")) == 1);
    server.cut();
    assert_eq!(open.line(patience()).await, Line::Broken);
    eventually!(server.watches(None) == 0);
    assert_eq!(get(&server, "/api/v1/pods").await.status, 200);
}

#[tokio::test]
async fn a_stalled_watch_is_silent_and_loses_nothing() {
    let server = six_pods().await;
    let mut open = watch(&server).await;
    server.stall(true);
    server.put("pods", pod("a", "p7", &json!({})));
    assert_eq!(open.line(SOON).await, Line::Silence);
    server.stall(false);
    assert_eq!(open.events(1).await, ["ADDED a/p7"]);
}

#[tokio::test]
async fn bytes_drip_and_garbage_comes_between() {
    let server = six_pods().await;
    let mut open = watch(&server).await;
    server.drip(Some(Duration::from_millis(1)));
    let begun = Instant::now();
    server.put("pods", pod("a", "p7", &json!({})));
    assert_eq!(open.events(1).await, ["ADDED a/p7"]);
    assert!(begun.elapsed() > SOON, "{:?} for some 200 bytes", begun.elapsed());
    server.drip(None);
    server.say(Some("pods"), "{\"type\":\"ADD\n");
    assert_eq!(open.line(patience()).await, Line::Text("{\"type\":\"ADD".to_owned()));
    server.error_event(None, 429, Some(3));
    let (word, status) = open.event().await;
    assert_eq!((word.as_str(), &status["details"]["retryAfterSeconds"]), ("ERROR", &json!(3)));
    assert_eq!(open.line(patience()).await, Line::End);
}

#[tokio::test]
async fn requests_fail_as_often_as_told() {
    let server = six_pods().await;
    let failure = |wrong, times| Failure {
        verb: Some("list".to_owned()),
        path: "pods".to_owned(),
        wrong,
        times: Some(times),
    };
    server.fail(failure(Wrong::Status(429, Some(7)), 2));
    server.fail(failure(Wrong::Text(502, "<html>".to_owned()), 1));
    server.fail(failure(Wrong::Broken, 1));
    for _ in 0..2 {
        let answer = get(&server, "/api/v1/pods").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
    }
    assert_eq!(get(&server, "/api/v1/pods").await.text, "<html>");
    assert!(answer(&server, "GET", "/api/v1/pods", &[], "").await.is_err());
    assert_eq!(get(&server, "/api/v1/pods").await.status, 200);
    server.fail_with(None, "", 500, None);
    assert_eq!(get(&server, "/version").await.json["reason"], "InternalError");
    server.fail_no_more();
    assert_eq!(get(&server, "/version").await.status, 200);
}

#[tokio::test]
async fn what_is_malformed_stays_so() {
    let server = six_pods().await;
    let mut open = watch(&server).await;
    server.put_raw("pods", "a", "q0", json!({ "metadata": { "name": "q0", "labels": "none" } }));
    server.put_raw("pods", "a", "q1", json!({ "spec": 3 }));
    server.put_raw("pods", "a", "q2", json!("not even an object"));
    let list = get(&server, "/api/v1/namespaces/a/pods").await.json;
    let items = list["items"].as_array().unwrap();
    assert_eq!(
        (&items[3]["metadata"]["labels"], &items[4]),
        (&json!("none"), &json!({ "spec": 3 }))
    );
    assert_eq!(items[5], "not even an object");
    assert_eq!(open.event().await.1["metadata"]["labels"], "none");
    assert_eq!(open.event().await.1, json!({ "kind": "Pod", "apiVersion": "v1", "spec": 3 }));
    assert_eq!(open.event().await.1, "not even an object");
    let selected = get(&server, "/api/v1/namespaces/a/pods?labelSelector=!app").await.json;
    assert_eq!(selected["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn lists_at_once_and_requests_are_counted() {
    let server = six_pods().await;
    server.mute(true);
    let asked = async {
        let lists = ["/api/v1/pods?limit=3", "/api/v1/nodes", "/api/v1/services"];
        futures_util::future::join_all(lists.map(|path| get(&server, path))).await
    };
    let counted = async {
        eventually!(server.most_lists_at_once() == 3);
        server.mute(false);
    };
    let (answers, ()) = tokio::join!(asked, counted);
    server.forget_requests();
    assert_eq!(server.most_lists_at_once(), 1, "pods have a page to come");
    let token = answers[0].json["metadata"]["continue"].as_str().unwrap();
    get(&server, &format!("/api/v1/pods?limit=3&continue={token}")).await;
    get(&server, "/api/v1/nodes?labelSelector=a").await;
    assert_eq!(server.most_lists_at_once(), 1, "one after another");
    assert_eq!(server.count("list", "/api/v1/pods"), 1);
    let requests = server.requests();
    assert_eq!((requests[1].verb, requests[1].query.as_str()), ("list", "labelSelector=a"));
}

#[tokio::test]
async fn a_server_goes_and_comes_back_at_its_address() {
    let server = six_pods().await;
    let mut open = watch(&server).await;
    server.down();
    assert_eq!(open.line(patience()).await, Line::Broken);
    eventually!(TcpStream::connect(server.address()).await.is_err());
    server.up();
    assert_eq!(names(&get(&server, "/api/v1/pods").await.json).len(), 6);
}

#[tokio::test]
async fn it_speaks_tls() {
    let authority = Authority::new();
    let server = KubeApi::start_tls(authority.acceptor(Flaw::None)).await;
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(authority.ca_file()).unwrap();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let request = b"GET /readyz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    assert!(text.ends_with(b"\r\n\r\nok"), "{}", text.escape_ascii());
}
