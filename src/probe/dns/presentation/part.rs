//! The parts data are made of, each as its bytes are written.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;

use super::{bits, parameters, type_word};
use crate::probe::dns::{
    escape::{escaped, hex, push_decimal, quoted},
    name,
};

/// What is left of some bytes.
pub(super) struct Source<'a>(pub(super) &'a [u8]);

impl<'a> Source<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes behind their length.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(super) fn name(&mut self) -> Option<String> {
        let (name, end) = name::Name::read(self.0, 0)?;
        self.take(end)?;
        Some(name.presentation())
    }
}

/// A part of a record's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Ip4,
    Ip6,
    U8,
    U16,
    U32,
    /// Seconds since the epoch as a date (RFC 4034, section 3.2).
    Time,
    Name,
    /// A string in quotes.
    Quoted,
    /// A string without quotes.
    Bare,
    /// All that is left as strings in quotes.
    Strings,
    /// All that is left as one string, read as if it held escapes.
    Octets,
    Hex,
    UpperHex,
    /// Hexadecimal in pieces of 1,024 digits.
    HexLines,
    Base64,
    /// A record type.
    Type,
    /// Record types as a bit map (RFC 4034, section 4.1.2).
    Types,
    /// NSEC3's salt, `-` where there is none.
    Salt,
    /// NSEC3's next owner.
    Hash,
    CertificateType,
    Algorithm,
    Eui48,
    Eui64,
    NodeId,
    Locator,
    /// Of SVCB and HTTPS.
    Parameters,
    Raw,
}

impl Part {
    /// Writes the part at the head of the data; `None` where the bytes are none.
    pub(super) fn read(self, from: &mut Source<'_>) -> Option<String> {
        Some(match self {
            Self::Ip4 => Ipv4Addr::from(from.array::<4>()?).to_string(),
            Self::Ip6 => Ipv6Addr::from(from.array::<16>()?).to_string(),
            Self::U8 => from.u8()?.to_string(),
            Self::U16 => from.u16()?.to_string(),
            Self::U32 => from.u32()?.to_string(),
            Self::Time => date(from.u32()?),
            Self::Name => from.name()?,
            Self::Quoted => quoted(from.string()?),
            Self::Bare => escaped(from.string()?),
            Self::Strings => strings(from)?,
            Self::Octets => octets(from.rest()),
            Self::Hex => hex(from.rest()),
            Self::UpperHex => hex(from.rest()).to_ascii_uppercase(),
            Self::HexLines => in_pieces(&hex(from.rest())),
            Self::Base64 => BASE64_STANDARD.encode(from.rest()),
            Self::Type => type_word(from.u16()?),
            Self::Types => bits::types(from)?,
            Self::Salt => match from.string()? {
                [] => "-".into(),
                salt => hex(salt).to_ascii_uppercase(),
            },
            Self::Hash => base32(from.string()?),
            Self::CertificateType => certificate_type(from.u16()?),
            Self::Algorithm => algorithm(from.u8()?),
            Self::Eui48 => pairs(&from.array::<6>()?),
            Self::Eui64 => pairs(&from.array::<8>()?),
            Self::NodeId => quads(from.array()?),
            Self::Locator => quads(from.array()?).to_ascii_uppercase(),
            Self::Parameters => parameters::text(from)?,
            Self::Raw => String::from_utf8_lossy(from.rest()).into_owned(),
        })
    }

    /// What stands for a part that did not come.
    pub(super) fn missing(self) -> String {
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::CertificateType | Self::Algorithm => {
                "0".into()
            }
            Self::Time => date(0),
            Self::Type => type_word(0),
            Self::Quoted | Self::Octets => quoted(&[]),
            Self::Salt => "-".into(),
            Self::Eui48 => pairs(&[0; 6]),
            Self::Eui64 => pairs(&[0; 8]),
            Self::NodeId | Self::Locator => quads([0; 8]),
            _ => String::new(),
        }
    }

    /// Whether nothing, not even a space, stands for no elements.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Strings | Self::Types | Self::Parameters | Self::Ip4)
    }
}

fn date(seconds: u32) -> String {
    Timestamp::from_second(seconds.into())
        .map_or_else(|_| seconds.to_string(), |time| time.strftime("%Y%m%d%H%M%S").to_string())
}

fn strings(from: &mut Source<'_>) -> Option<String> {
    let mut all = Vec::new();
    while !from.0.is_empty() {
        all.push(quoted(from.string()?));
    }
    Some(all.join(" "))
}

/// The peer reads escapes in bytes that have none: `\065` becomes `A`, `\x` becomes `x`, and only `\.` stays.
fn octets(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    let mut rest = bytes;
    out.push('"');
    while let [byte, tail @ ..] = rest {
        let (byte, tail) = match (byte, tail) {
            (b'\\', [b'.', tail @ ..]) => {
                out.push_str("\\.");
                rest = tail;
                continue;
            }
            (b'\\', []) => break,
            (b'\\', [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', tail @ ..]) => {
                let digits = [a, b, c].map(|digit| digit - b'0');
                // Numbers beyond a byte wrap around there.
                let byte = digits[0].wrapping_mul(100).wrapping_add(digits[1] * 10 + digits[2]);
                (byte, tail)
            }
            (b'\\', [plain, tail @ ..]) | (plain, tail) => (*plain, tail),
        };
        out.push_str(&escaped(&[byte]));
        rest = tail;
    }
    out.push('"');
    out
}

fn in_pieces(digits: &str) -> String {
    const PIECE: usize = 1024;
    let mut out = String::with_capacity(digits.len() + digits.len() / PIECE + 1);
    for (at, digit) in digits.char_indices() {
        if at > 0 && at % PIECE == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    // A last piece that is full is followed by an empty one.
    if !digits.is_empty() && digits.len().is_multiple_of(PIECE) {
        out.push(' ');
    }
    out
}

/// Base 32 with the extended hexadecimal alphabet and without padding (RFC 4648, section 7).
fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
    let (mut out, mut bits, mut held) = (String::new(), 0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            out.push(char::from(DIGITS[(bits >> held & 31) as usize]));
        }
    }
    if held > 0 {
        out.push(char::from(DIGITS[(bits << (5 - held) & 31) as usize]));
    }
    out
}

/// RFC 4398, section 2.1.
fn certificate_type(number: u16) -> String {
    const WORDS: [&str; 8] = ["PKIX", "SPKI", "PGP", "IPIX", "ISPKI", "IPGP", "ACPKIX", "IACPKIX"];
    match number {
        1..=8 => WORDS[usize::from(number) - 1].into(),
        253 => "URI".into(),
        254 => "OID".into(),
        other => other.to_string(),
    }
}

/// The registry of DNSSEC algorithms.
fn algorithm(number: u8) -> String {
    let word = match number {
        1 => "RSAMD5",
        2 => "DH",
        3 => "DSA",
        5 => "RSASHA1",
        6 => "DSA-NSEC3-SHA1",
        7 => "RSASHA1-NSEC3-SHA1",
        8 => "RSASHA256",
        10 => "RSASHA512",
        12 => "ECC-GOST",
        13 => "ECDSAP256SHA256",
        14 => "ECDSAP384SHA384",
        15 => "ED25519",
        16 => "ED448",
        252 => "INDIRECT",
        253 => "PRIVATEDNS",
        254 => "PRIVATEOID",
        other => return other.to_string(),
    };
    word.into()
}

/// `00-00-5e-00-53-2a`
fn pairs(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| hex(&[*byte])).collect::<Vec<_>>().join("-")
}

/// `0014:4fff:ff20:ee64`
fn quads(bytes: [u8; 8]) -> String {
    bytes.chunks(2).map(hex).collect::<Vec<_>>().join(":")
}

/// Service parameters that are opaque: beside quotes and backslashes, `;` and spaces are escaped.
pub(super) fn opaque(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'"' | b';' | b' ' | b'\\' => out.extend(['\\', char::from(byte)]),
            b'!'..=b'~' => out.push(char::from(byte)),
            other => push_decimal(&mut out, other),
        }
    }
    out
}
