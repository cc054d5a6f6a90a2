//! Sending the question and hearing the answer, over a datagram or a connection.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::UdpSocket,
};

use super::{
    message::Message,
    question::{Question, Reading},
};
use crate::{
    model::{Failure, Phase, Reason},
    net::{Attempt, dial, tls},
};

/// An answer to our question.
pub(super) struct Answer {
    pub(super) message: Box<Message>,
    /// Its length on the wire.
    pub(super) bytes: usize,
}

/// What came over UDP.
pub(super) enum Heard {
    Answer(Answer),
    /// Truncated in the middle of a record; says where.
    Unreadable(String),
}

impl Heard {
    pub(super) fn truncated(&self) -> bool {
        match self {
            Self::Answer(answer) => answer.message.is_truncated(),
            Self::Unreadable(_) => true,
        }
    }
}

/// Answers that were not for our question: passed over, counted.
#[derive(Default)]
pub(super) struct Foreign {
    count: u32,
    last: &'static str,
}

/// From here on it is a flood, not a stray answer.
const FOREIGN_LIMIT: u32 = 1_000;

impl Foreign {
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    fn note(&mut self, why: &'static str) -> Result<(), Failure> {
        self.count += 1;
        self.last = why;
        if self.count < FOREIGN_LIMIT { Ok(()) } else { Err(malformed(self)) }
    }

    /// Silence after foreign answers is not silence: the server, or somebody in its name, did speak.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match failure.reason {
            Reason::WaitTimeout | Reason::ReceiveTimeout if self.count > 0 => {
                malformed(format!("{self}, and none of ours came; {}", failure.detail))
            }
            _ => failure,
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers were not for our question, the last had {}", self.count, self.last)
    }
}

/// The failure of an answer that is none.
pub(super) fn malformed(why: impl fmt::Display) -> Failure {
    Failure::new(Reason::DnsMalformed, why.to_string())
}

/// Servers that overstep our size are still heard up to this many bytes.
const MIN_ROOM: usize = 4096;

/// Asks over UDP. Phases `connect`, `send`, `wait`.
pub(super) async fn udp(
    attempt: &mut Attempt,
    to: SocketAddr,
    source: Option<IpAddr>,
    question: &Question,
    payload_size: u16,
    foreign: &mut Foreign,
) -> Result<Heard, Failure> {
    attempt.step(|| format!("asking {to} over UDP"));
    let socket = attempt.phase(Phase::Connect, async { open(to, source) }).await?;
    let send = async { socket.send(question.datagram()).await.map_err(|error| broken(to, &error)) };
    attempt.phase(Phase::Send, send).await?;
    let room = usize::from(payload_size).max(MIN_ROOM);
    attempt.phase(Phase::Wait, hear(&socket, to, question, room, foreign)).await
}

/// A connected socket, so that the kernel drops datagrams from anywhere else and reports a closed port. It picks the
/// source port at random.
fn open(to: SocketAddr, source: Option<IpAddr>) -> Result<UdpSocket, Failure> {
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(to), kind, Some(Protocol::UDP))
        .map_err(|error| dial::local(&error))?;
    if let Some(source) = source {
        socket.bind(&SockAddr::from(SocketAddr::new(source, 0))).map_err(|error| {
            Failure::new(Reason::LocalAddress, format!("cannot bind to {source}: {error}"))
        })?;
    }
    socket.connect(&to.into()).map_err(|error| broken(to, &error))?;
    UdpSocket::from_std(socket.into()).map_err(|error| dial::local(&error))
}

async fn hear(
    socket: &UdpSocket,
    to: SocketAddr,
    question: &Question,
    room: usize,
    foreign: &mut Foreign,
) -> Result<Heard, Failure> {
    let mut bytes = Vec::with_capacity(room + 1);
    loop {
        bytes.clear();
        let size = socket.recv_buf(&mut bytes).await.map_err(|error| broken(to, &error))?;
        match question.read(&bytes) {
            Reading::Foreign(why) => foreign.note(why)?,
            _ if size > room => return Err(malformed(format!("more than {room} bytes over UDP"))),
            Reading::Answer(message) => return Ok(Heard::Answer(Answer { message, bytes: size })),
            Reading::CutShort(why) => return Ok(Heard::Unreadable(why)),
            Reading::Malformed(why) => return Err(malformed(why)),
        }
    }
}

/// Asks over a connection, with or without TLS. Phases `send`, `wait`, `receive`.
pub(super) async fn over<S: AsyncRead + AsyncWrite + Unpin>(
    attempt: &mut Attempt,
    stream: &mut S,
    to: SocketAddr,
    question: &Question,
    foreign: &mut Foreign,
) -> Result<Answer, Failure> {
    let send = async {
        stream.write_all(question.frame()).await.map_err(|error| broken(to, &error))?;
        stream.flush().await.map_err(|error| broken(to, &error))
    };
    attempt.phase(Phase::Send, send).await?;
    loop {
        let length = attempt.phase(Phase::Wait, length(stream, to)).await?;
        let bytes = attempt.phase(Phase::Receive, frame(stream, to, length)).await?;
        match question.read(&bytes) {
            Reading::Answer(message) => return Ok(Answer { message, bytes: bytes.len() }),
            Reading::Foreign(why) => foreign.note(why)?,
            Reading::CutShort(why) | Reading::Malformed(why) => return Err(malformed(why)),
        }
    }
}

async fn length<S: AsyncRead + Unpin>(stream: &mut S, to: SocketAddr) -> Result<u16, Failure> {
    stream.read_u16().await.map_err(|error| broken(to, &error))
}

async fn frame<S: AsyncRead + Unpin>(
    stream: &mut S,
    to: SocketAddr,
    length: u16,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(usize::from(length));
    let read = stream.take(u64::from(length)).read_to_end(&mut bytes).await;
    read.map_err(|error| broken(to, &error))?;
    if bytes.len() < usize::from(length) {
        let detail = format!("{to} closed after {} of {length} bytes of the answer", bytes.len());
        return Err(Failure::new(Reason::ConnectionClosed, detail));
    }
    Ok(bytes)
}

fn broken(to: SocketAddr, error: &std::io::Error) -> Failure {
    let failure = tls::broken(error);
    Failure::new(failure.reason, format!("{to}: {}", failure.detail))
}
