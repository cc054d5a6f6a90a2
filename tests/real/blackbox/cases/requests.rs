//! What a scraper may ask of `/probe`, and how.

use crate::support::{
    dialogue::{self, End},
    web::{self, reply},
};

use super::super::case::Table;

pub(super) async fn cases(table: &mut Table) {
    for (name, query) in [
        ("nothing", ""),
        ("an unknown module", "module=nosuch&target=127.0.0.1"),
        ("an unknown module without a target", "module=nosuch"),
        ("a module with quotes", "module=a%22b%0A&target=x"),
        ("a module in another script", "module=%E7%8B%BC&target=x"),
        ("a module that is no UTF-8", "module=%ff&target=x"),
        ("no module", "target=127.0.0.1"),
        ("an empty module", "module=&target=127.0.0.1"),
        ("half an escape", "module=%4&target=x"),
        ("a semicolon", "module=nosuch;target=x"),
        ("a module twice", "module=nosuch&module=none&target=x"),
    ] {
        table.query(&format!("requests {name}"), query).answers(400);
    }
    table.module("requests without a target", "prober: http", "").answers(400);
    table.module("requests of an unknown prober", "prober: telnet", "127.0.0.1").answers(400);
    table.module("requests of no prober", "timeout: 5s", "127.0.0.1").answers(400);
    table.module("requests of a prober in capitals", "prober: HTTP", "127.0.0.1").answers(400);

    let site = || web::serve(|_| reply(200, &[], b"up"));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
        let peer = site().await;
        let target = format!("http://{}/", peer.address());
        let case = table.case(&format!("requests by {method}"), "http", "", target);
        case.method(method).hears("site", peer);
        if method == "HEAD" {
            case.answers(200);
        }
    }
    for (word, header) in [
        ("10", "10"),
        ("a fraction", "1.5"),
        ("in exponents", "1e1"),
        ("infinite", "Inf"),
        ("0", "0"),
        ("a sign", "+3"),
        ("below the offset", "0.6"),
        ("in hexadecimal", "0x1p2"),
        ("underscores", "1_0"),
    ] {
        let peer = site().await;
        let target = format!("http://{}/", peer.address());
        let case = table.case(&format!("requests with a timeout of {word}"), "http", "", target);
        case.header(&format!("X-Prometheus-Scrape-Timeout-Seconds: {header}")).keeps(peer);
    }
    for (word, header) in
        [("nothing", "abc"), ("a duration", "10s"), ("a comma", "1,5"), ("a space", "1 0")]
    {
        let peer = site().await;
        let target = format!("http://{}/", peer.address());
        let case =
            table.case(&format!("requests with a timeout that is {word}"), "http", "", target);
        case.header(&format!("X-Prometheus-Scrape-Timeout-Seconds: {header}"))
            .keeps(peer)
            .answers(500);
    }
    // The scraper's time rules where it is shorter than the module's.
    let peer = dialogue::serve(&[], End::Wait).await;
    let target = format!("http://{}/", peer.address());
    let case = table.case("requests that would take too long", "http", "", target);
    case.header("X-Prometheus-Scrape-Timeout-Seconds: 0.9").keeps(peer).fails();

    for (word, accept) in [
        ("text", "text/plain;version=0.0.4"),
        ("anything", "*/*"),
        ("openmetrics", "application/openmetrics-text;version=1.0.0"),
        (
            "openmetrics or text",
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
        ),
        ("json", "application/json"),
        (
            "protobuf",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        ),
        (
            "protobuf first",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        ),
        ("new names", "text/plain;version=1.0.0;escaping=allow-utf-8"),
        (
            "new names in openmetrics",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,*/*;q=0.1",
        ),
    ] {
        let peer = site().await;
        let target = format!("http://{}/", peer.address());
        let case = table.case(&format!("requests that accept {word}"), "http", "", target);
        case.header(&format!("Accept: {accept}")).keeps(peer);
    }
    for (word, encoding) in [
        ("gzip", "gzip"),
        ("gzip and others", "deflate, gzip;q=1.0, *;q=0.5"),
        ("no gzip", "gzip;q=0"),
        ("identity", "identity"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("zstd or gzip", "zstd, gzip"),
    ] {
        let peer = site().await;
        let target = format!("http://{}/", peer.address());
        let case = table.case(&format!("requests compressed with {word}"), "http", "", target);
        case.header(&format!("Accept-Encoding: {encoding}")).keeps(peer);
    }
    for (word, query) in [
        ("true", "debug=true"),
        ("1", "debug=1"),
        ("in capitals", "debug=True"),
        ("empty", "debug="),
        ("false", "debug=false"),
    ] {
        let peer = site().await;
        let target = format!("http://{}/", peer.address());
        let case = table.case(&format!("requests with debug {word}"), "http", "", target);
        case.with(query).keeps(peer);
    }
    debug(table);
    parameters(table).await;
}

/// The module as it is told: with every default, and no secret.
fn debug(table: &mut Table) {
    for (word, module) in [
        (
            "http",
            "prober: http, timeout: 5s, http: { method: POST, body: 'a: b', headers: { X: '1' }, basic_auth: { username: me, password: secret }, valid_status_codes: [200], fail_if_body_matches_regexp: ['^x$'], tls_config: { insecure_skip_verify: true }, body_size_limit: 1MB, compression: gzip }",
        ),
        (
            "http secrets",
            "prober: http, http: { http_headers: { X: { values: [a], secrets: [hush] } }, oauth2: { client_id: me, client_secret: hush, token_url: 'http://127.0.0.1:1/', endpoint_params: { a: b }, scopes: [s] }, proxy_url: 'http://me:hush@127.0.0.1:1', proxy_connect_header: { X: [hush] } }",
        ),
        (
            "http rules",
            "prober: http, http: { fail_if_header_not_matches: [{ header: X, regexp: a, allow_missing: true }], fail_if_body_json_matches_cel: 'body.a == 1', authorization: { credentials: hush } }",
        ),
        (
            "tcp",
            "prober: tcp, tcp: { query_response: [{ expect: '^a', send: \"b\\r\", labels: [{ name: a, value: b }] }, { starttls: true }, { expect_bytes: c }], tls_config: { ca_file: /nowhere, server_name: a.test } }",
        ),
        (
            "dns",
            "prober: dns, dns: { query_name: a.test, query_type: SOA, valid_rcodes: [NOERROR], validate_answer_rrs: { fail_if_matches_regexp: [a] }, recursion_desired: false }",
        ),
        (
            "icmp",
            "prober: icmp, icmp: { payload_size: 10, ttl: 3, dont_fragment: true, source_ip_address: 127.0.0.1 }",
        ),
        ("grpc", "prober: grpc, grpc: { service: a, tls: true, metadata: { a: [b] } }"),
        ("unix", "prober: unix, unix: { query_response: [{ send: a }] }"),
        ("durations", "prober: tcp, timeout: 1h2m3.5s"),
        ("anything", "prober: tcp, tcp: {}, http: ~, icmp: { preferred_ip_protocol: ip4 }"),
    ] {
        // Nobody is there: what is shown of the module does not depend on it.
        let target = if word == "unix" { "/nowhere/x.sock" } else { "127.0.0.1:1" };
        let case = table.module(&format!("requests with debug of {word}"), module, target);
        case.with("debug=true").answers(200);
    }
}

async fn parameters(table: &mut Table) {
    let peer = web::serve(|_| reply(200, &[], b"up")).await;
    let target = format!("http://{}/", peer.address());
    let case = table.case(
        "requests with a contradicting hostname",
        "http",
        "headers: { Host: a.test }",
        target,
    );
    case.with("hostname=b.test").hears("site", peer).answers(400);
    for (word, query) in [
        ("an empty hostname", "hostname="),
        ("a hostname with a port", "hostname=a.test:81"),
        ("a hostname with a space", "hostname=a%20b"),
        ("a hostname with a line", "hostname=a%0d%0aX:1"),
        ("a hostname in another script", "hostname=%C3%A9.test"),
        ("a parameter nobody knows", "colour=red"),
        ("a second target", "target=http://absent.test/"),
        ("an escape that is none", "x=%zz"),
    ] {
        let peer = web::serve(|_| reply(200, &[], b"up")).await;
        let target = format!("http://{}/", peer.address());
        let case = table.case(&format!("requests with {word}"), "http", "", target);
        case.with(query).hears("site", peer);
    }
    // The target decoded once: a plus that was encoded stays one.
    for (word, encoded) in [
        ("a plus", "%2Fa%2Bb"),
        ("a plus for a space", "%2Fa+b"),
        ("twice encoded", "%252Fa%252Bb"),
        ("not encoded", "/a/b?c=d"),
        ("an ampersand", "%2Fa%26b%3Dc"),
    ] {
        let peer = web::serve(|_| reply(200, &[], b"up")).await;
        let name = format!("requests for a target with {word}");
        let query = format!(
            "module={}&target=http://{}{encoded}",
            name.replace(' ', "%20"),
            peer.address()
        );
        let case = table.module(&name, "prober: http", "").raw(&query).hears("site", peer);
        if word == "twice encoded" {
            case.fails();
        }
    }
    for prober in ["icmp", "dns", "grpc", "unix"] {
        let options =
            if prober == "dns" { "query_name: four.test" } else { "preferred_ip_protocol: ip4" };
        let options = if prober == "unix" { "" } else { options };
        let target = match prober {
            "unix" => "/nowhere/x.sock",
            "grpc" => "127.0.0.1:1",
            _ => "127.0.0.1",
        };
        let case =
            table.case(&format!("requests with a hostname of {prober}"), prober, options, target);
        case.with("hostname=a.test");
        if ["unix", "grpc"].contains(&prober) {
            case.fails();
        }
    }
}
