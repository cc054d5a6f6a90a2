//! Escapes, quotes and words of the presentation format (RFC 1035, section 5.1).

/// Printable ASCII as it is, a backslash or quote behind a backslash, everything else as `\DDD`.
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            other => push_decimal(&mut out, other),
        }
    }
    out
}

pub(super) fn push_decimal(out: &mut String, byte: u8) {
    out.push('\\');
    out.extend([byte / 100, byte / 10 % 10, byte % 10].map(|digit| char::from(b'0' + digit)));
}

pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escaped(bytes))
}

/// The reverse of [`escaped`]; characters beyond ASCII stand for their UTF-8.
pub(super) fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let digits = bytes.get(at..at + 3).filter(|three| three.iter().all(u8::is_ascii_digit));
        match (digits, bytes.get(at)) {
            (Some(_), _) => {
                let number = &text[at..at + 3];
                out.push(number.parse().map_err(|_| format!("`\\{number}` is not a byte"))?);
                at += 3;
            }
            (None, Some(&plain)) => {
                out.push(plain);
                at += 1;
            }
            (None, None) => return Err(format!("`{text}` ends with a lone backslash")),
        }
    }
    Ok(out)
}

/// A word of a record as a user wrote it, escapes still in place.
pub(super) struct Word {
    pub(super) text: String,
}

/// Splits at white space outside quotes; the quotes are left out.
pub(super) fn words(written: &str) -> Result<Vec<Word>, String> {
    let (mut words, mut word, mut in_quotes) = (Vec::new(), None::<String>, false);
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                in_quotes = !in_quotes;
                word.get_or_insert_default();
            }
            '\\' => {
                let word = word.get_or_insert_default();
                word.push('\\');
                word.extend(characters.next());
            }
            white if white.is_ascii_whitespace() && !in_quotes => {
                words.extend(word.take().map(|text| Word { text }));
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    if in_quotes {
        return Err("a quote is not closed".into());
    }
    words.extend(word.map(|text| Word { text }));
    Ok(words)
}

pub(super) fn rest(words: &mut impl Iterator<Item = Word>) -> String {
    words.map(|word| word.text).collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        _ => Err(format!("`{text}` is not hexadecimal with two digits a byte")),
    }
}
