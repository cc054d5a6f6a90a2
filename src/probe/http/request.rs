//! What is sent: method, headers, body, credentials, made ready once per run.

use std::{borrow::Cow, fmt, str::FromStr};

use bytes::Bytes;
use hyper::{
    Request, Uri,
    header::{
        ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, COOKIE,
        HOST, HeaderMap, HeaderName, HeaderValue, REFERER, USER_AGENT, WWW_AUTHENTICATE,
    },
    http::uri::PathAndQuery,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use super::{
    Spec,
    cookie::Jar,
    redirect::{self, Next},
};
use crate::{
    model::{Failure, Reason},
    net::{
        file,
        web::{self, Authorization},
    },
    probe::Run,
};

/// The largest `body_file`, in bytes.
const FILE_LIMIT: u64 = 10 << 20;

/// An HTTP method. The usual ones may be written in any case, as blackbox_exporter's users do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Method(pub hyper::Method);

impl Default for Method {
    fn default() -> Self {
        Self(hyper::Method::GET)
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const USUAL: [hyper::Method; 8] = [
            hyper::Method::GET,
            hyper::Method::HEAD,
            hyper::Method::POST,
            hyper::Method::PUT,
            hyper::Method::PATCH,
            hyper::Method::DELETE,
            hyper::Method::OPTIONS,
            hyper::Method::TRACE,
        ];
        if text.eq_ignore_ascii_case("CONNECT") {
            return Err("CONNECT asks a proxy for a tunnel: use `proxy_url`".into());
        }
        let usual = USUAL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text));
        let method = usual.or_else(|| text.parse().ok());
        method.map(Self).ok_or_else(|| "not an HTTP method: write it like `GET`".into())
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Method {
    fn schema_name() -> Cow<'static, str> {
        "Method".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "an HTTP method", "examples": ["GET", "POST"] })
    }
}

/// A request as the next hop needs it.
pub(super) struct Prepared {
    method: hyper::Method,
    headers: HeaderMap,
    body: Bytes,
    /// What may only go along to the first host.
    private: Vec<HeaderName>,
    /// What is asked for instead of the URL's own path and query.
    path: Option<PathAndQuery>,
    /// What `Referer` says, where the user does not say it.
    referer: Option<HeaderValue>,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Prepared {
    /// The first request of a run; reads the files and fetches the token it takes.
    ///
    /// # Errors
    /// `local_file`, `token_failed`
    pub(super) async fn new(spec: &Spec, run: &mut Run<'_>) -> Result<Self, Failure> {
        let deadline = run.attempt.deadline();
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(USER_AGENT, web::AGENT);
        if let Some(accept) = spec.accept_encoding() {
            headers.insert(ACCEPT_ENCODING, accept);
        }
        let body = match (&spec.body, &spec.body_file, &spec.body_json) {
            (Some(text), ..) => Bytes::copy_from_slice(text.as_bytes()),
            (_, Some(path), _) => {
                file::read_by(deadline, path.to_path_buf(), FILE_LIMIT).await?.into()
            }
            (_, _, Some(value)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Bytes::from(value.to_string())
            }
            (None, None, None) => Bytes::new(),
        };
        let written = spec.headers.contains(&AUTHORIZATION);
        let mut authorization = None;
        if !written {
            let configured = spec.authorization();
            // As in Go the URL's own user is known before any other, but for a token of OAuth2.
            authorization = match &spec.aim.userinfo {
                Some(userinfo) if configured.oauth2.is_none() => Some(userinfo.clone()),
                _ => configured.header(&mut run.dialer()).await?,
            };
        }
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        // What the user wrote wins.
        spec.headers.put(&mut headers, deadline).await?;
        if let Some(host) = &spec.aim.host {
            headers.insert(HOST, host.clone());
        }
        let private = if spec.redirects.forward_credentials {
            vec![AUTHORIZATION, COOKIE, WWW_AUTHENTICATE, HOST]
        } else {
            [AUTHORIZATION, HOST].into_iter().chain(spec.headers.private().cloned()).collect()
        };
        let (method, path) = (spec.method.0.clone(), spec.aim.path.clone());
        Ok(Self { method, headers, body, private, path, referer: None })
    }

    pub(super) fn method(&self) -> &hyper::Method {
        &self.method
    }

    /// Whether the answer may come compressed because we said so.
    pub(super) fn accepts_codings(&self) -> bool {
        self.headers.contains_key(ACCEPT_ENCODING)
    }

    /// Whose certificate is wanted, where the user's own `Host` says it.
    pub(super) fn name(&self) -> Option<&str> {
        self.headers.get(HOST).and_then(web::name_of)
    }

    /// The request for a URL, with the cookies it gets.
    ///
    /// # Errors
    /// `http_redirect` for a URL that no request can carry; those of the configuration were tried when it was read.
    pub(super) fn request(&self, url: &Url, jar: &Jar) -> Result<Request<Bytes>, Failure> {
        let mut uri = Uri::try_from(&url[..url::Position::AfterQuery])
            .map_err(|error| Failure::new(Reason::HttpRedirect, error.to_string()))?;
        if let Some(path) = &self.path {
            let mut parts = uri.into_parts();
            parts.path_and_query = Some(path.clone());
            uri = Uri::from_parts(parts)
                .map_err(|error| Failure::new(Reason::TargetInvalid, error.to_string()))?;
        }
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        if let Some(cookies) = jar.header(url, self.headers.get(COOKIE)) {
            request.headers_mut().insert(COOKIE, cookies);
        }
        if let Some(referer) = &self.referer {
            request.headers_mut().entry(REFERER).or_insert_with(|| referer.clone());
        }
        Ok(request)
    }

    /// Goes on after a redirect from `from`; a method that lost its body loses what was said of it.
    pub(super) fn redirected(&mut self, from: &Url, next: &Next) {
        self.method = next.method.clone();
        self.path.clone_from(&next.path);
        self.referer = redirect::referer(from, &next.url);
        if !next.keep_host {
            self.headers.remove(HOST);
        }
        if !next.keep_body {
            self.body = Bytes::new();
            for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE] {
                self.headers.remove(name);
            }
        }
    }

    /// Forgets what only the first origin may see: credentials, cookies, anything that sounds secret, the host.
    pub(super) fn leave_origin(&mut self) {
        for name in &self.private {
            self.headers.remove(name);
        }
    }
}

impl Spec {
    /// All that may say what `Authorization` holds.
    pub(super) fn authorization(&self) -> Authorization<'_> {
        Authorization {
            basic: self.basic_auth.as_deref(),
            token: self.bearer_token.as_ref(),
            token_file: self.bearer_token_file.as_deref(),
            token_env: self.bearer_token_env.as_deref(),
            credentials: self.authorization.as_deref(),
            oauth2: self.oauth2.as_deref(),
            agent: self.headers.text(&USER_AGENT),
        }
    }

    /// What is asked for, unless the user's own header says it.
    fn accept_encoding(&self) -> Option<HeaderValue> {
        match (&self.compression, self.expect.encoding) {
            (Some(compression), _) => compression.accept(),
            (None, Some(demanded)) => Some(HeaderValue::from_static(demanded.word())),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        for (text, method) in
            [("get", "GET"), ("Post", "POST"), ("PURGE", "PURGE"), ("m-search", "m-search")]
        {
            assert_eq!(text.parse::<Method>().unwrap().0.as_str(), method);
        }
        for text in ["", "G T", "connect"] {
            assert!(text.parse::<Method>().is_err(), "{text}");
        }
    }
}
