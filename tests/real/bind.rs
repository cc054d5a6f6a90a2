//! DNS checks against a real BIND: a signed zone, answers too long for UDP, refusals, and a resolver that validates.

use std::{
    net::UdpSocket,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use crate::{
    one_shot::{Said, probe},
    server::{Server, free_port, part, wait_until},
};

const ZONE: &str = "\
$TTL 300
@ IN SOA ns hostmaster 2026010101 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
www IN A 192.0.2.1
www IN A 192.0.2.2
www IN AAAA 2001:db8::1
mail IN MX 10 www
alias IN CNAME www
";

/// Two servers: one that holds the zones, and one that resolves and validates.
struct Names {
    authority: String,
    resolver: String,
    _servers: [Server; 2],
    _folder: tempfile::TempDir,
}

/// One pair for the tests that run at the same time, ended with the last of them; `None` where there is no BIND.
fn names() -> Option<Arc<Names>> {
    static NAMES: Mutex<Weak<Names>> = Mutex::new(Weak::new());
    // A test that failed meanwhile has left nothing half done.
    let mut shared = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().or_else(|| {
        let names = Arc::new(start()?);
        *shared = Arc::downgrade(&names);
        Some(names)
    })
}

fn start() -> Option<Names> {
    let (bind, dig) = (part("named")?, part("dig")?);
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    // One string is 255 bytes at most; together they fit neither 512 bytes nor 1232.
    let long = format!("\"{}\" ", "x".repeat(250)).repeat(8);
    for zone in ["signed.test", "bogus.test"] {
        std::fs::write(at.join(zone), format!("{ZONE}long IN TXT {long}\n")).unwrap();
    }
    let (authority, resolving) = (free_port(), free_port());
    let zones = ["signed.test", "bogus.test"].map(|zone| {
        format!(
            "zone \"{zone}\" {{ type primary; file \"{zone}\"; dnssec-policy default; inline-signing yes; }};\n"
        )
    });
    let held = format!("recursion no; dnssec-validation no; }};\n{}", zones.concat());
    let first = server(&bind, at, "authority", authority, &held);
    let key = wait_until("the zone's key", || key(&dig, authority, "signed.test"));
    // For the other zone the resolver trusts the wrong key: everything in it is bogus.
    let forward = ["signed.test", "bogus.test"].map(|zone| {
        format!(
            "zone \"{zone}\" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {authority}; }}; }};\n"
        )
    });
    let anchors = format!(
        "trust-anchors {{ signed.test. static-key {key}; bogus.test. static-key {key}; }};\n"
    );
    let resolves =
        format!("recursion yes; dnssec-validation yes; }};\n{anchors}{}", forward.concat());
    let second = server(&bind, at, "resolver", resolving, &resolves);
    Some(Names {
        authority: format!("127.0.0.1:{authority}"),
        resolver: format!("127.0.0.1:{resolving}"),
        _servers: [first, second],
        _folder: folder,
    })
}

/// A named on a port of its own; `rest` goes on within the options.
fn server(bind: &Path, folder: &Path, name: &str, port: u16, rest: &str) -> Server {
    let state = folder.join(name);
    std::fs::create_dir(&state).unwrap();
    let folder_name = folder.display();
    let config = format!(
        "controls {{ }};\noptions {{ directory \"{folder_name}\"; key-directory \"{state}\"; \
         managed-keys-directory \"{state}\"; pid-file \"{state}/pid\"; session-keyfile \"{state}/session\"; \
         lock-file none; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
         notify no; minimal-responses yes; max-udp-size 4096; {rest}",
        state = state.display(),
    );
    let file = folder.join(format!("{name}.conf"));
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(bind);
    command.arg("-g").arg("-n").arg("1").arg("-c").arg(&file);
    Server::start(&mut command, folder, name, || answers(port))
}

/// Whether anything comes back to a question for the root.
fn answers(port: u16) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let question = b"\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01";
    let _ = socket.send_to(question, ("127.0.0.1", port));
    socket.recv(&mut [0; 512]).is_ok()
}

/// The zone's key-signing key as a trust anchor has it, once the zone is signed.
fn key(dig: &Path, port: u16, zone: &str) -> Option<String> {
    let output = Command::new(dig)
        .args(["@127.0.0.1", "-p", &port.to_string(), zone, "DNSKEY", "+short", "+tcp"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.starts_with("257 3 "))?;
    let mut words = line.split_whitespace();
    let head: Vec<&str> = words.by_ref().take(3).collect();
    Some(format!("{} \"{}\"", head.join(" "), words.collect::<String>()))
}

fn ask(server: &str, name: &str, pairs: &[&str]) -> Said {
    let name = format!("name={name}");
    let pairs: Vec<&str> = [name.as_str(), "timeout=5s"].iter().chain(pairs).copied().collect();
    probe("dns", server, &pairs)
}

#[test]
fn records_are_compared_as_they_are() {
    let Some(names) = names() else { return };
    let at = &names.authority;
    let said = ask(
        at,
        "www.signed.test",
        &[
            "type=A",
            "expect.answer.exactly=[\"192.0.2.2\", \"192.0.2.1\"]",
            "expect.authoritative=true",
        ],
    )
    .passes();
    assert!((said.fact("noroshi_dns_answer_ttl_min_seconds") - 300.0).abs() < 1.0);
    ask(at, "www.signed.test", &["type=AAAA", "expect.answer.all=[\"2001:DB8:0::1\"]"]).passes();
    ask(at, "mail.signed.test", &["type=MX", "expect.answer.all=[\"10 www.signed.test.\"]"])
        .passes();
    ask(at, "www.signed.test", &["type=A", "expect.answer.all=[\"192.0.2.9\"]"])
        .fails("dns_answer_mismatch");
    ask(at, "www.signed.test", &["type=A", "expect.ttl.min=10m"]).fails("dns_ttl");
    let serial = ask(at, "signed.test", &["type=SOA"]).passes().fact("noroshi_dns_serial");
    assert!(serial >= 2_026_010_101.0, "{serial}");
}

#[test]
fn signatures_come_with_the_do_bit_alone() {
    let Some(names) = names() else { return };
    let records = |pairs: &[&str]| {
        let pairs: Vec<&str> =
            ["type=AAAA", "transport=tcp"].iter().chain(pairs).copied().collect();
        ask(&names.authority, "www.signed.test", &pairs).passes().fact("noroshi_dns_answer_records")
    };
    let (without, with) = (records(&["edns=true"]), records(&["edns.dnssec_ok=true"]));
    assert_eq!((without, with), (1.0, 2.0), "the record alone, and with its RRSIG");
    ask(
        &names.authority,
        "www.signed.test",
        &["type=RRSIG", "transport=tcp", "expect.counts.answer=2"],
    )
    .passes();
}

#[test]
fn an_answer_too_long_for_udp_comes_over_tcp() {
    let Some(names) = names() else { return };
    let long = |pairs: &[&str]| {
        let pairs: Vec<&str> = ["type=TXT"].iter().chain(pairs).copied().collect();
        ask(&names.authority, "long.signed.test", &pairs)
    };
    let said = long(&[]).passes();
    assert_eq!(said.fact("noroshi_dns_truncated"), 1.0);
    assert!(said.fact("noroshi_dns_response_bytes") > 2000.0);
    assert_eq!(long(&["transport=tcp"]).passes().fact("noroshi_dns_truncated"), 0.0);
    assert_eq!(long(&["edns.udp_payload_size=4096"]).passes().fact("noroshi_dns_truncated"), 0.0);
}

#[test]
fn refusals_and_absences_have_their_code() {
    let Some(names) = names() else { return };
    let at = &names.authority;
    let absent = ask(at, "nowhere.signed.test", &["type=A"]).fails("dns_rcode");
    assert!(absent.detail().contains("NXDOMAIN"), "{}", absent.detail());
    ask(at, "nowhere.signed.test", &["type=A", "expect.rcode=[\"NXDOMAIN\"]"]).passes();
    let refused = ask(at, "www.example.org", &["type=A"]).fails("dns_rcode");
    assert!(refused.detail().contains("REFUSED"), "{}", refused.detail());
    ask(at, "www.signed.test", &["type=SRV", "expect.counts.answer=1"]).fails("dns_count");
}

#[test]
fn a_validating_resolver_vouches_for_what_is_signed_and_refuses_what_is_bogus() {
    let Some(names) = names() else { return };
    let wanted = ["type=A", "expect.authenticated=true"];
    wait_until("the keys of a zone that is forwarded", || {
        (ask(&names.resolver, "www.signed.test", &wanted).code == 0).then_some(())
    });
    let said = ask(&names.resolver, "www.signed.test", &wanted).passes();
    assert_eq!(said.fact("noroshi_dns_authenticated_data"), 1.0);
    ask(&names.authority, "www.signed.test", &wanted).fails("dns_not_authenticated");
    let bogus = ask(&names.resolver, "www.bogus.test", &wanted).fails("dns_rcode");
    assert!(bogus.detail().contains("SERVFAIL"), "{}", bogus.detail());
}
