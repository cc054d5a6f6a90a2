//! The parameters of SVCB and HTTPS records (RFC 9460).

use hickory_proto::serialize::binary::BinDecoder;

use super::{
    escape::{Word, escaped},
    rdata::{Field, rest_of, slice},
};

/// Keys of service parameters, in the order of their numbers (RFC 9460, section 14.3).
const SERVICE_KEYS: [&str; 7] =
    ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"];

fn key_text(number: u16) -> String {
    let known = SERVICE_KEYS.get(usize::from(number));
    known.map_or_else(|| format!("key{number}"), |name| (*name).to_owned())
}

/// Parameters as `key=value` in rising order of their keys, as they come on the wire.
pub(super) fn parameters(from: &mut BinDecoder<'_>) -> Option<String> {
    let mut out = Vec::new();
    while !from.is_empty() {
        let number = from.read_u16().ok()?.unverified();
        let length = from.read_u16().ok()?.unverified();
        let value = value_text(number, slice(from, length.into())?)?;
        let key = key_text(number);
        out.push(if value.is_empty() { key } else { format!("{key}={value}") });
    }
    Some(out.join(" "))
}

fn value_text(number: u16, bytes: &[u8]) -> Option<String> {
    let mut from = BinDecoder::new(bytes);
    let mut list = Vec::new();
    while !from.is_empty() {
        list.push(match number {
            0 => key_text(from.read_u16().ok()?.unverified()),
            1 => escaped(from.read_character_data().ok()?.unverified()).replace(',', "\\,"),
            3 => from.read_u16().ok()?.unverified().to_string(),
            4 => Field::Ip4.read(&mut from)?,
            5 => Field::Base64Rest.read(&mut from)?,
            6 => Field::Ip6.read(&mut from)?,
            _ => escaped(rest_of(&mut from)?),
        });
    }
    Some(list.join(","))
}

/// Sorts what a user wrote; values are compared as they are, but for addresses and quotes.
pub(super) fn canonical(words: &mut impl Iterator<Item = Word>) -> Result<String, String> {
    let mut parameters = Vec::new();
    for word in words {
        let (key, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
        let key = key.to_ascii_lowercase();
        let known = SERVICE_KEYS.iter().position(|name| *name == key);
        let number = match known {
            Some(number) => number,
            None => key
                .strip_prefix("key")
                .and_then(|number| number.parse::<u16>().ok())
                .ok_or_else(|| format!("`{key}` is not the key of a service parameter"))?
                .into(),
        };
        let value = match number {
            6 => value
                .split(',')
                .map(|address| Field::Ip6.of_word(&Word { text: address.to_owned() }))
                .collect::<Result<Vec<_>, _>>()?
                .join(","),
            _ => value.to_owned(),
        };
        parameters.push((number, if value.is_empty() { key } else { format!("{key}={value}") }));
    }
    parameters.sort();
    Ok(parameters.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" "))
}
