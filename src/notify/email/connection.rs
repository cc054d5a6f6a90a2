use std::net::SocketAddr;

use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
use tokio::net::TcpStream;

use super::{
    Spec, setback, starttls,
    wire::{Stream, Wire},
};
use crate::{
    model::{SendReason, Trace},
    net::{
        Attempt, dial,
        tls::{self, TlsOptions},
        web::{Dialer, Names},
    },
    notify::{masked::Masked, message::Message, setback::Setback},
};

/// A server that said hello.
pub(super) struct Connection {
    /// The dialogue.
    pub smtp: AsyncSmtpConnection,
    /// Whether nobody in between can read it: TLS, or this machine.
    pub is_private: bool,
    /// What no error may repeat.
    pub secrets: Masked,
}

/// Finds the server, secures the way to it as the spec wants it, and says hello.
pub(super) async fn open(spec: &Spec, message: &Message<'_>) -> Result<Connection, Setback> {
    let (host, port) = parts(&spec.smarthost)
        .ok_or_else(|| Setback::refused(SendReason::Other, "`smarthost` is not `host:port`"))?;
    let mut attempt = Attempt::new(message.deadline, Trace::default());
    let mut dialer = Dialer { net: message.net, attempt: &mut attempt, names: Names::default() };
    let addresses = dialer.lookup(host, port).await?;
    let mut stream = dial::first(dialer.attempt, &addresses, None).await?;
    let peer = stream.peer_addr().unwrap_or_else(|_| addresses[0]);
    let is_private = spec.is_implicit(port) || spec.require_tls || peer.ip().is_loopback();
    let wire = if spec.is_implicit(port) {
        Wire::fresh(secured(spec, host, stream, &mut dialer).await?, peer)
    } else if spec.require_tls {
        starttls::ask(&mut stream, &spec.hello).await?;
        Wire::greeted(secured(spec, host, stream, &mut dialer).await?, peer)
    } else {
        Wire::fresh(Box::new(stream), peer)
    };
    let hello = ClientId::Domain(spec.hello.clone());
    let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &hello).await;
    let smtp = smtp.map_err(|error| setback(&error, "EHLO", &Masked::default()))?;
    Ok(Connection { smtp, is_private, secrets: Masked::default() })
}

async fn secured(
    spec: &Spec,
    host: &str,
    stream: TcpStream,
    dialer: &mut Dialer<'_>,
) -> Result<Box<dyn Stream>, Setback> {
    let default = TlsOptions::default();
    let options = spec.tls.as_ref().unwrap_or(&default);
    let client = dialer.net.tls().client_by(dialer.attempt.deadline(), options, &[]).await?;
    let (_, stream) = tls::handshake(dialer.attempt, &client, host, stream).await;
    Ok(Box::new(stream?))
}

/// `host:port`, brackets around an IPv6 address.
pub(super) fn parts(smarthost: &str) -> Option<(&str, u16)> {
    if let Ok(address) = smarthost.parse::<SocketAddr>() {
        let host = smarthost.rsplit_once(':')?.0;
        return Some((host.trim_matches(['[', ']']), address.port()));
    }
    let (host, port) = smarthost.rsplit_once(':')?;
    let fits = !host.is_empty() && !host.contains([':', '/', '@', ' ', '[', ']']);
    fits.then_some((host, port.parse().ok().filter(|port| *port > 0)?))
}

impl Spec {
    /// Whether TLS is spoken from the first byte.
    fn is_implicit(&self, port: u16) -> bool {
        self.force_implicit_tls.unwrap_or(port == 465)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for (text, wanted) in [
            ("mail.example:587", Some(("mail.example", 587))),
            ("192.0.2.1:25", Some(("192.0.2.1", 25))),
            ("[2001:db8::1]:25", Some(("2001:db8::1", 25))),
            ("mail.example", None),
            (":25", None),
            ("mail.example:0", None),
            ("mail.example:x", None),
            ("smtp://mail.example:25", None),
            ("2001:db8::1:25", None),
        ] {
            assert_eq!(parts(text), wanted, "{text}");
        }
    }
}
