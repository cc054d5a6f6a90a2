//! The one text that stands for a record's data, and the same for what a user wrote.
//!
//! Two texts mean the same data exactly when their canonical forms are equal: names in lower case with the final dot,
//! numbers without leading zeros, addresses compressed, hexadecimal in lower case, the strings of a TXT record joined
//! and without quotes. Both directions follow one table of layouts, so they cannot drift apart. A type without a layout
//! is written as RFC 3597 has it: `\# LENGTH HEX`.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::{Engine, prelude::BASE64_STANDARD};
use hickory_proto::{
    rr::Name,
    serialize::binary::{BinDecodable, BinDecoder},
};

use super::{
    escape::{self, Word, escaped, from_hex, hex, push_decimal, quoted, unescaped, words},
    service,
    words::QueryType,
};

/// The canonical text of a record's data.
pub(super) fn text(record_type: u16, bytes: &[u8]) -> String {
    let known = layout(record_type).and_then(|layout| {
        let mut rest = BinDecoder::new(bytes);
        let fields: Option<Vec<String>> =
            layout.iter().map(|field| field.read(&mut rest)).collect();
        rest.is_empty().then_some(fields?.join(" ").trim_end().to_owned())
    });
    known.unwrap_or_else(|| generic(bytes))
}

/// The canonical form of what a user wrote for data of this type, or why it can never be found.
pub(super) fn canonical(record_type: u16, written: &str) -> Result<String, String> {
    if let Some(generic) = written.strip_prefix("\\#") {
        return canonical_generic(record_type, generic);
    }
    let Some(layout) = layout(record_type) else {
        return Err(format!(
            "data of type {} is written as `\\# LENGTH HEX` (RFC 3597)",
            QueryType(record_type)
        ));
    };
    if *layout == [Field::Joined] {
        return joined(written);
    }
    let mut words = words(written)?.into_iter();
    let mut out = Vec::with_capacity(layout.len());
    for field in layout {
        out.push(field.canonical(&mut words)?);
    }
    match words.next() {
        Some(extra) => Err(format!("`{}` is too much", extra.text)),
        None => Ok(out.join(" ").trim_end().to_owned()),
    }
}

/// A part of a record's data: how its bytes are written and how its text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Ip4,
    Ip6,
    U8,
    U16,
    U32,
    Name,
    /// A character string, in quotes.
    Quoted,
    /// A character string that is a word: the tag of CAA.
    Word,
    /// All that is left, in quotes.
    QuotedRest,
    /// All strings that are left, as one, without quotes: TXT.
    Joined,
    HexRest,
    Base64Rest,
    /// A record type by its mnemonic.
    Covered,
    /// The parameters of SVCB and HTTPS.
    ServiceRest,
}

fn layout(record_type: u16) -> Option<&'static [Field]> {
    use Field::{
        Base64Rest, Covered, HexRest, Ip4, Ip6, Joined, Name, Quoted, QuotedRest, ServiceRest, U8,
        U16, U32, Word,
    };
    Some(match record_type {
        1 => &[Ip4],
        28 => &[Ip6],
        // NS, CNAME, PTR, DNAME, ANAME
        2 | 5 | 12 | 39 | 65305 => &[Name],
        // SOA
        6 => &[Name, Name, U32, U32, U32, U32, U32],
        // HINFO
        13 => &[Quoted, Quoted],
        // MX, AFSDB, KX
        15 | 18 | 36 => &[U16, Name],
        // TXT, SPF
        16 | 99 => &[Joined],
        // RP
        17 => &[Name, Name],
        // KEY, DNSKEY, CDNSKEY
        25 | 48 | 60 => &[U16, U8, U8, Base64Rest],
        // SRV
        33 => &[U16, U16, U16, Name],
        // NAPTR
        35 => &[U16, U16, Quoted, Quoted, Quoted, Name],
        // CERT
        37 => &[U16, U16, U8, Base64Rest],
        // DS, CDS, DLV
        43 | 59 | 32769 => &[U16, U8, U8, HexRest],
        // SSHFP
        44 => &[U8, U8, HexRest],
        // RRSIG, its two times as seconds since the epoch
        46 => &[Covered, U8, U8, U32, U32, U32, U16, Name, Base64Rest],
        // TLSA, SMIMEA
        52 | 53 => &[U8, U8, U8, HexRest],
        // OPENPGPKEY
        61 => &[Base64Rest],
        // ZONEMD
        63 => &[U32, U8, U8, HexRest],
        // SVCB, HTTPS
        64 | 65 => &[U16, Name, ServiceRest],
        // URI
        256 => &[U16, U16, QuotedRest],
        // CAA
        257 => &[U8, Word, QuotedRest],
        _ => return None,
    })
}

/// RFC 3597, section 5.
fn generic(bytes: &[u8]) -> String {
    format!("\\# {} {}", bytes.len(), hex(bytes)).trim_end().to_owned()
}

/// The generic form of a type with a layout means the same data as the type's own form.
fn canonical_generic(record_type: u16, written: &str) -> Result<String, String> {
    let mut words = written.split_ascii_whitespace();
    let length = words.next().and_then(|length| length.parse::<usize>().ok());
    let bytes = from_hex(&words.collect::<String>())?;
    if length != Some(bytes.len()) {
        return Err(format!("after `\\#` comes the number of bytes, here {}", bytes.len()));
    }
    Ok(text(record_type, &bytes))
}

impl Field {
    /// Writes the field at the head of the data; `None` where the bytes do not fit the layout.
    pub(super) fn read(self, from: &mut BinDecoder<'_>) -> Option<String> {
        Some(match self {
            Self::Ip4 => Ipv4Addr::from(<[u8; 4]>::try_from(slice(from, 4)?).ok()?).to_string(),
            Self::Ip6 => Ipv6Addr::from(<[u8; 16]>::try_from(slice(from, 16)?).ok()?).to_string(),
            Self::U8 => from.read_u8().ok()?.unverified().to_string(),
            Self::U16 => from.read_u16().ok()?.unverified().to_string(),
            Self::U32 => from.read_u32().ok()?.unverified().to_string(),
            Self::Covered => QueryType(from.read_u16().ok()?.unverified()).to_string(),
            Self::Name => name_text(&Name::read(from).ok()?),
            Self::Quoted => quoted(from.read_character_data().ok()?.unverified()),
            Self::Word => tag(from.read_character_data().ok()?.unverified())?,
            Self::QuotedRest => quoted(rest_of(from)?),
            Self::HexRest => hex(rest_of(from)?),
            Self::Base64Rest => BASE64_STANDARD.encode(rest_of(from)?),
            Self::Joined => {
                let mut joined = Vec::with_capacity(from.len());
                while !from.is_empty() {
                    joined.extend_from_slice(from.read_character_data().ok()?.unverified());
                }
                escaped(&joined)
            }
            Self::ServiceRest => service::parameters(from)?,
        })
    }

    /// Reads the field from the next words and writes it as [`Self::read`] would.
    fn canonical(self, words: &mut impl Iterator<Item = Word>) -> Result<String, String> {
        match self {
            Self::HexRest => from_hex(&escape::rest(words)).map(|bytes| hex(&bytes)),
            Self::Base64Rest => {
                let text = escape::rest(words);
                let bytes = BASE64_STANDARD.decode(&text);
                bytes
                    .map(|bytes| BASE64_STANDARD.encode(bytes))
                    .map_err(|_| format!("`{text}` is not base64"))
            }
            Self::ServiceRest => service::canonical(words),
            single => single.of_word(&words.next().ok_or("something is missing at the end")?),
        }
    }

    pub(super) fn of_word(self, word: &Word) -> Result<String, String> {
        let text = word.text.as_str();
        let fail = |what: &str| format!("`{text}` is not {what}");
        match self {
            Self::Ip4 => text
                .parse::<Ipv4Addr>()
                .map(|address| address.to_string())
                .map_err(|_| fail("an IPv4 address")),
            Self::Ip6 => text
                .parse::<Ipv6Addr>()
                .map(|address| address.to_string())
                .map_err(|_| fail("an IPv6 address")),
            Self::U8 => number(text, u8::MAX.into()).ok_or_else(|| fail("a number up to 255")),
            Self::U16 => number(text, u16::MAX.into()).ok_or_else(|| fail("a number up to 65535")),
            Self::U32 => number(text, u32::MAX).ok_or_else(|| fail("a number of 32 bits")),
            Self::Covered => text.parse::<QueryType>().map(|kind| kind.to_string()),
            Self::Name => canonical_name(text),
            Self::Word => tag(text.as_bytes()).ok_or_else(|| fail("a tag of letters and digits")),
            _ => Ok(quoted(&unescaped(text)?)),
        }
    }
}

pub(super) fn slice<'a>(from: &mut BinDecoder<'a>, length: usize) -> Option<&'a [u8]> {
    Some(from.read_slice(length).ok()?.unverified())
}

pub(super) fn rest_of<'a>(from: &mut BinDecoder<'a>) -> Option<&'a [u8]> {
    let length = from.len();
    slice(from, length)
}

/// Letters and digits only (RFC 8659, section 4.1).
fn tag(bytes: &[u8]) -> Option<String> {
    let plain = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_alphanumeric);
    plain.then(|| bytes.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect())
}

fn number(text: &str, max: u32) -> Option<String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = text.parse().ok().filter(|number| digits && *number <= max)?;
    Some(number.to_string())
}

/// A name in lower case with its final dot, special characters escaped as in a zone file (RFC 1035, section 5.1).
fn name_text(name: &Name) -> String {
    let mut out = String::with_capacity(name.len() + 1);
    for label in name {
        for byte in label.iter().map(u8::to_ascii_lowercase) {
            match byte {
                b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                    out.extend(['\\', char::from(byte)]);
                }
                b'!'..=b'~' => out.push(char::from(byte)),
                other => push_decimal(&mut out, other),
            }
        }
        out.push('.');
    }
    if out.is_empty() { ".".into() } else { out }
}

fn canonical_name(text: &str) -> Result<String, String> {
    if !text.is_ascii() {
        let mut name =
            Name::from_utf8(text).map_err(|error| format!("`{text}` is not a name: {error}"))?;
        name.set_fqdn(true);
        return Ok(name_text(&name));
    }
    let mut name = text.to_ascii_lowercase();
    // A dot after a backslash is part of the last label.
    if !name.ends_with('.') || name.ends_with("\\.") {
        name.push('.');
    }
    Ok(name)
}

/// TXT: the strings joined. What begins with a quote is read as in a zone file, anything else is the content itself.
fn joined(written: &str) -> Result<String, String> {
    if !written.trim_start().starts_with('"') {
        return unescaped(written).map(|bytes| escaped(&bytes));
    }
    let mut content = Vec::new();
    for word in words(written)? {
        content.extend(unescaped(&word.text)?);
    }
    Ok(escaped(&content))
}

#[cfg(test)]
mod tests {
    use hickory_proto::{
        rr::{
            RData,
            rdata::{A, CAA, MX, NULL, SOA, SRV, TXT},
        },
        serialize::binary::BinEncodable,
    };
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn of(kind: &str) -> u16 {
        kind.parse::<QueryType>().unwrap().0
    }

    fn of_data(data: &RData) -> String {
        text(data.record_type().into(), &data.to_bytes().unwrap())
    }

    fn means(kind: &str, written: &str) -> String {
        canonical(of(kind), written).unwrap()
    }

    #[test]
    fn every_common_type_has_its_text() {
        let soa = SOA::new(name("NS.example.org."), name("host.example.org."), 7, 1, 2, -1, 4);
        for (data, wanted) in [
            (RData::A(A::new(192, 0, 2, 1)), "192.0.2.1"),
            (RData::AAAA("2001:DB8::1".parse().unwrap()), "2001:db8::1"),
            (RData::MX(MX::new(10, name("Mail.Example.org."))), "10 mail.example.org."),
            (RData::MX(MX::new(0, Name::root())), "0 ."),
            (RData::SRV(SRV::new(1, 2, 443, name("a.example."))), "1 2 443 a.example."),
            (RData::SOA(soa), "ns.example.org. host.example.org. 7 1 2 4294967295 4"),
            (
                RData::TXT(TXT::from_bytes(vec![b"v=spf1 ", b"\"-all\"\xff\\"])),
                r#"v=spf1 \"-all\"\255\\"#,
            ),
            (
                RData::CAA(CAA::new_issue(true, Some(name("ca.example.")), vec![])),
                "128 issue \"ca.example\"",
            ),
        ] {
            let shown = of_data(&data);
            // hickory decides about the dot of CAA's issuer.
            assert_eq!(shown.replace(".\"", "\""), wanted);
            assert_eq!(canonical(data.record_type().into(), &shown), Ok(shown));
        }
    }

    #[test]
    fn dnssec_and_unknown_types_from_their_bytes() {
        let unknown = |code: u16, bytes: &[u8]| text(code, bytes);
        let rdata = NULL::with(vec![1, 0xff]);
        assert_eq!(of_data(&RData::Unknown { code: 65280.into(), rdata }), "\\# 2 01ff");
        assert_eq!(unknown(43, &[0x12, 0x34, 13, 2, 0xab, 0xcd]), "4660 13 2 abcd");
        assert_eq!(unknown(48, &[1, 1, 3, 13, 0xff, 0xff]), "257 3 13 //8=");
        assert_eq!(unknown(65280, &[1, 0xff]), "\\# 2 01ff");
        assert_eq!(unknown(65280, &[]), "\\# 0");
        // Too short for its layout: shown as it is.
        assert_eq!(unknown(43, &[1]), "\\# 1 01");
        let https = [0, 1, 0, 0, 1, 0, 6, 2, b'h', b'2', 2, b'h', b'3', 0, 3, 0, 2, 1, 187];
        assert_eq!(unknown(65, &https), "1 . alpn=h2,h3 port=443");
    }

    #[test]
    fn what_users_write_is_brought_into_form() {
        assert_eq!(means("MX", "010  MAIL.example.org"), "10 mail.example.org.");
        assert_eq!(means("CNAME", "Bücher.example"), "xn--bcher-kva.example.");
        assert_eq!(means("AAAA", "2001:0DB8:0:0::1"), "2001:db8::1");
        assert_eq!(means("TXT", "v=spf1 -all"), means("TXT", "\"v=spf1\" \" -all\""));
        assert_eq!(means("TXT", "grün"), r"gr\195\188n");
        assert_eq!(means("CAA", "0 ISSUE letsencrypt.org"), "0 issue \"letsencrypt.org\"");
        assert_eq!(means("DS", "4660 13 2 AB CD"), "4660 13 2 abcd");
        assert_eq!(means("A", "\\# 4 C0000201"), "192.0.2.1");
        assert_eq!(means("HTTPS", "1 . port=443 alpn=\"h2,h3\""), "1 . alpn=h2,h3 port=443");
        assert_eq!(means("NAPTR", "1 2 u \"E2U+sip\" \"\" ."), "1 2 \"u\" \"E2U+sip\" \"\" .");
    }

    #[test]
    fn what_cannot_be_found_says_why() {
        for (kind, written, why) in [
            ("A", "192.0.2", "is not an IPv4 address"),
            ("A", "2001:db8::1", "is not an IPv4 address"),
            ("MX", "mail.example.org", "is not a number up to 65535"),
            ("MX", "10", "missing"),
            ("MX", "10 a b", "`b` is too much"),
            ("SRV", "1 2 99999 a.", "is not a number up to 65535"),
            ("DS", "1 2 3 xyz", "is not hexadecimal"),
            ("TXT", "\"open", "a quote is not closed"),
            ("TXT", "a\\", "lone backslash"),
            ("TXT", "\\999", "is not a byte"),
            ("TYPE65280", "abc", "RFC 3597"),
            ("A", "\\# 3 C0000201", "number of bytes"),
        ] {
            let error = canonical(of(kind), written).unwrap_err();
            assert!(error.contains(why), "{kind} {written}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_text_that_means_itself(number: u16, bytes: Vec<u8>) {
            let kind = number;
            let shown = text(kind, &bytes);
            prop_assert!(shown.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            if layout(kind).is_none() || shown.starts_with("\\#") {
                prop_assert_eq!(canonical(kind, &shown), Ok(shown));
            }
        }

        #[test]
        fn whole_answers_mean_themselves(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            at in 0_usize..LAYOUTS.len(),
        ) {
            let kind = LAYOUTS[at];
            let shown = text(kind, &bytes);
            if !is_exempt(LAYOUTS[at]) {
                prop_assert_eq!(canonical(kind, &shown), Ok(shown));
            }
        }

        #[test]
        fn text_records_mean_themselves(strings: Vec<Vec<u8>>) {
            let strings: Vec<&[u8]> =
                strings.iter().map(|one| &one[..one.len().min(255)]).collect();
            let shown = of_data(&RData::TXT(TXT::from_bytes(strings)));
            prop_assert_eq!(canonical(16, &shown), Ok(shown));
        }

        #[test]
        fn the_case_of_names_does_not_matter(labels in "[a-zA-Z0-9_-]{1,20}(\\.[a-zA-Z0-9-]{1,20}){0,3}") {
            let upper = canonical(5, &labels.to_ascii_uppercase());
            let dotted = canonical(5, &format!("{}.", labels.to_ascii_lowercase()));
            prop_assert_eq!(upper, dotted);
        }

        #[test]
        fn nothing_a_user_writes_panics(number: u16, written: String) {
            let _ = canonical(number, &written);
        }

        #[test]
        fn hexadecimal_is_read_back(bytes: Vec<u8>) {
            prop_assert_eq!(from_hex(&hex(&bytes)), Ok(bytes));
        }
    }

    const LAYOUTS: [u16; 27] = [
        1, 28, 2, 5, 12, 39, 6, 13, 15, 16, 17, 25, 48, 33, 35, 37, 43, 44, 46, 52, 61, 63, 64, 65,
        99, 256, 257,
    ];

    /// Service parameters may hold spaces and keys out of order, which no text of them can show unambiguously.
    fn is_exempt(number: u16) -> bool {
        matches!(number, 64 | 65)
    }
}
