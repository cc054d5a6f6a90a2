//! 27 to 32: where it listens, and what exporter-toolkit's web configuration makes of it.

use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    SanType,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    version::{TLS12, TLS13},
};

use crate::support::{
    daemon::{Daemon, noroshi},
    web_configs::{self, Verdict},
};

const CHECKS: &str = "[checks.a]\ntcp.address = \"127.0.0.1:1\"\n";

const PAIR: &str = "  cert_file: server.crt\n  key_file: server.key\n";

/// A daemon behind a web configuration.
struct Fronted {
    daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Fronted {
    fn start(web: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificate(folder.path());
        Self::start_in(folder, web)
    }

    fn start_in(folder: tempfile::TempDir, web: &str) -> Self {
        fs::write(folder.path().join("noroshi.toml"), CHECKS).unwrap();
        fs::write(folder.path().join("web.yml"), web).unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (config, web) = (path("noroshi.toml"), path("web.yml"));
        let arguments = ["--config.file", &config, "--web.config.file", &web];
        Self { daemon: Daemon::start(&arguments), folder }
    }

    fn write(&self, web: &str) {
        fs::write(self.folder.path().join("web.yml"), web).unwrap();
    }

    /// Waits until a question has this answer: the file is looked at once a second.
    fn until(&self, wanted: &str, question: impl Fn() -> bool) {
        for _ in 0..1000 {
            if question() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        panic!("no {wanted}: {}", self.daemon.log());
    }

    fn connect(&self, client: &Client) -> io::Result<Tls> {
        let address = self.daemon.url().trim_start_matches("http://").to_owned();
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(30)))?;
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::clone(&client.config), name).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(stream)
    }

    /// The head of the answer to one request over TLS. Under TLS 1.3 a refusal comes after the handshake.
    fn head(&self, client: &Client) -> io::Result<String> {
        let mut stream = self.connect(client)?;
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.to_ascii_lowercase())
    }

    fn is_served(&self, client: &Client) -> bool {
        self.head(client).is_ok_and(|head| head.starts_with("http/1.1 200"))
    }

    /// The serial number it shows.
    fn shown(&self, client: &Client) -> Vec<u8> {
        let stream = self.connect(client).unwrap();
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    }
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A client's side of TLS.
struct Client {
    config: Arc<ClientConfig>,
}

/// What a client offers.
struct Offer {
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: &'static [&'static [u8]],
    identity: Option<Identity>,
}

impl Default for Offer {
    fn default() -> Self {
        Self { versions: vec![&TLS13, &TLS12], protocols: &[], identity: None }
    }
}

impl Client {
    /// Trusts whatever lies in the folder as `server.crt` now.
    fn new(folder: &Path, offer: Offer) -> Self {
        use rustls::pki_types::pem::PemObject;
        let mut roots = RootCertStore::empty();
        let file = folder.join("server.crt");
        for certificate in CertificateDer::pem_file_iter(file).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&offer.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match offer.identity {
            Some(Identity(chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = offer.protocols.iter().map(|name| name.to_vec()).collect();
        Self { config: Arc::new(config) }
    }

    fn plain(folder: &Path) -> Self {
        Self::new(folder, Offer::default())
    }
}

/// `server.crt` and `server.key`, new ones.
fn certificate(folder: &Path) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = rcgen::generate_simple_self_signed(names).unwrap();
    fs::write(folder.join("server.crt"), own.cert.pem()).unwrap();
    fs::write(folder.join("server.key"), own.signing_key.serialize_pem()).unwrap();
}

/// A client's certificate and its key.
struct Identity(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

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

fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Users by name and password; a low cost, because a debug build is slow.
fn users(pairs: &[(&str, &str)]) -> String {
    let row = |(user, password): &(&str, &str)| {
        format!("  {user}: {}\n", bcrypt::hash(password, 4).unwrap())
    };
    format!("basic_auth_users:\n{}", pairs.iter().map(row).collect::<String>())
}

#[test]
fn c27_addresses_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    fs::write(&file, CHECKS).unwrap();
    let daemon = Daemon::start(&[
        "--config.file",
        file.to_str().unwrap(),
        "--web.listen-address=127.0.0.1:0",
        "--web.listen-address=:0",
    ]);
    daemon.until_log("noroshi watches");
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("noroshi watches")).unwrap();
    let ports: Vec<_> = line
        .split_once("addresses=")
        .unwrap()
        .1
        .split([',', ' ', ']', '['])
        .filter_map(|address| address.trim_matches('"').rsplit_once(':')?.1.parse::<u16>().ok())
        .collect();
    assert_eq!(ports.len(), 3, "{line}");
    for port in ports {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET /-/healthy HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }
}

/// Ended when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that finds the two sockets as its file descriptors 3 and 4, passed as systemd does to the process `pid`.
fn activated(folder: &Path, sockets: [OwnedFd; 2], pid: &str) -> Child {
    let file = folder.join("c.toml");
    fs::write(&file, CHECKS).unwrap();
    let script = format!(
        "exec 3<&0 4<&1 0</dev/null 1>/dev/null; LISTEN_FDS=2 LISTEN_PID={pid} exec \"$0\" \"$@\""
    );
    let program = noroshi(&[]);
    let [first, second] = sockets;
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(program.get_program());
    command.args(["--web.systemd-socket", "--web.listen-address=192.0.2.1:1", "--config.file"]);
    command.arg(file).env("LISTEN_FDNAMES", "a:b");
    command.stdin(Stdio::from(first)).stdout(Stdio::from(second)).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn c27_every_socket_systemd_passes_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let (tcp, path) = (TcpListener::bind("127.0.0.1:0").unwrap(), folder.path().join("socket"));
    let address = tcp.local_addr().unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    // The address that cannot be bound is not looked at.
    let _process = Process(activated(folder.path(), [tcp.into(), unix.into()], "$$"));
    // They listen already: what is sent waits for its answer.
    let mut streams: [Box<dyn ReadWrite>; 2] = [
        Box::new(TcpStream::connect(address).unwrap()),
        Box::new(std::os::unix::net::UnixStream::connect(&path).unwrap()),
    ];
    for stream in &mut streams {
        stream.write_all(b"GET /-/healthy HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

#[test]
fn c27_sockets_for_another_process_are_left_alone_and_silence_listens_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let sockets = || [TcpListener::bind("127.0.0.1:0").unwrap().into(), client().into()];
    for (pid, words) in [("1", "no socket was passed"), ("$$", "does not listen")] {
        let output = activated(folder.path(), sockets(), pid).wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "{pid}: {said}");
    }
}

/// A connected socket.
fn client() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    TcpStream::connect(listener.local_addr().unwrap()).unwrap()
}

#[test]
fn c28_the_format_is_exporter_toolkits() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    web_configs::each(folder.path(), |file, text, verdict| {
        let found = noroshi::app::web_config_diagnostics(file);
        let right = found.iter().all(|one| one.severity == noroshi::model::Severity::Warning);
        if right != (verdict == Verdict::Right) {
            wrong.push(format!("expected {verdict:?}, found {found:?}\n{text}"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn c28_mistakes_end_the_start_and_check_config_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let web = write("web.yml", "rate_limit:\n  burst: x\nusers: {}\n");
    let config =
        write("noroshi.toml", &format!("web.config_file = \"{}\"\n{CHECKS}", web.display()));
    for arguments in [&["--config.file"][..], &["check-config", "--config.file"]] {
        let output = noroshi(arguments).arg(&config).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{said}");
        for words in ["web.yml:2:10", "web.yml:3:1", "unknown key `users`"] {
            assert!(said.contains(words), "{words} in {said}");
        }
    }
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
fn c30_users_and_their_passwords() {
    let fronted = Fronted::start(&users(&[("alice", "right"), ("bob", "other")]));
    let status = |path: &str, headers: &[&str]| fronted.daemon.ask("GET", path, headers).status;
    for path in ["/", "/metrics", "/-/healthy", "/config", "/nowhere"] {
        let refused = fronted.daemon.get(path);
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.head.contains("www-authenticate: basic"), "{}", refused.head);
    }
    for _ in 0..2 {
        assert_eq!(status("/metrics", &[&basic("alice", "right")]), 200);
        assert_eq!(status("/metrics", &[&basic("alice", "other")]), 401);
        assert_eq!(status("/metrics", &[&basic("nobody", "right")]), 401);
        assert_eq!(status("/nowhere", &[&basic("bob", "other")]), 404);
    }
    assert!(!fronted.daemon.log().contains("right\""));
    // What is wrong is seen from outside too.
    let successful = || {
        let metrics = fronted.daemon.ask("GET", "/metrics", &[&basic("alice", "right")]).body;
        let name = "\nnoroshi_web_config_last_reload_successful ";
        metrics.split_once(name).unwrap().1.starts_with('1')
    };
    assert!(successful());
    fronted.write("basic_auth_users: {alice: right}\n");
    fronted.until("news of the mistake", || !successful());
    // A new password without a restart, and the old one is worth nothing.
    fronted.write(&users(&[("alice", "new")]));
    fronted.until("new password", || status("/metrics", &[&basic("alice", "new")]) == 200);
    assert_eq!(status("/metrics", &[&basic("alice", "right")]), 401);
    assert_eq!(status("/metrics", &[&basic("bob", "other")]), 401);
}

/// At this cost a comparison takes minutes.
#[test]
fn c30_a_password_that_is_being_compared_holds_nothing_up() {
    let hash = "$2y$18$4VeFDzXIoPHKnKTU3O3GH.N.vZu06CVqczYZ8WvfzrddFU6tGqjR.";
    let mut fronted = Fronted::start(&format!("basic_auth_users:\n  bob: {hash}\n"));
    let address = fronted.daemon.url().trim_start_matches("http://").to_owned();
    let mut waiting = TcpStream::connect(address).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", basic("bob", "x"));
    waiting.write_all(request.as_bytes()).unwrap();
    // Others are answered meanwhile, and it ends when it is told to.
    assert_eq!(fronted.daemon.get("/metrics").status, 401);
    fronted.daemon.signal("TERM");
    assert_eq!(fronted.daemon.wait().code(), Some(0));
    fronted.daemon.until_log("msg=stopped");
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

#[test]
fn c30_more_requests_than_permitted_are_429_and_c32_headers_are_on_every_answer() {
    let headers = "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=1\n";
    let limit = "rate_limit: {interval: 1h, burst: 6}\n";
    let fronted = Fronted::start(&format!("{headers}{limit}{}", users(&[("alice", "right")])));
    let alice = basic("alice", "right");
    let ask = |method: &str, path: &str, headers: &[&str]| {
        let answer = fronted.daemon.ask(method, path, headers);
        for header in ["x-frame-options: sameorigin", "strict-transport-security: max-age=1"] {
            assert!(answer.head.contains(header), "{path}: {}", answer.head);
        }
        answer.status
    };
    assert_eq!(ask("GET", "/metrics", &[&alice]), 200);
    assert_eq!(ask("HEAD", "/metrics", &[&alice]), 200);
    assert_eq!(ask("GET", "/nowhere", &[&alice]), 404);
    assert_eq!(ask("POST", "/metrics", &[&alice]), 405);
    assert_eq!(ask("GET", "/metrics", &[]), 401);
    assert_eq!(ask("GET", "/config", &[&alice]), 200);
    assert_eq!(ask("GET", "/metrics", &[&alice]), 429);
    // Without a limit again.
    fronted.write("");
    fronted.until("end of the limit", || fronted.daemon.get("/metrics").status == 200);
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
