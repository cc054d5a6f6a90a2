//! Which bytes Go escapes with `%` in which part of a URL.

/// A part of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    /// Of an IPv6 address, behind its `%25`.
    Zone,
    User,
    Fragment,
}

impl Part {
    fn escapes(self, byte: u8) -> bool {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':'
            | b'[' | b']' | b'<' | b'>' | b'"'
                if matches!(self, Self::Host | Self::Zone) =>
            {
                false
            }
            b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match self {
                Self::Path => byte == b'?',
                Self::User => matches!(byte, b'@' | b'/' | b'?' | b':'),
                Self::Fragment => false,
                Self::Host | Self::Zone => true,
            },
            b'!' | b'(' | b')' | b'*' => self != Self::Fragment,
            _ => true,
        }
    }
}

/// Go's `unescape`.
pub(super) fn unescape(text: &str, part: Part) -> Result<Vec<u8>, &'static str> {
    const NO_HEX: &str = "a `%` is not followed by two hexadecimal digits";
    let host = matches!(part, Part::Host | Part::Zone);
    let (mut bytes, mut out) = (text.bytes(), Vec::with_capacity(text.len()));
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            if host && byte.is_ascii() && part.escapes(byte) {
                return Err("the host holds a character that no host has");
            }
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(NO_HEX) };
        let value = u8::try_from(high * 16 + low).map_err(|_| NO_HEX)?;
        let refused = match part {
            Part::Host => value.is_ascii() && value != b'%',
            Part::Zone => value != b'%' && value != b' ' && Part::Host.escapes(value),
            _ => false,
        };
        if refused {
            return Err("the host holds an escaped character that no host has");
        }
        out.push(value);
    }
    Ok(out)
}

/// Go's `escape`.
pub(super) fn escape(bytes: &[u8], part: Part) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if part.escapes(*byte) {
            let _ = write!(out, "%{byte:02X}");
        } else {
            out.push(char::from(*byte));
        }
    }
    out
}

/// Go's `validEncoded`: whether a part may stay as it was written.
pub(super) fn is_escaped(text: &str, part: Part) -> bool {
    text.bytes().all(|byte| {
        matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';')
            || matches!(byte, b'=' | b':' | b'@' | b'[' | b']' | b'%')
            || !part.escapes(byte)
    })
}
