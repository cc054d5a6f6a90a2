//! What is said before TLS begins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Local,
    wire::{Wire, escaped},
};
use crate::{
    model::{Failure, Reason},
    net::Attempt,
};

/// A protocol that begins in plain text and changes to TLS on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Starttls {
    /// RFC 3207: greeting, `EHLO`, `STARTTLS`.
    Smtp,
    /// RFC 3501: greeting, `CAPABILITY`, `STARTTLS`.
    Imap,
    /// RFC 2595: greeting, `CAPA`, `STLS`.
    Pop3,
    /// `SSLRequest` and one byte.
    Postgres,
}

/// More lines than any answer has.
const MAX_LINES: usize = 128;

impl Starttls {
    /// The port its plain text begins on.
    pub(in crate::probe) const fn default_port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Postgres => 5432,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Asks for TLS and returns the stream right before its first byte. Phases `wait`, `send`, `receive`.
///
/// # Errors
/// `starttls_refused` when the server says no, `expect_mismatch` when it does not speak the protocol.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin + Local>(
    protocol: Starttls,
    attempt: &mut Attempt,
    stream: S,
) -> Result<S, Failure> {
    attempt.step(|| format!("STARTTLS by {}", protocol.name()));
    let ours = stream.address();
    let mut dialogue = Dialogue { protocol, wire: Wire::new(stream), attempt };
    let agreed = match protocol {
        Starttls::Smtp => {
            let literal = ours.map_or("[127.0.0.1]".to_owned(), |address| match address {
                std::net::IpAddr::V4(ip) => format!("[{ip}]"),
                std::net::IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
            });
            dialogue.smtp(&literal).await
        }
        Starttls::Imap => dialogue.imap().await,
        Starttls::Pop3 => dialogue.pop3().await,
        Starttls::Postgres => dialogue.postgres().await,
    };
    agreed.map_err(|failure| {
        let detail = format!("STARTTLS by {}: {}", protocol.name(), failure.detail);
        Failure::new(failure.reason, detail)
    })?;
    let rest = dialogue.wire.received();
    if !rest.is_empty() {
        // Plain text after the agreement would be taken for text under TLS: the injection of CVE-2011-0411.
        let detail = format!("plain text after the agreement on TLS: {}", escaped(rest));
        return Err(Failure::new(Reason::StarttlsRefused, detail));
    }
    Ok(dialogue.wire.into_inner())
}

struct Dialogue<'a, S> {
    protocol: Starttls,
    wire: Wire<S>,
    attempt: &'a mut Attempt,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<'_, S> {
    async fn smtp(&mut self, name: &str) -> Result<(), Failure> {
        self.reply("220").await?;
        self.say(&format!("EHLO {name}\r\n")).await?;
        let offers = self.reply("250").await?;
        let offered = |line: &String| {
            line.split_ascii_whitespace()
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS"))
        };
        if !offers.iter().any(offered) {
            return Err(refused("EHLO lists no STARTTLS"));
        }
        self.say("STARTTLS\r\n").await?;
        self.reply("220").await.map(drop)
    }

    /// An SMTP reply of one or more lines, without codes (RFC 5321, 4.2.1).
    async fn reply(&mut self, wanted: &str) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for _ in 0..MAX_LINES {
            let line = self.line().await?;
            let (code, rest) = line.split_at_checked(3).unwrap_or((line.as_str(), ""));
            if !code.bytes().all(|byte| byte.is_ascii_digit()) || code.len() != 3 {
                return Err(self.stranger(&line));
            }
            if code != wanted {
                return Err(refused(&format!("wanted {wanted}, got {}", escaped(line.as_bytes()))));
            }
            let more = rest.starts_with('-');
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !more {
                return Ok(lines);
            }
        }
        Err(endless())
    }

    async fn imap(&mut self) -> Result<(), Failure> {
        let greeting = self.line().await?;
        match greeting.to_ascii_uppercase() {
            ok if ok.starts_with("* OK") => {}
            other if other.starts_with("* ") => {
                return Err(refused(&format!("the greeting is {}", escaped(greeting.as_bytes()))));
            }
            _ => return Err(self.stranger(&greeting)),
        }
        self.say("a1 CAPABILITY\r\n").await?;
        let offers = self.tagged("A1 ").await?;
        let offered = |line: &String| {
            line.starts_with("* CAPABILITY ") && line.split(' ').any(|word| word == "STARTTLS")
        };
        if !offers.iter().any(offered) {
            return Err(refused("CAPABILITY lists no STARTTLS"));
        }
        self.say("a2 STARTTLS\r\n").await?;
        self.tagged("A2 ").await.map(drop)
    }

    /// The untagged lines before a tagged OK, in upper case.
    async fn tagged(&mut self, tag: &str) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        for _ in 0..MAX_LINES {
            let line = self.line().await?;
            let upper = line.to_ascii_uppercase();
            match upper.strip_prefix(tag) {
                Some(status) if status.starts_with("OK") => return Ok(lines),
                Some(_) => return Err(refused(&format!("got {}", escaped(line.as_bytes())))),
                None if upper.starts_with("* ") => lines.push(upper),
                None => return Err(self.stranger(&line)),
            }
        }
        Err(endless())
    }

    async fn pop3(&mut self) -> Result<(), Failure> {
        self.positive().await?;
        self.say("CAPA\r\n").await?;
        // RFC 2449 makes CAPA optional: a server without it may still know STLS.
        if self.status().await?.is_ok() && !self.lists_stls().await? {
            return Err(refused("CAPA lists no STLS"));
        }
        self.say("STLS\r\n").await?;
        self.positive().await
    }

    async fn lists_stls(&mut self) -> Result<bool, Failure> {
        let mut listed = false;
        for _ in 0..MAX_LINES {
            let line = self.line().await?;
            if line == "." {
                return Ok(listed);
            }
            listed |= line.trim_end().eq_ignore_ascii_case("STLS");
        }
        Err(endless())
    }

    async fn positive(&mut self) -> Result<(), Failure> {
        self.status().await?.map_err(|line| refused(&format!("got {}", escaped(line.as_bytes()))))
    }

    /// A POP3 status line: `Ok` for `+OK`, the line itself for `-ERR`.
    async fn status(&mut self) -> Result<Result<(), String>, Failure> {
        let line = self.line().await?;
        match line.get(..3) {
            Some("+OK") => Ok(Ok(())),
            Some("-ER") => Ok(Err(line)),
            _ => Err(self.stranger(&line)),
        }
    }

    async fn postgres(&mut self) -> Result<(), Failure> {
        /// The message's length, and 1234 and 5679 in place of a protocol version.
        const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
        self.wire.send(self.attempt, &SSL_REQUEST).await?;
        if !self.wire.more(self.attempt).await? {
            let detail = "closed instead of an answer to SSLRequest";
            return Err(Failure::new(Reason::ConnectionClosed, detail));
        }
        match self.wire.received().first() {
            Some(b'S') => {
                self.wire.consume(1);
                Ok(())
            }
            Some(b'N') => Err(refused("the server answers that it has no TLS")),
            Some(b'E') => {
                let error = escaped(self.wire.received());
                Err(refused(&format!("the server answers with an error: {error}")))
            }
            _ => Err(self.stranger(&String::from_utf8_lossy(self.wire.received()))),
        }
    }

    async fn say(&mut self, line: &str) -> Result<(), Failure> {
        self.wire.send(self.attempt, line.as_bytes()).await
    }

    async fn line(&mut self) -> Result<String, Failure> {
        self.wire.line(self.attempt).await
    }

    /// What came is no answer of this protocol.
    fn stranger(&self, got: &str) -> Failure {
        let detail = format!("{} is not {}", escaped(got.as_bytes()), self.protocol.name());
        Failure::new(Reason::ExpectMismatch, detail)
    }
}

fn refused(why: &str) -> Failure {
    Failure::new(Reason::StarttlsRefused, why)
}

fn endless() -> Failure {
    let detail = format!("an answer of more than {MAX_LINES} lines");
    Failure::new(Reason::ExpectMismatch, detail)
}
