//! What a scalar is: the rules of YAML 1.2 with the leftovers of 1.1 that Go's yaml.v3 keeps.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Inside, Node, Version};

/// A scalar after its tag, or where it has none its looks, decided what it is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::compat) enum Scalar<'d> {
    /// `~`, `null` or nothing at all.
    Null,
    /// `true`, `false`; other words become booleans only where one is wanted.
    Bool(bool),
    /// A whole number of up to 64 bits.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A date; nothing in the configuration wants one.
    Timestamp,
    /// Text.
    Text(&'d str),
    /// What `!!binary` held.
    Bytes(Vec<u8>),
}

impl Node {
    /// What the node is, where it is a scalar.
    ///
    /// # Errors
    /// One sentence, where the tag and the text contradict each other.
    pub(in crate::compat) fn scalar(&self, version: Version) -> Result<Scalar<'_>, String> {
        let Inside::Scalar { text, quoted } = &self.inside else { return Ok(Scalar::Text("")) };
        let mismatch = || Err(format!("`{}` cannot be read as {}", cut(text), self.tag));
        match &*self.tag {
            "" if *quoted => Ok(Scalar::Text(text)),
            "" => Ok(resolved(text, version)),
            "!!binary" => base64(text).map(Scalar::Bytes),
            tag @ ("!!null" | "!!bool" | "!!int" | "!!float" | "!!timestamp") => {
                match (tag, resolved(text, version)) {
                    ("!!null", found @ Scalar::Null)
                    | ("!!bool", found @ Scalar::Bool(_))
                    | ("!!int", found @ Scalar::Int(_))
                    | ("!!float", found @ Scalar::Float(_))
                    | ("!!timestamp", found @ Scalar::Timestamp) => Ok(found),
                    #[expect(clippy::cast_precision_loss, reason = "as asked for by the tag")]
                    ("!!float", Scalar::Int(number)) => Ok(Scalar::Float(number as f64)),
                    _ => mismatch(),
                }
            }
            _ => Ok(Scalar::Text(text)),
        }
    }

    /// Whether the node is a null by its tag or its looks: such a value leaves what was there before.
    pub(in crate::compat) fn is_null(&self) -> bool {
        match &self.inside {
            Inside::Scalar { text, quoted } => match &*self.tag {
                "" => !quoted && is_null(text),
                tag => tag == "!!null",
            },
            _ => false,
        }
    }
}

/// Line breaks are skipped, as Go's decoder does.
fn base64(text: &str) -> Result<Vec<u8>, String> {
    let joined: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    STANDARD.decode(joined).map_err(|_| "the text behind !!binary is not base64".to_owned())
}

/// As Go's messages do, so that a secret is never repeated whole.
fn cut(text: &str) -> String {
    if text.chars().count() <= 10 {
        return text.to_owned();
    }
    text.chars().take(7).chain("...".chars()).collect()
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// What an unquoted word without a tag is. The booleans of YAML 1.1 are some for yaml.v2 only.
pub(super) fn resolved(text: &str, version: Version) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if version == Version::V2 => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if version == Version::V2 => {
            Scalar::Bool(false)
        }
        _ => plain(text),
    }
}

/// The same, by the rules that both have.
pub(super) fn plain(text: &str) -> Scalar<'_> {
    match text {
        _ if is_null(text) => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' => float(text),
        b'+' | b'-' | b'0'..=b'9' if is_timestamp(text) => Some(Scalar::Timestamp),
        b'+' | b'-' | b'0'..=b'9' => {
            let joined = text.replace('_', "");
            whole(text, &joined).or_else(|| float(&joined))
        }
        _ => None,
    };
    number.unwrap_or(Scalar::Text(text))
}

/// Decimal, `0x`, `0o`, `0b`, and octal with a leading zero as in YAML 1.1; within the bounds of i64 and u64.
fn whole<'d>(text: &str, joined: &str) -> Option<Scalar<'d>> {
    let (negative, digits) = match joined.as_bytes() {
        [b'-', ..] => (true, &joined[1..]),
        [b'+', ..] => (false, &joined[1..]),
        _ => (false, joined),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    // An unsigned number has no sign in Go.
    let signed = text.starts_with(['-', '+']);
    let number = i128::from_str_radix(digits, radix).ok()?;
    let number = if negative { -number } else { number };
    let most = if signed { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (i128::from(i64::MIN)..=most).contains(&number).then_some(Scalar::Int(number))
}

/// YAML's own notation only: no hexadecimal floats, no `inf` without its dot.
fn float<'d>(text: &str) -> Option<Scalar<'d>> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let before = digits(unsigned);
    let mut rest = &unsigned[before..];
    let mut after = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        after = digits(fraction);
        rest = &fraction[after..];
    }
    if before + after == 0 {
        return None;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        let length = digits(exponent);
        if length == 0 || length != exponent.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    // What is too large for a float stays text, as Go's parser reports a range error.
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Scalar::Float)
}

/// `2001-12-14`, alone or with a time: four digits of a year and what follows them.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = split_date(text) else { return false };
    match time.as_bytes().first() {
        None => date,
        Some(b'T' | b't') => date && is_time(&time[1..], true),
        Some(b' ') => date && is_time(&time[1..], false),
        Some(_) => false,
    }
}

/// Whether the text begins with a date, and what follows it.
fn split_date(text: &str) -> Option<(bool, &str)> {
    let mut rest = text;
    let mut numbers = [0_u32; 3];
    for (at, number) in numbers.iter_mut().enumerate() {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let fits = if at == 0 { length == 4 } else { (1..=2).contains(&length) };
        if !fits {
            return None;
        }
        *number = rest[..length].parse().ok()?;
        rest = &rest[length..];
        if at < 2 {
            rest = rest.strip_prefix('-')?;
        }
    }
    let [year, month, day] = numbers;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    Some(((1..=days).contains(&day), rest))
}

/// `15:4:5.9`, with a zone (`Z`, `+01:00`) or without.
fn is_time(text: &str, zone: bool) -> bool {
    let clock = text.find(['Z', '+', '-']).map_or(text, |at| &text[..at]);
    let offset = &text[clock.len()..];
    let clock = clock.split_once('.').map_or(clock, |(clock, _)| clock);
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return false };
    let below = |text: &str, limit: u32| {
        text.len() <= 2 && text.parse::<u32>().is_ok_and(|number| number < limit)
    };
    let fits = below(hour, 24) && below(minute, 60) && below(second, 60);
    let zoned = match offset.as_bytes() {
        [] => !zone,
        b"Z" => zone,
        [_, ..] => zone && offset.len() == 6 && offset.as_bytes()[3] == b':',
    };
    fits && zoned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_gos_yaml_takes_them_for() {
        for (text, meant) in [
            ("~", Scalar::Null),
            ("yes", Scalar::Text("yes")),
            ("True", Scalar::Bool(true)),
            ("0o17", Scalar::Int(15)),
            ("017", Scalar::Int(15)),
            ("0x1F", Scalar::Int(31)),
            ("1_000", Scalar::Int(1000)),
            ("+7", Scalar::Int(7)),
            ("-0b11", Scalar::Int(-3)),
            ("18446744073709551615", Scalar::Int(u64::MAX.into())),
            ("018", Scalar::Float(18.0)),
            ("1e3", Scalar::Float(1000.0)),
            (".5", Scalar::Float(0.5)),
            ("5.", Scalar::Float(5.0)),
            ("1.2.3.4", Scalar::Text("1.2.3.4")),
            ("10s", Scalar::Text("10s")),
            ("2024-02-29", Scalar::Timestamp),
            ("2023-02-29", Scalar::Text("2023-02-29")),
            ("2001-12-14t21:59:43.1Z", Scalar::Timestamp),
            ("2001-12-14 21:59:43", Scalar::Timestamp),
            ("-", Scalar::Text("-")),
            ("12:30", Scalar::Text("12:30")),
        ] {
            assert_eq!(plain(text), meant, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_word_panics(text in "[-+0-9._eE:TZxob a-f]{1,12}|\\PC{1,8}") {
            plain(&text);
        }
    }
}
