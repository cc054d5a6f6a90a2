use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{
    model::{Failure, Phase, Reason, Secret, sensitive},
    net::{Attempt, tls},
};

/// A connection, and what came from it but was not consumed yet.
///
/// What is written counts as the phase `send`, the time to the first byte after it as `wait`, the rest as `receive`.
pub(in crate::probe) struct Wire<S> {
    stream: S,
    received: Vec<u8>,
    waiting: bool,
}

/// How much is read at once, in bytes.
const READ: usize = 2048;

/// The longest line, in bytes; that of SMTP, IMAP and POP3 answers is 512 to 8192.
const LINE_LIMIT: usize = 16 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(in crate::probe) fn new(stream: S) -> Self {
        Self { stream, received: Vec::new(), waiting: true }
    }

    pub(in crate::probe) async fn send(
        &mut self,
        attempt: &mut Attempt,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        attempt.step(|| format!("sending {}", said(bytes)));
        self.write(attempt, bytes).await
    }

    /// Sends what the trace must not show.
    pub(in crate::probe) async fn send_secret(
        &mut self,
        attempt: &mut Attempt,
        secret: &Secret,
    ) -> Result<(), Failure> {
        attempt.step(|| format!("sending {}", Secret::MASK));
        self.write(attempt, secret.expose().as_bytes()).await
    }

    async fn write(&mut self, attempt: &mut Attempt, bytes: &[u8]) -> Result<(), Failure> {
        let stream = &mut self.stream;
        attempt
            .phase(Phase::Send, async {
                stream.write_all(bytes).await.map_err(|error| tls::broken(&error))?;
                stream.flush().await.map_err(|error| tls::broken(&error))
            })
            .await?;
        self.waiting = true;
        Ok(())
    }

    /// Reads once more. False at the end.
    pub(in crate::probe) async fn more(&mut self, attempt: &mut Attempt) -> Result<bool, Failure> {
        let phase = if self.waiting { Phase::Wait } else { Phase::Receive };
        let (stream, received) = (&mut self.stream, &mut self.received);
        let before = received.len();
        received.reserve(READ);
        attempt
            .phase(phase, async {
                stream.read_buf(received).await.map_err(|error| tls::broken(&error))
            })
            .await?;
        self.waiting = false;
        let new = &self.received[before..];
        attempt.step(|| {
            if new.is_empty() { "end".into() } else { format!("received {}", escaped(new)) }
        });
        Ok(self.received.len() > before)
    }

    /// What came and was not consumed.
    pub(in crate::probe) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Takes that much of what came.
    pub(in crate::probe) fn consume(&mut self, len: usize) -> Vec<u8> {
        self.received.drain(..len.min(self.received.len())).collect()
    }

    /// The next line, without its end.
    pub(super) async fn line(&mut self, attempt: &mut Attempt) -> Result<String, Failure> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line = self.consume(end + 1);
                return Ok(String::from_utf8_lossy(&line)
                    .trim_end_matches(['\r', '\n'])
                    .to_owned());
            }
            if self.received.len() > LINE_LIMIT {
                let detail = format!("a line of more than {LINE_LIMIT} bytes");
                return Err(Failure::new(Reason::ExpectMismatch, detail));
            }
            if !self.more(attempt).await? {
                let detail = format!("closed after {}", escaped(&self.received));
                return Err(Failure::new(Reason::ConnectionClosed, detail));
            }
        }
    }

    pub(in crate::probe) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

/// What we say, for people: without the credential where it is a login.
pub(in crate::probe) fn said(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => escaped(sensitive::without_login(text).as_bytes()),
        Err(_) => escaped(bytes),
    }
}

/// A stranger's bytes for people: in quotes, escaped, cut to the last so many.
pub(in crate::probe) fn escaped(bytes: &[u8]) -> String {
    const SHOWN: usize = 160;
    let cut = bytes.len().saturating_sub(SHOWN);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => {
            let start = text.ceil_char_boundary(cut);
            text[start..].escape_debug().to_string()
        }
        Err(_) => bytes[cut..].escape_ascii().to_string(),
    };
    format!("{}\"{text}\"", if cut > 0 { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_for_people() {
        assert_eq!(escaped(b"+OK\r\n"), r#""+OK\r\n""#);
        assert_eq!(escaped("狼\u{1b}[31m".as_bytes()), r#""狼\u{1b}[31m""#);
        assert_eq!(escaped(b"\xff\0"), r#""\xff\x00""#);
        let long = "é".repeat(500);
        assert!(
            escaped(long.as_bytes()).starts_with("…\"é") && escaped(long.as_bytes()).len() < 200
        );
        assert_eq!(escaped(b""), "\"\"");
    }
}
