//! Pages to check: a good one, a slow one, a failing one and a redirect. HTTP/1.1 and HTTP/2.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming, header, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::clock;

/// How long `/slow` takes.
const SLOW: Duration = Duration::from_millis(800);

/// Serves one connection.
pub(super) async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let http = Builder::new(TokioExecutor::new());
    let served = http.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
    if let Err(error) = served {
        tracing::debug!(%error, "a client of the demo went away");
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match request.uri().path() {
        "/health" => page(StatusCode::OK, "application/json", r#"{"status":"up","db":"up"}"#),
        "/slow" => {
            clock::sleep(SLOW).await;
            page(StatusCode::OK, "text/plain", "at last\n")
        }
        "/error" => page(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "failing on purpose\n"),
        "/redirect" => redirect(),
        "/" => page(StatusCode::OK, "text/plain", "/health /slow /error /redirect\n"),
        _ => page(StatusCode::NOT_FOUND, "text/plain", "no such page\n"),
    })
}

fn page(status: StatusCode, kind: &'static str, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

fn redirect() -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::FOUND, "text/plain", "moved to /health\n");
    let target = header::HeaderValue::from_static("/health");
    response.headers_mut().insert(header::LOCATION, target);
    response
}

#[cfg(test)]
mod tests {
    use super::super::{Ports, start};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    async fn get(port: u16, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn each_page_answers_as_it_should() {
        let demo = start(&Ports::FREE).unwrap();
        let port = demo.ports().http;
        let health = get(port, "/health").await;
        assert!(health.starts_with("HTTP/1.1 200 OK\r\n"), "{health}");
        assert!(health.contains("content-type: application/json\r\n"), "{health}");
        assert!(health.ends_with(r#"{"status":"up","db":"up"}"#), "{health}");
        assert!(get(port, "/error").await.starts_with("HTTP/1.1 500 "));
        assert!(get(port, "/nowhere").await.starts_with("HTTP/1.1 404 "));
        let redirect = get(port, "/redirect").await;
        assert!(redirect.starts_with("HTTP/1.1 302 "), "{redirect}");
        assert!(redirect.contains("location: /health\r\n"), "{redirect}");
    }

    #[tokio::test]
    async fn the_slow_page_takes_its_time() {
        let demo = start(&Ports::FREE).unwrap();
        let begun = std::time::Instant::now();
        assert!(get(demo.ports().http, "/slow").await.ends_with("at last\n"));
        assert!(begun.elapsed() >= super::SLOW);
    }

    #[tokio::test]
    async fn nobody_trusts_the_https_pages() {
        let demo = start(&Ports::FREE).unwrap();
        for port in [demo.ports().https, demo.ports().expired] {
            let roots = rustls::RootCertStore::empty();
            let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
            let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let name = "localhost".try_into().unwrap();
            let error = connector.connect(name, stream).await.unwrap_err();
            assert!(error.to_string().contains("certificate"), "{error}");
        }
    }
}
