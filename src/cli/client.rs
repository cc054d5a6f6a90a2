//! Asks a running instance.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use super::paint::harmless;

/// How long an instance may take; it answers from memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer: 100,000 checks at 2 kB.
const LIMIT: usize = 200 << 20;

/// The most of a refusal that is shown.
const REFUSAL: usize = 500;

/// GET of a path below the instance's URL, as JSON.
pub(super) fn get(base: &str, path: &str) -> anyhow::Result<Value> {
    let body = waited(ask(base, Method::GET, path, None))?;
    serde_json::from_slice(&body).context("the answer is not JSON: is this noroshi?")
}

/// POST of JSON to a path below the instance's URL.
pub(super) fn post(base: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
    let body = waited(ask(base, Method::POST, path, Some(body)))?;
    serde_json::from_slice(&body).context("the answer is not JSON: is this noroshi?")
}

/// DELETE of a path below the instance's URL.
pub(super) fn delete(base: &str, path: &str) -> anyhow::Result<()> {
    waited(ask(base, Method::DELETE, path, None)).map(|_| ())
}

fn waited(answer: impl Future<Output = anyhow::Result<Bytes>>) -> anyhow::Result<Bytes> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { timeout(PATIENCE, answer).await.context("no answer within 10 s")? })
}

async fn ask(
    base: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Bytes> {
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
    let mut request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::HOST, format!("{host}:{port}"));
    if body.is_some() {
        request = request.header(http::header::CONTENT_TYPE, "application/json");
    }
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let response = sender.send_request(request.body(Full::new(body))?).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LIMIT).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
    if !status.is_success() {
        bail!("{base} answered {status}{}", words(&body));
    }
    Ok(body)
}

/// What a refusal says: a text, or an object with a message. Behind a colon, if it says anything.
fn words(body: &[u8]) -> String {
    let words = match serde_json::from_slice::<Value>(body) {
        Ok(Value::String(text)) => text,
        Ok(value) => value["message"].as_str().unwrap_or_default().to_owned(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let words: String = harmless(words.trim()).chars().take(REFUSAL).collect();
    if words.is_empty() { words } else { format!(": {words}") }
}
