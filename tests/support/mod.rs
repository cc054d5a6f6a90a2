//! Fake peers as a library: servers on 127.0.0.1:0 that follow a script, count what they see, and fail the test that
//! started them when they panic.
//!
//! A theme takes it in with `mod support;`. Nothing in here waits for a fixed time in the hope that something has
//! happened by then: use [`eventually!`].
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::print_stderr,
    clippy::unused_async,
    reason = "every theme takes the parts it needs, and a test says what went wrong by panicking, and every peer is started alike"
)]

pub mod alertmanager;
pub mod alone;
pub mod app;
pub mod authority;
pub mod bridge;
pub mod check;
pub mod daemon;
pub mod dialogue;
pub mod fault;
pub mod health;
pub mod kube_api;
pub mod names;
pub mod notice;
pub mod patience;
pub mod peer;
pub mod proxy;
pub mod rules;
pub mod smtp;
pub mod tls;
pub mod tun;
pub mod web;
pub mod web_configs;
pub mod websocket;

pub use bridge::Bridge;
pub use check::{run, run_with, settings};
pub use fault::{Fault, Protocol};
pub(crate) use patience::eventually;
pub use peer::Peer;
