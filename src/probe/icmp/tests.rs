//! Where neither kind of socket is permitted, every run's outcome must be that.

use std::sync::Arc;

use super::*;
use crate::{
    clock::Clock,
    model::{CheckSettings, Reason, Trace, Verdict},
    net::Net,
    probe::{self, Report, spec::Check, testing},
};

fn spec(text: &str) -> Spec {
    toml::from_str(text).unwrap()
}

/// Runs a spec; `None`, after the outcome was looked at, where pinging is not permitted here.
async fn run_on(net: &Net, timeout: Duration, text: &str) -> Option<Report> {
    let check = testing::check(probe::Spec::Icmp(spec(text)), timeout);
    permitted(probe::run(&check, net, Clock::system(), Trace::on()).await)
}

fn permitted(report: Report) -> Option<Report> {
    if report.outcome.reason == Some(Reason::IcmpPermission) {
        assert_eq!(report.outcome.verdict, Verdict::Unknown);
        assert!(report.outcome.detail.contains("ping_group_range"), "{}", report.outcome.detail);
        assert!(report.outcome.detail.ends_with("[NET_RAW]"), "{}", report.outcome.detail);
        return None;
    }
    Some(report)
}

async fn run(text: &str) -> Option<Report> {
    run_on(&Net::new(), Duration::from_secs(5), text).await
}

fn fact(report: &Report, name: &str) -> Option<f64> {
    let facts = &report.outcome.facts;
    facts.iter().find(|fact| fact.desc.name == name).map(|fact| fact.value)
}

#[track_caller]
fn assert_passes(report: &Report) {
    assert_eq!(report.outcome.verdict, Verdict::Pass, "{}", report.outcome.detail);
}

#[tokio::test]
async fn one_packet_is_the_default() {
    for host in ["127.0.0.1", "::1", "[::1]"] {
        let Some(report) = run(&format!("host = \"{host}\"")).await else { return };
        assert_passes(&report);
        assert_eq!(fact(&report, "noroshi_icmp_packets_sent"), Some(1.0));
        assert_eq!(fact(&report, "noroshi_icmp_loss_ratio"), Some(0.0));
        assert!(fact(&report, "noroshi_icmp_rtt_avg_seconds").unwrap() > 0.0);
        assert_eq!(fact(&report, "noroshi_icmp_jitter_seconds"), None);
        for phase in [Phase::Connect, Phase::Wait] {
            assert!(report.outcome.phases.of(phase).is_some(), "{phase:?}");
        }
        assert_eq!(fact(&report, "noroshi_icmp_reply_hop_limit"), Some(64.0));
        for fact in report.outcome.facts.iter() {
            let mut known = Spec::FAMILIES.iter().chain(probe::COMMON_FAMILIES);
            assert!(known.any(|desc| desc.name == fact.desc.name), "{}", fact.desc.name);
        }
    }
}

#[tokio::test]
async fn several_packets_measure_spread_and_keep_the_gap() {
    let text = "host = \"127.0.0.1\"\ncount = 4\ngap = \"20ms\"\nsize = 65507\ndont_fragment = true\n\
        expect = { loss = 0.0, rtt = \"1s\", jitter = \"1s\" }";
    let Some(report) = run(text).await else { return };
    assert_passes(&report);
    assert_eq!(fact(&report, "noroshi_icmp_packets_received"), Some(4.0));
    assert!(fact(&report, "noroshi_icmp_jitter_seconds").is_some());
    assert!(fact(&report, "noroshi_icmp_rtt_stddev_seconds").is_some());
    assert!(report.outcome.duration >= Duration::from_millis(60));
    assert_eq!(report.trace.expectations.len(), 3);
}

#[tokio::test]
async fn payloads_begin_with_what_they_are_told_to() {
    let payload = |text: &str| spec(&format!("host = \"a\"\n{text}")).payload();
    assert_eq!(*payload("size = 3"), [0, 1, 2]);
    assert_eq!(*payload("payload = \"abc\"\nsize = 5"), *b"abc\0\0");
    assert_eq!(*payload("payload = \"abc\"\nsize = 2"), *b"ab");
    assert_eq!(*payload("payload = \"abc\"\nsize = 0"), *b"");
    let text =
        "host = \"127.0.0.1\"\nttl = 0\npayload = \"Prometheus Blackbox Exporter\"\nsize = 28";
    let Some(report) = run(text).await else { return };
    assert_passes(&report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_runs_of_one_host_at_once_keep_their_replies_apart() {
    let net = Net::new();
    let check =
        testing::check(probe::Spec::Icmp(spec("host = \"127.0.0.1\"")), Duration::from_secs(5));
    let runs = (0..256).map(|_| {
        let (check, net) = (check.clone(), net.clone());
        tokio::spawn(async move { probe::run(&check, &net, Clock::system(), Trace::on()).await })
    });
    for report in join_all(runs).await {
        let Some(report) = permitted(report.unwrap()) else { return };
        assert_passes(&report);
        assert_eq!(fact(&report, "noroshi_icmp_packets_received"), Some(1.0));
    }
    assert_eq!(net.ping().kinds().len(), 1, "over one socket");
}

#[tokio::test]
async fn expectations_that_do_not_hold() {
    for (expect, reason) in
        [("rtt = \"0\"", Reason::LatencyExceeded), ("jitter = \"0\"", Reason::IcmpJitter)]
    {
        let text = format!("host = \"127.0.0.1\"\ncount = 5\ngap = \"10ms\"\nexpect.{expect}");
        let Some(report) = run(&text).await else { return };
        assert_eq!(report.outcome.reason, Some(reason), "{}", report.outcome.detail);
        assert!(report.outcome.detail.contains("wanted at most 0s, got 0."));
    }
}

#[tokio::test]
async fn no_reply_ends_with_the_deadline_or_the_packets_own() {
    for (more, timeout) in [("", 150), ("packet_timeout = \"50ms\"", 5000)] {
        let net = Net::new();
        let key = Key { ipv6: false, source: None, ttl: 64, dont_fragment: false };
        if let Ok(socket) = net.ping().get(key) {
            socket.deafen();
        }
        let text = format!("host = \"127.0.0.1\"\ncount = 2\ngap = \"10ms\"\n{more}");
        let timeout = Duration::from_millis(timeout);
        let Some(report) = run_on(&net, timeout, &text).await else { return };
        assert_eq!(report.outcome.reason, Some(Reason::IcmpNoReply), "{}", report.outcome.detail);
        assert_eq!(fact(&report, "noroshi_icmp_loss_ratio"), Some(1.0));
        assert_eq!(fact(&report, "noroshi_icmp_rtt_avg_seconds"), None);
        assert!(report.outcome.duration < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_run_that_cannot_end_in_time_says_so() {
    let text = "host = \"127.0.0.1\"\ncount = 10\ngap = \"100ms\"";
    let report = run_on(&Net::new(), Duration::from_millis(250), text).await;
    let Some(report) = report else { return };
    assert_eq!(report.outcome.reason, Some(Reason::DeadlineExceeded));
    assert!(report.outcome.detail.starts_with("only 3 of 10"), "{}", report.outcome.detail);
}

#[tokio::test]
async fn a_source_we_do_not_have_is_unknown() {
    let Check { settings, spec } =
        testing::check(probe::Spec::Icmp(spec("host = \"127.0.0.1\"")), Duration::from_secs(5));
    let source_address = Some("192.0.2.77".parse().unwrap());
    let settings = Arc::new(CheckSettings { source_address, ..(*settings).clone() });
    let check = Check { settings, spec };
    let report = probe::run(&check, &Net::new(), Clock::system(), Trace::default()).await;
    let Some(report) = permitted(report) else { return };
    assert_eq!(report.outcome.reason, Some(Reason::LocalAddress));
    assert_eq!(report.outcome.verdict, Verdict::Unknown);
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (text, wanted) in [
        ("host = \"\"", "neither a host name nor an address"),
        ("host = \"http://a\"", "a ping has no scheme and no port"),
        ("host = \"a:80\"", "a ping has no scheme and no port"),
        ("host = \"a\"\ncount = 0", "0 is out of bounds: it is 1 to 1000"),
        ("host = \"a\"\ncount = 100000", "100000 is out of bounds"),
        ("host = \"a\"\nsize = 65508", "it is 0 to 65507"),
        ("host = \"a\"\nttl = 256", "it is 0 to 255"),
        ("host = \"a\"\nttl = -1", "it is 0 to 255"),
        ("host = \"a\"\nexpect.los = 1", "unknown field `los`"),
    ] {
        let error = toml::from_str::<Spec>(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    for (text, path) in [
        ("host = \"a\"\nexpect.loss = 1.0", "expect.loss"),
        ("host = \"a\"\nexpect.loss = -0.1", "expect.loss"),
        ("host = \"a\"\nexpect.jitter = \"1ms\"", "expect.jitter"),
        ("host = \"a\"\ncount = 2\ngap = \"9ms\"", "gap"),
    ] {
        let problems = spec(text).problems();
        assert_eq!(problems.len(), 1, "{text}");
        assert_eq!(problems[0].path, path);
    }
}

#[test]
fn the_example_is_a_spec_and_a_spec_survives_being_written() {
    #[derive(Deserialize)]
    struct Keys {
        icmp: Spec,
    }
    let keys: Keys = toml::from_str(Spec::EXAMPLE).unwrap();
    assert!(keys.icmp.problems().is_empty());
    let json = serde_json::to_string(&keys.icmp).unwrap();
    assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), keys.icmp);
}
