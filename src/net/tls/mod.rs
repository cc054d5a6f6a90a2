//! TLS handshakes that always keep the server's chain, even of a handshake whose verification failed.
//!
//! Contract: [`Clients`] gives a [`Client`] for a set of options, [`handshake`] makes one connection with it and returns a
//! [`Report`] of what the server showed beside the stream or the failure. After a failed verification not one byte of
//! application data is sent. [`broken`] puts errors of an established stream into words.

mod cache;
mod certificate;
mod clients;
mod distinguished_name;
mod failure;
mod options;
mod pem;
#[cfg(feature = "http3")]
pub mod quic;
mod recorder;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trust;

use jiff::Timestamp;
use rustls::{
    CipherSuite, ClientConnection, SupportedCipherSuite,
    crypto::{SupportedKxGroup, aws_lc_rs},
    pki_types::ServerName,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub use certificate::{AsGo, Certificate, MAX_NAMES};
pub use clients::{Client, Clients};
pub use failure::broken;
pub use options::{TlsOptions, TlsVersion};

use super::Attempt;
use crate::model::{Failure, Phase};

/// What a handshake showed, whether or not it succeeded.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// As presented, the leaf first. Empty if it did not come that far; 16 at most, malformed ones left out.
    pub chain: Vec<Certificate>,
    /// The verdict on the chain; `None` if there was none to verify.
    pub verified: Option<Result<(), Failure>>,
    /// The latest end of a path that verified, each of which ends with the first of its certificates, the root included.
    /// `None` where the chain did not verify.
    pub chain_not_after: Option<Timestamp>,
    /// Whether the server asked for a client certificate.
    pub client_certificate_asked: bool,
    /// `TLS 1.3`
    pub version: Option<&'static str>,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher: Option<String>,
    /// `X25519MLKEM768`
    pub group: Option<String>,
    /// What ALPN agreed on: `h2`, `http/1.1`.
    pub alpn: Option<String>,
}

/// The phase `tls`. The report holds the chain and the verdict on it even where the handshake failed.
///
/// `host` is verified and sent as SNI unless the options name another.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin + Send>(
    attempt: &mut Attempt,
    client: &Client,
    host: &str,
    stream: S,
) -> (Report, Result<TlsStream<S>, Failure>) {
    let name = match client.name(host) {
        Ok(name) => name,
        Err(failure) => return (Report::default(), Err(failure)),
    };
    attempt.step(|| format!("TLS handshake for {}", name.to_str()));
    let (config, recorder) = client.watched();
    let connecting = TlsConnector::from(config).connect(name.clone(), stream);
    // Boxed: it is done soon, and what waits afterwards need not carry its size.
    let connecting = Box::pin(attempt.phase(Phase::Tls, async {
        connecting.await.map_err(|error| failure::during_handshake(&error, recorder.asked()))
    }));
    let connected = connecting.await;
    let mut report = Report::of(recorder.take(), &name);
    if let Ok(stream) = &connected {
        report.note(stream.get_ref().1);
        attempt.step(|| report.summary());
    }
    report.judge(client.insecure, connected)
}

impl Report {
    /// The server's own certificate, if it is not malformed.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first().filter(|first| first.position == 0)
    }

    fn of(seen: recorder::Seen, name: &ServerName<'_>) -> Self {
        let chain: Vec<_> = seen
            .chain
            .iter()
            .enumerate()
            .filter_map(|(position, der)| Certificate::read(position, der))
            .collect();
        let chain_not_after = match &seen.verdict {
            Some((Ok(not_after), _)) => *not_after,
            _ => None,
        };
        let verified = seen.verdict.map(|(verdict, at)| match verdict {
            Ok(_) => Ok(()),
            Err(error) => Err(failure::verification(&error, &chain, &name.to_str(), at)),
        });
        let client_certificate_asked = seen.asked;
        Self { chain, verified, chain_not_after, client_certificate_asked, ..Self::default() }
    }

    /// What was negotiated.
    fn note(&mut self, connection: &ClientConnection) {
        self.version = connection.protocol_version().and_then(|version| match version {
            rustls::ProtocolVersion::TLSv1_2 => Some(TlsVersion::Tls12.word()),
            rustls::ProtocolVersion::TLSv1_3 => Some(TlsVersion::Tls13.word()),
            _ => None,
        });
        self.cipher = connection.negotiated_cipher_suite().map(cipher_name);
        self.group = connection.negotiated_key_exchange_group().map(group_name);
        self.alpn =
            connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    }

    /// A chain that does not verify fails what came of its handshake, unless that was wanted.
    fn judge<T>(self, insecure: bool, done: Result<T, Failure>) -> (Self, Result<T, Failure>) {
        match &self.verified {
            Some(Err(failure)) if !insecure => {
                let failure = failure.clone();
                (self, Err(failure))
            }
            _ => (self, done),
        }
    }

    /// In one line.
    pub(super) fn summary(&self) -> String {
        let words =
            [self.version, self.cipher.as_deref(), self.group.as_deref(), self.alpn.as_deref()];
        let agreed = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let verdict = match &self.verified {
            Some(Ok(())) => "the chain verifies",
            Some(Err(_)) => "the chain does not verify",
            None => "no chain",
        };
        format!("{agreed}; {verdict}")
    }
}

/// Every cipher suite that can be negotiated.
pub fn ciphers() -> Vec<String> {
    aws_lc_rs::default_provider().cipher_suites.into_iter().map(cipher_name).collect()
}

/// Every key exchange group that can be negotiated.
pub fn groups() -> Vec<String> {
    aws_lc_rs::default_provider().kx_groups.into_iter().map(group_name).collect()
}

fn cipher_name(suite: SupportedCipherSuite) -> String {
    suite_name(suite.suite())
}

/// By IANA's name; rustls has its own for those of TLS 1.3.
fn suite_name(suite: CipherSuite) -> String {
    format!("{suite:?}").replacen("TLS13_", "TLS_", 1)
}

fn group_name(group: &dyn SupportedKxGroup) -> String {
    format!("{:?}", group.name())
}
