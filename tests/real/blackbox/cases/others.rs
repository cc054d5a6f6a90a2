//! Pings, and health over gRPC.

use crate::support::{
    authority::{Authority, Flaw},
    dialogue::{self, End, say},
    health::{self, Answer},
    peer::Peer,
    tls,
};

use super::super::{
    case::Table,
    world::{self, World},
};

pub(super) async fn cases(table: &mut Table, world: &World) {
    pings(table, world);
    health(table).await;
    health_over_tls(table).await;
    health_refused(table).await;
}

fn pings(table: &mut Table, world: &World) {
    // Each of these has an address of its own, so that its pings are told from the others'.
    for (address, (word, options)) in (1_u8..).zip([
        ("plain", ""),
        ("of 0 bytes", "payload_size: 0"),
        ("of 1 byte", "payload_size: 1"),
        ("of 28 bytes", "payload_size: 28"),
        ("of 56 bytes", "payload_size: 56"),
        ("of 1472 bytes", "payload_size: 1472"),
        ("of 1473 bytes", "payload_size: 1473"),
        ("of 9000 bytes", "payload_size: 9000"),
        ("with ttl 1", "ttl: 1"),
        ("with ttl 0", "ttl: 0"),
        ("with ttl 255", "ttl: 255"),
        ("unfragmented", "dont_fragment: true"),
        ("unfragmented with ttl", "dont_fragment: true, ttl: 17"),
        ("unfragmented with ttl 0", "dont_fragment: true, ttl: 0"),
        ("unfragmented of 1472 bytes", "dont_fragment: true, payload_size: 1472"),
        ("from an address", "source_ip_address: 192.0.2.254"),
        ("unfragmented from an address", "dont_fragment: true, source_ip_address: 192.0.2.254"),
    ]) {
        let target = format!("192.0.2.{address}");
        let case = table.case(&format!("pings {word}"), "icmp", options, target);
        case.pings(&world.pings, address);
        // In pieces no ping reaches the other host, which knows none.
        if word.ends_with("1473 bytes") || word.ends_with("9000 bytes") {
            let last = case.fails();
            last.timeout("500ms");
        }
    }
    for (word, address, passes) in [
        ("late", world::LATE, true),
        ("unanswered", world::SILENT, false),
        ("unreachable", world::UNREACHABLE, false),
        ("answered to another", world::FOREIGN, false),
        ("answered with garbage", world::GARBAGE, false),
    ] {
        let target = format!("192.0.2.{address}");
        let module = "prober: icmp, timeout: 500ms";
        let case =
            table.module(&format!("pings {word}"), module, target).pings(&world.pings, address);
        if !passes {
            case.fails();
        }
    }
    for (word, options, target, passes) in [
        ("loopback", "", "127.0.0.1", true),
        ("loopback of 6", "", "::1", true),
        ("loopback of 6 with ttl", "ttl: 9", "::1", true),
        ("loopback of 6 with bytes", "payload_size: 1000", "::1", true),
        ("loopback of 6 unfragmented", "dont_fragment: true", "::1", true),
        ("loopback from elsewhere", "source_ip_address: 198.51.100.1", "127.0.0.1", false),
        ("loopback from nowhere", "source_ip_address: here", "127.0.0.1", false),
        ("too many bytes", "payload_size: 70000", "127.0.0.1", false),
        ("a network that is not there", "", "198.51.100.1", false),
        ("with a port", "", "127.0.0.1:80", false),
        ("a url", "", "http://127.0.0.1/", false),
    ] {
        let module = format!("prober: icmp, timeout: 500ms, icmp: {{ {options} }}");
        let case = table.module(&format!("pings {word}"), &module, target);
        if !passes {
            case.fails();
        }
    }
}

const SERVICES: [(&str, Answer); 8] = [
    ("", Answer::Health(1)),
    ("down", Answer::Health(2)),
    ("unknown", Answer::Health(0)),
    ("unknown service", Answer::Health(3)),
    ("later", Answer::Health(9)),
    ("empty", Answer::Empty),
    ("an.up.Service", Answer::Health(1)),
    ("denied", Answer::Code(7)),
];

async fn health(table: &mut Table) {
    for (word, options, passes) in [
        ("serving", "", true),
        ("not serving", "service: down", false),
        ("unknown", "service: unknown", false),
        ("unknown service", "service: unknown service", false),
        ("a status of later", "service: later", false),
        ("an empty message", "service: empty", false),
        ("a service", "service: an.up.Service", true),
        ("a service nobody knows", "service: nobody", false),
        ("a code", "service: denied", false),
        ("metadata", "metadata: { x-one: [a], x-two: [b, c] }", true),
        ("metadata in capitals", "metadata: { X-One: [a] }", false),
        ("metadata with authorization", "metadata: { authorization: [Bearer t] }", true),
        ("metadata in binary", "metadata: { x-raw-bin: [abc] }", true),
        ("4", "preferred_ip_protocol: ip4", true),
    ] {
        let peer = health::serve(&SERVICES).await;
        let target = peer.address().to_string();
        let case =
            table.case(&format!("grpc {word}"), "grpc", options, target).hears("server", peer);
        if !passes {
            case.fails();
        }
    }
    for (word, pattern) in [
        ("a url", "http://ADDRESS"),
        ("a url with a path", "http://ADDRESS/path?x=1"),
        ("a url that claims tls", "https://ADDRESS"),
        ("a name", "localhost:PORT"),
    ] {
        let peer = health::serve(&SERVICES).await;
        let address = peer.address();
        let target = pattern
            .replace("ADDRESS", &address.to_string())
            .replace("PORT", &address.port().to_string());
        let options = "preferred_ip_protocol: ip4";
        table.case(&format!("grpc target {word}"), "grpc", options, target).hears("server", peer);
    }
    // Without its section a module has no defaults: 6 alone.
    let peer = health::serve(&SERVICES).await;
    let target = peer.address().to_string();
    table.module("grpc without a section", "prober: grpc", target).hears("server", peer).fails();
}

async fn health_over_tls(table: &mut Table) {
    let authority = Authority::new();
    let ca = authority.ca_file().display().to_string();
    let acceptor = |flaw| {
        let suites = rustls::crypto::aws_lc_rs::DEFAULT_CIPHER_SUITES;
        tls::pinned(authority.certificate(flaw), &[&rustls::version::TLS13], suites, &[b"h2"])
    };
    for (word, flaw, config, passes) in [
        ("", Flaw::None, format!("ca_file: {ca}"), true),
        (" expired", Flaw::Expired, format!("ca_file: {ca}"), false),
        (" of another name", Flaw::WrongName, format!("ca_file: {ca}"), false),
        (
            " of another name, as configured",
            Flaw::WrongName,
            format!("ca_file: {ca}, server_name: elsewhere.test"),
            true,
        ),
        (" not verified", Flaw::Expired, "insecure_skip_verify: true".to_owned(), true),
        (" unknown", Flaw::None, String::new(), false),
        (" without its authority", Flaw::None, "ca_file: /nowhere/ca.pem".to_owned(), false),
    ] {
        let peer = health::serve_tls(acceptor(flaw), &SERVICES).await;
        let options = format!("tls: true, preferred_ip_protocol: ip4, tls_config: {{ {config} }}");
        let target = format!("localhost:{}", peer.address().port());
        let case = table.case(&format!("grpc over tls{word}"), "grpc", &options, target);
        if passes {
            case.hears("server", peer);
        } else {
            // It tries again and again, as often as it likes.
            case.keeps(peer).fails();
        }
    }
    let peer = health::serve_tls(acceptor(Flaw::None), &SERVICES).await;
    let options = format!("tls: true, service: down, tls_config: {{ ca_file: {ca} }}");
    let target = peer.address().to_string();
    table.case("grpc over tls not serving", "grpc", &options, target).hears("server", peer).fails();
    let peer = health::serve_tls(acceptor(Flaw::None), &SERVICES).await;
    let target = peer.address().to_string();
    table.case("grpc plain to tls", "grpc", "", target).keeps(peer).fails();
    let peer = health::serve(&SERVICES).await;
    let target = peer.address().to_string();
    table.case("grpc tls to plain", "grpc", "tls: true", target).keeps(peer).fails();
    table.keep(authority);
}

async fn health_refused(table: &mut Table) {
    let gone = Peer::refusing();
    let target = gone.address().to_string();
    table.case("grpc refused", "grpc", "", target).keeps(gone).fails();
    for (word, answer) in [
        ("a code alone", Answer::CodeAlone(5)),
        ("unimplemented", Answer::Code(12)),
        ("unavailable", Answer::Code(14)),
        ("unauthenticated", Answer::Code(16)),
        ("a code of later", Answer::Code(99)),
        ("http 404", Answer::Http(404)),
        ("http 503", Answer::Http(503)),
        ("http 200", Answer::Http(200)),
        ("no trailers", Answer::Cut),
    ] {
        let peer = health::serve(&[("", answer)]).await;
        let target = peer.address().to_string();
        table.case(&format!("grpc answered with {word}"), "grpc", "", target).keeps(peer).fails();
    }
    for (word, turns) in [("noise", vec![say("220 ready\r\n")]), ("nothing", vec![])] {
        let peer = dialogue::serve(&turns, End::Close).await;
        let target = peer.address().to_string();
        table.case(&format!("grpc answered with {word}"), "grpc", "", target).keeps(peer).fails();
    }
    for (word, target) in [
        ("a name that does not exist", "absent.test:50051"),
        ("a port of letters", "127.0.0.1:port"),
    ] {
        table
            .case(&format!("grpc target {word}"), "grpc", "preferred_ip_protocol: ip4", target)
            .fails();
    }
}
