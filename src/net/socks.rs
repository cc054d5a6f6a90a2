//! A way through a SOCKS5 proxy (RFC 1928, RFC 1929).

use std::{io, net::IpAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Attempt;
use crate::model::{Failure, Phase, Reason};

/// User and password, each of at most 255 bytes.
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

const VERSION: u8 = 5;
const CONNECT: u8 = 1;
/// The version of the login's own messages.
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const BY_PASSWORD: u8 = 2;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Asks a proxy for a connection to a host, whose name it resolves. Part of the phase `connect`.
///
/// # Errors
/// `proxy_failed` with the proxy's answer where it refuses, speaks something else, or leaves.
pub async fn connect(
    attempt: &mut Attempt,
    mut proxy: TcpStream,
    (host, port): (&str, u16),
    login: Option<&Login>,
) -> Result<TcpStream, Failure> {
    attempt.step(|| format!("asking the proxy for a connection to {host}, port {port}"));
    let asked = async {
        agree(&mut proxy, login).await?;
        ask(&mut proxy, host, port).await
    };
    let failed = |why: String| Failure::new(Reason::ProxyFailed, format!("SOCKS: {why}"));
    attempt.phase(Phase::Connect, async { asked.await.map_err(failed) }).await?;
    Ok(proxy)
}

/// Agrees on whether there is a login, and logs in. As in Go, a proxy may do without one that it could have.
async fn agree(proxy: &mut TcpStream, login: Option<&Login>) -> Result<(), String> {
    let offer: &[u8] = match login {
        Some(_) => &[VERSION, 2, NO_LOGIN, BY_PASSWORD],
        None => &[VERSION, 1, NO_LOGIN],
    };
    proxy.write_all(offer).await.map_err(|error| broken(&error))?;
    match (heard::<2>(proxy).await?, login) {
        ([VERSION, NO_LOGIN], _) => Ok(()),
        ([VERSION, BY_PASSWORD], Some(login)) => log_in(proxy, login).await,
        ([VERSION, _], _) => Err("the proxy wants another kind of login".to_owned()),
        _ => Err("the proxy does not speak SOCKS5".to_owned()),
    }
}

async fn log_in(proxy: &mut TcpStream, login: &Login) -> Result<(), String> {
    let mut message = vec![LOGIN_VERSION];
    push(&mut message, "user", &login.user)?;
    push(&mut message, "password", &login.password)?;
    proxy.write_all(&message).await.map_err(|error| broken(&error))?;
    let [_, refused] = heard::<2>(proxy).await?;
    if refused == 0 { Ok(()) } else { Err("the proxy refuses user and password".to_owned()) }
}

async fn ask(proxy: &mut TcpStream, host: &str, port: u16) -> Result<(), String> {
    let mut message = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            message.push(IPV4);
            message.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            message.push(IPV6);
            message.extend(address.octets());
        }
        Err(_) => {
            message.push(NAME);
            push(&mut message, "host's name", host)?;
        }
    }
    message.extend(port.to_be_bytes());
    proxy.write_all(&message).await.map_err(|error| broken(&error))?;
    let [version, answer, _, kind] = heard(proxy).await?;
    if version != VERSION {
        return Err("the proxy does not speak SOCKS5".to_owned());
    }
    if answer != 0 {
        return Err(format!("the proxy answered: {}", words(answer)));
    }
    // Where it is bound, which nobody wants to know.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(heard::<1>(proxy).await?[0]),
        other => return Err(format!("the proxy answered with an address of the kind {other}")),
    };
    let mut bound = vec![0; length + 2];
    proxy.read_exact(&mut bound).await.map_err(|error| broken(&error))?;
    Ok(())
}

/// A text with its length before it.
fn push(message: &mut Vec<u8>, what: &str, text: &str) -> Result<(), String> {
    let too_long = |_| format!("the {what} is longer than 255 bytes");
    message.push(u8::try_from(text.len()).map_err(too_long)?);
    message.extend(text.as_bytes());
    Ok(())
}

async fn heard<const LENGTH: usize>(proxy: &mut TcpStream) -> Result<[u8; LENGTH], String> {
    let mut answer = [0; LENGTH];
    proxy.read_exact(&mut answer).await.map_err(|error| broken(&error))?;
    Ok(answer)
}

fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the proxy closed the connection".to_owned(),
        _ => error.to_string(),
    }
}

/// RFC 1928 section 6.
fn words(answer: u8) -> String {
    let known = match answer {
        1 => "general failure",
        2 => "connection not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        other => return format!("failure {other}"),
    };
    known.to_owned()
}
