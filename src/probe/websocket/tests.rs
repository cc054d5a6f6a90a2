//! The whole probe against WebSocket servers on loopback.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::*;
use crate::{
    model::{Reason, Verdict},
    net::tls::testing as tls_testing,
    probe::{Report, testing},
};

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

/// A server for one connection that upgrades, choosing the subprotocol `chosen`.
#[expect(clippy::result_large_err, reason = "the type is that of the library's callback")]
async fn server<F: Future<Output = ()> + Send>(
    chosen: Option<&'static str>,
    script: impl FnOnce(Socket, Request) -> F + Send + 'static,
) -> SocketAddr {
    testing::serve(move |stream| async move {
        let mut asked = None;
        let accepted = accept_hdr_async(stream, |request: &Request, mut answer: Response| {
            asked = Some(request.clone());
            if let Some(chosen) = chosen {
                let headers = answer.headers_mut();
                headers.insert("sec-websocket-protocol", chosen.parse().unwrap());
            }
            Ok(answer)
        })
        .await;
        if let Ok(socket) = accepted {
            script(socket, asked.unwrap()).await;
        }
    })
    .await
}

/// Sends text back, upside down, until it is closed.
async fn echo(mut socket: Socket, _: Request) {
    use futures_util::{SinkExt, StreamExt};
    while let Some(Ok(message)) = socket.next().await {
        let answer = match message {
            Message::Text(text) => Message::text(text.chars().rev().collect::<String>()),
            Message::Binary(bytes) => Message::Binary(bytes),
            _ => continue,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

async fn run(spec: Value) -> Report {
    run_within(Duration::from_secs(10), spec).await
}

async fn run_within(timeout: Duration, spec: Value) -> Report {
    let spec: Spec = serde_json::from_value(spec).unwrap();
    assert_eq!(spec.problems(), [], "{spec:?}");
    testing::probe(super::super::Spec::Websocket(spec), timeout).await
}

#[track_caller]
fn passes(report: &Report) {
    let steps = &report.trace.steps;
    assert_eq!(report.outcome.verdict, Verdict::Pass, "{} {steps:?}", report.detail());
}

#[track_caller]
fn fails(report: &Report, reason: Reason, detail: &str) {
    assert_eq!(report.reason(), Some(reason), "{} {:?}", report.detail(), report.trace.steps);
    assert!(report.detail().contains(detail), "{}", report.detail());
}

#[tokio::test]
async fn a_conversation_with_everything() {
    let address = server(Some("b.v1"), |socket, request| async move {
        assert_eq!(request.uri(), "/chat?x=1");
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("sec-websocket-protocol"), "a, b.v1");
        assert_eq!(header("authorization"), "Basic dTpw");
        assert_eq!(header("origin"), "https://example.org");
        assert!(header("user-agent").starts_with("noroshi/"));
        echo(socket, request).await;
    })
    .await;
    let report = run(json!({
        "url": format!("ws://{address}/chat?x=1#f"),
        "subprotocols": ["a", "b.v1"],
        "headers": {"Origin": "https://example.org"},
        "basic_auth": {"username": "u", "password": "p"},
        "dialogue": [
            {"send": "olleh $1"},
            {"expect": "(?P<word>hello)$", "send": "${word}, $$"},
            {"expect": "^\\$ ,olleh$"},
            {"send_hex": "00ff"},
            {"expect_hex": "00ff"},
        ],
        "ping": true,
    }))
    .await;
    passes(&report);
    for (name, value) in [
        ("noroshi_websocket_status_code", 101.0),
        ("noroshi_websocket_upgraded", 1.0),
        ("noroshi_websocket_received_messages", 3.0),
        ("noroshi_websocket_close_code", 1000.0),
    ] {
        assert_eq!(report.value(name), Some(value), "{name}");
    }
    assert!(report.value("noroshi_websocket_ping_rtt_seconds").unwrap() < 5.0);
    assert_eq!(report.trace.expectations.len(), 4);
}

#[tokio::test]
async fn over_tls() {
    let authority = tls_testing::Authority::new();
    let acceptor = authority.issue(|_| {}).acceptor(tls_testing::Server::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use futures_util::StreamExt;
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    });
    let report = run(json!({
        "url": format!("wss://{address}/"), "tls": {"ca_file": authority.ca_file()},
        "expect": {"certificate_validity": "1d"},
    }))
    .await;
    passes(&report);
    assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));
}

#[tokio::test]
async fn upgrades_that_are_none() {
    for (answer, reason, detail, status) in [
        ("HTTP/1.1 403 No\r\n\r\n", Reason::WebsocketUpgrade, "403", Some(403.0)),
        ("HTTP/1.1 200 OK\r\n\r\n", Reason::WebsocketUpgrade, "200", Some(200.0)),
        (
            "HTTP/1.1 302 X\r\nLocation: /y?z\r\n\r\n",
            Reason::WebsocketUpgrade,
            "leads to /y;",
            Some(302.0),
        ),
        ("HTTP/1.1 101 X\r\n\r\n", Reason::WebsocketUpgrade, "pgrade", None),
        (
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            Reason::WebsocketUpgrade,
            "Accept",
            None,
        ),
        ("220 mail ESMTP\r\n", Reason::HttpProtocol, "", None),
        ("HTTP/1.1 10", Reason::ConnectionClosed, "", None),
        ("", Reason::ConnectionClosed, "", None),
    ] {
        let address = testing::serve(move |mut stream| async move {
            testing::say_and_hear(&mut stream, "", "\r\n\r\n").await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let report = run(json!({"url": format!("ws://{address}/")})).await;
        fails(&report, reason, detail);
        assert_eq!(report.value("noroshi_websocket_status_code"), status, "{answer}");
        assert_eq!(report.value("noroshi_websocket_upgraded"), Some(0.0));
    }
}

#[tokio::test]
async fn a_subprotocol_must_be_chosen() {
    for chosen in [None, Some("c")] {
        let address = server(chosen, echo).await;
        let report = run(json!({"url": format!("ws://{address}/"), "subprotocols": ["a"]})).await;
        fails(&report, Reason::WebsocketSubprotocol, "ubprotocol");
    }
}

#[tokio::test]
async fn dialogues_that_go_wrong() {
    let within = Duration::from_millis(300);
    for (dialogue, reason, detail) in [
        (
            json!([{"send": "a"}, {"expect": "b"}]),
            Reason::ExpectMismatch,
            "step 2: wanted /b/, got \"a\"",
        ),
        (
            json!([{"send_hex": "00"}, {"expect_hex": "01"}]),
            Reason::ExpectMismatch,
            "wanted hex 01",
        ),
        (json!([{"expect": "greeting"}]), Reason::WaitTimeout, "no message"),
        (
            json!([{"send_hex": "ff"}, {"expect": "(.)", "send": "$1"}]),
            Reason::ExpectMismatch,
            "not text",
        ),
    ] {
        let address = server(None, echo).await;
        let spec = json!({"url": format!("ws://{address}/"), "dialogue": dialogue});
        fails(&run_within(within, spec).await, reason, detail);
    }
}

#[tokio::test]
async fn close_codes() {
    use futures_util::{SinkExt, StreamExt};
    for (code, accepted, dialogue, reason) in [
        (Some(1011), json!([1000]), json!([]), Some(Reason::WebsocketClose)),
        (Some(4001), json!([1000, 4001]), json!([]), None),
        (None, json!([1000]), json!([]), None),
        (Some(1008), json!([1000]), json!([{"expect": "x"}]), Some(Reason::WebsocketClose)),
    ] {
        let address = server(None, move |mut socket, _| async move {
            let frame =
                code.map(|code| CloseFrame { code: CloseCode::from(code), reason: "".into() });
            let _ = socket.send(Message::Close(frame)).await;
            while let Some(Ok(_)) = socket.next().await {}
        })
        .await;
        let spec = json!({"url": format!("ws://{address}/"), "close_codes": accepted, "dialogue": dialogue});
        let report = run(spec).await;
        assert_eq!(report.reason(), reason, "{code:?}: {}", report.detail());
        assert_eq!(report.value("noroshi_websocket_close_code"), Some(code.unwrap_or(1005).into()));
    }
}

#[tokio::test]
async fn an_end_without_a_close_frame() {
    let address = server(None, |socket, _| async move { drop(socket) }).await;
    let report =
        run(json!({"url": format!("ws://{address}/"), "dialogue": [{"expect": "x"}]})).await;
    fails(&report, Reason::WebsocketClose, "1006");
    assert_eq!(report.value("noroshi_websocket_close_code"), Some(1006.0));
}

#[tokio::test]
async fn no_pong_and_no_answer_to_our_close() {
    let within = Duration::from_millis(200);
    let silent = |socket: Socket, _| async move {
        std::future::pending::<()>().await;
        drop(socket);
    };
    let address = server(None, silent).await;
    let report = run_within(within, json!({"url": format!("ws://{address}/"), "ping": true})).await;
    fails(&report, Reason::WebsocketPong, "deadline");
    let address = server(None, silent).await;
    let report = run_within(within, json!({"url": format!("ws://{address}/")})).await;
    fails(&report, Reason::WaitTimeout, "");
}

#[tokio::test]
async fn what_is_too_large_and_what_is_no_frame() {
    use futures_util::SinkExt;
    let address = server(None, |mut socket, _| async move {
        let _ = socket.send(Message::binary(vec![0; 2000])).await;
    })
    .await;
    let spec = json!({
        "url": format!("ws://{address}/"), "message_size_limit": "1KiB", "dialogue": [{"expect": "x"}],
    });
    fails(&run(spec).await, Reason::BodyTooLarge, "1024");
    let address = server(None, |mut socket, _| async move {
        let _ = socket.get_mut().write_all(b"\xff\xff\xff\xff plain text").await;
    })
    .await;
    let spec = json!({"url": format!("ws://{address}/"), "dialogue": [{"expect": "x"}]});
    fails(&run(spec).await, Reason::WebsocketProtocol, "");
}

#[tokio::test]
async fn a_server_that_talks_without_end_is_cut_off() {
    use futures_util::SinkExt;
    let address = server(None, |mut socket, _| async move {
        while socket.send(Message::text("tick")).await.is_ok() {}
    })
    .await;
    let spec = json!({"url": format!("ws://{address}/"), "dialogue": [{"expect": "tock"}]});
    fails(&run(spec).await, Reason::ExpectMismatch, "10000 messages");
}

#[tokio::test]
async fn steps_label_and_say_what_did_not_match() {
    let script = |mut socket: Socket, _: Request| async move {
        use futures_util::{SinkExt, StreamExt};
        let _ = socket.send(Message::text("version 1.2 of things")).await;
        while let Some(Ok(_)) = socket.next().await {}
    };
    let address = server(None, script).await;
    let steps = json!([{
        "expect": "version (?P<v>[0-9.]+) of (.*)", "labels": {"version": "${v}", "of": "$2"},
    }]);
    let report = run(json!({"url": format!("ws://{address}/"), "dialogue": steps})).await;
    passes(&report);
    let labels = report.labels("noroshi_dialogue_label_info");
    assert_eq!(labels, [["1", "of", "things"], ["1", "version", "1.2"]]);
    assert!(report.labels("noroshi_dialogue_unmatched_info").is_empty());

    let address = server(None, script).await;
    let spec = json!({"url": format!("ws://{address}/"), "dialogue": [{"expect": "^no"}]});
    let report = run_within(Duration::from_millis(500), spec).await;
    fails(&report, Reason::ExpectMismatch, "step 1");
    assert_eq!(report.labels("noroshi_dialogue_unmatched_info"), [["regex"]]);
}

#[tokio::test]
async fn a_quiet_server_ends_at_the_deadline_or_is_left() {
    async fn quiet(socket: Socket, _: Request) {
        std::future::pending::<()>().await;
        drop(socket);
    }
    let address = server(None, quiet).await;
    let spec = json!({"url": format!("ws://{address}/"), "dialogue": [{"expect": "x"}]});
    let report = run_within(Duration::from_millis(300), spec).await;
    fails(&report, Reason::WaitTimeout, "no message");
    assert!(report.labels("noroshi_dialogue_unmatched_info").is_empty());
    let address = server(None, quiet).await;
    let report =
        run_within(Duration::from_millis(300), json!({"url": format!("ws://{address}/")})).await;
    fails(&report, Reason::WaitTimeout, "");
    let address = server(None, quiet).await;
    passes(&run(json!({"url": format!("ws://{address}/"), "await_close": false})).await);
}

#[tokio::test]
async fn the_handshake_carries_credentials_through_a_proxy() {
    use tokio::io::AsyncReadExt;
    let (asked, heard) = tokio::sync::oneshot::channel();
    let target = server(None, |socket, request: Request| async move {
        let _ = asked.send(request.headers().clone());
        echo(socket, request).await;
    })
    .await;
    let (told, tunnel) = tokio::sync::oneshot::channel();
    let proxy = testing::serve(move |mut stream| async move {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        let _ = told.send(String::from_utf8(bytes).unwrap());
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut onward = tokio::net::TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
    })
    .await;
    let report = run(json!({
        "url": "ws://nowhere.invalid:81/x", "proxy_url": format!("http://{proxy}"),
        "proxy_basic_auth": {"username": "u", "password": "p"},
        "proxy_connect_headers": {"X-Tunnel": "t"},
        "authorization": {"type": "Token", "credentials": "c"},
        "headers": {"X-Many": {"values": ["a"], "secrets": ["b"]}},
    }))
    .await;
    passes(&report);
    let tunnel = tunnel.await.unwrap();
    assert!(tunnel.starts_with("CONNECT nowhere.invalid:81 HTTP/1.1\r\n"), "{tunnel}");
    assert!(tunnel.contains("X-Tunnel: t\r\n") && tunnel.contains("Basic dTpw\r\n"), "{tunnel}");
    let headers = heard.await.unwrap();
    assert_eq!(headers["authorization"], "Token c");
    assert_eq!(headers.get_all("x-many").iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(headers["host"], "nowhere.invalid:81");
}

#[tokio::test]
async fn a_user_in_an_aimed_target_is_sent_and_not_shown() {
    let (asked, heard) = tokio::sync::oneshot::channel();
    let address = server(None, |socket, request: Request| async move {
        let _ = asked.send(request.headers().clone());
        echo(socket, request).await;
    })
    .await;
    let spec: Spec = serde_json::from_value(json!({"url": "ws://any.invalid/"})).unwrap();
    let target = format!("ws://u:hunter2@{address}/");
    let aimed = spec.aimed(&Aim { target: &target, ..Aim::default() }).unwrap();
    assert!(!format!("{aimed:?}").contains("hunter2"));
    passes(&testing::probe(aimed, Duration::from_secs(10)).await);
    assert_eq!(heard.await.unwrap()["authorization"], "Basic dTpodW50ZXIy");
}

#[test]
fn the_example_is_a_good_spec() {
    let table: toml::Table = toml::from_str(Spec::EXAMPLE).unwrap();
    let value = serde_json::to_value(&table["websocket"]).unwrap();
    let spec: Spec = serde_json::from_value(value).unwrap();
    assert_eq!(spec.problems(), []);
    let again: Spec = serde_json::from_value(serde_json::to_value(&spec).unwrap()).unwrap();
    assert_eq!(again, spec);
    let wanted = Endpoint { host: "example.org".into(), port: 443 };
    assert_eq!(spec.endpoint(), Some(wanted));
}

#[test]
fn problems_have_their_place() {
    for (spec, path) in [
        (json!({"url":"ws://x/","tls":{}}), "tls"),
        (json!({"url":"wss://x/","tls":{"key_file":"a"}}), "tls.key_file"),
        (
            json!({"url":"ws://x/","headers":{"Sec-WebSocket-Protocol":"a"}}),
            "headers.sec-websocket-protocol",
        ),
        (json!({"url":"ws://x/","subprotocols":["a","b c"]}), "subprotocols[1]"),
        (json!({"url":"ws://x/","close_codes":[]}), "close_codes"),
        (json!({"url":"ws://x/","dialogue":[{}]}), "dialogue[0]"),
        (
            json!({"url":"ws://x/","dialogue":[{"send":"a","send_hex":"00"}]}),
            "dialogue[0].send_hex",
        ),
        (
            json!({"url":"ws://x/","dialogue":[{"send_env":"A","send_file":"/a"}]}),
            "dialogue[0].send_env",
        ),
        (
            json!({"url":"ws://x/","dialogue":[{"expect":"(a)","send":"${1} $2"}]}),
            "dialogue[0].send",
        ),
        (
            json!({"url":"ws://x/","dialogue":[{"send":"a","labels":{"b":"c"}}]}),
            "dialogue[0].labels",
        ),
        (
            json!({"url":"ws://x/","dialogue":[{"expect":"a","labels":{"b":"$1"}}]}),
            "dialogue[0].labels.b",
        ),
        (json!({"url":"ws://x/","proxy_resolve":true}), "proxy_resolve"),
        (json!({"url":"ws://x/","bearer_token":"a","basic_auth":{"username":"u"}}), "bearer_token"),
    ] {
        let parsed: Spec = serde_json::from_value(spec.clone()).unwrap();
        let problems = parsed.problems();
        assert_eq!(problems.len(), 1, "{spec}: {problems:?}");
        assert_eq!(problems[0].path, path, "{spec}");
    }
}
