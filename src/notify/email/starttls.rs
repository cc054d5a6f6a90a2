//! The dialogue before TLS: greeting, EHLO, STARTTLS. By hand, because our own TLS takes over after it.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    model::SendReason,
    notify::setback::{Setback, failure},
};

/// The longest reply, in bytes.
const REPLY_LIMIT: usize = 8 * 1024;

/// Asks for TLS; what comes next on the stream is its handshake.
pub(super) async fn ask(stream: &mut TcpStream, hello: &str) -> Result<(), Setback> {
    expect(&reply(stream).await?, 220, "greeting")?;
    say(stream, &format!("EHLO {hello}\r\n")).await?;
    let offered = reply(stream).await?;
    let offers = offered
        .lines()
        .any(|line| line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS")));
    expect(&offered, 250, "EHLO")?;
    if !offers {
        let detail = "`require_tls` is set, but the server does not offer STARTTLS";
        return Err(Setback::retry(SendReason::Other, detail));
    }
    say(stream, "STARTTLS\r\n").await?;
    expect(&reply(stream).await?, 220, "STARTTLS")
}

async fn say(stream: &mut TcpStream, line: &str) -> Result<(), Setback> {
    stream.write_all(line.as_bytes()).await.map_err(|error| broken(&error.to_string()))
}

/// One reply, of one line or several. Read byte by byte: not one byte of the handshake may be taken away.
async fn reply(stream: &mut TcpStream) -> Result<String, Setback> {
    let (mut text, mut line) = (Vec::new(), 0);
    loop {
        let byte = stream.read_u8().await.map_err(|error| broken(&error.to_string()))?;
        text.push(byte);
        if text.len() > REPLY_LIMIT {
            return Err(broken("the reply is too long"));
        }
        if byte != b'\n' {
            continue;
        }
        // `250-` goes on, `250 ` is the last.
        if text.get(line + 3) != Some(&b'-') {
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
        line = text.len();
    }
}

fn expect(reply: &str, wanted: u16, to: &str) -> Result<(), Setback> {
    let code = reply.get(..3).and_then(|code| code.parse::<u16>().ok());
    if code == Some(wanted) {
        return Ok(());
    }
    let detail = format!("{to}: {}", reply.trim());
    match code {
        Some(500..=599) => Err(Setback::Refused(failure(SendReason::ClientError, code, &detail))),
        _ => Err(Setback::Retry {
            failure: failure(SendReason::ServerError, code, &detail),
            after: None,
        }),
    }
}

fn broken(why: &str) -> Setback {
    Setback::retry(SendReason::Other, format!("before TLS: {why}"))
}
