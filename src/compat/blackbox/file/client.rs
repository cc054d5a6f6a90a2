//! The HTTP client's own configuration: `config` of prometheus/common 0.67.

use super::Tls;
use crate::compat::blackbox::{
    codes,
    decode::{Claims, Field, Named, Reader, Section, Sensitive, Text, key, section, step},
    yaml::{Id, Yaml},
};

section! {
    /// Credentials, TLS, redirects, proxies and further headers.
    Client = { follow_redirects: true, enable_http2: true } check validate {
        basic_auth: Option<BasicAuth>,
        authorization: Option<Authorization>,
        oauth2: Option<OAuth2>,
        bearer_token: Sensitive,
        bearer_token_file: Text,
        tls_config: Tls,
        follow_redirects: bool => always,
        enable_http2: bool => always,
        proxy: Proxy => inline,
        http_headers: Option<Headers>,
    }
}

section! {
    /// `basic_auth`. The `*_ref` keys name secrets of a manager that blackbox_exporter does not have.
    BasicAuth {
        username: Text,
        username_file: Text,
        username_ref: Text,
        password: Sensitive,
        password_file: Text,
        password_ref: Text,
    }
}

section! {
    /// `authorization`
    Authorization {
        r#type: Text,
        credentials: Sensitive,
        credentials_file: Text,
        credentials_ref: Text,
    }
}

section! {
    /// `oauth2`
    OAuth2 check validate {
        client_id: Text,
        client_secret: Sensitive,
        client_secret_file: Text,
        client_secret_ref: Text,
        client_certificate_key_id: Text,
        client_certificate_key: Sensitive,
        client_certificate_key_file: Text,
        client_certificate_key_ref: Text,
        grant_type: Text,
        signature_algorithm: Text,
        iss: Text,
        audience: Text,
        claims: Claims,
        scopes: Vec<Text>,
        token_url: Text,
        endpoint_params: Named<Text>,
        tls_config: Tls,
        proxy: Proxy => inline,
    }
}

section! {
    /// The keys of a proxy, which stand among those of the client.
    Proxy {
        proxy_url: Url,
        no_proxy: Text,
        proxy_from_environment: bool,
        proxy_connect_header: Named<Vec<Sensitive>>,
    }
}

section! {
    /// One of `http_headers`.
    Header {
        values: Vec<Text>,
        secrets: Vec<Sensitive>,
        files: Vec<Text>,
    }
}

/// RFC 7523: a token by a signed assertion.
pub(in crate::compat::blackbox) const JWT_BEARER: &str =
    "urn:ietf:params:oauth:grant-type:jwt-bearer";

impl Client {
    /// As blackbox_exporter's, and as there an old bearer token becomes an authorization.
    pub(super) fn validate(&mut self, reader: &mut Reader<'_>) {
        let bearer = !self.bearer_token.is_zero();
        let bearer_file = !self.bearer_token_file.is_empty();
        if bearer && bearer_file {
            let why = "at most one of `bearer_token` and `bearer_token_file` may be set";
            reader.clash(codes::CONTRADICTION, &["bearer_token_file"], why);
        }
        let ways = [
            ("basic_auth", self.basic_auth.is_some()),
            ("oauth2", self.oauth2.is_some()),
            ("authorization", self.authorization.is_some()),
            ("bearer_token", bearer),
            ("bearer_token_file", bearer_file && !bearer),
        ];
        let given: Vec<_> = ways.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect();
        if let [first, .., last] = given.as_slice() {
            let why =
                format!("`{first}` and `{last}` exclude each other: keep one kind of credentials");
            reader.clash(codes::CONTRADICTION, &[last], why);
        }
        self.basic_auth_problems(reader);
        self.authorization_problems(reader);
        self.oauth2_problems(reader);
        self.proxy.validate(reader);
        if let Some(headers) = &self.http_headers {
            headers.validate(reader);
        }
        if given == ["bearer_token"] || given == ["bearer_token_file"] {
            self.authorization = Some(Authorization {
                r#type: Text(b"Bearer".to_vec()),
                credentials: std::mem::take(&mut self.bearer_token),
                credentials_file: std::mem::take(&mut self.bearer_token_file),
                credentials_ref: Text::default(),
            });
        }
    }

    fn basic_auth_problems(&self, reader: &mut Reader<'_>) {
        let Some(own) = &self.basic_auth else { return };
        let names = [&own.username, &own.username_file, &own.username_ref];
        let passwords = [&own.password.0, &own.password_file, &own.password_ref];
        for (given, what) in [(names, "username"), (passwords, "password")] {
            if given.iter().filter(|value| !value.is_empty()).count() > 1 {
                let why = format!(
                    "at most one of `basic_auth.{what}`, `{what}_file` and `{what}_ref` may be set"
                );
                let (file, plain) =
                    (format!("basic_auth.{what}_file"), format!("basic_auth.{what}"));
                reader.clash(codes::CONTRADICTION, &[&file, &plain, "basic_auth"], why);
            }
        }
    }

    fn authorization_problems(&mut self, reader: &mut Reader<'_>) {
        let Some(own) = &mut self.authorization else { return };
        let given = [&own.credentials.0, &own.credentials_file, &own.credentials_ref];
        if given.iter().filter(|value| !value.is_empty()).count() > 1 {
            let why =
                "at most one of `authorization.credentials` and `credentials_file` may be set";
            let keys = ["authorization.credentials_file", "authorization"];
            reader.clash(codes::CONTRADICTION, &keys, why);
        }
        let word = own.r#type.lossy().trim().to_owned();
        if word.eq_ignore_ascii_case("basic") {
            let why = "the type of `authorization` cannot be Basic; use `basic_auth`";
            reader.clash(codes::CONTRADICTION, &["authorization.type", "authorization"], why);
        }
        own.r#type = Text(if word.is_empty() { b"Bearer".to_vec() } else { word.into_bytes() });
    }

    fn oauth2_problems(&self, reader: &mut Reader<'_>) {
        let Some(own) = &self.oauth2 else { return };
        for (key, value) in [("client_id", &own.client_id), ("token_url", &own.token_url)] {
            if value.is_empty() {
                let path = format!("oauth2.{key}");
                reader.clash(codes::MISSING, &[&path, "oauth2"], format!("`{path}` is missing"));
            }
        }
        let several = |given: [bool; 3]| given.iter().filter(|given| **given).count() > 1;
        if own.grant_type.lossy() == JWT_BEARER {
            let keys = [
                !own.client_certificate_key.is_zero(),
                !own.client_certificate_key_file.is_empty(),
                !own.client_certificate_key_ref.is_empty(),
            ];
            if several(keys) {
                let why = "at most one of `oauth2.client_certificate_key`, `client_certificate_key_file` and `client_certificate_key_ref` may be set";
                reader.clash(codes::CONTRADICTION, &["oauth2"], why);
            }
            if !["", "RS256", "RS384", "RS512"].contains(&&*own.signature_algorithm.lossy()) {
                let why = "`oauth2.signature_algorithm` is RS256, RS384 or RS512";
                let keys = ["oauth2.signature_algorithm", "oauth2"];
                reader.clash(codes::BAD_VALUE, &keys, why);
            }
        } else if several([
            !own.client_secret.is_zero(),
            !own.client_secret_file.is_empty(),
            !own.client_secret_ref.is_empty(),
        ]) {
            let why = "at most one of `oauth2.client_secret`, `client_secret_file` and `client_secret_ref` may be set";
            reader.clash(codes::CONTRADICTION, &["oauth2.client_secret_file", "oauth2"], why);
        }
    }
}

impl OAuth2 {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        self.proxy.validate(reader);
    }
}

impl Proxy {
    fn validate(&self, reader: &mut Reader<'_>) {
        let (set, named) = (self.proxy_url.0.is_some(), !self.proxy_url.text().is_empty());
        if !self.proxy_connect_header.is_zero() && !self.proxy_from_environment && !named {
            let why = "`proxy_connect_header` needs `proxy_url` or `proxy_from_environment`";
            reader.clash(codes::CONTRADICTION, &["proxy_connect_header"], why);
        }
        if self.proxy_from_environment && named {
            let why = "`proxy_from_environment` and `proxy_url` exclude each other";
            reader.clash(codes::CONTRADICTION, &["proxy_from_environment"], why);
        }
        if self.proxy_from_environment && !self.no_proxy.is_empty() {
            let why = "`proxy_from_environment` and `no_proxy` exclude each other; set the variable NO_PROXY";
            reader.clash(codes::CONTRADICTION, &["no_proxy"], why);
        } else if !set && !self.no_proxy.is_empty() {
            reader.clash(codes::CONTRADICTION, &["no_proxy"], "`no_proxy` needs `proxy_url`");
        }
    }
}

impl Proxy {
    /// Whether there is one.
    pub(in crate::compat::blackbox) fn is_given(&self) -> bool {
        self.proxy_url.0.is_some() || self.proxy_from_environment
    }
}

/// `http_headers`: sent beside those of `headers`.
#[derive(Debug, Clone, Default)]
pub(in crate::compat::blackbox) struct Headers(pub(in crate::compat::blackbox) Named<Header>);

impl Field for Headers {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.0.take(reader, id)
    }
    fn show(&self) -> Yaml {
        self.0.show()
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

/// What `http_headers` may not set, in Go's canonical spelling in lower case.
const RESERVED: [&str; 18] = [
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-prometheus-scrape-timeout-seconds",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

impl Headers {
    fn validate(&self, reader: &mut Reader<'_>) {
        for (name, _) in self.0.iter() {
            if RESERVED.contains(&&*name.to_ascii_lowercase()) {
                let path = format!("http_headers{}", step(name));
                let why =
                    format!("the header `{name}` cannot be set by `http_headers`; use `headers`");
                reader.clash(codes::BAD_VALUE, &[&path], why);
            }
        }
    }
}

/// A URL as Go's `net/url` takes it, which is nearly anything.
#[derive(Debug, Clone, Default)]
pub(in crate::compat::blackbox) struct Url(pub(in crate::compat::blackbox) Option<String>);

impl Url {
    /// As it was written; empty where there is none.
    pub(in crate::compat::blackbox) fn text(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Field for Url {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let text = text.lossy().into_owned();
        if let Some(why) = no_url(&text) {
            return reader.bad_value(id, &format!("not a URL: {why}"));
        }
        self.0 = Some(text);
        true
    }
    fn show(&self) -> Yaml {
        redacted(self.text()).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

/// Why Go's `url.Parse` refuses a text. It never repeats the text, which may hold a password.
fn no_url(text: &str) -> Option<&'static str> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Some("it holds a control character");
    }
    let body = text.split('#').next().unwrap_or_default();
    let rest = match body.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        Some(("", _)) => return Some("the scheme is missing before the colon"),
        Some((first, _)) if !first.contains(['/', '?']) => {
            // `127.0.0.1:3128`: Go sees a scheme that begins with a digit, or a colon in a path.
            return Some("the scheme is missing: write `http://` before the host");
        }
        _ => body,
    };
    let rest = rest.split('?').next().unwrap_or_default();
    let authority = rest.strip_prefix("//").map(|rest| rest.split('/').next().unwrap_or_default());
    if let Some(authority) = authority {
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let port = match host.strip_prefix('[') {
            Some(literal) => match literal.split_once(']') {
                None => return Some("a bracket of the host is missing"),
                Some((_, after)) => after,
            },
            None => host.find(':').map_or("", |at| &host[at..]),
        };
        let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(digits);
        if !is_port {
            return Some("the port is not a number");
        }
        if host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '}', '|']) {
            return Some("the host holds a character that no host has");
        }
    }
    let escapes = text.match_indices('%').all(|(at, _)| {
        text.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    (!escapes).then_some("a `%` is not followed by two hexadecimal digits")
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// With `xxxxx` for a password, as Go shows it.
fn redacted(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let scheme = scheme.to_ascii_lowercase();
    match rest[..end].rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:xxxxx@{host}{}", &rest[end..]),
            None => format!("{scheme}://{rest}"),
        },
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_what_go_takes_for_them() {
        for text in
            ["", "http://proxy:3128", "proxy", "//host/x", "http://[::1]:80/", "socks5://u:p@h:1"]
        {
            assert_eq!(no_url(text), None, "{text}");
        }
        for text in [
            "127.0.0.1:3128",
            ":80",
            "http://h:x",
            "http://[::1",
            "http://a b/",
            "http://h/%zz",
            "a\u{1}",
        ] {
            assert!(no_url(text).is_some(), "{text}");
        }
        assert_eq!(redacted("HTTP://me:hunter2@h:80/x"), "http://me:xxxxx@h:80/x");
        assert_eq!(redacted("http://me@h/"), "http://me@h/");
    }
}
