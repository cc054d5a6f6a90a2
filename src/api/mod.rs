//! HTTP in front of snapshots, queries and commands. Thin: no rule of any domain lives here.
//!
//! Contract: a request reads what is published and waits for no stage but at a deadline; long bodies are written by a
//! blocking thread into a bounded channel, so that neither their size nor a slow client touches the runtime. A handler
//! that panics answers 500 and leaves the server as it was.

mod accept;
pub mod alertmanager;
pub mod blackbox;
mod checks;
mod compress;
mod deliveries;
mod events;
mod go_server;
mod guard;
mod history;
mod incidents;
pub mod kube;
mod landing;
mod lifecycle;
mod listener;
mod origin;
mod scrape;
mod server;
mod stream;
mod web;
pub mod web_config;

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawQuery, State as Extract},
    http::HeaderMap,
    middleware,
    response::{Redirect, Response},
    routing::{any, get, post},
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    alert,
    clock::Clock,
    metrics::{Families, Telemetry},
    state::Views,
    store::Reader,
};

use blackbox::Blackbox;
pub use listener::Listener;
pub use scrape::Metrics;
pub use server::{Patience, serve};
pub use web::Web;
pub use web_config::WebConfig;

/// Asks for the configuration to be read again; the answer is what to tell the one who asked.
pub type Reload = oneshot::Sender<Result<String, String>>;

/// All that requests read and the one command they give. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// The checks.
    pub views: Arc<Views>,
    /// What their kinds measure.
    pub families: Arc<Families>,
    /// The clusters.
    pub clusters: kube::Clusters,
    /// noroshi's own metrics; [`Metrics`] are registered in it.
    pub telemetry: Arc<Telemetry>,
    /// What this folder counts.
    pub metrics: Metrics,
    /// Whether the first configuration runs and nobody has asked us to stop.
    pub ready: watch::Receiver<bool>,
    /// Where `/-/reload` goes.
    pub reload: mpsc::Sender<Reload>,
    /// Writes the configuration in force with its secrets masked; only when asked, because it is megabytes of many checks.
    pub config: Arc<dyn Fn() -> String + Send + Sync>,
    /// `/probe` and `/logs`.
    pub blackbox: Arc<Blackbox>,
    /// Incidents and deliveries; `None` where nothing is kept.
    pub store: Option<Reader>,
    /// For what grows with time.
    pub clock: Clock,
    /// The pipeline, whose gauges are brought up to date for each scrape; `None` where there is none.
    pub alerts: Option<alert::Handle>,
    /// How the server presents itself.
    pub web: Arc<Web>,
}

/// Everything this process answers, under the route prefix; `more` is what others add, with their own prefix.
pub fn router(state: State, more: Router) -> Router {
    let prefix = state.web.route_prefix.clone();
    let own = state.web.external_url.as_deref().and_then(origin::authority);
    let at = |path: &str| [&prefix, path].concat();
    let shared = Arc::new(Shared {
        scrapes: web::Limit::new(state.web.max_requests),
        lists: web::Limit::new(state.web.max_requests),
        state,
    });
    let mut router = Router::new()
        .route(&at("/"), get(landing::page))
        .route(&at("/metrics"), get(scrape::metrics))
        .route(&at("/metrics/kube"), get(kube::metrics))
        .route(&at("/probe"), any(probe))
        .route(&at("/logs"), get(logs))
        .route(&at("/config"), get(lifecycle::config))
        .route(&at("/-/healthy"), get(lifecycle::healthy))
        .route(&at("/-/ready"), get(lifecycle::ready))
        .route(&at("/-/reload"), post(lifecycle::reload).put(lifecycle::reload))
        .route(&at("/api/v1/checks"), get(checks::list))
        .route(&at("/api/v1/checks/{name}"), get(checks::one))
        .route(&at("/api/v1/incidents"), get(incidents::list))
        .route(&at("/api/v1/events"), get(events::list))
        .route(&at("/api/v1/deliveries"), get(deliveries::list));
    if let Some(last) = prefix.rsplit('/').next().filter(|last| !last.is_empty()) {
        // Relative, so that it also holds behind a proxy that maps the prefix to another path.
        let slash = format!("{last}/");
        router = router.route(&prefix, get(async move || Redirect::temporary(&slash)));
        let inside = at("/");
        router = router.route("/", get(async move || Redirect::temporary(&inside)));
    }
    router
        .fallback(lifecycle::unknown)
        .with_state(shared)
        .merge(more)
        .layer(middleware::from_fn_with_state(own, origin::own_pages))
        .layer(middleware::from_fn(guard::guard))
}

/// What handlers share: the state, and how much may go on at once.
struct Shared {
    state: State,
    scrapes: web::Limit,
    lists: web::Limit,
}

/// A probe of a module, or the last scheduled result of a check.
async fn probe(
    Extract(shared): Extract<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let state = &shared.state;
    match blackbox::cached(&state.views, query.as_deref(), &headers) {
        Some(answer) => answer,
        None => blackbox::probe(&state.blackbox, query.as_deref(), &headers).await,
    }
}

async fn logs(Extract(shared): Extract<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    blackbox::logs(&shared.state.blackbox, query.as_deref())
}

#[cfg(test)]
mod tests;
