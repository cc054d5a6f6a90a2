//! DNS over TLS, and questions to whatever a request names.

use super::*;
use crate::net::tls::testing::{Authority, Server as TlsServer};

/// A server that answers each connection's one question over TLS.
async fn serve(authority: &Authority, how: TlsServer) -> SocketAddr {
    let acceptor = authority.issue(|_| {}).acceptor(how);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let Ok(length) = stream.read_u16().await else { continue };
            let mut bytes = vec![0; length.into()];
            stream.read_exact(&mut bytes).await.unwrap();
            let answer = framed(&right(&Message::from_vec(&bytes).unwrap()));
            stream.write_all(&answer).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    address
}

fn over_tls(authority: &Authority, rest: &str) -> String {
    let ca_file = authority.ca_file();
    format!("{ASK}\ntransport = 'tls'\ntls.ca_file = '{}'\n{rest}", ca_file.display())
}

#[tokio::test]
async fn an_answer_over_tls_shows_its_certificates() {
    let authority = Authority::new();
    let server = serve(&authority, TlsServer::default()).await;
    let expect = "expect = { counts = { answer = 5 }, certificate_validity = '1d' }";
    let report = run(server, &over_tls(&authority, expect)).await;
    assert_passes(&report);
    assert_eq!(fact(&report, "noroshi_tls_verified"), Some(1.0));
    assert_eq!(report.labels("noroshi_tls_info")[0][0], "TLS 1.3");
    for phase in [Phase::Connect, Phase::Tls, Phase::Send, Phase::Wait, Phase::Receive] {
        assert!(report.outcome.phases.of(phase).is_some(), "{phase:?}");
    }
    for fact in report.outcome.facts.iter() {
        let mut known = Spec::FAMILIES.iter().chain(probe::COMMON_FAMILIES);
        assert!(known.any(|desc| desc.name == fact.desc.name), "{}", fact.desc.name);
    }
    let report = run(server, &over_tls(&authority, "expect.certificate_validity = '9000y'")).await;
    assert_fails(&report, Reason::TlsExpiresSoon, "the chain is valid for");
}

#[tokio::test]
async fn a_chain_that_does_not_verify_is_a_failure_unless_said_otherwise() {
    let server = serve(&Authority::new(), TlsServer::default()).await;
    let stranger = Authority::new();
    let report = run(server, &over_tls(&stranger, "")).await;
    assert_fails(&report, Reason::TlsUntrusted, "");
    assert_eq!(fact(&report, "noroshi_tls_verified"), Some(0.0));
    assert_eq!(fact(&report, "noroshi_dns_rcode"), None, "nothing was asked");
    assert_passes(&run(server, &over_tls(&stranger, "tls.insecure_skip_verify = true")).await);
    let name = "tls.server_name = 'elsewhere.example'";
    let authority = Authority::new();
    let server = serve(&authority, TlsServer::default()).await;
    assert_fails(&run(server, &over_tls(&authority, name)).await, Reason::TlsNameMismatch, "");
}

#[tokio::test]
async fn a_client_certificate_that_is_missing_is_told() {
    let authority = Authority::new();
    let how = TlsServer { clients: Some(authority.der()), ..TlsServer::default() };
    let server = serve(&authority, how).await;
    let report = run(server, &over_tls(&authority, "")).await;
    assert_fails(&report, Reason::TlsClientCertificate, "");
}

#[tokio::test]
async fn a_server_without_tls_is_told() {
    let server = tcp(ANYWHERE.parse().unwrap(), |_| b"\0\x05hello".to_vec()).await;
    let report = run(server, &format!("{ASK}\ntransport = 'tls'")).await;
    assert_eq!(report.outcome.verdict, Verdict::Fail);
    assert_eq!(fact(&report, "noroshi_dns_rcode"), None);
}

fn parsed(text: &str) -> Spec {
    toml::from_str(text).unwrap()
}

#[test]
fn the_port_is_that_of_the_transport() {
    for (text, port) in [
        ("server = 'ns.example'\nname = 'a'", 53),
        ("server = 'ns.example'\nname = 'a'\ntransport = 'tcp'", 53),
        ("server = 'ns.example'\nname = 'a'\ntransport = 'tls'", 853),
        ("server = '[::1]:5353'\nname = 'a'\ntransport = 'tls'", 5353),
    ] {
        assert_eq!(parsed(text).endpoint().unwrap().port, port, "{text}");
    }
}

#[test]
fn tls_needs_its_transport() {
    for (rest, paths) in [
        ("tls = {}", &["tls"][..]),
        ("expect.certificate_validity = '1d'", &["expect.certificate_validity"]),
        ("transport = 'tls'\ntls = { key_file = 'x' }", &["tls.key_file"]),
        ("transport = 'tls'\ntls = { ca_file = 'x' }\nexpect.certificate_validity = '1d'", &[]),
    ] {
        let problems = parsed(&format!("server = 'a'\nname = 'a'\n{rest}")).problems();
        let found: Vec<_> = problems.iter().map(|problem| &*problem.path).collect();
        assert_eq!(found, paths, "{rest}");
    }
}

#[test]
fn a_request_names_the_server_and_the_question() {
    let spec = parsed("server = 'default.invalid'\nname = 'a.example'\ntransport = 'tls'");
    let aim = Aim {
        target: "[2001:db8::53]",
        query_name: Some("b.example"),
        query_type: Some("MX"),
        ..Aim::default()
    };
    let Ok(probe::Spec::Dns(aimed)) = spec.aimed(&aim) else { panic!("not aimed") };
    assert_eq!(aimed.target(), "b.example MX @2001:db8::53");
    assert_eq!(aimed.endpoint().unwrap().port, 853);
    assert_eq!(aimed.transport, spec.transport);
    let long = "x".repeat(10_000);
    for (target, query_name, query_type, wanted) in [
        ("a:b", None, None, "the port is a number from 1 to 65535"),
        (&*long, None, None, "the host is longer than 253 characters"),
        ("a", Some("a..b"), None, "`a..b` is not a domain name: a label is empty"),
        ("a", Some(&*long), None, "a label is longer than 63 bytes"),
        ("a", None, Some("AAAAA"), "`AAAAA` is not a record type"),
        ("a", None, Some(&*long), "is not a record type"),
        ("a", Some("192.0.2.1"), None, "`192.0.2.1` is an address, and type A asks for names"),
    ] {
        let aim = Aim { target, query_name, query_type, hostname: None };
        let why = spec.aimed(&aim).unwrap_err();
        assert!(why.contains(wanted) && why.len() < 400, "{why}");
    }
}
