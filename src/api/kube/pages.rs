//! The pages of kube-state-metrics 2.20: the series on one port, what it tells of itself on another.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{RawQuery, State as Extract},
    http::{HeaderMap, Method, StatusCode},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{any, get},
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, histogram::Histogram},
    registry::Registry,
};

use super::{Clusters, Wanted, own};
use crate::{
    api::{accept::Encoding, guard, lifecycle, scrape, web::Limit},
    clock::{self, Instant},
    cluster::spec::Shard,
    metrics::{Objects, Telemetry},
};

/// Scrapes at the same time. kube-state-metrics has no limit; each of ours holds a snapshot of one resource.
const SCRAPES: usize = 16;

/// How long the API server may take to say that it lives.
const LIVES_WITHIN: Duration = Duration::from_secs(5);

/// What the pages read.
pub struct Pages {
    /// The cluster.
    pub clusters: Clusters,
    /// Which of several replicas this is.
    pub shard: Shard,
    /// noroshi's own metrics, beside those of the program whose place is taken.
    pub telemetry: Arc<Telemetry>,
    /// What is counted of scrapes.
    pub scrapes: scrape::Metrics,
    /// How long scrapes take, under the name of the program whose place is taken.
    pub durations: Durations,
    /// `--enable-gzip-encoding`
    pub gzip: bool,
    /// `--server-write-timeout`: how long an answer may take; `None` is for ever.
    pub write_timeout: Option<Duration>,
}

/// `http_request_duration_seconds`, with the bounds of Go's client library.
#[derive(Clone)]
pub struct Durations(Family<Asked, Histogram>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    handler: &'static str,
    method: String,
}

impl Durations {
    const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

    /// Puts the family into a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_request_duration_seconds",
            "How long scrapes take until their answer begins.",
            self.0.clone(),
        );
    }

    fn observe(&self, method: &Method, begun: Instant) {
        // Others than those of HTTP itself would make a series each.
        let method = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS") => {
                known.to_lowercase()
            }
            _ => "other".to_owned(),
        };
        let asked = Asked { handler: "metrics", method };
        self.0.get_or_create(&asked).observe(begun.elapsed().as_secs_f64());
    }
}

impl Default for Durations {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(Self::BOUNDS)))
    }
}

struct Shared {
    pages: Pages,
    places: Limit,
}

/// What `--port` answers, and what `--telemetry-port` does.
pub fn personality(pages: Pages) -> (Router, Router) {
    let shared = Arc::new(Shared { pages, places: Limit::new(SCRAPES) });
    let objects = Router::new()
        .route("/metrics", any(objects))
        .route("/livez", any(lives))
        .route("/readyz", any(ready))
        .route("/healthz", any(async || "OK"))
        .route("/", get(async || Html(OBJECTS)));
    let telemetry = Router::new()
        .route("/metrics", any(telemetry))
        .route("/readyz", any(ready))
        .route("/", get(async || Html(TELEMETRY)));
    let finish = |router: Router<Arc<Shared>>| {
        let router = router.fallback(lifecycle::unknown).with_state(Arc::clone(&shared));
        router.layer(middleware::from_fn(guard::guard))
    };
    (finish(objects), finish(telemetry))
}

async fn objects(
    Extract(shared): Extract<Arc<Shared>>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let begun = Instant::now();
    let pages = &shared.pages;
    let Some(place) = shared.places.enter() else {
        pages.scrapes.reject();
        return scrape::busy(SCRAPES);
    };
    let clusters = pages.clusters.load_full();
    let wanted = Wanted::new(query.as_deref());
    let mut form = scrape::Form::of(&method, &headers);
    form.within = pages.write_timeout;
    if !pages.gzip {
        form.encoding = Encoding::Identity;
    }
    let answer = scrape::exposed(form, pages.scrapes.clone(), move |format, emit| {
        let _place = place;
        let wanted = |resource: &str| wanted.has(resource);
        Objects { clusters: &clusters, wanted: &wanted }.write(format, emit)
    });
    pages.durations.observe(&method, begun);
    answer
}

/// Whether the API server says that it lives. Nothing that this process could mend by a restart: it is the peer's page.
async fn lives(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let clusters = shared.pages.clusters.load_full();
    let deadline = Instant::now() + LIVES_WITHIN;
    for cluster in clusters.iter() {
        if !matches!(clock::timeout_at(deadline, cluster.lives()).await, Ok(true)) {
            return (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response();
        }
    }
    "OK".into_response()
}

/// Whether every resource was listed, or cannot be. The peer is ready before it has listed anything, and its first
/// scrapes then miss what is there.
async fn ready(Extract(shared): Extract<Arc<Shared>>) -> Response {
    if shared.pages.clusters.load().iter().all(|cluster| cluster.is_ready()) {
        return "OK".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response()
}

async fn telemetry(
    Extract(shared): Extract<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let form = scrape::Form::of(&method, &headers);
    let scrapes = shared.pages.scrapes.clone();
    scrape::exposed(form, scrapes, move |format, emit| {
        let mut encoder = format.encoder();
        let pages = &shared.pages;
        own::write(&pages.clusters.load(), pages.shard, &mut *encoder);
        crate::metrics::freshness(&pages.clusters.load(), &mut *encoder);
        pages.telemetry.write(&mut *encoder);
        encoder.finish();
        emit(std::mem::take(encoder.buffer()))
    })
}

const OBJECTS: &str = "\
<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Kube Metrics Server</title></head><body>
<h1>Kube Metrics</h1>
<ul><li><a href=\"metrics\">metrics</a></li><li><a href=\"healthz\">healthz</a></li><li><a href=\"livez\">livez</a></li>\
<li><a href=\"readyz\">readyz</a></li></ul>
</body></html>
";

const TELEMETRY: &str = "\
<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Kube-State-Metrics Metrics Server</title></head><body>
<h1>Kube-State-Metrics Metrics</h1>
<ul><li><a href=\"metrics\">metrics</a></li><li><a href=\"readyz\">readyz</a></li></ul>
</body></html>
";
