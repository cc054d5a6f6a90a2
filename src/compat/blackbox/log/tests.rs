use super::*;
use crate::model::{Desc, Expectation, Fact, Phases, Reason, Verdict};

static ADDRESS: Desc = Desc::gauge("noroshi_check_address_info", "").labels(&["address"]);
static STATUS: Desc = Desc::gauge("noroshi_http_status_code", "");

fn told(prober: Prober, outcome: &Outcome, trace: &Trace) -> String {
    let told = Told {
        module: "m",
        target: "t",
        prober,
        prefer: IpProtocol::Ip6,
        began: "2026-08-18T12:00:00Z".parse().unwrap(),
        timeout: Duration::from_millis(9500),
        outcome,
        trace,
    };
    let mut text = String::new();
    told.lines().iter().for_each(|line| line.write(Format::Logfmt, &mut text));
    text.replace(" module=m target=t", "")
}

fn outcome(reason: Option<Reason>, facts: Vec<Fact>) -> Outcome {
    let verdict = if reason.is_some() { Verdict::Fail } else { Verdict::Pass };
    let mut phases = Phases::default();
    phases.add(Phase::Dns, Duration::from_millis(2));
    Outcome {
        verdict,
        reason,
        detail: "why it failed".into(),
        phases,
        duration: Duration::from_millis(250),
        facts: facts.into(),
    }
}

#[test]
fn a_redirect_and_a_status_nobody_wanted() {
    let mut trace = Trace::on();
    let ms = Duration::from_millis;
    for (at, step) in [
        (2, "a.example is 192.0.2.1"),
        (3, "connecting to 192.0.2.1:80"),
        (5, "sending GET / by HTTP/1.1"),
        (9, "redirect to http://b.example/"),
    ] {
        trace.step(ms(at), || step.to_owned());
    }
    trace.expectation(|| Expectation {
        subject: "status".into(),
        wanted: "2xx".into(),
        got: "500 Internal Server Error".into(),
        held: false,
    });
    let facts = vec![Fact::labelled(&ADDRESS, ["192.0.2.1"], 1.0), Fact::new(&STATUS, 500.0)];
    insta::assert_snapshot!(told(Prober::Http, &outcome(Some(Reason::HttpStatus), facts), &trace), @r#"
    time=2026-08-18T12:00:00.000Z level=DEBUG source=http msg="Beginning probe" probe=http timeout_seconds=9.5
    time=2026-08-18T12:00:00.000Z level=DEBUG source=http msg="Resolving target address" ip_protocol=ip6
    time=2026-08-18T12:00:00.002Z level=DEBUG source=http msg="Resolved target address" ip=192.0.2.1
    time=2026-08-18T12:00:00.003Z level=DEBUG source=http msg="connecting to 192.0.2.1:80"
    time=2026-08-18T12:00:00.005Z level=DEBUG source=http msg="Making HTTP request" request="GET / by HTTP/1.1"
    time=2026-08-18T12:00:00.009Z level=WARN source=http msg="Received redirect" location=http://b.example/
    time=2026-08-18T12:00:00.250Z level=DEBUG source=http msg="Received HTTP response" status_code=500
    time=2026-08-18T12:00:00.250Z level=DEBUG source=http msg="Response timings for roundtrip" dns=0.002
    time=2026-08-18T12:00:00.250Z level=ERROR source=http msg="Invalid HTTP response status code, wanted 2xx" reason=http_status status_code=500 subject=status wanted=2xx got="500 Internal Server Error"
    time=2026-08-18T12:00:00.250Z level=ERROR source=http msg="Probe failed" duration_seconds=0.25
    "#);
}

#[test]
fn what_failed_before_any_expectation_has_its_own_words() {
    let address = || vec![Fact::labelled(&ADDRESS, ["192.0.2.1"], 1.0)];
    for (prober, reason, facts, words) in [
        (Prober::Http, Reason::TargetInvalid, vec![], "Could not parse target URL"),
        (Prober::Http, Reason::DnsNxdomain, vec![], "Error resolving address"),
        (Prober::Http, Reason::ConnectRefused, address(), "Error for HTTP request"),
        (
            Prober::Http,
            Reason::HttpRedirect,
            vec![Fact::labelled(&ADDRESS, ["192.0.2.1"], 1.0), Fact::new(&STATUS, 302.0)],
            "Error for HTTP request",
        ),
        (Prober::Tcp, Reason::ConnectRefused, address(), "Error dialing TCP"),
        (Prober::Unix, Reason::ConnectRefused, vec![], "Error dialing unix"),
        (Prober::Dns, Reason::WaitTimeout, address(), "Error while sending a DNS query"),
        (Prober::Icmp, Reason::IcmpNoReply, address(), "Timeout reading from socket"),
        (Prober::Grpc, Reason::WaitTimeout, address(), "can't connect grpc server:"),
        (Prober::Websocket, Reason::ConnectRefused, address(), "Error dialing websocket"),
    ] {
        let text = told(prober, &outcome(Some(reason), facts), &Trace::on());
        let line =
            text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{text}"));
        assert!(line.contains("level=ERROR") && line.contains("err=\"why it failed\""), "{line}");
        assert!(text.trim_end().ends_with("msg=\"Probe failed\" duration_seconds=0.25"), "{text}");
    }
}

#[test]
fn a_success_says_nothing_above_debug() {
    let passed = outcome(None, vec![]);
    let text = told(Prober::Tcp, &passed, &Trace::on());
    assert!(text.lines().all(|line| line.contains("level=DEBUG")), "{text}");
    assert!(text.contains("msg=\"Probe succeeded\""));
}
