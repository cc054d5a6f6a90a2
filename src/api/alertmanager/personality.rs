//! Every page of `noroshi alertmanager`: the paths, texts and codes of Alertmanager's own server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::HttpBody as _,
    extract::{Query, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Alertmanager, Counts, JSON, Refusal, dispatch::Resource, exposition, metrics, page::Page,
};
use crate::{
    alert,
    api::{
        Reload, blackbox, deliveries,
        go_server::{cleaned, moved, refused},
        guard, scrape,
    },
    clock::{self, Instant},
    metrics::{Dialect, Format, Protobuf, Scrapes, Telemetry, Text},
    store::Reader,
};

/// How long a reload may take.
const RELOAD_DEADLINE: Duration = Duration::from_secs(30);

/// The first version of the API, which is gone; the words are Alertmanager's.
const GONE: &str = "{\"status\":\"deprecated\",\"error\":\"The Alertmanager v1 API was deprecated in version 0.16.0 and is \
                    removed as of version 0.27.0 - please use the equivalent route in the v2 API\"}\n";

/// What the pages show beside the API.
pub struct Pages {
    /// `/api/v2/`, `/hooks/alertmanager`.
    pub alertmanager: Arc<Alertmanager>,
    /// What was delivered.
    pub counts: Counts,
    /// `/api/v1/deliveries`: ours, and the one path of the first API that is not gone.
    pub store: Option<Reader>,
    /// What the pipeline counts of itself.
    pub pipeline: alert::Metrics,
    /// The most alerts of one name; 0 is any number.
    pub per_alertname_limit: usize,
    /// Of the configuration file in force.
    pub fingerprint: Arc<AtomicU64>,
    /// Whether to tell of a cluster with this one as its only member, as Alertmanager does unless it is told not to listen
    /// for others.
    pub is_member: bool,
    /// The process' own metrics; [`super::Metrics`] are registered in it.
    pub telemetry: Arc<Telemetry>,
    /// What is counted about `/metrics` itself.
    pub scrapes: Scrapes,
    /// Where `/-/reload` goes.
    pub reload: mpsc::Sender<Reload>,
    /// What every path begins with: empty, or with a leading and no trailing slash.
    pub route_prefix: String,
    /// Where `/` leads when there is a prefix.
    pub external_url: String,
}

/// Pages, and what is made of them once.
struct Server {
    pages: Pages,
    page: Page,
}

/// The whole server.
pub fn personality(pages: Pages) -> Router {
    let server = Arc::new(Server { pages, page: Page::new("") });
    let answer = move |request: Request| {
        let server = Arc::clone(&server);
        async move { server.answer(request).await }
    };
    Router::new().fallback(answer).layer(middleware::from_fn(guard::guard))
}

/// A page beside the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Page,
    Metrics,
    Healthy,
    Ready,
    Reload,
    Hook,
    Deliveries,
    /// A path of the first API, and whether it took posts, and whether it took deletions.
    Gone(&'static str, &'static str),
}

impl Place {
    fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/" => Self::Page,
            "/metrics" => Self::Metrics,
            "/-/healthy" => Self::Healthy,
            "/-/ready" => Self::Ready,
            "/-/reload" => Self::Reload,
            "/hooks/alertmanager" => Self::Hook,
            "/api/v1/deliveries" => Self::Deliveries,
            "/api/v1/alerts" => Self::Gone("/alerts", "GET, OPTIONS, POST"),
            "/api/v1/silences" => Self::Gone("/silences", "GET, OPTIONS, POST"),
            "/api/v1/status" => Self::Gone("/status", "GET, OPTIONS"),
            "/api/v1/receivers" => Self::Gone("/receivers", "GET, OPTIONS"),
            other => {
                let id = other.strip_prefix("/api/v1/silence/")?;
                if id.is_empty() || id.contains('/') {
                    return None;
                }
                Self::Gone("/silence/:sid", "DELETE, GET, OPTIONS")
            }
        })
    }

    /// The label of metrics.
    const fn handler(self) -> &'static str {
        match self {
            Self::Page => "/",
            Self::Metrics => "/metrics",
            Self::Healthy => "/-/healthy",
            Self::Ready => "/-/ready",
            Self::Reload => "/-/reload",
            Self::Hook => "/hooks/alertmanager",
            Self::Deliveries => "/deliveries",
            Self::Gone(handler, _) => handler,
        }
    }

    const fn allow(self) -> &'static str {
        match self {
            Self::Page | Self::Metrics | Self::Deliveries => "GET, OPTIONS",
            Self::Healthy | Self::Ready => "GET, HEAD, OPTIONS",
            Self::Reload | Self::Hook => "OPTIONS, POST",
            Self::Gone(_, allow) => allow,
        }
    }
}

impl Server {
    async fn answer(&self, request: Request) -> Response {
        let pages = &self.pages;
        let (path, query) = (request.uri().path(), request.uri().query());
        if let Some(clean) = cleaned(path) {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            return moved(request.method(), StatusCode::MOVED_PERMANENTLY, &(clean + &query));
        }
        let Some(path) = path.strip_prefix(&pages.route_prefix) else {
            return self.outside(request.method(), path);
        };
        let path = path.to_owned();
        if path.is_empty() {
            let folder = format!("{}/", pages.route_prefix);
            return moved(request.method(), StatusCode::MOVED_PERMANENTLY, &folder);
        }
        if !path.starts_with('/') {
            return self.outside(request.method(), request.uri().path());
        }
        if path == "/api/v2" {
            let folder = format!("{}/api/v2/", pages.route_prefix);
            return moved(request.method(), StatusCode::MOVED_PERMANENTLY, &folder);
        }
        let (begun, method) = (Instant::now(), metrics::method(request.method()));
        let (handler, answer, sized) = match path.strip_prefix("/api/v2/") {
            Some(path) => (handler(path), pages.alertmanager.v2(path, request).await, false),
            None => match self.beside(&path, request).await {
                Ok((place, answer)) => (place.handler(), answer, true),
                Err(answer) => return answer,
            },
        };
        let size = answer.body().size_hint().exact().filter(|_| sized);
        let answered = (answer.status().as_u16(), size);
        pages.alertmanager.metrics.answered(handler, method, answered, begun.elapsed());
        answer
    }

    /// What is not below the prefix.
    fn outside(&self, method: &Method, path: &str) -> Response {
        if path == "/" && matches!(*method, Method::GET) {
            return moved(method, StatusCode::FOUND, &self.pages.external_url);
        }
        refused(StatusCode::NOT_FOUND, &"404 page not found")
    }

    /// What is no part of the API; an error is what Go's router answers by itself.
    async fn beside(&self, path: &str, request: Request) -> Result<(Place, Response), Response> {
        let Some(place) = Place::at(path) else {
            let shorter = path.strip_suffix('/').filter(|shorter| Place::at(shorter).is_some());
            return Err(match shorter {
                Some(shorter) if *request.method() == Method::GET => {
                    let place = format!("{}{shorter}", self.pages.route_prefix);
                    moved(request.method(), StatusCode::MOVED_PERMANENTLY, &place)
                }
                _ => refused(StatusCode::NOT_FOUND, &"404 page not found"),
            });
        };
        let allow = place.allow();
        let allowed = HeaderValue::from_static(allow);
        let method = request.method();
        if *method == Method::OPTIONS {
            return Err(([(header::ALLOW, allowed)], StatusCode::OK).into_response());
        }
        if !allow.split(", ").any(|allow| allow == method.as_str()) {
            let mut answer = refused(StatusCode::METHOD_NOT_ALLOWED, &"Method Not Allowed");
            answer.headers_mut().insert(header::ALLOW, allowed);
            return Err(answer);
        }
        let pages = &self.pages;
        let alertmanager = &pages.alertmanager;
        let _reading = if *method == Method::GET {
            match alertmanager.reads.enter() {
                Some(place) => Some((place, alertmanager.metrics.reading())),
                None => return Ok((place, alertmanager.crowded())),
            }
        } else {
            None
        };
        let (head, body) = request.into_parts();
        let answer = async {
            match place {
                Place::Page => self.page.answer(&head.method, &head.headers),
                Place::Metrics => self.metrics(&head.headers).await,
                Place::Healthy | Place::Ready => fine(&head.method),
                Place::Reload => self.reload().await,
                Place::Hook => alertmanager.hook(Request::from_parts(head, body)).await,
                Place::Deliveries => {
                    let (asked, now) = (Query::try_from_uri(&head.uri), alertmanager.clock.now());
                    deliveries::listed(pages.store.as_ref(), now, asked).await
                }
                Place::Gone(..) => {
                    (StatusCode::GONE, [(header::CONTENT_TYPE, JSON)], GONE).into_response()
                }
            }
        };
        Ok((place, alertmanager.in_time(answer).await))
    }

    async fn metrics(&self, headers: &HeaderMap) -> Response {
        let pages = &self.pages;
        scrape::measured(&pages.alertmanager.handle).await;
        let snapshot = match pages.alertmanager.snapshot().await {
            Ok(snapshot) => snapshot,
            Err(why) => return Refusal::into_response(why),
        };
        let standing = exposition::Standing {
            snapshot: &snapshot,
            fingerprint: pages.fingerprint.load(Ordering::Relaxed),
            is_member: pages.is_member,
            counts: &pages.counts,
            pipeline: &pages.pipeline,
            per_alertname_limit: pages.per_alertname_limit,
        };
        let _in_flight = pages.scrapes.begin();
        blackbox::exposition(headers, |format| match format {
            Format::Protobuf => blackbox::written(Protobuf::new(), |sink| {
                pages.telemetry.write(sink);
                exposition::write(&standing, sink);
            }),
            _ => blackbox::written(Text::new(Dialect::Prometheus), |sink| {
                pages.telemetry.write(sink);
                exposition::write(&standing, sink);
            }),
        })
    }

    async fn reload(&self) -> Response {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            self.pages.reload.send(answer).await.ok()?;
            answered.await.ok()
        };
        match clock::timeout_at(Instant::now() + RELOAD_DEADLINE, asked).await {
            Ok(Some(Ok(_))) => StatusCode::OK.into_response(),
            Ok(Some(Err(why))) => {
                let why = format_args!("failed to reload config: {why}");
                refused(StatusCode::INTERNAL_SERVER_ERROR, &why)
            }
            Ok(None) => refused(StatusCode::SERVICE_UNAVAILABLE, &"noroshi is stopping"),
            Err(_) => refused(StatusCode::GATEWAY_TIMEOUT, &"no end of the reload, it may come"),
        }
    }
}

/// The label of metrics for a path of the API; what no part of it is has one label together.
fn handler(path: &str) -> &'static str {
    match Resource::at(path) {
        Some(Resource::Status) => "/api/v2/status",
        Some(Resource::Receivers) => "/api/v2/receivers",
        Some(Resource::Alerts) => "/api/v2/alerts",
        Some(Resource::Groups) => "/api/v2/alerts/groups",
        Some(Resource::Silences) => "/api/v2/silences",
        Some(Resource::Silence(_)) => "/api/v2/silence/{silenceID}",
        None => "/api/v2/",
    }
}

fn fine(method: &Method) -> Response {
    if *method == Method::HEAD { StatusCode::OK.into_response() } else { "OK".into_response() }
}
