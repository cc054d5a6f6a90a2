//! A mail server that follows a script: it takes letters and keeps them, or fails where it is told to.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::peer::{Peer, Seen};

/// What a mail server does.
#[derive(Clone, Default)]
pub struct Script {
    /// What it says of TLS.
    pub tls: Security,
    /// What `AUTH` offers; nothing where it is empty.
    pub mechanisms: &'static str,
    /// What it answers in place of its own word: the verb, the reply without its line end.
    pub replies: Vec<(&'static str, &'static str)>,
    /// At this verb it says nothing more and holds the line.
    pub hangs_at: Option<&'static str>,
    /// At this verb it resets the connection.
    pub resets_at: Option<&'static str>,
    /// After this verb it talks without end.
    pub raves_at: Option<&'static str>,
}

/// Whether TLS is spoken.
#[derive(Clone, Default)]
pub enum Security {
    /// Never.
    #[default]
    None,
    /// When it is asked for.
    StartTls(TlsAcceptor),
    /// From the first byte.
    Implicit(TlsAcceptor),
}

/// A server whose letters and logins are heard as `mail`, `rcpt`, `auth` and `data`, and whether they came by `tls`.
pub async fn serve(script: Script) -> Peer {
    let script = Arc::new(script);
    Peer::stream(move |stream, _, seen| {
        let script = Arc::clone(&script);
        async move { converse(stream, &script, &seen).await }
    })
    .await
}

async fn converse(stream: TcpStream, script: &Script, seen: &Seen) -> io::Result<()> {
    match &script.tls {
        Security::Implicit(acceptor) => {
            let mut stream = BufReader::new(acceptor.accept(stream).await?);
            seen.heard("tls", "implicit");
            stream.write_all(b"220 mail.test ESMTP\r\n").await?;
            talk(&mut stream, script, seen, true).await.map(drop)
        }
        Security::None | Security::StartTls(_) => {
            let mut stream = BufReader::new(stream);
            if fails(&mut stream, script, "CONNECT").await? {
                return Ok(());
            }
            stream.write_all(b"220 mail.test ESMTP\r\n").await?;
            if !talk(&mut stream, script, seen, false).await? {
                return Ok(());
            }
            let Security::StartTls(acceptor) = &script.tls else { return Ok(()) };
            let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
            seen.heard("tls", "starttls");
            talk(&mut stream, script, seen, true).await.map(drop)
        }
    }
}

/// Whether the script wants it to fail here; if so, it has.
async fn fails<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    script: &Script,
    verb: &str,
) -> io::Result<bool> {
    if script.hangs_at == Some(verb) {
        std::future::pending::<()>().await;
    }
    if script.raves_at == Some(verb) {
        for _ in 0..10 {
            stream.write_all(&vec![b'x'; 1 << 20]).await?;
        }
        std::future::pending::<()>().await;
    }
    Ok(script.resets_at == Some(verb))
}

/// Talks until the client is done, which is `false`, or wants TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    script: &Script,
    seen: &Seen,
    is_secured: bool,
) -> io::Result<bool> {
    loop {
        let line = line(stream).await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if fails(stream, script, &verb).await? {
            return Ok(false);
        }
        if let Some((_, reply)) = script.replies.iter().find(|(own, _)| *own == verb) {
            stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
            continue;
        }
        let reply = match verb.as_str() {
            "EHLO" => ehlo(script, is_secured),
            "STARTTLS" => {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(true);
            }
            "AUTH" => {
                auth(stream, seen, &line).await?;
                "235 welcome".into()
            }
            "MAIL" | "RCPT" => {
                seen.heard(verb.to_ascii_lowercase(), line.split_once(':').unwrap().1);
                "250 ok".into()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                seen.heard("data", data(stream).await?);
                "250 taken".into()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(false);
            }
            _ => "500 what?".into(),
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

fn ehlo(script: &Script, is_secured: bool) -> String {
    let mut lines = vec!["mail.test".to_owned(), "8BITMIME".to_owned()];
    if matches!(script.tls, Security::StartTls(_)) && !is_secured {
        lines.push("STARTTLS".into());
    }
    if !script.mechanisms.is_empty() {
        lines.push(format!("AUTH {}", script.mechanisms));
    }
    let last = lines.pop().unwrap();
    let mut reply: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
    reply.push_str(&format!("250 {last}"));
    reply
}

/// Hears a login out: what the client said, decoded, each part by itself.
async fn auth<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    seen: &Seen,
    line: &str,
) -> io::Result<()> {
    let mut words = line.split(' ').skip(1);
    let (mechanism, first) = (words.next().unwrap_or_default(), words.next());
    seen.heard("auth", mechanism);
    let challenges: &[&str] = match mechanism {
        "LOGIN" => &["Username:", "Password:"],
        "CRAM-MD5" => &["<1896.697170952@postoffice.reston.mci.net>"],
        _ => &[],
    };
    if let Some(first) = first {
        seen.heard("auth", decoded(first));
    }
    for challenge in challenges {
        stream.write_all(format!("334 {}\r\n", encoded(challenge)).as_bytes()).await?;
        seen.heard("auth", decoded(&self::line(stream).await?));
    }
    Ok(())
}

fn encoded(text: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(text)
}

fn decoded(text: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
}

/// A letter, its dots undoubled.
async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut text = String::new();
    loop {
        let line = line(stream).await?;
        if line == "." {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
