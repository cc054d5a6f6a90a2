use std::panic::AssertUnwindSafe;

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;

/// Around every handler: a panic is that request's 500, and no browser guesses what an answer is.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut answer = answer.unwrap_or_else(|_| {
        // The panic hook has already said where.
        (StatusCode::INTERNAL_SERVER_ERROR, "internal error, see the log\n").into_response()
    });
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
