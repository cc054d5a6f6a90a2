//! Servers that answer something else, or nothing.

use super::{A, HERE, addresses, server};
use crate::{
    blackbox::case::Table,
    support::{
        names::{
            self,
            wire::{self, Row, name, row},
        },
        peer::Peer,
    },
};

/// What a server makes of a question.
type Script = fn(&[u8]) -> Vec<Vec<u8>>;

pub(super) async fn cases(table: &mut Table) {
    for (at, (word, _)) in names::malformed(&question()).into_iter().enumerate() {
        let peer =
            Peer::datagram(move |query, _| vec![names::malformed(query).swap_remove(at).1]).await;
        let target = peer.address().to_string();
        let module =
            "prober: dns, timeout: 500ms, dns: { query_name: example.test, query_type: A }";
        let case = table.module(&format!("dns broken: {word}"), module, target).keeps(peer);
        // Counts that nothing stands behind are believed.
        if !["a header alone", "more records than there are"].contains(&word) {
            case.fails();
        }
    }
    let scripts: [(&str, Script, bool); 8] = [
        ("silence", |_| vec![], false),
        ("noise", |_| vec![b"noise".to_vec()], false),
        ("another id", |query| vec![names::foreign(query)], false),
        (
            "another id, then the right one",
            |query| vec![names::foreign(query), addresses(query)],
            true,
        ),
        ("noise, then the right one", |query| vec![b"noise".to_vec(), addresses(query)], false),
        ("a question instead of an answer", |query| vec![query.to_vec()], true),
        (
            "another name",
            |query| {
                let mut answer = addresses(query);
                answer[13] ^= 1;
                vec![answer]
            },
            true,
        ),
        ("the answer twice", |query| vec![addresses(query), addresses(query)], true),
    ];
    for (word, script, passes) in scripts {
        let peer = Peer::datagram(move |query, _| script(query)).await;
        let target = peer.address().to_string();
        let module =
            "prober: dns, timeout: 500ms, dns: { query_name: example.test, query_type: A }";
        let case = table.module(&format!("dns broken: {word}"), module, target).keeps(peer);
        if !passes {
            case.fails();
        }
    }
    server(table, "truncated", "query_type: A", |query| {
        wire::answer(query, 0x0200, 0, [&[row("example.test", A, HERE)], &[], &[]])
    })
    .await;
    server(table, "longer than 512 bytes", "query_type: A", |query| {
        let rows: Vec<Row> = (0..40).map(|n| row("example.test", A, [192, 0, 2, n])).collect();
        wire::answer(query, 0, 0, [&rows, &[], &[]])
    })
    .await
    .fails();
    server(table, "for another question", "query_type: A", |query| {
        let mut answer = addresses(query);
        answer[12..14].copy_from_slice(b"\x07x");
        answer
    })
    .await;
    let gone = Peer::refusing();
    let target = gone.address().to_string();
    let options = "query_name: example.test, query_type: A";
    table.case("dns refused", "dns", options, &target).fails();
    let options = "query_name: example.test, query_type: A, transport_protocol: tcp";
    table.case("dns refused over tcp", "dns", options, target).keeps(gone).fails();
}

/// A question as clients ask it, to see what can be broken of its answer.
fn question() -> Vec<u8> {
    let head = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    [&head[..], &name("example.test"), b"\x00\x01\x00\x01"].concat()
}
