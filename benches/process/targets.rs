//! What is probed: HTTP, HTTPS, TCP and DNS servers in a process of their own, so that their cost is nobody's.
//!
//! They listen on many loopback addresses, one port for each protocol: checks of one host alone would soon fight over its
//! local ports, and no two programs in the same way.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs},
    pki_types::PrivateKeyDer,
    version::TLS13,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream, UdpSocket},
    process::{Child, ChildStdin, ChildStdout, Command},
};
use tokio_rustls::TlsAcceptor;

/// The first argument of the child.
pub(crate) const ARGUMENT: &str = "targets";

/// Addresses each server listens on.
pub(crate) const HOSTS: u8 = 100;

/// The n-th target's address, over and over.
pub(crate) fn host(n: usize) -> Ipv4Addr {
    let last = u8::try_from(n % usize::from(HOSTS)).unwrap_or_default();
    Ipv4Addr::new(127, 10, 0, last + 1)
}

/// Ports by protocol, the same on every host.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) https_rsa: u16,
    pub(crate) https_p256: u16,
    /// Agrees on the key exchange that withstands a quantum computer, for those who offer it.
    pub(crate) https_hybrid: u16,
    /// Takes connections, and says nothing.
    pub(crate) held: u16,
    pub(crate) tcp: u16,
    pub(crate) dns: u16,
}

/// What was served since the last question.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Served {
    /// Connections taken, and questions answered.
    pub(crate) peers: u64,
    /// What the TLS handshakes agreed on: version, key exchange, cipher suite.
    pub(crate) tls: BTreeSet<String>,
}

/// The child process, for as long as this lives: it ends with its standard input.
pub(crate) struct Targets {
    _child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub(crate) ports: Ports,
}

impl Targets {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let questions = child.stdin.take().context("no standard input")?;
        let answers = child.stdout.take().context("no standard output")?;
        let mut answers = BufReader::new(answers).lines();
        let first = answers.next_line().await?.context("the targets ended")?;
        Ok(Self { _child: child, questions, answers, ports: serde_json::from_str(&first)? })
    }

    /// What was served since the last call.
    pub(crate) async fn served(&mut self) -> anyhow::Result<Served> {
        self.questions.write_all(b"\n").await?;
        let answer = self.answers.next_line().await?.context("the targets ended")?;
        Ok(serde_json::from_str(&answer)?)
    }
}

/// The child: says its ports, then what it has served, one line for each it is sent.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let served = Arc::new(Mutex::new(Served::default()));
    let plain = [aws_lc_rs::kx_group::X25519];
    let both = [aws_lc_rs::kx_group::X25519MLKEM768, aws_lc_rs::kx_group::X25519];
    let rsa = acceptor(&KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?, &plain)?;
    let p256 = acceptor(&KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?, &plain)?;
    let hybrid = acceptor(&KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?, &both)?;
    let ports = Ports {
        http: listen(&served, Protocol::Http).await?,
        https_rsa: listen(&served, Protocol::Https(rsa)).await?,
        https_p256: listen(&served, Protocol::Https(p256)).await?,
        https_hybrid: listen(&served, Protocol::Https(hybrid)).await?,
        held: listen(&served, Protocol::Held).await?,
        tcp: listen(&served, Protocol::Tcp).await?,
        dns: answer(&served).await?,
    };
    let mut out = tokio::io::stdout();
    let mut line = serde_json::to_string(&ports)?;
    let mut questions = BufReader::new(tokio::io::stdin()).lines();
    loop {
        out.write_all(format!("{line}\n").as_bytes()).await?;
        out.flush().await?;
        if questions.next_line().await?.is_none() {
            return Ok(());
        }
        let now = std::mem::take(&mut *served.lock().unwrap_or_else(PoisonError::into_inner));
        line = serde_json::to_string(&now)?;
    }
}

type Tally = Arc<Mutex<Served>>;

#[derive(Clone)]
enum Protocol {
    Http,
    Https(TlsAcceptor),
    Tcp,
    Held,
}

/// TLS 1.3 with these key exchanges and the one cipher suite that every client has, so that all make the same handshake.
/// Session tickets are sent, as servers do.
fn acceptor(
    key: &KeyPair,
    groups: &[&'static dyn SupportedKxGroup],
) -> anyhow::Result<TlsAcceptor> {
    let certificate = CertificateParams::new(vec!["noroshi.test".to_owned()])?.self_signed(key)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let provider = CryptoProvider {
        kx_groups: groups.to_vec(),
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..aws_lc_rs::default_provider()
    };
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves on every host; the port is the first's.
async fn listen(served: &Tally, protocol: Protocol) -> anyhow::Result<u16> {
    let mut port = 0;
    for n in 0..usize::from(HOSTS) {
        let listener = TcpListener::bind((host(n), port)).await?;
        port = listener.local_addr()?.port();
        tokio::spawn(accept(listener, Arc::clone(served), protocol.clone()));
    }
    Ok(port)
}

async fn accept(listener: TcpListener, served: Tally, protocol: Protocol) {
    while let Ok((stream, _)) = listener.accept().await {
        let (served, protocol) = (Arc::clone(&served), protocol.clone());
        tokio::spawn(async move {
            let _ = connection(stream, &served, protocol).await;
        });
    }
}

async fn connection(stream: TcpStream, served: &Tally, protocol: Protocol) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let count = |agreed| {
        let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
        served.peers += 1;
        served.tls.extend(agreed);
    };
    match protocol {
        Protocol::Tcp => {
            count(None);
            let mut stream = stream;
            stream.read_u8().await.map(drop)
        }
        Protocol::Held => {
            count(None);
            tokio::io::copy(&mut { stream }, &mut tokio::io::sink()).await.map(drop)
        }
        Protocol::Http => {
            count(None);
            pages(stream).await
        }
        Protocol::Https(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            count(Some(handshake(stream.get_ref().1)));
            pages(stream).await
        }
    }
}

fn handshake(tls: &rustls::ServerConnection) -> String {
    let version = tls.protocol_version().and_then(|version| version.as_str());
    let group = tls.negotiated_key_exchange_group().and_then(|group| group.name().as_str());
    let suite = tls.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    [version, group, suite].map(|word| word.unwrap_or("?")).join(" ")
}

/// A small page for each request, until the client has enough.
async fn pages<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> std::io::Result<()> {
    let mut request = Vec::with_capacity(1024);
    loop {
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        request.clear();
        stream
            .write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nall is well\n",
            )
            .await?;
    }
}

/// DNS over UDP on every host; the port is the first's.
async fn answer(served: &Tally) -> anyhow::Result<u16> {
    let mut port = 0;
    for n in 0..usize::from(HOSTS) {
        let socket = UdpSocket::bind(SocketAddr::from((host(n), port))).await?;
        port = socket.local_addr()?.port();
        tokio::spawn(names(socket, Arc::clone(served)));
    }
    Ok(port)
}

async fn names(socket: UdpSocket, served: Tally) {
    let mut query = [0; 1500];
    while let Ok((size, from)) = socket.recv_from(&mut query).await {
        if let Some(answer) = address_record(&query[..size]) {
            let _ = socket.send_to(&answer, from).await;
            served.lock().unwrap_or_else(PoisonError::into_inner).peers += 1;
        }
    }
}

/// The question with one A record, 192.0.2.1 for a minute (RFC 1035 section 4.1).
fn address_record(query: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let name = query.get(HEADER..)?.iter().position(|byte| *byte == 0)?;
    let question = query.get(HEADER..HEADER + name + 5)?;
    let mut answer = Vec::with_capacity(64);
    answer.extend_from_slice(query.get(..2)?);
    answer.extend_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    answer.extend_from_slice(question);
    answer.extend_from_slice(&[0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
    Some(answer)
}
