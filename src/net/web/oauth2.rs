//! A token by the client credentials grant of OAuth 2.0 (RFC 6749 section 4.4), fetched at each run.
//!
//! Nothing is kept between runs: the token server is part of what a user meets, and blackbox_exporter asks it each time too.

use std::{collections::BTreeMap, path::PathBuf};

use bytes::Bytes;
use hyper::{
    Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT},
    http::Method,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Position, Url, form_urlencoded};

use super::{
    AGENT, BasicAuth, Dialer, Headers, HttpUrl, NoProxy, Proxies, ProxyUrl,
    authorization::{basic, sensitive, too_many},
    host, shown,
};
use crate::{
    model::{Failure, Phase, Problem, Reason, Secret, Trace},
    net::{
        Attempt, credential, dial,
        http::{self, Exchange, Form},
        tls::{self, TlsOptions},
    },
};

/// The largest answer of a token server, in bytes; Go reads as much.
const ANSWER_LIMIT: usize = 1 << 20;

/// Where a token is fetched, and with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// Who asks.
    client_id: String,
    /// The client's secret; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Secret>,
    /// A file that holds the secret; read at each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret_file: Option<PathBuf>,
    /// The environment variable that holds the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret_env: Option<String>,
    /// The token endpoint. It is asked at each run, within the run's deadline.
    token_url: HttpUrl,
    /// What the token is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
    /// More parameters of the request; never shown, as some of them are secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    endpoint_params: BTreeMap<String, Secret>,
    /// How TLS is spoken with the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<TlsOptions>,
    /// The proxy between here and the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_url: Option<ProxyUrl>,
    /// Take the proxy from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either case.
    #[serde(default)]
    proxy_from_environment: bool,
    /// Hosts that are reached without the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    no_proxy: Option<NoProxy>,
    /// Headers for the proxy's CONNECT alone.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    proxy_connect_headers: Headers,
    /// User and password for the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_basic_auth: Option<BasicAuth>,
}

/// Where the client's name and secret stand in the request (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Parameters,
}

impl OAuth2 {
    /// Fetches a token and makes it a header.
    ///
    /// # Errors
    /// `token_failed` with the server's status or what broke the connection; `local_file` when the secret cannot be had.
    pub async fn header(
        &self,
        agent: Option<&HeaderValue>,
        dialer: &mut Dialer<'_>,
    ) -> Result<HeaderValue, Failure> {
        let begun = dialer.attempt.elapsed();
        let trace = if dialer.attempt.trace.is_on() { Trace::on() } else { Trace::default() };
        // An attempt of its own: what the token server takes is in no phase of the target.
        let mut attempt = Attempt::new(dialer.attempt.deadline(), trace);
        let mut own = Dialer { net: dialer.net, attempt: &mut attempt, names: dialer.names };
        let fetched = self.fetch(agent.unwrap_or(&AGENT), &mut own).await;
        let steps = attempt.trace.steps.into_iter();
        dialer
            .attempt
            .trace
            .steps
            .extend(steps.map(|(at, step)| (begun + at, format!("token: {step}"))));
        fetched.map_err(|failure| match failure.reason {
            Reason::LocalFile | Reason::LocalResources | Reason::TokenFailed => failure,
            reason => Failure::new(
                Reason::TokenFailed,
                format!("{}: {reason}: {}", shown(self.token_url.url()), failure.detail),
            ),
        })
    }

    async fn fetch(
        &self,
        agent: &HeaderValue,
        dialer: &mut Dialer<'_>,
    ) -> Result<HeaderValue, Failure> {
        let (file, variable) =
            (self.client_secret_file.as_deref(), self.client_secret_env.as_deref());
        let deadline = dialer.attempt.deadline();
        let secret =
            credential::read(deadline, self.client_secret.as_ref(), file, variable).await?;
        let secret = secret.as_ref().map_or("", Secret::expose);
        // The standard's way first; servers that want the other say no to it. Go tries the same.
        match self.ask(Style::Header, agent, secret, dialer).await? {
            Ok(header) => Ok(header),
            Err(refused) => {
                dialer.attempt.step(|| format!("{}; trying with parameters", refused.detail));
                self.ask(Style::Parameters, agent, secret, dialer).await?
            }
        }
    }

    /// The inner error is the server's answer, the outer one that there was none.
    async fn ask(
        &self,
        style: Style,
        agent: &HeaderValue,
        secret: &str,
        dialer: &mut Dialer<'_>,
    ) -> Result<Result<HeaderValue, Failure>, Failure> {
        let url = self.token_url.url();
        let mut request = self.request(style, secret)?;
        request.headers_mut().insert(USER_AGENT, agent.clone());
        let mut answer = self.exchange(url, request, dialer).await?;
        let body = dialer.attempt.phase(Phase::Receive, body(&mut answer)).await?;
        let status = answer.head.status;
        dialer.attempt.step(|| format!("answered {status}"));
        if !status.is_success() {
            let detail = format!("{} answered {status}", shown(url));
            return Ok(Err(Failure::new(Reason::TokenFailed, detail)));
        }
        let content = answer.head.headers.get(CONTENT_TYPE).and_then(|text| text.to_str().ok());
        Ok(token(&body, content.unwrap_or_default())
            .map_err(|why| Failure::new(Reason::TokenFailed, format!("{}: {why}", shown(url)))))
    }

    fn request(&self, style: Style, secret: &str) -> Result<Request<Bytes>, Failure> {
        let mut request = Request::new(Bytes::from(self.parameters(style, secret)));
        let url = &self.token_url.url()[..Position::AfterQuery];
        *request.uri_mut() = url.parse().map_err(|error: hyper::http::uri::InvalidUri| {
            Failure::new(Reason::TokenFailed, error.to_string())
        })?;
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let form = "application/x-www-form-urlencoded";
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(form));
        if style == Style::Header {
            let escaped = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            headers.insert(AUTHORIZATION, basic(escaped(&self.client_id), escaped(secret))?);
        }
        Ok(request)
    }

    fn parameters(&self, style: Style, secret: &str) -> String {
        let scope = self.scopes.join(" ");
        let mut parameters = BTreeMap::from([("grant_type", "client_credentials")]);
        if !scope.is_empty() {
            parameters.insert("scope", &scope);
        }
        if style == Style::Parameters {
            parameters.insert("client_id", &self.client_id);
            if !secret.is_empty() {
                parameters.insert("client_secret", secret);
            }
        }
        for (name, value) in &self.endpoint_params {
            parameters.insert(name, value.expose());
        }
        form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
    }

    async fn exchange(
        &self,
        url: &Url,
        mut request: Request<Bytes>,
        dialer: &mut Dialer<'_>,
    ) -> Result<Exchange, Failure> {
        let proxies = self.proxies();
        let endpoint = proxies.endpoint(url);
        let to = dialer.lookup(&endpoint.host, endpoint.port).await?;
        let way = proxies.first(url, to, dialer).await?;
        if url.scheme() == "http" {
            let (form, stream) = match way.asked_proxy() {
                Some(proxy) => {
                    let fields = proxies.fields(proxy, dialer.attempt.deadline()).await?;
                    let own = fields.iter().filter(|(name, _)| **name != USER_AGENT);
                    request
                        .headers_mut()
                        .extend(own.map(|(name, value)| (name.clone(), value.clone())));
                    let source = dialer.names.source;
                    let stream = dial::first(dialer.attempt, &way.to, source).await?;
                    (Form::Http1Proxy, stream)
                }
                None => (Form::Http1, proxies.tunnel(&way, url, dialer).await?),
            };
            return http::exchange(dialer.attempt, stream, form, request).await;
        }
        let stream = proxies.tunnel(&way, url, dialer).await?;
        let default = TlsOptions::default();
        let options = self.tls.as_ref().unwrap_or(&default);
        let deadline = dialer.attempt.deadline();
        let client = dialer.net.tls().client_by(deadline, options, &["http/1.1"]).await?;
        let (_, stream) = tls::handshake(dialer.attempt, &client, host(url), stream).await;
        http::exchange(dialer.attempt, Box::new(stream?), Form::Http1, request).await
    }

    fn proxies(&self) -> Proxies<'_> {
        Proxies {
            url: self.proxy_url.as_ref(),
            from_environment: self.proxy_from_environment,
            no_proxy: self.no_proxy.as_ref(),
            headers: None,
            connect_headers: Some(&self.proxy_connect_headers),
            basic_auth: self.proxy_basic_auth.as_ref(),
            by_address: false,
        }
    }

    /// Mistakes that no single value shows; `path` is where this table stands.
    pub fn problems(&self, path: &str) -> Vec<Problem> {
        let secrets = [
            ("client_secret", self.client_secret.is_some()),
            ("client_secret_file", self.client_secret_file.is_some()),
            ("client_secret_env", self.client_secret_env.is_some()),
        ];
        let mut problems: Vec<_> = too_many(path, &secrets).into_iter().collect();
        if self.client_id.is_empty() {
            problems.push(Problem {
                path: format!("{path}.client_id"),
                message: "it is empty".into(),
                hint: None,
            });
        }
        let ours = ["client_id", "client_secret", "scope"];
        problems.extend(ours.iter().filter(|name| self.endpoint_params.contains_key(**name)).map(
            |name| Problem {
                path: format!("{path}.endpoint_params.{name}"),
                message: format!("`{name}` is set by a key of its own"),
                hint: None,
            },
        ));
        let prefix = format!("{path}.");
        problems.extend(self.proxies().problems(&prefix));
        let tls = self.tls.iter();
        problems.extend(tls.flat_map(|tls| tls.problems(&format!("{prefix}tls."))));
        problems
    }
}

async fn body(answer: &mut Exchange) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > ANSWER_LIMIT {
            let detail = format!("the answer is larger than {ANSWER_LIMIT} bytes");
            return Err(Failure::new(Reason::TokenFailed, detail));
        }
    }
    Ok(bytes)
}

/// What an answer of success holds (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    token_type: String,
}

/// The header that a granted token makes. The error never quotes the answer.
fn token(body: &[u8], content_type: &str) -> Result<HeaderValue, String> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let granted = if matches!(kind, "application/x-www-form-urlencoded" | "text/plain") {
        // Some servers answer as they were asked.
        let of = |key: &str| {
            let mut pairs = form_urlencoded::parse(body);
            pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
        };
        Granted {
            access_token: of("access_token").unwrap_or_default(),
            token_type: of("token_type").unwrap_or_default(),
        }
    } else {
        serde_json::from_slice(body).map_err(|_| "the answer is not JSON".to_owned())?
    };
    if granted.access_token.is_empty() {
        return Err("the answer holds no access_token".into());
    }
    let scheme = match granted.token_type.to_ascii_lowercase().as_str() {
        "" | "bearer" => "Bearer",
        "mac" => "MAC",
        "basic" => "Basic",
        _ => &granted.token_type,
    };
    sensitive(&format!("{scheme} {}", granted.access_token))
        .map_err(|_| "the token holds characters that a header cannot carry".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(more: &str) -> OAuth2 {
        let text = format!(r#"{{"client_id":"id","token_url":"https://t.example/token"{more}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_request_is_that_of_the_rfc() {
        let oauth2 = parse(
            r#","client_secret":"s:e cret","scopes":["a","b"],"endpoint_params":{"audience":"x y"}"#,
        );
        let by_header = oauth2.request(Style::Header, "s:e cret").unwrap();
        assert_eq!(by_header.body(), "audience=x+y&grant_type=client_credentials&scope=a+b");
        // `id:s%3Ae+cret`
        assert_eq!(by_header.headers()[AUTHORIZATION], "Basic aWQ6cyUzQWUrY3JldA==");
        let by_parameters = oauth2.request(Style::Parameters, "s:e cret").unwrap();
        assert!(!by_parameters.headers().contains_key(AUTHORIZATION));
        assert_eq!(
            by_parameters.body(),
            "audience=x+y&client_id=id&client_secret=s%3Ae+cret&grant_type=client_credentials&scope=a+b"
        );
        let shown = format!("{oauth2:?} {}", serde_json::to_string(&oauth2).unwrap());
        assert!(!shown.contains("e cret") && !shown.contains("x y"), "{shown}");
    }

    #[test]
    fn answers() {
        for (body, content_type, wanted) in [
            (r#"{"access_token":"t"}"#, "application/json", Ok("Bearer t")),
            (r#"{"access_token":"t","token_type":"bearer"}"#, "", Ok("Bearer t")),
            (r#"{"access_token":"t","token_type":"DPoP","expires_in":3600}"#, "", Ok("DPoP t")),
            ("access_token=a%2Bb&token_type=mac", "text/plain; charset=utf-8", Ok("MAC a+b")),
            ("{}", "application/json", Err("no access_token")),
            ("<html>", "text/html", Err("not JSON")),
            (r#"{"access_token":"a\nb"}"#, "", Err("cannot carry")),
        ] {
            match (token(body.as_bytes(), content_type), wanted) {
                (Ok(header), Ok(wanted)) => assert_eq!(header, wanted, "{body}"),
                (Err(error), Err(wanted)) => assert!(error.contains(wanted), "{body}: {error}"),
                (got, wanted) => panic!("{body}: {got:?}, not {wanted:?}"),
            }
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        for (more, path) in [
            (r#","client_secret":"a","client_secret_env":"b""#, "oauth2.client_secret_env"),
            (r#","endpoint_params":{"scope":"a"}"#, "oauth2.endpoint_params.scope"),
            (r#","no_proxy":"a""#, "oauth2.no_proxy"),
            (r#","tls":{"cert_file":"a"}"#, "oauth2.tls.cert_file"),
        ] {
            let problems = parse(more).problems("oauth2");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].path, path);
        }
    }
}
