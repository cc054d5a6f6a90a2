//! `/api/v1/incidents`: when checks were DOWN, and why.

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
    clock,
    model::{Incident, Reason},
    store::{IncidentQuery, Page},
};

/// Which incidents are wanted; without any, all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    check: Option<String>,
    group: Option<String>,
    open: Option<String>,
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
    let now = shared.state.clock.now();
    let store = shared.state.store.as_ref();
    let (query, reader) = match history::asked(asked, store, |asked| asked.query(now)) {
        Ok(both) => both,
        Err(refusal) => return *refusal,
    };
    history::answer(reader.incidents(query).await, |page| Answer::new(page, now))
}

impl Asked {
    fn query(self, now: Timestamp) -> Result<IncidentQuery, Refusal> {
        let open = match self.open.as_deref() {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(history::bad("`open` is `true` or `false`".to_owned())),
        };
        Ok(IncidentQuery {
            check: self.check,
            group: self.group,
            open,
            since: history::moment("since", self.since, now)?,
            until: history::moment("until", self.until, now)?,
            after: history::cursor(self.cursor.as_deref())?,
            limit: history::limit(self.limit.as_deref())?,
        })
    }
}

#[derive(Serialize)]
struct Answer {
    incidents: Vec<Row>,
    /// The `cursor` of the next page; null on the last one.
    next: Option<String>,
}

impl Answer {
    fn new(page: Page<Incident>, now: Timestamp) -> Self {
        let row = |incident| Row::new(incident, now);
        Self {
            incidents: page.rows.into_iter().map(row).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Row {
    check: Arc<str>,
    group: Arc<str>,
    began: Timestamp,
    /// Null while it is open.
    ended: Option<Timestamp>,
    /// Until now while it is open.
    duration_seconds: f64,
    reason: Option<Reason>,
    /// For people; may hold a stranger's text.
    detail: Arc<str>,
}

impl Row {
    fn new(incident: Incident, now: Timestamp) -> Self {
        let Incident { check, group, began, ended, reason, detail } = incident;
        let duration_seconds = clock::between(began, ended.unwrap_or(now)).as_secs_f64();
        Self { check: check.name(), group, began, ended, duration_seconds, reason, detail }
    }
}
