use std::time::Duration;

use rustls::version::TLS13;

use super::*;
use crate::{
    model::Reason,
    net::tls::testing::{Authority, Identity, Server},
    probe::{
        self, Report,
        testing::{drain, probe, serve},
    },
};

fn spec(toml: &str) -> Spec {
    toml::from_str(toml).unwrap()
}

async fn shake(to: SocketAddr, authority: &Authority, rest: &str) -> Report {
    let ca_file = authority.ca_file();
    let spec = spec(&format!("address = '{to}'\nca_file = '{}'\n{rest}", ca_file.display()));
    assert_eq!(spec.problems(), []);
    probe(probe::Spec::Tls(spec), Duration::from_secs(10)).await
}

#[test]
fn the_example_is_valid() {
    let spec = spec(&Spec::EXAMPLE.replace("tls.", ""));
    assert_eq!(spec.problems(), []);
    assert_eq!(toml::from_str::<Spec>(&toml::to_string(&spec).unwrap()), Ok(spec));
}

#[test]
fn the_port_is_that_of_the_protocol() {
    for (toml, port) in [
        ("address = 'x'", 443),
        ("address = 'x'\nstarttls = 'smtp'", 25),
        ("address = 'x:587'\nstarttls = 'smtp'", 587),
        ("address = 'x'\nstarttls = 'postgres'", 5432),
    ] {
        assert_eq!(spec(toml).endpoint().unwrap().port, port, "{toml}");
    }
}

#[test]
fn mistakes_are_found_in_their_place() {
    let spec = spec(
        "address = 'x'
        alpn = ['h2', '']
        key_file = 'k'
        expect = { version = ['TLS13', 'TLS11'], cipher = ['TLS_AES_128_GCM_SHA256', 'RC4-MD5'], group = ['x25519'] }",
    );
    let paths: Vec<_> = spec.problems().into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        paths,
        ["key_file", "alpn[1]", "expect.cipher[1]", "expect.version[1]", "expect.group[0]"]
    );
}

#[tokio::test]
async fn every_element_of_the_chain_becomes_a_fact() {
    let authority = Authority::new();
    let mut identity = authority.issue(|_| {});
    identity.chain.push(authority.der());
    let to = identity.serve(Server::default()).await;
    let report = shake(to, &authority, "").await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    for family in
        ["noroshi_tls_not_after_timestamp_seconds", "noroshi_tls_not_before_timestamp_seconds"]
    {
        assert_eq!(report.labels(family), [["peer", "0"], ["peer", "1"]]);
    }
    let chain = report.labels("noroshi_tls_certificate_info");
    assert_eq!(
        chain[0][..4],
        ["0", "CN=leaf,O=Test", "CN=Test Root,O=Test", "localhost,127.0.0.1"]
    );
    assert_eq!(chain[1][1], "CN=Test Root,O=Test");
    let leaf = &report.labels("noroshi_tls_leaf_info")[0];
    assert_eq!(leaf[1..4], ["CN=leaf,O=Test", "CN=Test Root,O=Test", "localhost"]);
    assert!(report.value("noroshi_tls_chain_not_after_timestamp_seconds").is_some());
    let info = &report.labels("noroshi_tls_info")[0];
    assert_eq!(info[..3], ["TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768"]);
    assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));
}

#[tokio::test]
async fn expectations_hold_or_say_why_not() {
    let authority = Authority::new();
    let identity = authority.issue(|params| {
        let wildcard = rcgen::SanType::DnsName("*.example.org".try_into().unwrap());
        params.subject_alt_names.push(wildcard);
    });
    let alpn = vec![b"h2".to_vec()];
    let to = identity.serve(Server { alpn, ..Server::default() }).await;
    let holds = r#"alpn = ["h2"]
        expect = { certificate_validity = "1d", version = ["TLS 1.3", "TLS12"], cipher = ["TLS_AES_128_GCM_SHA256"],
            group = ["X25519MLKEM768"], alpn = ["h2"], subject = "^CN=leaf,", issuer = "Test Root",
            names = ["www.example.org", "127.0.0.1"] }"#;
    let report = shake(to, &authority, holds).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert_eq!(report.trace.expectations.len(), 9);
    for (expect, reason, detail) in [
        ("version = ['TLS12']", Reason::TlsMismatch, "version: wanted TLS 1.2, got TLS 1.3"),
        (
            "cipher = ['TLS_AES_256_GCM_SHA384']",
            Reason::TlsMismatch,
            "cipher: wanted TLS_AES_256_GCM_SHA384, got TLS_AES_128_GCM_SHA256",
        ),
        ("group = ['X25519']", Reason::TlsMismatch, "group: wanted X25519, got X25519MLKEM768"),
        ("alpn = ['h2']", Reason::TlsMismatch, "alpn: wanted h2, got none"),
        (
            "issuer = 'Encrypt'",
            Reason::TlsMismatch,
            "issuer: wanted /Encrypt/, got CN=Test Root,O=Test",
        ),
        (
            "names = ['example.org']",
            Reason::TlsMismatch,
            "names: wanted example.org, got localhost, 127.0.0.1, *.example.org",
        ),
        ("certificate_validity = '9000y'", Reason::TlsExpiresSoon, "the chain is valid for "),
    ] {
        let report = shake(to, &authority, &format!("expect = {{ {expect} }}")).await;
        assert_eq!(report.reason(), Some(reason), "{expect}");
        assert!(report.detail().starts_with(detail), "{}", report.detail());
    }
}

#[tokio::test]
async fn insecure_passes_and_still_says_that_nothing_verified() {
    let authority = Authority::new();
    let to = Identity::self_signed(|_| {}).serve(Server::default()).await;
    let report = shake(to, &authority, "").await;
    assert_eq!(report.reason(), Some(Reason::TlsUntrusted));
    assert_eq!(report.value("noroshi_tls_verified"), Some(0.0));
    let report = shake(to, &authority, "insecure_skip_verify = true").await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert_eq!(report.value("noroshi_tls_verified"), Some(0.0));
}

#[tokio::test]
async fn a_client_certificate_that_is_wanted_and_missing_is_noticed_in_every_version() {
    let authority = Authority::new();
    let identity = authority.issue(|_| {});
    for max_version in ["TLS12", "TLS13"] {
        let clients = Some(authority.der());
        let to = identity.serve(Server { clients, ..Server::default() }).await;
        let report = shake(to, &authority, &format!("max_version = '{max_version}'")).await;
        assert_eq!(report.reason(), Some(Reason::TlsClientCertificate), "{}", report.detail());
        assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));

        let ours = authority.issue(|_| {});
        let (cert_file, key_file) = (
            authority.write("client.pem", &ours.chain_pem()),
            authority.write("client.key", &ours.key_pem()),
        );
        let with_ours = format!(
            "max_version = '{max_version}'\ncert_file = '{}'\nkey_file = '{}'",
            cert_file.display(),
            key_file.display()
        );
        let report = shake(to, &authority, &with_ours).await;
        assert_eq!(report.reason(), None, "{}", report.detail());
    }
}

#[tokio::test]
async fn a_silent_server_is_cut_at_the_deadline() {
    let authority = Authority::new();
    for (rest, reason) in [("", Reason::TlsTimeout), ("starttls = 'imap'", Reason::WaitTimeout)] {
        let to = serve(drain).await;
        let ca_file = authority.ca_file();
        let spec = spec(&format!("address = '{to}'\nca_file = '{}'\n{rest}", ca_file.display()));
        let report = probe(probe::Spec::Tls(spec), Duration::from_millis(200)).await;
        assert_eq!(report.reason(), Some(reason), "{}", report.detail());
    }
}

#[tokio::test]
async fn the_server_sees_a_clean_end() {
    let authority = Authority::new();
    let versions = vec![&TLS13];
    let acceptor = authority.issue(|_| {}).acceptor(Server { versions, ..Server::default() });
    let (tell, told) = tokio::sync::oneshot::channel();
    let to = serve(|stream| async move {
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut bytes = Vec::new();
        // Without close_notify this is an error.
        let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut bytes).await;
        tell.send(read.map_err(|error| error.kind())).unwrap();
    })
    .await;
    assert_eq!(shake(to, &authority, "").await.reason(), None);
    assert_eq!(told.await.unwrap(), Ok(0));
}
