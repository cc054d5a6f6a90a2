//! Domain names as they stand on the wire.

use hickory_proto::rr;

use super::escape::push_decimal;

/// A domain name: its labels behind their lengths, without compression, in the case in which it was sent or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(Box<[u8]>);

/// The longest name, with the root's empty label (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 255;
const MAX_LABEL: usize = 63;
/// No name has more labels than this, so no honest one needs more pointers; a loop does.
const MAX_POINTERS: usize = 126;

impl Name {
    /// Reads the name at a place of a message and tells where the next thing begins.
    pub(super) fn read(message: &[u8], mut at: usize) -> Option<(Self, usize)> {
        let mut wire = Vec::with_capacity(32);
        let (mut end, mut pointers) = (None, 0);
        loop {
            let length = *message.get(at)?;
            match length >> 6 {
                0b00 => {
                    let label = message.get(at..=at + usize::from(length))?;
                    wire.extend_from_slice(label);
                    at += label.len();
                    if wire.len() > MAX_NAME {
                        return None;
                    }
                    if length == 0 {
                        return Some((Self(wire.into()), end.unwrap_or(at)));
                    }
                }
                0b11 => {
                    let low = *message.get(at + 1)?;
                    end.get_or_insert(at + 2);
                    pointers += 1;
                    if pointers > MAX_POINTERS {
                        return None;
                    }
                    at = usize::from(length & 0x3f) << 8 | usize::from(low);
                }
                _ => return None,
            }
        }
    }

    /// Reads what a person wrote, always as fully qualified. `\DDD` is a byte and a backslash takes the meaning off the
    /// next character (RFC 1035, section 5.1); characters beyond ASCII are brought into IDNA's form.
    pub(super) fn written(text: &str) -> Result<Self, String> {
        if text == "." {
            return Ok(Self([0].into()));
        }
        let labels = if text.is_ascii() { labels(text.as_bytes())? } else { international(text)? };
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in &labels {
            let length = u8::try_from(label.len()).ok().filter(|_| label.len() <= MAX_LABEL);
            wire.push(length.ok_or("a label is longer than 63 bytes")?);
            wire.extend_from_slice(label);
        }
        wire.push(0);
        if wire.len() > MAX_NAME {
            return Err("it is longer than 255 bytes".into());
        }
        Ok(Self(wire.into()))
    }

    /// Its bytes.
    pub(super) fn wire(&self) -> &[u8] {
        &self.0
    }

    /// Whether they are the same name: case does not matter (RFC 4343).
    pub(super) fn is(&self, other: &Self) -> bool {
        // Lengths are below the letters, so they are compared as they are.
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// As Go's miekg/dns writes it: with its final dot, its case kept.
    pub(super) fn presentation(&self) -> String {
        if self.0.len() == 1 {
            return ".".into();
        }
        let mut out = String::with_capacity(self.0.len());
        let mut rest = &*self.0;
        while let [length, tail @ ..] = rest
            && *length > 0
        {
            let (label, after) = tail.split_at(usize::from(*length).min(tail.len()));
            for &byte in label {
                match byte {
                    b'.' | b' ' | b'\'' | b'@' | b';' | b'(' | b')' | b'"' | b'\\' => {
                        out.extend(['\\', char::from(byte)]);
                    }
                    b'!'..=b'~' => out.push(char::from(byte)),
                    other => push_decimal(&mut out, other),
                }
            }
            out.push('.');
            rest = after;
        }
        out
    }
}

/// The `query_name` of a `blackbox.yml` as `dns.name` is to be written: every byte as blackbox_exporter sends it, without
/// IDNA, and an address is a name like any other.
pub fn verbatim(query_name: &str) -> String {
    let mut out = String::with_capacity(query_name.len() + 1);
    for &byte in query_name.as_bytes() {
        match byte {
            b'!'..=b'~' => out.push(char::from(byte)),
            other => push_decimal(&mut out, other),
        }
    }
    let escaped = query_name.bytes().rev().skip(1).take_while(|byte| *byte == b'\\').count() % 2;
    if !query_name.ends_with('.') || escaped == 1 {
        out.push('.');
    }
    out
}

fn labels(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let (mut labels, mut label, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'.' if label.is_empty() => return Err("a label is empty".into()),
            b'.' => labels.push(std::mem::take(&mut label)),
            b'\\' => {
                let (byte, length) = unescaped(&text[at..])?;
                label.push(byte);
                at += length;
            }
            b'!'..=b'~' => label.push(byte),
            other => return Err(format!("the byte {other} is written as `\\{other:03}`")),
        }
    }
    if !label.is_empty() {
        labels.push(label);
    }
    if labels.is_empty() { Err("it is empty; the root is `.`".into()) } else { Ok(labels) }
}

/// The byte that stands behind a backslash, and how many characters it took.
fn unescaped(rest: &[u8]) -> Result<(u8, usize), String> {
    match rest {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let digits = [a, b, c].map(|digit| u16::from(digit - b'0'));
            let number = digits[0] * 100 + digits[1] * 10 + digits[2];
            u8::try_from(number)
                .map(|byte| (byte, 3))
                .map_err(|_| format!("`\\{number}` is no byte"))
        }
        [plain, ..] => Ok((*plain, 1)),
        [] => Err("it ends with a lone backslash".into()),
    }
}

fn international(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let name = rr::Name::from_str_relaxed(text).map_err(|error| error.to_string())?;
    Ok(name.iter().map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        Name::written(text).unwrap().presentation()
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for (text, wanted) in [
            (".", "."),
            ("Example.org", "Example.org."),
            ("example.org.", "example.org."),
            (r"a\.b.c\032d", r"a\.b.c\ d."),
            (r"b\195\188cher.example", r"b\195\188cher.example."),
            ("bücher.example", "xn--bcher-kva.example."),
            ("_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example."),
            (r"end\.", r"end\.."),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
            assert_eq!(shown(wanted), wanted);
        }
        for text in ["", "..", ".a", "a..b", "a b", "a\\", "\\999", &"x".repeat(64)] {
            assert!(Name::written(text).is_err(), "{text}");
        }
        let longest = [63, 63, 63, 61].map(|length| "x".repeat(length)).join(".");
        assert_eq!(Name::written(&longest).unwrap().wire().len(), 255);
        assert!(Name::written(&format!("{longest}x")).is_err());
    }

    #[test]
    fn names_of_a_module_are_sent_byte_for_byte() {
        for (text, wanted) in [
            ("example.org", "example.org."),
            ("example.org.", "example.org."),
            ("", "."),
            ("192.0.2.1", "192.0.2.1."),
            ("bücher.de", r"b\195\188cher.de."),
            ("a b", r"a\032b."),
            (r"end\.", r"end\.."),
            (r"end\\.", r"end\\."),
        ] {
            assert_eq!(verbatim(text), wanted);
            assert!(Name::written(wanted).is_ok());
        }
    }

    #[test]
    fn pointers_are_followed_but_not_for_ever() {
        let message = [3, b'o', b'r', b'g', 0, 1, b'a', 0xc0, 0, 0xc0, 5, 0xc0, 11];
        let (name, end) = Name::read(&message, 9).unwrap();
        assert_eq!((&*name.presentation(), end), ("a.org.", 11));
        assert!(Name::read(&message, 11).is_none(), "a loop");
        assert!(Name::read(&message, 13).is_none());
        assert!(Name::read(&[0x40, 0], 0).is_none());
        assert!(Name::read(&[5, b'a'], 0).is_none());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_same_name(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..10)) {
            let mut wire = Vec::new();
            for label in &labels {
                wire.push(u8::try_from(label.len()).unwrap());
                wire.extend_from_slice(label);
            }
            wire.push(0);
            let (name, end) = Name::read(&wire, 0).unwrap();
            prop_assert_eq!(end, wire.len());
            prop_assert_eq!(Name::written(&name.presentation()), Ok(name));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, at in 0_usize..300) {
            let _ = Name::read(&bytes, at);
        }
    }
}
