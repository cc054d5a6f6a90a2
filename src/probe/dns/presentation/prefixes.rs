//! APL records: prefixes of addresses (RFC 3123).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::part::Source;

/// `1:192.0.2.0/24 !2:2001:db8::/32`
pub(super) fn text(from: &mut Source<'_>) -> Option<String> {
    let mut prefixes = Vec::new();
    while !from.0.is_empty() {
        prefixes.push(prefix(from)?);
    }
    Some(prefixes.join(" "))
}

fn prefix(from: &mut Source<'_>) -> Option<String> {
    let (family, length, head) = (from.u16()?, from.u8()?, from.u8()?);
    let given = from.take(usize::from(head & 0x7f))?;
    // Zeros at the end are left out.
    if given.last() == Some(&0) {
        return None;
    }
    let (address, longest) = match family {
        1 => (Ipv4Addr::from(filled::<4>(given)?).to_string(), 32),
        2 => (Ipv6Addr::from(filled::<16>(given)?).to_string(), 128),
        _ => return None,
    };
    let not = if head & 0x80 == 0 { "" } else { "!" };
    (length <= longest).then(|| format!("{not}{family}:{address}/{length}"))
}

fn filled<const N: usize>(given: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    bytes.get_mut(..given.len())?.copy_from_slice(given);
    Some(bytes)
}
