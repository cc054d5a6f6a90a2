//! Every kind of check against every way a peer can fail: it ends in time, it names the fault, it never panics.
//!
//! [`TABLE`] has a row for each kind and in it a cell for each fault. A cell says which reasons are right, or why the
//! fault cannot befall the kind; a cell that is not there fails the test, and so does a kind without a row.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{path::Path, time::Duration};

use futures_util::future::join_all;
use noroshi::{
    model::{CheckSettings, Outcome, Reason, Verdict},
    net::Net,
    probe::spec::KINDS,
};
use support::{
    Bridge, Fault, Peer, Protocol,
    alone::{alone, in_a_namespace},
    check, run_with,
    tun::{self, Manner},
};

/// The deadline of every run here.
const TIMEOUT: Duration = Duration::from_millis(800);

/// How much later than its deadline a run may be seen to end on a machine with other things to do.
const GRACE: Duration = Duration::from_millis(1500);

/// What must come of a kind of check when its peer fails that way.
enum Cell {
    /// It fails for one of these reasons.
    Fails(&'static [Reason]),
    /// It cannot happen, and why.
    NotApplicable(&'static str),
}
use Cell::{Fails, NotApplicable};

struct Row {
    kind: &'static str,
    cells: &'static [(Fault, Cell)],
}

/// Why no fault of a peer befalls a check of Kubernetes.
const WATCHED: &str =
    "it has no peer of its own: tests/kube_checks.rs has what comes of a failing API server";

const TABLE: &[Row] = &[
    Row {
        kind: "http",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectRefused])),
            (Fault::Silent, Fails(&[Reason::WaitTimeout])),
            (Fault::HalfClose, Fails(&[Reason::ConnectionClosed, Reason::HttpProtocol])),
            (Fault::ResetMidAnswer, Fails(&[Reason::ConnectReset])),
            (Fault::OneByteASecond, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (
                Fault::Endless,
                Fails(&[
                    Reason::BodyTooLarge,
                    Reason::HttpProtocol,
                    Reason::WaitTimeout,
                    Reason::ReceiveTimeout,
                ]),
            ),
            (Fault::Garbage, Fails(&[Reason::HttpProtocol])),
            (Fault::Oversized, Fails(&[Reason::HttpProtocol, Reason::BodyTooLarge])),
            (Fault::TlsAlert, Fails(&[Reason::TlsHandshake])),
            (
                Fault::WrongId,
                NotApplicable("an answer carries no id: its connection says whose it is"),
            ),
        ],
    },
    Row {
        kind: "tcp",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectRefused])),
            (Fault::Silent, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (Fault::HalfClose, Fails(&[Reason::ConnectionClosed, Reason::ExpectMismatch])),
            (Fault::ResetMidAnswer, Fails(&[Reason::ConnectReset])),
            (Fault::OneByteASecond, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (
                Fault::Endless,
                Fails(&[Reason::ExpectMismatch, Reason::WaitTimeout, Reason::ReceiveTimeout]),
            ),
            (
                Fault::Garbage,
                Fails(&[Reason::ExpectMismatch, Reason::ReceiveTimeout, Reason::WaitTimeout]),
            ),
            (
                Fault::Oversized,
                Fails(&[Reason::ExpectMismatch, Reason::WaitTimeout, Reason::ReceiveTimeout]),
            ),
            (Fault::TlsAlert, Fails(&[Reason::TlsHandshake])),
            (Fault::WrongId, NotApplicable("a stream of bytes carries no id")),
        ],
    },
    Row {
        kind: "dns",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectRefused])),
            (Fault::Silent, Fails(&[Reason::WaitTimeout])),
            (Fault::HalfClose, Fails(&[Reason::ConnectionClosed])),
            (Fault::ResetMidAnswer, Fails(&[Reason::ConnectReset])),
            (Fault::OneByteASecond, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (
                Fault::Endless,
                Fails(&[Reason::DnsMalformed, Reason::WaitTimeout, Reason::ReceiveTimeout]),
            ),
            (
                Fault::Garbage,
                Fails(&[
                    Reason::DnsMalformed,
                    Reason::ConnectionClosed,
                    Reason::WaitTimeout,
                    Reason::ReceiveTimeout,
                ]),
            ),
            (Fault::Oversized, Fails(&[Reason::DnsMalformed])),
            (Fault::TlsAlert, Fails(&[Reason::TlsHandshake])),
            (Fault::WrongId, Fails(&[Reason::DnsMalformed, Reason::WaitTimeout])),
        ],
    },
    Row {
        kind: "icmp",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectUnreachable, Reason::IcmpNoReply])),
            (Fault::Silent, Fails(&[Reason::IcmpNoReply])),
            (Fault::HalfClose, NotApplicable("there is no connection to close")),
            (Fault::ResetMidAnswer, NotApplicable("there is no connection to reset")),
            (Fault::OneByteASecond, NotApplicable("a reply is one packet and comes whole")),
            (Fault::Endless, Fails(&[Reason::IcmpNoReply])),
            (Fault::Garbage, Fails(&[Reason::IcmpNoReply])),
            (Fault::Oversized, Fails(&[Reason::IcmpNoReply])),
            (Fault::TlsAlert, NotApplicable("it speaks no TLS")),
            (Fault::WrongId, Fails(&[Reason::IcmpNoReply])),
        ],
    },
    Row {
        kind: "websocket",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectRefused])),
            (Fault::Silent, Fails(&[Reason::WaitTimeout])),
            (
                Fault::HalfClose,
                Fails(&[Reason::ConnectionClosed, Reason::WebsocketUpgrade, Reason::HttpProtocol]),
            ),
            (Fault::ResetMidAnswer, Fails(&[Reason::ConnectReset])),
            (Fault::OneByteASecond, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (
                Fault::Endless,
                Fails(&[
                    Reason::BodyTooLarge,
                    Reason::ExpectMismatch,
                    Reason::WaitTimeout,
                    Reason::ReceiveTimeout,
                ]),
            ),
            (Fault::Garbage, Fails(&[Reason::WebsocketUpgrade, Reason::HttpProtocol])),
            (Fault::Oversized, Fails(&[Reason::BodyTooLarge, Reason::WebsocketProtocol])),
            (Fault::TlsAlert, Fails(&[Reason::TlsHandshake])),
            (Fault::WrongId, Fails(&[Reason::WebsocketUpgrade])),
        ],
    },
    Row {
        kind: "tls",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectRefused])),
            (Fault::Silent, Fails(&[Reason::TlsTimeout])),
            (Fault::HalfClose, Fails(&[Reason::ConnectionClosed, Reason::TlsHandshake])),
            (Fault::ResetMidAnswer, Fails(&[Reason::ConnectReset])),
            (Fault::OneByteASecond, Fails(&[Reason::TlsTimeout])),
            (Fault::Endless, Fails(&[Reason::TlsHandshake, Reason::TlsTimeout])),
            (Fault::Garbage, Fails(&[Reason::TlsHandshake])),
            (Fault::Oversized, Fails(&[Reason::TlsHandshake])),
            (Fault::TlsAlert, Fails(&[Reason::TlsHandshake])),
            (
                Fault::WrongId,
                NotApplicable("sessions are never resumed, so no id of a session is asked for"),
            ),
        ],
    },
    Row {
        kind: "unix",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectRefused])),
            (Fault::Silent, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (Fault::HalfClose, Fails(&[Reason::ConnectionClosed, Reason::ExpectMismatch])),
            // A Unix socket has no reset of its own: the client sees an end.
            (Fault::ResetMidAnswer, Fails(&[Reason::ConnectionClosed, Reason::ExpectMismatch])),
            (Fault::OneByteASecond, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (
                Fault::Endless,
                Fails(&[Reason::ExpectMismatch, Reason::WaitTimeout, Reason::ReceiveTimeout]),
            ),
            (
                Fault::Garbage,
                Fails(&[Reason::ExpectMismatch, Reason::ReceiveTimeout, Reason::WaitTimeout]),
            ),
            (
                Fault::Oversized,
                Fails(&[Reason::ExpectMismatch, Reason::WaitTimeout, Reason::ReceiveTimeout]),
            ),
            (Fault::TlsAlert, Fails(&[Reason::TlsHandshake])),
            (Fault::WrongId, NotApplicable("a stream of bytes carries no id")),
        ],
    },
    Row {
        kind: "grpc",
        cells: &[
            (Fault::Refuse, Fails(&[Reason::ConnectRefused])),
            (Fault::Silent, Fails(&[Reason::WaitTimeout])),
            (Fault::HalfClose, Fails(&[Reason::ConnectionClosed, Reason::HttpProtocol])),
            (Fault::ResetMidAnswer, Fails(&[Reason::ConnectReset])),
            (Fault::OneByteASecond, Fails(&[Reason::WaitTimeout, Reason::ReceiveTimeout])),
            (
                Fault::Endless,
                Fails(&[
                    Reason::GrpcProtocol,
                    Reason::HttpProtocol,
                    Reason::WaitTimeout,
                    Reason::ReceiveTimeout,
                ]),
            ),
            // Its first bytes may be taken for the head of a frame.
            (Fault::Garbage, Fails(&[Reason::HttpProtocol, Reason::WaitTimeout])),
            (Fault::Oversized, Fails(&[Reason::HttpProtocol, Reason::GrpcProtocol])),
            (Fault::TlsAlert, Fails(&[Reason::TlsHandshake])),
            (Fault::WrongId, Fails(&[Reason::HttpProtocol])),
        ],
    },
    Row {
        kind: "kubernetes",
        cells: &[
            (Fault::Refuse, NotApplicable(WATCHED)),
            (Fault::Silent, NotApplicable(WATCHED)),
            (Fault::HalfClose, NotApplicable(WATCHED)),
            (Fault::ResetMidAnswer, NotApplicable(WATCHED)),
            (Fault::OneByteASecond, NotApplicable(WATCHED)),
            (Fault::Endless, NotApplicable(WATCHED)),
            (Fault::Garbage, NotApplicable(WATCHED)),
            (Fault::Oversized, NotApplicable(WATCHED)),
            (Fault::TlsAlert, NotApplicable(WATCHED)),
            (Fault::WrongId, NotApplicable(WATCHED)),
        ],
    },
];

/// A failing peer and a check of it, in TOML.
struct Meeting {
    words: String,
    check: String,
    peer: (Peer, Option<Bridge>),
}

/// Everything that is tried for one cell. `icmp` meets its peers in a namespace of its own.
async fn meetings(kind: &str, fault: Fault) -> Vec<Meeting> {
    let protocols: &[Protocol] = match kind {
        "http" => &[Protocol::Http],
        "tcp" | "unix" => &[Protocol::Line],
        "dns" => match fault {
            Fault::HalfClose
            | Fault::ResetMidAnswer
            | Fault::OneByteASecond
            | Fault::Endless
            | Fault::TlsAlert => &[Protocol::Dns],
            _ => &[Protocol::Dns, Protocol::DnsDatagram],
        },
        "websocket" => &[Protocol::WebSocket],
        "tls" => &[Protocol::Tls],
        "grpc" => &[Protocol::Grpc],
        other => panic!("nobody knows what a peer of `{other}` speaks"),
    };
    let mut meetings = Vec::new();
    for protocol in protocols {
        for (variant, peer) in protocol.peers(fault).await {
            let words = format!("{kind} x {fault:?} ({protocol:?}, {variant})");
            let bridge = (kind == "unix").then(|| match fault {
                Fault::Refuse => Bridge::nowhere(),
                _ => Bridge::to(&peer),
            });
            let check = match &bridge {
                Some(bridge) => over_unix(fault, bridge.path()),
                None => spec(*protocol, fault, &peer.address().to_string()),
            };
            meetings.push(Meeting { words, check, peer: (peer, bridge) });
        }
    }
    meetings
}

fn spec(protocol: Protocol, fault: Fault, address: &str) -> String {
    let secure = fault == Fault::TlsAlert;
    match protocol {
        Protocol::Http => {
            format!("http.url = \"http{}://{address}/\"", if secure { "s" } else { "" })
        }
        Protocol::Line if secure => format!("tcp = {{ address = \"{address}\", tls = {{}} }}"),
        Protocol::Line => format!(
            "tcp = {{ address = \"{address}\", dialogue = [{{ expect = \"^220 ready when you are\" }}] }}"
        ),
        Protocol::Dns => dns(address, if secure { "tls" } else { "tcp" }),
        Protocol::DnsDatagram => dns(address, "udp"),
        Protocol::WebSocket => format!(
            "websocket = {{ url = \"ws{}://{address}/\", dialogue = [{{ expect = \"hello\" }}] }}",
            if secure { "s" } else { "" }
        ),
        Protocol::Tls => format!("tls.address = \"{address}\""),
        Protocol::Grpc if secure => format!("grpc = {{ address = \"{address}\", tls = {{}} }}"),
        Protocol::Grpc => format!("grpc.address = \"{address}\""),
    }
}

fn over_unix(fault: Fault, path: &Path) -> String {
    let rest = match fault {
        Fault::TlsAlert => "tls = {}",
        _ => "dialogue = [{ expect = \"^220 ready when you are\" }]",
    };
    format!("unix = {{ path = \"{}\", {rest} }}", path.display())
}

fn dns(address: &str, transport: &str) -> String {
    format!(
        "dns = {{ server = \"{address}\", name = \"example.test\", transport = \"{transport}\" }}"
    )
}

/// Runs a check; what is wrong with the outcome, if anything.
async fn judged(
    net: &Net,
    words: &str,
    check: &str,
    reasons: &[Reason],
) -> Result<Outcome, String> {
    let check = check::check(check, |settings| settings.timeout = TIMEOUT);
    let begun = std::time::Instant::now();
    let outcome = check::run_over(net, &check).await.outcome;
    let took = begun.elapsed();
    let got = format!(
        "{words}: {:?} {:?} ({}) after {took:?}",
        outcome.verdict, outcome.reason, outcome.detail
    );
    if took > TIMEOUT + GRACE {
        return Err(format!("{got}: it outlived its deadline"));
    }
    if !matches!(outcome.verdict, Verdict::Fail | Verdict::Unknown) {
        return Err(format!("{got}: it did not fail"));
    }
    if !outcome.reason.is_some_and(|reason| reasons.contains(&reason)) {
        return Err(format!("{got}: wanted one of {reasons:?}"));
    }
    if outcome.detail.is_empty() {
        return Err(format!("{got}: it does not say why"));
    }
    Ok(outcome)
}

#[test]
fn no_cell_is_empty() {
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.word).collect();
    let rows: Vec<&str> = TABLE.iter().map(|row| row.kind).collect();
    for kind in &kinds {
        assert_eq!(rows.iter().filter(|row| *row == kind).count(), 1, "one row for `{kind}`");
    }
    for Row { kind, cells } in TABLE {
        assert!(kinds.contains(kind), "there is no kind `{kind}`");
        for fault in Fault::ALL {
            let of = cells.iter().filter(|(own, _)| *own == fault).map(|(_, cell)| cell);
            let said = match of.collect::<Vec<_>>()[..] {
                [Fails(reasons)] => !reasons.is_empty(),
                [NotApplicable(why)] => !why.is_empty(),
                _ => false,
            };
            assert!(said, "{kind} x {fault:?} wants exactly one cell that says something");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_kind_survives_every_fault() {
    let net = Net::new();
    // The first handshake of a process reads the system's roots; that is nobody's fault.
    for warm_up in meetings("tls", Fault::Garbage).await {
        check::run_over(&net, &check::check(&warm_up.check, |_| {})).await;
    }
    // Floods take all the time there is, so they come last and do not spoil the others' deadlines.
    for floods in [false, true] {
        let complaints = all_cells(&net, |fault| (fault == Fault::Endless) == floods).await;
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }
}

/// Tries the cells of these faults, all at once; what is wrong with them.
async fn all_cells(net: &Net, chosen: impl Fn(Fault) -> bool) -> Vec<String> {
    let mut cells = Vec::new();
    for Row { kind, cells: row } in TABLE.iter().filter(|row| row.kind != "icmp") {
        for (fault, cell) in row.iter().filter(|(fault, _)| chosen(*fault)) {
            let Fails(reasons) = cell else { continue };
            for Meeting { words, check, peer } in meetings(kind, *fault).await {
                let net = net.clone();
                cells.push(tokio::spawn(async move {
                    let complaint = judged(&net, &words, &check, reasons).await.err();
                    drop(peer);
                    complaint
                }));
            }
        }
    }
    // A panic of one cell does not hide what is wrong with the others.
    let ended = join_all(cells).await.into_iter();
    ended.filter_map(|done| done.unwrap_or_else(|panic| Some(panic.to_string()))).collect()
}

/// A flood is always ready to be read, so a run that reads it in one go gives its own deadline no chance.
#[tokio::test]
async fn a_flood_does_not_hold_up_the_deadline() {
    let short = Duration::from_millis(100);
    for Row { kind, .. } in TABLE.iter().filter(|row| !["icmp", "kubernetes"].contains(&row.kind)) {
        for Meeting { words, check, peer: _peer } in meetings(kind, Fault::Endless).await {
            let begun = std::time::Instant::now();
            run_with(&check, |settings| settings.timeout = short).await;
            let took = begun.elapsed();
            assert!(took < short + Duration::from_millis(900), "{words} took {took:?}");
        }
    }
}

/// How a fault looks to a ping.
fn manner(fault: Fault) -> Manner {
    match fault {
        Fault::Refuse => Manner::Unreachable,
        Fault::Silent => Manner::Silent,
        Fault::Endless => Manner::ForeignFlood,
        Fault::Garbage => Manner::Garbage,
        Fault::Oversized => Manner::Oversized,
        Fault::WrongId => Manner::ForeignId,
        other => panic!("a ping knows no {other:?}"),
    }
}

#[test]
fn pings_survive_every_fault() {
    for test in [
        "pings::refuse",
        "pings::silent",
        "pings::endless",
        "pings::garbage",
        "pings::oversized",
        "pings::wrong_id",
    ] {
        in_a_namespace(test);
    }
}

/// One fault each, in a namespace where the other host shows it.
mod pings {
    use super::*;

    macro_rules! pings {
        ($($name:ident $fault:ident)+) => {
            $(
                #[tokio::test]
                #[ignore = "started by pings_survive_every_fault in a namespace of its own"]
                async fn $name() {
                    survive(Fault::$fault).await;
                }
            )+
        };
    }
    pings! {
        refuse Refuse
        silent Silent
        endless Endless
        garbage Garbage
        oversized Oversized
        wrong_id WrongId
    }

    async fn survive(fault: Fault) {
        tun::host(manner(fault));
        let row = TABLE.iter().find(|row| row.kind == "icmp").unwrap();
        let (_, cell) = row.cells.iter().find(|(own, _)| *own == fault).unwrap();
        let Fails(reasons) = cell else { panic!("icmp x {fault:?} applies after all") };
        let check = format!("icmp.host = \"{}\"", tun::HOST);
        judged(&Net::new(), &format!("icmp x {fault:?}"), &check, reasons).await.unwrap();
    }

    /// The host that replies is seen: the faults above are what makes the others fail.
    #[tokio::test]
    #[ignore = "started by a_sound_host_passes in a namespace of its own"]
    async fn sound() {
        tun::host(Manner::Reply { after: Duration::from_millis(20), lost: 0 });
        let check = format!("icmp.host = \"{}\"", tun::HOST);
        let outcome = run_with(&check, |_| {}).await.outcome;
        assert_eq!(outcome.verdict, Verdict::Pass, "{outcome:?}");
    }

    #[test]
    fn a_sound_host_passes() {
        in_a_namespace("pings::sound");
    }
}

/// Memory after many runs.
mod growth {
    use super::*;

    /// Faults that leave the most behind, if anything is left.
    const CELLS: &[(&str, Fault)] = &[
        ("http", Fault::Endless),
        ("http", Fault::ResetMidAnswer),
        ("tcp", Fault::Endless),
        ("dns", Fault::WrongId),
        ("websocket", Fault::Endless),
        ("tls", Fault::HalfClose),
    ];
    const RUNS: usize = 200;
    const AT_ONCE: usize = 20;
    /// Bytes that may come on top in those runs: the allocator keeps some, a leak of a buffer per run is far more.
    const ALLOWED: u64 = 24 << 20;

    #[test]
    fn nothing_grows() {
        alone("growth::many_runs");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "started by nothing_grows in a process of its own"]
    async fn many_runs() {
        let net = Net::new();
        for (kind, fault) in CELLS {
            let meetings = meetings(kind, *fault).await;
            rounds(&net, &meetings, RUNS / 2).await;
            let before = resident();
            rounds(&net, &meetings, RUNS).await;
            let after = resident();
            assert!(
                after < before + ALLOWED,
                "{kind} x {fault:?}: from {before} to {after} bytes in {RUNS} runs"
            );
        }
    }

    /// As a daemon runs them: again and again over the same connections, trusted roots and resolvers.
    async fn rounds(net: &Net, meetings: &[Meeting], runs: usize) {
        let checks: Vec<_> = meetings.iter().map(|own| check::check(&own.check, shorten)).collect();
        for _ in 0..runs / AT_ONCE {
            let each = (0..AT_ONCE).map(|nth| check::run_over(net, &checks[nth % checks.len()]));
            join_all(each).await;
        }
    }

    fn shorten(settings: &mut CheckSettings) {
        settings.timeout = Duration::from_millis(60);
    }

    /// Bytes of this process in memory.
    pub(super) fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

/// So many rounds fill what is kept for the next; what leaks goes on after them.
const WARMING: u32 = 10;

/// What may come on top, in bytes: 600 seconds are some 400 rounds of a hundred runs.
const KEPT: u64 = 16 << 20;

/// The whole table again and again; `make soak` starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes as many seconds as NOROSHI_SOAK says"]
async fn soak() {
    let seconds = std::env::var("NOROSHI_SOAK").ok().and_then(|text| text.parse().ok());
    let end = std::time::Instant::now() + Duration::from_secs(seconds.unwrap_or(60));
    let mut warm = 0;
    let net = Net::new();
    for round in 1.. {
        for floods in [false, true] {
            let complaints = all_cells(&net, |fault| (fault == Fault::Endless) == floods).await;
            assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
        }
        let now = growth::resident();
        println!("round {round}: {} MB", now >> 20);
        if round <= WARMING {
            warm = now.max(warm);
        }
        assert!(now < warm + KEPT, "from {warm} to {now} bytes");
        if std::time::Instant::now() > end {
            return;
        }
    }
}
