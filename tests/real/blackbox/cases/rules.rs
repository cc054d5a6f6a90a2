//! What an answer is judged by: its headers, its body as text and as JSON, and how it is compressed.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use tokio::io::AsyncWriteExt;

use crate::support::web::{Request, reply};

use super::{super::case::Table, http::site};

pub(super) async fn cases(table: &mut Table) {
    bodies(table).await;
    headers(table).await;
    json(table).await;
    order(table).await;
    compression(table).await;
}

async fn bodies(table: &mut Table) {
    let matches = |regexp: &str| format!("fail_if_body_matches_regexp: [{regexp}]");
    let lacks = |regexp: &str| format!("fail_if_body_not_matches_regexp: [{regexp}]");
    // Each is a rule on a body, and whether it matches there.
    let rules: [(&str, &str, &[u8], bool); 26] = [
        ("plain", "up", b"it is up now", true),
        ("absent", "down", b"it is up now", false),
        ("anchored", "'^up$'", b"it is up now", false),
        ("lines", "'(?m)^up$'", b"it\nup\nnow", true),
        ("no lines", "'^up$'", b"it\nup\nnow", false),
        ("dot and line", "it.up", b"it\nup", false),
        ("dot and line with s", "'(?s)it.up'", b"it\nup", true),
        ("case", "UP", b"up", false),
        ("any case", "'(?i)UP'", b"up", true),
        ("any case beyond ASCII", "'(?i)\u{c9}'", "\u{e9}".as_bytes(), true),
        ("the long s", "'(?i)s'", "\u{17f}".as_bytes(), true),
        ("ASCII digits", "'^\\d+$'", "\u{663}".as_bytes(), false),
        ("ASCII words", "'^\\w+$'", "\u{e9}".as_bytes(), false),
        ("ASCII spaces", "'^\\s+$'", "\u{a0}".as_bytes(), false),
        ("word edges", "'\\bup\\b'", "\u{e9}up".as_bytes(), true),
        ("a script", "'\\p{Greek}'", "\u{3b1}".as_bytes(), true),
        ("a class of one letter", "'^\\pL$'", "\u{3b1}".as_bytes(), true),
        ("quoted", "'\\Qa.b\\E'", b"a.b", true),
        ("quoted dot", "'\\Qa.b\\E'", b"axb", false),
        ("the very end", "'up\\z'", b"up\n", false),
        ("bytes that are no UTF-8", "'a.b'", b"a\xffb", true),
        ("a byte by its number", "'\\xff'", b"a\xffb", false),
        ("an empty body", "'^$'", b"", true),
        ("an empty rule", "''", b"up", true),
        ("named groups", "'(?P<word>up)'", b"up", true),
        ("repetition", "'^(ab){3}$'", b"ababab", true),
    ];
    for (word, regexp, body, found) in rules {
        let (name, script) =
            (format!("rules body matches: {word}"), move |_: &Request| reply(200, &[], body));
        let case = site(table, &name, &matches(regexp), "/", script).await;
        if found {
            case.fails();
        }
        let (name, script) =
            (format!("rules body lacks: {word}"), move |_: &Request| reply(200, &[], body));
        let case = site(table, &name, &lacks(regexp), "/", script).await;
        if !found {
            case.fails();
        }
    }
    let two = matches("one, two");
    site(table, "rules second of two matches", &two, "/", |_| reply(200, &[], b"two"))
        .await
        .fails();
    let two = lacks("one, two");
    site(table, "rules one of two lacks", &two, "/", |_| reply(200, &[], b"two")).await.fails();
    site(table, "rules both of two are there", &two, "/", |_| reply(200, &[], b"two one")).await;
    let both = format!("{}, {}", matches("bad"), lacks("good"));
    site(table, "rules both lists", &both, "/", |_| reply(200, &[], b"good")).await;
    site(table, "rules both lists, bad", &both, "/", |_| reply(200, &[], b"good and bad"))
        .await
        .fails();
}

async fn headers(table: &mut Table) {
    let rule = |key: &str, header: &str, regexp: &str, missing: bool| {
        format!("{key}: [{{ header: {header}, regexp: '{regexp}', allow_missing: {missing} }}]")
    };
    let (bad, good) = ("fail_if_header_matches", "fail_if_header_not_matches");
    let script = |_: &Request| {
        reply(200, &[("X-One", "first"), ("X-Many", "a"), ("X-Many", "b"), ("X-Empty", "")], b"up")
    };
    let rules = [
        ("matches", rule(bad, "X-One", "^f", false), false),
        ("does not match", rule(bad, "X-One", "^g", false), true),
        ("in lower case", rule(bad, "x-one", "^f", false), false),
        ("one of many matches", rule(bad, "X-Many", "b", false), false),
        ("missing", rule(bad, "X-None", "b", false), false),
        ("missing, allowed", rule(bad, "X-None", "b", true), true),
        ("empty matches", rule(bad, "X-Empty", "^$", false), false),
        ("is as wanted", rule(good, "X-One", "^first$", false), true),
        ("is not as wanted", rule(good, "X-One", "^second$", false), false),
        ("one of many is as wanted", rule(good, "X-Many", "b", false), true),
        ("none of many is as wanted", rule(good, "X-Many", "c", false), false),
        ("wanted and missing", rule(good, "X-None", "b", false), false),
        ("wanted and missing, allowed", rule(good, "X-None", "b", true), true),
        ("length is a header", rule(good, "Content-Length", "^2$", false), true),
    ];
    for (word, options, passes) in rules {
        let case = site(table, &format!("rules header {word}"), &options, "/", script).await;
        if !passes {
            case.fails();
        }
    }
    let both = format!("{}, {}", rule(bad, "X-One", "x", false), rule(good, "X-Many", "a", false));
    site(table, "rules headers of both kinds", &both, "/", script).await;
    // Not seen by rules: how the body came.
    let options = rule(good, "Transfer-Encoding", "chunked", false);
    site(table, "rules header of a transfer", &options, "/", |_| {
        let mut answer = reply(200, &[], b"");
        answer.opening = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a\r\n\r\n2\r\nup\r\n0\r\n\r\n".to_vec();
        answer
    })
    .await
    .fails();
}

async fn json(table: &mut Table) {
    let (bad, good) = ("fail_if_body_json_matches_cel", "fail_if_body_json_not_matches_cel");
    let state = br#"{"state":"up","count":3,"ratio":0.5,"list":[1,2,3],"deep":{"a":{"b":null}},"yes":true,"name":"caf\u00e9"}"#;
    let expressions = [
        ("equal", "body.state == 'up'", true),
        ("unequal", "body.state == 'down'", false),
        ("a number", "body.count == 3", true),
        ("a number and a fraction", "body.count > 2.5", true),
        ("a fraction", "body.ratio < 1.0", true),
        ("a list's size", "size(body.list) == 3", true),
        ("in a list", "2 in body.list", true),
        ("exists", "body.list.exists(x, x == 3)", true),
        ("all", "body.list.all(x, x > 0)", true),
        ("a filter", "body.list.filter(x, x > 1).size() == 2", true),
        ("a map", "body.list.map(x, x * 2.0)[0] == 2.0", true),
        ("has", "has(body.deep.a)", true),
        ("has not", "has(body.deep.c)", false),
        ("null", "body.deep.a.b == null", true),
        ("a boolean", "body.yes", true),
        ("a function of text", "body.state.startsWith('u') && body.state.endsWith('p')", true),
        ("contains", "body.state.contains('u')", true),
        ("matches", "body.state.matches('^u.$')", true),
        ("another script", "body.name == 'caf\u{e9}'", true),
        ("a condition", "body.yes ? body.count == 3.0 : false", true),
        ("an index by name", "body['state'] == 'up'", true),
        ("text of a number", "string(body.count) == '3'", true),
        ("a type", "type(body.count) == double", true),
        ("or", "body.state == 'down' || body.count == 3", true),
    ];
    for (word, expression, holds) in expressions {
        let quoted = expression.replace('"', "\\\"");
        for (kind, key, passes) in [("matches", bad, !holds), ("lacks", good, holds)] {
            let options = format!("{key}: \"{quoted}\"");
            let name = format!("rules json {kind}: {word}");
            let case = site(table, &name, &options, "/", move |_| reply(200, &[], state)).await;
            if !passes {
                case.fails();
            }
        }
    }
    let broken: [(&str, &str, &[u8]); 8] = [
        ("no json", "body.a == 1", b"up"),
        ("nothing", "body.a == 1", b""),
        ("two documents", "body.a == 1", b"{\"a\":1}{\"a\":1}"),
        ("a missing key", "body.b == 1", b"{\"a\":1}"),
        ("no boolean", "body.a", b"{\"a\":1}"),
        ("a key of a list", "body.a == 1", b"[1]"),
        ("a division by zero", "body.a / 0 == 1", b"{\"a\":1}"),
        ("an index too high", "body[3] == 1.0", b"[1]"),
    ];
    for (word, expression, body) in broken {
        for (kind, key) in [("matches", bad), ("lacks", good)] {
            let options = format!("{key}: \"{expression}\"");
            let name = format!("rules json {kind} with {word}");
            site(table, &name, &options, "/", move |_| reply(200, &[], body)).await.fails();
        }
    }
    let other: [(&str, &str, &[u8]); 4] = [
        ("a list", "body[0] == 1.0", b"[1]"),
        ("a text", "body == 'up'", b"\"up\""),
        ("white space around", "body.a == 1.0", b" \n{\"a\":1}\n"),
        ("a key twice", "body.a == 2.0", b"{\"a\":1,\"a\":2}"),
    ];
    for (word, expression, body) in other {
        let options = format!("{good}: \"{expression}\"");
        site(table, &format!("rules json is {word}"), &options, "/", move |_| {
            reply(200, &[], body)
        })
        .await;
    }
    let both = format!("{good}: \"body.state == 'up'\", {bad}: \"body.count > 5\"");
    site(table, "rules json of both kinds", &both, "/", move |_| reply(200, &[], state)).await;
}

/// A rule that was not reached leaves no word.
async fn order(table: &mut Table) {
    let body = "fail_if_body_matches_regexp: [up]";
    let header = "fail_if_header_matches: [{ header: X-One, regexp: '1' }]";
    let cel = "fail_if_body_json_not_matches_cel: \"body.a == 1.0\"";
    let script = |status| move |_: &Request| reply(status, &[("X-One", "1")], b"up");
    for (word, status, options) in [
        ("a status before a body", 500, body.to_owned()),
        ("a status before a header", 500, header.to_owned()),
        ("a status before json", 500, cel.to_owned()),
        ("a header before a body", 200, format!("{header}, {body}")),
        ("a header before json", 200, format!("{header}, {cel}")),
        ("a body before json", 200, format!("{body}, {cel}")),
    ] {
        site(table, &format!("rules in order: {word}"), &options, "/", script(status))
            .await
            .fails();
    }
    // The body is read once: after a rule on its text there is nothing left for JSON.
    let both = format!("fail_if_body_matches_regexp: [none], {cel}");
    site(table, "rules on text and json", &both, "/", |_| reply(200, &[], b"{\"a\":1}"))
        .await
        .fails();
    let tls = format!("{body}, fail_if_not_ssl: true");
    site(table, "rules and no tls", &tls, "/", script(200)).await.fails();
}

async fn compression(table: &mut Table) {
    let text = "all is well, and well again. ".repeat(100);
    let gzip = gzipped(text.as_bytes());
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let deflate = encoder.finish().unwrap();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let zlib = encoder.finish().unwrap();
    let mut encoder = async_compression::tokio::write::BrotliEncoder::new(Vec::new());
    encoder.write_all(text.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    let brotli = encoder.into_inner();
    let plain = text.clone().into_bytes();
    let corrupt = {
        let mut bytes = gzip.clone();
        let last = bytes.len() - 6;
        bytes[last] ^= 0xff;
        bytes
    };
    let rule = "fail_if_body_not_matches_regexp: ['^all is well']";
    let bodies = [
        ("gzip", "gzip", gzip.clone(), "gzip", true),
        ("gzip in capitals", "GZIP", gzip.clone(), "gzip", true),
        ("gzip unannounced", "gzip", gzip.clone(), "", true),
        (
            "gzip in two members",
            "gzip",
            [gzipped(b"all is well "), gzipped(b"twice")].concat(),
            "gzip",
            true,
        ),
        ("gzip with more behind", "gzip", [&gzip[..], b"noise"].concat(), "gzip", false),
        ("gzip cut", "gzip", gzip[..gzip.len() / 2].to_vec(), "gzip", false),
        ("gzip with a wrong sum", "gzip", corrupt, "gzip", false),
        ("gzip of nothing", "gzip", gzipped(b""), "gzip", true),
        ("gzip without a byte", "gzip", Vec::new(), "gzip", false),
        ("gzip wanted, plain", "gzip", plain.clone(), "", false),
        ("br", "br", brotli.clone(), "br", true),
        ("br cut", "br", brotli[..brotli.len() / 2].to_vec(), "br", false),
        ("br wanted, plain", "br", plain.clone(), "", false),
        ("br with more behind", "br", [&brotli[..], b"noise"].concat(), "br", false),
        ("deflate", "deflate", deflate.clone(), "deflate", true),
        ("deflate cut", "deflate", deflate[..deflate.len() / 2].to_vec(), "deflate", false),
        ("deflate in zlib's frame", "deflate", zlib, "deflate", false),
        ("deflate wanted, plain", "deflate", plain.clone(), "", false),
        ("identity", "identity", plain.clone(), "", true),
        ("identity, gzip comes", "identity", gzip.clone(), "gzip", true),
        ("none, gzip comes", "", gzip.clone(), "gzip", true),
    ];
    for (word, algorithm, body, encoding, passes) in bodies {
        let compression =
            if algorithm.is_empty() { String::new() } else { format!("compression: {algorithm}") };
        for (with, rule) in [("", ""), (" and a rule", rule)] {
            let body = body.clone();
            let script = move |_: &Request| match encoding {
                "" => reply(200, &[], &body),
                encoding => reply(200, &[("Content-Encoding", encoding)], &body),
            };
            let options = [compression.as_str(), rule].join(", ");
            let options = options.trim_start_matches(", ").trim_end_matches(", ");
            let case =
                site(table, &format!("rules compression {word}{with}"), options, "/", script).await;
            let unread =
                ["gzip of nothing", "identity, gzip comes", "none, gzip comes"].contains(&word);
            if !passes || (unread && !with.is_empty()) {
                case.fails();
            }
        }
    }
    let script = move |_: &Request| reply(200, &[("Content-Encoding", "gzip")], &gzip);
    let options = "compression: gzip, headers: { Accept-Encoding: 'br;q=0.5, gzip' }";
    site(table, "rules compression asked for", options, "/", script.clone()).await;
    let options = "compression: gzip, body_size_limit: 1KB";
    site(table, "rules compression and a limit", options, "/", script.clone()).await.fails();
    let options = "compression: gzip, valid_status_codes: [500]";
    site(table, "rules compression and a wrong status", options, "/", script).await.fails();
    let options = "compression: gzip";
    let script = |_: &Request| reply(204, &[], b"");
    site(table, "rules compression without content", options, "/", script).await.fails();
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
