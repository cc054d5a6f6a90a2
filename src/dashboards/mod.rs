//! Grafana's dashboards, written by a program: one source for all six.
//!
//! Contract: pure. Words, codes and colours of states come from `model`, so that a new state does not build without them;
//! names of families are those of `docs/metrics.md`, which a test compares. Places, ids and the letters of queries are
//! computed. Queries see raw families only: a dashboard works without the recording rules. Every query is filtered by the
//! variables that all dashboards share (`query::Scope`), and asks of a histogram in a form that is answered whether it was
//! scraped in classic or in native buckets.
//!
//! A file per dashboard says what stands on it; the others say how such a thing is written down.

mod annotation;
mod colour;
mod dashboard;
mod facts;
mod layout;
mod link;
mod panel;
mod query;
mod state;
mod table;
mod unit;
mod variable;
mod view;

mod alerting;
mod check;
mod cluster;
mod expiry;
mod internals;
mod kinds;
mod objects;
mod overview;

pub use dashboard::Dashboard;

/// All of them, in the order in which they are asked for at night.
pub fn all() -> [Dashboard; 6] {
    [
        overview::dashboard(),
        check::dashboard(),
        expiry::dashboard(),
        cluster::dashboard(),
        alerting::dashboard(),
        internals::dashboard(),
    ]
}
