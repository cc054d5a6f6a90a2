//! What each kind of check measures: a folded section for each, of the check's page.

use super::{
    colour::{BLUE, GREEN, GREY, ORANGE, RED, YELLOW},
    layout::{Section, folded, graphs, numbers},
    panel::{Panel, Says},
    query::Scope,
    state::{either, well, words_for},
    unit::Unit,
    view::{as_limit, lines, number, timeline, word},
};
use crate::model::GRPC_STATUSES;

/// The sections of all kinds.
pub(super) fn sections(scope: Scope) -> [Section; 7] {
    [http(scope), tls(scope), dns(scope), icmp(scope), streams(scope), grpc(scope), object(scope)]
}

fn http(scope: Scope) -> Section {
    let codes = timeline(Says(
        "Status code",
        "The status code of the final answer, for each instance.",
        "5xx is the service or what is behind it, 4xx the path, the method or the credentials.",
    ))
    .unit(Unit::Plain)
    .steps(RED, &[(100.0, BLUE), (200.0, GREEN), (300.0, YELLOW), (400.0, ORANGE), (500.0, RED)])
    .ask(scope.of("noroshi_http_status_code"), "{{instance}}")
    .none("No HTTP answer");
    let sizes = lines(Says(
        "Body",
        "The length of the final answer's body: as it was announced, on the wire, and after decompression.",
        "A body that is suddenly short is an error page, or an empty list.",
    ))
    .unit(Unit::Bytes)
    .ask(scope.of("noroshi_http_content_length_bytes"), "announced, {{instance}}")
    .ask(scope.of("noroshi_http_body_bytes"), "on the wire, {{instance}}")
    .ask(scope.of("noroshi_http_uncompressed_body_bytes"), "decompressed, {{instance}}")
    .none("No HTTP answer");
    let version = number(Says(
        "Version of HTTP",
        "In which version the final answer came.",
        "If it is lower than it was, a proxy in between has changed.",
    ))
    .unit(Unit::Plain)
    .ask(scope.of("noroshi_http_version"), "{{instance}}")
    .none("No HTTP answer");
    let redirects = number(Says(
        "Redirects",
        "How many redirects the last run was answered with.",
        "If it grows, a name or a path has moved: probe the new one.",
    ))
    .ask(scope.of("noroshi_http_redirects"), "{{instance}}")
    .none("No HTTP answer");
    let encrypted = number(Says(
        "Encrypted",
        "Whether the final answer came over TLS.",
        "A `no` behind an https address is a redirect to plain text.",
    ))
    .unit(Unit::Plain)
    .words(either("yes", "no"))
    .ask(scope.of("noroshi_http_tls"), "{{instance}}")
    .none("No HTTP answer");
    let modified = number(Says(
        "Last modified",
        "How long ago the content was changed, by its header `Last-Modified`.",
        "Old content is a job that no longer writes it, or a cache that no longer asks.",
    ))
    .unit(Unit::Duration)
    .ask(
        format!("time() - {}", scope.of("noroshi_http_last_modified_timestamp_seconds")),
        "{{instance}}",
    )
    .none("No such header");
    folded(
        "HTTP",
        vec![graphs(vec![codes, sizes]), numbers(vec![version, redirects, encrypted, modified])],
    )
}

fn tls(scope: Scope) -> Section {
    let left = lines(Says(
        "Days left of certificates",
        "For how many days each certificate of the chain is still valid; position 0 is the leaf.",
        "Below the dashed line renewal is late; a step upwards is a renewal that the server has loaded.",
    ))
    .unit(Unit::Days)
    .ask(
        format!("({} - time()) / 86400", scope.of("noroshi_tls_not_after_timestamp_seconds")),
        "position {{position}}, {{source}}, {{instance}}",
    )
    .ask("vector(21)", "21 days")
    .for_name("21 days", as_limit())
    .none("No certificate was seen");
    let verified = timeline(Says(
        "Verified",
        "Whether the chain verified for the target's name, for each instance.",
        "If it does not, the reason on top says what is wrong with it; a check with `insecure_skip_verify` passes all the same.",
    ))
    .words(well("verified", "not verified"))
    .ask(scope.of("noroshi_tls_verified"), "{{instance}}")
    .none("No certificate was seen");
    folded("TLS", vec![graphs(vec![left, verified])])
}

fn dns(scope: Scope) -> Section {
    let codes = [
        (0.0, "NOERROR", GREEN),
        (1.0, "FORMERR", RED),
        (2.0, "SERVFAIL", RED),
        (3.0, "NXDOMAIN", ORANGE),
        (4.0, "NOTIMP", RED),
        (5.0, "REFUSED", RED),
        (9.0, "NOTAUTH", RED),
    ];
    let rcode = timeline(Says(
        "Response code",
        "The response code of the answer, for each instance.",
        "SERVFAIL is DNSSEC or the zone's own servers, REFUSED the server's access list, NXDOMAIN a record that is gone.",
    ))
    .unit(Unit::Plain)
    .words(words_for(codes))
    .ask(scope.of("noroshi_dns_rcode"), "{{instance}}")
    .none("No DNS answer");
    let records = lines(Says(
        "Records",
        "How many records each section of the answer has.",
        "Fewer than before are servers that were taken out, or an answer that was cut.",
    ))
    .ask(format!("max({})", scope.of("noroshi_dns_answer_records")), "answer")
    .ask(format!("max({})", scope.of("noroshi_dns_authority_records")), "authority")
    .ask(format!("max({})", scope.of("noroshi_dns_additional_records")), "additional")
    .none("No DNS answer");
    let ttl = lines(Says(
        "Time to live",
        "The smallest time to live in the answer.",
        "A saw is a cache that counts down; a line that drops is a move that somebody prepares.",
    ))
    .unit(Unit::Seconds)
    .ask(scope.of("noroshi_dns_answer_ttl_min_seconds"), "{{instance}}")
    .none("No records in the answer");
    folded("DNS", vec![graphs(vec![rcode, records, ttl]), numbers(dns_flags(scope))])
}

fn dns_flags(scope: Scope) -> Vec<Panel> {
    let flag = |says: Says, family: &str, yes, no| {
        number(says)
            .unit(Unit::Plain)
            .words(either(yes, no))
            .ask(scope.of(family), "{{instance}}")
            .none("No DNS answer")
    };
    vec![
        flag(
            Says(
                "Truncated",
                "Whether the answer over UDP was cut.",
                "If it was, clients ask again over TCP: see that it is open.",
            ),
            "noroshi_dns_truncated",
            "cut",
            "whole",
        ),
        flag(
            Says(
                "Authenticated",
                "Whether the server says that DNSSEC validates the answer.",
                "If it stopped, look at the DS record and at signatures that expire.",
            ),
            "noroshi_dns_authenticated_data",
            "validated",
            "not validated",
        ),
        flag(
            Says(
                "Authoritative",
                "Whether the server holds the zone itself.",
                "If it stopped, the zone failed to load or has expired there.",
            ),
            "noroshi_dns_authoritative",
            "authoritative",
            "not authoritative",
        ),
        number(Says(
            "Length",
            "How long the answer is.",
            "Above 1232 bytes it may not come through over UDP.",
        ))
        .unit(Unit::Bytes)
        .steps(GREEN, &[(1232.0, ORANGE)])
        .ask(scope.of("noroshi_dns_response_bytes"), "{{instance}}")
        .none("No DNS answer"),
        number(Says(
            "Serial",
            "The serial number of the zone.",
            "Instances that differ ask servers of which one is behind.",
        ))
        .unit(Unit::Plain)
        .ask(scope.of("noroshi_dns_serial"), "{{instance}}")
        .none("No SOA record was asked for"),
        number(Says(
            "Foreign answers",
            "Answers of the last run that were not to our question.",
            "Any is a middlebox that rewrites, or somebody who guesses.",
        ))
        .steps(GREEN, &[(1.0, ORANGE)])
        .ask(scope.of("noroshi_dns_foreign_responses"), "{{instance}}")
        .none("No DNS answer"),
    ]
}

fn icmp(scope: Scope) -> Section {
    let trip = |part: &str| scope.of(&format!("noroshi_icmp_rtt_{part}_seconds"));
    let trips = lines(Says(
        "Round trips",
        "The shortest, mean and longest round trip of the last run, their spread and their jitter.",
        "A shortest that grew is a longer way; a longest alone is a queue on the way.",
    ))
    .unit(Unit::Seconds)
    .ask(format!("min({})", trip("min")), "shortest")
    .ask(format!("avg({})", trip("avg")), "mean")
    .ask(format!("max({})", trip("max")), "longest")
    .ask(format!("max({})", trip("stddev")), "standard deviation")
    .ask(format!("max({})", scope.of("noroshi_icmp_jitter_seconds")), "jitter")
    .none("No reply");
    let loss = lines(Says(
        "Loss",
        "The share of packets without a reply, for each instance.",
        "Loss for one instance alone is its own way; for all of them it is the target's.",
    ))
    .unit(Unit::Ratio)
    .max(1.0)
    .ask(scope.of("noroshi_icmp_loss_ratio"), "{{instance}}")
    .none("No ping");
    let packets = number(Says(
        "Packets",
        "How many echo requests the last run sent, and how many were answered.",
        "With one packet a run loss is all or nothing: raise `count`.",
    ))
    .ask(format!("sum({})", scope.of("noroshi_icmp_packets_sent")), "sent")
    .ask(format!("sum({})", scope.of("noroshi_icmp_packets_received")), "answered")
    .none("No ping");
    let hops = number(Says(
        "Hop limit of the reply",
        "With how many hops left the last reply arrived.",
        "If it changes, the way has changed.",
    ))
    .unit(Unit::Plain)
    .ask(scope.of("noroshi_icmp_reply_hop_limit"), "{{instance}}")
    .none("The system does not tell");
    let protocol = number(Says(
        "Version of IP",
        "In which version of IP the target was probed first; of every kind that connects.",
        "If it changed, an address was added or has gone.",
    ))
    .unit(Unit::Plain)
    .words(words_for([(4.0, "IPv4", BLUE), (6.0, "IPv6", BLUE)]))
    .ask(scope.of("noroshi_check_ip_protocol"), "{{instance}}")
    .none("No address");
    folded("Ping", vec![graphs(vec![trips, loss]), numbers(vec![packets, hops, protocol])])
}

fn streams(scope: Scope) -> Section {
    let steps = lines(Says(
        "Steps of the dialogue",
        "How many steps the last run completed, of a TCP or Unix socket's dialogue.",
        "The step after the last completed one is the one that failed.",
    ))
    .ask(scope.of("noroshi_tcp_steps_completed"), "TCP, {{instance}}")
    .ask(scope.of("noroshi_unix_steps_completed"), "Unix, {{instance}}")
    .none("No dialogue");
    let handshake = timeline(Says(
        "WebSocket handshake",
        "The status code that answered the handshake; 101 is the upgrade.",
        "Anything else is a proxy that does not pass Upgrade, a wrong path, or credentials.",
    ))
    .unit(Unit::Plain)
    .steps(RED, &[(101.0, GREEN), (102.0, ORANGE)])
    .ask(scope.of("noroshi_websocket_status_code"), "{{instance}}")
    .none("No WebSocket");
    let pong = lines(Says(
        "WebSocket ping",
        "The time from our ping to the pong.",
        "If it is gone while the handshake is well, a proxy answers for a server that is stuck.",
    ))
    .unit(Unit::Seconds)
    .ask(scope.of("noroshi_websocket_ping_rtt_seconds"), "{{instance}}")
    .none("No ping was sent (`ping`)");
    let codes = [
        (1000.0, "1000 normal", GREEN),
        (1001.0, "1001 going away", YELLOW),
        (1005.0, "1005 no code", GREY),
        (1006.0, "1006 no close frame", ORANGE),
        (1008.0, "1008 refused by policy", RED),
        (1011.0, "1011 server failed", RED),
        (1012.0, "1012 restarts", YELLOW),
        (1013.0, "1013 try again later", YELLOW),
    ];
    let last = vec![
        number(Says(
            "Upgraded",
            "Whether the handshake made a WebSocket.",
            "If it did not, the status code says who refused.",
        ))
        .unit(Unit::Plain)
        .words(well("upgraded", "not upgraded"))
        .ask(scope.of("noroshi_websocket_upgraded"), "{{instance}}")
        .none("No WebSocket"),
        number(Says(
            "Messages",
            "How many messages the last run received.",
            "None where some are expected is a server without its source.",
        ))
        .ask(scope.of("noroshi_websocket_received_messages"), "{{instance}}")
        .none("No WebSocket"),
        number(Says(
            "Close code",
            "The code of the server's close frame.",
            "1008, 1011 and 1013 are the server's own words: look into its log.",
        ))
        .unit(Unit::Plain)
        .words(words_for(codes))
        .ask(scope.of("noroshi_websocket_close_code"), "{{instance}}")
        .none("No WebSocket, or not closed"),
    ];
    folded(
        "TCP, Unix sockets, WebSocket",
        vec![graphs(vec![steps, handshake, pong]), numbers(last)],
    )
}

fn grpc(scope: Scope) -> Section {
    let words = (0_u8..)
        .zip(GRPC_STATUSES)
        .map(|(code, word)| (f64::from(code), word, if code == 0 { GREEN } else { RED }));
    let status = timeline(Says(
        "Status of the call",
        "How the call of the health service ended, for each instance.",
        "UNIMPLEMENTED is a server without a health service, UNAVAILABLE a proxy without a server.",
    ))
    .unit(Unit::Plain)
    .words(words_for(words))
    .ask(scope.of("noroshi_grpc_status_code"), "{{instance}}")
    .none("No gRPC call")
    .weight(2);
    let serving = word(Says(
        "Serving",
        "What the health service says of the service.",
        "If it is not SERVING, the service itself says that it is not well: look into its log.",
    ))
    .ask(scope.of("noroshi_grpc_serving_status_info"), "{{serving_status}}")
    .for_name("SERVING", vec![super::view::fixed(GREEN)])
    .for_name("NOT_SERVING", vec![super::view::fixed(RED)])
    .none("No answer");
    let encrypted = number(Says(
        "Call encrypted",
        "Whether the call went over TLS.",
        "A `no` where TLS is configured is a call that went nowhere.",
    ))
    .unit(Unit::Plain)
    .words(either("yes", "no"))
    .ask(scope.of("noroshi_grpc_tls"), "{{instance}}")
    .none("No gRPC call");
    folded("gRPC", vec![graphs(vec![status, serving, encrypted])])
}

fn object(scope: Scope) -> Section {
    let replicas = lines(Says(
        "Available and wanted",
        "How many replicas, pods or endpoints are available, and how many the check wants.",
        "Below the dashed line the check fails: the Cluster dashboard has the pods and their reasons.",
    ))
    .ask(format!("min({})", scope.of("noroshi_kubernetes_available")), "available")
    .ask(format!("max({})", scope.of("noroshi_kubernetes_wanted")), "wanted")
    .for_name("wanted", as_limit())
    .none("No object with replicas")
    .weight(2);
    let restarts = lines(Says(
        "Restarts",
        "Restarts of the containers of one pod within the check's window, of the pod with the most.",
        "If it grows, the process crashes or needs more memory than it may have.",
    ))
    .ask(format!("max({})", scope.of("noroshi_kubernetes_restarts")), "restarts")
    .none("Restarts are not looked at");
    let success = number(Says(
        "Last success of the job",
        "How long ago a job of it succeeded.",
        "If it is older than its schedule, jobs fail, hang, or are suspended.",
    ))
    .unit(Unit::Duration)
    .ask(
        format!("time() - max({})", scope.of("noroshi_kubernetes_last_success_timestamp_seconds")),
        "last success",
    )
    .none("No job");
    folded("Kubernetes", vec![graphs(vec![replicas, restarts, success])])
}
