//! The probes, by theme: the first word of a case's name.

mod addresses;
mod credentials;
mod dns;
mod http;
mod others;
mod redirects;
mod requests;
mod rules;
mod streams;
mod tls;

use super::{case::Table, world::World};

/// The first words there are.
pub(super) const THEMES: [&str; 11] = [
    "addresses",
    "credentials",
    "dns",
    "grpc",
    "http",
    "pings",
    "redirects",
    "requests",
    "rules",
    "streams",
    "tls",
];

/// Adds every case; returns what both programs must have in their environment for them.
pub(super) async fn all(table: &mut Table, world: &World) -> Vec<(&'static str, String)> {
    http::cases(table, world).await;
    redirects::cases(table, world).await;
    rules::cases(table).await;
    tls::cases(table).await;
    addresses::cases(table).await;
    streams::cases(table, world).await;
    dns::cases(table).await;
    requests::cases(table).await;
    others::cases(table, world).await;
    credentials::cases(table, world).await
}
