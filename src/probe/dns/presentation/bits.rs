//! Bit maps of record types: NSEC, NSEC3, CSYNC.

use super::{part::Source, type_word};

/// The types of a bit map; windows come in rising order, none is empty (RFC 4034, section 4.1.2).
pub(super) fn types(from: &mut Source<'_>) -> Option<String> {
    let mut words = Vec::new();
    let mut last = None;
    while !from.0.is_empty() {
        let window = from.u8()?;
        let bytes = from.string()?;
        if last.is_some_and(|last| window <= last) || !(1..=32).contains(&bytes.len()) {
            return None;
        }
        last = Some(window);
        for (offset, byte) in (0..=248).step_by(8).zip(bytes) {
            let first = u16::from_be_bytes([window, offset]);
            let set = (0..8).filter(|bit| byte & (0x80 >> bit) != 0);
            words.extend(set.map(|bit| type_word(first + bit)));
        }
    }
    Some(words.join(" "))
}
