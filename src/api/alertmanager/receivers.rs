//! `/api/v2/receivers`, and which receivers a request wants.

use std::{collections::HashMap, sync::Arc};

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    Alertmanager, alerts,
    json::{self, Array},
    query::{Query, Wanted},
    refusal::Refusal,
};
use crate::{
    alert::{Snapshot, filter, spec::Receiver},
    model::{Matcher, Pairs},
};

impl Alertmanager {
    pub(super) async fn receivers(&self, query: Option<&str>) -> Result<Response, Refusal> {
        let (syntax, snapshot) = (self.options.syntax, self.snapshot().await?);
        let listed = move |asked: &Query<'_>| {
            let matchers = asked.matchers("receiver_matchers", syntax).map_err(|why| {
                let words = format!("failed to parse receiver_matchers param: {why}");
                Refusal::told(StatusCode::BAD_REQUEST, words)
            })?;
            Ok(list(&snapshot.config.receivers, &matchers))
        };
        let out = self.asked(query, listed).await?;
        Ok(([(header::CONTENT_TYPE, super::JSON)], out).into_response())
    }
}

fn list(receivers: &[Receiver], matchers: &[Matcher]) -> Vec<u8> {
    let mut out = vec![b'['];
    let mut list = Array::default();
    for receiver in receivers {
        let labels = labels(receiver);
        if !filter::passes(matchers, &labels) {
            continue;
        }
        list.next(&mut out);
        out.extend_from_slice(b"{\"labels\":");
        alerts::pairs(&mut out, &labels, json::plain);
        out.extend_from_slice(b",\"name\":");
        json::plain(&mut out, &receiver.name);
        out.push(b'}');
    }
    out.extend_from_slice(b"]\n");
    out
}

/// A receiver's labels with its name among them.
fn labels(receiver: &Receiver) -> Pairs {
    let own = receiver.labels.iter();
    Pairs::new(own.chain([("name", &*receiver.name)]))
}

/// Which receivers are wanted, by their names.
#[derive(Debug, Default)]
pub(super) struct Named(Option<HashMap<Arc<str>, Asked>>);

#[derive(Debug, Clone, Copy)]
struct Asked {
    by_name: bool,
    by_labels: bool,
}

impl Named {
    /// Decided once for each receiver, not for each alert.
    pub(super) fn new(snapshot: &Snapshot, wanted: &Wanted) -> Self {
        if wanted.any_receiver() {
            return Self(None);
        }
        let receivers = snapshot.config.receivers.iter().map(|receiver| {
            let by_name = wanted.names(&receiver.name);
            let by_labels = wanted.labels(&labels(receiver));
            (Arc::clone(&receiver.name), Asked { by_name, by_labels })
        });
        Self(Some(receivers.collect()))
    }

    /// Whether among an alert's receivers is one of the wanted name, and one of the wanted labels.
    pub(super) fn any(&self, receivers: &[Arc<str>]) -> bool {
        let Some(asked) = &self.0 else { return true };
        let known = || receivers.iter().filter_map(|receiver| asked.get(receiver));
        known().any(|asked| asked.by_name) && known().any(|asked| asked.by_labels)
    }

    /// Whether this one is wanted.
    pub(super) fn one(&self, receiver: &str) -> bool {
        let Some(asked) = &self.0 else { return true };
        asked.get(receiver).is_some_and(|asked| asked.by_name && asked.by_labels)
    }
}
