//! `/metrics`.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{
    Extract, Shared,
    accept::{self, Encoding},
    compress::compress,
    stream,
};
use crate::{
    alert,
    clock::{self, Instant},
    metrics::{Emit, Exposition, Format},
};

/// What is counted about scrapes.
#[derive(Debug, Clone)]
pub struct Metrics {
    duration: Histogram,
    in_flight: Gauge,
    rejected: Counter,
    aborted: Counter,
}

impl Metrics {
    /// Bounds of the duration, in seconds: from a handful of checks to half a million series for a slow client.
    const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 10.0];

    /// Puts the families into noroshi's registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "noroshi_scrape_duration_seconds",
            "Time to write the answer to a scrape, waiting for a slow client included",
            self.duration.clone(),
        );
        registry.register(
            "noroshi_scrapes_in_flight",
            "Scrapes that are being answered, the one you read included",
            self.in_flight.clone(),
        );
        registry.register(
            "noroshi_scrapes_rejected",
            "Scrapes answered with 503, because `--web.max-requests` were in flight",
            self.rejected.clone(),
        );
        registry.register(
            "noroshi_scrapes_aborted",
            "Scrapes cut off, because the client went away or read too slowly",
            self.aborted.clone(),
        );
    }

    /// Counts one that is not answered, because too many are.
    pub(super) fn reject(&self) {
        self.rejected.inc();
    }

    fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight { metrics: self.clone(), begun: Instant::now(), whole: false }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            duration: Histogram::new(Self::BOUNDS),
            in_flight: Gauge::default(),
            rejected: Counter::default(),
            aborted: Counter::default(),
        }
    }
}

/// A scrape from its admission to its last byte; counted when dropped, after a panic too.
struct InFlight {
    metrics: Metrics,
    begun: Instant,
    whole: bool,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        self.metrics.duration.observe(self.begun.elapsed().as_secs_f64());
        if !self.whole {
            self.metrics.aborted.inc();
        }
    }
}

pub(super) async fn metrics(
    Extract(shared): Extract<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some(place) = shared.scrapes.enter() else {
        shared.state.metrics.reject();
        return busy(shared.state.web.max_requests);
    };
    if let Some(alerts) = &shared.state.alerts {
        measured(alerts).await;
    }
    let form = Form::of(&method, &headers);
    exposed(form, shared.state.metrics.clone(), move |format, emit| {
        let _place = place;
        write(&shared, format, emit)
    })
}

/// How an exposition is wanted.
pub(super) struct Form {
    format: Format,
    content_type: header::HeaderValue,
    pub(super) encoding: Encoding,
    /// Whether only the head is.
    is_head: bool,
    /// How long the client may take for all of it; `None` is for ever.
    pub(super) within: Option<Duration>,
}

impl Form {
    /// As the request says.
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Self {
        let (format, content_type) = accept::format(headers);
        let encoding = accept::encoding(headers);
        let is_head = method == Method::HEAD;
        Self { format, content_type, encoding, is_head, within: stream::DEADLINE }
    }
}

/// The answer to a scrape, written by a blocking thread while the client reads.
pub(super) fn exposed(
    form: Form,
    metrics: Metrics,
    write: impl FnOnce(Format, Emit<'_>) -> std::ops::ControlFlow<()> + Send + 'static,
) -> Response {
    let Form { format, content_type, encoding, is_head, within } = form;
    let body = if is_head {
        // A body of unknown length, so that none is claimed: what GET would send is not known without encoding it.
        Body::from_stream(futures_util::stream::empty::<Result<bytes::Bytes, std::io::Error>>())
    } else {
        stream::body(within, move |emit| {
            let mut scrape = metrics.begin();
            let written = compress(encoding, |emit| write(format, emit), emit);
            scrape.whole = written.is_continue();
            written
        })
    };
    let mut answer = body.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::VARY, header::HeaderValue::from_static("Accept, Accept-Encoding"));
    if let Some(word) = encoding.word().filter(|_| !is_head) {
        headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(word));
    }
    answer
}

/// How long a scrape waits for the pipeline: one that is busy is shown as it last stood.
const MEASURED_WITHIN: Duration = Duration::from_secs(1);

/// Brings the pipeline's gauges up to date.
pub(super) async fn measured(alerts: &alert::Handle) {
    // One that has stopped shows how it last stood.
    let _ = clock::timeout_at(Instant::now() + MEASURED_WITHIN, alerts.measure()).await;
}

fn write(shared: &Arc<Shared>, format: Format, emit: Emit<'_>) -> std::ops::ControlFlow<()> {
    let state = &shared.state;
    let exposition = Exposition {
        views: &state.views,
        families: &state.families,
        clusters: &state.clusters.load(),
        telemetry: &state.telemetry,
        now: state.clock.now(),
    };
    exposition.write(format, emit)
}

/// Too many at once: better one scrape missed than all of them slow.
pub(super) fn busy(most: usize) -> Response {
    let words = format!("limit of concurrent requests reached ({most}), try again later\n");
    (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
}
