use std::{net::SocketAddr, os::unix::fs::symlink, time::Duration};

use rcgen::{BasicConstraints, IsCa, date_time_ymd};
use rustls::{
    pki_types::CertificateDer,
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    testing::{Authority, Identity, Server},
    *,
};
use crate::{
    clock::Instant,
    model::{Reason, Trace},
};

type Shaken = (Report, Result<TlsStream<TcpStream>, Failure>);

async fn shake(to: SocketAddr, host: &str, options: &TlsOptions) -> Shaken {
    shake_within(Duration::from_secs(10), to, host, options).await
}

async fn shake_within(
    patience: Duration,
    to: SocketAddr,
    host: &str,
    options: &TlsOptions,
) -> Shaken {
    let client = Clients::new().client(options, &[]).await.unwrap();
    let mut attempt = Attempt::new(Instant::now() + patience, Trace::on());
    let stream = TcpStream::connect(to).await.unwrap();
    handshake(&mut attempt, &client, host, stream).await
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions { ca_file: Some(authority.ca_file()), ..TlsOptions::default() }
}

fn reason(shaken: &Shaken) -> Option<Reason> {
    shaken.1.as_ref().err().map(|failure| failure.reason)
}

fn detail(shaken: &Shaken) -> &str {
    shaken.1.as_ref().err().map_or("", |failure| &failure.detail)
}

/// Accepts one connection and gives it to `serve`.
async fn listen<F: Future<Output = ()> + Send>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    address
}

#[tokio::test]
async fn a_good_chain_yields_every_fact_and_a_stream() {
    let authority = Authority::new();
    let to = authority.issue(|_| {}).serve(Server::default()).await;
    for host in ["localhost", "LOCALHOST.", "127.0.0.1"] {
        let (report, stream) = shake(to, host, &trusting(&authority)).await;
        assert_eq!(report.verified, Some(Ok(())), "{host}");
        assert_eq!(report.chain_not_after, Some(report.chain[0].not_after));
        assert_eq!(report.version, Some("TLS 1.3"));
        assert_eq!(report.cipher.as_deref(), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(report.group.as_deref(), Some("X25519MLKEM768"));
        assert_eq!(report.chain[0].subject, "CN=leaf,O=Test");
        assert_eq!(report.chain[0].issuer, "CN=Test Root,O=Test");
        let mut stream = stream.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let mut echo = [0; 5];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, b"hello");
    }
}

/// A leaf below an intermediate below a root, each with an end of its own; the intermediate also below another root.
mod chains {
    use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair};

    use super::*;

    fn params(name: &str, year: i32) -> CertificateParams {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = date_time_ymd(year, 1, 1);
        params
    }

    fn authority(name: &str, year: i32) -> CertificateParams {
        let mut params = params(name, year);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    /// What the leaf's chain ends at where these roots are trusted; the year of each root.
    async fn end(leaf: i32, below: i32, roots: &[i32]) -> (Option<Reason>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut pem = String::new();
        let mut crossed = Vec::new();
        for (at, year) in roots.iter().enumerate() {
            let own = KeyPair::generate().unwrap();
            let root = authority(&format!("root {at}"), *year);
            let root = CertifiedIssuer::self_signed(root, own).unwrap();
            pem.push_str(&root.pem());
            crossed.push(authority("below", below).signed_by(&key, &root).unwrap().der().clone());
        }
        let issuer = rcgen::Issuer::new(authority("below", below), key);
        let own = KeyPair::generate().unwrap();
        let leaf = params("leaf", leaf).signed_by(&own, &issuer).unwrap();
        let mut identity = Identity::self_signed(|_| {});
        identity.chain = [vec![leaf.der().clone()], crossed].concat();
        let acceptor = identity.with_key(&own).acceptor(Server::default());
        let to = listen(|stream| async move {
            let _ = acceptor.accept(stream).await.unwrap().read(&mut [0]).await;
        })
        .await;
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, pem).unwrap();
        let options = TlsOptions { ca_file: Some(ca_file), ..TlsOptions::default() };
        let shaken = shake(to, "localhost", &options).await;
        (reason(&shaken), shaken.0.chain_not_after.map(|end| end.to_string()[..4].to_owned()))
    }

    #[tokio::test]
    async fn a_chain_ends_with_its_first_certificate_and_the_latest_path_counts() {
        let ends = |year: &str| (None, Some(year.to_owned()));
        assert_eq!(end(2060, 2070, &[2080]).await, ends("2060"));
        assert_eq!(end(2080, 2060, &[2070]).await, ends("2060"));
        assert_eq!(end(2080, 2070, &[2060]).await, ends("2060"), "the root counts");
        assert_eq!(end(2080, 2080, &[2050, 2070, 2060]).await, ends("2070"));
        assert_eq!(end(2060, 2060, &[2020, 2050]).await, ends("2050"), "an ended root is no root");
        let (reason, end) = end(2060, 2060, &[2020]).await;
        assert_eq!((reason, end), (Some(Reason::TlsExpired), None));
    }
}

#[tokio::test]
async fn an_expired_chain_fails_and_shows_its_expiry() {
    let authority = Authority::new();
    let expired = |params: &mut rcgen::CertificateParams| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    };
    for identity in [authority.issue(expired), Identity::self_signed(expired)] {
        for version in [&TLS12, &TLS13] {
            let server = Server { versions: vec![version], ..Server::default() };
            let shaken =
                shake(identity.serve(server).await, "localhost", &trusting(&authority)).await;
            assert_eq!(reason(&shaken), Some(Reason::TlsExpired));
            assert!(detail(&shaken).contains("2020-01-01"), "{}", detail(&shaken));
            assert_eq!(shaken.0.chain[0].not_after.to_string(), "2020-01-01T00:00:00Z");
            assert!(shaken.0.version.is_some() && shaken.0.group.is_some());
        }
    }
}

#[tokio::test]
async fn not_yet_valid() {
    let authority = Authority::new();
    let later = |params: &mut rcgen::CertificateParams| {
        params.not_before = date_time_ymd(2090, 1, 1);
        params.not_after = date_time_ymd(2091, 1, 1);
    };
    let to = authority.issue(later).serve(Server::default()).await;
    let shaken = shake(to, "localhost", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsNotYetValid));
    assert!(detail(&shaken).contains("2090-01-01"), "{}", detail(&shaken));
}

#[tokio::test]
async fn a_wrong_name_lists_the_right_ones_within_bounds() {
    let authority = Authority::new();
    let to = authority.issue(|_| {}).serve(Server::default()).await;
    let shaken = shake(to, "example.org", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsNameMismatch));
    assert_eq!(detail(&shaken), "the certificate is for localhost, 127.0.0.1, wanted example.org");
    assert_eq!(shaken.0.chain_not_after, None);
    let named = TlsOptions { server_name: Some("localhost".into()), ..trusting(&authority) };
    assert_eq!(reason(&shake(to, "example.org", &named).await), None);
    let many = authority.issue(|params| {
        params.subject_alt_names = (0..90)
            .map(|at| rcgen::SanType::DnsName(format!("host{at}.test").try_into().unwrap()))
            .collect();
    });
    let shaken =
        shake(many.serve(Server::default()).await, "localhost", &trusting(&authority)).await;
    assert!(detail(&shaken).contains("and 82 more"), "{}", detail(&shaken));
}

#[tokio::test]
async fn strangers_are_untrusted_and_told_apart() {
    let (authority, stranger) = (Authority::new(), Authority::named("Other Root"));
    let ca = |params: &mut rcgen::CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let lonely = [Identity::self_signed(|_| {}), Identity::self_signed(ca)];
    for identity in &lonely {
        let shaken =
            shake(identity.serve(Server::default()).await, "localhost", &trusting(&authority))
                .await;
        assert_eq!(reason(&shaken), Some(Reason::TlsUntrusted));
        assert!(detail(&shaken).starts_with("self-signed: CN=lonely"), "{}", detail(&shaken));
        assert_eq!(shaken.0.chain.len(), 1);
    }
    let to = stranger.issue(|_| {}).serve(Server::default()).await;
    let shaken = shake(to, "localhost", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsUntrusted));
    assert!(detail(&shaken).contains("issued by CN=Other Root,O=Test"), "{}", detail(&shaken));
    let namesake = Authority::new().issue(|_| {}).serve(Server::default()).await;
    let shaken = shake(namesake, "localhost", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsUntrusted));
    assert!(detail(&shaken).ends_with("not signed by its key"), "{}", detail(&shaken));
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_by_its_own_file() {
    let authority = Authority::new();
    let ca = |params: &mut rcgen::CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    for identity in [Identity::self_signed(|_| {}), Identity::self_signed(ca)] {
        let options = TlsOptions {
            ca_file: Some(authority.write("pinned.pem", &identity.chain_pem())),
            ..TlsOptions::default()
        };
        let to = identity.serve(Server::default()).await;
        let shaken = shake(to, "localhost", &options).await;
        assert_eq!(reason(&shaken), None);
        assert_eq!(shaken.0.chain_not_after, Some(shaken.0.chain[0].not_after));
        let other = shake(to, "example.org", &options).await;
        assert_eq!(reason(&other), Some(Reason::TlsNameMismatch));
    }
}

#[tokio::test]
async fn insecure_goes_on_and_still_tells() {
    let options = TlsOptions { insecure_skip_verify: true, ..TlsOptions::default() };
    let to = Identity::self_signed(|_| {}).serve(Server::default()).await;
    let (report, stream) = shake(to, "localhost", &options).await;
    assert!(stream.is_ok());
    assert!(
        matches!(report.verified, Some(Err(failure)) if failure.reason == Reason::TlsUntrusted)
    );
}

#[tokio::test]
async fn nothing_is_sent_to_a_stranger() {
    let identity = Identity::self_signed(|_| {});
    let acceptor = identity.acceptor(Server::default());
    let (tell, told) = tokio::sync::oneshot::channel();
    let to = listen(|stream| async move {
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let _ = tell.send(bytes);
    })
    .await;
    let authority = Authority::new();
    let (_, result) = shake(to, "localhost", &trusting(&authority)).await;
    assert!(result.is_err());
    drop(result);
    assert_eq!(told.await.unwrap(), b"");
}

#[tokio::test]
async fn client_certificates() {
    let authority = Authority::new();
    let identity = authority.issue(|_| {});
    let ours = authority.issue(|_| {});
    let with_ours = TlsOptions {
        cert_file: Some(authority.write("client.pem", &ours.chain_pem())),
        key_file: Some(authority.write("client.key", &ours.key_pem())),
        ..trusting(&authority)
    };
    for version in [&TLS12, &TLS13] {
        let server =
            Server { versions: vec![version], clients: Some(authority.der()), ..Server::default() };
        let to = identity.serve(server).await;
        let (report, stream) = shake(to, "localhost", &with_ours).await;
        assert!(report.client_certificate_asked);
        stream.unwrap().write_all(b"x").await.unwrap();

        let (report, stream) = shake(to, "localhost", &trusting(&authority)).await;
        assert!(report.client_certificate_asked && report.chain.len() == 1);
        let failure = match stream {
            Err(failure) => failure,
            // TLS 1.3 refuses only after our side is done.
            Ok(mut stream) => broken(&stream.read(&mut [0; 8]).await.unwrap_err()),
        };
        assert_eq!(failure.reason, Reason::TlsClientCertificate, "{}", failure.detail);
    }
}

#[tokio::test]
async fn everything_may_stand_in_the_configuration() {
    let authority = Authority::new();
    let ours = authority.issue(|_| {});
    let options = TlsOptions {
        ca: Some(std::fs::read_to_string(authority.ca_file()).unwrap()),
        cert: Some(ours.chain_pem()),
        key: Some(crate::model::Secret::new(ours.key_pem())),
        ..TlsOptions::default()
    };
    assert!(options.mistakes().is_empty());
    let server = Server { clients: Some(authority.der()), ..Server::default() };
    let to = authority.issue(|_| {}).serve(server).await;
    let (report, stream) = shake(to, "localhost", &options).await;
    assert!(report.client_certificate_asked);
    let mut stream = stream.unwrap();
    stream.write_all(b"x").await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 1);
    let damaged = TlsOptions { ca: Some("hunter2".into()), ..TlsOptions::default() };
    let failure = Clients::new().client(&damaged, &[]).await.err().unwrap();
    assert_eq!(failure.reason, Reason::LocalFile);
    assert_eq!(failure.detail, "`tls.ca`: it holds no PEM certificate");
}

#[tokio::test]
async fn our_certificate_is_not_shown_to_a_stranger() {
    let (authority, stranger) = (Authority::new(), Authority::named("Other Root"));
    let ours = authority.issue(|_| {});
    let options = TlsOptions {
        cert_file: Some(authority.write("client.pem", &ours.chain_pem())),
        key_file: Some(authority.write("client.key", &ours.key_pem())),
        ..trusting(&authority)
    };
    let server = Server { clients: Some(authority.der()), ..Server::default() };
    let acceptor = stranger.issue(|_| {}).acceptor(server);
    let (tell, told) = tokio::sync::oneshot::channel();
    let to = listen(|stream| async move {
        let _ = tell.send(acceptor.accept(stream).await.map(drop).unwrap_err());
    })
    .await;
    let shaken = shake(to, "localhost", &options).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsUntrusted));
    assert_eq!(shaken.0.chain.len(), 1);
    assert!(told.await.unwrap().to_string().contains("UnknownCA"));
}

#[tokio::test]
async fn no_version_in_common() {
    let authority = Authority::new();
    let server = Server { versions: vec![&TLS12], ..Server::default() };
    let to = authority.issue(|_| {}).serve(server).await;
    let options = TlsOptions { min_version: Some(TlsVersion::Tls13), ..trusting(&authority) };
    let shaken = shake(to, "localhost", &options).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsUnsupportedVersion), "{}", detail(&shaken));
    let old = TlsOptions { max_version: Some(TlsVersion::Tls11), ..trusting(&authority) };
    let refused = Clients::new().client(&old, &[]).await.err().unwrap();
    assert_eq!(refused.reason, Reason::TlsUnsupportedVersion);
    let only12 = TlsOptions { max_version: Some(TlsVersion::Tls12), ..trusting(&authority) };
    let (report, stream) = shake(to, "localhost", &only12).await;
    assert!(stream.is_ok());
    assert_eq!(report.version, Some("TLS 1.2"));
    assert_eq!(report.cipher.as_deref(), Some("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
}

#[tokio::test]
async fn what_is_not_tls() {
    let authority = Authority::new();
    let plain = listen(|mut stream| async move {
        stream.write_all(b"220 mail.example.org ESMTP\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let shaken = shake(plain, "localhost", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsHandshake));
    assert!(detail(&shaken).contains("not TLS"), "{}", detail(&shaken));

    // A ServerHello of TLS 1.0, as a server that knows nothing newer sends it.
    let ancient = listen(|mut stream| async move {
        let mut hello = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01".to_vec();
        hello.extend([7; 32]);
        hello.extend(b"\x00\x00\x2f\x00");
        stream.write_all(&hello).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let shaken = shake(ancient, "localhost", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsUnsupportedVersion), "{}", detail(&shaken));

    let closing = listen(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    let shaken = shake(closing, "localhost", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::ConnectionClosed), "{}", detail(&shaken));

    let silent = listen(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let patience = Duration::from_millis(50);
    let shaken = shake_within(patience, silent, "localhost", &trusting(&authority)).await;
    assert_eq!(reason(&shaken), Some(Reason::TlsTimeout));
}

#[tokio::test]
async fn alpn_is_offered_and_reported() {
    let authority = Authority::new();
    let server = Server { alpn: vec![b"http/1.1".to_vec()], ..Server::default() };
    let to = authority.issue(|_| {}).serve(server).await;
    let clients = Clients::new();
    for (offer, agreed) in
        [(&["h2", "http/1.1"][..], Some("http/1.1")), (&["h2"], None), (&[], None)]
    {
        let client = clients.client(&trusting(&authority), offer).await.unwrap();
        let mut attempt = Attempt::new(Instant::now() + Duration::from_secs(10), Trace::default());
        let stream = TcpStream::connect(to).await.unwrap();
        let shaken = handshake(&mut attempt, &client, "localhost", stream).await;
        assert_eq!(shaken.0.alpn.as_deref(), agreed, "{offer:?}");
        if offer == ["h2"] {
            assert_eq!(reason(&shaken), Some(Reason::TlsHandshake));
            assert!(detail(&shaken).contains("ALPN"), "{}", detail(&shaken));
        }
    }
}

#[tokio::test]
async fn a_malformed_certificate_hides_no_other() {
    let authority = Authority::new();
    let mut identity = authority.issue(|_| {});
    identity.chain.push(CertificateDer::from(b"\x30\x03\x02\x01\x07".to_vec()));
    identity.chain.push(authority.der());
    let to = identity.serve(Server::default()).await;
    let (report, _) = shake(to, "localhost", &trusting(&authority)).await;
    let seen: Vec<_> =
        report.chain.iter().map(|one| (one.position, one.subject.as_str())).collect();
    assert_eq!(seen, [(0, "CN=leaf,O=Test"), (2, "CN=Test Root,O=Test")]);
}

#[tokio::test]
async fn a_rotated_file_is_noticed() {
    let (old, new) = (Authority::new(), Authority::new());
    let to = new.issue(|_| {}).serve(Server::default()).await;
    let link = old.ca_file().with_file_name("ca-link.pem");
    symlink(old.ca_file(), &link).unwrap();
    let options = TlsOptions { ca_file: Some(link.clone()), ..TlsOptions::default() };
    let clients = Clients::new();
    let mut verdicts = Vec::new();
    for swapped in [false, true] {
        if swapped {
            std::fs::remove_file(&link).unwrap();
            symlink(new.ca_file(), &link).unwrap();
        }
        let client = clients.client(&options, &[]).await.unwrap();
        let mut attempt = Attempt::new(Instant::now() + Duration::from_secs(10), Trace::default());
        let stream = TcpStream::connect(to).await.unwrap();
        verdicts.push(handshake(&mut attempt, &client, "localhost", stream).await.1.is_ok());
    }
    assert_eq!(verdicts, [false, true]);
}

#[tokio::test]
async fn files_that_do_not_work_are_ours_and_never_quoted() {
    let authority = Authority::new();
    let (ours, other) = (authority.issue(|_| {}), authority.issue(|_| {}));
    let cert_file = Some(authority.write("client.pem", &ours.chain_pem()));
    let cases = [
        TlsOptions { ca_file: Some("/nonexistent/ca.pem".into()), ..TlsOptions::default() },
        TlsOptions { ca_file: Some(authority.write("x", "hunter2")), ..TlsOptions::default() },
        TlsOptions {
            cert_file: cert_file.clone(),
            key_file: Some(authority.write("y", "-----BEGIN hunter2")),
            ..trusting(&authority)
        },
        TlsOptions {
            cert_file,
            key_file: Some(authority.write("z", &other.key_pem())),
            ..trusting(&authority)
        },
    ];
    for options in cases {
        let failure = Clients::new().client(&options, &[]).await.err().unwrap();
        assert_eq!(failure.reason, Reason::LocalFile);
        assert!(!failure.detail.contains("hunter2"), "{}", failure.detail);
    }
}

#[test]
fn a_refusal_is_found_however_deep_it_is_wrapped() {
    let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
    let once = std::io::Error::new(std::io::ErrorKind::InvalidData, alert);
    let twice = std::io::Error::other(once);
    assert_eq!(broken(&twice).reason, Reason::TlsClientCertificate);
    let eof = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    assert_eq!(broken(&eof).reason, Reason::ConnectionClosed);
}

#[test]
fn openssl_has_one_alert_for_two_refusals_in_tls_1_2() {
    let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
    let error = std::io::Error::new(std::io::ErrorKind::InvalidData, alert);
    let asked = failure::during_handshake(&error, true);
    assert_eq!(asked.reason, Reason::TlsClientCertificate);
    assert_eq!(failure::during_handshake(&error, false).reason, Reason::TlsHandshake);
}
