//! What the sections of an HTTP client mean for noroshi: a table of ours, as docs/configuration.md documents it.

use toml::{Table, Value};

use super::{Client, Header, JWT_BEARER, OAuth2, Proxy, Tls, Version};
use crate::compat::decode::{Field, Named, Sensitive, Text};

/// The table so far, and what has to be said of it.
#[derive(Debug, Default)]
pub(in crate::compat) struct Options {
    pub(in crate::compat) table: Table,
    pub(in crate::compat) remarks: Vec<Remark>,
}

/// Something worth knowing of a field.
#[derive(Debug)]
pub(in crate::compat) struct Remark {
    pub(in crate::compat) nature: Nature,
    /// Below the section.
    pub(in crate::compat) field: String,
    /// Why, without what follows from it.
    pub(in crate::compat) why: String,
}

/// What of a client cannot work with us.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(in crate::compat) struct Complaint {
    pub(in crate::compat) nature: Nature,
    words: String,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compat) enum Nature {
    /// The other program does not run with it.
    Refused,
    /// Nothing can work, nor does it in the other program.
    Broken,
    /// Nothing can work here, though in the other program it does.
    Unsupported,
    /// Nothing that speaks TLS can work.
    NoTls,
    /// It works differently here.
    Different,
    /// It does not do what it seems to.
    Trap,
    /// It does nothing.
    Ignored,
}

impl Options {
    /// The whole client as our `http` table.
    ///
    /// # Errors
    /// What of it cannot work with us.
    pub(in crate::compat) fn whole(client: &Client) -> Result<Table, Complaint> {
        let mut options = Self::default();
        options.client(client, "");
        options.headers(std::iter::empty(), client.http_headers.as_ref().map(|own| &own.0));
        options.complain()?;
        let mut table = options.table;
        put(&mut table, "follow_redirects", client.follow_redirects);
        put(&mut table, "enable_http2", client.enable_http2);
        Ok(table)
    }

    /// What of it cannot work with us; first what works in the other program.
    pub(in crate::compat) fn complain(&self) -> Result<(), Complaint> {
        let fatal = [Nature::Refused, Nature::Unsupported, Nature::NoTls, Nature::Broken];
        let worst = fatal.iter().find_map(|nature| {
            let remark = self.remarks.iter().find(|remark| remark.nature == *nature)?;
            let words = format!("`{}`: {}", remark.field, remark.why);
            Some(Complaint { nature: *nature, words })
        });
        worst.map_or(Ok(()), Err)
    }

    /// Everything of the client but redirects and the version. `at` is its place below the section, with its dot.
    pub(in crate::compat) fn client(&mut self, client: &Client, at: &str) {
        self.credentials(client, at);
        if let Some(tls) = self.tls(&client.tls_config, &format!("{at}tls_config")) {
            self.put("tls", tls);
        }
        let mut table = std::mem::take(&mut self.table);
        self.proxy(&mut table, &client.proxy, at);
        self.table = table;
    }

    fn credentials(&mut self, client: &Client, at: &str) {
        if let Some(basic) = &client.basic_auth {
            self.reference(&basic.username_ref, &format!("{at}basic_auth.username_ref"));
            self.reference(&basic.password_ref, &format!("{at}basic_auth.password_ref"));
            let mut table = Table::new();
            // Without any user the name is empty, and is sent.
            let user = basic.username.lossy().into_owned();
            if basic.username_file.is_empty() {
                put(&mut table, "username", user);
            }
            put_text(&mut table, "username_file", &basic.username_file);
            put_text(&mut table, "password", &basic.password.0);
            put_text(&mut table, "password_file", &basic.password_file);
            self.put("basic_auth", table);
        }
        if let Some(own) = &client.authorization {
            self.reference(&own.credentials_ref, &format!("{at}authorization.credentials_ref"));
            let mut table = Table::new();
            put_text(&mut table, "type", &own.r#type);
            put_text(&mut table, "credentials", &own.credentials.0);
            put_text(&mut table, "credentials_file", &own.credentials_file);
            self.put("authorization", table);
        }
        if let Some(own) = &client.oauth2 {
            let table = self.oauth2(own, &format!("{at}oauth2"));
            self.put("oauth2", table);
        }
    }

    fn oauth2(&mut self, own: &OAuth2, at: &str) -> Table {
        self.reference(&own.client_secret_ref, &format!("{at}.client_secret_ref"));
        if own.grant_type.lossy() == JWT_BEARER {
            let why = "noroshi does not fetch tokens by a signed assertion (RFC 7523)";
            self.remark(Nature::Unsupported, &format!("{at}.grant_type"), why);
        }
        let mut table = Table::new();
        put_text(&mut table, "client_id", &own.client_id);
        put_text(&mut table, "client_secret", &own.client_secret.0);
        put_text(&mut table, "client_secret_file", &own.client_secret_file);
        put_text(&mut table, "token_url", &own.token_url);
        if !own.scopes.is_empty() {
            put(&mut table, "scopes", texts(&own.scopes));
        }
        let parameters: Table = own
            .endpoint_params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.lossy().into_owned().into()))
            .collect();
        if !parameters.is_empty() {
            put(&mut table, "endpoint_params", parameters);
        }
        if let Some(tls) = self.tls(&own.tls_config, &format!("{at}.tls_config")) {
            put(&mut table, "tls", tls);
        }
        self.proxy(&mut table, &own.proxy, &format!("{at}."));
        table
    }

    /// The table of TLS options, if there is anything in it.
    pub(in crate::compat) fn tls(&mut self, own: &Tls, at: &str) -> Option<Table> {
        for (key, value) in [("ca", &own.ca_ref), ("cert", &own.cert_ref), ("key", &own.key_ref)] {
            self.reference(value, &format!("{at}.{key}_ref"));
        }
        if own.is_zero() {
            return None;
        }
        let mut table = Table::new();
        put_text(&mut table, "ca", &own.ca);
        put_text(&mut table, "cert", &own.cert);
        put_text(&mut table, "key", &own.key.0);
        put_text(&mut table, "ca_file", &own.ca_file);
        put_text(&mut table, "cert_file", &own.cert_file);
        put_text(&mut table, "key_file", &own.key_file);
        put_text(&mut table, "server_name", &own.server_name);
        for (key, version) in [("min_version", own.min_version), ("max_version", own.max_version)] {
            if version != Version::Any {
                put(&mut table, key, version.word());
            }
        }
        if own.insecure_skip_verify {
            put(&mut table, "insecure_skip_verify", true);
        }
        self.versions(own, at);
        Some(table)
    }

    fn versions(&mut self, own: &Tls, at: &str) {
        let (min, max) = (own.min_version, own.max_version);
        if max != Version::Any && max < min {
            let why =
                format!("no version of TLS is at least {} and at most {}", min.word(), max.word());
            self.remark(Nature::NoTls, &format!("{at}.min_version"), why);
        }
        for (key, version) in [("min_version", min), ("max_version", max)] {
            if matches!(version, Version::Tls10 | Version::Tls11) {
                let message = "noroshi does not speak TLS 1.0 and 1.1 (RFC 8996): a target that knows nothing newer fails with `tls_unsupported_version`";
                self.remark(Nature::Different, &format!("{at}.{key}"), message);
            }
        }
    }

    /// Keys for a manager of secrets, which the other programs know and do not have.
    fn reference(&mut self, value: &Text, at: &str) {
        if !value.is_empty() {
            self.remark(
                Nature::Refused,
                at,
                "there is no manager of secrets, in Prometheus' programs neither",
            );
        }
    }

    /// The keys of a proxy. `at` is where they stand below the section, with its dot.
    fn proxy(&mut self, table: &mut Table, own: &Proxy, at: &str) {
        let url = own.proxy_url.text();
        if !url.is_empty() {
            let (bare, user) = match without_userinfo(url) {
                Some((bare, user)) => (bare, Some(user)),
                None => (url.to_owned(), None),
            };
            let scheme = bare.split("://").next().unwrap_or_default().to_ascii_lowercase();
            if !matches!(&*scheme, "http" | "socks5" | "socks5h") {
                let why = "noroshi speaks to proxies by `http` and `socks5`, and not by the scheme of this one";
                self.remark(Nature::Unsupported, &format!("{at}proxy_url"), why);
            }
            put(table, "proxy_url", bare);
            if let Some((name, password)) = user {
                let mut basic = Table::new();
                put(&mut basic, "username", name);
                if let Some(password) = password {
                    put(&mut basic, "password", password);
                }
                put(table, "proxy_basic_auth", basic);
            }
        }
        put_text(table, "no_proxy", &own.no_proxy);
        if own.proxy_from_environment {
            put(table, "proxy_from_environment", true);
        }
        let headers: Table = own
            .proxy_connect_header
            .iter()
            // Without a value it is not sent.
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| (name.to_owned(), secret_values(values)))
            .collect();
        if !headers.is_empty() {
            put(table, "proxy_connect_headers", headers);
        }
    }

    /// The headers of a request: one value each, then those with several, which Go adds to the former.
    pub(in crate::compat) fn headers<'m>(
        &mut self,
        single: impl Iterator<Item = (&'m str, &'m Text)>,
        several: Option<&Named<Header>>,
    ) {
        let mut headers = Table::new();
        for (name, value) in single {
            let Some(name) = self.header_name(name, "headers") else { continue };
            if headers.insert(name.clone(), value.lossy().into_owned().into()).is_some() {
                let message =
                    format!("`{name}` is there twice in different case; one of them wins");
                self.remark(Nature::Trap, "headers", message);
            }
        }
        for (name, header) in several.into_iter().flat_map(Named::iter) {
            let Some(name) = self.header_name(name, "http_headers") else { continue };
            let mut values = texts(&header.values);
            if let Some(Value::String(own)) = headers.remove(&name) {
                values.insert(0, own);
            }
            let mut table = Table::new();
            let secrets: Vec<String> =
                header.secrets.iter().map(|secret| secret.0.lossy().into_owned()).collect();
            for (key, list) in
                [("values", values), ("secrets", secrets), ("files", texts(&header.files))]
            {
                if !list.is_empty() {
                    put(&mut table, key, list);
                }
            }
            if !table.is_empty() {
                headers.insert(name, table.into());
            }
        }
        if !headers.is_empty() {
            self.put("headers", headers);
        }
    }

    /// A header's name in Go's canonical spelling; nothing for what Go leaves out, or cannot send.
    fn header_name(&mut self, name: &str, field: &str) -> Option<String> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            self.remark(Nature::Broken, field, format!("`{name}` is not a header's name"));
            return None;
        }
        let canonical: Vec<String> = name
            .split('-')
            .map(|word| {
                let (first, rest) = word.split_at(word.len().min(1));
                first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
            })
            .collect();
        let canonical = canonical.join("-");
        if ["Content-Length", "Transfer-Encoding", "Trailer"].contains(&&*canonical) {
            let message = format!("`{name}` is decided by the body and has no effect");
            self.remark(Nature::Ignored, field, message);
            return None;
        }
        Some(canonical)
    }
}

impl Options {
    fn remark(&mut self, nature: Nature, field: &str, why: impl Into<String>) {
        self.remarks.push(Remark { nature, field: field.to_owned(), why: why.into() });
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        put(&mut self.table, key, value);
    }
}

/// Puts a value under a dotted key.
pub(in crate::compat) fn put(table: &mut Table, key: &str, value: impl Into<Value>) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value.into())),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Table::new().into());
            if let Some(inner) = inner.as_table_mut() {
                put(inner, rest, value);
            }
        }
    }
}

/// Puts a text where it says something.
pub(in crate::compat) fn put_text(table: &mut Table, key: &str, text: &Text) {
    if !text.is_empty() {
        put(table, key, text.lossy().into_owned());
    }
}

/// Texts as strings.
pub(in crate::compat) fn texts(list: &[Text]) -> Vec<String> {
    list.iter().map(|text| text.lossy().into_owned()).collect()
}

fn secret_values(values: &[Sensitive]) -> Value {
    let secrets: Vec<String> = values.iter().map(|value| value.0.lossy().into_owned()).collect();
    let mut table = Table::new();
    put(&mut table, "secrets", secrets);
    table.into()
}

/// A URL's user and password, decoded.
type Userinfo = (String, Option<String>);

/// A URL without its user and password, and these, if it has them.
pub(in crate::compat) fn without_userinfo(url: &str) -> Option<(String, Userinfo)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (user, host) = rest[..end].rsplit_once('@')?;
    let (name, password) = match user.split_once(':') {
        Some((name, password)) => (name, Some(decoded(password))),
        None => (user, None),
    };
    Some((format!("{scheme}://{host}{}", &rest[end..]), (decoded(name), password)))
}

/// `%41` is `A`; the escapes were checked when the file was read.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_leave_the_url() {
        let (url, user) = without_userinfo("http://me:a%40b@proxy:3128/x").unwrap();
        assert_eq!(url, "http://proxy:3128/x");
        assert_eq!(user, ("me".to_owned(), Some("a@b".to_owned())));
        assert_eq!(without_userinfo("http://proxy/@x"), None);
    }
}
