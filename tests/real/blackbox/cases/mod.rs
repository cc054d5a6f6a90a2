//! The probes, by theme: the first word of a case's name.

mod http;

use super::{case::Table, world::World};

/// The first words there are.
pub(super) const THEMES: [&str; 1] = ["http"];

/// Adds every case; returns what both programs must have in their environment for them.
pub(super) async fn all(table: &mut Table, _world: &World) -> Vec<(&'static str, String)> {
    http::cases(table).await;
    Vec::new()
}
