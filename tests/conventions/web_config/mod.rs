//! 27 to 32: where it listens, and what exporter-toolkit's web configuration makes of it.

mod sockets;
mod tls;
mod users;

use std::{
    fs,
    io::{self, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer},
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
