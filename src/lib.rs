//! noroshi (狼煙, a signal fire) watches targets and tells Prometheus how they stand, and why they failed.
//!
//! This page is the map, in the order in which data runs. Stages do not know each other: each takes values of
//! [`model`] from a bounded channel and gives such values to the next; [`app`] is the only place that connects them.
//! `ARCHITECTURE.md` holds the rules, the tasks and the recipes.
//!
//! **From a file to a run**
//! - [`config`]: files, environment and flags to one checked configuration; every mistake at once, with its place.
//! - [`compat`]: files of the programs noroshi replaces, turned into its own specs.
//! - [`discovery`]: where checks come from; the difference between the set that was and the set that is wanted.
//! - [`schedule`]: who is due when. Slots, limits, pace. The only spawner of scheduled runs.
//! - [`probe`]: one file per kind: a spec in, an [`Outcome`](model::Outcome) out, within its deadline.
//!
//! **From an outcome to a reader**
//! - [`state`]: the single writer of truth: the state machine, counters and histograms of each check.
//! - [`alert`]: alerts in, routed and grouped, inhibited, muted, silenced, deduplicated; notices out.
//! - [`notify`]: one file per provider: a notice in, delivered, to be retried, or refused.
//! - [`store`]: what must survive the process, in SQLite.
//! - [`cluster`]: Kubernetes objects, watched: what their series show of each, and how fresh that is.
//! - [`metrics`]: views to exposition: text, OpenMetrics, protobuf.
//! - [`api`]: HTTP in front of snapshots and commands.
//!
//! **Under everything**
//! - [`model`]: the nouns. Plain data.
//! - [`clock`]: the only place that reads time.
//! - [`re2`]: regular expressions as Go's tools understand them.
//! - [`net`]: connections with phase timings and typed failures.
//!
//! **Around everything**
//! - [`app`]: the composition root: build, supervise, reload, shut down.
//! - [`cli`]: arguments to calls of the app; prints.
//! - [`dashboards`]: what Grafana shows of it, written by a program.
//! - [`demo`]: targets on loopback for the example configuration.

pub mod compat;
pub mod config;
pub mod discovery;
pub mod probe;
pub mod schedule;

pub mod alert;
pub mod api;
pub mod cluster;
pub mod metrics;
pub mod notify;
pub mod state;
pub mod store;

pub mod clock;
pub mod model;
pub mod net;
pub mod re2;

pub mod app;
pub mod cli;
pub mod dashboards;
pub mod demo;
