//! Messages to and fro, a ping, an orderly end.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    clock::Instant,
    model::{Expectation, Failure, Phase, Reason, Secret},
    net::{Attempt, tls},
    probe::stream::{Stream, escaped, said},
};

/// An open WebSocket, and what has come over it.
pub(super) struct Conversation {
    socket: WebSocketStream<Stream>,
    received: u32,
    closed: Option<Closed>,
    waiting: bool,
}

/// What came next.
pub(super) enum Heard {
    /// The content of a text or binary message.
    Message(Bytes),
    /// The content of a pong.
    Pong(Bytes),
    /// Nothing more will come.
    Closed(Closed),
}

/// How the server ended the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// By a close frame with this code.
    Code(u16),
    /// By a close frame without a code.
    NoCode,
    /// By closing the connection alone.
    NoFrame,
}

/// What our ping carries, so that its pong is told from an unsolicited one.
const PING: &[u8] = b"noroshi";

impl Closed {
    /// The code, those included that RFC 6455 section 7.1.5 invents for its absence.
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Code(code) => code,
            Self::NoCode => 1005,
            Self::NoFrame => 1006,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Code(code) => format!("closed with code {code}"),
            Self::NoCode => "closed without a code (1005)".into(),
            Self::NoFrame => "connection ended without a close frame (1006)".into(),
        }
    }
}

impl Conversation {
    pub(super) fn new(socket: WebSocketStream<Stream>) -> Self {
        Self { socket, received: 0, closed: None, waiting: true }
    }

    /// How many text and binary messages have come.
    pub(super) fn received(&self) -> u32 {
        self.received
    }

    /// The server's close code, if it has closed.
    pub(super) fn closed_with(&self) -> Option<u16> {
        self.closed.map(Closed::code)
    }

    /// The phase `send`.
    pub(super) async fn send(
        &mut self,
        attempt: &mut Attempt,
        message: Message,
    ) -> Result<(), Failure> {
        attempt.step(|| match &message {
            Message::Text(text) => format!("sending text {}", said(text.as_bytes())),
            Message::Binary(bytes) => format!("sending binary {}", escaped(bytes)),
            Message::Ping(_) => "sending a ping".into(),
            _ => "closing with code 1000".into(),
        });
        self.write(attempt, message).await
    }

    /// The phase `send`; the trace shows nothing of it.
    pub(super) async fn send_secret(
        &mut self,
        attempt: &mut Attempt,
        secret: &Secret,
    ) -> Result<(), Failure> {
        attempt.step(|| format!("sending text {}", Secret::MASK));
        self.write(attempt, Message::text(secret.expose())).await
    }

    async fn write(&mut self, attempt: &mut Attempt, message: Message) -> Result<(), Failure> {
        self.waiting = true;
        let sending = self.socket.send(message);
        attempt.phase(Phase::Send, async { sending.await.map_err(|error| failure(&error)) }).await
    }

    /// The phase `wait` for the first thing after a message of ours, else `receive`.
    pub(super) async fn hear(&mut self, attempt: &mut Attempt) -> Result<Heard, Failure> {
        if let Some(closed) = self.closed {
            return Ok(Heard::Closed(closed));
        }
        let phase = if self.waiting { Phase::Wait } else { Phase::Receive };
        let heard = attempt.phase(phase, next(&mut self.socket)).await?;
        self.waiting = false;
        match &heard {
            Heard::Message(content) => {
                self.received = self.received.saturating_add(1);
                attempt.step(|| format!("received {}", escaped(content)));
            }
            Heard::Pong(_) => attempt.step(|| "received a pong".into()),
            Heard::Closed(closed) => {
                self.closed = Some(*closed);
                attempt.step(|| closed.words());
            }
        }
        Ok(heard)
    }

    /// Sends a ping and waits for its pong, passing over messages.
    ///
    /// # Errors
    /// `websocket_pong`
    pub(super) async fn ping(&mut self, attempt: &mut Attempt) -> Result<Duration, Failure> {
        let sent = Instant::now();
        self.send(attempt, Message::Ping(Bytes::from_static(PING))).await?;
        loop {
            match self.hear(attempt).await {
                Ok(Heard::Pong(content)) if content == PING => return Ok(sent.elapsed()),
                Ok(Heard::Pong(_) | Heard::Message(_)) => {}
                Ok(Heard::Closed(closed)) => {
                    return Err(Failure::new(Reason::WebsocketPong, closed.words()));
                }
                Err(Failure { reason: Reason::WaitTimeout | Reason::ReceiveTimeout, detail }) => {
                    return Err(Failure::new(Reason::WebsocketPong, detail));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Says that it is over, unless the server has, and does not wait for an answer.
    pub(super) async fn leave(&mut self, attempt: &mut Attempt) -> Result<(), Failure> {
        if self.closed.is_some() {
            return Ok(());
        }
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        self.send(attempt, Message::Close(Some(frame))).await
    }

    /// Closes, unless the server has, and looks at the code it closed with.
    ///
    /// # Errors
    /// `websocket_close`, and the timeouts where the server does not answer our close frame.
    pub(super) async fn close(
        &mut self,
        attempt: &mut Attempt,
        accepted: &[u16],
    ) -> Result<(), Failure> {
        let ours = self.closed.is_none();
        self.leave(attempt).await?;
        let closed = loop {
            if let Heard::Closed(closed) = self.hear(attempt).await? {
                break closed;
            }
        };
        judge(attempt, closed, accepted, ours)
    }
}

fn judge(
    attempt: &mut Attempt,
    closed: Closed,
    accepted: &[u16],
    ours: bool,
) -> Result<(), Failure> {
    let held = accepted.contains(&closed.code()) || (ours && closed == Closed::NoCode);
    let wanted = || accepted.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    attempt.trace.expectation(|| Expectation {
        subject: "close code".into(),
        wanted: wanted(),
        got: closed.words(),
        held,
    });
    if held {
        return Ok(());
    }
    let detail = format!("{}, wanted {}", closed.words(), wanted());
    Err(Failure::new(Reason::WebsocketClose, detail))
}

async fn next(socket: &mut WebSocketStream<Stream>) -> Result<Heard, Failure> {
    loop {
        return match socket.next().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Message(text.into())),
            Some(Ok(Message::Binary(bytes))) => Ok(Heard::Message(bytes)),
            Some(Ok(Message::Pong(content))) => Ok(Heard::Pong(content)),
            Some(Ok(Message::Close(frame))) => {
                // Our side of the closing handshake is already queued; that it cannot be sent any more is no failure.
                let _ = socket.flush().await;
                Ok(Heard::Closed(match frame {
                    Some(frame) => Closed::Code(frame.code.into()),
                    None => Closed::NoCode,
                }))
            }
            // The library answers pings itself.
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => continue,
            None
            | Some(Err(
                Error::ConnectionClosed
                | Error::AlreadyClosed
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
            )) => Ok(Heard::Closed(Closed::NoFrame)),
            Some(Err(error)) => Err(failure(&error)),
        };
    }
}

fn failure(error: &Error) -> Failure {
    let reason = match error {
        Error::Io(error) => return tls::broken(error),
        Error::Capacity(_) => Reason::BodyTooLarge,
        Error::ConnectionClosed | Error::AlreadyClosed => Reason::ConnectionClosed,
        _ => Reason::WebsocketProtocol,
    };
    Failure::new(reason, error.to_string())
}
