use super::*;
use crate::model::{CheckId, Fact, Histogram, LabelSet, MetricKind, Phases};

static ADDRESS: Desc = Desc::gauge("noroshi_check_address_info", "").labels(&["address"]);
static PROTOCOL: Desc = Desc::gauge("noroshi_check_ip_protocol", "");
static STATUS: Desc = Desc::gauge("noroshi_http_status_code", "");
static RULE: Desc = Desc::gauge("noroshi_http_failed_rule_info", "").labels(&["by"]);
static STEPS: Desc = Desc::gauge("noroshi_tcp_steps_completed", "");
static UNMATCHED: Desc = Desc::gauge("noroshi_dialogue_unmatched_info", "").labels(&["by"]);
static LABEL: Desc =
    Desc::gauge("noroshi_dialogue_label_info", "").labels(&["step", "name", "value"]);
static NOT_AFTER: Desc =
    Desc::gauge("noroshi_tls_not_after_timestamp_seconds", "").labels(&["source", "position"]);
static LEAF: Desc = Desc::gauge("noroshi_tls_leaf_info", "").labels(&[
    "fingerprint_sha256",
    "subject",
    "issuer",
    "subjectalternative",
    "serialnumber",
]);
static TLS: Desc = Desc::gauge("noroshi_tls_info", "").labels(&["version", "cipher"]);
static CHAIN: Desc = Desc::gauge("noroshi_tls_chain_not_after_timestamp_seconds", "");
static RCODE: Desc = Desc::gauge("noroshi_dns_rcode", "");
static SERIAL: Desc = Desc::gauge("noroshi_dns_serial", "");
static GRPC_STATUS: Desc = Desc::gauge("noroshi_grpc_status_code", "");
static GRPC_TLS: Desc = Desc::gauge("noroshi_grpc_tls", "");
static SERVING: Desc =
    Desc::gauge("noroshi_grpc_serving_status_info", "").labels(&["serving_status"]);
static HOP_LIMIT: Desc = Desc::gauge("noroshi_icmp_reply_hop_limit", "");

/// Keeps series as they would be read.
#[derive(Default)]
struct Lines(Vec<String>, String);

impl Sink for Lines {
    fn family(&mut self, name: &str, help: &str, kind: MetricKind) {
        assert!(kind == MetricKind::Gauge && !help.is_empty(), "{name}");
        assert!(self.1.as_str() < name, "{name} after {}", self.1);
        name.clone_into(&mut self.1);
    }
    fn sample(&mut self, _: &LabelSet, extra: &[(&str, &str)], value: f64) {
        let labels: Vec<String> =
            extra.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.0.push(format!("{}{labels} {value}", self.1));
    }
    fn histogram(&mut self, _: &LabelSet, _: &[(&str, &str)], _: &Histogram) {
        panic!("there is none");
    }
}

fn outcome(reason: Option<Reason>, facts: Vec<Fact>) -> Outcome {
    let verdict = if reason.is_some() { Verdict::Fail } else { Verdict::Pass };
    Outcome {
        verdict,
        reason,
        detail: "".into(),
        phases: Phases::default(),
        duration: Duration::from_millis(250),
        facts: facts.into(),
    }
}

fn settings(kind: &str) -> CheckSettings {
    let kinds = ["http", "tcp", "dns", "icmp", "grpc", "unix"];
    let kind = kinds.into_iter().find(|known| *known == kind).unwrap();
    let target = match kind {
        "http" => "http://a.example/",
        "dns" => "a.example SOA @192.0.2.53",
        _ => "a.example",
    };
    CheckSettings::new(CheckId::new("a"), kind, target, "a.example")
}

/// The series without those that every probe has.
fn series(kind: &str, reason: Option<Reason>, facts: Vec<Fact>) -> String {
    let shape = Shape::of_check(&settings(kind));
    let mut lines = Lines::default();
    write(shape, &outcome(reason, facts), &mut lines);
    let common = ["probe_success", "probe_duration_seconds", "probe_timeout_seconds"];
    for name in common {
        assert_eq!(lines.0.iter().filter(|line| line.starts_with(name)).count(), 1, "{name}");
    }
    lines.0.retain(|line| common.iter().all(|name| !line.starts_with(name)));
    lines.0.join("\n")
}

fn names(text: &str) -> Vec<&str> {
    let mut names: Vec<_> =
        text.lines().map(|line| line.split(['{', ' ']).next().unwrap()).collect();
    names.dedup();
    names
}

fn resolved() -> Vec<Fact> {
    vec![Fact::new(&PROTOCOL, 4.0), Fact::labelled(&ADDRESS, ["127.0.0.1"], 1.0)]
}

fn with(mut facts: Vec<Fact>, more: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
    facts.extend(more);
    facts
}

fn secure() -> Vec<Fact> {
    vec![
        Fact::labelled(&NOT_AFTER, ["peer", "0"], 2000.0),
        Fact::labelled(&NOT_AFTER, ["peer", "1"], 1000.0),
        Fact::labelled(&NOT_AFTER, ["store", "0"], 1.0),
        Fact::labelled(&LEAF, ["ab12", "CN=a,O=b", "CN=ca", "a,b", "07"], 1.0),
        Fact::labelled(&TLS, ["TLS 1.3", "TLS_AES_128_GCM_SHA256"], 1.0),
    ]
}

/// What blackbox_exporter 0.28 shows when a probe fails early: read in each of its probers.
#[test]
fn families_of_probes_that_failed_early() {
    const ADDRESSES: [&str; 3] =
        ["probe_dns_lookup_time_seconds", "probe_ip_addr_hash", "probe_ip_protocol"];
    let http = [
        "probe_failed_due_to_regex",
        "probe_http_content_length",
        "probe_http_redirects",
        "probe_http_ssl",
        "probe_http_status_code",
        "probe_http_uncompressed_body_length",
        "probe_http_version",
    ];
    let dns = [
        "probe_dns_additional_rrs",
        "probe_dns_answer_rrs",
        "probe_dns_authority_rrs",
        "probe_dns_duration_seconds",
        "probe_dns_query_succeeded",
    ];
    let grpc = ["probe_grpc_duration_seconds", "probe_grpc_ssl", "probe_grpc_status_code"];
    for (kind, of_kind, before_lookup) in [
        ("http", &http[..], &http[..]),
        ("tcp", &[], &[]),
        ("dns", &dns, &dns),
        ("icmp", &["probe_icmp_duration_seconds"], &["probe_icmp_duration_seconds"]),
        ("grpc", &grpc, &grpc),
    ] {
        let mut wanted = before_lookup.to_vec();
        wanted.push("probe_failure_reason");
        wanted.sort_unstable();
        let text = series(kind, Some(Reason::ModuleInvalid), vec![]);
        assert_eq!(names(&text), wanted, "{kind} without a target");
        assert!(!text.contains("probe_http_duration_seconds"), "{text}");

        let mut wanted = [of_kind, &ADDRESSES, &["probe_failure_reason"]].concat();
        if kind == "http" {
            wanted.push("probe_http_duration_seconds");
        }
        wanted.sort_unstable();
        let text = series(kind, Some(Reason::DnsNxdomain), vec![]);
        assert_eq!(names(&text), wanted, "{kind} without an address");
        assert!(text.contains("\nprobe_ip_protocol 0"), "{text}");
        assert!(text.contains("probe_ip_addr_hash 0\n"), "{text}");
    }
    let unresolved = series("http", Some(Reason::DnsNxdomain), vec![]);
    assert!(unresolved.contains("{phase=\"resolve\"}") && !unresolved.contains("connect"));
}

#[test]
fn an_answer_over_tls() {
    let facts = with(resolved(), secure());
    let facts = with(facts, [Fact::new(&STATUS, 200.0), Fact::new(&CHAIN, 1000.0)]);
    insta::assert_snapshot!(series("http", None, facts), @r#"
    probe_dns_lookup_time_seconds 0
    probe_failed_due_to_regex 0
    probe_http_content_length -1
    probe_http_duration_seconds{phase="connect"} 0
    probe_http_duration_seconds{phase="processing"} 0
    probe_http_duration_seconds{phase="resolve"} 0
    probe_http_duration_seconds{phase="tls"} 0
    probe_http_duration_seconds{phase="transfer"} 0
    probe_http_redirects 0
    probe_http_ssl 0
    probe_http_status_code 200
    probe_http_uncompressed_body_length 0
    probe_http_version 0
    probe_ip_addr_hash 3668918509
    probe_ip_protocol 4
    probe_ssl_earliest_cert_expiry 1000
    probe_ssl_last_chain_expiry_timestamp_seconds 1000
    probe_ssl_last_chain_info{fingerprint_sha256="ab12",subject="CN=a,O=b",issuer="CN=ca",subjectalternative="a,b",serialnumber="07"} 1
    probe_tls_cipher_info{cipher="TLS_AES_128_GCM_SHA256"} 1
    probe_tls_version_info{version="TLS 1.3"} 1
    "#);
}

#[test]
fn certificates_are_told_where_verification_failed_and_without_the_year_one() {
    let text = series("tcp", Some(Reason::TlsExpired), with(resolved(), secure()));
    assert!(text.contains("probe_ssl_earliest_cert_expiry 1000"), "{text}");
    assert!(text.contains("probe_failure_reason{reason=\"tls_expired\"} 1"), "{text}");
    assert!(!text.contains("last_chain_expiry") && !text.contains("cipher"), "{text}");
    assert!(!text.contains("failed_due_to"), "nothing was said yet: {text}");
}

#[test]
fn rules_that_failed_a_run() {
    let rule = |by: &'static str| with(resolved(), [Fact::labelled(&RULE, [by], 1.0)]);
    let regex = series("http", Some(Reason::BodyMismatch), rule("regex"));
    assert!(regex.contains("probe_failed_due_to_regex 1") && !regex.contains("cel"), "{regex}");
    let cel = series("http", Some(Reason::JsonMismatch), rule("cel"));
    assert!(cel.contains("probe_failed_due_to_regex 0"), "{cel}");
    assert!(cel.contains("probe_failed_due_to_cel 1"), "{cel}");
    for (by, regex, bytes) in [("regex", 1, 0), ("bytes", 0, 1)] {
        let facts = [Fact::new(&STEPS, 1.0), Fact::labelled(&UNMATCHED, [by], 1.0)];
        let text = series("tcp", Some(Reason::ExpectMismatch), with(resolved(), facts));
        assert!(text.contains(&format!("probe_failed_due_to_regex {regex}")), "{text}");
        assert!(text.contains(&format!("probe_failed_due_to_bytes {bytes}")), "{text}");
    }
}

#[test]
fn labels_of_steps_are_one_series_a_step_and_never_the_same_twice() {
    let label = |step, name, value| Fact::labelled(&LABEL, [step, name, value], 1.0);
    let facts = [
        Fact::new(&STEPS, 3.0),
        label("1", "version", "2"),
        label("1", "name", "x"),
        label("1", "name", "twice"),
        label("2", "banner", "\"\n"),
        label("3", "banner", "\"\n"),
    ];
    let text = series("unix", None, facts.into());
    insta::assert_snapshot!(text, @r#"
    probe_expect_info{banner="\"\n"} 1
    probe_expect_info{name="x",version="2"} 1
    probe_failed_due_to_bytes 0
    probe_failed_due_to_regex 0
    "#);
}

#[test]
fn the_serial_number_is_told_of_soa_questions_alone() {
    let facts = || with(resolved(), [Fact::new(&RCODE, 0.0), Fact::new(&SERIAL, 7.0)]);
    assert!(series("dns", None, facts()).contains("probe_dns_serial 7"));
    let target = "a.example ANY @192.0.2.53".into();
    let other = Shape::of_check(&CheckSettings { target, ..settings("dns") });
    let mut lines = Lines::default();
    write(other, &outcome(None, facts()), &mut lines);
    assert!(!lines.0.join("\n").contains("probe_dns_serial"));
    // Asked for, answered, and none there.
    let without = with(resolved(), [Fact::new(&RCODE, 0.0)]);
    assert!(series("dns", None, without).contains("probe_dns_serial 0"));
}

#[test]
fn health_is_one_hot() {
    let facts = |status: &'static str, code| {
        let more = [
            Fact::new(&GRPC_STATUS, code),
            Fact::new(&GRPC_TLS, 1.0),
            Fact::labelled(&SERVING, [status], 1.0),
        ];
        with(resolved(), more)
    };
    let text = series("grpc", None, facts("SERVING", 0.0));
    for (status, value) in
        [("UNKNOWN", 0), ("SERVING", 1), ("NOT_SERVING", 0), ("SERVICE_UNKNOWN", 0)]
    {
        let row = format!("probe_grpc_healthcheck_response{{serving_status=\"{status}\"}} {value}");
        assert!(text.contains(&row), "{row} in\n{text}");
    }
    assert!(text.contains("probe_grpc_ssl 1") && text.contains("probe_grpc_status_code 0"));
    for (reason, code) in
        [(Reason::ConnectRefused, 14), (Reason::WaitTimeout, 4), (Reason::DnsFailed, 0)]
    {
        let facts = if reason == Reason::DnsFailed { vec![] } else { resolved() };
        let text = series("grpc", Some(reason), facts);
        assert!(text.contains(&format!("probe_grpc_status_code {code}\n")), "{reason}: {text}");
        assert_eq!(text.contains("healthcheck_response"), code != 0, "{text}");
    }
}

#[test]
fn the_hop_limit_comes_with_a_reply() {
    let text = series("icmp", None, with(resolved(), [Fact::new(&HOP_LIMIT, 64.0)]));
    assert!(text.contains("probe_icmp_reply_hop_limit 64"));
    assert!(!series("icmp", Some(Reason::IcmpNoReply), resolved()).contains("hop_limit"));
}

#[test]
fn through_a_proxy_only_its_own_name_is_looked_up() {
    let proxied = CheckSettings { host: "proxy.example".into(), ..settings("http") };
    let mut lines = Lines::default();
    write(Shape::of_check(&proxied), &outcome(None, resolved()), &mut lines);
    let text = lines.0.join("\n");
    for name in ["probe_ip_protocol", "probe_ip_addr_hash", "probe_dns_lookup", "\"resolve\""] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    assert!(text.contains("{phase=\"connect\"}"), "{text}");
}

#[test]
fn the_body_of_a_redirect_is_not_counted() {
    static REDIRECTS: Desc = Desc::gauge("noroshi_http_redirects", "");
    static BODY: Desc = Desc::gauge("noroshi_http_uncompressed_body_bytes", "");
    for (status, length) in [(302.0, 0), (200.0, 9)] {
        let more = [Fact::new(&STATUS, status), Fact::new(&REDIRECTS, 1.0), Fact::new(&BODY, 9.0)];
        let text = series("http", None, with(resolved(), more));
        let row = format!("probe_http_uncompressed_body_length {length}");
        assert!(text.contains(&row) && text.contains("probe_http_redirects 1"), "{text}");
    }
}

#[test]
fn addresses_are_hashed_by_their_bytes() {
    for (address, wanted) in
        [("127.0.0.1", 3_668_918_509), ("::ffff:127.0.0.1", 3_668_918_509), ("::1", 2_143_619_348)]
    {
        let hash = hash(address.parse().unwrap());
        if address == "::1" {
            // FNV-1a of fifteen zeros and a one.
            let mut own = 0x811c_9dc5_u32;
            for byte in [0_u8; 15].into_iter().chain([1]) {
                own = (own ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
            assert_eq!(hash, own);
        } else {
            assert_eq!(hash, wanted, "{address}");
        }
    }
}
