//! One request and its answer, redirects included: for those who want to have said something, not to measure how it went.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::{
    Method, StatusCode,
    header::{
        AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT,
    },
};
use tokio::net::TcpStream;
use url::Url;

use super::{AGENT, Dialer, HttpOptions, HttpUrl, Names, host, redirect};
use crate::{
    clock::{self, Instant},
    model::{Failure, Phase, Reason, Secret, Trace, sensitive::is_secret_name},
    net::{
        Attempt, Net, dial,
        http::{self, Exchange, Form},
        tls::{self, TlsOptions},
    },
};

/// What is read of an answer's body, in bytes: enough for any API's words. The rest is left where it is.
pub const ANSWER_LIMIT: usize = 64 * 1024;

/// As Go's client.
const REDIRECTS: usize = 10;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where; `http` or `https`.
    pub url: Url,
    /// The caller's own headers; those of the options win.
    pub headers: HeaderMap,
    /// May be empty.
    pub body: Bytes,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The final one's.
    pub status: StatusCode,
    /// The final one's.
    pub headers: HeaderMap,
    /// Its first bytes, as many as were wanted.
    pub body: Bytes,
    /// What broke the body off.
    pub broken: Option<Failure>,
    /// What nobody may be shown of what the server, and a proxy on the way to it, was told: an answer may repeat it.
    pub told: Vec<Secret>,
}

/// Sends a request on a connection of its own and reads its answer, all of it by `deadline`.
///
/// # Errors
/// What breaks a connection, `local_file`, `token_failed`, `proxy_failed`, `http_redirect`, and the phases' timeouts. None
/// names the path of the URL, which may be a secret. An answer of any status is no error.
pub async fn send(
    net: &Net,
    deadline: Instant,
    options: &HttpOptions,
    request: Request,
) -> Result<Answer, Failure> {
    send_for(net, deadline, options, request, ANSWER_LIMIT).await
}

/// The same, reading so many bytes of the answer's body.
///
/// # Errors
/// Those of [`send`].
pub async fn send_for(
    net: &Net,
    deadline: Instant,
    options: &HttpOptions,
    request: Request,
    limit: usize,
) -> Result<Answer, Failure> {
    let mut attempt = Attempt::new(deadline, Trace::default());
    let mut dialer = Dialer { net, attempt: &mut attempt, names: Names::default() };
    let walk = clock::timeout_at(deadline, walk(&mut dialer, options, request, limit)).await;
    walk.unwrap_or_else(|_| Err(attempt.timed_out()))
}

async fn walk(
    dialer: &mut Dialer<'_>,
    options: &HttpOptions,
    mut request: Request,
    limit: usize,
) -> Result<Answer, Failure> {
    let origin = request.url.clone();
    request.headers = headers(dialer, options, request.headers).await?;
    let mut told = private(&request.headers);
    for _ in 0..=REDIRECTS {
        let answer = hop(dialer, options, &origin, &request, &mut told).await?;
        let next = if options.follow_redirects {
            redirect::next(&answer.head, &request.url, &request.method)?
        } else {
            None
        };
        let Some(next) = next else {
            let answer = read(dialer.attempt, answer, limit).await;
            return Ok(Answer { told, ..answer });
        };
        drop(answer);
        if !redirect::is_same_house(&origin, &next.url) {
            let private: Vec<_> = options.headers.private().cloned().collect();
            for name in private.iter().chain(&[AUTHORIZATION]) {
                request.headers.remove(name);
            }
        }
        if !next.keep_host {
            request.headers.remove(HOST);
        }
        if !next.keep_body {
            request.body = Bytes::new();
            request.headers.remove(CONTENT_TYPE);
            request.headers.remove(CONTENT_ENCODING);
        }
        (request.url, request.method) = (next.url, next.method);
    }
    let detail = format!("more than {REDIRECTS} redirects");
    Err(Failure::new(Reason::HttpRedirect, detail))
}

/// The caller's headers, ours, the credentials, and over them what the options say.
async fn headers(
    dialer: &mut Dialer<'_>,
    options: &HttpOptions,
    mut headers: HeaderMap,
) -> Result<HeaderMap, Failure> {
    headers.entry(USER_AGENT).or_insert(AGENT);
    let agent = headers.get(USER_AGENT).cloned();
    if let Some(own) = options.credentials(agent.as_ref()).header(dialer).await? {
        headers.insert(AUTHORIZATION, own);
    }
    options.headers.put(&mut headers, dialer.attempt.deadline()).await?;
    Ok(headers)
}

/// Values of header fields that nobody may be shown.
fn private(headers: &HeaderMap) -> Vec<Secret> {
    let private =
        headers.iter().filter(|(name, own)| own.is_sensitive() || is_secret_name(name.as_str()));
    private.map(|(_, own)| Secret::new(String::from_utf8_lossy(own.as_bytes()))).collect()
}

/// One request of the chain.
async fn hop(
    dialer: &mut Dialer<'_>,
    options: &HttpOptions,
    origin: &Url,
    request: &Request,
    told: &mut Vec<Secret>,
) -> Result<Exchange, Failure> {
    let (url, proxies) = (&request.url, options.proxies());
    let mut message = hyper::Request::new(request.body.clone());
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = url[..url::Position::AfterQuery]
        .parse()
        .map_err(|_| Failure::new(Reason::HttpProtocol, "the URL cannot be requested"))?;
    message.headers_mut().clone_from(&request.headers);
    let endpoint = proxies.endpoint(url);
    let to = dialer.lookup(&endpoint.host, endpoint.port).await?;
    let way = proxies.first(url, to, dialer).await?;
    if url.scheme() == "https" {
        let stream = proxies.tunnel(&way, url, dialer).await?;
        return secure(dialer, options, origin, url, stream, message).await;
    }
    let Some(proxy) = way.asked_proxy() else {
        let stream = proxies.tunnel(&way, url, dialer).await?;
        return http::exchange(dialer.attempt, stream, Form::Http1, message).await;
    };
    let fields = proxies.fields(proxy, dialer.attempt.deadline()).await?;
    told.extend(private(&fields));
    for (name, value) in &fields {
        if *name != USER_AGENT {
            message.headers_mut().insert(name, value.clone());
        }
    }
    let stream = dial::first(dialer.attempt, &way.to, dialer.names.source).await?;
    let answer = http::exchange(dialer.attempt, stream, Form::Http1Proxy, message).await?;
    if answer.head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        let detail = format!("the proxy answered {}", answer.head.status);
        return Err(Failure::new(Reason::ProxyFailed, detail));
    }
    Ok(answer)
}

async fn secure(
    dialer: &mut Dialer<'_>,
    options: &HttpOptions,
    origin: &Url,
    url: &Url,
    stream: TcpStream,
    message: hyper::Request<Bytes>,
) -> Result<Exchange, Failure> {
    let alpn: &[&str] = if options.enable_http2 { &["h2", "http/1.1"] } else { &[] };
    let own = own_tls(options, url.host() == origin.host());
    let client = dialer.net.tls().client_by(dialer.attempt.deadline(), &own, alpn).await?;
    let (report, stream) = tls::handshake(dialer.attempt, &client, host(url), stream).await;
    let form = match report.alpn.as_deref() {
        Some("h2") => Form::Http2,
        _ => Form::Http1,
    };
    http::exchange(dialer.attempt, Box::new(stream?), form, message).await
}

/// The options for TLS; the name in them was said of the first host.
fn own_tls(options: &HttpOptions, at_origin: bool) -> Cow<'_, TlsOptions> {
    match options.tls.as_deref() {
        None => Cow::Owned(TlsOptions::default()),
        Some(own) if at_origin || own.server_name.is_none() => Cow::Borrowed(own),
        Some(own) => Cow::Owned(TlsOptions { server_name: None, ..own.clone() }),
    }
}

/// As much of the body as anybody looks at.
async fn read(attempt: &mut Attempt, mut answer: Exchange, limit: usize) -> Answer {
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < limit {
            match answer.chunk().await {
                Some(chunk) => bytes.extend_from_slice(&chunk?),
                None => break,
            }
        }
        Ok(())
    };
    let broken = attempt.phase(Phase::Receive, reading).await.err();
    bytes.truncate(limit);
    let (status, headers) = (answer.head.status, answer.head.headers);
    Answer { status, headers, body: bytes.into(), broken, told: Vec::new() }
}

/// A URL for a request.
#[derive(Clone)]
pub struct Target {
    /// Without user and password.
    pub url: Url,
    /// These, as `Authorization` says them; the options' own credentials win.
    pub userinfo: Option<HeaderValue>,
}

impl std::str::FromStr for Target {
    type Err = String;
    /// The error does not repeat the text, which may be a secret.
    fn from_str(text: &str) -> Result<Self, String> {
        let (url, userinfo) = HttpUrl::with_userinfo(text.trim())?;
        Ok(Self { url: url.url().clone(), userinfo })
    }
}

impl Request {
    /// A GET.
    pub fn get(target: &Target) -> Self {
        let authorization = target.userinfo.clone().map(|own| (AUTHORIZATION, own));
        Self {
            method: Method::GET,
            url: target.url.clone(),
            headers: authorization.into_iter().collect(),
            body: Bytes::new(),
        }
    }

    /// A POST of JSON.
    pub fn post_json(target: &Target, body: impl Into<Bytes>) -> Self {
        let mut request = Self::get(target);
        request.method = Method::POST;
        request.body = body.into();
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request
    }
}
