//! Peers that fail in every way a peer can: one script for each fault, applied to what a sound peer would have said.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    authority::{Authority, Flaw},
    names,
    peer::{Peer, Seen},
};

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens.
    Refuse,
    /// It accepts, and says nothing.
    Silent,
    /// It says half of its answer and closes its side.
    HalfClose,
    /// It says half of its answer and resets the connection.
    ResetMidAnswer,
    /// It says all of its answer, a byte a second.
    OneByteASecond,
    /// Its answer has no end.
    Endless,
    /// It speaks another protocol.
    Garbage,
    /// Its answer is larger, or claims to be, than any sound one.
    Oversized,
    /// It refuses the TLS handshake.
    TlsAlert,
    /// Its answer belongs to another question.
    WrongId,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Refuse,
        Self::Silent,
        Self::HalfClose,
        Self::ResetMidAnswer,
        Self::OneByteASecond,
        Self::Endless,
        Self::Garbage,
        Self::Oversized,
        Self::TlsAlert,
        Self::WrongId,
    ];
}

/// What the peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// A line of greeting.
    Line,
    /// DNS over TCP.
    Dns,
    /// DNS over UDP.
    DnsDatagram,
    /// WebSocket: the upgrade and a message.
    WebSocket,
    /// TLS.
    Tls,
    /// gRPC's health service, over HTTP/2.
    Grpc,
}

const GARBAGE: &[u8] =
    b"\x00\x07\xff\xfe noise \x00\x01\x02\x03 that answers nobody \xf0\x9f\x94\xa5\r\n";

/// A fatal `handshake_failure` (RFC 8446, 6).
const ALERT: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";

impl Protocol {
    /// A peer that fails that way, in each of the variants there are; each with a word that tells them apart.
    pub async fn peers(self, fault: Fault) -> Vec<(&'static str, Peer)> {
        if fault == Fault::Refuse {
            return vec![("refuse", Peer::refusing())];
        }
        if self == Self::DnsDatagram {
            return vec![("udp", names::faulty(fault).await)];
        }
        let acts: Vec<(&'static str, Act)> = match fault {
            Fault::Refuse | Fault::Silent => vec![("silent", Act::Hold)],
            Fault::HalfClose => vec![("half", Act::Half { reset: false })],
            Fault::ResetMidAnswer => vec![("reset", Act::Half { reset: true })],
            Fault::OneByteASecond => vec![("slow", Act::Slowly)],
            Fault::Endless => self.endless(),
            Fault::Garbage => vec![("garbage", Act::Say(GARBAGE.to_vec()))],
            Fault::Oversized => self.oversized(),
            Fault::TlsAlert => vec![("alert", Act::Say(ALERT.to_vec()))],
            Fault::WrongId => vec![("wrong id", Act::SayForeign)],
        };
        let mut peers = Vec::with_capacity(acts.len());
        for (word, act) in acts {
            // A peer that sends an alert hears a ClientHello, whatever was to be spoken over TLS.
            let heard = if fault == Fault::TlsAlert { Self::Tls } else { self };
            let act = Arc::new(act);
            let script = move |stream, _, seen| misbehave(stream, heard, Arc::clone(&act), seen);
            peers.push((word, Peer::stream(script).await));
        }
        peers
    }

    fn endless(self) -> Vec<(&'static str, Act)> {
        let flood = |opening: &[u8], again: &[u8]| Act::Flood {
            opening: opening.to_vec(),
            again: again.repeat(16 * 1024 / again.len()),
        };
        match self {
            Self::Http => {
                let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                vec![
                    ("body", flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x")),
                    ("chunks", flood(chunked, b"4\r\nabcd\r\n")),
                    ("header", flood(b"HTTP/1.1 200 OK\r\nX: ", b"x")),
                    ("headers", flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")),
                    ("interim answers", flood(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")),
                ]
            }
            Self::Line => vec![("line", flood(b"", b"x")), ("lines", flood(b"", b"250-more\r\n"))],
            Self::Dns | Self::DnsDatagram => {
                let header = b"\x00\x0c\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00";
                vec![("zeros", flood(b"\xff\xff", b"\x00")), ("foreign", flood(b"", header))]
            }
            // Fragments of a text that never has a last one; pings in front of a message that never comes.
            Self::WebSocket => {
                let fragments = b"\x00\x04abcd".repeat(2048);
                vec![
                    (
                        "fragments",
                        Act::Upgrade { opening: b"\x01\x01x".to_vec(), again: fragments },
                    ),
                    ("pings", Act::Upgrade { opening: vec![], again: b"\x89\x00".repeat(4096) }),
                ]
            }
            Self::Grpc => grpc_endless(flood),
            // ChangeCipherSpec, which TLS 1.3 has a client ignore.
            Self::Tls => vec![("records", flood(b"", b"\x14\x03\x03\x00\x01\x01"))],
        }
    }

    fn oversized(self) -> Vec<(&'static str, Act)> {
        let http = |rest: &[u8]| Act::Say([b"HTTP/1.1 200 OK\r\n", rest].concat());
        let message = |head: &[u8], length| Act::Upgrade {
            opening: [head, &vec![b'x'; length]].concat(),
            again: vec![],
        };
        match self {
            Self::Http => vec![
                ("header", http(&[b"X: ".as_slice(), &[b'x'; 4 << 20], b"\r\n\r\n"].concat())),
                ("length", http(b"Content-Length: 99999999999999999999\r\n\r\n")),
                ("chunk", http(b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n")),
            ],
            Self::Line => {
                vec![("line", Act::Say([[b'2'; 4 << 20].as_slice(), b"\r\n"].concat()))]
            }
            // It claims 65,535 records in each section and holds none.
            Self::Dns | Self::DnsDatagram => vec![("counts", Act::SayOversized)],
            // A frame of 2^63 - 1 bytes, and a ping of 65,535 where RFC 6455, 5.5 permits 125.
            Self::WebSocket => vec![
                ("frame", message(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 4096)),
                ("ping", message(b"\x89\x7e\xff\xff", 65535)),
            ],
            // A frame of 2^24 - 1 bytes, fields of a megabyte, and a message of 2^32 - 1 bytes.
            Self::Grpc => vec![
                ("frame", Act::Say([GRPC_SETTINGS, b"\xff\xff\xff\x01\x04\0\0\0\x01"].concat())),
                ("fields", Act::Say([GRPC_SETTINGS, &continued(&[b'x'; 1 << 20])].concat())),
                ("message", Act::Say([GRPC_HEAD, &frame(0, 0, &[0, 255, 255, 255, 255])].concat())),
            ],
            // 65,535 bytes where a record has at most 16,640.
            Self::Tls => {
                vec![(
                    "record",
                    Act::Say([b"\x16\x03\x03\xff\xff".as_slice(), &[2; 65535]].concat()),
                )]
            }
        }
    }

    /// Reads what a client says first.
    async fn hear(self, stream: &mut TcpStream) -> io::Result<Vec<u8>> {
        let mut heard = Vec::new();
        match self {
            Self::Line => {}
            Self::Http | Self::WebSocket => {
                while !heard.ends_with(b"\r\n\r\n") {
                    heard.push(stream.read_u8().await?);
                }
            }
            Self::Dns | Self::DnsDatagram => {
                heard = vec![0; stream.read_u16().await?.into()];
                stream.read_exact(&mut heard).await?;
            }
            // The preface, and frames until the one that ends the stream.
            Self::Grpc => {
                stream.read_exact(&mut [0; 24]).await?;
                loop {
                    let mut frame = [0; 9];
                    stream.read_exact(&mut frame).await?;
                    let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
                    stream.read_exact(&mut vec![0; usize::try_from(length).unwrap()]).await?;
                    if frame[3] == 0 && frame[4] & 1 == 1 {
                        break;
                    }
                }
            }
            Self::Tls => {
                heard = vec![0; 5];
                stream.read_exact(&mut heard).await?;
                let length = usize::from(u16::from_be_bytes([heard[3], heard[4]]));
                heard.resize(5 + length, 0);
                stream.read_exact(&mut heard[5..]).await?;
            }
        }
        Ok(heard)
    }

    /// What a sound peer would say.
    fn answer(self, heard: &[u8]) -> Vec<u8> {
        match self {
            Self::Http => b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello, world".to_vec(),
            Self::Line => b"220 ready when you are\r\n".to_vec(),
            Self::Dns | Self::DnsDatagram => names::framed(&names::sound(heard)),
            Self::WebSocket => [upgrade(heard, false).as_slice(), b"\x81\x05hello"].concat(),
            Self::Tls => server_flight(heard),
            Self::Grpc => {
                let message = frame(0, 0, b"\0\0\0\0\x02\x08\x01");
                [GRPC_HEAD, &message, &frame(1, 5, b"\x40\x0bgrpc-status\x010")].concat()
            }
        }
    }

    /// The same for another question.
    fn foreign_answer(self, heard: &[u8]) -> Vec<u8> {
        match self {
            Self::WebSocket => upgrade(heard, true),
            Self::Dns | Self::DnsDatagram => names::framed(&names::foreign(heard)),
            // On a stream that nobody opened.
            Self::Grpc => {
                let mut answer = self.answer(heard);
                answer[GRPC_SETTINGS.len() + 8] = 3;
                answer
            }
            other => panic!("{other:?} has no ids"),
        }
    }
}

/// Empty SETTINGS (RFC 9113, 6.5).
const GRPC_SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// The same, and HEADERS with status 200 and gRPC's content type.
const GRPC_HEAD: &[u8] =
    b"\0\0\0\x04\0\0\0\0\0\0\0\x13\x01\x04\0\0\0\x01\x88\x5f\x10application/grpc";

/// A frame of the first stream.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
}

/// One field in HEADERS and as many CONTINUATIONs as it takes.
fn continued(value: &[u8]) -> Vec<u8> {
    let head = b"\x88\x40\x01x\x7f\x81\xff\x3f"; // the value's length, of which this is the beginning
    let mut frames = frame(1, 0, head);
    for chunk in value.chunks(16 * 1024) {
        frames.extend(frame(9, 0, chunk));
    }
    frames
}

/// Floods that HTTP/2 permits, frame by frame.
fn grpc_endless(flood: impl Fn(&[u8], &[u8]) -> Act) -> Vec<(&'static str, Act)> {
    let interim = frame(1, 4, b"\x08\x03103");
    vec![
        ("pings", flood(GRPC_SETTINGS, b"\0\0\x08\x06\0\0\0\0\0abcdefgh")),
        ("settings", flood(GRPC_SETTINGS, GRPC_SETTINGS)),
        ("empty data", flood(GRPC_HEAD, &frame(0, 0, b""))),
        ("messages", flood(GRPC_HEAD, &frame(0, 0, b"\0\0\0\0\0"))),
        ("interim answers", flood(GRPC_SETTINGS, &interim)),
        ("fields", flood(&[GRPC_SETTINGS, &frame(1, 0, b"\x88")].concat(), &frame(9, 0, b"\x88"))),
    ]
}

/// What a script does once it has heard the client.
enum Act {
    Hold,
    Half {
        reset: bool,
    },
    Slowly,
    Say(Vec<u8>),
    SayForeign,
    SayOversized,
    Flood {
        opening: Vec<u8>,
        again: Vec<u8>,
    },
    /// A sound upgrade first; nothing follows where `again` is empty.
    Upgrade {
        opening: Vec<u8>,
        again: Vec<u8>,
    },
}

/// A peer that does nothing wrong.
pub async fn sound(mut stream: TcpStream, protocol: Protocol) -> io::Result<()> {
    let heard = protocol.hear(&mut stream).await?;
    stream.write_all(&protocol.answer(&heard)).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

async fn misbehave(
    mut stream: TcpStream,
    protocol: Protocol,
    act: Arc<Act>,
    seen: Arc<Seen>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let heard = protocol.hear(&mut stream).await?;
    match &*act {
        Act::Hold => {}
        Act::Half { reset } => {
            let answer = protocol.answer(&heard);
            stream.write_all(&answer[..answer.len() / 2]).await?;
            if *reset {
                return stream.set_zero_linger();
            }
            stream.shutdown().await?;
        }
        Act::Slowly => {
            for byte in protocol.answer(&heard) {
                stream.write_all(&[byte]).await?;
                sleep(Duration::from_secs(1)).await;
            }
        }
        Act::Say(words) => stream.write_all(words).await?,
        Act::SayForeign => stream.write_all(&protocol.foreign_answer(&heard)).await?,
        Act::SayOversized => stream.write_all(&names::framed(&names::oversized(&heard))).await?,
        Act::Flood { opening, again } => flood(&mut stream, opening, again, &seen).await?,
        Act::Upgrade { opening, again } => {
            stream.write_all(&upgrade(&heard, false)).await?;
            flood(&mut stream, opening, again, &seen).await?;
        }
    }
    // Until the client has had enough of it.
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

async fn flood(
    stream: &mut TcpStream,
    opening: &[u8],
    again: &[u8],
    seen: &Seen,
) -> io::Result<()> {
    stream.write_all(opening).await?;
    while !again.is_empty() {
        stream.write_all(again).await?;
        seen.sent(again.len());
    }
    Ok(())
}

/// The answer to a WebSocket upgrade (RFC 6455, 4.2.2), or to somebody else's.
fn upgrade(heard: &[u8], foreign: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(heard);
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let key = lines.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
    let key = key.map(|(_, key)| key.trim()).expect("a key to accept");
    let key = if foreign { "dGhlIHNhbXBsZSBub25jZQ==" } else { key };
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// What a real server answers to a ClientHello: its whole first flight.
fn server_flight(hello: &[u8]) -> Vec<u8> {
    let config = Authority::new().server(Flaw::None, false);
    let mut server = rustls::ServerConnection::new(Arc::new(config)).unwrap();
    server.read_tls(&mut &*hello).unwrap();
    server.process_new_packets().unwrap();
    let mut flight = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut flight).unwrap();
    }
    flight
}
