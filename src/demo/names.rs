//! A DNS server that knows one name, over UDP and TCP (RFC 1035).

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use hickory_proto::{
    op::{Message, MessageType, Metadata, OpCode, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{A, AAAA, NS, SOA, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
};

use super::ZONE;

/// Seconds that any of the records may be cached.
const TTL: u32 = 60;

/// The largest datagram read; questions are far smaller.
const QUESTION: usize = 1232;

/// What the server knows. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    name: Name,
    records: Arc<[Record]>,
}

impl Zone {
    /// The one zone there is.
    pub(super) fn new() -> io::Result<Self> {
        let name = Name::from_ascii(ZONE).map_err(io::Error::other)?;
        let within =
            |label: &str| Name::from_ascii(format!("{label}.{ZONE}")).map_err(io::Error::other);
        let soa = SOA::new(within("ns")?, within("hostmaster")?, 1, 3600, 600, 86_400, TTL);
        let data = [
            RData::SOA(soa),
            RData::NS(NS(within("ns")?)),
            RData::A(A(Ipv4Addr::LOCALHOST)),
            RData::AAAA(AAAA(Ipv6Addr::LOCALHOST)),
            RData::TXT(TXT::new(vec!["noroshi demo".into()])),
        ];
        let records = data.map(|data| Record::from_rdata(name.clone(), TTL, data));
        Ok(Self { name, records: records.into() })
    }

    /// The answer to a question; `None` to what is not one.
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).ok()?;
        if question.metadata.message_type != MessageType::Query {
            return None;
        }
        let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
        answer.metadata = Metadata::response_from_request(&question.metadata);
        answer.queries.clone_from(&question.queries);
        answer.metadata.response_code = self.fill(&question, &mut answer);
        answer.to_vec().ok()
    }

    fn fill(&self, question: &Message, answer: &mut Message) -> ResponseCode {
        let [query] = question.queries.as_slice() else { return ResponseCode::FormErr };
        if question.metadata.op_code != OpCode::Query {
            return ResponseCode::NotImp;
        }
        if query.query_class() != DNSClass::IN {
            return ResponseCode::Refused;
        }
        answer.metadata.authoritative = true;
        if query.name() == &self.name {
            let wanted = query.query_type();
            let fits =
                |record: &&Record| wanted == RecordType::ANY || record.record_type() == wanted;
            answer.answers.extend(self.records.iter().filter(fits).cloned());
        }
        if answer.answers.is_empty() {
            // RFC 2308: the SOA tells how long the absence may be cached.
            answer.authorities.extend(self.records.first().cloned());
        }
        if query.name() == &self.name { ResponseCode::NoError } else { ResponseCode::NXDomain }
    }
}

/// Answers datagrams for ever.
pub(super) async fn serve_datagrams(socket: UdpSocket, zone: Zone) {
    let mut question = [0; QUESTION];
    loop {
        // An error here is the echo of an answer nobody waited for.
        let Ok((length, from)) = socket.recv_from(&mut question).await else { continue };
        if let Some(answer) = zone.answer(&question[..length]) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// Answers the questions of one connection, each preceded by its length.
pub(super) async fn serve(stream: TcpStream, zone: Zone) {
    // It ends when the client goes away or sends what is no question.
    let _ = converse(stream, zone).await;
}

async fn converse(mut stream: TcpStream, zone: Zone) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        let Some(answer) = zone.answer(&question) else { return Ok(()) };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat()).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ports, start};
    use super::*;
    use hickory_proto::op::Query;

    fn question(name: &str, wanted: RecordType) -> Vec<u8> {
        let mut message = Message::query();
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), wanted));
        message.to_vec().unwrap()
    }

    #[test]
    fn knows_its_name_and_denies_all_others() {
        let zone = Zone::new().unwrap();
        let ask = |name: &str, wanted| {
            Message::from_vec(&zone.answer(&question(name, wanted)).unwrap()).unwrap()
        };
        for wanted in [RecordType::A, RecordType::AAAA, RecordType::TXT, RecordType::SOA] {
            let answer = ask("Demo.Noroshi.Test.", wanted);
            assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
            assert_eq!(answer.answers.len(), 1);
            assert_eq!(answer.answers[0].record_type(), wanted);
        }
        let none = ask(ZONE, RecordType::MX);
        assert_eq!(none.metadata.response_code, ResponseCode::NoError);
        assert!(none.answers.is_empty() && none.authorities.len() == 1);
        let other = ask("other.test.", RecordType::A);
        assert_eq!(other.metadata.response_code, ResponseCode::NXDomain);
        assert_eq!(zone.answer(b"no question"), None);
        let answer = zone.answer(&question(ZONE, RecordType::A)).unwrap();
        assert_eq!(zone.answer(&answer), None, "an answer is not answered");
    }

    #[tokio::test]
    async fn answers_over_udp_and_tcp() {
        let demo = start(&Ports::FREE).unwrap();
        let server = ("127.0.0.1", demo.ports().dns);
        let question = question(ZONE, RecordType::A);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(&question, server).await.unwrap();
        let mut over_udp = vec![0; QUESTION];
        let length = socket.recv(&mut over_udp).await.unwrap();
        over_udp.truncate(length);
        assert_eq!(over_udp[..2], question[..2], "the same id");

        let mut stream = TcpStream::connect(server).await.unwrap();
        for _ in 0..2 {
            stream.write_u16(question.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&question).await.unwrap();
            let mut over_tcp = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut over_tcp).await.unwrap();
            assert_eq!(over_tcp, over_udp);
        }
    }
}
