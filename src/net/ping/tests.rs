//! Where neither kind of socket is permitted, every test asserts that this is what is said.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures_util::future::join_all;
use socket2::{Domain, Protocol, Type};

use super::*;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(100);

/// A payload of so many bytes.
fn at(host: IpAddr) -> SocketAddr {
    SocketAddr::new(host, 0)
}

fn bytes(length: usize) -> Arc<[u8]> {
    vec![7; length].into()
}

fn key(ipv6: bool, ttl: u8) -> Key {
    Key { ipv6, source: None, ttl, dont_fragment: false }
}

/// The socket, or `None` where the kernel permits neither kind.
fn open(sockets: &Sockets, key: Key) -> Option<Arc<Socket>> {
    match sockets.get(key) {
        Ok(socket) => Some(socket),
        Err(failure) => {
            assert_eq!(failure.reason, Reason::IcmpPermission, "{}", failure.detail);
            for kind in [Type::DGRAM, Type::RAW] {
                let opened = socket2::Socket::new(Domain::IPV4, kind, Some(Protocol::ICMPV4));
                assert!(opened.is_err(), "{kind:?} is permitted");
            }
            None
        }
    }
}

fn is_echo(answer: &Result<Option<Reply>, Failure>) -> bool {
    matches!(answer, Ok(Some(Reply::Echo { .. })))
}

#[tokio::test]
async fn both_families_answer() {
    for home in ["127.0.0.1", "::1"].map(|text| text.parse::<IpAddr>().unwrap()) {
        let Some(socket) = open(&Sockets::default(), key(home.is_ipv6(), 64)) else { return };
        let answer = socket.ping(at(home), &bytes(56), LONG).await;
        let Ok(Some(Reply::Echo { round_trip, hop_limit })) = answer else {
            panic!("{answer:?}");
        };
        assert!(round_trip > Duration::ZERO && round_trip < LONG);
        assert_eq!(hop_limit, Some(64), "both kinds of sockets tell it");
    }
}

#[tokio::test]
async fn one_socket_per_key() {
    let sockets = Sockets::default();
    let Some(one) = open(&sockets, key(false, 64)) else { return };
    assert!(Arc::ptr_eq(&one, &sockets.get(key(false, 64)).unwrap()));
    for other in [
        key(false, 3),
        key(true, 64),
        Key { dont_fragment: true, ..key(false, 64) },
        Key { dont_fragment: true, ..key(true, 64) },
        Key { source: Some(HOME), ..key(false, 64) },
    ] {
        let other = sockets.get(other).unwrap();
        assert!(!Arc::ptr_eq(&one, &other) && one.wire.identifier != other.wire.identifier);
    }
    assert_eq!(sockets.kinds().len(), 6);
}

#[tokio::test]
async fn mixed_options_answer_side_by_side() {
    let sockets = Sockets::default();
    for ttl in [1, 64, 255] {
        for dont_fragment in [false, true] {
            let key = Key { dont_fragment, source: Some(HOME), ..key(false, ttl) };
            let Some(socket) = open(&sockets, key) else { return };
            assert!(is_echo(&socket.ping(at(HOME), &bytes(1400), LONG).await));
        }
    }
}

#[tokio::test]
async fn a_thousand_hosts_at_once_lose_nothing() {
    let Some(socket) = open(&Sockets::default(), key(false, 64)) else { return };
    let payload = bytes(56);
    for _ in 0..3 {
        let hosts = (0..1000_u16).map(|host| {
            let [high, low] = host.to_be_bytes();
            IpAddr::V4(Ipv4Addr::new(127, 1, high, low))
        });
        let answers = join_all(hosts.map(|host| socket.ping(at(host), &payload, LONG))).await;
        assert_eq!(answers.iter().filter(|answer| is_echo(answer)).count(), 1000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_checks_of_one_host_never_collide() {
    let Some(socket) = open(&Sockets::default(), key(false, 64)) else { return };
    let pings = (0..1000).map(|_| {
        let socket = Arc::clone(&socket);
        tokio::spawn(async move { socket.ping(at(HOME), &bytes(0), LONG).await })
    });
    let answers = join_all(pings).await;
    assert!(answers.into_iter().all(|answer| is_echo(&answer.unwrap())));
}

#[tokio::test]
async fn a_small_buffer_loses_nothing_of_a_burst() {
    let Some(socket) = open(&Sockets::default(), key(false, 64)) else { return };
    // What an unprivileged process may get: room for far fewer answers than there are requests.
    socket.wire.socket().set_recv_buffer_size(4096).unwrap();
    let payload = bytes(56);
    let patience = Duration::from_secs(1);
    let pings = (0..500).map(|_| socket.ping(at(HOME), &payload, patience));
    let answers = join_all(pings).await;
    let answered = answers.iter().filter(|answer| is_echo(answer)).count();
    // As long as few are in flight nobody but the listener takes them, so the first may be dropped.
    assert!(answered >= 500 - CROWD, "{answered}");
}

#[tokio::test]
async fn numbers_in_flight_are_skipped() {
    let Some(socket) = open(&Sockets::default(), key(false, 64)) else { return };
    socket.deafen();
    let nothing = bytes(0);
    let waiting = socket.ping(at(HOME), &nothing, LONG);
    tokio::pin!(waiting);
    // Polled once, the first number is in flight.
    assert!(futures_util::poll!(&mut waiting).is_pending());
    socket.next.store(0, Ordering::Relaxed);
    assert_eq!(socket.ping(at(HOME), &bytes(0), SHORT).await, Ok(None));
    assert_eq!(socket.next.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn silence_is_no_failure_and_a_deaf_socket_is_replaced() {
    let sockets = Sockets::default();
    let Some(socket) = open(&sockets, key(false, 64)) else { return };
    socket.deafen();
    assert_eq!(socket.ping(at(HOME), &bytes(0), SHORT).await, Ok(None));
    let again = || sockets.get(key(false, 64)).unwrap();
    assert!(Arc::ptr_eq(&socket, &again()), "once is nothing");
    socket.silent.store(SUSPECT_AFTER.0, Ordering::Relaxed);
    assert!(Arc::ptr_eq(&socket, &again()), "many at once are a burst");
    *socket.heard.lock() = Instant::now().checked_sub(SUSPECT_AFTER.1).unwrap();
    let new = again();
    assert!(!Arc::ptr_eq(&socket, &new));
    assert!(is_echo(&new.ping(at(HOME), &bytes(0), LONG).await));
    assert!(Arc::ptr_eq(&new, &again()));
}

#[tokio::test(start_paused = true)]
async fn unused_sockets_are_closed() {
    let sockets = Sockets::default();
    if open(&sockets, key(false, 64)).is_none() {
        return;
    }
    tokio::time::advance(IDLE).await;
    sockets.get(key(false, 3)).unwrap();
    assert_eq!(sockets.kinds().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    let sockets = Sockets::default();
    let Some(socket) = open(&sockets, key(false, 64)) else { return };
    let large = bytes(65_536);
    let failure = socket.ping(at(HOME), &large, LONG).await.unwrap_err();
    assert_eq!(failure.reason, Reason::IcmpTooBig, "{}", failure.detail);
    // The kernel forbids broadcasts to whoever did not ask for them.
    let everybody = Ipv4Addr::new(127, 255, 255, 255).into();
    let failure = socket.ping(at(everybody), &bytes(0), LONG).await.unwrap_err();
    assert_eq!(failure.reason, Reason::IcmpPermission, "{}", failure.detail);
    for source in ["::1", "192.0.2.77"] {
        let key = Key { source: Some(source.parse().unwrap()), ..key(false, 64) };
        let failure = sockets.get(key).err().unwrap();
        assert_eq!(failure.reason, Reason::LocalAddress, "{}", failure.detail);
    }
}

/// A raw socket that forges packets, where permitted.
fn forger() -> Option<socket2::Socket> {
    socket2::Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).ok()
}

fn forged(kind: u8, identifier: u16, number: u16) -> Vec<u8> {
    let [identifier, number] = [identifier, number].map(u16::to_be_bytes);
    [&[kind, 0, 0, 0], &identifier[..], &number].concat()
}

#[tokio::test]
async fn foreign_and_broken_packets_confuse_nobody() {
    let Some(socket) = open(&Sockets::default(), key(false, 64)) else { return };
    let home = SocketAddr::new(HOME, 0).into();
    for number in 0..200_u16 {
        if let Some(forger) = forger() {
            let ours = socket.wire.identifier;
            for packet in [
                forged(0, ours.wrapping_add(1), number),
                forged(0, ours, number.wrapping_add(5_000)),
                forged(11, ours, number),
                vec![0, 0, 0],
                vec![0xff; 9],
            ] {
                forger.send_to(&packet, &home).unwrap();
            }
        }
        assert!(is_echo(&socket.ping(at(HOME), &bytes(8), LONG).await));
        // A duplicate of an answer that has come already.
        if let Some(forger) = forger() {
            forger.send_to(&forged(0, socket.wire.identifier, number), &home).unwrap();
        }
    }
}

#[tokio::test]
async fn an_echo_with_other_bytes_is_told() {
    let Some(socket) = open(&Sockets::default(), key(false, 64)) else { return };
    let Some(forger) = forger().filter(|_| socket.kind() == SocketKind::Raw) else { return };
    let payload = bytes(4);
    // From now on requests leave at once.
    assert!(is_echo(&socket.ping(at(HOME), &payload, LONG).await));
    let number = socket.next.load(Ordering::Relaxed);
    let waiting = socket.ping(at("127.0.0.9".parse().unwrap()), &payload, SHORT);
    tokio::pin!(waiting);
    socket.deafen();
    assert!(futures_util::poll!(&mut waiting).is_pending());
    socket.hear(&filter::program(false, socket.wire.identifier));
    forger.bind(&SocketAddr::new("127.0.0.9".parse().unwrap(), 0).into()).unwrap();
    let packet = forged(0, socket.wire.identifier, number);
    forger.send_to(&packet, &SocketAddr::new(HOME, 0).into()).unwrap();
    let Ok(Some(Reply::Undelivered(failure))) = waiting.await else { panic!("not told") };
    assert_eq!(failure.detail, "127.0.0.9 sent back 0 of the 4 bytes that were sent");
}

#[tokio::test]
async fn a_router_that_gives_up_is_heard_on_a_raw_socket() {
    let Some(socket) = open(&Sockets::default(), key(false, 64)) else { return };
    let Some(forger) = forger().filter(|_| socket.kind() == SocketKind::Raw) else { return };
    // Nothing but errors, or the host's own answer would be faster.
    socket.hear(&filter::errors_only());
    for (kind, code, reason) in [
        (11, 0, Reason::IcmpTimeExceeded),
        (3, 1, Reason::ConnectUnreachable),
        (3, 4, Reason::IcmpTooBig),
    ] {
        let number = socket.next.load(Ordering::Relaxed);
        let nothing = bytes(0);
        let waiting = socket.ping(at(HOME), &nothing, LONG);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        let mut about = [0; 20];
        (about[0], about[9]) = (0x45, 1);
        about[16..].copy_from_slice(&[127, 0, 0, 1]);
        let request = forged(8, socket.wire.identifier, number);
        let packet = [&[kind, code, 0, 0, 0, 0, 0, 0], &about[..], &request].concat();
        forger.send_to(&packet, &SocketAddr::new(HOME, 0).into()).unwrap();
        let Ok(Some(Reply::Undelivered(failure))) = waiting.await else { panic!("{kind}") };
        assert_eq!(failure.reason, reason);
        assert!(failure.detail.starts_with("127.0.0.1 answered: "), "{}", failure.detail);
    }
}
