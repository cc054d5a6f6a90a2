//! Types whose data name another host: IPSECKEY (RFC 4025), AMTRELAY (RFC 8777), HIP (RFC 8005).

use base64::{Engine, prelude::BASE64_STANDARD};

use super::part::{Part, Source};
use crate::probe::dns::escape::hex;

/// Precedence, kind of gateway, algorithm, gateway, key.
pub(super) fn ipseckey(from: &mut Source<'_>) -> Option<String> {
    let [precedence, kind, algorithm] = [(); 3].map(|()| from.u8().unwrap_or_default());
    let gateway = gateway(from, kind)?;
    let key = BASE64_STANDARD.encode(from.rest());
    Some(format!("{precedence} {kind} {algorithm} {gateway} {key}"))
}

/// Precedence, whether discovery is optional, kind of relay, relay.
pub(super) fn amtrelay(from: &mut Source<'_>) -> Option<String> {
    let [precedence, kind] = [(); 2].map(|()| from.u8().unwrap_or_default());
    let relay = gateway(from, kind)?;
    Some(format!("{precedence} {} {} {relay}", kind >> 7, kind & 0x7f))
}

fn gateway(from: &mut Source<'_>, kind: u8) -> Option<String> {
    match kind {
        1 => Part::Ip4.read(from),
        2 => Part::Ip6.read(from),
        3 => from.name(),
        _ => Some(".".into()),
    }
}

/// Algorithm, host identity tag, key, rendezvous servers.
pub(super) fn hip(from: &mut Source<'_>) -> Option<String> {
    let [tag, algorithm] = [(); 2].map(|()| from.u8().unwrap_or_default());
    let key = from.u16().unwrap_or_default();
    let tag = hex(from.take(tag.into())?);
    let key = BASE64_STANDARD.encode(from.take(key.into())?);
    let mut out = format!("{algorithm} {tag} {key}");
    while !from.0.is_empty() {
        out.push(' ');
        out.push_str(&from.name()?);
    }
    Some(out)
}
