//! What the lists of the past have in common: places in time, pages, and one clear word for what cannot be understood.

use axum::{
    Json,
    extract::{Query, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::checks::problem;
use crate::{
    model::PromDuration,
    store::{Cursor, QueryError, Reader},
};

/// Rows of an answer where nobody says how many.
const LIMIT: usize = 100;

/// Rows of an answer at most; there are cursors for more.
const MOST: usize = 1000;

/// An answer that is none yet.
pub(super) type Refusal = Box<Response>;

/// What is asked, if all of it is known, and where the past is kept.
pub(super) fn asked<Asked, Wanted>(
    query: Result<Query<Asked>, QueryRejection>,
    store: Option<&Reader>,
    wanted: impl FnOnce(Asked) -> Result<Wanted, Refusal>,
) -> Result<(Wanted, &Reader), Refusal> {
    // The rejection says which parameter, and which there are.
    let Query(asked) = query.map_err(|rejection| bad(rejection.body_text()))?;
    let wanted = wanted(asked)?;
    let nothing = "nothing is kept: no `[store]` and no receiver is configured";
    let reader = store.ok_or_else(|| problem(StatusCode::NOT_FOUND, nothing.to_owned()))?;
    Ok((wanted, reader))
}

/// A moment: RFC 3339, or a length of time before now.
pub(super) fn moment(
    name: &str,
    text: Option<String>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(moment) = text.parse() {
        return Ok(Some(moment));
    }
    let ago: Result<PromDuration, _> = text.parse();
    let ago = ago.ok().and_then(|ago| SignedDuration::try_from(ago.0).ok());
    let moment = ago.and_then(|ago| now.checked_sub(ago).ok());
    let wanted = "is no time; write it like `2026-01-31T08:00:00Z`, or `24h` for a day ago";
    moment.map(Some).ok_or_else(|| bad(format!("`{name}` {wanted}")))
}

pub(super) fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Refusal> {
    let unknown = |why| bad(format!("`cursor`: {why}"));
    text.map(|text| text.parse().map_err(unknown)).transpose()
}

pub(super) fn limit(text: Option<&str>) -> Result<usize, Refusal> {
    let Some(text) = text else { return Ok(LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| bad(format!("`limit` is a number from 1 to {MOST}")))
}

/// One of some words, by comma.
pub(super) fn words(
    name: &str,
    text: Option<&str>,
    known: &[&'static str],
) -> Result<Vec<&'static str>, Refusal> {
    let one = |word: &str| {
        let found = known.iter().copied().find(|known| *known == word.trim());
        found.ok_or_else(|| bad(format!("`{name}` is one of {}", known.join(", "))))
    };
    text.into_iter().flat_map(|text| text.split(',')).map(one).collect()
}

#[expect(
    clippy::unnecessary_box_returns,
    reason = "an error of 128 bytes is too large to carry about"
)]
pub(super) fn bad(words: String) -> Refusal {
    problem(StatusCode::BAD_REQUEST, words).into()
}

/// The store's answer, or why there is none.
pub(super) fn answer<T, A: Serialize>(
    found: Result<T, QueryError>,
    shown: impl FnOnce(T) -> A,
) -> Response {
    match found {
        Ok(found) => Json(shown(found)).into_response(),
        Err(error @ QueryError::TooSlow) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        }
        Err(error @ QueryError::Failed(_)) => {
            problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
    }
}
