use super::{Field, Reader, Text};
use crate::compat::yaml::{Id, Yaml};

/// A number of bytes: `10MB` and `10MiB` are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat) struct Size(pub(in crate::compat) i64);

impl Field for Size {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let text = text.lossy();
        let parsed = parse_size(&text, "iB").or_else(|| parse_size(&text, "B"));
        let Some(bytes) = parsed else {
            let why = "not a size: write it like `10MB` (which is 10 times 1024 times 1024 bytes)";
            return reader.bad_value(id, why);
        };
        self.0 = bytes;
        true
    }
    fn show(&self) -> Yaml {
        format_size(self.0).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

const PREFIXES: [&str; 7] = ["", "K", "M", "G", "T", "P", "E"];

/// Numbers with units, one after the other: `1GiB512MiB`.
fn parse_size(text: &str, suffix: &str) -> Option<i64> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = &rest[..end];
        let power = PREFIXES.iter().position(|prefix| match *prefix {
            "" => unit == "B",
            prefix => unit.strip_prefix(prefix) == Some(suffix),
        })?;
        total += number * 1024_f64.powi(i32::try_from(power).ok()?);
        rest = &rest[end..];
    }
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked; Go cuts too")]
    (total.abs() < 9.3e18 && !text.ends_with(['-', '+'])).then_some((sign * total) as i64)
}

/// The largest units that need no fraction, from large to small: `1MiB512KiB`.
fn format_size(bytes: i64) -> String {
    let (mut rest, mut parts) = (bytes, Vec::new());
    for (at, prefix) in PREFIXES.iter().enumerate() {
        if rest % 1024 != 0 || (at == 0 && rest == 0) {
            let suffix = if at == 0 { "B" } else { "iB" };
            parts.push(format!("{}{prefix}{suffix}", rest % 1024));
        }
        rest /= 1024;
        if rest == 0 {
            break;
        }
    }
    parts.reverse();
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_prometheus() {
        for (text, bytes, shown) in [
            ("10MB", 10 << 20, "10MiB"),
            ("1.5KiB", 1536, "1KiB512B"),
            ("0", 0, "0B"),
            ("100B", 100, "100B"),
            ("1GiB1B", (1 << 30) + 1, "1GiB1B"),
        ] {
            let parsed = parse_size(text, "iB").or_else(|| parse_size(text, "B"));
            assert_eq!(parsed, Some(bytes), "{text}");
            assert_eq!(format_size(bytes), shown);
        }
        for text in ["10", "kB", "1kB", "", "-"] {
            assert_eq!(parse_size(text, "iB").or_else(|| parse_size(text, "B")), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_written_size_is_read_back(bytes in 0_i64..1 << 50) {
            proptest::prop_assert_eq!(parse_size(&format_size(bytes), "iB"), Some(bytes));
        }
    }
}
