//! Where an answer sends us, and what of the request goes along.

use hyper::{Method, StatusCode, header::LOCATION, http::response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    model::{Failure, Reason},
    probe::web,
};

/// Whether and how far redirects are followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Redirects {
    /// Whether they are followed at all; if not, the 3xx answer itself is looked at.
    pub follow: bool,
    /// How many are followed before the run fails.
    pub limit: u8,
}

impl Default for Redirects {
    fn default() -> Self {
        Self { follow: true, limit: 10 }
    }
}

/// The next request of a chain.
#[derive(Debug, PartialEq)]
pub(super) struct Next {
    pub url: Url,
    pub method: Method,
    /// Whether the body, and what the headers say of it, is sent again.
    pub keep_body: bool,
}

/// The request an answer asks for; `None` where it is the final one.
///
/// # Errors
/// `http_redirect` when it asks for one that cannot be made.
pub(super) fn next(
    head: &response::Parts,
    url: &Url,
    method: &Method,
) -> Result<Option<Next>, Failure> {
    let (method, keep_body) = match head.status {
        // As curl and browsers do: a POST that was moved is fetched, everything else is repeated.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if *method == Method::POST => {
            (Method::GET, false)
        }
        StatusCode::SEE_OTHER if *method != Method::HEAD => (Method::GET, false),
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::SEE_OTHER
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => (method.clone(), true),
        _ => return Ok(None),
    };
    let fail = |why: &str| Failure::new(Reason::HttpRedirect, format!("{}: {why}", head.status));
    let location = head.headers.get(LOCATION).ok_or_else(|| fail("no Location header"))?;
    let location = std::str::from_utf8(location.as_bytes())
        .map_err(|_| fail("the Location header is not text"))?;
    let mut url = url.join(location).map_err(|error| fail(&format!("Location: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fail(&format!("Location leads to the scheme `{}`", url.scheme())));
    }
    // Credentials that a stranger put there are not sent; both calls only fail for URLs without a host.
    let _ = (url.set_username(""), url.set_password(None));
    if hyper::Uri::try_from(url.as_str()).is_err() {
        return Err(fail("Location cannot be requested"));
    }
    Ok(Some(Next { url, method, keep_body }))
}

/// Whether `to` may see what was meant for `from`: the same origin, or its step up from http to https.
pub(super) fn is_trusted(from: &Url, to: &Url) -> bool {
    let upgrade = from.scheme() == "http"
        && to.scheme() == "https"
        && (web::port(from), web::port(to)) == (80, 443);
    from.host() == to.host()
        && (upgrade || (from.scheme(), web::port(from)) == (to.scheme(), web::port(to)))
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
    fn methods_change_as_browsers_change_them() {
        for (status, before, after, keep_body) in [
            (301, Method::POST, Method::GET, false),
            (302, Method::POST, Method::GET, false),
            (302, Method::PUT, Method::PUT, true),
            (303, Method::PUT, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, true),
            (307, Method::POST, Method::POST, true),
            (308, Method::DELETE, Method::DELETE, true),
        ] {
            let next = ask(status, Some("/x"), &before).unwrap().unwrap();
            assert_eq!((next.method, next.keep_body), (after, keep_body), "{status} {before}");
        }
        for status in [200, 300, 304, 404] {
            assert_eq!(ask(status, Some("/x"), &Method::GET).unwrap(), None);
        }
    }

    #[test]
    fn locations_are_resolved_and_cleaned() {
        for (location, wanted) in [
            ("/x", "http://a.example/x"),
            ("other", "http://a.example/dir/other"),
            ("?q=2", "http://a.example/dir/page?q=2"),
            ("//b.example/", "http://b.example/"),
            ("https://u:p@b.example/", "https://b.example/"),
        ] {
            let next = ask(302, Some(location), &Method::GET).unwrap().unwrap();
            assert_eq!(next.url.as_str(), wanted, "{location}");
        }
        for (location, why) in [
            (None, "no Location"),
            (Some("ftp://b.example/"), "scheme `ftp`"),
            (Some("http://:99999/"), "Location"),
            (Some("javascript:alert(1)"), "scheme"),
        ] {
            let failure = ask(302, location, &Method::GET).unwrap_err();
            assert_eq!(failure.reason, Reason::HttpRedirect);
            assert!(failure.detail.contains(why), "{failure:?}");
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
