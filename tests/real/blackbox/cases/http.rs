//! Requests and answers of HTTP in the plain.

use crate::support::web::{self, Reply, Request, reply};

use super::super::case::{Case, Table};

/// A site of its own for the case, and a path of it.
pub(super) async fn site<'a>(
    table: &'a mut Table,
    name: &str,
    options: &str,
    path: &str,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> &'a mut Case {
    let peer = web::serve(script).await;
    let target = format!("http://{}{path}", peer.address());
    table.case(name, "http", options, target).hears("site", peer)
}

pub(super) async fn cases(table: &mut Table) {
    site(table, "http plain", "", "/", |_| reply(200, &[], b"up")).await;
    site(table, "http 404", "", "/", |_| reply(404, &[], b"up")).await.fails();
}
