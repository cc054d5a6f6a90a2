//! JSON as Go writes it, so that a body is the same byte for byte.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Go's `json.Encoder`: no spaces, what HTML and JavaScript would take for theirs is escaped, a newline at the end.
///
/// # Errors
/// None in practice: what is written here has text keys.
pub(super) fn lines(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Go))?;
    bytes.push(b'\n');
    Ok(bytes)
}

struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        let mut rest = text;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, found) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            let Some(char) = found.chars().next() else { break };
            write!(out, "\\u{:04x}", u32::from(char))?;
            rest = &found[char.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_escapes_is_escaped() {
        let text = "a<b>&\"\\\u{2028}\u{2029}\n\u{8}\u{1}\u{7f}ä";
        let wanted = "\"a\\u003cb\\u003e\\u0026\\\"\\\\\\u2028\\u2029\\n\\b\\u0001\u{7f}ä\"\n";
        assert_eq!(String::from_utf8(lines(&text).unwrap()).unwrap(), wanted);
    }
}
