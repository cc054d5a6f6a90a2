//! The API's two shapes of errors: an object where the request breaks the API's description, a bare string where a
//! handler refuses.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::json;

/// Why a request is not answered as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    shape: Shape,
    allow: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// `{"code":..,"message":..}`
    Object(u16, String),
    /// `".."`
    Text(String),
    Nothing,
}

impl Refusal {
    /// The request breaks the description; the code is the status.
    pub(super) fn described(status: StatusCode, message: String) -> Self {
        Self { status, shape: Shape::Object(status.as_u16(), message), allow: None }
    }

    /// A value is of the wrong form: 422 with a code of its own.
    pub(super) fn unprocessable(code: u16, message: String) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, shape: Shape::Object(code, message), allow: None }
    }

    /// Something could not be read.
    pub(super) fn unread(what: &str, from: &str, why: &str) -> Self {
        let message = format!("parsing {what} from \"{from}\" failed, because {why}");
        Self::described(StatusCode::BAD_REQUEST, message)
    }

    /// The status it answers with.
    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// A handler refuses.
    pub(super) fn told(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, shape: Shape::Text(words.into()), allow: None }
    }

    /// There is none.
    pub(super) fn missing() -> Self {
        Self { status: StatusCode::NOT_FOUND, shape: Shape::Nothing, allow: None }
    }

    pub(super) fn no_path(path: &str) -> Self {
        Self::described(StatusCode::NOT_FOUND, format!("path {path} was not found"))
    }

    pub(super) fn method(method: &str, allow: &'static str) -> Self {
        let message = format!("method {method} is not allowed, but [{allow}] are");
        let refusal = Self::described(StatusCode::METHOD_NOT_ALLOWED, message);
        Self { allow: Some(allow), ..refusal }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(128);
        match &self.shape {
            Shape::Object(code, message) => {
                body.extend_from_slice(b"{\"code\":");
                body.extend_from_slice(itoa::Buffer::new().format(*code).as_bytes());
                body.extend_from_slice(b",\"message\":");
                json::string(&mut body, message);
                body.push(b'}');
            }
            Shape::Text(words) => {
                json::plain(&mut body, words);
                body.push(b'\n');
            }
            Shape::Nothing => return self.status.into_response(),
        }
        let mut answer = (self.status, Body::from(body)).into_response();
        answer.headers_mut().insert(header::CONTENT_TYPE, super::JSON);
        if let Some(allow) = self.allow {
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        answer
    }
}
