//! In front of every route: the rate limit, then the users, then the handler; the headers behind them all.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

use super::{InForce, WebConfig, users::Answer};

/// The router behind the web configuration. Everything is protected, health included, as with exporter-toolkit.
pub(in crate::api) fn protected(router: Router, web: Arc<WebConfig>) -> Router {
    router.layer(middleware::from_fn_with_state(web, gate))
}

async fn gate(State(web): State<Arc<WebConfig>>, request: Request, next: Next) -> Response {
    let in_force = web.recent().await;
    let mut answer = match refusal(&in_force, request.headers()).await {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in &in_force.headers {
        answer.headers_mut().insert(name.clone(), value.clone());
    }
    answer
}

async fn refusal(in_force: &InForce, headers: &HeaderMap) -> Option<Response> {
    if in_force.limit.as_ref().is_some_and(|limit| !limit.take()) {
        return Some(refuse(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests\n"));
    }
    match in_force.users.ask(headers).await {
        Answer::Welcome => None,
        Answer::Unknown => {
            let mut answer = refuse(StatusCode::UNAUTHORIZED, "Unauthorized\n");
            let basic = HeaderValue::from_static("Basic");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
            Some(answer)
        }
        Answer::Busy => {
            let words = "too many passwords are being checked\n";
            let mut answer = refuse(StatusCode::SERVICE_UNAVAILABLE, words);
            let soon = HeaderValue::from_static("1");
            answer.headers_mut().insert(header::RETRY_AFTER, soon);
            Some(answer)
        }
    }
}

fn refuse(status: StatusCode, words: &'static str) -> Response {
    let nosniff = (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    (status, [nosniff], words).into_response()
}
