//! The probes, by theme: the first word of a case's name.

mod http;
mod redirects;
mod rules;
mod tls;

use super::{case::Table, world::World};

/// The first words there are.
pub(super) const THEMES: [&str; 4] = ["http", "redirects", "rules", "tls"];

/// Adds every case; returns what both programs must have in their environment for them.
pub(super) async fn all(table: &mut Table, world: &World) -> Vec<(&'static str, String)> {
    http::cases(table, world).await;
    redirects::cases(table, world).await;
    rules::cases(table).await;
    tls::cases(table).await;
    Vec::new()
}
