//! Kubernetes objects as series: `/metrics/kube` of the daemon, and the pages of kube-state-metrics in its place.

mod own;
mod pages;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{
    extract::RawQuery,
    http::{HeaderMap, Method},
    response::Response,
};

pub use self::pages::{Durations, Pages, personality};
use super::{Extract, Shared, scrape};
use crate::{cluster::Watched, metrics::Objects};

/// The clusters that are watched; replaced as a whole.
pub type Clusters = Arc<ArcSwap<Vec<Arc<Watched>>>>;

/// `/metrics/kube`.
pub(super) async fn metrics(
    Extract(shared): Extract<Arc<Shared>>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(place) = shared.scrapes.enter() else {
        shared.state.metrics.reject();
        return scrape::busy(shared.state.web.max_requests);
    };
    let clusters = shared.state.clusters.load_full();
    let wanted = Wanted::new(query.as_deref());
    let form = scrape::Form::of(&method, &headers);
    scrape::exposed(form, shared.state.metrics.clone(), move |format, emit| {
        let _place = place;
        let wanted = |resource: &str| wanted.has(resource);
        Objects { clusters: &clusters, wanted: &wanted }.write(format, emit)
    })
}

/// Which resources a scrape asks for: `resources` and `exclude_resources`, each separated by commas and repeatable.
struct Wanted {
    only: Option<Vec<String>>,
    not: Vec<String>,
}

impl Wanted {
    fn new(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut wanted = Self { only: None, not: Vec::new() };
        for (name, value) in pairs {
            let names = value.split(',').map(|name| name.trim().to_owned());
            match &*name {
                // Present and empty asks for nothing.
                "resources" => wanted.only.get_or_insert_default().extend(names),
                "exclude_resources" => wanted.not.extend(names),
                _ => {}
            }
        }
        wanted
    }

    fn has(&self, resource: &str) -> bool {
        let names = |names: &[String]| names.iter().any(|name| name == resource);
        self.only.as_deref().is_none_or(names) && !names(&self.not)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_that_a_scrape_asks_for() {
        let has = |query: &str, resource: &str| Wanted::new(Some(query)).has(resource);
        assert!(has("", "pods") && has("x=y", "pods"));
        assert!(
            has("resources=nodes,%20pods", "pods") && has("resources=nodes&resources=pods", "pods")
        );
        assert!(!has("resources=nodes", "pods") && !has("resources=", "pods"));
        assert!(!has("exclude_resources=pods", "pods"));
        assert!(!has("resources=pods&exclude_resources=pods", "pods"));
    }
}
