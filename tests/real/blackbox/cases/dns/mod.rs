//! Questions to name servers: what is asked, what is counted, and the text that rules are held against.

mod broken;
mod codes;
mod questions;
mod rules;
mod streams;
mod targets;
mod texts;

use crate::{
    blackbox::case::{Case, Table},
    support::{
        names::wire::{self, name, row},
        peer::Peer,
    },
};

const A: u16 = 1;
const NS: u16 = 2;
const SOA: u16 = 6;
const TXT: u16 = 16;

const HERE: [u8; 4] = [192, 0, 2, 1];

pub(super) async fn cases(table: &mut Table) {
    questions::cases(table).await;
    codes::cases(table).await;
    rules::cases(table).await;
    texts::cases(table).await;
    broken::cases(table).await;
    streams::cases(table).await;
    targets::cases(table);
}

/// A server with one answer to every question.
async fn server<'a>(
    table: &'a mut Table,
    word: &str,
    options: &str,
    answer: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + Sync + 'static,
) -> &'a mut Case {
    let heard = answer.clone();
    let peer = Peer::datagram_at(([127, 0, 0, 1], 0).into(), move |query, _, seen| {
        seen.heard("query", wire::kept(query));
        vec![heard(query)]
    });
    let peer = peer.await;
    let target = peer.address().to_string();
    let options = format!("query_name: example.test, {options}");
    table
        .case(&format!("dns {word}"), "dns", options.trim_end_matches(", "), target)
        .hears("server", peer)
}

fn addresses(query: &[u8]) -> Vec<u8> {
    let rows = [row("example.test", A, HERE), row("example.test", A, [192, 0, 2, 2])];
    wire::answer(
        query,
        0,
        0,
        [&rows, &[row("test", NS, name("ns.test"))], &[row("ns.test", A, HERE)]],
    )
}
