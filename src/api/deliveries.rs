//! `/api/v1/deliveries`: every attempt at a notice, and how it ended.

use std::sync::Arc;

use axum::{
    extract::{Query, rejection::QueryRejection},
    response::Response,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Extract, Shared,
    history::{self, Refusal},
};
use crate::{
    model::{Delivery, DeliveryResult, SendReason},
    store::{DeliveryQuery, Page, Reader},
};

/// Which attempts are wanted; without any, all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    receiver: Option<String>,
    provider: Option<String>,
    result: Option<String>,
    since: Option<String>,
    until: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// A page of them, the newest first.
pub(super) async fn list(
    Extract(shared): Extract<Arc<Shared>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    listed(shared.state.store.as_ref(), shared.state.clock.now(), asked).await
}

/// The same of any store.
pub(super) async fn listed(
    store: Option<&Reader>,
    now: Timestamp,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (query, reader) = match history::asked(asked, store, |asked| asked.query(now)) {
        Ok(both) => both,
        Err(refusal) => return *refusal,
    };
    history::answer(reader.deliveries(query).await, Answer::from)
}

impl Asked {
    fn query(self, now: Timestamp) -> Result<DeliveryQuery, Refusal> {
        Ok(DeliveryQuery {
            receiver: self.receiver,
            provider: self.provider,
            results: history::words("result", self.result.as_deref(), &DeliveryResult::WORDS)?,
            since: history::moment("since", self.since, now)?,
            until: history::moment("until", self.until, now)?,
            after: history::cursor(self.cursor.as_deref())?,
            limit: history::limit(self.limit.as_deref())?,
        })
    }
}

#[derive(Serialize)]
struct Answer {
    deliveries: Vec<Row>,
    /// The `cursor` of the next page; null on the last one.
    next: Option<String>,
}

impl From<Page<Delivery>> for Answer {
    fn from(page: Page<Delivery>) -> Self {
        Self {
            deliveries: page.rows.into_iter().map(Row::from).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Row {
    /// The same for every attempt at one notice.
    notice: u64,
    receiver: Arc<str>,
    provider: Arc<str>,
    /// The integration's position in its receiver.
    integration: u16,
    group_key: Arc<str>,
    at: Timestamp,
    duration_seconds: f64,
    attempt: u32,
    result: &'static str,
    reason: Option<SendReason>,
    status: Option<u16>,
    /// For people; may hold a stranger's text.
    detail: Option<Arc<str>>,
    /// When it is tried again.
    next_attempt: Option<Timestamp>,
}

impl From<Delivery> for Row {
    fn from(delivery: Delivery) -> Self {
        let result = delivery.result.word();
        let (failure, next_attempt) = match delivery.result {
            DeliveryResult::Delivered(_) => (None, None),
            DeliveryResult::Retry { failure, next_at } => (Some(failure), Some(next_at)),
            DeliveryResult::Dead(failure) => (Some(failure), None),
        };
        Self {
            notice: delivery.notice,
            receiver: delivery.lane.receiver,
            provider: delivery.lane.kind,
            integration: delivery.lane.integration,
            group_key: delivery.lane.group,
            at: delivery.at,
            duration_seconds: delivery.seconds,
            attempt: delivery.attempt,
            result,
            reason: failure.as_ref().map(|failure| failure.reason),
            status: failure.as_ref().and_then(|failure| failure.status),
            detail: failure.map(|failure| failure.detail),
            next_attempt,
        }
    }
}
