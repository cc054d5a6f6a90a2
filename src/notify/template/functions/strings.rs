use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use gotmpl::{SafeKind, Value};

use super::{
    super::{
        render::{Render, VALUE, current, error, error_of_data},
        value::text,
    },
    Made, Table, strings,
};

pub(super) const TABLE: Table = &[
    ("toUpper", |args| mapped("toUpper", args, upper)),
    ("toLower", |args| mapped("toLower", args, lower)),
    ("title", |args| Ok(text(&title(strings::<1>("title", args)?[0])))),
    ("trimSpace", |args| Ok(text(strings::<1>("trimSpace", args)?[0].trim()))),
    ("match", |args| {
        let [pattern, subject] = strings("match", args)?;
        let pattern = current(|render| render.pattern(pattern))?.map_err(error)?;
        Ok(Value::Bool(pattern.is_match(subject.as_bytes())))
    }),
    ("reReplaceAll", |args| {
        let [pattern, with, subject] = strings("reReplaceAll", args)?;
        let pattern = current(|render| render.pattern(pattern))?.map_err(error)?;
        match pattern.replace_all(subject.as_bytes(), with, VALUE) {
            Some(replaced) => Ok(text(&String::from_utf8_lossy(&replaced))),
            None => Err(current(Render::too_long)?),
        }
    }),
    ("safeHtml", |args| trusted("safeHtml", SafeKind::Html, args)),
    ("safeUrl", |args| trusted("safeUrl", SafeKind::Url, args)),
    ("urlUnescape", |args| {
        let [escaped] = strings("urlUnescape", args)?;
        unescaped(escaped).map(|plain| text(&plain)).map_err(error_of_data)
    }),
    ("base64encode", |args| Ok(text(&URL_SAFE.encode(strings::<1>("base64encode", args)?[0])))),
    ("base64decode", |args| {
        let [encoded] = strings("base64decode", args)?;
        // Go skips the ends of lines.
        let encoded: String = encoded.chars().filter(|char| !matches!(char, '\r' | '\n')).collect();
        let decoded = URL_SAFE
            .decode(encoded)
            .map_err(|why| error_of_data(format!("illegal base64 data: {why}")))?;
        Ok(text(&String::from_utf8_lossy(&decoded)))
    }),
];

fn trusted(name: &str, kind: SafeKind, args: &[Value]) -> Made {
    let [content] = strings(name, args)?;
    Ok(Value::Safe { kind, s: content.into() })
}

fn mapped(name: &str, args: &[Value], map: fn(char) -> char) -> Made {
    let [plain] = strings(name, args)?;
    Ok(text(&plain.chars().map(map).collect::<String>()))
}

/// One character for one, as Go: `ß` stays.
fn upper(char: char) -> char {
    let mut mapped = char.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => char,
    }
}

fn lower(char: char) -> char {
    char.to_lowercase().next().unwrap_or(char)
}

/// The first letter of each word large, the others small. A word goes on over an apostrophe, a point or a colon between
/// two letters.
fn title(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    let mut chars = plain.chars().peekable();
    let (mut in_word, mut titled) = (false, false);
    while let Some(char) = chars.next() {
        let joins = matches!(char, '\'' | '’' | '‘' | '.' | ':' | '·' | '․' | '‧');
        let goes_on = in_word && joins && chars.peek().is_some_and(|next| next.is_alphanumeric());
        let is_part = char.is_alphanumeric() || char == '_' || is_mark(char);
        in_word = is_part || goes_on;
        if !in_word {
            titled = false;
        }
        if !char.is_alphabetic() {
            out.push(char);
        } else if titled {
            out.extend(char.to_lowercase());
        } else {
            titled = true;
            large(&mut out, char);
        }
    }
    out
}

/// The title case: of a letter that is two in capitals only the first is one.
fn large(out: &mut String, char: char) {
    match char {
        'Ǆ' | 'ǅ' | 'ǆ' => out.push('ǅ'),
        'Ǉ' | 'ǈ' | 'ǉ' => out.push('ǈ'),
        'Ǌ' | 'ǋ' | 'ǌ' => out.push('ǋ'),
        'Ǳ' | 'ǲ' | 'ǳ' => out.push('ǲ'),
        char => {
            let mut mapped = char.to_uppercase();
            out.extend(mapped.next());
            out.extend(mapped.flat_map(char::to_lowercase));
        }
    }
}

/// Combining marks, which belong to the letter before them.
const fn is_mark(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36f}')
}

/// Go's `url.QueryUnescape`.
fn unescaped(escaped: &str) -> Result<String, String> {
    let (bytes, mut plain, mut at) = (escaped.as_bytes(), Vec::with_capacity(escaped.len()), 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let code = escaped
                    .get(at + 1..at + 3)
                    .filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) else {
                    let end = (at + 3).min(bytes.len());
                    return Err(format!(
                        "invalid URL escape {:?}",
                        String::from_utf8_lossy(&bytes[at..end])
                    ));
                };
                plain.push(byte);
                at += 3;
            }
            b'+' => {
                plain.push(b' ');
                at += 1;
            }
            byte => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    Ok(String::from_utf8_lossy(&plain).into_owned())
}
