//! `/api/v1/events`: what clusters tell of their objects, the last of it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Extract, Shared,
    history::{self, Refusal},
};
use crate::cluster::Event;

/// Which events are wanted; without any, all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    cluster: Option<String>,
    namespace: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    reason: Option<String>,
    r#type: Option<String>,
    limit: Option<String>,
}

/// The newest first.
pub(super) async fn list(
    Extract(shared): Extract<Arc<Shared>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map_err(|rejection| history::bad(rejection.body_text()));
    let clusters = shared.state.clusters.load();
    let told = clusters.iter().flat_map(|cluster| {
        let name = &cluster.spec().name;
        cluster.events().into_iter().map(|event| (Arc::clone(name), event))
    });
    match asked.and_then(|Query(asked)| asked.answer(told)) {
        Ok(events) => Json(Answer { events }).into_response(),
        Err(refusal) => *refusal,
    }
}

impl Asked {
    fn answer(
        &self,
        told: impl Iterator<Item = (Arc<str>, Arc<Event>)>,
    ) -> Result<Vec<Row>, Refusal> {
        let limit = history::limit(self.limit.as_deref())?;
        let mut wanted: Vec<_> =
            told.filter(|(cluster, event)| self.wants(cluster, event)).collect();
        // Each cluster's are in order already; those of several are not.
        wanted.sort_by_key(|(_, event)| std::cmp::Reverse(event.last));
        wanted.truncate(limit);
        Ok(wanted.into_iter().map(|(cluster, event)| Row::new(cluster, &event)).collect())
    }

    fn wants(&self, cluster: &str, event: &Event) -> bool {
        let is = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|w| w == own);
        is(&self.cluster, cluster)
            && is(&self.namespace, &event.namespace)
            && is(&self.kind, &event.kind)
            && is(&self.name, &event.name)
            && is(&self.reason, &event.reason)
            && is(&self.r#type, &event.event_type)
    }
}

#[derive(Serialize)]
struct Answer {
    events: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    cluster: Arc<str>,
    r#type: String,
    reason: String,
    kind: String,
    /// Empty for objects that stand in none.
    namespace: String,
    name: String,
    component: String,
    host: String,
    /// For people; a stranger's text.
    message: String,
    count: u32,
    first: Option<Timestamp>,
    last: Timestamp,
}

impl Row {
    fn new(cluster: Arc<str>, event: &Event) -> Self {
        Self {
            cluster,
            r#type: event.event_type.to_string(),
            reason: event.reason.to_string(),
            kind: event.kind.to_string(),
            namespace: event.namespace.to_string(),
            name: event.name.to_string(),
            component: event.component.to_string(),
            host: event.host.to_string(),
            message: event.message.to_string(),
            count: event.count,
            first: event.first,
            last: event.last,
        }
    }
}
