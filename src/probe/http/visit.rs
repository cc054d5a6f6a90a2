//! The way to the final answer: connect, send, and follow where the answers lead.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::{
    HeaderMap, Request, StatusCode,
    header::{HOST, PROXY_AUTHORIZATION, USER_AGENT},
};
use url::Url;

use super::{Spec, Version, cookie::Jar, facts::Seen, redirect, request};
use crate::{
    clock::{Clock, Instant},
    model::{Failure, Reason},
    net::{
        dial,
        http::{self, Exchange, Form},
        resolve::Lookup,
        tls,
    },
    probe::{Run, web},
};

/// Asks for the URL and follows redirects. What was met on the way is in `seen`, also where it failed.
pub(super) async fn walk(
    spec: &Spec,
    to: SocketAddr,
    run: &mut Run<'_>,
    seen: &mut Seen,
) -> Result<Exchange, Failure> {
    let first = spec.url.url();
    let mut request = request::Prepared::new(spec, run.attempt.deadline()).await?;
    seen.decode = request.accepts_codings();
    let mut jar = Jar::default();
    let mut hop = Hop { url: first.clone(), to, at_origin: true, name: spec.headers.host() };
    loop {
        let message = request.request(&hop.url, &jar)?;
        let exchange = hop.send(spec, message, run, seen).await?;
        seen.note(&exchange.head);
        jar.store(&hop.url, &exchange.head.headers, Clock::system().now());
        if !spec.redirects.follow {
            return Ok(exchange);
        }
        let Some(next) = redirect::next(&exchange.head, &hop.url, request.method())? else {
            return Ok(exchange);
        };
        seen.redirects += 1;
        run.attempt.step(|| format!("redirect to {}", web::shown(&next.url)));
        if seen.redirects > u32::from(spec.redirects.limit) {
            return Err(too_many(spec, &next.url));
        }
        request.redirected(next.method, next.keep_body);
        if hop.at_origin && !redirect::is_trusted(first, &next.url) {
            request.leave_origin();
            (hop.at_origin, hop.name) = (false, None);
        }
        hop.to = address(spec, to, &next.url, run).await?;
        hop.url = next.url;
    }
}

fn too_many(spec: &Spec, next: &Url) -> Failure {
    let limit = spec.redirects.limit;
    let detail =
        format!("redirect {} of at most {limit}, to {}", u16::from(limit) + 1, web::shown(next));
    Failure::new(Reason::HttpRedirect, detail)
}

/// Where to connect for a redirect: the proxy, the address this run is about, or that of another host.
async fn address(
    spec: &Spec,
    first: SocketAddr,
    url: &Url,
    run: &mut Run<'_>,
) -> Result<SocketAddr, Failure> {
    if spec.proxy_url.is_some() {
        return Ok(first);
    }
    if url.host() == spec.url.url().host() {
        return Ok(SocketAddr::new(first.ip(), web::port(url)));
    }
    let lookup = Lookup {
        host: web::host(url),
        port: web::port(url),
        overrides: &run.settings.resolve,
        server: run.settings.dns_server,
        source: run.settings.source_address,
        prefer: run.settings.preferred_ip_protocol,
        fallback: run.settings.ip_protocol_fallback,
    };
    let addresses = run.net.resolver().lookup(&mut run.attempt, lookup).await?;
    let address = addresses.first().copied().unwrap_or(first.ip());
    Ok(SocketAddr::new(address, web::port(url)))
}

/// One request of the chain.
struct Hop<'a> {
    url: Url,
    to: SocketAddr,
    /// No redirect has led away from where the user sent us.
    at_origin: bool,
    /// The name in the user's own `Host` header: whose certificate is wanted, as in blackbox_exporter.
    name: Option<&'a str>,
}

impl Hop<'_> {
    async fn send(
        &self,
        spec: &Spec,
        mut request: Request<Bytes>,
        run: &mut Run<'_>,
        seen: &mut Seen,
    ) -> Result<Exchange, Failure> {
        seen.tls = None;
        let proxy = match &spec.proxy_url {
            Some(_) => Some(spec.proxy_fields(run.attempt.deadline()).await?),
            None => None,
        };
        let source = run.settings.source_address;
        if self.url.scheme() == "https" {
            let mut stream = dial::tcp(&mut run.attempt, self.to, source).await?;
            if let Some(fields) = &proxy {
                let host = self.url.host_str().unwrap_or_default();
                let server = format!("{host}:{}", web::port(&self.url));
                stream = http::tunnel(&mut run.attempt, stream, &server, fields).await?;
            }
            return self.send_secure(spec, stream, request, run, seen).await;
        }
        let form = match (&proxy, spec.version) {
            (Some(_), _) => Form::Http1Proxy,
            (None, Version::Http2) => Form::Http2,
            (None, _) => Form::Http1,
        };
        for (name, value) in proxy.iter().flatten() {
            request.headers_mut().insert(name, value.clone());
        }
        let stream = dial::tcp(&mut run.attempt, self.to, source).await?;
        let exchange = http::exchange(&mut run.attempt, stream, form, request).await?;
        if proxy.is_some() && exchange.head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let detail = format!("the proxy answered {}", exchange.head.status);
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
        let mut options = spec.tls.as_deref().cloned().unwrap_or_default();
        if self.url.host() != spec.url.url().host() {
            // The name was said of the first host.
            options.server_name = None;
        }
        let alpn = spec.version.alpn();
        let client = run.net.tls().client_by(run.attempt.deadline(), &options, alpn).await?;
        let name = self.name.unwrap_or(web::host(&self.url));
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
}

impl Spec {
    /// Header fields for the proxy alone.
    async fn proxy_fields(&self, deadline: Instant) -> Result<HeaderMap, Failure> {
        let mut fields = HeaderMap::new();
        fields.insert(USER_AGENT, web::AGENT);
        if let Some(basic) = &self.proxy_basic_auth {
            fields.insert(PROXY_AUTHORIZATION, basic.header(deadline).await?);
        }
        for (name, value) in self.proxy_headers.map() {
            fields.insert(name, value.clone());
        }
        fields.remove(HOST);
        Ok(fields)
    }
}
