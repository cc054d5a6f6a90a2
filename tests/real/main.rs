//! The third tier: the real binary against real servers, each of them fetched by `parts.sh`.
//!
//! `make test` runs it. A server that is not there is a failure in CI, and a line that names it elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    clippy::format_push_string,
    clippy::print_stderr,
    reason = "a test says what went wrong by panicking, and the counts it compares are whole"
)]

#[path = "../support/mod.rs"]
mod support;

mod alertmanager;
mod bind;
mod blackbox;
mod chart;
mod clusters;
mod grafana;
mod kube;
mod one_shot;
mod ping;
mod prometheus;
mod rules;
mod server;
mod shipped;
mod web_config;
