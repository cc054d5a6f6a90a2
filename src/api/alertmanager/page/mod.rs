//! The page: alerts by group, silences, a form to silence. One document without foreign assets.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::list::{is_known, tag};
use crate::api::go_server::refused;

const HTML: &str = include_str!("index.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 5] = [
    include_str!("matcher.js"),
    include_str!("element.js"),
    include_str!("alerts.js"),
    include_str!("silences.js"),
    include_str!("main.js"),
];

/// The document and what goes with it, put together once.
pub(super) struct Page {
    html: Bytes,
    policy: HeaderValue,
    tag: HeaderValue,
}

impl Page {
    /// With the path from the page to what the API's paths begin with: empty, or ending with a slash.
    pub(super) fn new(base: &str) -> Self {
        let script = SCRIPTS.concat();
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(&script),
            hash(STYLE)
        );
        let html =
            HTML.replace("{base}", base).replace("/*style*/", STYLE).replace("/*script*/", &script);
        Self {
            tag: tag(&html),
            html: html.into(),
            // Base64 and plain words: nothing that no header could hold.
            policy: HeaderValue::try_from(policy)
                .unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }

    pub(super) fn answer(&self, method: &Method, headers: &HeaderMap) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut answer = refused(StatusCode::METHOD_NOT_ALLOWED, &"Method Not Allowed");
            answer
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            return answer;
        }
        let mut answer = if is_known(headers, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut answer = Body::from(self.html.clone()).into_response();
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            answer.headers_mut().insert(header::CONTENT_TYPE, html);
            answer
        };
        let headers = answer.headers_mut();
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        answer
    }
}

/// What a policy calls an inline text by (CSP, level 2).
fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut out = String::from("sha256-");
    // Writing into a String cannot fail.
    let _ = write!(out, "{}", STANDARD.encode(digest));
    out
}
