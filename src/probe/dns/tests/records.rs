//! Patterns for whole records, and what of an answer is looked at.

use super::*;

/// Two addresses in the answer, a zone in the authority section, nothing beyond.
fn two_addresses(question: &Message) -> Vec<u8> {
    let mut message = answer(question);
    message.answers = message.answers.split_off(1);
    message.answers.truncate(2);
    message.to_vec().unwrap()
}

#[tokio::test]
async fn rules_hold_or_break_as_in_the_peer() {
    let server = udp(|question, _| vec![two_addresses(question)]).await;
    // The rule, its patterns, and whether it holds for the answer section and for the empty additional section.
    for (rule, patterns, for_two, for_none) in [
        ("none_match", r"'2\.9$'", true, true),
        ("none_match", r"'2\.9$', '2\.1$'", false, true),
        ("all_match", r"'192'", true, false),
        ("all_match", r"'2\.1$'", false, false),
        ("all_match", r"'192', '2\.[12]$'", true, false),
        ("all_match", r"'192', '2\.1$'", false, false),
        ("all_match_or_empty", r"'192', 'IN'", true, true),
        ("all_match_or_empty", r"'2\.1$'", false, true),
        ("any_match", r"'2\.9$'", false, false),
        ("any_match", r"'2\.9$', '2\.1$'", true, false),
        ("any_match", r"'^www\.example\.org\.\t300\tIN\tA\t192\.0\.2\.1$'", true, false),
    ] {
        for (section, holds) in [("answer", for_two), ("additional", for_none)] {
            let expect = format!("expect.records.{section}.{rule} = [{patterns}]");
            let report = run(server, &format!("{ASK}\n{expect}")).await;
            let wanted = if holds { None } else { Some(Reason::DnsAnswerMismatch) };
            assert_eq!(report.reason(), wanted, "{expect}: {}", report.detail());
        }
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_shown_as_a_pattern_sees_it() {
    let server = udp(|question, _| vec![two_addresses(question)]).await;
    for (expect, detail) in [
        (
            r"answer.none_match = ['2\.2$']",
            r"answer records: wanted none to match any of /2\.2$/, got `www.example.org.\t60\tIN\tA\t192.0.2.2`",
        ),
        (
            r"authority.all_match = ['NS']",
            r"wanted one or more, and each to match /NS/, got `www.example.org.\t300\tIN\tSOA\tns.example.org. host.example.org. 2026112001 1 2 3 4`",
        ),
        (
            r"additional.any_match = ['x']",
            "additional records: wanted one to match one of /x/, got no record",
        ),
        (r"additional.all_match = ['x']", "one or more, and each to match /x/, got no record"),
    ] {
        let report = run(server, &format!("{ASK}\nexpect.records.{expect}")).await;
        assert_fails(&report, Reason::DnsAnswerMismatch, detail);
    }
}

#[tokio::test]
async fn the_response_code_is_the_first_reason() {
    let server = udp(|question, _| {
        let mut message = answer(question);
        message.metadata.response_code = ResponseCode::NXDomain;
        vec![message.to_vec().unwrap()]
    })
    .await;
    let report = run(server, &format!("{ASK}\nexpect.records.answer.any_match = ['none']")).await;
    assert_fails(&report, Reason::DnsRcode, "wanted NOERROR, got NXDOMAIN");
    assert_eq!(report.trace.expectations.iter().filter(|one| !one.held).count(), 2);
}

#[tokio::test]
async fn every_record_is_shown_to_a_person() {
    let server = udp(|question, _| vec![right(question)]).await;
    let report = run(server, ASK).await;
    let steps: Vec<&str> = report.trace.steps.iter().map(|(_, step)| &**step).collect();
    for wanted in [
        "answer: www.example.org.\t600\tIN\tCNAME\tReal.Example.org.",
        "answer: www.example.org.\t300\tIN\tTXT\t\"v=spf1 \" \"-all\"",
        "authority: www.example.org.\t300\tIN\tSOA\tns.example.org. host.example.org. 2026112001 1 2 3 4",
    ] {
        assert!(steps.contains(&wanted), "{wanted}: {steps:#?}");
    }
}

/// An answer with EDNS, whatever was asked.
fn with_opt(question: &Message) -> Vec<u8> {
    let mut message = answer(question);
    message.set_edns(hickory_proto::op::Edns::new());
    message.to_vec().unwrap()
}

#[tokio::test]
async fn an_opt_record_counts_where_nobody_asked_for_it() {
    let server = udp(|question, _| vec![with_opt(question)]).await;
    for (edns, count) in [("true", 0.0), ("false", 1.0)] {
        let report = run(server, &format!("{ASK}\nedns = {edns}")).await;
        assert_eq!(fact(&report, "noroshi_dns_additional_records"), Some(count));
        let rule = "expect.records.additional.any_match = ['OPT PSEUDOSECTION']";
        let report = run(server, &format!("{ASK}\nedns = {edns}\n{rule}")).await;
        assert_eq!(report.reason().is_none(), count > 0.0);
        let counts = "expect.counts.additional = 1";
        let report = run(server, &format!("{ASK}\nedns = {edns}\n{counts}")).await;
        assert_eq!(report.reason().is_none(), count > 0.0);
    }
}

#[tokio::test]
async fn the_question_need_not_be_echoed_where_the_check_says_so() {
    let bare: fn(&Message) -> Vec<u8> = |question| {
        let mut message = answer(question);
        message.queries.clear();
        message.to_vec().unwrap()
    };
    for make in [bare, with_another_question] {
        let server = udp(move |question, _| vec![make(question)]).await;
        assert_fails(&run_for(SHORT, server, ASK).await, Reason::DnsMalformed, "another question");
        assert_passes(&run(server, &format!("{ASK}\nquestion_echoed = false")).await);
    }
    let server = udp(|question, _| vec![with_another_id(question)]).await;
    let report = run_for(SHORT, server, &format!("{ASK}\nquestion_echoed = false")).await;
    assert_fails(&report, Reason::DnsMalformed, "another id");
}

#[tokio::test]
async fn a_refusal_may_be_a_header_alone() {
    let server = udp(|question, _| {
        let [high, low] = question.metadata.id.to_be_bytes();
        vec![vec![high, low, 0x80, 5, 0, 1, 0, 0, 0, 0, 0, 0]]
    })
    .await;
    let report = run(server, ASK).await;
    assert_fails(&report, Reason::DnsRcode, "wanted NOERROR, got REFUSED");
    assert_eq!(fact(&report, "noroshi_dns_rcode"), Some(5.0));
    assert_eq!(fact(&report, "noroshi_dns_answer_records"), Some(0.0));
    assert_passes(&run(server, &format!("{ASK}\nexpect.rcode = ['REFUSED']")).await);
}

#[test]
fn rules_are_read_and_written() {
    let server = "192.0.2.53:53".parse().unwrap();
    let rest = "name = 'a'\n[expect.records.answer]\nany_match = ['\\tA\\t', 'b']\nall_match_or_empty = ['c']";
    let spec = spec(server, rest);
    assert!(spec.problems().is_empty());
    let json = serde_json::to_value(&spec).unwrap();
    let wanted = serde_json::json!({ "answer": { "any_match": ["\\tA\\t", "b"], "all_match_or_empty": ["c"] } });
    assert_eq!(json["expect"]["records"], wanted);
    assert_eq!(serde_json::from_value::<Spec>(json).unwrap(), spec);
    for (rest, path) in [
        ("expect.records.answer = { none_match = ['x'], any_match = ['x'] }", "answer"),
        ("expect.records.authority = { none_match = ['x', 'y'], all_match = ['y'] }", "authority"),
    ] {
        let problems = super::spec(server, &format!("name = 'a'\n{rest}")).problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].path, format!("expect.records.{path}.none_match"));
    }
}
