//! The HTTP client's own configuration, which many programs share: `config` of prometheus/common 0.67, as
//! blackbox_exporter 0.28 and Alertmanager 0.33 are built with.
//!
//! Contract: declarations and the rules between keys, told with the codes of the file they stand in.

mod folder;
pub(in crate::compat) mod options;
mod tls;
mod url;

pub(in crate::compat) use self::{
    folder::join,
    tls::{Tls, Version},
    url::Url,
};

use crate::compat::{
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
    /// `basic_auth`. The `*_ref` keys name secrets of a manager that these programs do not have.
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
pub(in crate::compat) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

impl Client {
    /// As there, and as there an old bearer token becomes an authorization.
    pub(in crate::compat) fn validate(&mut self, reader: &mut Reader<'_>) {
        let bearer = !self.bearer_token.is_zero();
        let bearer_file = !self.bearer_token_file.is_empty();
        if bearer && bearer_file {
            let why = "at most one of `bearer_token` and `bearer_token_file` may be set";
            reader.clash(reader.codes().contradiction, &["bearer_token_file"], why);
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
            reader.clash(reader.codes().contradiction, &[last], why);
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
                reader.clash(reader.codes().contradiction, &[&file, &plain, "basic_auth"], why);
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
            reader.clash(reader.codes().contradiction, &keys, why);
        }
        let word = own.r#type.lossy().trim().to_owned();
        if word.eq_ignore_ascii_case("basic") {
            let why = "the type of `authorization` cannot be Basic; use `basic_auth`";
            reader.clash(
                reader.codes().contradiction,
                &["authorization.type", "authorization"],
                why,
            );
        }
        own.r#type = Text(if word.is_empty() { b"Bearer".to_vec() } else { word.into_bytes() });
    }

    fn oauth2_problems(&self, reader: &mut Reader<'_>) {
        let Some(own) = &self.oauth2 else { return };
        for (key, value) in [("client_id", &own.client_id), ("token_url", &own.token_url)] {
            if value.is_empty() {
                let path = format!("oauth2.{key}");
                reader.clash(
                    reader.codes().missing,
                    &[&path, "oauth2"],
                    format!("`{path}` is missing"),
                );
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
                reader.clash(reader.codes().contradiction, &["oauth2"], why);
            }
            if !["", "RS256", "RS384", "RS512"].contains(&&*own.signature_algorithm.lossy()) {
                let why = "`oauth2.signature_algorithm` is RS256, RS384 or RS512";
                let keys = ["oauth2.signature_algorithm", "oauth2"];
                reader.clash(reader.codes().bad_value, &keys, why);
            }
        } else if several([
            !own.client_secret.is_zero(),
            !own.client_secret_file.is_empty(),
            !own.client_secret_ref.is_empty(),
        ]) {
            let why = "at most one of `oauth2.client_secret`, `client_secret_file` and `client_secret_ref` may be set";
            reader.clash(
                reader.codes().contradiction,
                &["oauth2.client_secret_file", "oauth2"],
                why,
            );
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
        let (set, named) = (!self.proxy_url.is_zero(), !self.proxy_url.text().is_empty());
        if !self.proxy_connect_header.is_zero() && !self.proxy_from_environment && !named {
            let why = "`proxy_connect_header` needs `proxy_url` or `proxy_from_environment`";
            reader.clash(reader.codes().contradiction, &["proxy_connect_header"], why);
        }
        if self.proxy_from_environment && named {
            let why = "`proxy_from_environment` and `proxy_url` exclude each other";
            reader.clash(reader.codes().contradiction, &["proxy_from_environment"], why);
        }
        if self.proxy_from_environment && !self.no_proxy.is_empty() {
            let why = "`proxy_from_environment` and `no_proxy` exclude each other; set the variable NO_PROXY";
            reader.clash(reader.codes().contradiction, &["no_proxy"], why);
        } else if !set && !self.no_proxy.is_empty() {
            reader.clash(
                reader.codes().contradiction,
                &["no_proxy"],
                "`no_proxy` needs `proxy_url`",
            );
        }
    }
}

impl Proxy {
    /// Whether there is one.
    pub(in crate::compat) fn is_given(&self) -> bool {
        !self.proxy_url.is_zero() || self.proxy_from_environment
    }
}

/// `http_headers`: sent beside those of `headers`.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Headers(pub(in crate::compat) Named<Header>);

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
                reader.clash(reader.codes().bad_value, &[&path], why);
            }
        }
    }
}
