//! The watching core beside an API server that does whatever a real one may: what is listed, what changes, what fails, and
//! what scrapes show meanwhile. noroshi is started as its users do it, in the place of kube-state-metrics, and is asked
//! over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::print_stdout,
    reason = "a test says what went wrong by panicking, and samples are counts"
)]

mod support;

#[path = "clusters/brief.rs"]
mod brief;
#[path = "clusters/changes.rs"]
mod changes;
#[path = "clusters/faults.rs"]
mod faults;
#[path = "clusters/lists.rs"]
mod lists;
#[path = "clusters/log.rs"]
mod log;
#[path = "clusters/outages.rs"]
mod outages;
#[path = "clusters/pages.rs"]
mod pages;
#[path = "clusters/rights.rs"]
mod rights;
#[path = "clusters/scale.rs"]
mod scale;
#[path = "clusters/scope.rs"]
mod scope;
#[path = "clusters/time.rs"]
mod time;
#[path = "clusters/world.rs"]
mod world;

use serde_json::{Value, json};
use support::kube_api::KubeApi;

/// A pod of few words.
fn pod(namespace: &str, name: &str, node: &str) -> Value {
    json!({
        "metadata": { "namespace": namespace, "name": name },
        "spec": { "nodeName": node },
        "status": { "phase": "Running" },
    })
}

/// A node, and so many pods on it.
async fn cluster_of(pods: usize) -> KubeApi {
    let api = KubeApi::start().await;
    api.put("nodes", json!({ "metadata": { "name": "n1" } }));
    api.put_many("pods", (0..pods).map(|at| pod("a", &format!("p{at}"), "n1")));
    api
}
