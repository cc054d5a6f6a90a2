//! Distinguished names as text: RFC 2253 (now RFC 4514), most specific first, as Go and `openssl -nameopt RFC2253` print them.

use std::borrow::Cow;

use x509_parser::{
    der_parser::asn1_rs::Tag,
    x509::{AttributeTypeAndValue, X509Name},
};

use super::certificate::hex;

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
            let units =
                value.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
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
    use super::*;

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
