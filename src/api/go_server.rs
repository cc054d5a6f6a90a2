//! What every server on Go's `net/http` answers, whichever program it is: error pages, redirects, cleaned paths.

use std::fmt;

use axum::{
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::landing::escape;

/// As Go's `http.Error` answers.
pub(super) fn refused(status: StatusCode, why: &dyn fmt::Display) -> Response {
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    (status, [(header::CONTENT_TYPE, plain)], format!("{why}\n")).into_response()
}

/// As Go's `http.Redirect` answers: with a page for those who read it.
pub(super) fn moved(method: &Method, code: StatusCode, place: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(place) else {
        return refused(StatusCode::NOT_FOUND, &"404 page not found");
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return (code, [(header::LOCATION, location)]).into_response();
    }
    let words = code.canonical_reason().unwrap_or_default();
    let html = format!("<a href=\"{}\">{words}</a>.\n\n", escape(place));
    let content = HeaderValue::from_static("text/html; charset=utf-8");
    (code, [(header::LOCATION, location), (header::CONTENT_TYPE, content)], html).into_response()
}

/// A path without empty and dotted segments, if it has some: Go's server leads there before it looks at anything else.
pub(super) fn cleaned(path: &str) -> Option<String> {
    let bent = |segment: &str| matches!(segment, "" | "." | "..");
    let inner = path.strip_prefix('/').unwrap_or(path);
    let (all, last) = inner.rsplit_once('/').map_or(("", inner), |(all, last)| (all, last));
    let dotted = matches!(last, "." | "..");
    if !dotted && (all.is_empty() && !inner.starts_with('/') || !all.split('/').any(bent)) {
        return None;
    }
    let mut kept = Vec::new();
    for segment in inner.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            plain => kept.push(plain),
        }
    }
    let clean = format!("/{}", kept.join("/"));
    let is_folder = last.is_empty() && !kept.is_empty();
    Some(if is_folder { clean + "/" } else { clean })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_cleans_them() {
        for (path, clean) in [
            ("/own//-/healthy", "/own/-/healthy"),
            ("//", "/"),
            ("//probe", "/probe"),
            ("/a/./b/", "/a/b/"),
            ("/a/../../b", "/b"),
            ("/a/..", "/"),
            ("/a//", "/a/"),
            ("/.", "/"),
        ] {
            assert_eq!(cleaned(path).as_deref(), Some(clean), "{path}");
        }
        for path in ["/", "/probe", "/-/healthy", "/a/b/", "/.a", "/a/..b"] {
            assert_eq!(cleaned(path), None, "{path}");
        }
    }
}
