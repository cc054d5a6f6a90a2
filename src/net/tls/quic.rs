//! TLS inside QUIC (RFC 9001): the same verifier and the same report as over TCP.
//!
//! Contract: a [`Handshake`] is one connection's; QUIC's library makes it with [`Handshake::config`], and
//! [`Handshake::end`] tells what the server showed. After a failed verification the caller sends no request.

use std::{any::Any, borrow::Cow, sync::Arc};

use parking_lot::Mutex;
use quinn_proto::{
    ConnectError, ConnectionId, Side, TransportError,
    crypto::{
        self, ExportKeyingMaterialError, HeaderKey, KeyPair, Keys, PacketKey, Session,
        rustls::QuicClientConfig,
    },
    transport_parameters::TransportParameters,
};
use rustls::{AlertDescription, CipherSuite, NamedGroup, pki_types::ServerName};

use super::{Client, Report, TlsOptions, TlsVersion, failure, recorder::Recorder, suite_name};
use crate::model::{Failure, Reason};

/// What ALPN calls HTTP/3.
pub const ALPN: &str = "h3";

/// One handshake inside QUIC.
pub struct Handshake {
    config: Arc<dyn crypto::ClientConfig>,
    name: ServerName<'static>,
    recorder: Arc<Recorder>,
    hello: Arc<Mutex<Hello>>,
    insecure: bool,
}

/// What the server chose, as its hello says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hello {
    cipher: Option<u16>,
    group: Option<u16>,
}

/// The options of a connection by QUIC, which has TLS 1.3 and no other.
///
/// # Errors
/// `tls_unsupported_version` where they end below it.
pub fn options(own: &TlsOptions) -> Result<TlsOptions, Failure> {
    if let Some(max) = own.max_version.filter(|max| *max < TlsVersion::Tls13) {
        let detail = format!("QUIC needs TLS 1.3, but `tls.max_version` is {}", max.word());
        return Err(Failure::new(Reason::TlsUnsupportedVersion, detail));
    }
    Ok(TlsOptions { min_version: Some(TlsVersion::Tls13), ..own.clone() })
}

impl Client {
    /// A handshake with `host`, unless the options name another. The client has to be one of [`options`].
    ///
    /// # Errors
    /// `tls_handshake` where the host is no name.
    pub fn quic(&self, host: &str) -> Result<Handshake, Failure> {
        let name = self.name(host)?;
        let (config, recorder) = self.watched();
        let inner = QuicClientConfig::try_from(config)
            .map_err(|error| Failure::new(Reason::TlsHandshake, error.to_string()))?;
        let hello = Arc::<Mutex<Hello>>::default();
        let config = Arc::new(Watching { inner: Arc::new(inner), hello: Arc::clone(&hello) });
        Ok(Handshake { config, name, recorder, hello, insecure: self.insecure })
    }
}

impl Handshake {
    /// What QUIC's library makes the handshake with.
    pub fn config(&self) -> Arc<dyn crypto::ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The name that is asked for and verified.
    pub fn name(&self) -> Cow<'_, str> {
        self.name.to_str()
    }

    /// What the server showed, and what becomes of the connection.
    pub fn end<T>(self, connected: Result<T, Failure>) -> (Report, Result<T, Failure>) {
        let mut report = Report::of(self.recorder.take(), &self.name);
        if connected.is_ok() {
            let hello = *self.hello.lock();
            report.version = Some(TlsVersion::Tls13.word());
            report.cipher = hello.cipher.map(|suite| suite_name(CipherSuite::from(suite)));
            report.group = hello.group.map(|group| format!("{:?}", NamedGroup::from(group)));
            report.alpn = Some(ALPN.to_owned());
        }
        report.judge(self.insecure, connected)
    }
}

/// The failure that an alert of the server's means.
pub fn alerted(alert: u8) -> Failure {
    match AlertDescription::from(alert) {
        AlertDescription::NoApplicationProtocol => no_http3(),
        alert => failure::alerted(alert, false),
    }
}

/// The failure of a handshake that we ended ourselves by an alert, `why` in rustls' words. That of a chain is told by
/// [`Handshake::end`].
pub fn ended(alert: u8, why: &str) -> Failure {
    match AlertDescription::from(alert) {
        AlertDescription::NoApplicationProtocol => no_http3(),
        _ => Failure::new(Reason::TlsHandshake, why),
    }
}

fn no_http3() -> Failure {
    Failure::new(Reason::HttpVersion, "the server did not agree on HTTP/3 by ALPN")
}

/// quinn's session over rustls, but that it tells what was agreed on: quinn shows no more than ALPN.
struct Watching {
    inner: Arc<QuicClientConfig>,
    hello: Arc<Mutex<Hello>>,
}

impl crypto::ClientConfig for Watching {
    fn start_session(
        self: Arc<Self>,
        version: u32,
        server_name: &str,
        params: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let session = Arc::clone(&self.inner).start_session(version, server_name, params)?;
        let hello = Arc::clone(&self.hello);
        Ok(Box::new(Watched { session, hello, begun: Some(Vec::new()) }))
    }
}

struct Watched {
    session: Box<dyn Session>,
    hello: Arc<Mutex<Hello>>,
    /// The beginning of the server's hello; nothing once all of it has been seen.
    begun: Option<Vec<u8>>,
}

/// The longest hello that is looked at, in bytes; one with a post-quantum key share has 1,200.
const HELLO_LIMIT: usize = 16 * 1024;

impl Watched {
    fn watch(&mut self, bytes: &[u8]) {
        let Some(mut begun) = self.begun.take() else { return };
        begun.extend_from_slice(bytes);
        // A server may ask for another key share first, by a hello of its own.
        while let Some((hello, rest)) = server_hello(&begun) {
            *self.hello.lock() = hello;
            begun.drain(..begun.len() - rest);
        }
        let is_hello = begun.first().is_none_or(|kind| *kind == SERVER_HELLO);
        self.begun = (is_hello && begun.len() < HELLO_LIMIT).then_some(begun);
    }
}

/// RFC 8446 section 4: types of messages and extensions.
const SERVER_HELLO: u8 = 2;
const KEY_SHARE: u16 = 51;

/// The choices of a whole ServerHello (RFC 8446 section 4.1.3) at the beginning of these bytes, and how many follow it.
fn server_hello(bytes: &[u8]) -> Option<(Hello, usize)> {
    let (header, rest) = bytes.split_at_checked(4)?;
    let length = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
    let (message, after) = rest.split_at_checked(length)?;
    if header[0] != SERVER_HELLO {
        return None;
    }
    Some((choices(message).unwrap_or_default(), after.len()))
}

fn choices(message: &[u8]) -> Option<Hello> {
    let number = |bytes: &[u8]| Some(u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]));
    // Version and random, then the session's id with its length.
    let after_random = message.get(34..)?;
    let after_id = after_random.get(1 + usize::from(*after_random.first()?)..)?;
    let mut hello = Hello { cipher: Some(number(after_id)?), group: None };
    // Cipher, compression, length of the extensions.
    let mut extensions = after_id.get(5..)?;
    while let (Some(kind), Some(length)) =
        (number(extensions), extensions.get(2..).and_then(number))
    {
        let content = extensions.get(4..4 + usize::from(length))?;
        if kind == KEY_SHARE {
            hello.group = number(content);
        }
        extensions = &extensions[4 + content.len()..];
    }
    Some(hello)
}

impl Session for Watched {
    fn read_handshake(&mut self, bytes: &[u8]) -> Result<bool, TransportError> {
        self.watch(bytes);
        self.session.read_handshake(bytes)
    }

    fn initial_keys(&self, dst_cid: &ConnectionId, side: Side) -> Keys {
        self.session.initial_keys(dst_cid, side)
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        self.session.handshake_data()
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        self.session.peer_identity()
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        self.session.early_crypto()
    }

    fn early_data_accepted(&self) -> Option<bool> {
        self.session.early_data_accepted()
    }

    fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        self.session.transport_parameters()
    }

    fn write_handshake(&mut self, bytes: &mut Vec<u8>) -> Option<Keys> {
        self.session.write_handshake(bytes)
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        self.session.next_1rtt_keys()
    }

    fn is_valid_retry(&self, orig_dst_cid: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        self.session.is_valid_retry(orig_dst_cid, header, payload)
    }

    fn export_keying_material(
        &self,
        output: &mut [u8],
        label: &[u8],
        context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        self.session.export_keying_material(output, label, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(cipher: u16, group: u16) -> Vec<u8> {
        let mut body = [&[3, 3][..], &[7; 32], &[2, 1, 1]].concat();
        body.extend_from_slice(&cipher.to_be_bytes());
        body.extend_from_slice(&[0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2]);
        body.extend_from_slice(&group.to_be_bytes());
        let length = u8::try_from(body.len()).unwrap();
        [&[SERVER_HELLO, 0, 0, length][..], &body].concat()
    }

    #[test]
    fn the_choices_of_a_hello() {
        let bytes = message(0x1301, 0x11ec);
        let wanted = Hello { cipher: Some(0x1301), group: Some(0x11ec) };
        assert_eq!(server_hello(&bytes), Some((wanted, 0)));
        for end in 0..bytes.len() {
            assert_eq!(server_hello(&bytes[..end]), None, "{end}");
        }
        assert_eq!(server_hello(&[&bytes[..], &[8, 0]].concat()), Some((wanted, 2)));
    }

    proptest::proptest! {
        #[test]
        fn no_hello_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = server_hello(&bytes);
            let _ = choices(&bytes);
        }
    }
}
