//! The API in the daemon's own router.

use std::sync::Arc;

use axum::{Router, extract::Request, response::Response, routing::any};

use super::{Alertmanager, page::Page};

/// `/api/v2/*`, `/hooks/alertmanager` and the page at `/alerts/`, below a prefix without a slash at its end.
pub fn routes<S: Clone + Send + Sync + 'static>(
    alertmanager: &Arc<Alertmanager>,
    prefix: &str,
) -> Router<S> {
    let at = |path: &str| [prefix, path].concat();
    let below = at("/api/v2/");
    let api = {
        let (alertmanager, below) = (Arc::clone(alertmanager), below.clone());
        move |request: Request| {
            let (alertmanager, below) = (Arc::clone(&alertmanager), below.clone());
            async move { v2(&alertmanager, &below, request).await }
        }
    };
    let hook = {
        let alertmanager = Arc::clone(alertmanager);
        move |request: Request| {
            let alertmanager = Arc::clone(&alertmanager);
            async move { alertmanager.hook(request).await }
        }
    };
    let page = Arc::new(Page::new("../"));
    let shown = move |request: Request| {
        let page = Arc::clone(&page);
        async move { page.answer(request.method(), request.headers()) }
    };
    Router::new()
        .route(&below, any(api.clone()))
        .route(&at("/api/v2/{*path}"), any(api))
        .route(&at("/hooks/alertmanager"), any(hook))
        .route(&at("/alerts/"), any(shown))
}

async fn v2(alertmanager: &Arc<Alertmanager>, below: &str, request: Request) -> Response {
    let path = request.uri().path().strip_prefix(below).unwrap_or_default().to_owned();
    alertmanager.v2(&path, request).await
}
