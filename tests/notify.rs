//! Notices to fake peers: every provider against everything a peer may answer, and what each one says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

#[path = "notify/contract.rs"]
mod contract;
#[path = "notify/deadman.rs"]
mod deadman;
#[path = "notify/delivery.rs"]
mod delivery;
#[path = "notify/echo.rs"]
mod echo;
#[path = "notify/email.rs"]
mod email;
#[path = "notify/push.rs"]
mod push;
#[path = "notify/slack.rs"]
mod slack;
mod support;
#[path = "notify/telegram.rs"]
mod telegram;
#[path = "notify/webhook.rs"]
mod webhook;
