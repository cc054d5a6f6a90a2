//! `/api/v2/alerts`.

use std::sync::Arc;

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use tokio::task;

use super::{
    Alertmanager,
    cursor::Cursor,
    json::{self, Array},
    list::{self, Part, Place, Rows},
    ours, posted,
    query::{Query, Wanted},
    receivers::Named,
    refusal::Refusal,
};
use crate::{
    alert::{AlertView, CallError, Snapshot, filter},
    model::{AlertSource, Pairs},
};

/// A body of so many bytes is read at once; a longer one by a thread of its own.
const AT_ONCE: usize = 512 << 10;

impl Alertmanager {
    pub(super) async fn get_alerts(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        place: Option<Place>,
    ) -> Result<Response, Refusal> {
        let (syntax, snapshot) = (self.options.syntax, self.snapshot().await?);
        let tag = list::tag(("alerts", self.started, snapshot.version, query));
        let rows = move |asked: &Query<'_>| {
            let (wanted, part) = (asked.wanted(syntax)?, Part::read(asked)?);
            Ok((Alerts { named: Named::new(&snapshot, &wanted), snapshot, wanted }, part))
        };
        let (rows, part) = self.asked(query, rows).await?;
        list::answer(rows, part, query, (headers, tag), place).await
    }

    pub(super) async fn post_alerts(&self, request: Request) -> Result<Response, Refusal> {
        let body = self.posted(request, "alerts").await?;
        let large = body.as_ref().len() > AT_ONCE;
        // The body keeps its room until it is read.
        let read = move || posted::alerts(&json::lossy(body.as_ref()));
        let alerts = if large { task::spawn_blocking(read).await } else { Ok(read()) };
        let alerts =
            alerts.map_err(|_| list::gone_wrong())?.map_err(|why| why.refusal("alerts"))?;
        self.metrics.received(&alerts, self.clock.now());
        match self.within(self.handle.post(alerts, AlertSource::Api)).await? {
            Ok(()) => Ok(StatusCode::OK.into_response()),
            Err(CallError::Refused(invalid)) => {
                self.metrics.invalid(&invalid);
                Err(Refusal::told(StatusCode::BAD_REQUEST, invalid.0))
            }
            Err(error) => Err(ours(&error)),
        }
    }
}

struct Alerts {
    snapshot: Arc<Snapshot>,
    wanted: Wanted,
    named: Named,
}

impl Rows for Alerts {
    fn count(&self) -> usize {
        self.snapshot.alerts.len()
    }

    fn is_wanted(&self, at: usize) -> bool {
        let Some(view) = self.snapshot.alerts.get(at) else { return false };
        is_wanted(view, &self.wanted) && self.named.any(&view.receivers)
    }

    fn name(&self, at: usize) -> u64 {
        self.snapshot.alerts.get(at).map_or(0, |view| view.fingerprint.0)
    }

    fn write(&self, at: usize, out: &mut Vec<u8>) {
        if let Some(view) = self.snapshot.alerts.get(at) {
            write(out, view, view.receivers.iter(), &[]);
        }
    }

    fn is_slow(&self) -> bool {
        self.wanted.is_slow()
    }

    fn behind(&self, cursor: Cursor) -> usize {
        self.snapshot.alerts.partition_point(|view| view.fingerprint.0 <= cursor.name)
    }
}

/// Whether an alert is to be shown, whatever its receivers.
pub(super) fn is_wanted(view: &AlertView, wanted: &Wanted) -> bool {
    (wanted.active || view.is_suppressed())
        && (wanted.silenced || view.silenced_by.is_empty())
        && (wanted.inhibited || view.inhibited_by.is_none())
        && filter::passes(&wanted.filter, &view.alert.labels)
}

/// A `gettableAlert`.
pub(super) fn write<'r>(
    out: &mut Vec<u8>,
    view: &AlertView,
    receivers: impl Iterator<Item = &'r Arc<str>>,
    muted_by: &[Arc<str>],
) {
    let alert = &*view.alert;
    out.extend_from_slice(b"{\"annotations\":");
    pairs(out, &alert.annotations, json::string);
    out.extend_from_slice(b",\"endsAt\":");
    json::time(out, view.ends_at);
    out.extend_from_slice(b",\"fingerprint\":\"");
    fingerprint(out, view.fingerprint.0);
    out.extend_from_slice(b"\",\"receivers\":[");
    let mut list = Array::default();
    for receiver in receivers {
        list.next(out);
        out.extend_from_slice(b"{\"name\":");
        json::string(out, receiver);
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"startsAt\":");
    json::time(out, alert.starts_at);
    out.extend_from_slice(b",\"status\":");
    status(out, view, muted_by);
    out.extend_from_slice(b",\"updatedAt\":");
    json::time(out, alert.updated_at);
    if !alert.generator_url.is_empty() {
        out.extend_from_slice(b",\"generatorURL\":");
        json::string(out, &alert.generator_url);
    }
    out.extend_from_slice(b",\"labels\":");
    pairs(out, &alert.labels, json::string);
    out.push(b'}');
}

fn status(out: &mut Vec<u8>, view: &AlertView, muted_by: &[Arc<str>]) {
    out.extend_from_slice(b"{\"inhibitedBy\":[");
    if let Some(source) = view.inhibited_by {
        out.push(b'"');
        fingerprint(out, source.0);
        out.push(b'"');
    }
    out.extend_from_slice(b"],\"mutedBy\":[");
    let mut list = Array::default();
    for interval in muted_by {
        list.next(out);
        json::string(out, interval);
    }
    out.extend_from_slice(b"],\"silencedBy\":[");
    let mut list = Array::default();
    for silence in view.silenced_by.iter() {
        list.next(out);
        uuid(out, silence.0);
    }
    let suppressed = view.is_suppressed() || !muted_by.is_empty();
    let state: &[u8] = if suppressed { b"suppressed" } else { b"active" };
    out.extend_from_slice(b"],\"state\":\"");
    out.extend_from_slice(state);
    out.extend_from_slice(b"\"}");
}

/// Labels or annotations; `text` writes their names and values.
pub(super) fn pairs(out: &mut Vec<u8>, pairs: &Pairs, text: fn(&mut Vec<u8>, &str)) {
    out.push(b'{');
    let mut list = Array::default();
    for (name, value) in pairs {
        list.next(out);
        text(out, name);
        out.push(b':');
        text(out, value);
    }
    out.push(b'}');
}

/// A UUID in quotes.
pub(super) fn uuid(out: &mut Vec<u8>, id: uuid::Uuid) {
    let mut buffer = uuid::Uuid::encode_buffer();
    out.push(b'"');
    out.extend_from_slice(id.hyphenated().encode_lower(&mut buffer).as_bytes());
    out.push(b'"');
}

fn fingerprint(out: &mut Vec<u8>, fingerprint: u64) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for shift in (0..16).rev() {
        let nibble = usize::try_from((fingerprint >> (shift * 4)) & 15).unwrap_or_default();
        out.extend(HEX.get(nibble));
    }
}
