//! The way to the final answer: connect, send, and follow where the answers lead.

use std::{borrow::Cow, net::SocketAddr};

use bytes::Bytes;
use hyper::{Request, StatusCode, header::USER_AGENT};
use url::Url;

use super::{Spec, Version, body::Decode, cookie::Jar, facts::Seen, redirect, request};
use crate::{
    clock::Clock,
    model::{Failure, Reason},
    net::{
        dial,
        http::{self, Exchange, Form},
        tls::{self, TlsOptions},
        web::{self, Proxies, Way},
    },
    probe::Run,
};

/// Where the way ended.
pub(super) struct Arrived {
    /// The final answer.
    pub exchange: Exchange,
    /// Why no redirect was followed from there, where one was asked for: the failure of a status that is not accepted.
    pub stopped: Option<Failure>,
}

/// Asks for the URL and follows redirects. What was met on the way is in `seen`, also where it failed.
pub(super) async fn walk(
    spec: &Spec,
    to: SocketAddr,
    run: &mut Run<'_>,
    seen: &mut Seen,
) -> Result<Arrived, Failure> {
    let first = spec.url.url();
    let mut request = request::Prepared::new(spec, run).await?;
    seen.decode = spec.decode(request.accepts_codings());
    let mut jar = Jar::default();
    let proxies = spec.proxies();
    let origin = proxies.first(first, vec![to], &mut run.dialer()).await?;
    let mut hop =
        Hop { url: first.clone(), way: origin.clone(), name: request.name().map(str::to_owned) };
    let mut at_origin = true;
    loop {
        let message = request.request(&hop.url, &jar)?;
        let exchange = hop.send(spec, &proxies, message, run, seen).await?;
        seen.note(&exchange.head);
        jar.store(&hop.url, &exchange.head.headers, Clock::system().now());
        seen.redirects += u32::from(redirect::asks(&exchange.head));
        if !spec.redirects.follow {
            return Ok(Arrived { exchange, stopped: None });
        }
        let Some(next) = redirect::next(&exchange.head, &hop.url, request.method())? else {
            return Ok(Arrived { exchange, stopped: None });
        };
        run.attempt.step(|| format!("redirect to {}", web::shown(&next.url)));
        if seen.redirects > u32::from(spec.redirects.limit) {
            return Ok(Arrived { exchange, stopped: Some(too_many(spec, &next.url)) });
        }
        drop(exchange);
        seen.left_behind();
        request.redirected(&hop.url, &next);
        let is_trusted = if spec.redirects.forward_credentials {
            redirect::is_same_house(first, &next.url)
        } else {
            redirect::is_trusted(first, &next.url)
        };
        if at_origin && !is_trusted {
            request.leave_origin();
            at_origin = false;
        }
        let same_host = next.url.host() == first.host();
        hop.way = proxies.onward(&origin, &next.url, same_host, &mut run.dialer()).await?;
        hop.name = request.name().map(str::to_owned);
        hop.url = next.url;
    }
}

fn too_many(spec: &Spec, next: &Url) -> Failure {
    let limit = spec.redirects.limit;
    let detail =
        format!("redirect {} of at most {limit}, to {}", u16::from(limit) + 1, web::shown(next));
    Failure::new(Reason::HttpRedirect, detail)
}

/// One request of the chain.
struct Hop {
    url: Url,
    way: Way,
    /// The name in the user's own `Host` header: whose certificate is wanted, as in blackbox_exporter.
    name: Option<String>,
}

impl Hop {
    async fn send(
        &self,
        spec: &Spec,
        proxies: &Proxies<'_>,
        mut request: Request<Bytes>,
        run: &mut Run<'_>,
        seen: &mut Seen,
    ) -> Result<Exchange, Failure> {
        seen.tls = None;
        #[cfg(feature = "http3")]
        if spec.version == Version::Http3 {
            // Boxed: the other versions need not carry its size.
            return Box::pin(self.send_quic(spec, request, run, seen)).await;
        }
        if self.url.scheme() == "https" {
            let stream = proxies.tunnel(&self.way, &self.url, &mut run.dialer()).await?;
            // Boxed: what is in flight without TLS need not carry its size.
            return Box::pin(self.send_secure(spec, stream, request, run, seen)).await;
        }
        let (form, stream) = if let Some(proxy) = self.way.asked_proxy() {
            let fields = proxies.fields(proxy, run.attempt.deadline()).await?;
            for (name, value) in &fields {
                // The user's own `User-Agent` is meant for the server, and so for whoever is in between.
                if *name != USER_AGENT {
                    request.headers_mut().insert(name, value.clone());
                }
            }
            let source = run.settings.source_address;
            (Form::Http1Proxy, dial::first(&mut run.attempt, &self.way.to, source).await?)
        } else {
            let form = if spec.version == Version::Http2 { Form::Http2 } else { Form::Http1 };
            (form, proxies.tunnel(&self.way, &self.url, &mut run.dialer()).await?)
        };
        let exchange = http::exchange(&mut run.attempt, stream, form, request).await?;
        let status = exchange.head.status;
        if self.way.asked_proxy().is_some() && status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let detail = format!("the proxy answered {status}");
            return Err(Failure::new(Reason::ProxyFailed, detail));
        }
        Ok(exchange)
    }

    async fn send_secure(
        &self,
        spec: &Spec,
        stream: tokio::net::TcpStream,
        request: Request<Bytes>,
        run: &mut Run<'_>,
        seen: &mut Seen,
    ) -> Result<Exchange, Failure> {
        let (options, alpn) = (self.tls(spec), spec.version.alpn());
        let client = run.net.tls().client_by(run.attempt.deadline(), &options, alpn).await?;
        let name = self.certificate_name();
        let (report, stream) = tls::handshake(&mut run.attempt, &client, name, stream).await;
        let form = match report.alpn.as_deref() {
            Some("h2") => Form::Http2,
            _ => Form::Http1,
        };
        seen.tls = Some(report);
        // Boxed: a TLS session is large, and the exchange moves it around.
        let stream = Box::new(stream?);
        if spec.version == Version::Http2 && form != Form::Http2 {
            let detail = "the server did not agree on HTTP/2 by ALPN";
            return Err(Failure::new(Reason::HttpVersion, detail));
        }
        http::exchange(&mut run.attempt, stream, form, request).await
    }

    #[cfg(feature = "http3")]
    async fn send_quic(
        &self,
        spec: &Spec,
        request: Request<Bytes>,
        run: &mut Run<'_>,
        seen: &mut Seen,
    ) -> Result<Exchange, Failure> {
        if self.url.scheme() != "https" {
            let detail = format!("HTTP/3 does not lead to {}", web::shown(&self.url));
            return Err(Failure::new(Reason::HttpRedirect, detail));
        }
        let options = tls::quic::options(&self.tls(spec))?;
        let (deadline, alpn) = (run.attempt.deadline(), spec.version.alpn());
        let client = run.net.tls().client_by(deadline, &options, alpn).await?;
        let (name, source) = (self.certificate_name(), run.settings.source_address);
        let (report, connected) =
            http::quic::connect(&mut run.attempt, &client, name, &self.way.to, source).await;
        seen.tls = Some(report);
        http::quic::exchange(&mut run.attempt, connected?, request).await
    }

    /// How TLS is spoken with the host of this hop.
    fn tls<'s>(&self, spec: &'s Spec) -> Cow<'s, TlsOptions> {
        let Some(options) = spec.tls.as_deref() else {
            return Cow::Owned(TlsOptions::default());
        };
        if options.server_name.is_some() && self.url.host() != spec.url.url().host() {
            // The name was said of the first host.
            return Cow::Owned(TlsOptions { server_name: None, ..options.clone() });
        }
        Cow::Borrowed(options)
    }

    fn certificate_name(&self) -> &str {
        self.name.as_deref().unwrap_or(web::host(&self.url))
    }
}

impl Spec {
    /// All that it says of proxies.
    pub(super) fn proxies(&self) -> Proxies<'_> {
        Proxies {
            url: self.proxy_url.as_deref(),
            from_environment: self.proxy_from_environment,
            no_proxy: self.no_proxy.as_ref(),
            headers: Some(&self.proxy_headers),
            connect_headers: Some(&self.proxy_connect_headers),
            basic_auth: self.proxy_basic_auth.as_deref(),
            by_address: self.proxy_resolve,
        }
    }

    /// What is undone of the body's codings; `asked` where the request accepts any.
    fn decode(&self, asked: bool) -> Decode {
        match (self.expect.encoding, &self.compression) {
            (Some(encoding), _) => Decode::Demanded(encoding),
            (None, Some(compression)) if compression.is_none() => Decode::Nothing,
            (None, _) if asked => Decode::Announced,
            (None, _) => Decode::Nothing,
        }
    }
}
