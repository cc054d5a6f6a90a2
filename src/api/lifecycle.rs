//! `/-/healthy`, `/-/ready`, `/-/reload` and `/config`.

use std::{sync::Arc, time::Duration};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::sync::oneshot;

use super::{Extract, Shared, scrape::busy};
use crate::clock::{self, Instant};

/// How long a reload may take: a hundred thousand checks load in a few seconds.
const RELOAD_DEADLINE: Duration = Duration::from_mins(1);

/// That somebody answers is the answer: when a stage dies, the supervisor ends the process.
pub(super) async fn healthy() -> &'static str {
    "noroshi is healthy.\n"
}

pub(super) async fn ready(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let words = if !*shared.state.ready.borrow() {
        "noroshi is not ready: starting or stopping.\n"
    } else if !shared.state.clusters.load().iter().all(|cluster| cluster.is_ready()) {
        "noroshi is not ready: a cluster is being listed for the first time.\n"
    } else {
        return "noroshi is ready.\n".into_response();
    };
    (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
}

pub(super) async fn reload(Extract(shared): Extract<Arc<Shared>>) -> (StatusCode, String) {
    let (answer, answered) = oneshot::channel();
    let deadline = Instant::now() + RELOAD_DEADLINE;
    let asked = async {
        shared.state.reload.send(answer).await.ok()?;
        answered.await.ok()
    };
    match clock::timeout_at(deadline, asked).await {
        Ok(Some(Ok(text))) => (StatusCode::OK, lines(text)),
        Ok(Some(Err(text))) => (StatusCode::INTERNAL_SERVER_ERROR, lines(text)),
        Ok(None) => (StatusCode::SERVICE_UNAVAILABLE, "noroshi is stopping.\n".to_owned()),
        Err(_) => (
            StatusCode::GATEWAY_TIMEOUT,
            format!(
                "no end of the reload within {} s; it may still come\n",
                RELOAD_DEADLINE.as_secs()
            ),
        ),
    }
}

/// The configuration that is in force; whoever writes it masks its secrets.
pub(super) async fn config(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let Some(place) = shared.lists.enter() else {
        return busy(shared.state.web.max_requests);
    };
    let text = tokio::task::spawn_blocking(move || {
        let _place = place;
        (shared.state.config)()
    });
    text.await
        .map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), String::into_response)
}

pub(super) async fn unknown() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "404 page not found\n")
}

fn lines(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
