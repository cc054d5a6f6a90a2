use std::{borrow::Cow, fmt, str::FromStr};

use hyper::header::HeaderValue;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use super::authorization;
use crate::{model::Secret, net::Endpoint};

/// One type per set of schemes: the same checks, the same masking, a message that names the schemes.
macro_rules! url_type {
    ($(#[$doc:meta])+ $name:ident [$($scheme:literal),+] $example:literal) => {
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Url);

        impl $name {
            /// The URL itself.
            pub fn url(&self) -> &Url {
                &self.0
            }

            /// A URL that did not come from the configuration and may hold user and password; they are taken out of it.
            ///
            /// # Errors
            /// One sentence without the secret.
            pub fn with_userinfo(
                text: &str,
            ) -> Result<(Self, Option<HeaderValue>), String> {
                if let Some(why) = unfit(text) {
                    return Err(format!("not a URL: {why}"));
                }
                let (text, userinfo) = without_userinfo(text);
                Ok((text.parse()?, userinfo))
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                parse(text, &[$($scheme),+], $example).map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&masked(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&masked(&self.0))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "format": "uri",
                    "examples": [$example]
                })
            }
        }
    };
}

url_type! {
    /// `http://` or `https://`, without userinfo.
    HttpUrl ["http", "https"] "https://example.org/health"
}
url_type! {
    /// `ws://` or `wss://`, without userinfo.
    WebsocketUrl ["ws", "wss"] "wss://example.org/socket"
}
url_type! {
    /// `http://`, `socks5://` or `socks5h://`, without userinfo.
    ProxyUrl ["http", "socks5", "socks5h"] "http://proxy.example.org:3128"
}

/// Never repeats the text: it may hold a password, and the diagnostic shows the place.
fn parse(text: &str, schemes: &[&str], example: &str) -> Result<Url, String> {
    let fail = |why: &str| Err(format!("not a URL for this key: {why}; write it like `{example}`"));
    if let Some(why) = unfit(text) {
        return fail(why);
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return fail("the scheme is missing"),
        Err(error) => return fail(&error.to_string()),
    };
    if !schemes.contains(&url.scheme()) {
        return fail(&format!("the scheme is `{}`, not {}", url.scheme(), schemes.join(" or ")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fail("user and password do not belong into it, use `basic_auth`");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return fail("the host is missing");
    }
    if hyper::Uri::try_from(url.as_str()).is_err() {
        return fail("it has characters that a request cannot carry");
    }
    Ok(url)
}

/// What Go refuses in a URL and browsers repair: control characters, escapes that are none before the query, a scheme
/// without a host behind it (which RFC 9110 section 4.2.1 forbids to accept), and what makes it doubtful whose host it is.
pub fn unfit(text: &str) -> Option<&'static str> {
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Some("it has a control character");
    }
    let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
    let of_web = ["http", "https", "ws", "wss"];
    if of_web.iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && !rest
            .strip_prefix("//")
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', '\\']))
    {
        return Some("the host is missing");
    }
    if let Some(why) = rest.strip_prefix("//").and_then(unfit_authority) {
        return Some(why);
    }
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let is_escape = |after: &str| {
        after.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    let mut escapes = path.split('%').skip(1);
    escapes.any(|after| !is_escape(after)).then_some("it has an escape that is none")
}

/// The same of what comes before the path: browsers take a backslash for a slash, and decode names.
fn unfit_authority(rest: &str) -> Option<&'static str> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, host) =
        authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if user.is_some_and(|user| !user.chars().all(fits)) {
        return Some("its user or password has a character that is written with an escape");
    }
    // Of an address in brackets `%25` begins the zone; of a name only what is not ASCII is escaped.
    let name = if host.starts_with('[') { "" } else { host };
    let is_plain = name.split('%').skip(1).any(|after| !after.starts_with(|c| c >= '8'));
    (host.contains(['\\', ' ', '^', '`', '{', '|', '}']) || is_plain)
        .then_some("its host has a character that no host has")
}

/// A URL without its user and password, and what `Authorization` says in their place, as Go and curl do.
fn without_userinfo(text: &str) -> (Cow<'_, str>, Option<HeaderValue>) {
    let Ok(mut url) = Url::parse(text) else {
        return (text.into(), None);
    };
    if url.username().is_empty() && url.password().is_none() {
        return (text.into(), None);
    }
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    let header = authorization::basic(decoded(user.as_bytes()), decoded(password.as_bytes())).ok();
    // Both only fail for URLs without a host, which have no userinfo.
    let _ = (url.set_username(""), url.set_password(None));
    (String::from(url).into(), header)
}

/// Without its percent-encoding (RFC 3986 section 2.1).
pub fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)
        });
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// Name or address, without the brackets of an IPv6 literal.
pub fn host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The port, that of the scheme where none is written.
pub fn port(url: &Url) -> u16 {
    let of_scheme = || match url.scheme() {
        "https" | "wss" => 443,
        "socks5" | "socks5h" => 1080,
        _ => 80,
    };
    url.port().unwrap_or_else(of_scheme)
}

/// A URL without the zone of its address, `http://[fe80::1%25eth0]/` (RFC 6874), which the `url` crate refuses; and the zone.
pub fn without_zone(text: &str) -> (Cow<'_, str>, Option<&str>) {
    let cut = || {
        let start = text.find("://")? + "://".len();
        let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
        let open = start + text[start..end].rfind('[')?;
        let close = open + text[open..end].find(']')?;
        let sign = open + text[open..close].find("%25")?;
        Some((format!("{}{}", &text[..sign], &text[close..]), &text[sign + "%25".len()..close]))
    };
    cut().map_or((text.into(), None), |(url, zone)| (url.into(), Some(zone)))
}

/// What is resolved and dialled for a URL.
pub fn endpoint(url: &Url) -> Endpoint {
    Endpoint { host: host(url).to_owned(), port: port(url) }
}

/// Fit for a label: without userinfo, query and fragment.
pub fn shown(url: &Url) -> &str {
    // Userinfo was refused when the URL was read, and is removed from redirects.
    &url[..url::Position::AfterPath]
}

/// The whole URL for somebody who reads the configuration: values of the query are hidden, whatever their names.
fn masked(url: &Url) -> String {
    let Some(query) = url.query() else {
        return url.to_string();
    };
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) => format!("{name}={}", Secret::MASK),
        None if parameter.is_empty() => String::new(),
        None => Secret::MASK.to_owned(),
    });
    format!("{}?{}", shown(url), parameters.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_one_clear_sentence_without_the_secret() {
        for (text, why) in [
            ("example.org", "scheme is missing"),
            ("ftp://example.org", "`ftp`, not http or https"),
            ("http://", "the host is missing"),
            ("http:///example.org", "the host is missing"),
            ("http:example.org", "the host is missing"),
            ("http://u:hunter2@example.org/", "use `basic_auth`"),
            ("https://user@example.org/", "use `basic_auth`"),
            ("http://exa mple.org/", "no host has"),
            ("http://example.org:99999/", "port"),
            ("http://a.example\\@b.example/", "user or password"),
            ("http://a.example:80\\b", "no host has"),
            ("http://a.example:80 /", "no host has"),
            ("http://%31.example/", "no host has"),
            ("http://u|x@a.example/", "user or password"),
        ] {
            let error = text.parse::<HttpUrl>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!("https://x/".parse::<WebsocketUrl>().is_err());
        assert!("https://x/".parse::<ProxyUrl>().is_err());
        let proxy: ProxyUrl = "socks5://[::1]".parse().unwrap();
        assert_eq!((host(proxy.url()), port(proxy.url())), ("::1", 1080));
    }

    #[test]
    fn userinfo_becomes_a_header() {
        for (text, url, header) in [
            ("http://u:p@a.example/x?q", "http://a.example/x?q", Some("Basic dTpw")),
            ("http://u@a.example/", "http://a.example/", Some("Basic dTo=")),
            ("http://us%40er:p%3Aa%26@a/", "http://a/", Some("Basic dXNAZXI6cDphJg==")),
            ("http://u:%FF@a/", "http://a/", Some("Basic dTr/")),
            ("http://a.example/", "http://a.example/", None),
        ] {
            let (parsed, userinfo) = HttpUrl::with_userinfo(text).unwrap();
            assert_eq!(parsed.url().as_str(), url);
            assert_eq!(userinfo.as_ref().map(|value| value.to_str().unwrap()), header, "{text}");
            assert!(userinfo.is_none_or(|value| value.is_sensitive()));
        }
        let error = HttpUrl::with_userinfo("ftp://u:hunter2@a/").unwrap_err();
        assert!(error.contains("ftp") && !error.contains("hunter2"), "{error}");
        let error = HttpUrl::with_userinfo("http://u:hunter2@a b/").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_zone_is_taken_out() {
        for (text, url, zone) in [
            ("http://[fe80::1%25eth0]:81/[%25]", "http://[fe80::1]:81/[%25]", Some("eth0")),
            ("http://a%25:b@[fe80::1%25eth0]", "http://a%25:b@[fe80::1]", Some("eth0")),
            ("http://[fe80::1]/[%25x]", "http://[fe80::1]/[%25x]", None),
            ("http://a.example/[a%25b]", "http://a.example/[a%25b]", None),
            ("x", "x", None),
        ] {
            assert_eq!(without_zone(text), (url.into(), zone), "{text}");
        }
    }

    #[test]
    fn shows_no_query_and_masks_its_secrets() {
        let url: HttpUrl = "https://example.org:444/a?sig=hunter2&b=1&hunter2#f".parse().unwrap();
        assert_eq!(shown(url.url()), "https://example.org:444/a");
        assert_eq!(
            format!("{url:?}"),
            "https://example.org:444/a?sig=<secret>&b=<secret>&<secret>"
        );
        assert_eq!(port(url.url()), 444);
        let url: HttpUrl = "http://[::1]/".parse().unwrap();
        assert_eq!((host(url.url()), port(url.url())), ("::1", 80));
    }
}
