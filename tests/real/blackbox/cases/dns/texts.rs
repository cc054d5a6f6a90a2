//! The text a record has, which rules are held against.

use super::{A, HERE, NS, SOA, TXT, server};
use crate::{
    blackbox::case::Table,
    support::names::wire::{self, Row, name, row, strings},
};

pub(super) async fn cases(table: &mut Table) {
    for (word, kind, data, text) in records() {
        let answer = move |query: &[u8]| {
            wire::answer(query, 0, 0, [&[row("Www.example.test", kind, data.clone())], &[], &[]])
        };
        // Held against the text literally; where no text is given, against anything.
        let rule = match text {
            "" => "'.'".to_owned(),
            text => {
                // A type without a name is written as if its class had none either (RFC 3597).
                let class = if text.starts_with("TYPE") { "CLASS1" } else { "IN" };
                let whole = format!("Www.example.test.\t300\t{class}\t{text}");
                format!("{:?}", format!("^\\Q{whole}\\E$"))
            }
        };
        let options = format!("validate_answer_rrs: {{ fail_if_not_matches_regexp: [{rule}] }}");
        server(table, &format!("text of {word}"), &options, answer).await;
    }
    for (word, own, text) in [
        (
            "a class",
            Row { class: 3, ..row("a.test", TXT, strings(&[b"9.20"])) },
            "a.test.\t300\tCH\tTXT\t\"9.20\"",
        ),
        (
            "a class without a name",
            Row { class: 77, ..row("a.test", A, HERE) },
            "a.test.\t300\tCLASS77\tA\t192.0.2.1",
        ),
        (
            "no time to live",
            Row { ttl: 0, ..row("a.test", A, HERE) },
            "a.test.\t0\tIN\tA\t192.0.2.1",
        ),
        (
            "the longest time to live",
            Row { ttl: u32::MAX, ..row("a.test", A, HERE) },
            "a.test.\t4294967295\tIN\tA\t192.0.2.1",
        ),
        ("the root", row("", A, HERE), ".\t300\tIN\tA\t192.0.2.1"),
        (
            "a name with odd bytes",
            row("\\001a\\.b\\064\\(.test", A, HERE),
            "\\001a\\.b\\@\\(.test.\t300\tIN\tA\t192.0.2.1",
        ),
    ] {
        let rule = format!("{:?}", format!("^\\Q{text}\\E$"));
        let options = format!("validate_answer_rrs: {{ fail_if_not_matches_regexp: [{rule}] }}");
        let answer =
            move |query: &[u8]| wire::answer(query, 0, 0, [std::slice::from_ref(&own), &[], &[]]);
        server(table, &format!("text of {word}"), &options, answer).await;
    }
    // EDNS in an answer that was not asked for is a record like any other.
    let answer = |query: &[u8]| {
        let opt = Row { class: 1232, ttl: 0x8000, ..row("", 41, vec![]) };
        wire::answer(query, 0, 0, [&[row("a.test", A, HERE)], &[], &[opt]])
    };
    server(table, "text of edns", "query_type: A", answer).await;
}

/// The text of a record: type, data, and what the peer makes of it after name, time to live and class.
#[expect(clippy::too_many_lines, reason = "a table")]
fn records() -> Vec<(&'static str, u16, Vec<u8>, &'static str)> {
    let two = |number: u16| number.to_be_bytes().to_vec();
    let four = |number: u32| number.to_be_bytes().to_vec();
    let rrsig = [
        two(1),
        vec![13, 2],
        four(300),
        four(1_700_000_000),
        four(1_690_000_000),
        two(4711),
        name("test"),
        vec![1, 2, 3],
    ]
    .concat();
    vec![
        ("A", A, HERE.to_vec(), "A\t192.0.2.1"),
        (
            "AAAA",
            28,
            vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            "AAAA\t2001:db8::1",
        ),
        (
            "AAAA mapped",
            28,
            vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1],
            "AAAA\t::ffff:192.0.2.1",
        ),
        ("NS", NS, name("Ns1.test"), "NS\tNs1.test."),
        ("CNAME", 5, name("a\\.b.test"), "CNAME\ta\\.b.test."),
        ("PTR", 12, name("\\097\\007\\032x.test"), "PTR\ta\\007\\ x.test."),
        ("PTR of the root", 12, vec![0], "PTR\t."),
        ("MX", 15, [two(10), name("mx.test")].concat(), "MX\t10 mx.test."),
        ("TXT", TXT, strings(&[b"v=spf1 -all"]), "TXT\t\"v=spf1 -all\""),
        ("TXT of two", TXT, strings(&[b"one", b"two words"]), "TXT\t\"one\" \"two words\""),
        ("TXT of nothing", TXT, strings(&[b""]), "TXT\t\"\""),
        (
            "TXT with quotes",
            TXT,
            strings(&[b"a \"b\" \\c; 'd'"]),
            "TXT\t\"a \\\"b\\\" \\\\c; 'd'\"",
        ),
        (
            "TXT with bytes",
            TXT,
            strings(&[b"\x00\x07\t\xff\xc3\xa9"]),
            "TXT\t\"\\000\\007\\009\\255\\195\\169\"",
        ),
        ("SPF", 99, strings(&[b"v=spf1"]), "SPF\t\"v=spf1\""),
        ("SRV", 33, [two(1), two(2), two(443), name("a.test")].concat(), "SRV\t1 2 443 a.test."),
        (
            "CAA",
            257,
            [vec![0, 5], b"issue".to_vec(), b"ca.test; a=\"b\"".to_vec()].concat(),
            "CAA\t0 issue \"ca.test; a=\\\"b\\\"\"",
        ),
        (
            "CAA critical",
            257,
            [vec![128, 4], b"odd1".to_vec(), b"x".to_vec()].concat(),
            "CAA\t128 odd1 \"x\"",
        ),
        ("HINFO", 13, strings(&[b"AMD EPYC", b"Linux"]), "HINFO\t\"AMD EPYC\" \"Linux\""),
        (
            "SOA",
            SOA,
            [name("ns.test"), name("me\\.too.test"), four(1), four(2), four(3), four(4), four(5)]
                .concat(),
            "SOA\tns.test. me\\.too.test. 1 2 3 4 5",
        ),
        (
            "NAPTR",
            35,
            [two(1), two(2), strings(&[b"s", b"SIP+D2U", b"!^.*$!x!"]), name("a.test")].concat(),
            "NAPTR\t1 2 \"s\" \"SIP+D2U\" \"!^.*$!x!\" a.test.",
        ),
        ("DNAME", 39, name("b.test"), "DNAME\tb.test."),
        (
            "DS",
            43,
            [two(4711), vec![13, 2], vec![0xab; 32]].concat(),
            "DS\t4711 13 2 ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB",
        ),
        (
            "DNSKEY",
            48,
            [two(257), vec![3, 13], vec![1, 2, 3, 4]].concat(),
            "DNSKEY\t257 3 13 AQIDBA==",
        ),
        ("RRSIG", 46, rrsig, "RRSIG\tA 13 2 300 20231114221320 20230722042640 4711 test. AQID"),
        (
            "NSEC",
            47,
            [name("b.test"), vec![0, 6, 0x40, 0, 0, 0, 0, 3]].concat(),
            "NSEC\tb.test. A RRSIG NSEC",
        ),
        (
            "NSEC3",
            50,
            [vec![1, 0], two(10), vec![2, 0xaa, 0xbb, 4, 1, 2, 3, 4], vec![0, 1, 0x40]].concat(),
            "NSEC3\t1 0 10 AABB 0410610 A",
        ),
        ("NSEC3PARAM", 51, [vec![1, 0], two(0), vec![0]].concat(), "NSEC3PARAM\t1 0 0 -"),
        ("TLSA", 52, [vec![3, 1, 1], vec![0xcd; 4]].concat(), "TLSA\t3 1 1 cdcdcdcd"),
        ("SSHFP", 44, [vec![4, 2], vec![0xef; 4]].concat(), "SSHFP\t4 2 EFEFEFEF"),
        ("CDS", 59, [two(1), vec![8, 2], vec![1, 2]].concat(), "CDS\t1 8 2 0102"),
        ("OPENPGPKEY", 61, vec![1, 2, 3], "OPENPGPKEY\tAQID"),
        (
            "URI",
            256,
            [two(1), two(2), b"https://a.test/\"b\"".to_vec()].concat(),
            "URI\t1 2 \"https://a.test/\\\"b\\\"\"",
        ),
        (
            "LOC",
            29,
            vec![0, 0x12, 0x16, 0x13, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0x98, 0x96, 0x80],
            "",
        ),
        (
            "HTTPS",
            65,
            [
                two(1),
                vec![0],
                vec![0, 1, 0, 6, 2, b'h', b'2', 2, b'h', b'3'],
                vec![0, 4, 0, 4, 192, 0, 2, 1],
            ]
            .concat(),
            "HTTPS\t1 . alpn=\"h2,h3\" ipv4hint=\"192.0.2.1\"",
        ),
        ("SVCB alias", 64, [two(0), name("a.test")].concat(), "SVCB\t0 a.test."),
        ("a type without a name", 65280, vec![1, 2, 0xab], "TYPE65280\t\\# 3 0102ab"),
        ("a type without data", 65281, vec![], ""),
        ("EUI48", 108, vec![0, 0x11, 0x22, 0x33, 0x44, 0x55], "EUI48\t00-11-22-33-44-55"),
        ("RP", 17, [name("me.test"), name("txt.test")].concat(), "RP\tme.test. txt.test."),
        ("AFSDB", 18, [two(1), name("a.test")].concat(), "AFSDB\t1 a.test."),
    ]
}
