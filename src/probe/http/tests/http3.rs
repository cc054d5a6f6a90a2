//! HTTP/3 against servers on loopback, most of which misbehave.

use std::future::pending;

use bytes::{Buf, Bytes};
use hyper::{Response, StatusCode};

use super::*;
use crate::net::{
    http::quic::testing::{Asked, listen, serve},
    tls::testing::{self, Authority, Identity},
};

fn spec(authority: &Authority, server: SocketAddr) -> Value {
    json!({
        "url": format!("https://localhost:{}/x?y", server.port()), "version": "http3",
        "tls": {"ca_file": authority.ca_file()},
    })
}

fn with(mut spec: Value, more: Value) -> Value {
    let more: serde_json::Map<String, Value> = serde_json::from_value(more).unwrap();
    spec.as_object_mut().unwrap().extend(more);
    spec
}

fn at(authority: &Authority) -> (Identity, testing::Server) {
    (authority.issue(|_| {}), testing::Server::default())
}

async fn reply(asked: &mut Asked, response: Response<()>, body: &str) {
    let _ = asked.stream.send_response(response).await;
    let _ = asked.stream.send_data(Bytes::copy_from_slice(body.as_bytes())).await;
}

/// What was asked, and how long its body was.
async fn echo(mut asked: Asked) {
    let mut length = 0;
    while let Ok(Some(piece)) = asked.stream.recv_data().await {
        length += piece.remaining();
    }
    let head = &asked.request;
    let said = head.headers().get("content-length").map_or("-", |value| value.to_str().unwrap());
    let text = format!("{:?} {} {} {length} {said}", head.version(), head.method(), head.uri());
    reply(&mut asked, Response::new(()), &text).await;
    let _ = asked.stream.finish().await;
}

#[tokio::test]
async fn an_answer_with_all_its_facts() {
    let authority = Authority::new();
    let (identity, how) = at(&authority);
    let server = serve(&identity, how, echo);
    let more = json!({
        "method": "POST", "body": "12345", "headers": {"Connection": "close", "Host": "localhost:7"},
        "expect": {
            "version": ["HTTP/3"], "tls": true, "certificate_validity": "1d",
            "body": [{"regex": "^HTTP/3.0 POST https://localhost:7/x\\?y 5 5$"}],
        },
    });
    let ran = run(with(spec(&authority, server), more)).await.passes();
    for (name, value) in [
        ("noroshi_http_version", 3.0),
        ("noroshi_http_status_code", 200.0),
        ("noroshi_http_tls", 1.0),
        ("noroshi_http_body_bytes", 41.0),
        ("noroshi_tls_verified", 1.0),
    ] {
        assert_eq!(ran.fact(name), Some(value), "{name}");
    }
    let mut facts = ran.outcome.facts.iter();
    let info = facts.find(|fact| fact.desc.name == "noroshi_tls_info").unwrap();
    let label = |name: &str| {
        let at = info.desc.labels.iter().position(|own| *own == name).unwrap();
        info.labels[at].to_string()
    };
    assert_eq!(label("version"), "TLS 1.3");
    assert_eq!(label("cipher"), "TLS_AES_128_GCM_SHA256");
    assert_eq!(label("key_exchange_group"), "X25519MLKEM768");
    let phases: Vec<_> = ran.outcome.phases.iter().map(|(phase, _)| phase.word()).collect();
    assert_eq!(phases, ["connect", "tls", "send", "wait", "receive"]);
}

#[tokio::test]
async fn large_bodies_go_both_ways() {
    let authority = Authority::new();
    let (identity, how) = at(&authority);
    let server = serve(&identity, how, |mut asked: Asked| async move {
        let mut length = 0;
        while let Ok(Some(piece)) = asked.stream.recv_data().await {
            length += piece.remaining();
        }
        reply(&mut asked, Response::new(()), &"x".repeat(length)).await;
        let _ = asked.stream.finish().await;
    });
    let more = json!({"method": "PUT", "body": "x".repeat(3 << 20)});
    let ran = run(with(spec(&authority, server), more)).await.passes();
    assert_eq!(ran.fact("noroshi_http_body_bytes"), Some(f64::from(3 << 20)));
}

#[tokio::test]
async fn redirects_are_followed_but_not_out_of_tls() {
    let authority = Authority::new();
    let (identity, how) = at(&authority);
    let server = serve(&identity, how, |mut asked: Asked| async move {
        let location = match asked.request.uri().path() {
            "/x" => "/next",
            "/next" => "http://localhost:1/plain",
            _ => return,
        };
        let response = Response::builder().status(302).header("location", location);
        reply(&mut asked, response.body(()).unwrap(), "").await;
        let _ = asked.stream.finish().await;
    });
    let ran = run(spec(&authority, server)).await.fails(Reason::HttpRedirect, "http://localhost");
    assert_eq!(ran.fact("noroshi_http_redirects"), Some(2.0));
    let more = json!({"redirects": {"limit": 1}, "expect": {"status": [302]}});
    run(with(spec(&authority, server), more)).await.passes();
}

#[tokio::test]
async fn another_host_is_asked_for_its_own_certificate_and_gets_no_credentials() {
    let authority = Authority::new();
    let other = authority.issue(|params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("b.test".try_into().unwrap())];
    });
    let credentials = |asked: &Asked| asked.request.headers().contains_key("authorization");
    let there = serve(&other, testing::Server::default(), move |asked: Asked| async move {
        assert!(!credentials(&asked));
        echo(asked).await;
    });
    let (identity, how) = at(&authority);
    let here = serve(&identity, how, move |mut asked: Asked| async move {
        assert!(credentials(&asked));
        let location = format!("https://b.test:{}/y", there.port());
        let response = Response::builder().status(307).header("location", location);
        reply(&mut asked, response.body(()).unwrap(), "").await;
        let _ = asked.stream.finish().await;
    });
    let more = json!({
        "basic_auth": {"username": "u", "password": "p"},
        "tls": {"ca_file": authority.ca_file(), "server_name": "localhost"},
        "expect": {"body": [{"contains": "https://b.test"}]},
    });
    run(with(spec(&authority, here), more)).await.passes();
}

#[tokio::test]
async fn a_chain_that_does_not_verify_is_shown() {
    let authority = Authority::new();
    let (asked, mut requests) = tokio::sync::mpsc::channel(1);
    let identity = authority.issue(|params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let server = serve(&identity, testing::Server::default(), move |request: Asked| {
        asked.try_send(()).unwrap();
        echo(request)
    });
    let ran = run(spec(&authority, server)).await.fails(Reason::TlsExpired, "2020-01-01");
    assert_eq!(ran.fact("noroshi_tls_not_after_timestamp_seconds"), Some(1_577_836_800.0));
    assert_eq!(ran.fact("noroshi_tls_verified"), Some(0.0));
    assert_eq!(ran.fact("noroshi_http_status_code"), None);
    assert!(requests.try_recv().is_err(), "a request was sent none the less");
    let more = json!({"tls": {"insecure_skip_verify": true}});
    run(with(spec(&authority, server), more)).await.passes();
    let more = json!({"url": format!("https://a.test:{}/", server.port())});
    let other = authority.issue(|_| {});
    let server = serve(&other, testing::Server::default(), echo);
    let named = with(spec(&authority, server), more);
    let named = with(named, json!({"url": format!("https://a.test:{}/", server.port())}));
    run(named).await.fails(Reason::TlsNameMismatch, "a.test");
}

#[tokio::test]
async fn handshakes_that_fail() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (identity, _) = at(&authority);
    let alpn = testing::Server { alpn: vec![b"doq".to_vec()], ..testing::Server::default() };
    let endpoint = listen(&identity, alpn);
    let server = endpoint.local_addr().unwrap();
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            let _ = incoming.await;
        }
    });
    run(spec(&authority, server)).await.fails(Reason::HttpVersion, "ALPN");

    let clients = testing::Server { clients: Some(other.der()), ..testing::Server::default() };
    let server = serve(&identity, clients, echo);
    run(spec(&authority, server)).await.fails(Reason::TlsClientCertificate, "certificate");

    let own = other.issue(|_| {});
    let (chain, key) = (own.chain_pem(), own.key_pem());
    let tls = json!({"tls": {"ca_file": authority.ca_file(), "cert": chain, "key": key}});
    run(with(spec(&authority, server), tls)).await.passes();
    // With a certificate of ours the handshake ends at once.
    let tls = json!({"tls": {"ca_file": other.ca_file(), "cert": chain, "key": key}});
    let ran = run(with(spec(&authority, server), tls)).await.fails(Reason::TlsUntrusted, "leaf");
    assert_eq!(ran.fact("noroshi_tls_verified"), Some(0.0));

    let tls = json!({"tls": {"ca_file": authority.ca_file(), "max_version": "TLS12"}});
    run(with(spec(&authority, server), tls)).await.fails(Reason::TlsUnsupportedVersion, "1.3");
}

#[tokio::test]
async fn ports_without_anyone_there() {
    let authority = Authority::new();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let spec = spec(&authority, silent.local_addr().unwrap());
    let begun = Instant::now();
    let ran = run_within(Duration::from_millis(300), spec.clone()).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    ran.fails(Reason::ConnectTimeout, "connect");
    drop(silent);
    let begun = Instant::now();
    run(spec).await.fails(Reason::ConnectRefused, "refused");
    assert!(begun.elapsed() < Duration::from_secs(5), "it was waited for");
}

#[tokio::test]
async fn a_server_of_noise_is_a_handshake_that_does_not_end() {
    let authority = Authority::new();
    let noise = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = noise.local_addr().unwrap();
    tokio::spawn(async move {
        let mut bytes = [0; 2000];
        while let Ok((_, from)) = noise.recv_from(&mut bytes).await {
            let _ = noise.send_to(b"220 mail.example ESMTP", from).await;
        }
    });
    let ran = run_within(Duration::from_millis(300), spec(&authority, server)).await;
    ran.fails(Reason::TlsTimeout, "tls");
}

/// How a server misbehaves.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Silent,
    ResetStream,
    Close(u32),
    NoHead,
    ManyFields,
    ResetInBody,
    CloseInBody,
    EndsEarly,
    EndsLate,
    Stalls,
}

async fn misbehave(mut asked: Asked, fault: Fault) {
    let announces =
        |length: &str| Response::builder().header("content-length", length).body(()).unwrap();
    let internal = h3::error::Code::H3_INTERNAL_ERROR;
    match fault {
        Fault::Silent => {}
        Fault::ResetStream => asked.stream.stop_stream(internal),
        Fault::Close(code) => asked.quic.close(code.into(), b"sorry"),
        Fault::NoHead => drop(asked.stream.finish().await),
        Fault::ManyFields => {
            let mut response = Response::builder();
            for at in 0..400 {
                response = response.header(format!("x-{at}"), "y");
            }
            reply(&mut asked, response.body(()).unwrap(), "").await;
            let _ = asked.stream.finish().await;
        }
        Fault::ResetInBody => {
            reply(&mut asked, Response::new(()), "half").await;
            tokio::task::yield_now().await;
            asked.stream.stop_stream(internal);
        }
        Fault::CloseInBody => {
            reply(&mut asked, announces("10"), "half").await;
            asked.quic.close(0x100_u32.into(), b"");
        }
        Fault::EndsEarly => {
            reply(&mut asked, announces("10"), "half").await;
            let _ = asked.stream.finish().await;
        }
        Fault::EndsLate => {
            reply(&mut asked, announces("1"), "more than that").await;
            let _ = asked.stream.finish().await;
        }
        Fault::Stalls => {
            reply(&mut asked, Response::new(()), "half").await;
            pending::<()>().await;
        }
    }
    pending::<()>().await;
}

#[tokio::test]
async fn servers_that_misbehave() {
    let authority = Authority::new();
    for (fault, reason, detail) in [
        (Fault::Silent, Reason::WaitTimeout, "wait"),
        (Fault::ResetStream, Reason::ConnectReset, "H3_INTERNAL_ERROR"),
        (Fault::Close(0x100), Reason::ConnectionClosed, "closed"),
        (Fault::Close(0x102), Reason::HttpProtocol, "H3_INTERNAL_ERROR"),
        (Fault::NoHead, Reason::HttpProtocol, "without receiving response headers"),
        (Fault::ManyFields, Reason::HttpProtocol, "256 header fields"),
        (Fault::ResetInBody, Reason::ConnectReset, "H3_INTERNAL_ERROR"),
        (Fault::CloseInBody, Reason::ConnectionClosed, ""),
        (Fault::EndsEarly, Reason::ConnectionClosed, "10 were announced"),
        (Fault::EndsLate, Reason::HttpProtocol, "1 were announced"),
        (Fault::Stalls, Reason::ReceiveTimeout, "receive"),
    ] {
        let (identity, how) = at(&authority);
        let server = serve(&identity, how, move |asked| misbehave(asked, fault));
        let is_awaited = matches!(fault, Fault::Silent | Fault::Stalls);
        let timeout = Duration::from_secs(if is_awaited { 1 } else { 10 });
        let ran = run_within(timeout, spec(&authority, server)).await;
        ran.fails(reason, detail);
    }
}

/// A server without HTTP/3's library: the first stream is answered with these bytes, and then with zeros without end.
fn raw(identity: &Identity, answer: Vec<u8>) -> SocketAddr {
    let endpoint = listen(identity, testing::Server::default());
    let address = endpoint.local_addr().unwrap();
    tokio::spawn(async move {
        let quic = endpoint.accept().await.unwrap().await.unwrap();
        let mut control = quic.open_uni().await.unwrap();
        // The type of the stream, and settings of which there are none.
        control.write_all(&[0, 4, 0]).await.unwrap();
        let (mut send, _receive) = quic.accept_bi().await.unwrap();
        let _ = send.write_all(&answer).await;
        while send.write_all(&[0; 8 * 1024]).await.is_ok() {}
    });
    address
}

/// A frame's type and how long it says it is.
fn frame(kind: u8, length: u32) -> Vec<u8> {
    [&[kind, 0x80][..], &length.to_be_bytes()[1..]].concat()
}

#[tokio::test]
async fn an_endless_head_ends_at_its_limit() {
    let authority = Authority::new();
    let (identity, _) = at(&authority);
    // `:status: 200` of the static table, and a field `x` of 127 + 99,873 bytes: RFC 9204 section 4.5.
    let length = 100_000_u32;
    let field = [&[0, 0, 0xd9, 0x21, b'x', 0x7f, 0xa1, 0x8c, 0x06][..], &vec![b'x'; 100_000]];
    let head = field.concat();
    let server = raw(&identity, [frame(1, length + 9), head].concat());
    run(spec(&authority, server)).await.fails(Reason::HttpProtocol, "larger than 65536");
    // A head that never comes, and a frame that nobody knows: each would be kept until it is whole.
    for kind in [1, 0x21] {
        let server = raw(&identity, frame(kind, 0x00ff_ffff));
        let ran = run(spec(&authority, server)).await;
        ran.fails(Reason::HttpProtocol, "brought the answer no further");
    }
    // The same behind a good head and the beginning of a body.
    let good = [frame(1, 3), vec![0, 0, 0xd9], frame(0, 4), b"half".to_vec()].concat();
    let server = raw(&identity, [good, frame(0x21, 0x00ff_ffff)].concat());
    let ran = run(spec(&authority, server)).await;
    assert_eq!(ran.fact("noroshi_http_body_bytes"), Some(4.0));
    ran.fails(Reason::HttpProtocol, "brought the answer no further");
}

#[tokio::test]
async fn an_empty_frame_is_not_the_end() {
    let authority = Authority::new();
    let (identity, _) = at(&authority);
    let endpoint = listen(&identity, testing::Server::default());
    let server = endpoint.local_addr().unwrap();
    tokio::spawn(async move {
        let quic = endpoint.accept().await.unwrap().await.unwrap();
        let (mut send, _receive) = quic.accept_bi().await.unwrap();
        let head = [frame(1, 3), vec![0, 0, 0xd9], frame(0, 0)].concat();
        send.write_all(&head).await.unwrap();
        tokio::task::yield_now().await;
        send.write_all(&[frame(0, 4), b"rest".to_vec()].concat()).await.unwrap();
        send.finish().unwrap();
        quic.closed().await;
    });
    let ran = run(spec(&authority, server)).await.passes();
    assert_eq!(ran.fact("noroshi_http_body_bytes"), Some(4.0));
}

#[tokio::test]
async fn a_huge_body_is_not_downloaded() {
    let authority = Authority::new();
    let (identity, how) = at(&authority);
    let server = serve(&identity, how, |mut asked: Asked| async move {
        let _ = asked.stream.send_response(Response::new(())).await;
        while asked.stream.send_data(Bytes::from_static(&[b'x'; 8192])).await.is_ok() {}
    });
    let more = json!({"body_size_limit": "1MiB"});
    let ran = run(with(spec(&authority, server), more)).await;
    ran.fails(Reason::BodyTooLarge, "1MiB");
    let server =
        serve(&at(&authority).0, testing::Server::default(), |mut asked: Asked| async move {
            let response = Response::builder().header("content-length", "1000000000");
            reply(&mut asked, response.body(()).unwrap(), "").await;
            pending::<()>().await;
        });
    run(spec(&authority, server)).await.fails(Reason::BodyTooLarge, "are announced");
    let more = json!({"method": "HEAD"});
    let server =
        serve(&at(&authority).0, testing::Server::default(), |mut asked: Asked| async move {
            let response = Response::builder().header("content-length", "1000000000");
            let _ = asked.stream.send_response(response.body(()).unwrap()).await;
            let _ = asked.stream.finish().await;
        });
    run(with(spec(&authority, server), more)).await.passes();
}

#[tokio::test]
async fn interim_answers_are_not_the_answer_and_an_early_one_is() {
    let authority = Authority::new();
    let (identity, how) = at(&authority);
    let server = serve(&identity, how, |mut asked: Asked| async move {
        let early = Response::builder().status(StatusCode::EARLY_HINTS).body(()).unwrap();
        let _ = asked.stream.send_response(early).await;
        // The request's body is not read.
        let enough = Response::builder().status(413).body(()).unwrap();
        reply(&mut asked, enough, "enough").await;
        asked.stream.stop_sending(h3::error::Code::H3_NO_ERROR);
        let _ = asked.stream.finish().await;
        pending::<()>().await;
    });
    let more = json!({"method": "POST", "body": "x".repeat(4 << 20), "expect": {"status": [413]}});
    let ran = run(with(spec(&authority, server), more)).await.passes();
    assert_eq!(ran.fact("noroshi_http_body_bytes"), Some(6.0));
}

#[tokio::test]
async fn nothing_outlives_a_run_and_the_server_is_told() {
    let authority = Authority::new();
    let (told, mut endings) = tokio::sync::mpsc::channel(2);
    let (identity, how) = at(&authority);
    let server = serve(&identity, how, move |asked: Asked| {
        let told = told.clone();
        async move {
            let quic = asked.quic.clone();
            tokio::spawn(async move { told.send(quic.closed().await).await.unwrap() });
            if asked.request.method() == "GET" {
                echo(asked).await;
            }
            pending::<()>().await;
        }
    });
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for (method, timeout) in [("GET", 10_000), ("POST", 1_000)] {
        let spec = with(spec(&authority, server), json!({"method": method}));
        let ran = run_within(Duration::from_millis(timeout), spec).await;
        assert_eq!(ran.outcome.reason.is_none(), method == "GET");
        let ending = tokio::time::timeout(Duration::from_secs(5), endings.recv()).await;
        let ending = ending.unwrap().unwrap();
        let quinn::ConnectionError::ApplicationClosed(close) = &ending else {
            panic!("{method}: {ending}");
        };
        assert_eq!(close.error_code.into_inner(), 0x100, "{method}");
    }
    // Without any server in this runtime, whose tasks come and go: what is alive before a run is all that is after it.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let spec = spec(&authority, silent.local_addr().unwrap());
    let before = alive();
    run_within(Duration::from_millis(100), spec).await.fails(Reason::ConnectTimeout, "");
    assert!(alive() <= before, "{} tasks more", alive() - before);
}

#[test]
fn what_cannot_be_is_said_at_once() {
    for (more, path) in [
        (json!({"url": "http://x/"}), "url"),
        (json!({"proxy_url": "http://p:1"}), "proxy_url"),
        (json!({"proxy_from_environment": true}), "proxy_from_environment"),
    ] {
        let base = json!({"url": "https://x/", "version": "http3"});
        let spec: Spec = serde_json::from_value(with(base, more)).unwrap();
        let problems = spec.problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].path, path);
    }
}

#[test]
fn a_target_without_tls_is_asked_for_with_it() {
    let spec = json!({"url": "https://x/", "version": "http3"});
    let spec: Spec = serde_json::from_value(spec).unwrap();
    for (target, url) in [
        ("http://a.test", "https://a.test/"),
        ("HTTP://a.test:80/x", "https://a.test:80/x"),
        ("https://a.test/?http://b", "https://a.test/?http://b"),
    ] {
        let aim = Aim { target, ..Aim::default() };
        let super::super::super::Spec::Http(aimed) = spec.aimed(&aim).unwrap() else { panic!() };
        assert_eq!(aimed.url.url().as_str(), url);
    }
}
