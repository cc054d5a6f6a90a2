//! `/api/v1/checks`: what `/metrics` shows of a check, and what no metric can: details, addresses, words.

use std::{ops::ControlFlow, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::{Extract, Shared, scrape::busy, stream};
use crate::{
    metrics::Emit,
    model::{BaseState, Fact, Labels, Outcome, Reason, Verdict},
    state::{Slot, View},
};

/// Bytes are given away when so many have gathered.
const CHUNK: usize = 64 * 1024;

/// Which checks are wanted; without any, all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// One of these states, by comma.
    state: Option<String>,
    /// The name holds this, in whatever case.
    name: Option<String>,
}

/// A JSON list in the order of the names, streamed.
pub(super) async fn list(
    Extract(shared): Extract<Arc<Shared>>,
    Query(filter): Query<Filter>,
) -> Response {
    let wanted = match Wanted::new(&filter) {
        Ok(wanted) => wanted,
        Err(words) => return problem(StatusCode::BAD_REQUEST, words),
    };
    let Some(place) = shared.lists.enter() else {
        return busy(shared.state.web.max_requests);
    };
    let slots = shared.state.views.load_full();
    let mut answer = stream::body(stream::DEADLINE, move |emit| {
        let _place = place;
        write(&slots, &wanted, emit)
    })
    .into_response();
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// One check by its exact name.
pub(super) async fn one(
    Extract(shared): Extract<Arc<Shared>>,
    Path(name): Path<String>,
) -> Response {
    let slots = shared.state.views.load_full();
    match slots.iter().find(|slot| slot.settings.id.as_str() == name) {
        Some(slot) => Json(Row::new(slot, &slot.view())).into_response(),
        None => problem(StatusCode::NOT_FOUND, format!("there is no check `{name}`")),
    }
}

pub(super) fn problem(status: StatusCode, error: String) -> Response {
    #[derive(Serialize)]
    struct Problem {
        error: String,
    }
    (status, Json(Problem { error })).into_response()
}

struct Wanted {
    states: Option<Vec<BaseState>>,
    name: String,
}

impl Wanted {
    fn new(filter: &Filter) -> Result<Self, String> {
        let states = filter.state.as_deref().map(|words| words.split(',').map(state).collect());
        let name = filter.name.as_deref().unwrap_or_default().to_lowercase();
        Ok(Self { states: states.transpose()?, name })
    }

    fn holds(&self, slot: &Slot, view: &View) -> bool {
        self.states.as_ref().is_none_or(|states| states.contains(&view.base))
            && (self.name.is_empty()
                || slot.settings.id.as_str().to_lowercase().contains(&self.name))
    }
}

fn state(word: &str) -> Result<BaseState, String> {
    BaseState::ALL.into_iter().find(|state| state.word() == word.trim()).ok_or_else(|| {
        let known: Vec<_> = BaseState::ALL.into_iter().map(BaseState::word).collect();
        format!("`{word}` is no state; states are {}", known.join(", "))
    })
}

fn write(slots: &[Arc<Slot>], wanted: &Wanted, emit: Emit<'_>) -> ControlFlow<()> {
    let mut out = vec![b'['];
    let mut first = true;
    for slot in slots {
        let view = slot.view();
        if !wanted.holds(slot, &view) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.extend_from_slice(b",\n");
        }
        // Into memory, and every key is a string: nothing that could fail.
        if serde_json::to_writer(&mut out, &Row::new(slot, &view)).is_err() {
            return ControlFlow::Break(());
        }
        if out.len() >= CHUNK {
            emit(std::mem::take(&mut out))?;
        }
    }
    out.extend_from_slice(b"]\n");
    emit(out)
}

/// A check as the API shows it.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    kind: &'static str,
    group: &'a str,
    target: &'a str,
    labels: &'a Labels,
    state: BaseState,
    overlays: Vec<&'static str>,
    /// The machine's verdict; null before the first.
    up: Option<bool>,
    /// When the state was entered.
    since: Timestamp,
    last_run: Option<Timestamp>,
    verdict: Option<Verdict>,
    reason: Option<Reason>,
    /// For people; may hold a stranger's text.
    detail: &'a str,
    duration_seconds: Option<f64>,
    phases_seconds: Map<&'static str, f64>,
    facts: Vec<FactRow<'a>>,
    consecutive_failures: u64,
    runs: u64,
    failures: u64,
    missed_runs: u64,
    failure_reasons: Map<&'static str, u64>,
}

impl<'a> Row<'a> {
    fn new(slot: &'a Slot, view: &'a View) -> Self {
        let settings = &*slot.settings;
        let last: Option<&Outcome> = view.last.as_deref();
        let phases = last.iter().flat_map(|last| last.phases.iter());
        let facts = last.map(|last| &*last.facts).unwrap_or_default();
        let reasons = view.counters.reasons.iter();
        Self {
            name: settings.id.as_str(),
            kind: settings.kind,
            group: &settings.group,
            target: &settings.target,
            labels: &settings.labels,
            state: view.base,
            overlays: view.overlays.words().collect(),
            up: view.up,
            since: view.changed,
            last_run: view.last_run,
            verdict: last.map(|last| last.verdict),
            reason: last.and_then(|last| last.reason),
            detail: last.map(|last| &*last.detail).unwrap_or_default(),
            duration_seconds: last.map(|last| last.duration.as_secs_f64()),
            phases_seconds: Map(phases
                .map(|(phase, took)| (phase.word(), took.as_secs_f64()))
                .collect()),
            facts: facts.iter().map(FactRow::new).collect(),
            consecutive_failures: view.consecutive_failures,
            runs: view.counters.runs,
            failures: view.counters.failures,
            missed_runs: view.counters.missed,
            failure_reasons: Map(reasons.map(|(reason, count)| (reason.word(), *count)).collect()),
        }
    }
}

#[derive(Serialize)]
struct FactRow<'a> {
    name: &'static str,
    labels: Map<&'static str, &'a str>,
    value: f64,
}

impl<'a> FactRow<'a> {
    fn new(fact: &'a Fact) -> Self {
        let labels = fact.desc.labels.iter().zip(&fact.labels);
        Self {
            name: fact.desc.name,
            labels: Map(labels.map(|(name, value)| (*name, &**value)).collect()),
            value: fact.value,
        }
    }
}

/// Pairs that keep their order.
struct Map<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Map<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
