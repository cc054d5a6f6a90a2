//! Exchanges over a pipe in memory, with time paused: what each phase takes is exact.

use std::time::Duration;

use hyper::{Method, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::sleep,
};

use super::*;
use crate::{
    clock::Instant,
    model::{Reason, Trace},
};

const SECOND: Duration = Duration::from_secs(1);

fn attempt(seconds: u32) -> Attempt {
    Attempt::new(Instant::now() + SECOND * seconds, Trace::on())
}

fn request(body: &[u8]) -> Request<Bytes> {
    let mut request = Request::new(Bytes::copy_from_slice(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = "http://example.org/".parse().unwrap();
    request
}

async fn read_all(attempt: &mut Attempt, exchange: &mut Exchange) -> Result<Vec<u8>, Failure> {
    let reading = async {
        let mut bytes = Vec::new();
        while let Some(chunk) = exchange.chunk().await {
            bytes.extend_from_slice(&chunk?);
        }
        Ok(bytes)
    };
    attempt.phase(Phase::Receive, reading).await
}

async fn read_request(server: &mut DuplexStream) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"BODY") {
        assert_ne!(server.read_buf(&mut seen).await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn each_phase_has_its_own_time() {
    let (client, mut server) = duplex(16);
    let script = async move {
        sleep(SECOND * 2).await;
        read_request(&mut server).await;
        sleep(SECOND * 3).await;
        server.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        sleep(SECOND * 4).await;
        server.write_all(b"Content-Length: 5\r\n\r\n").await.unwrap();
        for _ in 0..5 {
            sleep(SECOND).await;
            server.write_all(b"x").await.unwrap();
        }
    };
    tokio::spawn(script);
    let mut attempt = attempt(60);
    let mut exchange =
        exchange(&mut attempt, client, Form::Http1, request(b"a BODY")).await.unwrap();
    assert_eq!(exchange.announced(), Some(5));
    assert_eq!(read_all(&mut attempt, &mut exchange).await.unwrap(), b"xxxxx");
    for (phase, seconds) in [(Phase::Send, 2), (Phase::Wait, 3), (Phase::Receive, 9)] {
        assert_eq!(attempt.phases.of(phase), Some(SECOND * seconds), "{phase:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_falls_into_the_phase_it_falls_into() {
    let (client, _server) = duplex(1024);
    let body = vec![b'x'; 1 << 20];
    let sent = exchange(&mut attempt(5), client, Form::Http1, request(&body)).await;
    assert_eq!(sent.err().unwrap().reason, Reason::SendTimeout);

    let (client, mut server) = duplex(1 << 20);
    let waited = exchange(&mut attempt(5), client, Form::Http1, request(b"BODY")).await;
    assert_eq!(waited.err().unwrap().reason, Reason::WaitTimeout);
    read_request(&mut server).await;

    // One byte a second: neither the head nor the body may outlast the deadline.
    for head in ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n"] {
        let (client, mut server) = duplex(1 << 20);
        tokio::spawn(async move {
            server.write_all(head.as_bytes()).await.unwrap();
            while server.write_all(b"x").await.is_ok() {
                sleep(SECOND).await;
            }
        });
        let mut attempt = attempt(5);
        let begun = Instant::now();
        let failure = match exchange(&mut attempt, client, Form::Http1, request(b"")).await {
            Ok(mut exchange) => read_all(&mut attempt, &mut exchange).await.unwrap_err(),
            Err(failure) => failure,
        };
        assert_eq!(failure.reason, Reason::ReceiveTimeout, "{head:?}");
        assert_eq!(begun.elapsed(), SECOND * 5);
    }
}

#[tokio::test]
async fn an_answer_may_come_before_the_request_is_over() {
    let (client, mut server) = duplex(1024);
    tokio::spawn(async move {
        server.write_all(b"HTTP/1.1 413 Enough\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let body = vec![b'x'; 1 << 20];
    let answer = exchange(&mut attempt(5), client, Form::Http1, request(&body)).await.unwrap();
    assert_eq!(answer.head.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn nothing_outlives_an_exchange() {
    for form in [Form::Http1, Form::Http2] {
        let (client, mut server) = duplex(1 << 20);
        let dropped = {
            let mut attempt = attempt(60);
            let work = exchange(&mut attempt, client, form, request(b"BODY"));
            tokio::time::timeout(Duration::from_millis(20), work).await.is_err()
        };
        assert!(dropped, "{form}");
        // Its end of the pipe is gone as soon as the future is.
        server.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(server.write_all(b"x").await.is_err(), "{form}");
    }
}

/// How an HTTP/2 server misbehaves.
#[derive(Debug, Clone, Copy)]
enum Fault {
    ResetStream,
    ResetInBody,
    GoAway(u8),
    Disappear,
    HugeHead,
}

async fn misbehave(mut stream: DuplexStream, fault: Fault) {
    if let Fault::GoAway(code) = fault {
        // SETTINGS, then GOAWAY with no stream processed, by hand: the library would process ours first.
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, code];
        stream.write_all(&[&settings[..], &goaway].concat()).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        return;
    }
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let (_, mut respond) = connection.accept().await.unwrap().unwrap();
    let mut answer = Response::new(());
    match fault {
        Fault::ResetStream => respond.send_reset(h2::Reason::REFUSED_STREAM),
        Fault::ResetInBody => {
            let mut body = respond.send_response(answer, false).unwrap();
            body.send_data(Bytes::from_static(b"half"), false).unwrap();
            body.send_reset(h2::Reason::INTERNAL_ERROR);
        }
        Fault::Disappear | Fault::GoAway(_) => return,
        Fault::HugeHead => {
            let value = "x".repeat(200_000).parse().unwrap();
            answer.headers_mut().insert("x-huge", value);
            let _ = respond.send_response(answer, true);
        }
    }
    while let Some(Ok(_)) = connection.accept().await {}
}

#[tokio::test]
async fn http2_servers_that_misbehave() {
    for (fault, reason) in [
        (Fault::ResetStream, Reason::ConnectReset),
        (Fault::ResetInBody, Reason::ConnectReset),
        (Fault::GoAway(0), Reason::ConnectionClosed),
        (Fault::GoAway(11), Reason::HttpProtocol),
        (Fault::Disappear, Reason::ConnectionClosed),
        (Fault::HugeHead, Reason::HttpProtocol),
    ] {
        let (client, server) = duplex(1 << 20);
        tokio::spawn(misbehave(server, fault));
        let mut attempt = attempt(5);
        let failure = match exchange(&mut attempt, client, Form::Http2, request(b"BODY")).await {
            Ok(mut exchange) => read_all(&mut attempt, &mut exchange).await.unwrap_err(),
            Err(failure) => failure,
        };
        assert_eq!(failure.reason, reason, "{fault:?}: {}", failure.detail);
    }
}
