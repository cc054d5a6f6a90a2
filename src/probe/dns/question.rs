//! The message we send.

use hickory_proto::{
    op::{Edns as Opt, Message, MessageType, OpCode, Query, ResponseCode},
    rr::RecordType,
};

use super::{Spec, edns::Edns};
use crate::model::{Failure, Reason};

/// A question on its way: what was asked, under which id, and its bytes.
pub(super) struct Question {
    id: u16,
    query: Query,
    /// The message, behind the two bytes of length that TCP wants (RFC 1035, section 4.2.2).
    framed: Vec<u8>,
}

impl Question {
    /// The question of a check, with an id nobody can guess.
    pub(super) fn new(spec: &Spec) -> Result<Self, Failure> {
        let fail = |why: String| Failure::new(Reason::DnsFailed, why);
        let mut id = [0; 2];
        aws_lc_rs::rand::fill(&mut id)
            .map_err(|_| Failure::new(Reason::LocalResources, "no random numbers"))?;
        let id = u16::from_be_bytes(id);
        let mut query = Query::query(spec.name.asked(spec.record_type), spec.record_type.0);
        query.set_query_class(spec.class.wire());
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = spec.recursion_desired;
        // As dig does: the bit asks whether the answer was validated (RFC 6840, section 5.7).
        message.metadata.authentic_data = true;
        message.add_query(query.clone());
        if let Edns::On(options) = spec.edns {
            let mut opt = Opt::new();
            opt.set_max_payload(options.udp_payload_size).set_dnssec_ok(options.dnssec_ok);
            message.set_edns(opt);
        }
        let wire = message.to_vec().map_err(|error| fail(error.to_string()))?;
        let length = u16::try_from(wire.len()).map_err(|error| fail(error.to_string()))?;
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(&wire);
        Ok(Self { id, query, framed })
    }

    /// The datagram.
    pub(super) fn datagram(&self) -> &[u8] {
        &self.framed[2..]
    }

    /// What goes over TCP.
    pub(super) fn frame(&self) -> &[u8] {
        &self.framed
    }

    /// Whether bytes from the server belong to this question, and what they say.
    pub(super) fn read(&self, bytes: &[u8]) -> Reading {
        if bytes.get(..2) != Some(&self.id.to_be_bytes()) {
            return Reading::Foreign("another id");
        }
        let Some(flags) = bytes.get(2).filter(|_| bytes.len() >= HEADER) else {
            return Reading::Malformed(format!("only {} bytes", bytes.len()));
        };
        if flags & RESPONSE == 0 {
            return Reading::Malformed("a question came back, not an answer".into());
        }
        let message = match Message::from_vec(bytes) {
            Ok(message) => message,
            Err(error) if flags & TRUNCATED != 0 => return Reading::CutShort(error.to_string()),
            Err(error) => return Reading::Malformed(error.to_string()),
        };
        if self.echoed(&message) {
            Reading::Answer(Box::new(message))
        } else {
            Reading::Foreign("another question")
        }
    }

    /// Whether the answer repeats the question. Servers that could not read it may leave it out.
    fn echoed(&self, message: &Message) -> bool {
        match message.queries.as_slice() {
            [] => matches!(
                message.metadata.response_code,
                ResponseCode::FormErr
                    | ResponseCode::ServFail
                    | ResponseCode::NotImp
                    | ResponseCode::Refused
            ),
            [echoed] => {
                echoed.name == self.query.name
                    && echoed.query_type == self.query.query_type
                    && echoed.query_class == self.query.query_class
            }
            _ => false,
        }
    }
}

/// What bytes from the server are.
pub(super) enum Reading {
    /// Not for this question; says why.
    Foreign(&'static str),
    /// Truncated so that the rest cannot be read.
    CutShort(String),
    /// For this question by its id, but not an answer.
    Malformed(String),
    /// The answer.
    Answer(Box<Message>),
}

/// The length of a header.
const HEADER: usize = 12;
/// QR, in the third byte.
const RESPONSE: u8 = 0x80;
/// TC, in the third byte.
const TRUNCATED: u8 = 0x02;

/// Whether an answer's record is of the asked type; all are when asked for any.
pub(super) fn is_asked(asked: RecordType, found: RecordType) -> bool {
    asked == RecordType::ANY || asked == found
}
