//! Which address of a name is probed, by every prober that has names.

use std::net::{Ipv6Addr, SocketAddr};

use crate::support::{
    dialogue::{self, End},
    health::{self, Answer},
    names::wire,
    peer::Peer,
    web::{self, reply},
};

use super::super::case::Table;

/// Names and addresses, the families they have, and whether the system knows them at all.
const PLACES: [(&str, &[u8]); 15] = [
    ("127.0.0.1", &[4]),
    ("[::ffff:127.0.0.1]", &[4]),
    ("[::1]", &[6]),
    ("localhost", &[4, 6]),
    ("four.hosts.test", &[4]),
    ("six.hosts.test", &[6]),
    ("both.hosts.test", &[4, 6]),
    ("four.test", &[4]),
    ("six.test", &[6]),
    ("both.test", &[4, 6]),
    ("BOTH.test", &[4, 6]),
    ("alias.test", &[4, 6]),
    ("none.test", &[]),
    ("absent.test", &[]),
    ("broken.test", &[]),
];

/// Options for the families, and which one is taken of those there are.
const OPTIONS: [(&str, &str, &[u8]); 5] = [
    ("by default", "", &[6, 4]),
    ("6", "preferred_ip_protocol: ip6", &[6, 4]),
    ("4", "preferred_ip_protocol: ip4", &[4, 6]),
    ("6 alone", "preferred_ip_protocol: ip6, ip_protocol_fallback: false", &[6]),
    ("4 alone", "preferred_ip_protocol: ip4, ip_protocol_fallback: false", &[4]),
];

pub(super) async fn cases(table: &mut Table) {
    for (place, families) in PLACES {
        for (word, options, order) in OPTIONS {
            let reached = order.iter().any(|family| families.contains(family));
            for prober in ["http", "tcp", "dns", "icmp", "grpc"] {
                // It forgets the brackets when it dials.
                let reached = reached && !(prober == "grpc" && place.starts_with('['));
                let name = format!("addresses {prober} {place}, {word}");
                one(table, &name, prober, place, options, reached).await;
            }
        }
    }
    let module = "prober: http, timeout: 400ms";
    table.module("addresses http of a name nobody tells", module, "http://slow.test/").fails();
    let module = "prober: tcp, timeout: 400ms, tcp: { preferred_ip_protocol: ip4, ip_protocol_fallback: false }";
    table.module("addresses tcp of a name nobody tells", module, "slow.test:80").fails();
    sources(table).await;
    odd(table);
    for (prober, place) in [
        ("http", "[::1%25lo]"),
        ("tcp", "[::1%lo]"),
        ("tcp", "[::1%1]"),
        ("tcp", "[::1%nowhere]"),
        ("dns", "[::1%lo]"),
    ] {
        let name = format!("addresses {prober} behind an interface, {place}");
        one(table, &name, prober, place, "", true).await;
    }
    for (word, target) in [
        ("http of a zone unescaped", "http://[::1%lo]:1/"),
        ("http of an empty zone", "http://[::1%25]:1/"),
    ] {
        table.case(&format!("addresses {word}"), "http", "", target).fails();
    }
}

async fn one(
    table: &mut Table,
    name: &str,
    prober: &str,
    place: &str,
    options: &str,
    reached: bool,
) {
    let (four, six) = match prober {
        "http" => both(|at| web::serve_at(at, |_| reply(200, &[], b"up"))).await,
        "dns" => {
            both(|at| {
                Peer::datagram_at(at, |query, _, seen| {
                    seen.heard("query", wire::kept(query));
                    vec![wire::answer(query, 0, 0, [&[], &[], &[]])]
                })
            })
            .await
        }
        "grpc" => both(|at| health::serve_at(at, &[("", Answer::Health(1))])).await,
        _ => both(|at| dialogue::serve_at(at, &[], End::Wait)).await,
    };
    let port = four.address().port();
    let target = match prober {
        "http" => format!("http://{place}:{port}/"),
        "icmp" => place.trim_matches(['[', ']']).to_owned(),
        _ => format!("{place}:{port}"),
    };
    let options = match prober {
        "dns" => format!("query_name: example.test, query_type: A, {options}"),
        // Its defaults are for a section that is there, and an empty one is.
        _ => options.to_owned(),
    };
    let case = table.case(name, prober, options.trim_end_matches(", "), target);
    case.hears("four", four).hears("six", six);
    if !reached {
        case.fails();
    }
}

/// The same port of both loopbacks.
async fn both<F: Future<Output = Peer>>(serve: impl Fn(SocketAddr) -> F) -> (Peer, Peer) {
    let four = serve(([127, 0, 0, 1], 0).into()).await;
    let six = serve((Ipv6Addr::LOCALHOST, four.address().port()).into()).await;
    (four, six)
}

async fn sources(table: &mut Table) {
    for (word, source, passes) in [
        ("another loopback", "127.0.0.9", true),
        ("one that is not here", "198.51.100.1", false),
        ("one that is none", "here", false),
        ("the other family", "'::1'", false),
    ] {
        let peer = Peer::stream(|stream, _, seen| async move {
            seen.heard("address", stream.peer_addr()?.ip().to_string());
            stream.readable().await
        });
        let peer = peer.await;
        let target = peer.address().to_string();
        let options = format!("source_ip_address: {source}");
        let name = format!("addresses tcp from {word}");
        let case = table.case(&name, "tcp", &options, target).hears("server", peer);
        if !passes {
            case.fails();
        }
        for transport in ["udp", "tcp"] {
            let answer = |query: &[u8]| wire::answer(query, 0, 0, [&[], &[], &[]]);
            let peer = match transport {
                "udp" => Peer::datagram(move |query, _| vec![answer(query)]).await,
                _ => crate::support::names::over_tcp(answer).await,
            };
            let target = peer.address().to_string();
            let options = format!(
                "query_name: example.test, query_type: A, transport_protocol: {transport}, source_ip_address: {source}"
            );
            let name = format!("addresses dns over {transport} from {word}");
            let case = table.case(&name, "dns", &options, target).keeps(peer);
            if !passes {
                case.fails();
            }
        }
    }
}

/// Targets that are almost addresses.
fn odd(table: &mut Table) {
    for (word, target) in [
        ("an address in short", "127.1"),
        ("an address as a number", "2130706433"),
        ("an address in octal", "0177.0.0.1"),
        ("an address with zeros", "127.0.0.01"),
        ("an address too long", "127.0.0.1.1"),
        ("a name with an underscore", "_a.absent.test"),
        ("a name too long", &"x".repeat(300)),
        ("two dots", "a..test"),
        ("a space", "a b"),
    ] {
        let options = "preferred_ip_protocol: ip4";
        table.case(&format!("addresses icmp of {word}"), "icmp", options, target).fails();
    }
    for (word, target) in
        [("a mapped address", "::ffff:127.0.0.1"), ("a long address", "0:0:0:0:0:0:0:1")]
    {
        table.case(&format!("addresses icmp of {word}"), "icmp", "", target);
    }
    let module = "prober: icmp, timeout: 400ms";
    table.module("addresses icmp of a zone", module, "::1%lo").fails();
}
