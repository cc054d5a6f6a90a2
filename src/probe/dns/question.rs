//! The message we send.

use super::{
    Spec,
    edns::Edns,
    message::{HEADER, Message, Query, is_response, is_truncated},
    words::{QueryClass, QueryType},
};
use crate::model::{Failure, Reason};

/// A question on its way: what was asked, under which id, and its bytes.
pub(super) struct Question {
    id: u16,
    query: Query,
    /// Whether an answer has to repeat it.
    echoed: bool,
    /// The message, behind the two bytes of length that TCP wants (RFC 1035, section 4.2.2).
    framed: Vec<u8>,
}

/// Bits of the header.
const RECURSION_DESIRED: u16 = 0x0100;
const AUTHENTIC_DATA: u16 = 0x0020;
/// OPT, as a record of no name.
const OPT: [u8; 3] = [0, 0, 41];
/// DO, in the lower half of OPT's TTL.
const DNSSEC_OK: u32 = 0x8000;

impl Question {
    /// The question of a check, with an id nobody can guess.
    pub(super) fn new(spec: &Spec) -> Result<Self, Failure> {
        let mut id = [0; 2];
        aws_lc_rs::rand::fill(&mut id)
            .map_err(|_| Failure::new(Reason::LocalResources, "no random numbers"))?;
        let id = u16::from_be_bytes(id);
        let (QueryType(kind), QueryClass(class)) = (spec.record_type, spec.class);
        let query = Query { name: spec.name.asked().clone(), kind, class };
        let message = written(id, &query, spec);
        let length = u16::try_from(message.len())
            .map_err(|error| Failure::new(Reason::DnsFailed, error.to_string()))?;
        let framed = [&length.to_be_bytes(), &*message].concat();
        Ok(Self { id, query, echoed: spec.question_echoed, framed })
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
        match is_response(bytes) {
            None => return Reading::Malformed(format!("only {} bytes", bytes.len())),
            Some(false) => {
                return Reading::Malformed("a question came back, not an answer".into());
            }
            Some(true) => {}
        }
        let message = match Message::read(bytes) {
            Ok(message) => message,
            Err(why) if is_truncated(bytes) => return Reading::CutShort(why),
            Err(why) => return Reading::Malformed(why),
        };
        if !self.echoed || self.is_echoed(&message) {
            Reading::Answer(Box::new(message))
        } else {
            Reading::Foreign("another question")
        }
    }

    /// Whether the answer repeats the question. Servers that could not read it may leave it out.
    fn is_echoed(&self, message: &Message) -> bool {
        match message.queries.as_slice() {
            // FORMERR, SERVFAIL, NOTIMP, REFUSED
            [] => matches!(message.rcode, 1 | 2 | 4 | 5),
            [echo] => {
                echo.name.is(&self.query.name)
                    && echo.kind == self.query.kind
                    && echo.class == self.query.class
            }
            _ => false,
        }
    }
}

fn written(id: u16, query: &Query, spec: &Spec) -> Vec<u8> {
    let bit = |set: bool, bit: u16| if set { bit } else { 0 };
    let flags = bit(spec.recursion_desired, RECURSION_DESIRED)
        | bit(spec.authenticated_data, AUTHENTIC_DATA);
    let additional = u16::from(spec.edns != Edns::Off);
    let mut message = Vec::with_capacity(HEADER + query.name.wire().len() + 15);
    for number in [id, flags, 1, 0, 0, additional] {
        message.extend(number.to_be_bytes());
    }
    message.extend_from_slice(query.name.wire());
    message.extend(query.kind.to_be_bytes());
    message.extend(query.class.to_be_bytes());
    if let Edns::On(options) = spec.edns {
        let flags = if options.dnssec_ok { DNSSEC_OK } else { 0 };
        message.extend(OPT);
        message.extend(options.udp_payload_size.to_be_bytes());
        message.extend(flags.to_be_bytes());
        message.extend([0, 0]);
    }
    message
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

/// Whether an answer's record is of the asked type; all are when asked for any.
pub(super) fn is_asked(asked: QueryType, found: u16) -> bool {
    asked == QueryType::ANY || asked == QueryType(found)
}
