//! TLS and HTTP/2.

use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::*;
use crate::net::tls::testing::{self, Authority, Identity};

/// An HTTP server behind TLS that speaks what ALPN agreed on and answers with its version.
pub(super) async fn serve(identity: &Identity, how: testing::Server) -> SocketAddr {
    let acceptor = identity.acceptor(how);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service_fn(echo)).await;
            });
        }
    });
    address
}

async fn echo(request: Request<Incoming>) -> Result<Response<String>, std::convert::Infallible> {
    use http_body_util::BodyExt;
    let (head, body) = request.into_parts();
    let length = body.collect().await.map_or(0, |body| body.to_bytes().len());
    Ok(Response::new(format!("{:?} {} {} {length}", head.version, head.method, head.uri)))
}

fn by_alpn(protocols: &[&str]) -> testing::Server {
    let alpn = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    testing::Server { alpn, ..testing::Server::default() }
}

#[tokio::test]
async fn alpn_decides_the_version() {
    let authority = Authority::new();
    let identity = authority.issue(|_| {});
    for (offered, version, wanted, number) in [
        (vec!["h2", "http/1.1"], "auto", "HTTP/2", 2.0),
        (vec!["http/1.1"], "auto", "HTTP/1.1", 1.1),
        (vec![], "auto", "HTTP/1.1", 1.1),
        (vec!["h2", "http/1.1"], "http1", "HTTP/1.1", 1.1),
        (vec!["h2", "http/1.1"], "http2", "HTTP/2", 2.0),
    ] {
        let server = serve(&identity, by_alpn(&offered)).await;
        let spec = json!({
            "url": format!("https://localhost:{}/x?y", server.port()), "version": version,
            "method": "POST", "body": "12345", "headers": {"Connection": "close"},
            "tls": {"ca_file": authority.ca_file()},
            "expect": {
                "version": [wanted], "certificate_validity": "1d",
                "body": [{"contains": format!("{wanted}.0 POST ").replace("1.1.0", "1.1")}, {"regex": "y 5$"}],
            },
        });
        let ran = run(spec).await.passes();
        assert_eq!(ran.fact("noroshi_http_version"), Some(number), "{offered:?} {version}");
        assert_eq!(ran.fact("noroshi_http_tls"), Some(1.0));
        let phases: Vec<_> = ran.outcome.phases.iter().map(|(phase, _)| phase.word()).collect();
        assert_eq!(phases, ["connect", "tls", "send", "wait", "receive"]);
    }
}

#[tokio::test]
async fn http2_that_is_not_to_be_had() {
    let authority = Authority::new();
    let server = serve(&authority.issue(|_| {}), by_alpn(&[])).await;
    let spec = json!({
        "url": format!("https://localhost:{}/", server.port()), "version": "http2",
        "tls": {"ca_file": authority.ca_file()},
    });
    run(spec).await.fails(Reason::HttpVersion, "ALPN");
    let plain = Server::new(|_| ok("")).await;
    let ran = run(json!({"url": plain.url("/"), "version": "http2"})).await;
    ran.fails(Reason::HttpProtocol, "HTTP/2");
}

#[tokio::test]
async fn http2_with_prior_knowledge() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        let _ = server.serve_connection(TokioIo::new(stream), service_fn(echo)).await;
    });
    let spec = json!({
        "url": format!("http://{address}/p"), "version": "http2", "headers": {"Host": "h.example:8"},
        "expect": {"body": [{"contains": "HTTP/2.0 GET http://h.example:8/p 0"}]},
    });
    run(spec).await.passes();
}

#[tokio::test]
async fn an_expired_certificate_fails_and_shows_its_expiry() {
    let authority = Authority::new();
    let identity = authority.issue(|params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let server = serve(&identity, testing::Server::default()).await;
    let url = format!("https://localhost:{}/", server.port());
    let spec = json!({"url": url, "tls": {"ca_file": authority.ca_file()}});
    let ran = run(spec).await.fails(Reason::TlsExpired, "2020-01-01");
    assert_eq!(ran.fact("noroshi_tls_not_after_timestamp_seconds"), Some(1_577_836_800.0));
    assert_eq!(ran.fact("noroshi_tls_verified"), Some(0.0));
    assert_eq!(ran.fact("noroshi_http_status_code"), None);
    let spec = json!({"url": url, "tls": {"insecure_skip_verify": true}});
    run(spec).await.passes();
    let spec = json!({
        "url": url, "tls": {"insecure_skip_verify": true}, "expect": {"certificate_validity": "1d"},
    });
    run(spec).await.fails(Reason::TlsExpiresSoon, "valid for -");
}

#[tokio::test]
async fn the_wanted_name_is_that_of_the_host_header() {
    let authority = Authority::new();
    let server = serve(&authority.issue(|_| {}), testing::Server::default()).await;
    let ca = authority.ca_file();
    let url = format!("https://a.test:{}/", server.port());
    let spec = json!({"url": url, "tls": {"ca_file": ca}});
    run(spec).await.fails(Reason::TlsNameMismatch, "a.test");
    let spec = json!({"url": url, "headers": {"Host": "localhost:1"}, "tls": {"ca_file": ca}});
    run(spec).await.passes();
    let spec = json!({"url": url, "tls": {"ca_file": ca, "server_name": "localhost"}});
    run(spec).await.passes();
}

#[tokio::test]
async fn client_certificates() {
    let authority = Authority::new();
    let (server, client) = (authority.issue(|_| {}), authority.issue(|_| {}));
    let how = testing::Server { clients: Some(authority.der()), ..testing::Server::default() };
    let address = serve(&server, how).await;
    let url = format!("https://localhost:{}/", address.port());
    let tls = json!({
        "ca_file": authority.ca_file(),
        "cert_file": authority.write("client.pem", &client.chain_pem()),
        "key_file": authority.write("client.key", &client.key_pem()),
    });
    run(json!({"url": url, "tls": tls})).await.passes();
    let ran = run(json!({"url": url, "tls": {"ca_file": authority.ca_file()}})).await;
    let ran = ran.fails(Reason::TlsClientCertificate, "");
    assert_eq!(ran.fact("noroshi_tls_verified"), Some(1.0));
}

#[tokio::test]
async fn after_a_step_down_to_http_nothing_of_tls_is_claimed() {
    let plain = Server::new(|_| ok("")).await;
    let to = plain.url("/");
    let authority = Authority::new();
    let acceptor = authority.issue(|_| {}).acceptor(testing::Server::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let _ = request(&mut stream).await;
        let _ = stream.write_all(&redirect(302, &to, "")).await;
    });
    let spec = json!({
        "url": format!("https://localhost:{port}/"), "tls": {"ca_file": authority.ca_file()},
        "bearer_token": "t",
    });
    let ran = run(spec).await.passes();
    assert_eq!(ran.fact("noroshi_http_tls"), Some(0.0));
    assert_eq!(ran.fact("noroshi_tls_verified"), None);
    assert!(!plain.asked()[0].contains("Bearer"));
}
