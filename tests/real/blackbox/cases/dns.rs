//! Questions to name servers: what is asked, what is counted, and the text that rules are held against.

use crate::support::{
    authority::{Authority, Flaw},
    names::{
        self,
        wire::{self, Row, name, row, strings},
    },
    peer::Peer,
    tls,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::case::{Case, Table};

const A: u16 = 1;
const NS: u16 = 2;
const SOA: u16 = 6;
const TXT: u16 = 16;

const HERE: [u8; 4] = [192, 0, 2, 1];

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

pub(super) async fn cases(table: &mut Table) {
    questions(table).await;
    codes(table).await;
    rules(table).await;
    texts(table).await;
    broken(table).await;
    streams(table).await;
    targets(table);
}

async fn questions(table: &mut Table) {
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

async fn codes(table: &mut Table) {
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

async fn rules(table: &mut Table) {
    let keys = [
        ("matches", "fail_if_matches_regexp"),
        ("all match", "fail_if_all_match_regexp"),
        ("not matches", "fail_if_not_matches_regexp"),
        ("none matches", "fail_if_none_matches_regexp"),
    ];
    let sections = [
        ("answer", "validate_answer_rrs"),
        ("authority", "validate_authority_rrs"),
        ("additional", "validate_additional_rrs"),
    ];
    let lists = [
        ("both", r#""192\\.0\\.2\\.""#),
        ("one", r#""192\\.0\\.2\\.1$""#),
        ("neither", r#""198\\.51""#),
        ("one each", r#""\\.1$", "\\.2$""#),
        ("one and neither", r#""\\.1$", "198""#),
    ];
    // What the peer makes of each rule where the section holds 192.0.2.1 and 192.0.2.2, and where it is empty. Its rule
    // on all of them is upside down.
    let verdict = |key: &str, list: &str| match (key, list) {
        ("matches", "neither") | ("all match", "both") => (true, true),
        ("matches" | "all match", _) => (false, true),
        ("not matches", "both") => (true, false),
        ("not matches", _) | ("none matches", "neither") => (false, false),
        (_, _) => (true, false),
    };
    for (at, (section, rrs)) in sections.into_iter().enumerate() {
        for (word, key) in keys {
            for (which, list) in lists {
                let (two, none) = verdict(word, which);
                for (filled, passes) in [(true, two), (false, none)] {
                    let answer = move |query: &[u8]| {
                        let rows =
                            [row("example.test", A, HERE), row("example.test", A, [192, 0, 2, 2])];
                        let mut all: [&[Row]; 3] = [&[], &[], &[]];
                        if filled {
                            all[at] = &rows;
                        }
                        wire::answer(query, 0, 0, all)
                    };
                    let options = format!("query_type: A, {rrs}: {{ {key}: [{list}] }}");
                    let filled = if filled { "two" } else { "nothing" };
                    let name = format!("rule {word}: {which} of {filled} in the {section}");
                    let case = server(table, &name, &options, answer).await;
                    if !passes {
                        case.fails();
                    }
                }
            }
        }
    }
    for (word, options, passes) in [
        ("that is none", "validate_answer_rrs: { fail_if_matches_regexp: [':['] }", false),
        (
            "that is none, of a section that is empty",
            "validate_additional_rrs: { fail_if_matches_regexp: [':['] }",
            false,
        ),
        (
            "of two kinds",
            r#"validate_answer_rrs: { fail_if_matches_regexp: ["198"], fail_if_not_matches_regexp: ["192"] }"#,
            true,
        ),
        (
            "after a code",
            "valid_rcodes: [NXDOMAIN], validate_answer_rrs: { fail_if_matches_regexp: ['198'] }",
            false,
        ),
        (
            "of the second section",
            r#"validate_answer_rrs: { fail_if_matches_regexp: ["198"] }, validate_authority_rrs: { fail_if_matches_regexp: ["ns"] }"#,
            false,
        ),
    ] {
        let case =
            server(table, &format!("rule {word}"), &format!("query_type: A, {options}"), addresses)
                .await;
        if !passes {
            case.fails();
        }
    }
    let answer = |query: &[u8]| wire::answer(query, 0, 0, [&[row("a.test", A, HERE)], &[], &[]]);
    let options = "query_type: A, validate_additional_rrs: { fail_if_matches_regexp: [':['] }";
    server(table, "rule that is none, of an empty section", options, answer).await;
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

async fn texts(table: &mut Table) {
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

/// What a server makes of a question.
type Script = fn(&[u8]) -> Vec<Vec<u8>>;

async fn broken(table: &mut Table) {
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

async fn streams(table: &mut Table) {
    let tcp = "query_name: example.test, query_type: A, transport_protocol: tcp";
    let peer = framed(None).await;
    let target = peer.address().to_string();
    table.case("dns over tcp", "dns", tcp, target).hears("server", peer);
    let acts: [(&'static str, &'static [u8]); 4] = [
        ("that closes", b""),
        ("that says half a length", b"\x00"),
        ("that says less than the length", b"\x00\x40noise"),
        ("that says noise", b"\x00\x05noise"),
    ];
    for (word, words) in acts {
        let peer = Peer::stream(move |mut stream, _, _| async move {
            let length = stream.read_u16().await?;
            stream.read_exact(&mut vec![0; length.into()]).await?;
            stream.write_all(words).await
        });
        let peer = peer.await;
        let target = peer.address().to_string();
        table.case(&format!("dns over tcp {word}"), "dns", tcp, target).keeps(peer).fails();
    }
    let authority = Authority::new();
    let ca = authority.ca_file().display().to_string();
    for (word, flaw, config, passes) in [
        ("", Flaw::None, format!("tls_config: {{ ca_file: {ca} }}"), true),
        (" expired", Flaw::Expired, format!("tls_config: {{ ca_file: {ca} }}"), false),
        (" of another name", Flaw::WrongName, format!("tls_config: {{ ca_file: {ca} }}"), false),
        (
            " of another name, as configured",
            Flaw::WrongName,
            format!("tls_config: {{ ca_file: {ca}, server_name: elsewhere.test }}"),
            true,
        ),
        (
            " not verified",
            Flaw::Expired,
            "tls_config: { insecure_skip_verify: true }".to_owned(),
            true,
        ),
        (" unknown", Flaw::None, String::new(), false),
    ] {
        let peer = framed(Some(authority.acceptor(flaw))).await;
        let options = format!("{tcp}, dns_over_tls: true, preferred_ip_protocol: ip4, {config}");
        let target = format!("localhost:{}", peer.address().port());
        let case = table.case(
            &format!("dns over tls{word}"),
            "dns",
            options.trim_end_matches(", "),
            target,
        );
        case.hears("server", peer);
        if !passes {
            case.fails();
        }
    }
    let peer = Peer::datagram(|query, _| vec![addresses(query)]).await;
    let target = peer.address().to_string();
    let options = "query_name: example.test, dns_over_tls: true";
    table.case("dns over tls over udp", "dns", options, target).keeps(peer).fails();
    table.keep(authority);
}

/// A server over TCP, or over TLS.
async fn framed(acceptor: Option<tokio_rustls::TlsAcceptor>) -> Peer {
    Peer::stream(move |stream, _, seen| {
        let acceptor = acceptor.clone();
        async move {
            match acceptor {
                Some(acceptor) => {
                    converse(tls::accept(stream, &acceptor, &seen).await?, &seen).await
                }
                None => converse(stream, &seen).await,
            }
        }
    })
    .await
}

async fn converse<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    mut stream: S,
    seen: &crate::support::peer::Seen,
) -> std::io::Result<()> {
    loop {
        let mut query = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut query).await?;
        seen.heard("query", wire::kept(&query));
        stream.write_all(&names::framed(&addresses(&query))).await?;
        stream.flush().await?;
    }
}

fn targets(table: &mut Table) {
    let options = "query_name: example.test, query_type: A";
    // Port 53 of loopback is the system's resolver here.
    for (word, target) in [("an address alone", "127.0.0.1"), ("a name alone", "four.test")] {
        let options = "query_name: four.test, query_type: A";
        table.case(&format!("dns target {word}"), "dns", options, target);
    }
    for (word, target) in [
        ("a port too high", "127.0.0.1:70000"),
        ("a port of letters", "127.0.0.1:domain-not"),
        ("an empty port", "127.0.0.1:"),
        ("a url", "dns://127.0.0.1"),
        ("a name that does not exist", "absent.test"),
    ] {
        let module = format!("prober: dns, timeout: 500ms, dns: {{ {options} }}");
        table.module(&format!("dns target {word}"), &module, target).fails();
    }
}
