//! 28, 29 and 31: versions, certificates that change, those of clients, HTTP/2.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};
use rustls::{
    pki_types::PrivatePkcs8KeyDer,
    version::{TLS12, TLS13},
};

use super::{Client, Fronted, Identity, Offer, PAIR, certificate};

/// Signs client certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn write(&self, folder: &Path) {
        fs::write(folder.join("ca.pem"), self.0.pem()).unwrap();
    }

    fn client(&self, names: Vec<SanType>) -> Identity {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Identity(vec![certificate.der().clone()], key)
    }
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

#[test]
fn c28_versions_and_texts_inside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let inline = |name: &str| {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().map(|line| format!("    {line}\n")).collect::<Vec<_>>().concat()
    };
    let web = format!(
        "tls_server_config:\n  cert: |\n{}  key: |\n{}  min_version: TLS13\n  curve_preferences: [CurveP521, X25519]\n",
        inline("server.crt"),
        inline("server.key")
    );
    let fronted = Fronted::start_in(folder, &web);
    let old = Offer { versions: vec![&TLS12], ..Offer::default() };
    assert!(!fronted.is_served(&Client::new(fronted.folder.path(), old)));
    assert!(fronted.is_served(&Client::plain(fronted.folder.path())));
}

#[test]
fn c29_the_next_connection_has_the_new_certificate_and_a_broken_file_keeps_the_old_one() {
    let fronted = Fronted::start(&format!("tls_server_config:\n{PAIR}"));
    let folder = fronted.folder.path();
    let client = Client::plain(folder);
    let first = fronted.shown(&client);
    let mut kept = fronted.connect(&client).unwrap();
    certificate(folder);
    // At once: no connection has come in between.
    let client = Client::plain(folder);
    let second = fronted.shown(&client);
    assert_ne!(first, second);
    // The connection that was there goes on.
    kept.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // A key that is not the certificate's, as between the two writes of a tool.
    let good = fs::read(folder.join("server.key")).unwrap();
    fs::write(folder.join("server.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    for _ in 0..3 {
        assert_eq!(fronted.shown(&client), second);
    }
    let words = "the web configuration before stays in force";
    fronted.daemon.until_log(words);
    assert_eq!(fronted.daemon.log().matches(words).count(), 1, "{}", fronted.daemon.log());
    // Nor does TLS go away with its section.
    fronted.write("");
    assert_eq!(fronted.shown(&client), second);
    fronted.daemon.until_log("only be switched on or off by a restart");
    assert!(fronted.daemon.log().contains("tls=true"), "{}", fronted.daemon.log());
    fronted.write(&format!("tls_server_config:\n{PAIR}"));
    fs::write(folder.join("server.key"), good).unwrap();
    assert_eq!(fronted.shown(&client), second);
}

#[test]
fn c30_client_certificates() {
    const VERIFY: &str =
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    let (ours, theirs) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    ours.write(folder.path());
    let fronted = Fronted::start_in(folder, &format!("tls_server_config:\n{PAIR}{VERIFY}"));
    let folder = fronted.folder.path();
    let one = || vec![dns("one.test")];
    let names = || {
        vec![
            SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
            SanType::URI("spiffe://example.org/scraper".try_into().unwrap()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
        ]
    };
    let served = |identity: Option<Identity>| {
        [vec![&TLS13], vec![&TLS12]].map(|versions| {
            let identity =
                identity.as_ref().map(|Identity(c, k)| Identity(c.clone(), k.clone_key()));
            let offer = Offer { versions, identity, ..Offer::default() };
            fronted.is_served(&Client::new(folder, offer))
        })
    };
    // auth and SANs; then: nobody, ours, theirs, ours by other names
    let table: &[(&str, [bool; 4])] = &[
        (VERIFY, [false, true, false, true]),
        ("  client_auth_type: RequireAnyClientCert\n", [false, true, true, true]),
        ("  client_auth_type: RequestClientCert\n", [true, true, true, true]),
        (
            "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n",
            [true, true, false, true],
        ),
        ("  client_auth_type: NoClientCert\n", [true, true, true, true]),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: [two, one.test]\n",
            [false, true, false, false],
        ),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: [one]\n",
            [false, false, false, false],
        ),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: ['spiffe://example.org/scraper']\n",
            [false, false, false, true],
        ),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: [ops@example.org]\n",
            [false, false, false, true],
        ),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: ['2001:db8::1']\n",
            [false, false, false, true],
        ),
        (
            "  client_auth_type: RequestClientCert\n  client_allowed_sans: [one.test]\n",
            [false, true, true, false],
        ),
        // Nobody is trusted.
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca: junk\n",
            [false, false, false, false],
        ),
    ];
    for (keys, expected) in table {
        fronted.write(&format!("tls_server_config:\n{PAIR}{keys}"));
        let asked = [
            None,
            Some(ours.client(one())),
            Some(theirs.client(one())),
            Some(ours.client(names())),
        ]
        .map(served);
        assert_eq!(asked, expected.map(|served| [served; 2]), "{keys}");
    }
}

#[test]
fn c30_a_client_certificate_may_be_its_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    // As `openssl req -x509` makes them: both a CA and a client.
    let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap();
    fs::write(folder.path().join("ca.pem"), own.pem()).unwrap();
    let fronted = Fronted::start_in(
        folder,
        &format!(
            "tls_server_config:\n{PAIR}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
        ),
    );
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let identity = Some(Identity(vec![own.der().clone()], key));
    let offer = Offer { identity, ..Offer::default() };
    assert!(fronted.is_served(&Client::new(fronted.folder.path(), offer)));
    assert!(!fronted.is_served(&Client::plain(fronted.folder.path())));
}

/// Over a connection that begins with HTTP/2: the status, or why there is none.
async fn http2(
    stream: impl hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
) -> Result<u16, hyper::Error> {
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await?;
    let driven = tokio::spawn(connection);
    let request = http::Request::get("https://localhost/-/healthy");
    let asked = sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap()).await;
    driven.abort();
    asked.map(|response| response.status().as_u16())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c31_http2_by_alpn_under_tls_alone_and_switchable() {
    const BOTH: &[&[u8]] = &[b"h2", b"http/1.1"];
    let fronted = Fronted::start(&format!("tls_server_config:\n{PAIR}"));
    let address = fronted.daemon.url().trim_start_matches("http://").to_owned();
    let folder = fronted.folder.path();
    let negotiated = |protocols| {
        let client = Client::new(folder, Offer { protocols, ..Offer::default() });
        let stream = fronted.connect(&client).unwrap();
        stream.conn.alpn_protocol().map(<[u8]>::to_vec)
    };
    assert_eq!(negotiated(BOTH).as_deref(), Some(&b"h2"[..]));
    assert_eq!(negotiated(&[b"http/1.1"]).as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(negotiated(&[]), None);
    let client = Client::new(folder, Offer { protocols: BOTH, ..Offer::default() });
    let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(client.config);
    let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    assert_eq!(http2(TokioIo::new(stream)).await.unwrap(), 200);
    // Whoever comes without TLS is told so.
    assert_eq!(fronted.daemon.get("/metrics").status, 400);

    fronted.write(&format!("tls_server_config:\n{PAIR}http_server_config: {{http2: false}}\n"));
    assert_eq!(negotiated(BOTH).as_deref(), Some(&b"http/1.1"[..]));

    let plain = Fronted::start("http_server_config: {http2: true}\n");
    let address = plain.daemon.url().trim_start_matches("http://").to_owned();
    let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    assert!(http2(TokioIo::new(stream)).await.is_err());
    assert_eq!(plain.daemon.get("/metrics").status, 200);
}
