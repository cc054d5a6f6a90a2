//! Runs against servers that tests script, by datagram, connection and TLS.

mod connection;
mod records;
mod secure;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hickory_proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record,
        rdata::{A, CNAME, MX, SOA, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

use super::*;
use crate::{
    clock::Clock,
    model::{CheckSettings, Phase, Reason, Trace, Verdict},
    net::Net,
    probe::{self, Report, spec::Check, testing::check},
};

fn spec(server: SocketAddr, rest: &str) -> Spec {
    toml::from_str(&format!("server = \"{server}\"\n{rest}")).unwrap()
}

async fn run_for(timeout: Duration, server: SocketAddr, rest: &str) -> Report {
    let check = check(probe::Spec::Dns(spec(server, rest)), timeout);
    probe::run(&check, &Net::new(), Clock::system(), Trace::on()).await
}

async fn run(server: SocketAddr, rest: &str) -> Report {
    run_for(Duration::from_secs(5), server, rest).await
}

/// For runs that are to end at their deadline.
const SHORT: Duration = Duration::from_millis(150);

fn fact(report: &Report, name: &str) -> Option<f64> {
    let facts = &report.outcome.facts;
    facts.iter().find(|fact| fact.desc.name == name).map(|fact| fact.value)
}

#[track_caller]
fn assert_fails(report: &Report, reason: Reason, detail: &str) {
    let outcome = &report.outcome;
    assert_eq!(outcome.reason, Some(reason), "{}", outcome.detail);
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert!(outcome.detail.contains(detail), "{}", outcome.detail);
}

#[track_caller]
fn assert_passes(report: &Report) {
    assert_eq!(report.outcome.verdict, Verdict::Pass, "{}", report.outcome.detail);
}

/// A server that answers each question with the datagrams `script` makes of it.
async fn udp(script: impl Fn(&Message, SocketAddr) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind(ANYWHERE).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut bytes = [0; 4096];
        loop {
            let (size, from) = socket.recv_from(&mut bytes).await.unwrap();
            for answer in script(&Message::from_vec(&bytes[..size]).unwrap(), from) {
                socket.send_to(&answer, from).await.unwrap();
            }
        }
    });
    address
}

/// A server on the port of `at` whose connections get the bytes `script` makes of the question, and are then closed.
async fn tcp(at: SocketAddr, script: impl Fn(&Message) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&script(&Message::from_vec(&bytes).unwrap())).await.unwrap();
        }
    });
    address
}

/// An address of its own: on 127.0.0.1 somebody's outgoing connection may hold the TCP port of a UDP server.
const ANYWHERE: &str = "127.0.0.77:0";

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&length, message].concat()
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// The answer to any question: a CNAME, two addresses, two mail exchangers and a text; one authority.
fn answer(question: &Message) -> Message {
    let mut message = Message::response(question.metadata.id, question.metadata.op_code);
    message.metadata.recursion_desired = question.metadata.recursion_desired;
    message.add_queries(question.queries.clone());
    let own = question.queries[0].name.clone();
    let record = |ttl, data| Record::from_rdata(own.clone(), ttl, data);
    message.add_answers([
        record(600, RData::CNAME(CNAME(name("Real.Example.org.")))),
        record(300, RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))),
        record(60, RData::A(A(Ipv4Addr::new(192, 0, 2, 2)))),
        record(300, RData::MX(MX::new(10, name("Mail.Example.org.")))),
        record(300, RData::TXT(TXT::new(vec!["v=spf1 ".into(), "-all".into()]))),
    ]);
    let soa =
        SOA::new(name("ns.example.org."), name("host.example.org."), 2_026_112_001, 1, 2, 3, 4);
    message.add_authority(record(300, RData::SOA(soa)));
    message
}

fn right(question: &Message) -> Vec<u8> {
    answer(question).to_vec().unwrap()
}

const ASK: &str = "name = \"www.example.org\"";

#[tokio::test]
async fn a_right_answer_is_measured() {
    let server = udp(|question, _| vec![right(question)]).await;
    let report = run(server, ASK).await;
    assert_passes(&report);
    for (name, value) in [
        ("noroshi_dns_answer_records", 5.0),
        ("noroshi_dns_authority_records", 1.0),
        ("noroshi_dns_additional_records", 0.0),
        ("noroshi_dns_rcode", 0.0),
        ("noroshi_dns_answer_ttl_min_seconds", 60.0),
        ("noroshi_dns_truncated", 0.0),
        ("noroshi_dns_foreign_responses", 0.0),
        ("noroshi_dns_authenticated_data", 0.0),
        ("noroshi_dns_authoritative", 0.0),
    ] {
        assert_eq!(fact(&report, name), Some(value), "{name}");
    }
    assert_eq!(fact(&report, "noroshi_dns_serial"), None);
    let told: Vec<&str> = (report.outcome.facts.iter())
        .filter(|fact| fact.desc.name == "noroshi_dns_answer_info")
        .map(|fact| &*fact.labels[0])
        .collect();
    assert_eq!(told[..3], ["real.example.org.", "192.0.2.1", "192.0.2.2"]);
    for phase in [Phase::Connect, Phase::Send, Phase::Wait] {
        assert!(report.outcome.phases.of(phase).is_some(), "{phase:?}");
    }
    assert!(report.outcome.phases.of(Phase::Receive).is_none());
}

#[tokio::test]
async fn every_fact_is_declared() {
    let server = udp(|question, _| vec![right(question)]).await;
    for fact in run(server, ASK).await.outcome.facts.iter() {
        let known = Spec::FAMILIES.iter().chain(probe::COMMON_FAMILIES);
        assert!(known.clone().any(|desc| desc.name == fact.desc.name), "{}", fact.desc.name);
    }
}

#[tokio::test]
async fn expectations_hold_or_name_what_came() {
    let server = udp(|question, _| {
        let mut message = answer(question);
        message.metadata.authoritative = true;
        vec![message.to_vec().unwrap()]
    })
    .await;
    for expect in [
        "expect.answer.any = [\"192.0.2.9\", \"192.0.2.1\"]",
        "expect.answer.all = [\"192.0.2.1\"]",
        "expect.answer.none = [\"192.0.2.9\", { regex = '^10\\.' }]",
        "expect.answer.exactly = [\"192.0.2.2\", \"192.0.2.1\"]",
        "expect.answer.exactly = [{ regex = '^192\\.0\\.2\\.[12]$' }]",
        "type = \"MX\"\nexpect.answer.exactly = [\"010 MAIL.example.ORG\"]",
        "type = \"CNAME\"\nexpect.answer.all = [\"real.example.org\"]",
        "type = \"TXT\"\nexpect.answer.all = [\"v=spf1 -all\"]",
        "type = \"AAAA\"\nexpect.answer.exactly = []",
        "type = \"ANY\"\nexpect.answer.all = [\"192.0.2.1\", \"10 mail.example.org\"]",
        "expect.ttl = { min = \"1m\", max = \"10m\" }",
        "expect.counts = { answer = 5, authority = 1, additional = 0 }",
        "expect.rcode = [\"nxdomain\", \"NOERROR\"]",
        "expect = { authoritative = true, authenticated = false }",
    ] {
        let report = run(server, &format!("{ASK}\n{expect}")).await;
        assert_eq!(report.outcome.verdict, Verdict::Pass, "{expect}: {}", report.outcome.detail);
        assert!(report.trace.expectations.len() > 1 || expect.contains("rcode"));
        assert!(report.trace.expectations.iter().all(|one| one.held && !one.got.is_empty()));
    }
    let mismatch = Reason::DnsAnswerMismatch;
    for (expect, reason, detail) in [
        ("answer.any = [\"192.0.2.9\"]", mismatch, "got `192.0.2.1`, `192.0.2.2`"),
        ("answer.all = [\"192.0.2.1\", \"192.0.2.9\"]", mismatch, "wanted all of `192.0.2.1`"),
        ("answer.none = [{ regex = '2$' }]", mismatch, "none of `/2$/`"),
        ("answer.exactly = [\"192.0.2.1\"]", mismatch, "exactly"),
        ("answer.exactly = []", mismatch, "exactly of no record"),
        ("ttl.min = \"2m\"", Reason::DnsTtl, "wanted at least 2m, got 1m"),
        ("ttl.max = \"30s\"", Reason::DnsTtl, "got 10m"),
        ("counts.additional = 1", Reason::DnsCount, "additional records: wanted at least 1, got 0"),
        (
            "rcode = [\"NXDOMAIN\", \"REFUSED\"]",
            Reason::DnsRcode,
            "wanted NXDOMAIN or REFUSED, got NOERROR",
        ),
        ("authenticated = true", Reason::DnsNotAuthenticated, "AD bit"),
        ("authoritative = false", Reason::DnsNotAuthoritative, "AA bit: wanted not set, got set"),
    ] {
        let report = run(server, &format!("{ASK}\nexpect.{expect}")).await;
        assert_fails(&report, reason, detail);
        assert!(fact(&report, "noroshi_dns_answer_records").is_some(), "facts survive a failure");
        assert!(report.trace.expectations.iter().any(|one| !one.held));
    }
}

#[tokio::test]
async fn response_codes_are_named() {
    for (code, word) in [
        (ResponseCode::NXDomain, "NXDOMAIN"),
        (ResponseCode::ServFail, "SERVFAIL"),
        (ResponseCode::Refused, "REFUSED"),
    ] {
        let server = udp(move |question, _| {
            let mut message =
                Message::error_msg(question.metadata.id, question.metadata.op_code, code);
            message.add_queries(question.queries.clone());
            vec![message.to_vec().unwrap()]
        })
        .await;
        assert_fails(&run(server, ASK).await, Reason::DnsRcode, word);
        assert_passes(&run(server, &format!("{ASK}\nexpect.rcode = [\"{word}\"]")).await);
    }
}

#[tokio::test]
async fn an_error_may_come_without_the_question() {
    let server = udp(|question, _| {
        let (id, code) = (question.metadata.id, question.metadata.op_code);
        vec![Message::error_msg(id, code, ResponseCode::FormErr).to_vec().unwrap()]
    })
    .await;
    assert_fails(&run(server, ASK).await, Reason::DnsRcode, "got FORMERR");
}

fn with_another_id(question: &Message) -> Vec<u8> {
    let mut bytes = right(question);
    bytes[0] ^= 0xff;
    bytes
}

fn with_another_question(question: &Message) -> Vec<u8> {
    let mut message = answer(question);
    message.queries[0].name = name("elsewhere.example.");
    message.to_vec().unwrap()
}

#[tokio::test]
async fn foreign_answers_are_passed_over() {
    let server = udp(|question, _| {
        let mut shouting = answer(question);
        shouting.queries[0].name = name("WWW.EXAMPLE.ORG.");
        let foreign =
            [with_another_id(question), vec![7], Vec::new(), with_another_question(question)];
        foreign.into_iter().chain([shouting.to_vec().unwrap()]).collect()
    })
    .await;
    let report = run(server, ASK).await;
    assert_passes(&report);
    assert_eq!(fact(&report, "noroshi_dns_foreign_responses"), Some(4.0));
    assert!(report.trace.steps.iter().any(|(_, step)| step.contains("another question")));
}

#[tokio::test]
async fn only_foreign_answers_are_no_silence() {
    let server = udp(|question, _| vec![with_another_id(question)]).await;
    let report = run_for(SHORT, server, ASK).await;
    assert_fails(
        &report,
        Reason::DnsMalformed,
        "1 answers were not for our question, the last had another id",
    );
    assert_eq!(fact(&report, "noroshi_dns_foreign_responses"), Some(1.0));
}

#[tokio::test]
async fn an_answer_from_elsewhere_is_not_heard() {
    let server = udp(|question, from| {
        let elsewhere = std::net::UdpSocket::bind(ANYWHERE).unwrap();
        elsewhere.send_to(&right(question), from).unwrap();
        Vec::new()
    })
    .await;
    assert_fails(&run_for(SHORT, server, ASK).await, Reason::WaitTimeout, "phase wait");
}

#[tokio::test]
async fn what_is_no_answer_is_malformed_at_once() {
    type Make = fn(&Message) -> Vec<u8>;
    let cases: [(Make, &str); 6] = [
        (|question| right(question)[..40].to_vec(), ""),
        (|question| right(question)[..5].to_vec(), "only 5 bytes"),
        (|question| question.to_vec().unwrap(), "a question came back"),
        (|question| [&right(question)[..12], &[0xff; 50]].concat(), ""),
        (with_pointer_loop, ""),
        (
            |question| {
                let mut message = answer(question);
                let long = RData::TXT(TXT::new(vec!["x".repeat(255); 20]));
                message.add_answer(Record::from_rdata(Name::root(), 1, long));
                message.to_vec().unwrap()
            },
            "more than 4096 bytes",
        ),
    ];
    for (make, detail) in cases {
        let server = udp(move |question, _| vec![make(question)]).await;
        assert_fails(&run(server, ASK).await, Reason::DnsMalformed, detail);
    }
}

/// An answer whose record's name is a pointer to itself.
fn with_pointer_loop(question: &Message) -> Vec<u8> {
    let mut message = answer(question);
    message.answers.clear();
    message.authorities.clear();
    let mut bytes = message.to_vec().unwrap();
    bytes[7] = 1;
    let at = u8::try_from(bytes.len()).unwrap();
    bytes.extend([0xc0, at, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 192, 0, 2, 1]);
    bytes
}

#[tokio::test]
async fn silence_and_a_closed_port() {
    let silent = UdpSocket::bind(ANYWHERE).await.unwrap();
    let report = run_for(SHORT, silent.local_addr().unwrap(), ASK).await;
    assert_fails(&report, Reason::WaitTimeout, "phase wait");
    assert_eq!(fact(&report, "noroshi_dns_answer_records"), None);
    let closed = UdpSocket::bind(ANYWHERE).await.unwrap().local_addr().unwrap();
    assert_fails(&run(closed, ASK).await, Reason::ConnectRefused, &closed.to_string());
    assert_fails(
        &run(closed, &format!("{ASK}\ntransport = \"tcp\"")).await,
        Reason::ConnectRefused,
        "",
    );
}

#[tokio::test]
async fn the_question_is_as_configured() {
    // The server tells what it saw in a TXT record.
    let server = udp(|question, _| {
        let (asked, flags) = (&question.queries[0], &question.metadata);
        let edns = question.edns.as_ref().map(|edns| (edns.max_payload(), edns.flags().dnssec_ok));
        assert_eq!(flags.message_type, MessageType::Query);
        let seen = format!(
            "{} {} {} rd={} ad={} {edns:?}",
            asked.name,
            asked.query_class,
            u16::from(asked.query_type),
            flags.recursion_desired,
            flags.authentic_data
        );
        let mut message = answer(question);
        message.answers.clear();
        let mut record =
            Record::from_rdata(asked.name.clone(), 1, RData::TXT(TXT::new(vec![seen])));
        record.dns_class = DNSClass::IN;
        message.add_answer(record);
        vec![message.to_vec().unwrap()]
    })
    .await;
    for (rest, seen) in [
        (ASK, "www.example.org. IN 1 rd=true ad=true Some((1232, false))"),
        (
            "name = \"version.bind\"\ntype = \"TXT\"\nclass = \"CH\"\nrecursion_desired = false\nedns = false",
            "version.bind. CH 16 rd=false ad=true None",
        ),
        (
            "name = \".\"\ntype = \"TYPE48\"\nedns = { dnssec_ok = true, udp_payload_size = 4096 }",
            ". IN 48 rd=true ad=true Some((4096, true))",
        ),
        (
            "name = \"192.0.2.7\"\ntype = \"PTR\"\nedns = true",
            "7.2.0.192.in-addr.arpa. IN 12 rd=true ad=true Some((1232, false))",
        ),
        (
            "name = \"ExamPle.org\"\ntype = \"ANY\"\nclass = \"NONE\"\nauthenticated_data = false\nedns = false",
            "ExamPle.org. NONE 255 rd=true ad=false None",
        ),
        (
            "name = 'a\\045b.example'\ntype = 'TYPE65280'\nclass = 'ANY'\nedns = false",
            "a-b.example. ANY 65280 rd=true ad=true None",
        ),
    ] {
        let report = run(server, rest).await;
        let told =
            report.outcome.facts.iter().find(|fact| fact.desc.name == "noroshi_dns_answer_info");
        assert_eq!(&*told.unwrap().labels[0], seen);
    }
}

#[tokio::test]
async fn serials_are_facts_and_ids_differ() {
    let ids = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    let server = udp(move |question, from| {
        seen.lock().push((question.metadata.id, from.port()));
        let mut message = answer(question);
        message.answers = std::mem::take(&mut message.authorities);
        vec![message.to_vec().unwrap()]
    })
    .await;
    for _ in 0..8 {
        let report = run(server, "name = \"example.org\"\ntype = \"SOA\"").await;
        assert_eq!(fact(&report, "noroshi_dns_serial"), Some(2_026_112_001.0));
    }
    let mut ids = std::mem::take(&mut *ids.lock());
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() > 6, "ids and ports are random: {ids:?}");
}

#[tokio::test]
async fn a_source_address_is_used() {
    let server =
        udp(
            |question, from| {
                if from.ip() == Ipv4Addr::new(127, 0, 0, 9) {
                    vec![right(question)]
                } else {
                    vec![]
                }
            },
        )
        .await;
    let Check { settings, spec } =
        check(probe::Spec::Dns(spec(server, ASK)), Duration::from_secs(5));
    let settings =
        CheckSettings { source_address: Some("127.0.0.9".parse().unwrap()), ..(*settings).clone() };
    let check = Check { settings: Arc::new(settings), spec };
    assert_passes(&probe::run(&check, &Net::new(), Clock::system(), Trace::default()).await);
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (rest, wanted) in [
        ("name = \"a\"\ntype = \"AAAAA\"", "`AAAAA` is not a record type"),
        ("name = \"a..b\"", "`a..b` is not a domain name"),
        ("name = \"a\"\nclass = \"XX\"", "`XX` is not a class"),
        ("name = \"a\"\nedns = 5", "true, false or a table"),
        ("name = \"a\"\nedns.udp_payload_size = 100", "100 is too small"),
        ("name = \"a\"\nedns.sice = 100", "unknown field `sice`"),
        ("name = \"a\"\nexpect.answer.any = [1]", "the data of a record as text, or { regex"),
        ("name = \"a\"\nexpect.answer.any = [{ regex = '(' }]", "is not a regular expression"),
        ("name = \"a\"\nexpect.rcode = [\"OK\"]", "`OK` is not a response code"),
    ] {
        let error = toml::from_str::<Spec>(&format!("server = \"x\"\n{rest}")).unwrap_err();
        assert!(error.to_string().contains(wanted), "{rest}: {error}");
    }
}

#[test]
fn mistakes_deep_inside_keep_their_path() {
    let kind = probe::KINDS.iter().find(|kind| kind.word == "dns").unwrap();
    for (spec, path) in [
        (serde_json::json!({ "expect": { "answer": { "any": ["a", 1] } } }), "expect.answer.any.1"),
        (
            serde_json::json!({ "expect": { "answer": { "any": [{ "regex": "(" }] } } }),
            "expect.answer.any.0.regex",
        ),
        (serde_json::json!({ "edns": { "udp_payload_size": 5 } }), "edns.udp_payload_size"),
        (serde_json::json!({ "expect": { "rcode": ["NOERROR", "OK"] } }), "expect.rcode.1"),
    ] {
        let mut whole = serde_json::json!({ "server": "192.0.2.53", "name": "example.org" });
        whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let value = figment::value::Value::serialize(whole).unwrap();
        let error = (kind.parse)(&value).unwrap_err();
        assert_eq!(error.path.join("."), path, "{error}");
    }
}

#[test]
fn mistakes_between_values_are_problems() {
    let server = "192.0.2.53:53".parse().unwrap();
    for (rest, path, message) in [
        ("name = \"192.0.2.1\"", "name", "is an address, and type A asks for names"),
        ("name = \"a\"\nexpect.rcode = []", "expect.rcode", "no response code"),
        ("name = \"a\"\nexpect.ttl = { min = \"2m\", max = \"1m\" }", "expect.ttl", "longer than"),
        ("name = \"a\"\nexpect.answer.any = []", "expect.answer.any", "empty"),
        (
            "name = \"a\"\nexpect.answer.all = [\"192.0.2.1\", \"192.0.2\"]",
            "expect.answer.all[1]",
            "can never be the data of type A: `192.0.2` is not an IPv4 address",
        ),
    ] {
        let problems = spec(server, rest).problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].path, path);
        assert!(problems[0].message.contains(message), "{problems:?}");
    }
    assert!(spec(server, "name = \"a\"\nexpect.answer.exactly = []").problems().is_empty());
}

#[test]
fn a_spec_survives_being_written_and_shows_its_target() {
    let text = "server = \"[::1]:5353\"\nname = \"Example.org\"\ntype = \"TYPE257\"\nclass = \"CH\"\nedns = false\n\
        expect = { answer = { any = [\"0 issue x\", { regex = \"y\" }] }, ttl = { min = \"1m\" } }";
    let spec: Spec = toml::from_str(text).unwrap();
    assert_eq!(spec.target(), "Example.org CH CAA @[::1]:5353");
    assert_eq!(spec.endpoint(), Some(Endpoint { host: "::1".into(), port: 5353 }));
    let json = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), spec);
    assert_eq!(spec.record_type, QueryType(257));
}

#[test]
fn the_example_is_a_spec_without_problems() {
    #[derive(Deserialize)]
    struct Keys {
        dns: Spec,
    }
    let keys: Keys = toml::from_str(Spec::EXAMPLE).unwrap();
    assert!(keys.dns.problems().is_empty());
}
