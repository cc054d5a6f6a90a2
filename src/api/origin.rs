//! Which pages may make a browser change something here: our own. Whoever is no browser is not asked.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// What a browser says of the page that asks, and no page can: set where the connection is trusted (TLS, or this machine).
const FETCH_SITE: &str = "sec-fetch-site";

/// Around every handler: what a page of another site sends is refused, where it is more than a look. A page may send a POST
/// anywhere, with what the browser knows (a password, a place in the network), and only its answer is hidden from it.
pub(super) async fn own_pages(
    State(own): State<Option<Arc<str>>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() || is_own(request.headers(), request.uri(), own.as_deref()) {
        return next.run(request).await;
    }
    let words = "a page of another site asks for this; only noroshi's own pages and programs may\n";
    (StatusCode::FORBIDDEN, words).into_response()
}

/// The host and port of the URL under which users reach us.
pub(super) fn authority(external_url: &str) -> Option<Arc<str>> {
    let (_, rest) = external_url.split_once("://")?;
    rest.split('/').next().map(Into::into)
}

fn is_own(headers: &HeaderMap, uri: &Uri, own: Option<&str>) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        // `none` is a person's own doing: a bookmark, the address bar.
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let asked = host.or_else(|| uri.authority().map(Authority::as_str));
    // A sandbox's page has the origin `null`, which is nobody's.
    origin.is_some_and(|(_, from)| {
        [asked, own].into_iter().flatten().any(|place| place.eq_ignore_ascii_case(from))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn what_a_browser_says_decides() {
        let (site, from) = (FETCH_SITE, "origin");
        for (said, wanted) in [
            (&[][..], true),
            (&[(site, "same-origin"), (from, "https://behind.example")], true),
            (&[(site, "none")], true),
            (&[(site, "cross-site")], false),
            (&[(site, "same-site"), (from, "http://noroshi:9999")], false),
            (&[(site, "cross-site"), (from, "http://noroshi:9115")], false),
            (&[(from, "http://noroshi:9115")], true),
            (&[(from, "HTTP://NOROSHI:9115")], true),
            (&[(from, "https://status.example")], true),
            (&[(from, "http://noroshi:9999")], false),
            (&[(from, "http://noroshi")], false),
            (&[(from, "http://evil.example")], false),
            (&[(from, "null")], false),
            (&[(from, "\u{e4}")], false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("noroshi:9115"));
            for (name, value) in said {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.insert(HeaderName::from_static(name), value);
            }
            let own = authority("https://status.example/noroshi/");
            assert_eq!(is_own(&headers, &Uri::default(), own.as_deref()), wanted, "{said:?}");
        }
    }

    /// HTTP/2 has no `Host`.
    #[test]
    fn the_place_may_stand_in_the_uri() {
        let headers: HeaderMap =
            [(header::ORIGIN, HeaderValue::from_static("https://noroshi:9115"))]
                .into_iter()
                .collect();
        let at = |uri: &'static str| is_own(&headers, &Uri::from_static(uri), None);
        assert!(at("https://noroshi:9115/-/reload"));
        assert!(!at("https://other:9115/-/reload"));
        assert!(!at("/-/reload"));
    }
}
