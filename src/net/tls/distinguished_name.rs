//! Distinguished names as text: RFC 2253 (now RFC 4514), most specific first, as Go and `openssl -nameopt RFC2253` print them.

use std::borrow::Cow;

use x509_parser::{
    der_parser::asn1_rs::Tag,
    x509::{AttributeTypeAndValue, X509Name},
};

use super::certificate::{clean, hex};

/// As Go's `pkix.Name.String()` writes it: the attributes it knows in an order of its own, those of one type together as
/// one RDN; then the others by number, the last first, with the DER of their text in hex. Control characters are not
/// passed on as Go does.
pub(super) fn write_as_go(name: &X509Name<'_>) -> String {
    let attributes: Vec<(String, Cow<'_, str>)> = name
        .iter_attributes()
        .map(|one| {
            let lossy = || String::from_utf8_lossy(one.attr_value().data);
            (one.attr_type().to_id_string(), text(one).unwrap_or_else(lossy))
        })
        .collect();
    let mut parts = Vec::new();
    for (oid, keyword, single) in GO_ORDER {
        let mut values = attributes.iter().filter(|(own, _)| own == oid).map(|(_, value)| value);
        let written = |value: &Cow<'_, str>| format!("{keyword}={}", escaped_as_go(value));
        if single {
            parts.extend(values.next_back().filter(|value| !value.is_empty()).map(written));
        } else {
            let all: Vec<_> = values.map(written).collect();
            parts.extend((!all.is_empty()).then(|| all.join("+")));
        }
    }
    let known = |oid: &str| GO_ORDER.iter().any(|(own, ..)| *own == oid);
    for (oid, value) in attributes.iter().rev().filter(|(oid, _)| !known(oid)) {
        parts.push(format!("{oid}=#{}", hex(&der_of(value))));
    }
    parts.join(",")
}

/// Number, keyword, and whether Go keeps only the last value.
const GO_ORDER: [(&str, &str, bool); 9] = [
    ("2.5.4.5", "SERIALNUMBER", true),
    ("2.5.4.3", "CN", true),
    ("2.5.4.11", "OU", false),
    ("2.5.4.10", "O", false),
    ("2.5.4.17", "POSTALCODE", false),
    ("2.5.4.9", "STREET", false),
    ("2.5.4.7", "L", false),
    ("2.5.4.8", "ST", false),
    ("2.5.4.6", "C", false),
];

fn escaped_as_go(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let escape = match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => at == 0 || at + 1 == text.len(),
            '#' => at == 0,
            _ => false,
        };
        if escape {
            out.push('\\');
        }
        out.push(clean(c));
    }
    out
}

/// A text as Go's `asn1.Marshal` encodes it: a PrintableString where it can be one, else a UTF8String.
fn der_of(text: &str) -> Vec<u8> {
    let printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    let tag = if text.bytes().all(printable) { 0x13 } else { 0x0c };
    let length = text.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut der = vec![tag];
    match (text.len(), u8::try_from(significant.len())) {
        (0, _) => der.push(0),
        (..=0x7f, _) => der.extend(significant),
        (_, count) => {
            der.push(0x80 | count.unwrap_or_default());
            der.extend(significant);
        }
    }
    der.extend(text.as_bytes());
    der
}

/// `CN=localhost,O=Test`
pub(super) fn write(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(attribute).collect::<Vec<_>>().join("+"))
        .collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    match (keyword(&oid), text(attribute)) {
        (Some(keyword), Some(text)) => format!("{keyword}={}", escaped(&text)),
        // RFC 4514, 2.4: a type without a keyword has its value in hex.
        (keyword, _) => {
            let value = attribute.attr_value();
            format!("{}=#{}", keyword.unwrap_or(&oid), hex(value.data))
        }
    }
}

fn keyword(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "SERIALNUMBER",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.17" => "POSTALCODE",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

fn text<'a>(attribute: &'a AttributeTypeAndValue<'_>) -> Option<Cow<'a, str>> {
    let value = attribute.attr_value();
    match value.tag() {
        Tag::BmpString => {
            // Some write it with the zero that ends strings in C.
            let data = value.data.strip_suffix(&[0, 0]).unwrap_or(value.data);
            let units = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            Some(
                char::decode_utf16(units)
                    .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect(),
            )
        }
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            Some(String::from_utf8_lossy(value.data))
        }
        // T.61 in the standard, Latin-1 in practice.
        Tag::TeletexString => Some(value.data.iter().copied().map(char::from).collect()),
        _ => None,
    }
}

/// RFC 4514, 2.4; control characters in hex, or they would reach terminals.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    out.push('\\');
                    out.push_str(&hex(&[byte]));
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::FromDer;

    use super::*;

    /// A name of the attributes `(number, tag, value)`, one RDN each.
    fn name(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let tlv = |tag: u8, value: &[u8]| {
            let len = u8::try_from(value.len()).unwrap();
            let long: &[u8] = if len < 0x80 { &[] } else { &[0x81] };
            [&[tag], long, &[len], value].concat()
        };
        let rdn = |(oid, tag, value): &(&[u8], u8, &[u8])| {
            tlv(0x31, &tlv(0x30, &[tlv(0x06, oid), tlv(*tag, value)].concat()))
        };
        tlv(0x30, &attributes.iter().map(rdn).collect::<Vec<_>>().concat())
    }

    fn as_go(attributes: &[(&[u8], u8, &[u8])]) -> String {
        let der = name(attributes);
        write_as_go(&X509Name::from_der(&der).unwrap().1)
    }

    /// What Go 1.26 prints of the same names.
    #[test]
    fn go_has_an_order_of_its_own_and_numbers_for_what_it_does_not_know() {
        let (cn, ou, o, c, st, serial) = (
            b"\x55\x04\x03",
            b"\x55\x04\x0b",
            b"\x55\x04\x0a",
            b"\x55\x04\x06",
            b"\x55\x04\x08",
            b"\x55\x04\x05",
        );
        let email = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";
        let category = b"\x55\x04\x0f";
        assert_eq!(
            as_go(&[
                (email, 0x16, b"a@b.test"),
                (cn, 0x0c, b"first"),
                (o, 0x0c, b"Acme, Inc."),
                (ou, 0x0c, b"one"),
                (category, 0x0c, b"Private Organization"),
                (c, 0x13, b"JP"),
                (ou, 0x14, b"zw\xf6i "),
                (st, 0x1e, b"\x00#\x00x\x00\x00"),
                (serial, 0x13, b""),
                (cn, 0x0c, b" caf\xc3\xa9\x0a"),
            ]),
            "CN=\\ café\u{fffd},OU=one+OU=zwöi\\ ,O=Acme\\, Inc.,ST=\\#x,C=JP,\
             2.5.4.15=#131450726976617465204f7267616e697a6174696f6e,1.2.840.113549.1.9.1=#0c086140622e74657374"
        );
        assert_eq!(as_go(&[]), "");
    }

    #[test]
    fn long_texts_have_long_lengths() {
        assert_eq!(der_of(""), [0x13, 0]);
        assert_eq!(der_of(&"x".repeat(127))[..2], [0x13, 127]);
        assert_eq!(der_of(&"x".repeat(128))[..3], [0x13, 0x81, 128]);
        assert_eq!(der_of(&"@".repeat(300))[..4], [0x0c, 0x82, 1, 44]);
    }

    #[test]
    fn escapes_as_rfc_4514_does() {
        for (raw, text) in [
            ("James \"Jim\" Smith, III", "James \\\"Jim\\\" Smith\\, III"),
            ("Before\rAfter", "Before\\0dAfter"),
            ("#1 ", "\\#1\\ "),
            ("狼煙", "狼煙"),
        ] {
            assert_eq!(escaped(raw), text);
        }
    }
}
