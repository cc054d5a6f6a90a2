//! Where an answer sends us, and what of the request goes along.

use hyper::{
    Method, StatusCode,
    header::{HeaderValue, LOCATION},
    http::{response, uri::PathAndQuery},
};
use url::{ParseError, Position, Url};

use crate::{
    model::{Failure, Reason},
    net::web,
};

/// The next request of a chain.
#[derive(Debug, PartialEq)]
pub struct Next {
    /// Where.
    pub url: Url,
    /// What is asked for instead of the URL's own path and query, where these were written otherwise.
    pub path: Option<PathAndQuery>,
    /// How.
    pub method: Method,
    /// Whether the body, and what the headers say of it, is sent again.
    pub keep_body: bool,
    /// Whether `Location` named no host, so that the user's own `Host` still says whom we mean.
    pub keep_host: bool,
}

/// Whether an answer asks for another request at all. Without a Location it does not, as RFC 9110 permits.
pub fn asks(head: &response::Parts) -> bool {
    sends_away(head.status) && !is_lost(head)
}

/// Whether an answer would send us elsewhere, but does not say where.
pub fn is_lost(head: &response::Parts) -> bool {
    sends_away(head.status) && head.headers.get(LOCATION).is_none_or(HeaderValue::is_empty)
}

fn sends_away(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The request an answer asks for; `None` where it is the final one.
///
/// # Errors
/// `http_redirect` when it asks for one that cannot be made.
pub fn next(head: &response::Parts, url: &Url, method: &Method) -> Result<Option<Next>, Failure> {
    if !asks(head) {
        return Ok(None);
    }
    let fail = |why: &str| Failure::new(Reason::HttpRedirect, format!("{}: {why}", head.status));
    let (method, keep_body) = match head.status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => (method.clone(), true),
        // As Go does, and browsers but for methods they never send: what was moved is fetched.
        _ if *method == Method::HEAD => (Method::HEAD, false),
        _ => (Method::GET, false),
    };
    let location = head.headers.get(LOCATION).map_or(&b""[..], HeaderValue::as_bytes);
    if let Some(why) = web::unfit(&String::from_utf8_lossy(location)) {
        return Err(fail(&format!("Location: {why}")));
    }
    let location = &*web::reference(location);
    if has_colon(location) {
        return Err(fail("Location: there is no scheme before its colon"));
    }
    let keep_host = !location.starts_with("//")
        && Url::parse(location) == Err(ParseError::RelativeUrlWithoutBase);
    let mut url = url.join(location).map_err(|error| fail(&format!("Location: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fail(&format!("Location leads to the scheme `{}`", url.scheme())));
    }
    // Credentials that a stranger put there are not sent; both calls only fail for URLs without a host.
    let _ = (url.set_username(""), url.set_password(None));
    if hyper::Uri::try_from(url.as_str()).is_err() {
        return Err(fail("Location cannot be requested"));
    }
    let path = location
        .split_once('?')
        .and_then(|(_, query)| format!("{}?{query}", url.path()).parse().ok());
    Ok(Some(Next { url, path, method, keep_body, keep_host }))
}

/// Whether it has no scheme, but a colon that would end one (RFC 3986 section 4.2).
fn has_colon(location: &str) -> bool {
    let first = location.split(['/', '?', '#']).next().unwrap_or_default();
    first.contains(':') && Url::parse(location) == Err(ParseError::RelativeUrlWithoutBase)
}

/// What `Referer` says of `from` to `to`: nothing where TLS ends, and to strangers nothing of the query, which may be secret.
pub fn referer(from: &Url, to: &Url) -> Option<HeaderValue> {
    if from.scheme() == "https" && to.scheme() == "http" {
        return None;
    }
    let end = if is_trusted(from, to) { Position::AfterQuery } else { Position::AfterPath };
    HeaderValue::from_str(&from[..end]).ok()
}

/// Whether `to` may see what was meant for `from`: the same origin, or its step up from http to https.
pub fn is_trusted(from: &Url, to: &Url) -> bool {
    let upgrade = from.scheme() == "http"
        && to.scheme() == "https"
        && (web::port(from), web::port(to)) == (80, 443);
    from.host() == to.host()
        && (upgrade || (from.scheme(), web::port(from)) == (to.scheme(), web::port(to)))
}

/// Whether `to` is `from`'s host, on whatever port, or one below it: whom Go's client shows credentials to.
pub fn is_same_house(from: &Url, to: &Url) -> bool {
    let below = |name: &str, own: &str| {
        name.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')) && from.domain().is_some()
    };
    from.host() == to.host()
        || from.host_str().zip(to.host_str()).is_some_and(|(own, name)| below(name, own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(status: u16, location: Option<&str>, method: &Method) -> Result<Option<Next>, Failure> {
        let mut response = hyper::Response::builder().status(status);
        if let Some(location) = location {
            response = response.header(LOCATION, location);
        }
        let (head, ()) = response.body(()).unwrap().into_parts();
        next(&head, &"http://a.example/dir/page?q=1".parse().unwrap(), method)
    }

    #[test]
    fn methods_change_as_in_go() {
        for (status, before, after, keep_body) in [
            (301, Method::POST, Method::GET, false),
            (302, Method::POST, Method::GET, false),
            (302, Method::PUT, Method::GET, false),
            (301, Method::DELETE, Method::GET, false),
            (301, Method::HEAD, Method::HEAD, false),
            (303, Method::PUT, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, false),
            (307, Method::POST, Method::POST, true),
            (308, Method::DELETE, Method::DELETE, true),
        ] {
            let next = ask(status, Some("/x"), &before).unwrap().unwrap();
            assert_eq!((next.method, next.keep_body), (after, keep_body), "{status} {before}");
        }
        for status in [200, 300, 304, 404] {
            assert_eq!(ask(status, Some("/x"), &Method::GET).unwrap(), None);
        }
        for location in [None, Some("")] {
            assert_eq!(ask(302, location, &Method::GET).unwrap(), None);
        }
    }

    #[test]
    fn locations_are_resolved_and_cleaned() {
        for (location, wanted, keep_host) in [
            ("/x", "http://a.example/x", true),
            ("other", "http://a.example/dir/other", true),
            ("?q=2", "http://a.example/dir/page?q=2", true),
            ("//b.example/", "http://b.example/", false),
            ("https://u:p@b.example/", "https://b.example/", false),
            ("http://a.example/x", "http://a.example/x", false),
            ("./a:b", "http://a.example/dir/a:b", true),
        ] {
            let next = ask(302, Some(location), &Method::GET).unwrap().unwrap();
            assert_eq!((next.url.as_str(), next.keep_host), (wanted, keep_host), "{location}");
        }
        for (location, why) in [
            ("ftp://b.example/", "scheme `ftp`"),
            ("http://:99999/", "Location"),
            ("javascript:alert(1)", "scheme"),
            (":", "no scheme before its colon"),
            ("1:b/c", "no scheme before its colon"),
            ("http:x", "the host is missing"),
            ("http:///x", "the host is missing"),
            ("http://%zz/", "an escape that is none"),
        ] {
            let failure = ask(302, Some(location), &Method::GET).unwrap_err();
            assert_eq!(failure.reason, Reason::HttpRedirect);
            assert!(failure.detail.contains(why), "{failure:?}");
        }
    }

    #[test]
    fn the_referer_tells_strangers_little() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        for (from, to, referer) in [
            ("http://a/x?q=1#f", "http://a/y", Some("http://a/x?q=1")),
            ("http://a/x?q=1", "https://a/y", Some("http://a/x?q=1")),
            ("https://a/x?q=1", "http://a/y", None),
            ("https://a/x?q=1", "https://b/y", Some("https://a/x")),
        ] {
            let told = super::referer(&url(from), &url(to));
            assert_eq!(told.as_ref().map(|told| told.to_str().unwrap()), referer, "{from} {to}");
        }
    }

    #[test]
    fn go_trusts_the_house() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        for (from, to, trusted) in [
            ("http://a.test/", "https://a.test:81/x", true),
            ("https://a.test/", "http://b.a.test/", true),
            ("http://a.test/", "http://ba.test/", false),
            ("http://b.a.test/", "http://a.test/", false),
            ("http://192.0.2.1/", "http://192.0.2.1:81/", true),
            ("http://192.0.2.1/", "http://192.0.2.2/", false),
        ] {
            assert_eq!(is_same_house(&url(from), &url(to)), trusted, "{from} {to}");
        }
    }

    #[test]
    fn trust_ends_at_the_origin() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        for (from, to, trusted) in [
            ("http://a/", "http://a/x", true),
            ("http://a/", "https://a/x", true),
            ("https://a/", "http://a/x", false),
            ("http://a/", "http://a:81/", false),
            ("http://a:81/", "https://a/", false),
            ("http://a/", "http://b/", false),
            ("http://a/", "http://b.a/", false),
        ] {
            assert_eq!(is_trusted(&url(from), &url(to)), trusted, "{from} {to}");
        }
    }
}
