use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::server::SendResponse;
use hyper::{Response, http::HeaderMap};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    sync::mpsc,
};

use super::*;
use crate::{
    clock::Instant,
    model::{Phase, Trace, Verdict},
    net::tls::testing::{Authority, Server},
    probe::{
        self, Report,
        testing::{drain, probe, serve},
    },
};

const PATIENT: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

fn spec(toml: &str) -> Spec {
    toml::from_str(toml).unwrap()
}

async fn ask(to: SocketAddr, rest: &str) -> Report {
    ask_within(PATIENT, to, rest).await
}

async fn ask_within(timeout: Duration, to: SocketAddr, rest: &str) -> Report {
    let spec = spec(&format!("address = '{to}'\n{rest}"));
    assert_eq!(spec.problems(), [], "{rest}");
    probe(probe::Spec::Grpc(spec), timeout).await
}

fn code(report: &Report) -> Option<f64> {
    report.value("noroshi_grpc_status_code")
}

fn serving(report: &Report) -> Vec<&str> {
    report.labels("noroshi_grpc_serving_status_info").concat()
}

/// How a server answers, after the connection is set up.
#[derive(Clone, Default)]
struct Answer {
    status: u16,
    head: &'static [(&'static str, &'static str)],
    /// `None` where the head ends the stream.
    body: Option<Vec<u8>>,
    trailers: Option<&'static [(&'static str, &'static str)]>,
    reset: Option<h2::Reason>,
}

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc")];
const OK: &[(&str, &str)] = &[("grpc-status", "0")];
const SERVING: &[u8] = b"\0\0\0\0\x02\x08\x01";

/// As a sound server answers.
fn sound() -> Answer {
    Answer {
        status: 200,
        head: GRPC,
        body: Some(SERVING.to_vec()),
        trailers: Some(OK),
        reset: None,
    }
}

fn fields(of: &[(&'static str, &'static str)]) -> HeaderMap {
    of.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// Answers one call; what was asked goes to `asked`.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    how: Answer,
    asked: mpsc::UnboundedSender<(Request<()>, Vec<u8>)>,
) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let Some(Ok((request, respond))) = connection.accept().await else { return };
    let (parts, mut body) = request.into_parts();
    let mut message = Vec::new();
    let hear = async {
        while let Some(Ok(data)) = body.data().await {
            message.extend_from_slice(&data);
        }
        respond_with(respond, &how);
        let _ = asked.send((Request::from_parts(parts, ()), message));
    };
    let drive = async { while connection.accept().await.is_some() {} };
    futures_util::future::join(hear, drive).await;
}

fn respond_with(mut respond: SendResponse<Bytes>, how: &Answer) {
    let mut head = Response::builder().status(how.status).body(()).unwrap();
    *head.headers_mut() = fields(how.head);
    let ends = how.body.is_none() && how.trailers.is_none() && how.reset.is_none();
    let mut stream = respond.send_response(head, ends).unwrap();
    if ends {
        return;
    }
    let body = how.body.clone().unwrap_or_default();
    let last = how.trailers.is_none() && how.reset.is_none();
    if !body.is_empty() || last {
        stream.send_data(body.into(), last).unwrap();
    }
    if let Some(reason) = how.reset {
        stream.send_reset(reason);
    } else if let Some(trailers) = how.trailers {
        stream.send_trailers(fields(trailers)).unwrap();
    }
}

/// A server for one call, and what it was asked.
async fn server(how: Answer) -> (SocketAddr, mpsc::UnboundedReceiver<(Request<()>, Vec<u8>)>) {
    let (tell, told) = mpsc::unbounded_channel();
    (serve(|stream| answer(stream, how, tell)).await, told)
}

#[test]
fn the_example_is_valid() {
    let spec = spec(&Spec::EXAMPLE.replace("grpc.", ""));
    assert_eq!(spec.problems(), []);
    assert_eq!(toml::from_str::<Spec>(&toml::to_string(&spec).unwrap()), Ok(spec));
}

#[test]
fn mistakes_are_found_in_their_place() {
    let service = "x".repeat(1025);
    let spec = spec(&format!(
        "address = 'x'
        service = '{service}'
        expect = {{ status = [], certificate_validity = '1d' }}"
    ));
    let paths: Vec<_> = spec.problems().into_iter().map(|problem| problem.path).collect();
    assert_eq!(paths, ["service", "expect.status", "expect.certificate_validity"]);
}

#[test]
fn targets_are_written_as_blackbox_exporter_takes_them() {
    for (target, plain, secure) in [
        ("x.test", 80, 443),
        ("x.test:50051", 50051, 50051),
        ("http://x.test:1", 1, 1),
        ("https://x.test/path?query", 80, 443),
        ("[::1]:5", 5, 5),
    ] {
        let aim = Aim { target, hostname: Some("ignored"), ..Aim::default() };
        for (rest, port) in [("", plain), ("tls = {}", secure)] {
            let aimed = probe::Spec::Grpc(spec(&format!("address = 'a'\n{rest}"))).aimed(&aim);
            let aimed = aimed.unwrap();
            assert_eq!(aimed.endpoint().unwrap().port, port, "{target} {rest}");
            assert!(!format!("{aimed:?}").contains("ignored"));
        }
    }
    let module = probe::Spec::Grpc(spec("address = 'a'"));
    assert!(module.aimed(&Aim { target: "a b", ..Aim::default() }).is_err());
}

#[tokio::test]
async fn a_service_that_serves_passes_and_hears_what_grpc_wants() {
    let (to, mut asked) = server(sound()).await;
    let rest = "service = 'shop.Cart'\nmetadata = { tenant = ['a', 'b'], id-bin = ['AA=='] }";
    let report = ask(to, rest).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert_eq!((code(&report), &*serving(&report)), (Some(0.0), &["SERVING"][..]));
    assert_eq!(report.value("noroshi_grpc_tls"), Some(0.0));
    for phase in [Phase::Connect, Phase::Send, Phase::Wait, Phase::Receive] {
        assert!(report.outcome.phases.of(phase).is_some(), "{phase:?}");
    }
    let (request, message) = asked.recv().await.unwrap();
    assert_eq!(message, b"\0\0\0\0\x0b\x0a\x09shop.Cart");
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri().to_string(), format!("http://{to}/grpc.health.v1.Health/Check"));
    let field = |name: &str| -> Vec<_> {
        request.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    };
    assert_eq!((field("te"), field("content-type")), (vec!["trailers"], vec!["application/grpc"]));
    assert_eq!((field("tenant"), field("id-bin")), (vec!["a", "b"], vec!["AA"]));
    assert!(field("user-agent")[0].starts_with("noroshi/"));
}

#[tokio::test]
async fn every_state_has_its_word_and_only_the_expected_pass() {
    for (number, word, expect, reason) in [
        (0, "UNKNOWN", "", Some(Reason::GrpcNotServing)),
        (2, "NOT_SERVING", "", Some(Reason::GrpcNotServing)),
        (3, "SERVICE_UNKNOWN", "", Some(Reason::GrpcNotServing)),
        (7, "7", "", Some(Reason::GrpcNotServing)),
        (2, "NOT_SERVING", "expect.status = ['SERVING', 'NOT_SERVING']", None),
        (1, "SERVING", "expect.status = ['NOT_SERVING']", Some(Reason::GrpcNotServing)),
    ] {
        let body = vec![0, 0, 0, 0, 2, 8, number];
        let (to, _asked) = server(Answer { body: Some(body), ..sound() }).await;
        let report = ask(to, expect).await;
        assert_eq!(report.reason(), reason, "{word} {expect}: {}", report.detail());
        assert_eq!((code(&report), &*serving(&report)), (Some(0.0), &[word][..]));
    }
    let (to, _asked) = server(Answer { body: Some(vec![0; 5]), ..sound() }).await;
    let report = ask(to, "").await;
    assert_eq!(report.detail(), "wanted SERVING, got UNKNOWN");
}

#[tokio::test]
async fn calls_that_fail_have_the_code_grpc_go_gives_them() {
    let with = |body: &[u8]| Answer { body: Some(body.to_vec()), ..sound() };
    let only = |head| Answer { head, body: None, trailers: None, ..sound() };
    let web = |status| Answer { status, head: &[("content-type", "text/html")], ..sound() };
    let reset = |reason| Answer { reset: Some(reason), trailers: None, ..sound() };
    let ended = |trailers| Answer { trailers: Some(trailers), ..sound() };
    let not_found: &[_] = &[
        ("content-type", "application/grpc+proto"),
        ("grpc-status", "5"),
        ("grpc-message", "no%20such %E7%8B%BC%zz"),
    ];
    let cases: Vec<(&str, Answer, u32, Reason, &str)> = vec![
        (
            "trailers only",
            only(not_found),
            5,
            Reason::GrpcStatus,
            "NOT_FOUND (5): \"no such 狼%zz\"",
        ),
        (
            "trailers only, OK",
            only(&[("content-type", "application/grpc"), ("grpc-status", "0")]),
            13,
            Reason::GrpcProtocol,
            "no message",
        ),
        ("trailers only, no status", only(GRPC), 2, Reason::GrpcStatus, "UNKNOWN (2): without"),
        (
            "no health service",
            ended(&[("grpc-status", "12"), ("grpc-message", "unknown service")]),
            12,
            Reason::GrpcStatus,
            "UNIMPLEMENTED (12): \"unknown service\"",
        ),
        ("no status", ended(&[("x", "y")]), 2, Reason::GrpcStatus, "UNKNOWN (2)"),
        (
            "a status of its own",
            ended(&[("grpc-status", "77")]),
            77,
            Reason::GrpcStatus,
            "status 77",
        ),
        (
            "no number",
            ended(&[("grpc-status", "fine")]),
            13,
            Reason::GrpcProtocol,
            "grpc-status is \"fine\"",
        ),
        (
            "no trailers",
            Answer { trailers: None, ..sound() },
            13,
            Reason::GrpcProtocol,
            "without sending trailers",
        ),
        ("no message", with(b""), 13, Reason::GrpcProtocol, "no message"),
        ("half a message", with(b"\0\0\0\0\x02\x08"), 13, Reason::GrpcProtocol, "in the middle"),
        ("half a head", with(b"\0\0"), 13, Reason::GrpcProtocol, "in the middle"),
        (
            "two messages",
            with(&[SERVING, SERVING].concat()),
            13,
            Reason::GrpcProtocol,
            "a second message",
        ),
        ("compressed", with(b"\x01\0\0\0\x02\x08\x01"), 13, Reason::GrpcProtocol, "compressed"),
        ("a strange flag", with(b"\x07\0\0\0\x02\x08\x01"), 13, Reason::GrpcProtocol, "flag 7"),
        ("too long", with(b"\0\xff\xff\xff\xff"), 8, Reason::GrpcProtocol, "4294967295 bytes"),
        (
            "not protobuf",
            with(b"\0\0\0\0\x06<html>"),
            13,
            Reason::GrpcProtocol,
            "HealthCheckResponse",
        ),
        ("a page", web(200), 2, Reason::GrpcProtocol, "text/html"),
        ("not found", web(404), 12, Reason::HttpStatus, "404"),
        ("a proxy without a server", web(503), 14, Reason::HttpStatus, "503"),
        ("a server that fails", web(500), 2, Reason::HttpStatus, "500"),
        ("no content type", only(&[]), 2, Reason::GrpcProtocol, "no content type"),
        ("refused", reset(h2::Reason::REFUSED_STREAM), 14, Reason::ConnectReset, "HTTP/2"),
        ("cancelled", reset(h2::Reason::CANCEL), 1, Reason::ConnectReset, "HTTP/2"),
        ("too much", reset(h2::Reason::ENHANCE_YOUR_CALM), 8, Reason::ConnectReset, "HTTP/2"),
        ("its own fault", reset(h2::Reason::INTERNAL_ERROR), 13, Reason::ConnectReset, "HTTP/2"),
    ];
    for (word, how, wanted, reason, detail) in cases {
        let (to, _asked) = server(how).await;
        let report = ask(to, "").await;
        assert_eq!(report.reason(), Some(reason), "{word}: {}", report.detail());
        assert_eq!(code(&report), Some(f64::from(wanted)), "{word}: {}", report.detail());
        assert!(report.detail().contains(detail), "{word}: {}", report.detail());
        assert!(serving(&report).is_empty(), "{word}");
    }
}

#[tokio::test]
async fn what_is_not_http2_or_breaks_is_unavailable() {
    let script = |says: &'static [u8]| async move {
        serve(move |mut stream: TcpStream| async move {
            let _ = stream.read(&mut [0; 1024]).await;
            stream.write_all(says).await.unwrap();
            stream.shutdown().await.unwrap();
            drain(stream).await;
        })
        .await
    };
    for (says, reason) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Reason::HttpProtocol),
        (b"", Reason::ConnectionClosed),
        (b"\0\0\0\x04\0\0\0\0\0", Reason::ConnectionClosed),
        // GOAWAY with no error, and with one.
        (b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0", Reason::ConnectionClosed),
        (b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0b", Reason::HttpProtocol),
    ] {
        let report = ask(script(says).await, "").await;
        assert_eq!(report.reason(), Some(reason), "{says:?}: {}", report.detail());
        assert_eq!(code(&report), Some(14.0), "{says:?}: {}", report.detail());
    }
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = ask(refusing, "").await;
    assert_eq!((report.reason(), code(&report)), (Some(Reason::ConnectRefused), Some(14.0)));
}

/// A stream that is read well, and that cannot be written to any more once it is torn.
struct Torn(tokio::io::DuplexStream, Arc<AtomicBool>);

impl Torn {
    fn check(&self) -> io::Result<()> {
        let torn = self.1.load(Ordering::SeqCst);
        if torn { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Torn {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Torn {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A reset is often noticed while something is written, such as what is said to a ping.
#[tokio::test]
async fn what_breaks_while_it_is_written_to_is_told_at_once() {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let torn = Arc::new(AtomicBool::new(false));
    let stream = Torn(ours, Arc::clone(&torn));
    let server = tokio::spawn(async move {
        let mut connection = h2::server::handshake(theirs).await.unwrap();
        let (_, mut respond) = connection.accept().await.unwrap().unwrap();
        let mut head = Response::builder().status(200).body(()).unwrap();
        *head.headers_mut() = fields(GRPC);
        let _body = respond.send_response(head, false).unwrap();
        let mut pings = connection.ping_pong().unwrap();
        let ping = async {
            // The head is on its way before the line is torn.
            tokio::time::sleep(Duration::from_millis(50)).await;
            torn.store(true, Ordering::SeqCst);
            let _ = pings.ping(h2::Ping::opaque()).await;
        };
        let drive = async { while connection.accept().await.is_some() {} };
        futures_util::future::join(ping, drive).await;
    });
    let mut attempt = crate::net::Attempt::new(Instant::now() + PATIENT, Trace::default());
    let request = Request::post("http://a.test/x").body(()).unwrap();
    let begun = Instant::now();
    let ended = call::call(&mut attempt, stream, request, Bytes::from_static(b"x")).await;
    let failure = ended.unwrap_err().failure;
    assert_eq!(failure.reason, Reason::ConnectReset, "{}", failure.detail);
    assert!(begun.elapsed() < PATIENT / 2);
    server.abort();
}

#[tokio::test]
async fn the_deadline_holds_wherever_the_server_falls_silent() {
    let begun = std::time::Instant::now();
    let report = ask_within(SHORT, serve(drain).await, "").await;
    assert_eq!(report.reason(), Some(Reason::WaitTimeout), "{}", report.detail());
    assert_eq!(code(&report), Some(4.0));
    let silent = serve(|stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (_request, mut respond) = connection.accept().await.unwrap().unwrap();
        let mut head = Response::new(());
        *head.headers_mut() = fields(GRPC);
        let _body = respond.send_response(head, false).unwrap();
        while connection.accept().await.is_some() {}
    })
    .await;
    let report = ask_within(SHORT, silent, "").await;
    assert_eq!(report.reason(), Some(Reason::ReceiveTimeout), "{}", report.detail());
    assert_eq!(code(&report), Some(4.0));
    assert!(begun.elapsed() < SHORT * 10);
}

/// A server over TLS for one call, and what it was asked.
async fn secure(
    authority: &Authority,
    alpn: &[u8],
) -> (SocketAddr, mpsc::UnboundedReceiver<(Request<()>, Vec<u8>)>) {
    let alpn = if alpn.is_empty() { Vec::new() } else { vec![alpn.to_vec()] };
    let acceptor = authority.issue(|_| {}).acceptor(Server { alpn, ..Server::default() });
    let (tell, told) = mpsc::unbounded_channel();
    let to = serve(|stream| async move {
        if let Ok(stream) = acceptor.accept(stream).await {
            answer(stream, sound(), tell).await;
        }
    })
    .await;
    (to, told)
}

#[tokio::test]
async fn tls_agrees_on_http2_and_names_the_server() {
    let authority = Authority::new();
    let ca = format!("ca_file = '{}'", authority.ca_file().display());
    for (rest, name) in [("", "127.0.0.1"), (", server_name = 'localhost'", "localhost")] {
        let (to, mut asked) = secure(&authority, b"h2").await;
        let rest = format!("tls = {{ {ca}{rest} }}\nexpect.certificate_validity = '1d'");
        let report = ask(to, &rest).await;
        assert_eq!(report.reason(), None, "{}", report.detail());
        assert_eq!(report.value("noroshi_grpc_tls"), Some(1.0));
        assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));
        let uri = asked.recv().await.unwrap().0.uri().to_string();
        assert_eq!(uri, format!("https://{name}/grpc.health.v1.Health/Check"));
    }
}

#[tokio::test]
async fn tls_that_fails_says_why_and_shows_the_certificate() {
    let authority = Authority::new();
    let (to, _asked) = secure(&authority, b"h2").await;
    let report = ask(to, "tls = {}").await;
    assert_eq!(report.reason(), Some(Reason::TlsUntrusted));
    assert_eq!((code(&report), report.value("noroshi_grpc_tls")), (Some(14.0), Some(0.0)));
    assert!(report.value("noroshi_tls_not_after_timestamp_seconds").is_some());

    let ca = format!("tls = {{ ca_file = '{}' }}", authority.ca_file().display());
    for (alpn, reason) in [(&b""[..], Reason::HttpVersion), (b"http/1.1", Reason::TlsHandshake)] {
        let (to, _asked) = secure(&authority, alpn).await;
        let report = ask(to, &ca).await;
        assert_eq!(report.reason(), Some(reason), "{}", report.detail());
        assert_eq!(code(&report), Some(14.0));
    }
    let (to, _asked) = secure(&authority, b"h2").await;
    let report = ask(to, "tls = { ca_file = '/nonexistent' }").await;
    assert_eq!((report.outcome.verdict, code(&report)), (Verdict::Unknown, None));
}
