//! Handshakes: whom the programs trust, what they offer, and what they tell of certificates. For http and tcp alike.

use std::net::Ipv4Addr;

use rcgen::{
    CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, SanType, SerialNumber,
    date_time_ymd,
};
use rustls::{
    crypto::aws_lc_rs::{ALL_CIPHER_SUITES, DEFAULT_CIPHER_SUITES},
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

use crate::support::{
    authority::{Authority, Flaw},
    dialogue::{self, End, Turn, say},
    peer::Peer,
    tls,
    web::{self, Request, reply},
};

use super::super::case::{Case, Table};

fn up(_: &Request) -> web::Reply {
    reply(200, &[], b"up")
}

/// A site behind TLS, named by `host`.
async fn secure<'a>(
    table: &'a mut Table,
    name: &str,
    options: &str,
    host: &str,
    acceptor: TlsAcceptor,
) -> &'a mut Case {
    let peer = web::serve_tls(acceptor, up).await;
    let target = format!("https://{host}:{}/", peer.address().port());
    let options = format!("preferred_ip_protocol: ip4, {options}");
    table.case(&format!("tls http {name}"), "http", &options, target).hears("site", peer)
}

/// The same for a server that says a line behind TLS.
async fn spoken<'a>(
    table: &'a mut Table,
    name: &str,
    options: &str,
    host: &str,
    acceptor: TlsAcceptor,
) -> &'a mut Case {
    let peer = dialogue::serve(&[Turn::Tls(acceptor), say("+OK ready\r\n")], End::Wait).await;
    let target = format!("{host}:{}", peer.address().port());
    let options = format!(
        "preferred_ip_protocol: ip4, tls: true, query_response: [{{ expect: OK }}], {options}"
    );
    table.case(&format!("tls tcp {name}"), "tcp", &options, target).hears("server", peer)
}

pub(super) async fn cases(table: &mut Table) {
    let authority = Authority::new();
    trust(table, &authority).await;
    clients(table, &authority).await;
    versions(table, &authority).await;
    certificates(table, &authority).await;
    http2(table, &authority).await;
    misunderstandings(table, &authority).await;
    table.keep(authority);
}

#[expect(clippy::too_many_lines, reason = "a table")]
async fn trust(table: &mut Table, authority: &Authority) {
    let ca = authority.ca_file().display().to_string();
    let flaws = [
        ("sound", Flaw::None, true),
        ("expired", Flaw::Expired, false),
        ("not yet valid", Flaw::NotYetValid, false),
        ("of another name", Flaw::WrongName, false),
        ("signed by itself", Flaw::SelfSigned, false),
    ];
    let options = [
        ("", format!("tls_config: {{ ca_file: {ca} }}"), true),
        (", not verified", "tls_config: { insecure_skip_verify: true }".to_owned(), true),
        (", unknown authority", "tls_config: {}".to_owned(), false),
        (
            ", named as it is",
            format!("tls_config: {{ ca_file: {ca}, server_name: elsewhere.test }}"),
            true,
        ),
        (
            ", not verified, named",
            "tls_config: { insecure_skip_verify: true, server_name: any.test }".to_owned(),
            true,
        ),
        (
            ", not verified, with the authority",
            format!("tls_config: {{ insecure_skip_verify: true, ca_file: {ca} }}"),
            true,
        ),
    ];
    for (word, flaw, sound) in flaws {
        for (with, options, can) in &options {
            let skips = with.contains("not verified");
            let named = with.contains("named as");
            let passes = *can && (skips || if named { flaw == Flaw::WrongName } else { sound });
            // By the address only where a name would not do.
            let hosts = [(true, "localhost"), (true, "127.0.0.1"), (false, "localhost")];
            let all = with.is_empty() && sound;
            for (http, host) in hosts.into_iter().filter(|(_, host)| all || *host == "localhost") {
                let name = format!("{word}{with}, by {host}");
                let acceptor = authority.acceptor(flaw);
                let case = if http {
                    secure(table, &name, options, host, acceptor).await
                } else {
                    spoken(table, &name, options, host, acceptor).await
                };
                if !passes {
                    case.fails();
                }
            }
        }
    }
    let trusted = format!("tls_config: {{ ca_file: {ca} }}");
    let sound = || authority.acceptor(Flaw::None);
    let wrong = || authority.acceptor(Flaw::WrongName);
    secure(
        table,
        "a host header names it",
        &format!("headers: {{ Host: elsewhere.test }}, {trusted}"),
        "127.0.0.1",
        wrong(),
    )
    .await;
    secure(
        table,
        "a host header with a port",
        &format!("headers: {{ Host: 'localhost:443' }}, {trusted}"),
        "127.0.0.1",
        sound(),
    )
    .await
    .fails();
    secure(table, "hostname names it", &trusted, "127.0.0.1", wrong())
        .await
        .with("hostname=elsewhere.test");
    let named = format!("tls_config: {{ ca_file: {ca}, server_name: localhost }}");
    secure(table, "hostname and a server name", &named, "127.0.0.1", sound())
        .await
        .with("hostname=elsewhere.test");
    spoken(table, "hostname names it", &trusted, "127.0.0.1", wrong())
        .await
        .with("hostname=elsewhere.test");
    spoken(table, "hostname and a server name", &named, "127.0.0.1", sound())
        .await
        .with("hostname=elsewhere.test");
    let inline = std::fs::read_to_string(&ca).unwrap().replace('\n', "\\n");
    secure(
        table,
        "the authority in the file",
        &format!("tls_config: {{ ca: \"{inline}\" }}"),
        "localhost",
        sound(),
    )
    .await;
    for (word, options) in [
        ("no such authority", "tls_config: { ca_file: /nowhere/ca.pem }"),
        ("an authority that is none", "tls_config: { ca_file: /etc/hosts }"),
        ("an inline authority that is none", "tls_config: { ca: noise }"),
    ] {
        secure(table, word, options, "localhost", sound()).await.fails();
        spoken(table, word, options, "localhost", sound()).await.fails();
    }
    secure(
        table,
        "wanted, and there",
        &format!("fail_if_not_ssl: true, {trusted}"),
        "localhost",
        sound(),
    )
    .await;
    secure(
        table,
        "not wanted, and there",
        &format!("fail_if_ssl: true, {trusted}"),
        "localhost",
        sound(),
    )
    .await
    .fails();
    secure(
        table,
        "a status before it",
        &format!("valid_status_codes: [500], fail_if_not_ssl: true, {trusted}"),
        "localhost",
        sound(),
    )
    .await
    .fails();
}

async fn clients(table: &mut Table, authority: &Authority) {
    let ca = authority.ca_file().display().to_string();
    let (certificate, key) = authority.client_files();
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let inline = |path: &str| std::fs::read_to_string(path).unwrap().replace('\n', "\\n");
    let shown = format!("ca_file: {ca}, cert_file: {certificate}, key_file: {key}");
    let written =
        format!("ca_file: {ca}, cert: \"{}\", key: \"{}\"", inline(&certificate), inline(&key));
    let strict = || authority.strict_acceptor();
    for (word, config) in [("shown", &shown), ("shown, inline", &written)] {
        let options = format!("tls_config: {{ {config} }}");
        secure(table, &format!("client certificate {word}"), &options, "localhost", strict()).await;
        spoken(table, &format!("client certificate {word}"), &options, "localhost", strict()).await;
        let lax = authority.acceptor(Flaw::None);
        secure(
            table,
            &format!("client certificate {word}, not asked for"),
            &options,
            "localhost",
            lax,
        )
        .await;
    }
    let none = format!("tls_config: {{ ca_file: {ca} }}");
    secure(table, "client certificate not shown", &none, "localhost", strict()).await.fails();
    let stranger = Authority::new();
    let (certificate, other) = stranger.client_files();
    let options = format!(
        "tls_config: {{ ca_file: {ca}, cert_file: {}, key_file: {} }}",
        certificate.display(),
        other.display()
    );
    secure(table, "client certificate of a stranger", &options, "localhost", strict())
        .await
        .fails();
    for (word, config) in [
        ("without its file", format!("ca_file: {ca}, cert_file: /nowhere/c.pem, key_file: {key}")),
        (
            "with another's key",
            format!("ca_file: {ca}, cert_file: {}, key_file: {key}", certificate.display()),
        ),
        ("that is none", format!("ca_file: {ca}, cert_file: /etc/hosts, key_file: {key}")),
    ] {
        let options = format!("tls_config: {{ {config} }}");
        secure(table, &format!("client certificate {word}"), &options, "localhost", strict())
            .await
            .fails();
    }
    table.keep(stranger);
}

async fn versions(table: &mut Table, authority: &Authority) {
    let ca = authority.ca_file().display().to_string();
    let chain = || authority.certificate(Flaw::None);
    let servers = [("1.2", &[&TLS12][..]), ("1.3", &[&TLS13][..]), ("both", &[&TLS12, &TLS13][..])];
    let limits = [
        ("", "", "1.2 1.3"),
        (", at least 1.2", "min_version: TLS12,", "1.2 1.3"),
        (", at least 1.3", "min_version: TLS13,", "1.3"),
        (", at most 1.2", "max_version: TLS12,", "1.2"),
        (", at most 1.3", "max_version: TLS13,", "1.2 1.3"),
        (", exactly 1.2", "min_version: TLS12, max_version: TLS12,", "1.2"),
        (", at least 1.0", "min_version: TLS10,", "1.2 1.3"),
        (", upside down", "min_version: TLS13, max_version: TLS12,", ""),
    ];
    for (word, versions) in servers {
        for (with, limit, spoken_by_client) in limits {
            let both = word == "both";
            let agreed =
                spoken_by_client.split(' ').any(|it| !it.is_empty() && (both || it == word));
            let options = format!("tls_config: {{ {limit} ca_file: {ca} }}");
            let name = format!("server speaks {word}{with}");
            // One suite for each version, so that a preference decides nothing.
            let suites: Vec<_> = DEFAULT_CIPHER_SUITES
                .iter()
                .copied()
                .filter(|suite| format!("{:?}", suite.suite()).contains("AES_128"))
                .collect();
            let acceptor = || tls::pinned(chain(), versions, &suites, &[]);
            let case = secure(table, &name, &options, "localhost", acceptor()).await;
            if !agreed {
                case.fails();
            }
            let case = spoken(table, &name, &options, "localhost", acceptor()).await;
            if !agreed {
                case.fails();
            }
        }
    }
    let trusted = format!("tls_config: {{ ca_file: {ca} }}");
    for suite in ALL_CIPHER_SUITES {
        let name = format!("{:?}", suite.suite());
        if !name.contains("_RSA_") {
            let acceptor = tls::pinned(chain(), &[&TLS12, &TLS13], &[*suite], &[]);
            secure(table, &format!("suite {name}"), &trusted, "localhost", acceptor).await;
        }
    }
    // A server that leaves the choice to the client shows what the client prefers.
    for (word, versions) in servers {
        let acceptor = tls::pinned(chain(), versions, DEFAULT_CIPHER_SUITES, &[]);
        secure(
            table,
            &format!("suites left to the client, {word}"),
            &trusted,
            "localhost",
            acceptor,
        )
        .await;
    }
}

async fn certificates(table: &mut Table, authority: &Authority) {
    let ca = authority.ca_file().display().to_string();
    let trusted = format!("tls_config: {{ ca_file: {ca} }}");
    let skipping = "tls_config: { insecure_skip_verify: true }";
    let plain = || {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2070, 6, 30);
        params
    };
    let mut many = plain();
    for (kind, value) in [
        (DnType::CountryName, "JP"),
        (DnType::StateOrProvinceName, "Kyoto"),
        (DnType::LocalityName, "Uji"),
        (DnType::OrganizationName, "Noroshi, Ltd. + \"Sons\""),
        (DnType::OrganizationalUnitName, "#Towers; <north>\\south"),
        (DnType::CommonName, " localhost "),
    ] {
        many.distinguished_name.push(kind, value);
    }
    let mut odd = plain();
    odd.distinguished_name
        .push(DnType::CommonName, DnValue::Utf8String("\u{72fc}\u{7159}".to_owned()));
    odd.distinguished_name
        .push(DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 25]), "test");
    odd.distinguished_name
        .push(DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]), "a@b.test");
    odd.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), "0815");
    let mut named = plain();
    named.subject_alt_names.push(SanType::DnsName("*.localhost.test".try_into().unwrap()));
    named.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
    named.subject_alt_names.push(SanType::Rfc822Name("a@b.test".try_into().unwrap()));
    named.subject_alt_names.push(SanType::URI("spiffe://test/one".try_into().unwrap()));
    let serial = |bytes: &[u8]| {
        let mut params = plain();
        params.serial_number = Some(SerialNumber::from(bytes.to_vec()));
        params
    };
    let mut bare = plain();
    bare.subject_alt_names.clear();
    bare.distinguished_name.push(DnType::CommonName, "localhost");
    let mut nameless = plain();
    nameless.distinguished_name = rcgen::DistinguishedName::new();
    let mut client = plain();
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let kinds = [
        ("with a long subject", many, true),
        ("with an odd subject", odd, true),
        ("with many names", named, true),
        ("with serial 7", serial(&[7]), true),
        ("with serial 128", serial(&[0x80]), true),
        ("with serial 0a00", serial(&[0x0a, 0]), true),
        ("with a long serial", serial(&[0x7f; 20]), true),
        ("with a common name alone", bare, false),
        ("without a subject", nameless, true),
        ("for clients", client, false),
        ("of the shortest kind", plain(), true),
    ];
    for (word, params, passes) in kinds {
        let acceptor =
            || tls::pinned(authority.sign(&params), &[&TLS13], DEFAULT_CIPHER_SUITES, &[]);
        let name = format!("certificate {word}");
        let case = secure(table, &name, &trusted, "localhost", acceptor()).await;
        if !passes {
            case.fails();
        }
        secure(table, &format!("{name}, not verified"), skipping, "localhost", acceptor()).await;
        let case = spoken(table, &name, &trusted, "localhost", acceptor()).await;
        if !passes {
            case.fails();
        }
    }
    // The chain's end comes sooner than the certificate's.
    for (word, options) in [("", trusted.as_str()), (", not verified", skipping)] {
        let chain = authority.sign_through_another(&plain());
        let acceptor = tls::pinned(chain, &[&TLS13], DEFAULT_CIPHER_SUITES, &[]);
        secure(
            table,
            &format!("certificate through another{word}"),
            options,
            "localhost",
            acceptor.clone(),
        )
        .await;
        spoken(
            table,
            &format!("certificate through another{word}"),
            options,
            "localhost",
            acceptor,
        )
        .await;
    }
    let (mut chain, key) = authority.sign_through_another(&plain());
    chain.truncate(1);
    let acceptor = tls::pinned((chain, key), &[&TLS13], DEFAULT_CIPHER_SUITES, &[]);
    secure(table, "certificate through one that is not shown", &trusted, "localhost", acceptor)
        .await
        .fails();
}

async fn http2(table: &mut Table, authority: &Authority) {
    let ca = authority.ca_file().display().to_string();
    let trusted = format!("tls_config: {{ ca_file: {ca} }}");
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    let suites: Vec<_> = DEFAULT_CIPHER_SUITES.to_vec();
    let acceptor = |protocols: &[&[u8]]| {
        tls::pinned(authority.certificate(Flaw::None), &[&TLS13], &suites, protocols)
    };
    for (word, options, protocols, passes) in [
        ("agreed on", "", both, true),
        ("alone", "", &[&b"h2"[..]][..], true),
        ("not spoken", "", &[&b"http/1.1"[..]][..], true),
        ("off", "enable_http2: false", both, true),
        ("off, and alone", "enable_http2: false", &[&b"h2"[..]][..], true),
        ("wanted", "valid_http_versions: ['HTTP/2.0']", both, true),
        ("not wanted", "valid_http_versions: ['HTTP/1.1']", both, false),
        ("post", "method: POST, body: 'of a post', headers: { X-One: '1' }", both, true),
        ("head", "method: HEAD", both, true),
        (
            "a host",
            "headers: { Host: vhost.test }, tls_config: { insecure_skip_verify: true }",
            both,
            true,
        ),
        ("a limit", "body_size_limit: 1B", both, false),
    ] {
        let options = if options.contains("tls_config") {
            options.to_owned()
        } else {
            format!("{trusted}, {options}")
        };
        let case = secure(
            table,
            &format!("http2 {word}"),
            options.trim_end_matches(", "),
            "localhost",
            acceptor(protocols),
        )
        .await;
        if !passes {
            case.fails();
        }
    }
    let script = |request: &Request| match request.path() {
        "/" => reply(302, &[("Location", "/there"), ("Set-Cookie", "a=1")], b""),
        _ => reply(200, &[("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")], b"arrived"),
    };
    let peer = web::serve_tls(acceptor(both), script).await;
    let target = format!("https://127.0.0.1:{}/", peer.address().port());
    table.case("tls http http2 redirect", "http", &trusted, target).hears("site", peer);
}

async fn misunderstandings(table: &mut Table, authority: &Authority) {
    let url_of = |peer: &Peer| format!("https://{}/", peer.address());
    let peer = web::serve(up).await;
    let target = url_of(&peer);
    // Each waits for the other's word.
    let module = "prober: http, timeout: 400ms";
    table.module("tls http to a plain site", module, target).keeps(peer).fails();
    let peer = web::serve_tls(authority.acceptor(Flaw::None), up).await;
    let target = format!("http://{}/", peer.address());
    table.case("tls plain http to a site behind tls", "http", "", target).keeps(peer).fails();
    for (word, turns) in [
        ("an alert", vec![Turn::Hear(100), say(b"\x15\x03\x03\x00\x02\x02\x28")]),
        ("noise", vec![Turn::Hear(100), say("220 ready\r\n")]),
        ("nothing", vec![Turn::Hear(100)]),
    ] {
        let peer = dialogue::serve(&turns, End::Close).await;
        let target = url_of(&peer);
        table.case(&format!("tls http to {word}"), "http", "", target).keeps(peer).fails();
        let peer = dialogue::serve(&turns, End::Close).await;
        let target = peer.address().to_string();
        table.case(&format!("tls tcp to {word}"), "tcp", "tls: true", target).keeps(peer).fails();
    }
    let peer = dialogue::serve(&[], End::Wait).await;
    let target = url_of(&peer);
    let module = "prober: http, timeout: 400ms";
    table.module("tls http to silence", module, target).keeps(peer).fails();
    let peer = dialogue::serve(&[], End::Wait).await;
    let target = peer.address().to_string();
    let module = "prober: tcp, timeout: 400ms, tcp: { tls: true }";
    table.module("tls tcp to silence", module, target).keeps(peer).fails();
}
