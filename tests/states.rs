//! What a configuration says about states, from a target's answers to `/metrics`: thresholds, overlays, warnings.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{
    fs,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
};

use hickory_proto::rr::{RData, Record, rdata::A};
use support::{
    Peer,
    app::{Bench, site},
    eventually, names,
};
use tokio::net::TcpListener;

/// The codes of `noroshi_check_state`.
const UP: f64 = 1.0;
const DEGRADED: f64 = 4.0;
const UNKNOWN: f64 = 5.0;
const RECOVERING: f64 = 6.0;

/// A site that answers with the status in the switch.
async fn switched(status: u16) -> (Arc<AtomicU16>, Peer) {
    let switch = Arc::new(AtomicU16::new(status));
    let read = Arc::clone(&switch);
    (switch, site(move |_| read.load(Ordering::SeqCst)).await)
}

fn http(name: &str, target: &Peer, more: &str) -> String {
    format!("[checks.{name}]\n{more}\nhttp.url = \"http://{}/\"\n", target.address())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_of_five_are_enough_where_three_in_a_row_are_not() {
    // Never two failures in a row. Wide slots, so that a slow machine adds no failure of its own.
    let script = |nth| if [0, 2, 4].contains(&nth) { 500 } else { 200 };
    let (windowed, row) = (site(script).await, site(script).await);
    let slots = "interval = \"500ms\"\ntimeout = \"500ms\"\nsuccesses = 60";
    let bench = Bench::new(
        &[
            http("windowed", &windowed, &format!("{slots}\nfailures = \"3/5\"")),
            http("row", &row, &format!("{slots}\nfailures = 3")),
        ]
        .concat(),
    )
    .await;
    // With 60 passes to go it stays in RECOVERING, where it can be looked at.
    eventually!(bench.value("noroshi_check_state", "windowed").await == Some(RECOVERING));
    eventually!(bench.value("noroshi_check_runs_total", "row").await >= Some(6.0));
    let down = "state=\"down\"";
    let seconds = "noroshi_check_state_seconds_total";
    assert_eq!(bench.value("noroshi_check_up", "windowed").await, Some(0.0));
    assert_eq!(bench.value("noroshi_check_failures_total", "windowed").await, Some(3.0));
    assert!(bench.labelled(seconds, "windowed", down).await > Some(0.0));
    assert_eq!(bench.value("noroshi_check_up", "row").await, Some(1.0));
    assert_eq!(bench.value("noroshi_check_failures_total", "row").await, Some(3.0));
    assert_eq!(bench.labelled(seconds, "row", down).await, Some(0.0));
    assert!(bench.labelled(seconds, "row", "state=\"pending\"").await > Some(0.0));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restless_check_is_flapping_until_it_calms_down() {
    let restless = Arc::new(AtomicBool::new(true));
    let read = Arc::clone(&restless);
    let target =
        site(move |nth| if read.load(Ordering::SeqCst) && nth % 2 == 0 { 500 } else { 200 }).await;
    let rule = "flapping = { window = 4, start = 0.6, stop = 0.3 }";
    let bench = Bench::new(&http("a", &target, rule)).await;
    let flapping = "overlay=\"flapping\"";
    eventually!(bench.labelled("noroshi_check_overlay", "a", flapping).await == Some(1.0));
    // An overlay takes nothing away: the verdict is still there.
    assert!(bench.value("noroshi_check_up", "a").await.is_some());
    restless.store(false, Ordering::SeqCst);
    eventually!(bench.labelled("noroshi_check_overlay", "a", flapping).await.is_none());
    eventually!(bench.value("noroshi_check_state", "a").await == Some(UP));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_check_runs_at_its_retry_interval_and_a_good_one_does_not() {
    let (status, target) = switched(500).await;
    let slow = "interval = \"1s\"\ntimeout = \"500ms\"";
    let bench = Bench::new(
        &[
            http("eager", &target, &format!("{slow}\nretry_interval = \"100ms\"")),
            http("twin", &target, slow),
        ]
        .concat(),
    )
    .await;
    let runs = async |check| bench.value("noroshi_check_runs_total", check).await.unwrap();
    // At one pace they would never be more than one run apart.
    eventually!(runs("eager").await >= runs("twin").await + 8.0);
    status.store(200, Ordering::SeqCst);
    eventually!(bench.value("noroshi_check_state", "eager").await == Some(UP));
    let (eager, twin) = (runs("eager").await, runs("twin").await);
    eventually!(runs("twin").await >= twin + 3.0);
    let since = runs("eager").await - eager;
    assert!((2.0..=5.0).contains(&since), "{since} runs while it was UP");
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_of_all_checks_suppresses_all_but_itself() {
    let ((uplink, guard), (_, site)) = (switched(200).await, switched(200).await);
    // It continues `[defaults]`.
    let bench = Bench::new(
        &["guard = \"uplink\"\n", &http("uplink", &guard, ""), &http("a", &site, "")].concat(),
    )
    .await;
    let suppressed = "overlay=\"suppressed\"";
    let overlay = async |check| bench.labelled("noroshi_check_overlay", check, suppressed).await;
    eventually!(bench.value("noroshi_check_state", "uplink").await == Some(UP));
    eventually!(bench.value("noroshi_check_state", "a").await == Some(UP));
    assert_eq!(overlay("a").await, None);
    uplink.store(500, Ordering::SeqCst);
    eventually!(overlay("a").await == Some(1.0));
    assert_eq!(overlay("uplink").await, None);
    assert_eq!(bench.value("noroshi_check_state", "a").await, Some(UP));
    uplink.store(200, Ordering::SeqCst);
    eventually!(overlay("a").await.is_none());
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_warn_rule_degrades_and_does_not_fail() {
    let (status, target) = switched(200).await;
    let rule = "warn = { metrics = [{ name = \"noroshi_http_status_code\", above = 200 }] }";
    let bench = Bench::new(&http("a", &target, rule)).await;
    eventually!(bench.value("noroshi_check_state", "a").await == Some(UP));
    status.store(203, Ordering::SeqCst);
    eventually!(bench.value("noroshi_check_state", "a").await == Some(DEGRADED));
    let word = bench.labelled("noroshi_check_state_info", "a", "state=\"degraded\"").await;
    assert_eq!(word, Some(1.0));
    assert_eq!(bench.value("noroshi_check_up", "a").await, Some(1.0));
    assert_eq!(bench.value("noroshi_check_success", "a").await, Some(1.0));
    assert_eq!(bench.value("noroshi_check_failures_total", "a").await, Some(0.0));
    status.store(200, Ordering::SeqCst);
    eventually!(bench.value("noroshi_check_state", "a").await == Some(UP));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn inverted_what_is_closed_is_up_and_what_is_open_is_down() {
    let (closed, (_, open)) = (Peer::refusing(), switched(200).await);
    let inverted = "invert = true";
    let bench =
        Bench::new(&[http("closed", &closed, inverted), http("open", &open, inverted)].concat())
            .await;
    eventually!(bench.value("noroshi_check_up", "closed").await == Some(1.0));
    eventually!(bench.value("noroshi_check_up", "open").await == Some(0.0));
    let reason = "reason=\"unexpected_success\"";
    assert_eq!(bench.labelled("noroshi_check_failing", "open", reason).await, Some(1.0));
    assert_eq!(bench.value("noroshi_check_failing", "closed").await, None);
    assert!(bench.app.stop().await);
}

/// A name server that knows two addresses for every name.
async fn two_addresses() -> Peer {
    names::over_udp(|question, _| {
        let mut answer = names::answer(question);
        let name = answer.answers[0].name.clone();
        let both = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)];
        answer.answers = both
            .into_iter()
            .map(|address| Record::from_rdata(name.clone(), 60, RData::A(A(address))))
            .collect();
        vec![answer.to_vec().unwrap()]
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(target_os = "linux"), ignore = "loopback has one address")]
async fn of_two_addresses_any_or_all_must_pass() {
    let server = two_addresses().await;
    let one = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = one.local_addr().unwrap().port();
    let check = |which| {
        format!("[checks.{which}]\naddresses = \"{which}\"\ntcp.address = \"both.test:{port}\"\n")
    };
    let bench = Bench::new(&format!(
        "dns_server = \"{}\"\npreferred_ip_protocol = \"ip4\"\nip_protocol_fallback = false\n{}{}",
        server.address(),
        check("any"),
        check("all"),
    ))
    .await;
    eventually!(bench.value("noroshi_check_up", "any").await == Some(1.0));
    eventually!(bench.value("noroshi_check_up", "all").await == Some(0.0));
    for check in ["any", "all"] {
        assert_eq!(bench.value("noroshi_check_addresses", check).await, Some(2.0));
        assert_eq!(bench.value("noroshi_check_addresses_passing", check).await, Some(1.0));
    }
    let refused = "reason=\"connect_refused\"";
    assert_eq!(bench.labelled("noroshi_check_failing", "all", refused).await, Some(1.0));
    let _two = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    eventually!(bench.value("noroshi_check_up", "all").await == Some(1.0));
    eventually!(bench.value("noroshi_check_addresses_passing", "any").await == Some(2.0));
    assert!(bench.app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_cannot_tell_leaves_the_verdict_as_it_was() {
    let ((_, good), (_, bad)) = (switched(200).await, switched(500).await);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let give = || fs::write(&token, "hunter2").unwrap();
    give();
    let file = format!("http.bearer_token_file = \"{}\"", token.display());
    let bench = Bench::new(&[http("good", &good, &file), http("bad", &bad, &file)].concat()).await;
    let ups = [("good", 1.0), ("bad", 0.0)];
    for (check, up) in ups {
        eventually!(bench.value("noroshi_check_up", check).await == Some(up));
    }
    fs::remove_file(&token).unwrap();
    for (check, up) in ups {
        eventually!(bench.value("noroshi_check_state", check).await == Some(UNKNOWN));
        assert_eq!(bench.value("noroshi_check_up", check).await, Some(up), "{check}");
        assert_eq!(bench.value("noroshi_check_success", check).await, Some(0.0), "{check}");
        let reason = "reason=\"local_file\"";
        let failing = bench.labelled("noroshi_check_failing", check, reason).await;
        assert_eq!(failing, Some(1.0), "{check}");
    }
    assert_eq!(bench.value("noroshi_check_failures_total", "good").await, Some(0.0));
    give();
    eventually!(bench.value("noroshi_check_state", "good").await == Some(UP));
    assert!(bench.app.stop().await);
}
