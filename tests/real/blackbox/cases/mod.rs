//! The probes, by theme: the first word of a case's name.

mod addresses;
mod credentials;
mod http;
mod redirects;
mod rules;
mod streams;
mod tls;

use super::{case::Table, world::World};

/// The first words there are.
pub(super) const THEMES: [&str; 7] =
    ["addresses", "credentials", "http", "redirects", "rules", "streams", "tls"];

/// Adds every case; returns what both programs must have in their environment for them.
pub(super) async fn all(table: &mut Table, world: &World) -> Vec<(&'static str, String)> {
    http::cases(table, world).await;
    redirects::cases(table, world).await;
    rules::cases(table).await;
    tls::cases(table).await;
    addresses::cases(table, world).await;
    streams::cases(table, world).await;
    credentials::cases(table, world).await
}
