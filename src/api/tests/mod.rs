//! Routes, asked through the router, by theme. Conventions are those of the exporter guidelines, by number.

mod events;
mod history;
mod lifecycle;
mod pages;
mod probe;
mod scrape;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use tower::ServiceExt;

use super::*;
use crate::{
    metrics::fixture::{self, World, down, fresh, slot, view},
    state::Slot,
};

/// A router over checks made by hand, with the other ends of its channels.
struct Setup {
    router: Router,
    ready: watch::Sender<bool>,
    reloads: mpsc::Receiver<Reload>,
    views: Arc<Views>,
    metrics: Metrics,
    clusters: kube::Clusters,
}

fn setup_with(slots: Vec<Slot>, web: Web) -> Setup {
    setup_stored(slots, web, None)
}

fn setup_stored(slots: Vec<Slot>, web: Web, store: Option<Reader>) -> Setup {
    let World { views, families, mut telemetry } = World::new(slots);
    let metrics = Metrics::default();
    metrics.register(telemetry.registry());
    telemetry.reloads.succeeded(fixture::at(0));
    let (ready, readiness) = watch::channel(false);
    let (reload, reloads) = mpsc::channel(1);
    let views = Arc::new(views);
    let clusters = kube::Clusters::default();
    let state = State {
        clusters: Arc::clone(&clusters),
        views: Arc::clone(&views),
        families: Arc::new(families),
        telemetry: Arc::new(telemetry),
        metrics: metrics.clone(),
        ready: readiness,
        reload,
        config: Arc::new(|| "password = \"<secret>\"\n".to_owned()),
        blackbox: Arc::new(blackbox::tests::fixture(Vec::new(), 2).blackbox),
        store,
        clock: Clock::anchored(fixture::at(60)),
        alerts: None,
        web: Arc::new(web),
    };
    Setup { router: router(state, Router::new()), ready, reloads, views, metrics, clusters }
}

fn web(max_requests: usize) -> Web {
    Web { route_prefix: String::new(), external_url: None, max_requests }
}

fn setup() -> Setup {
    let slots = vec![slot("down <b>", down()), slot("new", fresh()), slot("up", view())];
    setup_with(slots, web(40))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    fn json(&self) -> serde_json::Value {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn ask(
    router: &Router,
    method: Method,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Method::GET, path, &[]).await
}
