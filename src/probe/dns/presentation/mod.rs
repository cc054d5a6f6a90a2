//! Records as text, character for character as Go's miekg/dns prints them: what the patterns of a `blackbox.yml` are
//! written against.
//!
//! Contract: owner, TTL, class, type and data, with TABs between them; names keep the case in which they were sent; a
//! type that library does not know is written as RFC 3597 has it. `records.txt` holds the lines it printed for the same
//! bytes. Three types that no answer to a check carries are written in the unknown form: TKEY, TSIG and, with options,
//! OPT.

mod bits;
mod gateway;
mod location;
mod parameters;
mod part;
mod prefixes;

use std::fmt::Write;

use self::part::{Part, Source};
use super::{
    escape::hex,
    message::Record,
    registry::{CLASSES, TYPES, name},
};

/// A record as one line.
pub(super) fn line(record: &Record) -> String {
    let (owner, ttl) = (record.name.presentation(), record.ttl);
    let kind = record.kind;
    if record.is_opt() {
        return pseudosection(record);
    }
    if let Some((word, data)) = name(TYPES, kind).zip(data(kind, &record.data)) {
        // What has no presentation format is a comment.
        let comment = if kind == 10 { ";" } else { "" };
        return format!("{comment}{owner}\t{ttl}\t{}\t{word}\t{data}", class_word(record.class));
    }
    let (class, length) = (record.class, record.data.len());
    format!("{owner}\t{ttl}\tCLASS{class}\tTYPE{kind}\t\\# {length} {}", hex(&record.data))
}

/// Whether a record's data are what its type says.
pub(super) fn is_sound(record: &Record) -> bool {
    !is_known(record.kind) || data(record.kind, &record.data).is_some()
}

/// `ANY` is a type too, so as a class it has only its number.
fn class_word(class: u16) -> String {
    match name(CLASSES, class) {
        Some(word) if name(TYPES, class) != Some(word) => word.to_owned(),
        _ => format!("CLASS{class}"),
    }
}

/// A type by its name or number.
fn type_word(record_type: u16) -> String {
    name(TYPES, record_type).map_or_else(|| format!("TYPE{record_type}"), str::to_owned)
}

fn is_known(record_type: u16) -> bool {
    matches!(record_type, 29 | 42 | 45 | 55 | 260) || layout(record_type).is_some()
}

/// The data of a known type; `None` where they are not what the type says.
fn data(record_type: u16, bytes: &[u8]) -> Option<String> {
    let mut from = Source(bytes);
    let text = match record_type {
        29 => location::text(&mut from)?,
        42 => prefixes::text(&mut from)?,
        45 => gateway::ipseckey(&mut from)?,
        55 => gateway::hip(&mut from)?,
        260 => gateway::amtrelay(&mut from)?,
        _ => joined(layout(record_type)?, &mut from)?,
    };
    from.0.is_empty().then_some(text)
}

fn joined(layout: &[Part], from: &mut Source<'_>) -> Option<String> {
    let mut out = String::new();
    for (at, part) in layout.iter().enumerate() {
        // Data may end before any of its parts: what is missing is zero or empty.
        let text = if from.0.is_empty() { part.missing() } else { part.read(from)? };
        if at > 0 && !(part.is_list() && text.is_empty()) {
            out.push(' ');
        }
        out.push_str(&text);
    }
    Some(out)
}

fn layout(record_type: u16) -> Option<&'static [Part]> {
    use Part::{
        Algorithm, Bare, Base64, CertificateType, Eui48, Eui64, Hash, Hex, HexLines, Ip4, Ip6,
        Locator, Name, NodeId, Octets, Parameters, Quoted, Raw, Salt, Strings, Time, Type, Types,
        U8, U16, U32, UpperHex,
    };
    Some(match record_type {
        1 => &[Ip4],
        28 => &[Ip6],
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, NSAP-PTR, DNAME
        2..=5 | 7..=9 | 12 | 23 | 39 => &[Name],
        // SOA
        6 => &[Name, Name, U32, U32, U32, U32, U32],
        // NULL
        10 => &[Raw],
        // HINFO, ISDN
        13 | 20 => &[Quoted, Quoted],
        // MINFO, RP, TALINK
        14 | 17 | 58 => &[Name, Name],
        // MX, AFSDB, RT, KX, LP
        15 | 18 | 21 | 36 | 107 => &[U16, Name],
        // TXT, NINFO, SPF, AVC, RESINFO
        16 | 56 | 99 | 258 | 261 => &[Strings],
        // X25
        19 => &[Bare],
        // SIG, RRSIG
        24 | 46 => &[Type, U8, U8, U32, Time, Time, U16, Name, Base64],
        // KEY, DNSKEY, RKEY, CDNSKEY
        25 | 48 | 57 | 60 => &[U16, U8, U8, Base64],
        // PX
        26 => &[U16, Name, Name],
        // GPOS
        27 => &[Bare, Bare, Bare],
        // NXT, NSEC
        30 | 47 => &[Name, Types],
        // EID, NIMLOC
        31 | 32 => &[UpperHex],
        // SRV
        33 => &[U16, U16, U16, Name],
        // NAPTR
        35 => &[U16, U16, Quoted, Quoted, Quoted, Name],
        // CERT
        37 => &[CertificateType, U16, Algorithm, Base64],
        // DS, CDS, TA, DLV
        43 | 59 | 32768 | 32769 => &[U16, U8, U8, UpperHex],
        // SSHFP
        44 => &[U8, U8, UpperHex],
        // DHCID, OPENPGPKEY
        49 | 61 => &[Base64],
        // NSEC3, NSEC3PARAM
        50 => &[U8, U8, U16, Salt, Hash, Types],
        51 => &[U8, U8, U16, Salt],
        // TLSA, SMIMEA
        52 => &[U8, U8, U8, Hex],
        53 => &[U8, U8, U8, HexLines],
        // CSYNC
        62 => &[U32, U16, Types],
        // ZONEMD
        63 => &[U32, U8, U8, Hex],
        // SVCB, HTTPS
        64 | 65 => &[U16, Name, Parameters],
        // UINFO
        100 => &[Quoted],
        // UID, GID
        101 | 102 => &[U32],
        104 => &[U16, NodeId],
        105 => &[U16, Ip4],
        106 => &[U16, Locator],
        108 => &[Eui48],
        109 => &[Eui64],
        // NXNAME, ANY: no data at all
        128 | 255 => &[],
        // URI, CAA
        256 => &[U16, U16, Octets],
        257 => &[U8, Bare, Octets],
        _ => return None,
    })
}

/// OPT has no line: what it says in its header, and its options by number (RFC 6891, section 6).
fn pseudosection(opt: &Record) -> String {
    let flags = match (opt.ttl & 0x8000 != 0, opt.ttl & 0x4000 != 0) {
        (true, true) => "flags: do, co; ",
        (true, false) => "flags: do; ",
        (false, _) => "flags:; ",
    };
    let reserved = match opt.ttl & 0x7fff {
        0 => String::new(),
        bits => format!("MBZ: 0x{bits:04x}, "),
    };
    let [_, version, ..] = opt.ttl.to_be_bytes();
    let mut out = format!(
        "\n;; OPT PSEUDOSECTION:\n; EDNS: version {version}; {flags}{reserved}udp: {}",
        opt.class
    );
    let mut from = Source(&opt.data);
    while let Some((code, value)) =
        from.u16().zip(from.u16().and_then(|length| from.take(length.into())))
    {
        // A String takes everything.
        let _ = write!(out, "\n; LOCAL OPT: {code}:0x{}", hex(value));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::probe::dns::{escape::from_hex, message::Message, name::Name};

    /// A message whose only record this is.
    fn around(record: &[u8]) -> Vec<u8> {
        [&[0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0], record].concat()
    }

    /// Each row holds a record's bytes and the line miekg/dns 1.1.68 printed for it, or `!` where it refused them; `|`
    /// is where the line ends.
    #[test]
    fn lines_are_those_of_the_peer() {
        let mut rows = 0;
        for row in include_str!("records.txt").lines() {
            let (bytes, wanted) = row.split_once(' ').unwrap();
            let read = Message::read(&around(&from_hex(bytes).unwrap()));
            match wanted.strip_suffix('|') {
                Some(wanted) => {
                    let read = read.unwrap_or_else(|error| panic!("{wanted}: {error}"));
                    assert_eq!(line(&read.answers[0]), wanted);
                }
                None => assert!(read.is_err(), "{row}"),
            }
            rows += 1;
        }
        assert!(rows > 190);
    }

    fn opt(ttl: u32, data: &[u8]) -> Record {
        let name = Name::written(".").unwrap();
        Record { name, kind: 41, class: 1232, ttl, data: data.into() }
    }

    #[test]
    fn the_opt_record_is_a_pseudosection() {
        let head = "\n;; OPT PSEUDOSECTION:\n; EDNS: version 0; ";
        assert_eq!(line(&opt(0, &[])), format!("{head}flags:; udp: 1232"));
        assert_eq!(line(&opt(0x8000, &[])), format!("{head}flags: do; udp: 1232"));
        let option = [0xfd, 0xe9, 0, 2, 1, 0xff];
        let wanted = format!("{head}flags:; MBZ: 0x0001, udp: 1232\n; LOCAL OPT: 65001:0x01ff");
        assert_eq!(line(&opt(1, &option)), wanted);
    }

    proptest! {
        #[test]
        fn any_data_have_one_line(kind: u16, class: u16, bytes: Vec<u8>) {
            let name = Name::written("a.example").unwrap();
            let record = Record { name, kind, class, ttl: 1, data: bytes.into() };
            let shown = line(&record);
            // NULL shows what it holds.
            prop_assert!(matches!(kind, 10 | 41) || !shown.contains('\n'));
            let _ = is_sound(&record);
        }
    }
}
