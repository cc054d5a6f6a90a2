//! A way through a SOCKS5 proxy (RFC 1928).

use std::{future::ready, io};

use hyper::Uri;
use hyper_util::{client::legacy::connect::proxy::SocksV5, rt::TokioIo};
use tokio::net::TcpStream;
use tower::{Service, service_fn};

use super::Attempt;
use crate::model::{Failure, Phase, Reason};

/// User and password for a proxy (RFC 1929).
pub struct Login {
    /// At most 255 bytes.
    pub user: String,
    /// Likewise.
    pub password: String,
}

/// Asks a proxy for a connection to `to` (`host:port`), whose name it resolves. Part of the phase `connect`.
///
/// # Errors
/// `proxy_failed` with the proxy's answer where it refuses, or speaks something else.
pub async fn connect(
    attempt: &mut Attempt,
    proxy: TcpStream,
    to: &str,
    login: Option<Login>,
) -> Result<TcpStream, Failure> {
    attempt.step(|| format!("asking the proxy for a connection to {to}"));
    let server = Uri::builder().scheme("tcp").authority(to).path_and_query("/").build();
    let server = server.map_err(|_| failed(&format!("no way leads to `{to}`")))?;
    // The library wants to connect by itself, and is given what is connected already.
    let mut connected = Some(TokioIo::new(proxy));
    let connector = service_fn(move |_: Uri| {
        ready(connected.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    });
    let mut socks = SocksV5::new(Uri::from_static("socks5://proxy"), connector);
    if let Some(Login { user, password }) = login {
        socks = socks.with_auth(user, password);
    }
    let opened = async { socks.call(server).await.map_err(|error| failed(&error.to_string())) };
    attempt.phase(Phase::Connect, opened).await.map(TokioIo::into_inner)
}

fn failed(why: &str) -> Failure {
    let why = why.strip_prefix("SOCKS error: ").unwrap_or(why);
    Failure::new(Reason::ProxyFailed, format!("SOCKS: {why}"))
}
