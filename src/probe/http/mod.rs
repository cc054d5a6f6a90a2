//! An HTTP request and what is expected of its answer.
//!
//! Contract: one connection per request and none kept; every byte a server sends is bounded and every wait has the run's
//! deadline. The story: [`visit`] goes to the final answer, [`body`] reads it, [`judge`] holds it against [`expect`].

mod body;
mod cel;
mod compression;
mod cookie;
mod date;
mod expect;
mod facts;
mod json;
mod judge;
mod problems;
mod redirect;
mod request;
mod room;
mod status;
mod visit;
mod words;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use hyper::{header::HeaderValue, http::uri::PathAndQuery};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    body::{Decode, Reading},
    compression::Compression,
    expect::Expect,
    facts::{By, Seen},
    judge::Judge,
    redirect::Redirects,
    request::Method,
    visit::Arrived,
};
use super::{Aim, Described, Endpoint, Probe, Problem, Run};
use crate::{
    clock::{Clock, Instant},
    model::{ByteSize, Desc, Failure, Phase, Reason, Secret},
    net::{
        tls::TlsOptions,
        web::{self, AnyScheme, BasicAuth, Headers, HttpUrl, NoProxy, OAuth2, ProxyUrl},
        zone,
    },
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
    /// Headers to send: a text each, or a table of `values`, `secrets`, `files` and `env` for several. `Host` and `User-Agent`
    /// replace ours; `Host` also names the certificate that is wanted, and what a proxy is asked for. `Connection: close` is
    /// sent with HTTP/1.1.
    #[serde(default)]
    headers: Headers,
    /// The body, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Arc<str>>,
    /// The file whose content is the body; read at each run, 10 MiB at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_file: Option<Arc<Path>>,
    /// The body, as a value that is sent as JSON with `Content-Type: application/json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_json: Option<Arc<serde_json::Value>>,
    /// User and password, sent with the first request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basic_auth: Option<Arc<BasicAuth>>,
    /// Credentials of any scheme, sent as `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorization: Option<Arc<AnyScheme>>,
    /// A token fetched at each run by the client credentials grant, sent as `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oauth2: Option<Arc<OAuth2>>,
    /// A token sent as `Authorization: Bearer`; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token: Option<Secret>,
    /// A file that holds the token; read at each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_file: Option<Arc<Path>>,
    /// The environment variable that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_env: Option<Arc<str>>,
    /// How TLS is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<Arc<TlsOptions>>,
    /// The protocol version to speak. `http3` goes over QUIC, to `https` without a proxy, and only in a build with the feature
    /// `http3`; of its one handshake the phase `connect` is what comes before the server's first datagram, `tls` the rest.
    #[serde(default)]
    version: Version,
    /// The proxy that all requests of the run go through. `https` is tunnelled by CONNECT; `http` is asked of the proxy.
    /// By `socks5://` both are led to the server, whose name the proxy resolves; `proxy_headers` mean nothing there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_url: Option<Arc<ProxyUrl>>,
    /// Take the proxy from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either case.
    #[serde(default)]
    proxy_from_environment: bool,
    /// Hosts that are reached without `proxy_url`, separated by commas: `example.org` and what is below it, `.example.org` for
    /// only that, addresses, networks (`10.0.0.0/8`), each with `:port` if only that is meant; `*`. With this key this machine
    /// itself is reached directly too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    no_proxy: Option<NoProxy>,
    /// Headers for the proxy alone, with every request to it.
    #[serde(default)]
    proxy_headers: Headers,
    /// Headers for the proxy's CONNECT alone, so with `https` only.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    proxy_connect_headers: Headers,
    /// User and password for the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_basic_auth: Option<Arc<BasicAuth>>,
    /// Resolve the target here and ask the proxy for a tunnel to its address, as blackbox_exporter does. Without this key the
    /// proxy is asked for the name, and what is resolved is the proxy. A plain `http` request names the host either way.
    #[serde(default)]
    proxy_resolve: bool,
    /// Whether redirects are followed. Cookies live as long as the run; credentials stay with the first host.
    #[serde(default)]
    redirects: Redirects,
    /// Whether to ask for a compressed body: `true`, or a list of `gzip`, `br`, `deflate`, `zstd`. What was asked for, here or in
    /// `headers`, is undone as `Content-Encoding` says; with `false` nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compression: Option<Compression>,
    /// The largest body on the wire. A larger one fails and is not read further. It may be set as high as one likes: bytes that
    /// no rule looks at are only counted.
    #[serde(default = "size_limit")]
    body_size_limit: ByteSize,
    /// The largest body after decompression.
    #[serde(default = "size_limit")]
    decompressed_size_limit: ByteSize,
    /// What a good answer looks like.
    #[serde(default)]
    expect: Arc<Expect>,
    /// What a request for `/probe` added.
    #[serde(skip)]
    aim: Added,
}

/// What a request for `/probe` says beside the target; no configuration can.
#[derive(Debug, Clone, Default, PartialEq)]
struct Added {
    /// In place of the user's own `Host`.
    host: Option<HeaderValue>,
    /// User and password of the target's URL, as a header that no output shows.
    userinfo: Option<HeaderValue>,
    /// Behind which interface the target's address is.
    zone: Option<Box<str>>,
    /// What the first request asks for: the target's path and query as they were written.
    path: Option<PathAndQuery>,
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
    /// HTTP/3, over QUIC.
    Http3,
}

/// Whether this build speaks HTTP/3.
const HTTP3: bool = cfg!(feature = "http3");

impl Version {
    const fn alpn(self) -> &'static [&'static str] {
        match self {
            Self::Auto => &["h2", "http/1.1"],
            // Nothing to agree on, as in Go with HTTP/2 off: a server that speaks HTTP/2 alone by ALPN may speak HTTP/1.1
            // without.
            Self::Http1 => &[],
            Self::Http2 => &["h2"],
            Self::Http3 => &["h3"],
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
        let mut endpoint = self.proxies().endpoint(self.url.url());
        let own = endpoint.host == web::host(self.url.url());
        if let Some(zone) = self.aim.zone.as_deref().filter(|_| own) {
            endpoint.host = format!("{}%{zone}", endpoint.host);
        }
        Some(endpoint)
    }

    fn problems(&self) -> Vec<Problem> {
        problems::of(self)
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let target = match aim.target.split_once("://") {
            // A port stays, as in blackbox_exporter.
            Some((scheme, rest))
                if self.version == Version::Http3 && scheme.eq_ignore_ascii_case("http") =>
            {
                format!("https://{rest}").into()
            }
            _ => Cow::from(aim.target),
        };
        let (target, zone) = web::without_zone(&target);
        let (url, userinfo) = HttpUrl::with_userinfo(&target)?;
        if let Some(zone) = zone
            && zone::literal(&format!("{}%{zone}", web::host(url.url()))).is_none()
        {
            return Err("not a URL: the zone of its address is none".into());
        }
        let zone = zone.map(Into::into);
        let host = aim.hostname.map(HeaderValue::try_from).transpose();
        let host = host.map_err(|_| "`hostname` is not a host name".to_owned())?;
        let aim = Added { host, userinfo, zone, path: web::path_and_query(aim.target) };
        Ok(super::Spec::Http(Self { url, aim, ..self.clone() }))
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
    const REASONS: &'static [Reason] = &[
        Reason::HttpStatus,
        Reason::HttpVersion,
        Reason::HttpProtocol,
        Reason::HttpRedirect,
        Reason::HeaderMismatch,
        Reason::BodyMismatch,
        Reason::BodyTooLarge,
        Reason::BodyEncoding,
        Reason::JsonInvalid,
        Reason::JsonMismatch,
        Reason::CelMismatch,
        Reason::TlsMismatch,
        Reason::LatencyExceeded,
    ];
    const FAMILIES: &'static [&'static Desc] = facts::FAMILIES;

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let mut seen = Seen::default();
        let arrived = visit::walk(self, to, run, &mut seen).await;
        let Ok(Arrived { exchange: mut answer, stopped }) = arrived else {
            seen.facts(&mut run.facts);
            return arrived.map(drop);
        };
        seen.is_final = true;
        let reading = self.reading(seen.decode, run.attempt.deadline());
        let read = run.attempt.phase(Phase::Receive, seen.body.read(&mut answer, reading)).await;
        seen.facts(&mut run.facts);
        let took = run.attempt.elapsed();
        run.attempt.step(|| format!("body of {} bytes", seen.body.wire));

        let expect = &*self.expect;
        let deadline = run.attempt.deadline();
        let mut judge = Judge::new(&mut run.attempt.trace);
        judge.head(expect, &answer.head, stopped);
        match read {
            Ok(()) => judge.body(expect, &Bytes::from(seen.body.bytes), deadline).await,
            Err(failure) => judge.unread(expect, &seen.body, failure),
        }
        judge.connection(expect, &answer.head, seen.tls.is_some());
        if let Some(wanted) = expect.certificate_validity {
            // The machine's clock, by which rustls has verified the chain.
            judge.certificate(wanted, &run.facts, Clock::system().now());
        }
        if let Some(wanted) = expect.latency {
            judge.latency(wanted, took);
        }
        let (verdict, by) = judge.verdict();
        run.facts.extend(by.map(By::fact));
        verdict
    }
}

impl Spec {
    fn reading(&self, decode: Decode, deadline: Instant) -> Reading {
        Reading {
            wire_limit: self.body_size_limit,
            limit: self.decompressed_size_limit,
            decode,
            keep: self.expect.reads_body(),
            deadline,
        }
    }
}
