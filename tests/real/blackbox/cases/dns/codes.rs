//! The code of an answer, and the serial of its zone.

use super::{A, HERE, SOA, server};
use crate::{
    blackbox::case::Table,
    support::names::wire::{self, name, row},
};

pub(super) async fn cases(table: &mut Table) {
    let code = |code| move |query: &[u8]| wire::answer(query, 0, code, [&[], &[], &[]]);
    for (number, word) in [
        (1, "FORMERR"),
        (2, "SERVFAIL"),
        (3, "NXDOMAIN"),
        (4, "NOTIMP"),
        (5, "REFUSED"),
        (9, "NOTAUTH"),
        (12, "12"),
    ] {
        server(table, &format!("code {word}"), "query_type: A", code(number)).await.fails();
        if number != 12 {
            let options = format!("query_type: A, valid_rcodes: [{word}]");
            server(table, &format!("code {word}, wanted"), &options, code(number)).await;
        }
    }
    for (word, options, number, passes) in [
        ("one of several", "valid_rcodes: [NOERROR, NXDOMAIN]", 3, true),
        ("none of several", "valid_rcodes: [NXDOMAIN, REFUSED]", 0, false),
        ("unknown", "valid_rcodes: [NOSUCHCODE]", 0, false),
        ("in lower case", "valid_rcodes: [noerror]", 0, false),
        ("an empty list", "valid_rcodes: []", 0, false),
        ("no list", "valid_rcodes:", 0, true),
    ] {
        let case = server(
            table,
            &format!("code {word}"),
            &format!("query_type: A, {options}"),
            code(number),
        )
        .await;
        if !passes {
            case.fails();
        }
    }
    let soa = |serial: u32| {
        let numbers: Vec<u8> =
            [serial, 3600, 600, 86400, 60].iter().flat_map(|it| it.to_be_bytes()).collect();
        [name("ns.test"), name("hostmaster.test"), numbers].concat()
    };
    for (word, rows, kind) in [
        ("", vec![row("test", SOA, soa(2_026_010_101))], "SOA"),
        (" of the highest", vec![row("test", SOA, soa(u32::MAX))], "SOA"),
        (" twice", vec![row("test", SOA, soa(1)), row("test", SOA, soa(2))], "SOA"),
        (" not there", vec![row("test", A, HERE)], "SOA"),
        (" not asked for", vec![row("test", SOA, soa(7))], "ANY"),
    ] {
        let options = format!("query_type: {kind}");
        let answer = move |query: &[u8]| wire::answer(query, 0x0400, 0, [&rows, &[], &[]]);
        server(table, &format!("serial{word}"), &options, answer).await;
    }
    // The serial of an authority section is not the answer's.
    let answer =
        move |query: &[u8]| wire::answer(query, 0, 3, [&[], &[row("test", SOA, soa(9))], &[]]);
    server(table, "serial of a denial", "query_type: SOA", answer).await.fails();
}
