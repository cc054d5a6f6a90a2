//! Every page of `noroshi blackbox`: the paths, texts and codes of blackbox_exporter's own server.

use std::{borrow::Cow, fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Blackbox,
    answer::{self, written},
    entry::without_userinfo,
    logs, probe,
};
use crate::{
    api::{
        Reload,
        go_server::{cleaned, moved, refused},
        guard,
        landing::escape,
    },
    clock::{self, Instant},
    metrics::{Dialect, Format, Protobuf, Scrapes, Telemetry, Text},
};

/// How long a reload may take.
const RELOAD_DEADLINE: Duration = Duration::from_secs(30);

/// What the pages show beside probes.
pub struct Pages {
    /// `/probe`, `/logs` and the list of recent probes.
    pub blackbox: Arc<Blackbox>,
    /// `/metrics`.
    pub telemetry: Arc<Telemetry>,
    /// What is counted about `/metrics` itself.
    pub scrapes: Scrapes,
    /// Where `/-/reload` goes.
    pub reload: mpsc::Sender<Reload>,
    /// What every path begins with: begins and ends with a slash.
    pub route_prefix: String,
    /// Where `/` leads when the prefix is longer.
    pub external_url: String,
}

/// The whole server. Any method will do nearly everywhere, and every unknown path under the prefix is the first page.
pub fn personality(pages: Pages) -> Router {
    let pages = Arc::new(pages);
    let answer = move |request: Request| {
        let pages = Arc::clone(&pages);
        async move { pages.answer(request).await }
    };
    Router::new().fallback(answer).layer(middleware::from_fn(guard::guard))
}

impl Pages {
    async fn answer(&self, request: Request) -> Response {
        let (path, query) = (request.uri().path(), request.uri().query());
        if let Some(clean) = cleaned(path) {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            return moved(request.method(), StatusCode::MOVED_PERMANENTLY, &(clean + &query));
        }
        let Some(page) = path.strip_prefix(&self.route_prefix) else {
            return self.outside(request.method(), path);
        };
        match page {
            "probe" => probe(&self.blackbox, query, request.headers()).await,
            "logs" => logs(&self.blackbox, query),
            "metrics" => self.metrics(request.headers()),
            "config" => {
                let text = self.blackbox.modules.load().shown.to_string();
                ([(header::CONTENT_TYPE, "text/plain")], text).into_response()
            }
            "-/healthy" => "Healthy".into_response(),
            "-/reload" => self.reload(request.method()).await,
            other => self.index(other.matches('/').count()),
        }
    }

    /// What is not under the prefix.
    fn outside(&self, method: &Method, path: &str) -> Response {
        if path == "/" {
            return moved(method, StatusCode::FOUND, &self.external_url);
        }
        if self.route_prefix.strip_suffix('/') == Some(path) {
            return moved(method, StatusCode::MOVED_PERMANENTLY, &self.route_prefix);
        }
        refused(StatusCode::NOT_FOUND, &"404 page not found")
    }

    fn metrics(&self, headers: &HeaderMap) -> Response {
        let _in_flight = self.scrapes.begin();
        answer::exposition(headers, |format| match format {
            Format::Protobuf => written(Protobuf::new(), |sink| self.telemetry.write(sink)),
            _ => written(Text::new(Dialect::Prometheus), |sink| self.telemetry.write(sink)),
        })
    }

    async fn reload(&self, method: &Method) -> Response {
        if *method != Method::POST {
            let why = "This endpoint requires a POST request.";
            return refused(StatusCode::METHOD_NOT_ALLOWED, &why);
        }
        let (answer, answered) = oneshot::channel();
        let asked = async {
            self.reload.send(answer).await.ok()?;
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

    /// The first page, whose links are relative to a path so many folders below the prefix: they hold behind any proxy.
    fn index(&self, depth: usize) -> Response {
        let up = "../".repeat(depth);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <title>Blackbox Exporter</title></head>\n<body>\n\
             <h1>Blackbox Exporter</h1>\n\
             <p>noroshi in the place of blackbox_exporter</p>\n\
             <p><a href=\"{up}probe?target=prometheus.io&amp;module=http_2xx\">Probe prometheus.io for http_2xx</a></p>\n\
             <p><a href=\"{up}probe?target=prometheus.io&amp;module=http_2xx&amp;debug=true\">Debug probe prometheus.io for http_2xx</a></p>\n\
             <p><a href=\"{up}metrics\">Metrics</a></p>\n\
             <p><a href=\"{up}config\">Configuration</a></p>\n\
             <h2>Recent Probes</h2>\n\
             <table border='1'><tr><th>Module</th><th>Target</th><th>Result</th><th>Reason</th><th>Debug</th></tr>\n"
        );
        for (id, entry) in self.blackbox.history.list() {
            let result = if entry.passed() { "Success" } else { "<strong>Failure</strong>" };
            let outcome = &entry.report.outcome;
            let reason = outcome.reason.filter(|_| !entry.passed());
            // Writing into a String cannot fail.
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td>{}</td><td>{result}</td><td>{}</td><td><a href='{up}logs?id={id}'>Logs</a></td></tr>",
                escape(&entry.module.name),
                escape(&shown(&entry.target)),
                reason.map_or("", crate::model::Reason::word),
            );
        }
        html.push_str("</table></body></html>\n");
        ([(header::CONTENT_TYPE, "text/html")], html).into_response()
    }
}

/// The longest target of the list, in bytes: a stranger may have asked for a page full of one.
const SHOWN: usize = 300;

fn shown(target: &str) -> Cow<'_, str> {
    let target = without_userinfo(target);
    if target.len() <= SHOWN {
        return target;
    }
    format!("{}…", &target[..target.floor_char_boundary(SHOWN)]).into()
}
