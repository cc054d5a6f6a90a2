//! Numbers as Go's `strconv` reads them where it is told no base: of flags and of headers.

/// Why a text is no number, in Go's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is written like none.
    #[error("invalid syntax")]
    Syntax,
    /// It is one, but too large.
    #[error("value out of range")]
    Range,
}

/// `ParseUint(text, 0, 64)`: `100`, `0x64`, `0o144`, `0144`, `0b1100100`, `1_000`; no sign.
///
/// # Errors
/// What Go's are.
pub fn unsigned(text: &str) -> Result<u64, Unread> {
    let (digits, base) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', b'o' | b'O', ..] => (&text[2..], 8),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    let digits = digits.replace('_', "");
    // A sign is a digit of no base.
    if !separates(text) || digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return Err(Unread::Syntax);
    }
    u64::from_str_radix(&digits, base).map_err(|_| Unread::Range)
}

/// `ParseFloat(text, 64)`: `0.5`, `.5`, `5e-1`, `0x1p-1`, `1_000`, `inf`, `nan`.
///
/// # Errors
/// What Go's are.
pub fn float(text: &str) -> Result<f64, Unread> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !separates(bare) || bare.starts_with(['+', '-']) {
        return Err(Unread::Syntax);
    }
    let is_word = |words: &[&str]| words.iter().any(|word| bare.eq_ignore_ascii_case(word));
    if is_word(&["nan"]) && bare.len() < text.len() {
        return Err(Unread::Syntax);
    }
    let digits = bare.replace('_', "");
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => hexadecimal(digits).ok_or(Unread::Syntax)?,
        None => digits.parse().map_err(|_| Unread::Syntax)?,
    };
    if number == f64::INFINITY && !is_word(&["inf", "infinity"]) {
        return Err(Unread::Range);
    }
    Ok(if text.starts_with('-') { -number } else { number })
}

/// What follows `0x` in a number with an exponent of two, which has to be there.
fn hexadecimal(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digit = |sum: f64, c: char| Some(sum.mul_add(16.0, c.to_digit(16)?.into()));
    let sum = whole.chars().chain(fraction.chars()).try_fold(0.0, digit)?;
    if sum == 0.0 {
        return Some(sum);
    }
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    Some(sum * f64::from(exponent.checked_sub(shift)?).exp2())
}

/// Whether each underscore stands between two digits, or between a prefix and one.
fn separates(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hexadecimal = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let is_digit = |at: usize| {
        bytes.get(at).is_some_and(|byte| match byte {
            b'0'..=b'9' => true,
            b'x' | b'X' | b'o' | b'O' | b'b' | b'B' if at == 1 && bytes[0] == b'0' => true,
            byte => is_hexadecimal && byte.is_ascii_hexdigit(),
        })
    };
    let mut underscores = (0..bytes.len()).filter(|at| bytes[*at] == b'_');
    underscores.all(|at| at > 0 && is_digit(at - 1) && is_digit(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Go's own functions answer.
    #[test]
    fn numbers_without_a_sign() {
        for (text, number) in [
            ("0", 0),
            ("100", 100),
            ("0x10", 16),
            ("0X1f", 31),
            ("010", 8),
            ("0o17", 15),
            ("0b11", 3),
            ("1_000", 1000),
            ("0x_1_0", 16),
            ("0_7", 7),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(unsigned(text), Ok(number), "{text}");
        }
        for text in
            ["", "-1", "+1", "-0", " 1", "1.0", "1e3", "08", "0x", "0b2", "_1", "1_", "1__0"]
        {
            assert_eq!(unsigned(text), Err(Unread::Syntax), "{text}");
        }
        for text in ["18446744073709551616", "0x10000000000000000"] {
            assert_eq!(unsigned(text), Err(Unread::Range), "{text}");
        }
    }

    #[test]
    fn numbers_with_a_point() {
        for (text, number) in [
            ("0.5", 0.5),
            ("-.5", -0.5),
            ("+5.", 5.0),
            ("1e-1", 0.1),
            ("1_0.2_5", 10.25),
            ("0x1p-1", 0.5),
            ("-0X_A.8P1", -21.0),
            ("0x.8p0", 0.5),
            ("0x0p9999", 0.0),
            ("010", 10.0),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(float(text), Ok(number), "{text}");
        }
        assert!(float("NaN").unwrap().is_nan());
        for text in [
            "", "x", " 1", "1 ", "1,5", "10s", "+-1", "--1", "+nan", "0x1", "0xp1", "0x1.8", "1_",
            "_1", "1e", ".", "infinit", "in_f", "0b1",
        ] {
            assert_eq!(float(text), Err(Unread::Syntax), "{text}");
        }
        for text in ["1e999", "-1e999", "0x1p5000"] {
            assert_eq!(float(text), Err(Unread::Range), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,12}|[-+0-9._xXpPeabo]{0,24}") {
            let _ = (unsigned(&text), float(&text));
        }
    }
}
