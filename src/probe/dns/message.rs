//! A message from a name server, read as it stands on the wire.
//!
//! hickory reads answers for a resolver: it folds, sorts out and refuses what a resolver has no use for. A check judges
//! what the server said, so the bytes of every record are kept as they came, their names without compression.

use super::{
    name::Name,
    presentation,
    registry::{TYPES, name},
};

/// A message.
pub(super) struct Message {
    flags: u16,
    /// With the upper bits of an OPT record, where there is one (RFC 6891, section 6.1.3).
    pub(super) rcode: u16,
    pub(super) queries: Vec<Query>,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    /// The OPT record is one of them.
    pub(super) additionals: Vec<Record>,
}

/// A question.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) name: Name,
    pub(super) kind: u16,
    pub(super) class: u16,
}

/// A record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: Name,
    pub(super) kind: u16,
    pub(super) class: u16,
    pub(super) ttl: u32,
    /// Its data, names in it without compression.
    pub(super) data: Box<[u8]>,
}

/// The length of a header (RFC 1035, section 4.1.1).
pub(super) const HEADER: usize = 12;
const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const TRUNCATED: u16 = 0x0200;
const AUTHENTICATED: u16 = 0x0020;

/// Whether the header of a message says that it is an answer; `None` where there is no whole header.
pub(super) fn is_response(bytes: &[u8]) -> Option<bool> {
    bytes.get(..HEADER).map(|header| u16::from_be_bytes([header[2], header[3]]) & RESPONSE != 0)
}

/// Whether the header says that the rest is cut off.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    bytes.get(2..4).is_some_and(|flags| u16::from_be_bytes([flags[0], flags[1]]) & TRUNCATED != 0)
}

impl Message {
    /// Reads a whole message.
    ///
    /// # Errors
    /// One sentence: what is wrong where.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut from = Reader { bytes, at: 0 };
        let [_, flags, queries, answers, authorities, additionals] =
            [(); 6].map(|()| from.number().unwrap_or_default());
        let mut message = Self {
            flags,
            rcode: flags & 0x000f,
            queries: Vec::new(),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        };
        // Some servers refuse with a header alone and leave the counts of the question in it.
        if bytes.len() <= HEADER {
            return Ok(message);
        }
        for _ in 0..queries {
            message.queries.push(from.query().ok_or("the question cannot be read")?);
        }
        message.answers = from.section("answer", answers)?;
        message.authorities = from.section("authority", authorities)?;
        message.additionals = from.section("additional", additionals)?;
        if let Some(opt) = message.additionals.iter().rev().find(|one| one.is_opt()) {
            message.rcode |= u16::from(opt.ttl.to_be_bytes()[0]) << 4;
        }
        Ok(message)
    }

    /// How many additional records there are, with or without OPT.
    pub(super) fn additional_count(&self, with_opt: bool) -> usize {
        self.additionals.iter().filter(|record| with_opt || !record.is_opt()).count()
    }

    /// The AA bit.
    pub(super) fn is_authoritative(&self) -> bool {
        self.flags & AUTHORITATIVE != 0
    }

    /// The TC bit.
    pub(super) fn is_truncated(&self) -> bool {
        self.flags & TRUNCATED != 0
    }

    /// The AD bit.
    pub(super) fn is_authenticated(&self) -> bool {
        self.flags & AUTHENTICATED != 0
    }
}

impl Record {
    /// Whether it belongs to EDNS instead of the answer.
    pub(super) fn is_opt(&self) -> bool {
        self.kind == 41
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn number(&mut self) -> Option<u16> {
        let bytes = self.bytes.get(self.at..self.at + 2)?;
        self.at += 2;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn name(&mut self) -> Option<Name> {
        let (name, end) = Name::read(self.bytes, self.at)?;
        self.at = end;
        Some(name)
    }

    fn query(&mut self) -> Option<Query> {
        Some(Query { name: self.name()?, kind: self.number()?, class: self.number()? })
    }

    fn section(&mut self, section: &str, count: u16) -> Result<Vec<Record>, String> {
        // The count is a stranger's: nothing is reserved for it.
        let mut records = Vec::new();
        for number in 1..=count {
            let record = self.record().ok_or_else(|| {
                format!("record {number} of {count} of the {section} section cannot be read")
            })?;
            if !presentation::is_sound(&record) {
                let word = name(TYPES, record.kind).unwrap_or_default();
                return Err(format!(
                    "record {number} of the {section} section is not a sound {word} record"
                ));
            }
            records.push(record);
        }
        Ok(records)
    }

    fn record(&mut self) -> Option<Record> {
        let Query { name, kind, class } = self.query()?;
        let ttl = u32::from(self.number()?) << 16 | u32::from(self.number()?);
        let length = usize::from(self.number()?);
        // Names in the data may point anywhere before its end.
        let known = self.bytes.get(..self.at + length)?;
        let data = uncompressed(known, self.at, kind)?.into();
        self.at = known.len();
        Some(Record { name, kind, class, ttl, data })
    }
}

/// The data from `at` to the end, with its names written out.
fn uncompressed(message: &[u8], mut at: usize, record_type: u16) -> Option<Vec<u8>> {
    let (skipped, strings, names) = places(record_type);
    let mut data = Vec::with_capacity(message.len() - at);
    let mut copy = |from: &mut usize, length: usize| {
        let end = message.len().min(*from + length);
        data.extend_from_slice(&message[*from..end]);
        *from = end;
    };
    copy(&mut at, skipped);
    for _ in 0..strings {
        let length = message.get(at).map_or(0, |length| usize::from(*length) + 1);
        copy(&mut at, length);
    }
    for _ in 0..names {
        if at == message.len() {
            break;
        }
        let (name, end) = Name::read(message, at)?;
        data.extend_from_slice(name.wire());
        at = end;
    }
    data.extend_from_slice(message.get(at..)?);
    Some(data)
}

/// Where the names of a type's data stand: behind so many bytes and so many strings come so many names. Types younger
/// than RFC 3597 may not compress theirs, but some servers do.
fn places(record_type: u16) -> (usize, usize, usize) {
    match record_type {
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, NSAP-PTR, NXT, DNAME, NSEC
        2..=5 | 7..=9 | 12 | 23 | 30 | 39 | 47 => (0, 0, 1),
        // SOA, MINFO, RP, TALINK
        6 | 14 | 17 | 58 => (0, 0, 2),
        // MX, AFSDB, RT, KX, SVCB, HTTPS, LP
        15 | 18 | 21 | 36 | 64 | 65 | 107 => (2, 0, 1),
        // PX
        26 => (2, 0, 2),
        // SRV
        33 => (6, 0, 1),
        // NAPTR
        35 => (4, 3, 1),
        // SIG, RRSIG
        24 | 46 => (18, 0, 1),
        _ => (0, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `a.org.` asked for, and one record with this owner and data behind it.
    fn message(owner: &[u8], record_type: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 7, 0x84, 0x23, 0, 1, 0, 1, 0, 0, 0, 0];
        bytes.extend([1, b'a', 3, b'o', b'r', b'g', 0, 0, 1, 0, 1]);
        bytes.extend_from_slice(owner);
        bytes.extend(record_type.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 1, 44]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn a_message_is_read_as_it_stands() {
        let bytes = message(&[0xc0, 12], 15, &[0, 10, 2, b'M', b'x', 0xc0, 14]);
        let read = Message::read(&bytes).unwrap();
        assert_eq!(read.rcode, 3);
        assert!(read.is_authoritative() && read.is_authenticated() && !read.is_truncated());
        assert_eq!(read.queries[0].name.presentation(), "a.org.");
        let record = &read.answers[0];
        assert_eq!(record.name.presentation(), "a.org.");
        assert_eq!((record.kind, record.class, record.ttl), (15, 1, 300));
        assert_eq!(*record.data, *b"\x00\x0a\x02Mx\x03org\x00");
    }

    #[test]
    fn names_are_written_out_wherever_they_stand() {
        for (record_type, before, after) in [
            (2, &[][..], &[][..]),
            (33, &[0, 1, 0, 2, 0, 3][..], &[][..]),
            (35, &[0, 1, 0, 2, 1, b'u', 0, 2, b'!', b'!'][..], &[][..]),
            (46, &[0, 1, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4][..], &[9, 9][..]),
            (47, &[][..], &[0, 1, 0x40][..]),
            (65, &[0, 1][..], &[0, 3, 0, 2, 1, 187][..]),
        ] {
            let data = [before, &[0xc0, 12], after].concat();
            let read = Message::read(&message(&[0], record_type, &data)).unwrap();
            let wanted = [before, b"\x01a\x03org\x00", after].concat();
            assert_eq!(*read.answers[0].data, *wanted, "{record_type}");
        }
    }

    #[test]
    fn an_opt_record_completes_the_response_code() {
        let mut bytes = message(&[0], 41, &[]);
        (bytes[7], bytes[11]) = (0, 1);
        let ttl = bytes.len() - 6;
        bytes[ttl] = 1;
        let read = Message::read(&bytes).unwrap();
        assert_eq!(read.rcode, 19);
        assert!(read.additionals[0].is_opt());
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (bytes, wanted) in [
            (
                message(&[0], 1, &[192, 0, 2]),
                "record 1 of the answer section is not a sound A record",
            ),
            (
                message(&[0xc0, 23], 1, &[1, 2, 3, 4]),
                "record 1 of 1 of the answer section cannot be read",
            ),
            (message(&[0], 2, &[3, b'a']), "cannot be read"),
            (message(&[0], 2, &[0, 0]), "not a sound NS record"),
            (message(&[0], 1, &[1, 2, 3, 4])[..30].to_vec(), "cannot be read"),
            (vec![0, 7, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5], "the question cannot be read"),
        ] {
            let error = Message::read(&bytes).err().unwrap();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn a_header_alone_is_an_answer() {
        let read = Message::read(&[0, 7, 0x80, 5, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!((read.rcode, read.queries.len()), (5, 0));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Message::read(&bytes);
        }

        #[test]
        fn no_data_panics(record_type: u16, data: Vec<u8>) {
            let _ = Message::read(&message(&[0xc0, 12], record_type, &data));
        }
    }
}
