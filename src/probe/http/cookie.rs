//! The cookies of one run, by the rules of RFC 6265 that a chain of redirects meets.

use std::net::IpAddr;

use hyper::header::{HeaderMap, HeaderValue, SET_COOKIE};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use url::Url;

use crate::net::web;

/// How many are kept; a server that sets more gets none of the others back (RFC 6265 section 6.1 asks for 50).
const LIMIT: usize = 50;

/// The longest one, name, value and attributes together, in bytes (the same section).
const LENGTH_LIMIT: usize = 4096;

/// Filled by answers, asked for requests; ends with the run.
#[derive(Debug, Default)]
pub(super) struct Jar(Vec<Cookie>);

#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// Only for that very host, not for hosts below it.
    host_only: bool,
    path: String,
    secure: bool,
}

impl Jar {
    /// Takes what an answer from `url` sets.
    pub(super) fn store(&mut self, url: &Url, headers: &HeaderMap, now: Timestamp) {
        for value in headers.get_all(SET_COOKIE) {
            let Some((cookie, keep)) = value.to_str().ok().and_then(|text| parse(url, text, now))
            else {
                continue;
            };
            self.0.retain(|old| {
                (&old.name, &old.domain, &old.path) != (&cookie.name, &cookie.domain, &cookie.path)
            });
            if keep && self.0.len() < LIMIT {
                self.0.push(cookie);
            }
        }
    }

    /// The `Cookie` header for a request to `url`, behind the cookies the user set.
    pub(super) fn header(&self, url: &Url, own: Option<&HeaderValue>) -> Option<HeaderValue> {
        let mut fitting: Vec<_> = self.0.iter().filter(|cookie| cookie.fits(url)).collect();
        // Longer paths first (RFC 6265 section 5.4); the sort keeps the order of arrival among equals.
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let own = own.and_then(|own| own.to_str().ok()).map(str::to_owned);
        let pairs = fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value));
        let all: Vec<_> = own.into_iter().chain(pairs).collect();
        if all.is_empty() {
            return None;
        }
        HeaderValue::from_str(&all.join("; ")).ok()
    }
}

impl Cookie {
    fn fits(&self, url: &Url) -> bool {
        let host = web::host(url);
        let host_fits = host == self.domain || (!self.host_only && is_below(host, &self.domain));
        let path_fits = url.path().strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        });
        host_fits && path_fits && (!self.secure || url.scheme() == "https")
    }
}

/// The cookie, and whether it is to be kept or its namesake to be forgotten (RFC 6265 sections 5.2, 5.3).
fn parse(url: &Url, text: &str, now: Timestamp) -> Option<(Cookie, bool)> {
    if text.len() > LENGTH_LIMIT {
        return None;
    }
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() {
        return None;
    }
    let host = web::host(url);
    let mut cookie = Cookie {
        name: name.into(),
        value: value.into(),
        domain: host.into(),
        host_only: true,
        path: default_path(url).into(),
        secure: false,
    };
    let (mut max_age, mut expires) = (None, None);
    for attribute in parts {
        let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                if domain.is_empty() || domain == host {
                    cookie.host_only = domain.is_empty() || host.parse::<IpAddr>().is_ok();
                } else if is_below(host, &domain) && domain.contains('.') {
                    (cookie.domain, cookie.host_only) = (domain, false);
                } else {
                    // Set for somebody else: ignored as a whole.
                    return None;
                }
            }
            "path" if value.starts_with('/') => cookie.path = value.into(),
            "secure" => cookie.secure = true,
            "max-age" => max_age = value.parse::<i64>().ok(),
            "expires" => expires = DateTimeParser::new().parse_timestamp(value).ok(),
            _ => {}
        }
    }
    if cookie.secure && url.scheme() != "https" {
        return None;
    }
    let ended = max_age.map_or_else(|| expires.is_some_and(|end| end <= now), |age| age <= 0);
    Some((cookie, !ended))
}

/// Whether a name lies below a domain; addresses lie below nothing.
fn is_below(host: &str, domain: &str) -> bool {
    let rest = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
    rest.is_some_and(|rest| !rest.is_empty()) && host.parse::<IpAddr>().is_err()
}

/// RFC 6265 section 5.1.4.
fn default_path(url: &Url) -> &str {
    match url.path().rfind('/') {
        Some(0) | None => "/",
        Some(last) => &url.path()[..last],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Url {
        url.parse().unwrap()
    }

    fn sent(from: &str, set: &[&str], to: &str) -> String {
        let mut jar = Jar::default();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        for value in set {
            let headers = [(SET_COOKIE, value.parse().unwrap())].into_iter().collect();
            jar.store(&at(from), &headers, now);
        }
        jar.header(&at(to), None).map_or_else(String::new, |header| header.to_str().unwrap().into())
    }

    #[test]
    fn goes_where_it_belongs() {
        let from = "https://a.example.org/app/login";
        for (set, to, wanted) in [
            ("k=v", "https://a.example.org/app/x", "k=v"),
            ("k=v", "https://a.example.org:444/app", "k=v"),
            ("k=v", "https://a.example.org/", ""),
            ("k=v", "https://a.example.org/apple", ""),
            ("k=v; Path=/", "http://a.example.org/", "k=v"),
            ("k=v; Path=/; Secure", "http://a.example.org/", ""),
            ("k=v; Path=/", "https://b.a.example.org/", ""),
            ("k=v; Path=/; Domain=example.org", "https://b.example.org/", "k=v"),
            ("k=v; Path=/; Domain=.EXAMPLE.org", "https://a.example.org/", "k=v"),
            ("k=v; Path=/; Domain=org", "https://a.example.org/", ""),
            ("k=v; Path=/; Domain=evil.org", "https://evil.org/", ""),
            ("k=v; Path=/; Domain=ple.org", "https://a.example.org/", ""),
            ("=v; Path=/", "https://a.example.org/", ""),
            ("k; Path=/", "https://a.example.org/", ""),
        ] {
            assert_eq!(sent(from, &[set], to), wanted, "{set} to {to}");
        }
        assert_eq!(
            sent("http://127.0.0.1/", &["k=v; Domain=127.0.0.1"], "http://127.0.0.1/"),
            "k=v"
        );
        assert_eq!(sent("http://a/", &["k=v; Secure"], "https://a/"), "");
    }

    #[test]
    fn replaces_forgets_and_orders() {
        let url = "https://x.example/a/b";
        let gone = ["Max-Age=0", "Max-Age=-5", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"];
        for attribute in gone {
            assert_eq!(sent(url, &["k=1", &format!("k=; {attribute}")], url), "", "{attribute}");
        }
        assert_eq!(sent(url, &["k=1; Expires=Fri, 01 Jan 2027 00:00:00 GMT"], url), "k=1");
        assert_eq!(sent(url, &["k=1", "k=2"], url), "k=2");
        assert_eq!(sent(url, &["r=1; Path=/", "k=2"], url), "k=2; r=1");
        let many: Vec<_> = (0..200).map(|number| format!("k{number}=v")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(sent(url, &many, url).split("; ").count(), LIMIT);
        assert_eq!(sent(url, &[&format!("k={}", "v".repeat(5000))], url), "");
        let own = HeaderValue::from_static("mine=1");
        assert_eq!(Jar::default().header(&at(url), Some(&own)).unwrap(), "mine=1");
    }
}
