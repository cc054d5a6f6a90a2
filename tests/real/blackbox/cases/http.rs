//! Requests of HTTP in the plain: what is sent, and what is made of each kind of answer.

use crate::support::{
    dialogue::{self, End, Turn, say},
    peer::Peer,
    web::{self, Reply, Request, reply},
};

use super::super::{
    case::{Case, Table},
    world::World,
};

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

/// A site that says these bytes whatever it is asked, and then closes.
async fn saying<'a>(table: &'a mut Table, name: &str, options: &str, words: &[u8]) -> &'a mut Case {
    let peer = web::saying(words).await;
    let target = format!("http://{}/", peer.address());
    table.case(name, "http", options, target).hears("site", peer)
}

fn up(_: &Request) -> Reply {
    reply(200, &[], b"up")
}

pub(super) async fn cases(table: &mut Table, world: &World) {
    requests(table, world).await;
    targets(table).await;
    answers(table).await;
    oddities(table).await;
    failures(table).await;
}

async fn requests(table: &mut Table, world: &World) {
    site(table, "http plain", "", "/", up).await;
    for (word, options) in [
        ("post", "method: POST, body: 'a=1&b=\"2\"'"),
        ("post without a body", "method: POST"),
        ("post json", "method: POST, body: '{}', headers: { Content-Type: application/json }"),
        ("put", "method: PUT, body: \"line\\nline\\n\""),
        ("patch", "method: PATCH, body: x"),
        ("delete", "method: DELETE"),
        ("options", "method: OPTIONS"),
        ("a method of one's own", "method: PURGE"),
        ("a method in lower case", "method: get"),
        ("get with a body", "body: 'of a get'"),
        ("a user agent", "headers: { User-Agent: mine/1.0 }"),
        ("a user agent in lower case", "headers: { user-agent: mine/1.0 }"),
        ("a host", "headers: { Host: vhost.test }"),
        ("a host in lower case", "headers: { host: 'vhost.test:81' }"),
        (
            "headers",
            "headers: { X-One: '1', x-two: two words, Accept: '*/*', Origin: example.com }",
        ),
        ("an empty header", "headers: { X-Empty: '' }"),
        ("accept-encoding", "headers: { Accept-Encoding: 'gzip, br' }"),
        ("accept-language", "http_headers: { Accept-Language: { values: [en-US] } }"),
        ("headers with several values", "http_headers: { X-Many: { values: [one, two] } }"),
        ("secret headers", "http_headers: { X-Secret: { secrets: [hush] } }"),
        (
            "both kinds of headers",
            "headers: { X-A: a }, http_headers: { X-B: { values: [b], secrets: [c] } }",
        ),
        ("no redirects wanted", "follow_redirects: false"),
        ("http2 off", "enable_http2: false"),
        ("not over tls", "fail_if_ssl: true"),
        ("status 200 wanted", "valid_status_codes: [200, 404]"),
        ("version 1.1 wanted", "valid_http_versions: ['HTTP/1.1', 'HTTP/2.0']"),
    ] {
        site(table, &format!("http {word}"), options, "/", up).await;
    }
    let file = world.file("body.txt", "from a file\n");
    site(table, "http body file", &format!("method: POST, body_file: {file}"), "/", up).await;
    let file = world.file("empty.txt", "");
    site(table, "http empty body file", &format!("method: POST, body_file: {file}"), "/", up).await;
    let file = world.file("value.txt", "of a file\n");
    let options = format!("http_headers: {{ X-File: {{ files: [{file}] }} }}");
    site(table, "http header from a file", &options, "/", up).await;
    for (word, options) in [
        ("tls wanted", "fail_if_not_ssl: true"),
        ("status 404 wanted", "valid_status_codes: [404]"),
        ("version 2 wanted", "valid_http_versions: ['HTTP/2.0']"),
        ("a method that is none", "method: 'BAD METHOD'"),
        ("no such body file", "body_file: /nowhere/body.txt"),
        ("no such header file", "http_headers: { X-File: { files: [/nowhere/x] } }"),
    ] {
        site(table, &format!("http {word}"), options, "/", up).await.fails();
    }
    // The answer to HEAD has a length and no body.
    let words = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";
    saying(table, "http head", "method: HEAD", words).await;
}

async fn targets(table: &mut Table) {
    for (word, path) in [
        ("no path", ""),
        ("a query", "/?a=1&b=2"),
        ("a query alone", "?a=1"),
        ("an empty query", "/?"),
        ("a fragment", "/page#part"),
        ("encoded characters", "/%41%2fb%20c?d=%20e+f%2B"),
        ("characters to encode", "/a b/\u{e9}?q=x y&\u{e9}=<>"),
        ("dots", "/a/./b/../c"),
        ("dots at its end", "/a/.."),
        ("dots in the query", "?a=/../b"),
        ("an encoded dot", "/a/%2e%2e/b"),
        ("a blank at its end", "/a "),
        ("one character too many", "/a!'()*|%2F%7e"),
        ("another script", "/\u{72fc}"),
        ("double slashes", "//a//b"),
        ("brackets and pipes", "/a[b]|c{d}^e`f?g[h]|i"),
        ("a semicolon", "/a;b=c?d;e"),
        ("an at sign", "/@a:b"),
        ("a backslash", "/a\\b"),
        ("a long path", &format!("/{}", "x".repeat(4000))),
    ] {
        site(table, &format!("http target with {word}"), "", path, up).await;
    }
    let site = |script: fn(&Request) -> Reply| web::serve(script);
    for (word, pattern) in [
        ("without a scheme", "ADDRESS/path"),
        ("with a user", "http://user:p%40ss@ADDRESS/"),
        ("with a user alone", "http://user@ADDRESS/"),
        ("by name", "http://localhost:PORT/"),
        ("by name in capitals", "http://LOCALHOST:PORT/"),
        ("by a name without a scheme", "localhost:PORT"),
    ] {
        let peer = site(up).await;
        let target = place(pattern, &peer);
        let options = "preferred_ip_protocol: ip4";
        table.case(&format!("http target {word}"), "http", options, target).hears("site", peer);
    }
    for (word, pattern) in [
        ("with the scheme in capitals", "HTTP://ADDRESS/"),
        ("with another scheme", "ftp://ADDRESS/"),
        ("with a port that is none", "http://127.0.0.1:port/"),
        ("with a port too high", "http://127.0.0.1:70000/"),
        ("without a host", "http:///path"),
        ("without anything", "http://"),
        ("with half a bracket", "http://[::1:PORT/"),
        ("with a space in the host", "http://local host:PORT/"),
        ("with a line in it", "http://ADDRESS/\nHost: evil"),
        ("with half an escape", "http://ADDRESS/%4"),
        ("with an escape in the host", "http://%6cocalhost%zz:PORT/"),
        ("of letters only one country has", "http://b\u{fc}cher.test:PORT/"),
        ("by name with a dot", "http://localhost.:PORT/"),
        ("that does not exist", "http://absent.test:PORT/"),
    ] {
        let peer = site(up).await;
        let target = place(pattern, &peer);
        let case = table.case(&format!("http target {word}"), "http", "", target);
        case.hears("site", peer).fails();
    }
    let peer = site(up).await;
    let target = format!("http://127.0.0.1:{}/", peer.address().port());
    let case = table.case("http hostname", "http", "", target);
    case.with("hostname=other.test").hears("site", peer);
    let peer = site(up).await;
    let target = format!("http://{}/", peer.address());
    let case =
        table.case("http hostname and the same host", "http", "headers: { Host: a.test }", target);
    case.with("hostname=a.test").hears("site", peer);
}

fn place(pattern: &str, peer: &Peer) -> String {
    let address = peer.address();
    pattern.replace("ADDRESS", &address.to_string()).replace("PORT", &address.port().to_string())
}

async fn answers(table: &mut Table) {
    for status in [201_u16, 202, 204, 205, 206, 226, 299] {
        site(table, &format!("http {status}"), "", "/", move |_| reply(status, &[], b"")).await;
    }
    for status in [300_u16, 304, 400, 401, 403, 404, 407, 418, 429, 500, 503, 599, 600, 999] {
        let name = format!("http {status}");
        site(table, &name, "", "/", move |_| reply(status, &[], b"no")).await.fails();
    }
    let name = "http 500 as wanted";
    site(table, name, "valid_status_codes: [500]", "/", |_| reply(500, &[], b"no")).await;
    for (word, date) in [
        ("RFC 1123", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ("RFC 850", "Wednesday, 21-Oct-15 07:28:00 GMT"),
        ("asctime", "Wed Oct 21 07:28:00 2015"),
        ("another zone", "Wed, 21 Oct 2015 07:28:00 CEST"),
        ("an offset", "Wed, 21 Oct 2015 07:28:00 +0200"),
        ("no date", "yesterday"),
        ("nothing", ""),
        ("the wrong day", "Mon, 21 Oct 2015 07:28:00 GMT"),
        ("the year 1", "Mon, 01 Jan 0001 00:00:00 GMT"),
    ] {
        let name = format!("http last modified: {word}");
        site(table, &name, "", "/", move |_| reply(200, &[("Last-Modified", date)], b"up")).await;
    }
    let limit = |size| format!("body_size_limit: {size}");
    let thousand = |_: &Request| reply(200, &[], &[b'x'; 1000]);
    for size in ["1000B", "1KB", "1KiB", "1MB", "2B", "999B", "0B"] {
        let name = format!("http body of 1000 bytes, limit {size}");
        let case = site(table, &name, &limit(size), "/", thousand).await;
        if ["2B", "999B"].contains(&size) {
            case.fails();
        }
    }
    let options = "body_size_limit: 10B, fail_if_body_matches_regexp: [y]";
    site(table, "http limit and rule", options, "/", thousand).await.fails();
    let megabyte = |_: &Request| Reply {
        opening: b"HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n".to_vec(),
        again: vec![b'x'; 1 << 20],
        times: 3,
    };
    site(table, "http body of 3 MB", "", "/", megabyte).await;
    site(
        table,
        "http body of 3 MB, a rule",
        "fail_if_body_not_matches_regexp: ['^x+$']",
        "/",
        megabyte,
    )
    .await;
}

/// Answers that few servers give, and that a client has to take or to refuse.
async fn oddities(table: &mut Table) {
    let taken: [(&str, &[u8]); 18] = [
        ("chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n0\r\n\r\n"),
        ("chunks with extensions", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nup\r\n0\r\n\r\n"),
        ("trailers", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nup\r\n0\r\nX-T: 1\r\n\r\n"),
        ("until close", b"HTTP/1.1 200 OK\r\n\r\nup to the end"),
        ("version 1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nup"),
        ("version 1.0 until close", b"HTTP/1.0 200 OK\r\n\r\nup"),
        ("version 1.0 that stays", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nup"),
        ("no reason phrase", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nup"),
        ("an empty reason phrase", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nup"),
        ("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nup"),
        ("more than the length", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup and away"),
        ("the same length twice", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nup"),
        ("100 first", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup"),
        ("103 first", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup"),
        ("no space after a colon", b"HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nup"),
        ("a space in a header's name", b"HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 2\r\n\r\nup"),
        ("a header in Latin-1", b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\nup"),
        ("a body in Latin-1", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ncaf\xe9"),
    ];
    for (word, words) in taken {
        saying(table, &format!("http answer: {word}"), "", words).await;
    }
    let refused: [(&str, &[u8]); 18] = [
        ("nothing", b""),
        ("noise", b"\x00\x07\xff\xfe noise\r\n\r\n"),
        ("half a head", b"HTTP/1.1 200 OK\r\nContent-"),
        ("no head", b"HTTP/1.1 200 OK"),
        ("less than the length", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nup"),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nup"),
        ("a length below 0", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nup"),
        ("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nup"),
        ("a cut chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nup"),
        (
            "a chunk without a size",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nup\r\n0\r\n\r\n",
        ),
        ("an unknown transfer encoding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\nhc"),
        ("a status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nup"),
        ("a status of letters", b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nup"),
        ("a version of letters", b"HTTP/a.b 200 OK\r\nContent-Length: 2\r\n\r\nup"),
        ("another protocol", b"ICY 200 OK\r\nContent-Length: 2\r\n\r\nup"),
        ("a header without a colon", b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nup"),
        ("101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ];
    for (word, words) in refused {
        saying(table, &format!("http answer: {word}"), "", words).await.fails();
    }
    let options = "valid_http_versions: ['HTTP/1.1']";
    let words = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nup";
    saying(table, "http version 1.0 not wanted", options, words).await.fails();
    let options = "valid_http_versions: ['HTTP/1.0']";
    saying(table, "http version 1.0 wanted", options, words).await;
    let large = format!("X-Large: {}", "x".repeat(200_000));
    let words = format!("HTTP/1.1 200 OK\r\n{large}\r\nContent-Length: 2\r\n\r\nup");
    saying(table, "http answer: a header of 200 kB", "", words.as_bytes()).await;
    let many = "X-More: of it\r\n".repeat(300);
    let words = format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 2\r\n\r\nup");
    saying(table, "http answer: 300 headers", "", words.as_bytes()).await;
}

async fn failures(table: &mut Table) {
    let refusing = Peer::refusing();
    let target = format!("http://{}/", refusing.address());
    table.case("http refused", "http", "", target).hears("site", refusing).fails();
    let scripts: [(&str, &[Turn], End); 5] = [
        ("silence", &[], End::Wait),
        ("half a head and silence", &[Turn::HearLine, say("HTTP/1.1 200 OK\r\n")], End::Wait),
        (
            "half a body and silence",
            &[Turn::HearLine, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nup")],
            End::Wait,
        ),
        ("reset", &[Turn::HearLine, Turn::Reset], End::Close),
        ("closed at once", &[], End::Close),
    ];
    for (word, turns, end) in scripts {
        let peer = dialogue::serve(turns, end).await;
        let target = format!("http://{}/", peer.address());
        let module = "prober: http, timeout: 400ms";
        // What a client still said to one that had gone is a matter of luck.
        let case = table.module(&format!("http {word}"), module, target).fails();
        if end == End::Wait {
            case.hears("site", peer);
        } else {
            case.keeps(peer);
        }
    }
}
