//! An HTTP request and what is expected of its answer.
//!
//! Contract: one connection per request and none kept; every byte a server sends is bounded and every wait has the run's
//! deadline. The story: [`visit`] goes to the final answer, [`body`] reads it, [`judge`] holds it against [`expect`].

mod body;
mod compression;
mod cookie;
mod expect;
mod facts;
mod json;
mod judge;
mod problems;
mod redirect;
mod request;
mod status;
mod visit;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    body::Reading, compression::Compression, expect::Expect, facts::Seen, judge::Judge,
    redirect::Redirects, request::Method,
};
use super::{
    Aim, Described, Endpoint, Probe, Problem, Run,
    web::{self, BasicAuth, Headers, HttpUrl, ProxyUrl},
};
use crate::{
    clock::Clock,
    model::{ByteSize, Desc, Failure, Phase, Secret},
    net::tls::TlsOptions,
};

/// An HTTP request and what is expected of its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What is asked for, `http://` or `https://`. User and password belong into `basic_auth`.
    url: HttpUrl,
    /// The method; any but CONNECT.
    #[serde(default)]
    method: Method,
    /// Headers to send. `Host` and `User-Agent` replace ours; `Host` also names the certificate that is wanted.
    #[serde(default)]
    headers: Headers,
    /// The body, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The file whose content is the body; read at each run, 10 MiB at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_file: Option<PathBuf>,
    /// The body, as a value that is sent as JSON with `Content-Type: application/json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_json: Option<serde_json::Value>,
    /// User and password, sent with the first request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basic_auth: Option<Box<BasicAuth>>,
    /// A token sent as `Authorization: Bearer`; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token: Option<Secret>,
    /// A file that holds the token; read at each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_file: Option<PathBuf>,
    /// The environment variable that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_env: Option<String>,
    /// How TLS is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<Box<TlsOptions>>,
    /// The protocol version to speak.
    #[serde(default)]
    version: Version,
    /// The proxy that all requests of the run go through. `https` is tunnelled by CONNECT; `http` is asked of the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_url: Option<Box<ProxyUrl>>,
    /// Headers for the proxy alone.
    #[serde(default)]
    proxy_headers: Headers,
    /// User and password for the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_basic_auth: Option<Box<BasicAuth>>,
    /// Whether redirects are followed. Cookies live as long as the run; credentials stay with the first host.
    #[serde(default)]
    redirects: Redirects,
    /// Whether to ask for a compressed body: `true`, or a list of `gzip`, `br`, `deflate`, `zstd`.
    #[serde(default)]
    compression: Compression,
    /// The largest body on the wire. A larger one fails and is not read further.
    #[serde(default = "size_limit")]
    body_size_limit: ByteSize,
    /// The largest body after decompression.
    #[serde(default = "size_limit")]
    decompressed_size_limit: ByteSize,
    /// What a good answer looks like.
    #[serde(default)]
    expect: Expect,
}

/// The protocol version a request is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Version {
    /// HTTP/2 where TLS agrees on it (ALPN), else HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1
    Http1,
    /// HTTP/2; without TLS with prior knowledge (h2c).
    Http2,
}

impl Version {
    const fn alpn(self) -> &'static [&'static str] {
        match self {
            Self::Auto => &["h2", "http/1.1"],
            Self::Http1 => &["http/1.1"],
            Self::Http2 => &["h2"],
        }
    }
}

const fn size_limit() -> ByteSize {
    ByteSize::mebi(10)
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        web::shown(self.url.url()).to_owned()
    }

    fn endpoint(&self) -> Option<Endpoint> {
        let proxy = self.proxy_url.as_deref().map(ProxyUrl::url);
        Some(web::endpoint(proxy.unwrap_or(self.url.url())))
    }

    fn problems(&self) -> Vec<Problem> {
        problems::of(self)
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let mut spec = Self { url: aim.target.parse()?, ..self.clone() };
        if let Some(hostname) = aim.hostname {
            spec.headers.set_host(hostname)?;
        }
        Ok(super::Spec::Http(spec))
    }
}

impl Probe for Spec {
    const KIND: &'static str = "http";
    const SUMMARY: &'static str = "An HTTP request and what is expected of its answer";
    const TARGET_KEY: &'static str = "url";
    const EXAMPLE: &'static str = r#"http.url = "https://example.org/health"
http.headers = { Accept = "application/json" }
http.expect = { status = ["2xx"], json = [{ path = "$.db", equals = "up" }], certificate_validity = "14d" }
"#;
    const FAMILIES: &'static [&'static Desc] = facts::FAMILIES;

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let mut seen = Seen::default();
        let answer = visit::walk(self, to, run, &mut seen).await;
        let Ok(mut answer) = answer else {
            seen.facts(&mut run.facts);
            return answer.map(drop);
        };
        let reading = self.reading(seen.decode);
        let read = run.attempt.phase(Phase::Receive, seen.body.read(&mut answer, reading)).await;
        seen.facts(&mut run.facts);
        let took = run.attempt.elapsed();
        run.attempt.step(|| format!("body of {} bytes", seen.body.wire));

        let mut judge = Judge::new(&mut run.attempt.trace);
        judge.head(&self.expect, &answer.head);
        match read {
            Ok(()) => judge.body(&self.expect, &seen.body.bytes),
            Err(failure) => judge.failed(failure),
        }
        if let Some(wanted) = self.expect.certificate_validity {
            // The machine's clock, by which rustls has verified the chain.
            judge.certificate(wanted, &run.facts, Clock::system().now());
        }
        if let Some(wanted) = self.expect.latency {
            judge.latency(wanted, took);
        }
        judge.verdict()
    }
}

impl Spec {
    fn reading(&self, decode: bool) -> Reading {
        Reading {
            wire_limit: self.body_size_limit,
            limit: self.decompressed_size_limit,
            decode,
            keep: !self.expect.body.is_empty() || !self.expect.json.is_empty(),
        }
    }
}
