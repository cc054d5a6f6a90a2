//! What is asked: types, classes and names.

use super::{addresses, server};
use crate::{
    blackbox::case::Table,
    support::{names::wire, peer::Peer},
};

pub(super) async fn cases(table: &mut Table) {
    for (word, options) in [
        ("of any type", ""),
        ("for addresses", "query_type: A"),
        ("for mail", "query_type: MX"),
        ("for a key", "query_type: DNSKEY"),
        ("for https", "query_type: HTTPS"),
        ("for everything", "query_type: ANY"),
        ("of the zone", "query_type: SOA"),
        ("in chaos", "query_class: CH, query_type: TXT"),
        ("in any class", "query_class: ANY, query_type: A"),
        ("in hesiod", "query_class: HS, query_type: A"),
        ("without recursion", "query_type: A, recursion_desired: false"),
        ("over udp by name", "query_type: A, transport_protocol: udp"),
    ] {
        server(table, &format!("question {word}"), options, addresses).await;
    }
    for (word, asked) in [
        ("with a dot", "example.test."),
        ("of the root", "."),
        ("in capitals", "EXAMPLE.Test"),
        ("with an underscore", "_sip._tcp.example.test"),
        ("with a dot within", "a\\.b.example.test"),
        ("with bytes by number", "\\097\\255.example.test"),
        ("of one label", "localhost"),
        ("with a star", "*.example.test"),
        ("with a space", "a b.test"),
    ] {
        let peer = Peer::datagram_at(([127, 0, 0, 1], 0).into(), |query, _, seen| {
            seen.heard("query", wire::kept(query));
            vec![wire::answer(query, 0, 0, [&[], &[], &[]])]
        });
        let peer = peer.await;
        let target = peer.address().to_string();
        let options = format!("query_name: '{asked}', query_type: A");
        table.case(&format!("dns name {word}"), "dns", &options, target).hears("server", peer);
    }
    for (word, asked) in [
        ("with an empty label", "a..test"),
        ("too long", &"x".repeat(64)),
        ("in another script", "\u{e9}.test"),
    ] {
        let peer =
            Peer::datagram(|query, _| vec![wire::answer(query, 0, 0, [&[], &[], &[]])]).await;
        let target = peer.address().to_string();
        let options = format!("query_name: '{asked}', query_type: A");
        let case = table.case(&format!("dns name {word}"), "dns", &options, target).keeps(peer);
        if word != "in another script" {
            case.fails();
        }
    }
    let peer = Peer::datagram(|query, _| vec![addresses(query)]).await;
    let target = peer.address().to_string();
    let module = "prober: dns, dns: { query_name: a.test, transport_protocol: quic }";
    table.module("dns question over something else", module, target).keeps(peer).fails();
}
