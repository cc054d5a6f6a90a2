//! DNS peers: sound, foreign and broken answers, over UDP and TCP.

use std::net::Ipv4Addr;

use hickory_proto::{
    op::{Message, MessageType, OpCode},
    rr::{Name, RData, Record, rdata::A},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Fault, Peer};

/// A right answer: one A record, 192.0.2.1.
pub fn answer(question: &[u8]) -> Message {
    let question = Message::from_vec(question).expect("a question");
    let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    let name = question.queries[0].name().clone();
    answer.queries = question.queries;
    answer.answers = vec![record(name)];
    answer
}

/// 192.0.2.1 for a minute.
pub fn record(name: Name) -> Record {
    Record::from_rdata(name, 60, RData::A(A(Ipv4Addr::new(192, 0, 2, 1))))
}

/// The bytes of [`answer`].
pub fn sound(question: &[u8]) -> Vec<u8> {
    answer(question).to_vec().unwrap()
}

/// The same with another id.
pub fn foreign(question: &[u8]) -> Vec<u8> {
    let mut bytes = sound(question);
    bytes[0] ^= 0xff;
    bytes
}

/// The same, claiming 65,535 records in each section.
pub fn oversized(question: &[u8]) -> Vec<u8> {
    let mut bytes = sound(question);
    bytes[6..12].fill(0xff);
    bytes
}

/// As TCP carries it: preceded by its length.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("a message of DNS");
    [&length.to_be_bytes(), message].concat()
}

/// Ways to break an answer, each by a word.
pub fn malformed(question: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let sound = sound(question);
    let body = question.len().min(sound.len());
    let patched = |at: usize, bytes: &[u8]| {
        let mut answer = sound.clone();
        answer[at..at + bytes.len()].copy_from_slice(bytes);
        answer
    };
    let record = sound.len() - 16;
    vec![
        ("nothing", Vec::new()),
        ("half a header", sound[..6].to_vec()),
        ("a header alone", sound[..12].to_vec()),
        ("cut in the question", sound[..body.min(17)].to_vec()),
        ("cut in the record", sound[..sound.len() - 3].to_vec()),
        ("a name that points at itself", patched(record, &record_pointer(record))),
        ("a name that points beyond the end", patched(record, b"\xff\xff")),
        ("data longer than the message", patched(record + 10, b"\xff\xff")),
        ("more records than there are", patched(6, b"\x00\x09")),
    ]
}

/// A compression pointer to `at` (RFC 1035, 4.1.4).
fn record_pointer(at: usize) -> [u8; 2] {
    (0xc000 | u16::try_from(at).unwrap()).to_be_bytes()
}

/// A server over UDP whose answers are what `script` makes of the question.
pub async fn over_udp(script: impl Fn(&[u8], usize) -> Vec<Vec<u8>> + Send + 'static) -> Peer {
    Peer::datagram(script).await
}

/// A server over TCP whose answers are what `script` makes of the question.
pub async fn over_tcp(script: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static) -> Peer {
    Peer::stream(move |mut stream, _, _| {
        let script = script.clone();
        async move {
            loop {
                let mut question = vec![0; stream.read_u16().await?.into()];
                stream.read_exact(&mut question).await?;
                let answer = script(&question);
                stream.write_all(&framed(&answer)).await?;
            }
        }
    })
    .await
}

/// A server over UDP that fails in a way a datagram can.
pub async fn faulty(fault: Fault) -> Peer {
    over_udp(move |question, _| match fault {
        Fault::Silent => Vec::new(),
        Fault::Garbage => vec![b"noise".to_vec()],
        Fault::Oversized => vec![oversized(question)],
        Fault::WrongId => vec![foreign(question); 3],
        other => panic!("a datagram has no {other:?}"),
    })
    .await
}

/// A message written byte by byte, for what no library would write: any type, any data, any length.
pub mod wire {
    /// A record: its name, type, class, time to live and data.
    #[derive(Debug, Clone)]
    pub struct Row {
        pub name: &'static str,
        pub kind: u16,
        pub class: u16,
        pub ttl: u32,
        pub data: Vec<u8>,
    }

    /// A record of the Internet, for five minutes.
    pub fn row(name: &'static str, kind: u16, data: impl Into<Vec<u8>>) -> Row {
        Row { name, kind, class: 1, ttl: 300, data: data.into() }
    }

    /// A name in labels, without compression. `\.` is a dot within a label, `\007` a byte.
    pub fn name(text: &str) -> Vec<u8> {
        let mut labels = vec![Vec::new()];
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'.' => labels.push(Vec::new()),
                b'\\' => {
                    let first = bytes.next().unwrap();
                    let byte = if first.is_ascii_digit() {
                        let digits = [first, bytes.next().unwrap(), bytes.next().unwrap()];
                        std::str::from_utf8(&digits).unwrap().parse().unwrap()
                    } else {
                        first
                    };
                    labels.last_mut().unwrap().push(byte);
                }
                byte => labels.last_mut().unwrap().push(byte),
            }
        }
        let mut wire = Vec::new();
        for label in labels.iter().filter(|label| !label.is_empty()) {
            wire.push(u8::try_from(label.len()).unwrap());
            wire.extend_from_slice(label);
        }
        wire.push(0);
        wire
    }

    /// Strings of at most 255 bytes, each with its length (RFC 1035, 3.3).
    pub fn strings(strings: &[&[u8]]) -> Vec<u8> {
        let each = strings.iter().flat_map(|text| {
            std::iter::once(u8::try_from(text.len()).unwrap()).chain(text.iter().copied())
        });
        each.collect()
    }

    /// The question's own bytes: its name, type and class.
    pub fn question(query: &[u8]) -> &[u8] {
        let name = query[12..].iter().position(|byte| *byte == 0).expect("a name");
        &query[12..12 + name + 5]
    }

    /// The query's flags, counts and question; its id is chosen anew each time.
    pub fn kept(query: &[u8]) -> String {
        query.get(2..).unwrap_or_default().escape_ascii().to_string()
    }

    /// An answer to the query: flags beside QR, RD and RA, the code, and three sections.
    pub fn answer(query: &[u8], flags: u16, code: u8, sections: [&[Row]; 3]) -> Vec<u8> {
        let asked = u16::from_be_bytes([query[2], query[3]]) & 0x0100;
        let flags = 0x8080 | asked | flags | u16::from(code);
        let mut message = query[..2].to_vec();
        message.extend_from_slice(&flags.to_be_bytes());
        message.extend_from_slice(&1_u16.to_be_bytes());
        for section in sections {
            message.extend_from_slice(&u16::try_from(section.len()).unwrap().to_be_bytes());
        }
        message.extend_from_slice(question(query));
        for row in sections.into_iter().flatten() {
            message.extend_from_slice(&name(row.name));
            message.extend_from_slice(&row.kind.to_be_bytes());
            message.extend_from_slice(&row.class.to_be_bytes());
            message.extend_from_slice(&row.ttl.to_be_bytes());
            message.extend_from_slice(&u16::try_from(row.data.len()).unwrap().to_be_bytes());
            message.extend_from_slice(&row.data);
        }
        message
    }
}
