//! The parameters of SVCB and HTTPS records (RFC 9460), each as `key="value"`.

use std::{fmt::Write, net::Ipv6Addr};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::part::{Part, Source, opaque};
use crate::probe::dns::escape::push_decimal;

/// Keys in the order of their numbers; `dohpath` is RFC 9461's, `ohttp` RFC 9540's.
const KEYS: [&str; 9] = [
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
];

/// The last number is reserved and no key.
const RESERVED: u16 = u16::MAX;

pub(super) fn text(from: &mut Source<'_>) -> Option<String> {
    let mut out = String::new();
    let mut last = None;
    while !from.0.is_empty() {
        let (number, length) = (from.u16()?, from.u16()?);
        let value = value(number, &mut Source(from.take(length.into())?))?;
        if number == RESERVED || last.is_some_and(|last| number <= last) {
            return None;
        }
        let space = if last.is_some() { " " } else { "" };
        write!(out, "{space}{}=\"{value}\"", key(number)).ok()?;
        last = Some(number);
    }
    Some(out)
}

fn key(number: u16) -> String {
    match KEYS.get(usize::from(number)) {
        Some(word) => (*word).into(),
        None if number == RESERVED => String::new(),
        None => format!("key{number}"),
    }
}

fn value(number: u16, from: &mut Source<'_>) -> Option<String> {
    let text = match number {
        0 => list(from, |from| from.u16().map(key))?,
        1 => list(from, |from| from.string().map(protocol))?,
        2 | 8 => String::new(),
        3 => from.u16()?.to_string(),
        4 if !from.0.is_empty() => list(from, |from| Part::Ip4.read(from))?,
        5 => BASE64_STANDARD.encode(from.rest()),
        // An IPv4 address in IPv6's form is none.
        6 if !from.0.is_empty() => {
            let plain = |from: &mut Source<'_>| {
                let address = Ipv6Addr::from(from.array::<16>()?);
                address.to_ipv4_mapped().is_none().then(|| address.to_string())
            };
            list(from, plain)?
        }
        4 | 6 => return None,
        _ => opaque(from.rest()),
    };
    from.0.is_empty().then_some(text)
}

fn list(from: &mut Source<'_>, item: impl Fn(&mut Source<'_>) -> Option<String>) -> Option<String> {
    let mut items = Vec::new();
    while !from.0.is_empty() {
        items.push(item(from)?);
    }
    Some(items.join(","))
}

/// Commas and backslashes are escaped twice, as a list within a string (RFC 9460, appendix A.1).
fn protocol(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b',' => out.push_str(r"\\\044"),
            b'\\' => out.push_str(r"\\\092"),
            b'"' | b';' | b' ' => out.extend(['\\', char::from(byte)]),
            b'!'..=b'~' => out.push(char::from(byte)),
            other => push_decimal(&mut out, other),
        }
    }
    out
}
