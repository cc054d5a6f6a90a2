//! What a stranger sent, as a person is shown it.

/// The longest piece of an answer that is shown, in bytes.
const SHOWN: usize = 200;

/// One after the other.
pub(super) fn listed<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A stranger's bytes, readable and short.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("{text:?}{more}")
}

pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_short_and_readable() {
        assert_eq!(quoted(b"a\x1b\xff"), "\"a\\u{1b}\u{fffd}\"");
        assert!(quoted(&[b'x'; 1000]).len() < 210 && shortened(&"ü".repeat(1000)).len() < 410);
        assert_eq!((listed(&[1, 2]), shortened("a")), ("1, 2".into(), "a".into()));
    }
}
