//! Pushes to real Alertmanagers, and deadmen.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use noroshi::{
    model::{Pairs, PromDuration, PushAlert, PushBatch},
    notify::{
        self, Parts, Setup,
        spec::{Alertmanager, Deadman, Receivers},
        template::Templates,
    },
};
use prometheus_client::{encoding::text, registry::Registry};

use crate::support::{Peer, eventually, notice, web};

fn alerts(count: usize) -> Arc<[PushAlert]> {
    let alert = |nth: usize| PushAlert {
        labels: Pairs::new([("alertname", "Down".to_owned()), ("nth", nth.to_string())]),
        annotations: Pairs::default(),
        starts_at: notice::at(),
        ends_at: notice::at(),
        generator_url: "".into(),
    };
    (0..count).map(alert).collect()
}

fn target(name: &str, peer: &Peer, path: &str) -> Arc<Alertmanager> {
    let table = format!(
        "url = 'http://{}{path}'\nhttp.basic_auth = {{ username = 'u', password = 'p' }}\ntimeout = '500ms'",
        peer.address()
    );
    let spec: Alertmanager = toml::from_str(&table).unwrap();
    Arc::new(Alertmanager { name: name.into(), ..spec })
}

fn setup(receivers: Receivers) -> Setup {
    Setup { receivers, templates: Arc::new(Templates::parse(&[]).unwrap()) }
}

fn exposition(register: impl FnOnce(&mut Registry)) -> String {
    let (mut registry, mut out) = (Registry::default(), String::new());
    register(&mut registry);
    text::encode(&mut out, &registry).unwrap();
    out
}

#[tokio::test]
async fn batches_go_out_to_each_target_by_itself() {
    let good = web::serve(|_| web::reply(200, &[], b"")).await;
    let silent = Peer::holding().await;
    let (parts, _told) = notice::parts();
    let metrics = parts.pushes.clone();
    let (handle, inbox) = notify::channel();
    let alertmanagers = vec![target("silent", &silent, ""), target("good", &good, "/prefix/")];
    let running = tokio::spawn(notify::run(
        inbox,
        setup(Receivers { alertmanagers, ..Receivers::default() }),
        parts,
    ));
    let shown = || exposition(|registry| metrics.register(registry));
    eventually!(shown().contains(r#"queue_capacity{alertmanager="good"} 10000"#));
    for name in ["silent", "good", "stranger"] {
        handle.push(&PushBatch { target: name.into(), alerts: alerts(300) });
    }
    eventually!(good.connections() == 2, "{}", shown());
    eventually!(shown().contains(r#"alerts_sent_total{alertmanager="good"} 300"#), "{}", shown());
    let heard = good.heard().await;
    let of = |part: &str| -> Vec<&str> {
        heard.iter().filter(|(own, _)| own == part).map(|(_, words)| words.as_str()).collect()
    };
    assert_eq!(of("request"), ["POST /prefix/api/v2/alerts HTTP/1.1"; 2]);
    assert_eq!(of("header authorization"), ["Basic dTpw"; 2]);
    let counts: Vec<_> = of("body").iter().map(|body| body.matches("nth").count()).collect();
    assert_eq!(counts, [256, 44]);
    eventually!(
        shown().contains(r#"alerts_failed_total{alertmanager="silent"} 300"#),
        "{}",
        shown()
    );
    assert!(shown().contains(r#"alerts_failed_total{alertmanager="good"} 0"#));
    handle.push(&PushBatch { target: "silent".into(), alerts: alerts(10_300) });
    assert!(shown().contains(r#"alerts_dropped_total{alertmanager="silent"} 300"#), "{}", shown());
    handle.stop(Duration::from_secs(5)).await;
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_deadman_is_heard_while_all_is_alive() {
    let sink = web::serve(|_| web::reply(200, &[], b"")).await;
    let alive = Arc::new(AtomicBool::new(true));
    let (parts, _told) = notice::parts();
    let asked = Arc::clone(&alive);
    let parts = Parts { alive: Arc::new(move || asked.load(Ordering::SeqCst)), ..parts };
    let metrics = parts.heartbeats.clone();
    let heart = |name: &str, table: &str| {
        let deadman: Deadman = toml::from_str(table).unwrap();
        assert!(deadman.problems().is_empty(), "{:?}", deadman.problems());
        Arc::new(Deadman {
            name: name.into(),
            interval: PromDuration(Duration::from_secs(1)),
            ..deadman
        })
    };
    let mut receivers =
        notice::setup(notice::provider("webhook", &format!("url = 'http://{}/r'", sink.address())))
            .receivers;
    receivers.deadmen = vec![
        heart("plain", &format!("url = 'http://{}/ping'", sink.address())),
        heart("told", "receiver = 'r'"),
    ];
    let (handle, inbox) = notify::channel();
    let running = tokio::spawn(notify::run(inbox, setup(receivers), parts));
    let shown = || exposition(|registry| metrics.register(registry));
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
        let deadman: Deadman = toml::from_str(&format!("url = 'http://{url}'")).unwrap();
        let interval = PromDuration(Duration::from_secs(seconds));
        Arc::new(Deadman { name: name.into(), interval, ..deadman })
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
        exposition(|registry| metrics.register(registry))
            .contains(&format!(r#"heartbeats_total{{deadman="{name}"}} {times}"#))
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
    let deadman: Deadman = toml::from_str(&format!("url = 'http://{}/'", sink.address())).unwrap();
    let deadman = Arc::new(Deadman { name: "d".into(), ..deadman });
    let setup = || setup(Receivers { deadmen: vec![Arc::clone(&deadman)], ..Receivers::default() });
    let crashes = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&crashes);
    let (parts, _told) = notice::parts();
    let alive = move || !asked.load(Ordering::SeqCst) || panic!("on purpose");
    let parts = Parts { alive: Arc::new(alive), ..parts };
    let metrics = parts.heartbeats.clone();
    let shown = || exposition(|registry| metrics.register(registry));
    let (handle, inbox) = notify::channel();
    let running = tokio::spawn(notify::run(inbox, setup(), parts));
    eventually!(shown().contains(r#"noroshi_deadman_crashes_total{deadman="d"} 1"#), "{}", shown());
    crashes.store(false, Ordering::SeqCst);
    handle.reload(setup()).await;
    eventually!(shown().contains(r#"heartbeats_total{deadman="d"} 1"#), "{}", shown());
    handle.stop(Duration::ZERO).await;
    running.await.unwrap();
}
