//! Asks a running instance.

use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

/// How long an instance may take; it answers from memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer: 100,000 checks at 2 kB.
const LIMIT: usize = 200 << 20;

/// GET of a path below the instance's URL, as JSON.
pub(super) fn get(base: &str, path: &str) -> anyhow::Result<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        timeout(PATIENCE, ask(base, path)).await.context("no answer within 10 s")?
    })
}

async fn ask(base: &str, path: &str) -> anyhow::Result<Value> {
    let url = url::Url::parse(base).with_context(|| format!("`{base}` is not a URL"))?;
    if url.scheme() != "http" {
        bail!("`{base}` is not an http:// URL: write http://HOST:PORT");
    }
    let host = url.host_str().context("the URL names no host")?;
    let port = url.port_or_known_default().unwrap_or(80);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((address, port)).await.with_context(|| {
        format!("cannot reach {base}: is noroshi running there? --url names another")
    })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let _driven = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
    let path = format!("{}{path}", url.path().trim_end_matches('/'));
    let request = http::Request::get(path)
        .header(http::header::HOST, format!("{host}:{port}"))
        .body(Empty::<bytes::Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        bail!("{base} answered {}", response.status());
    }
    let body = Limited::new(response.into_body(), LIMIT).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
    serde_json::from_slice(&body).context("the answer is not JSON: is this noroshi?")
}
