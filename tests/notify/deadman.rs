//! Deadmen: who hears them, and what withholds them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use noroshi::{
    model::PromDuration,
    notify::{
        self, DeadmanMetrics, Parts, Setup,
        spec::{Deadman, Integration, Receiver, Receivers},
        template::Templates,
    },
};
use prometheus_client::{encoding::text, registry::Registry};

use crate::support::{Peer, eventually, notice, web};

fn setup(receivers: Receivers) -> Setup {
    Setup { receivers, templates: Arc::new(Templates::parse(&[]).unwrap()) }
}

fn heart(name: &str, interval: Duration, table: &str) -> Arc<Deadman> {
    let deadman: Deadman = toml::from_str(table).unwrap();
    assert!(deadman.problems().is_empty(), "{:?}", deadman.problems());
    Arc::new(Deadman { name: name.into(), interval: PromDuration(interval), ..deadman })
}

fn webhook(peer: &Peer, path: &str) -> Integration {
    let table = format!("url = 'http://{}{path}'", peer.address());
    Integration::from(notice::provider("webhook", &table))
}

fn shown(metrics: &DeadmanMetrics) -> String {
    let (mut registry, mut out) = (Registry::default(), String::new());
    metrics.register(&mut registry);
    text::encode(&mut out, &registry).unwrap();
    out
}

#[tokio::test]
async fn a_deadman_is_heard_while_all_is_alive() {
    let sink = web::serve(|_| web::reply(200, &[], b"")).await;
    let alive = Arc::new(AtomicBool::new(true));
    let (parts, _told) = notice::parts();
    let asked = Arc::clone(&alive);
    let parts = Parts { alive: Arc::new(move || asked.load(Ordering::SeqCst)), ..parts };
    let metrics = parts.heartbeats.clone();
    let second = Duration::from_secs(1);
    let mut receivers =
        notice::setup(notice::provider("webhook", &format!("url = 'http://{}/r'", sink.address())))
            .receivers;
    receivers.deadmen = vec![
        heart("plain", second, &format!("url = 'http://{}/ping'", sink.address())),
        heart("told", second, "receiver = 'r'"),
    ];
    let (handle, inbox) = notify::channel();
    let running = tokio::spawn(notify::run(inbox, setup(receivers), parts));
    let shown = || shown(&metrics);
    for name in ["plain", "told"] {
        let twice = format!(r#"heartbeats_total{{deadman="{name}"}} 2"#);
        eventually!(shown().contains(&twice), "{}", shown());
    }
    alive.store(false, Ordering::SeqCst);
    eventually!(shown().contains(r#"withheld_total{deadman="plain"} 1"#), "{}", shown());
    let told = sink.heard().await;
    let requests: Vec<_> = told
        .iter()
        .filter(|(part, _)| part == "request")
        .map(|(_, words)| words.as_str())
        .collect();
    assert!(requests.contains(&"GET /ping HTTP/1.1") && requests.contains(&"POST /r HTTP/1.1"));
    assert!(told.iter().any(|(part, words)| part == "body" && words.contains("NoroshiDeadman")));
    handle.stop(Duration::ZERO).await;
    running.await.unwrap();
}

#[tokio::test]
async fn a_deadman_keeps_in_step_through_reloads() {
    let (kept, changed) = (
        web::serve(|_| web::reply(200, &[], b"")).await,
        web::serve(|_| web::reply(200, &[], b"")).await,
    );
    let heart = |name: &str, url: String, seconds| {
        heart(name, Duration::from_secs(seconds), &format!("url = 'http://{url}'"))
    };
    // One that stays the same, before one that is another each time.
    let of = |seconds, nth: usize| {
        let deadmen = vec![
            heart("kept", format!("{}/", kept.address()), seconds),
            heart("changed", format!("{}/{nth}", changed.address()), 3600),
        ];
        setup(Receivers { deadmen, ..Receivers::default() })
    };
    let (parts, _told) = notice::parts();
    let metrics = parts.heartbeats.clone();
    let sent = |name: &str, times: usize| {
        shown(&metrics).contains(&format!(r#"heartbeats_total{{deadman="{name}"}} {times}"#))
    };
    let (handle, inbox) = notify::channel();
    let running = tokio::spawn(notify::run(inbox, of(3600, 0), parts));
    // One that is not over would begin anew.
    eventually!(sent("kept", 1) && sent("changed", 1));
    for nth in 1..10 {
        handle.reload(of(3600, nth)).await;
        eventually!(sent("changed", nth + 1));
    }
    assert_eq!(kept.connections(), 1, "nothing of it was changed");
    handle.reload(of(1800, 9)).await;
    eventually!(sent("kept", 2));
    assert_eq!((kept.connections(), changed.connections()), (2, 10));
    handle.stop(Duration::ZERO).await;
    running.await.unwrap();
}

#[tokio::test]
async fn a_heart_that_crashes_is_counted_and_beats_after_the_next_reload() {
    let sink = web::serve(|_| web::reply(200, &[], b"")).await;
    let url = format!("url = 'http://{}/'", sink.address());
    let deadman = heart("d", Duration::from_mins(1), &url);
    let setup = || setup(Receivers { deadmen: vec![Arc::clone(&deadman)], ..Receivers::default() });
    let crashes = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&crashes);
    let (parts, _told) = notice::parts();
    let alive = move || !asked.load(Ordering::SeqCst) || panic!("on purpose");
    let parts = Parts { alive: Arc::new(alive), ..parts };
    let metrics = parts.heartbeats.clone();
    let shown = || shown(&metrics);
    let (handle, inbox) = notify::channel();
    let running = tokio::spawn(notify::run(inbox, setup(), parts));
    eventually!(shown().contains(r#"noroshi_deadman_crashes_total{deadman="d"} 1"#), "{}", shown());
    crashes.store(false, Ordering::SeqCst);
    handle.reload(setup()).await;
    eventually!(shown().contains(r#"heartbeats_total{deadman="d"} 1"#), "{}", shown());
    handle.stop(Duration::ZERO).await;
    running.await.unwrap();
}

#[tokio::test]
async fn every_integration_hears_a_heartbeat_and_only_who_did_not_is_told_again() {
    let sick = web::serve(|_| web::reply(503, &[], b"")).await;
    let well = web::serve(|_| web::reply(200, &[], b"")).await;
    let integrations = vec![webhook(&sick, "/sick"), webhook(&well, "/well")];
    let receiver = Receiver { name: "r".into(), integrations, ..Receiver::default() };
    let receivers = Receivers {
        receivers: vec![Arc::new(receiver)],
        deadmen: vec![heart("d", Duration::from_hours(1), "receiver = 'r'")],
        ..Receivers::default()
    };
    let (parts, _told) = notice::parts();
    let metrics = parts.heartbeats.clone();
    let (handle, inbox) = notify::channel();
    let running = tokio::spawn(notify::run(inbox, setup(receivers), parts));
    let failed = r#"failures_total{deadman="d"} 1"#;
    eventually!(shown(&metrics).contains(failed), "{}", shown(&metrics));
    assert_eq!((sick.connections(), well.connections()), (3, 1));
    handle.stop(Duration::ZERO).await;
    running.await.unwrap();
}

#[tokio::test]
async fn a_burst_withholds_no_heartbeat() {
    let sink = web::serve(|_| web::reply(200, &[], b"")).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (parts, _told) = notice::parts();
    // A queue that is full, and has room when it is looked at again.
    let alive = Arc::new(move || count.fetch_add(1, Ordering::SeqCst) >= 3);
    let parts = Parts { alive, ..parts };
    let metrics = parts.heartbeats.clone();
    let url = format!("url = 'http://{}/'", sink.address());
    let deadmen = vec![heart("d", Duration::from_hours(1), &url)];
    let (handle, inbox) = notify::channel();
    let receivers = Receivers { deadmen, ..Receivers::default() };
    let running = tokio::spawn(notify::run(inbox, setup(receivers), parts));
    let sent = r#"heartbeats_total{deadman="d"} 1"#;
    eventually!(shown(&metrics).contains(sent), "{}", shown(&metrics));
    assert!(shown(&metrics).contains(r#"withheld_total{deadman="d"} 0"#), "{}", shown(&metrics));
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    handle.stop(Duration::ZERO).await;
    running.await.unwrap();
}
