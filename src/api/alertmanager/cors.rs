//! Which pages of other sites may ask: all of them, without credentials, as `rs/cors` allows by default.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

const METHODS: [Method; 3] = [Method::GET, Method::POST, Method::HEAD];
const HEADERS: [&str; 3] = ["accept", "content-type", "x-requested-with"];
const ANY: HeaderValue = HeaderValue::from_static("*");

/// The answer to a browser that asks before it sends, if that is what this is.
pub(super) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let wanted = wanted.filter(|_| *method == Method::OPTIONS)?;
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static(vary));
    let named = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let allowed = METHODS.iter().any(|method| method.as_str().as_bytes() == wanted.as_bytes())
        && named.is_none_or(is_allowed);
    if headers.contains_key(header::ORIGIN) && allowed {
        let mut add = |name: HeaderName, value: &HeaderValue| {
            answer.headers_mut().insert(name, value.clone());
        };
        add(header::ACCESS_CONTROL_ALLOW_ORIGIN, &ANY);
        add(header::ACCESS_CONTROL_ALLOW_METHODS, wanted);
        if let Some(named) = named {
            add(header::ACCESS_CONTROL_ALLOW_HEADERS, named);
        }
    }
    Some(answer)
}

/// Browsers name them sorted, in lower case, without spaces.
fn is_allowed(named: &HeaderValue) -> bool {
    let known = |name: &[u8]| HEADERS.iter().position(|known| known.as_bytes() == name);
    let places: Option<Vec<_>> = named.as_bytes().split(|byte| *byte == b',').map(known).collect();
    places.is_some_and(|places| places.is_sorted_by(|one, other| one < other))
}

/// What every answer of the API carries.
pub(super) fn marked(mut answer: Response, asked_from: bool) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if asked_from {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    }
    answer
}
