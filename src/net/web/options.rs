use std::sync::Arc;

use hyper::header::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AnyScheme, Authorization, BasicAuth, Headers, NoProxy, OAuth2, Proxies, ProxyUrl};
use crate::{model::Problem, net::tls::TlsOptions};

/// How requests to a service are made: what Prometheus' programs call `http_config`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpOptions {
    /// User and password, sent with the first request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<Arc<BasicAuth>>,
    /// Credentials of any scheme, sent as `Authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Arc<AnyScheme>>,
    /// A token fetched for each request by the client credentials grant, sent as `Authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<Arc<OAuth2>>,
    /// How TLS is spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Arc<TlsOptions>>,
    /// The proxy that requests go through. `https` is tunnelled by CONNECT; `http` is asked of the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<Arc<ProxyUrl>>,
    /// Take the proxy from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either case.
    pub proxy_from_environment: bool,
    /// Hosts that are reached without `proxy_url`, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<NoProxy>,
    /// Headers for the proxy's CONNECT alone.
    #[serde(skip_serializing_if = "Headers::is_empty")]
    pub proxy_connect_headers: Headers,
    /// User and password for the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_basic_auth: Option<Arc<BasicAuth>>,
    /// Whether redirects are followed, ten at most. Credentials stay with the first host and those below it.
    pub follow_redirects: bool,
    /// Whether HTTP/2 is spoken where TLS agrees on it.
    pub enable_http2: bool,
    /// Headers to send: a text each, or a table of `values`, `secrets`, `files` and `env` for several.
    #[serde(skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            basic_auth: None,
            authorization: None,
            oauth2: None,
            tls: None,
            proxy_url: None,
            proxy_from_environment: false,
            no_proxy: None,
            proxy_connect_headers: Headers::default(),
            proxy_basic_auth: None,
            follow_redirects: true,
            enable_http2: true,
            headers: Headers::default(),
        }
    }
}

impl HttpOptions {
    /// Mistakes that no single value shows; `prefix` is the path of this table, with its dot.
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let mut problems = self.credentials(None).problems(&self.headers);
        problems.extend(self.proxies().problems(""));
        problems.extend(self.tls.iter().flat_map(|tls| tls.problems("tls.")));
        let at =
            |problem: Problem| Problem { path: format!("{prefix}{}", problem.path), ..problem };
        problems.into_iter().map(at).collect()
    }

    /// Whether they say who asks.
    pub fn has_credentials(&self) -> bool {
        self.basic_auth.is_some() || self.authorization.is_some() || self.oauth2.is_some()
    }

    /// What becomes the `Authorization` header.
    pub(super) fn credentials<'a>(&'a self, agent: Option<&'a HeaderValue>) -> Authorization<'a> {
        Authorization {
            basic: self.basic_auth.as_deref(),
            credentials: self.authorization.as_deref(),
            token: None,
            token_file: None,
            token_env: None,
            oauth2: self.oauth2.as_deref(),
            agent,
        }
    }

    /// All that is said of proxies.
    pub(super) fn proxies(&self) -> Proxies<'_> {
        Proxies {
            url: self.proxy_url.as_deref(),
            from_environment: self.proxy_from_environment,
            no_proxy: self.no_proxy.as_ref(),
            headers: None,
            connect_headers: Some(&self.proxy_connect_headers),
            basic_auth: self.proxy_basic_auth.as_deref(),
            by_address: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_their_place() {
        for (text, path) in [
            ("no_proxy = 'a'", "http.no_proxy"),
            ("basic_auth.username = 'a'\nauthorization.credentials = 'b'", "http.authorization"),
            ("tls.cert_file = 'a'", "http.tls.cert_file"),
        ] {
            let options: HttpOptions = toml::from_str(text).unwrap();
            let problems = options.problems("http.");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].path, path);
        }
        assert!(HttpOptions::default().problems("").is_empty());
    }
}
