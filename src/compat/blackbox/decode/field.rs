//! What may stand behind a key: text, numbers, durations, patterns, lists, maps.

use std::{borrow::Cow, cmp::Ordering, fmt};

use super::{Reader, quoted};
use crate::{
    compat::blackbox::{
        codes,
        yaml::{Id, Inside, Yaml, scalar::Scalar},
    },
    model::Secret,
    re2::Regex,
};

/// A value of the file, as Go's decoder fills and its encoder prints it.
pub(in crate::compat::blackbox) trait Field: Default {
    /// Takes what a node holds that is neither null nor an alias; whether it could.
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool;
    /// What a null does: nothing, or where Go has a pointer, a list or a map, it empties the value.
    fn clear(&mut self) -> bool {
        false
    }
    /// As `/config` prints it.
    fn show(&self) -> Yaml;
    /// Whether `/config` leaves it out.
    fn is_zero(&self) -> bool;
}

impl Reader<'_> {
    /// What a scalar is; reports anything else.
    fn scalar(&mut self, id: Id, wanted: &str) -> Option<Scalar<'_>> {
        let node = self.node(id);
        if !matches!(node.inside, Inside::Scalar { .. }) {
            self.wrong_type(id, wanted);
            return None;
        }
        match node.scalar() {
            Ok(scalar) => Some(scalar),
            Err(message) => {
                self.error(codes::WRONG_TYPE, id, message);
                None
            }
        }
    }
}

/// Text; bytes, in truth, for `!!binary` may hold any.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::compat::blackbox) struct Text(pub(in crate::compat::blackbox) Vec<u8>);

impl Text {
    pub(in crate::compat::blackbox) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As text; what is no UTF-8 shows as U+FFFD.
    pub(in crate::compat::blackbox) fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.lossy())
    }
}

impl Field for Text {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let node = reader.node(id);
        let Some(scalar) = reader.scalar(id, "text") else { return false };
        let Inside::Scalar { text, .. } = &node.inside else { return false };
        // A number is text as it was written: `007` stays `007`.
        self.0 = match scalar {
            Scalar::Bytes(bytes) => bytes,
            _ => text.as_bytes().to_vec(),
        };
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Text(self.0.clone())
    }
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// Text that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in crate::compat::blackbox) struct Sensitive(pub(in crate::compat::blackbox) Text);

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Secret::MASK)
    }
}

impl Field for Sensitive {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.0.take(reader, id)
    }
    fn show(&self) -> Yaml {
        if self.is_zero() { Yaml::Null } else { Secret::MASK.into() }
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Field for bool {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "`true` or `false`";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        *self = match scalar {
            Scalar::Bool(value) => value,
            Scalar::Text("y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON") => true,
            Scalar::Text("n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF") => false,
            _ => return reader.wrong_type(id, WANTED),
        };
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Bool(*self)
    }
    fn is_zero(&self) -> bool {
        !*self
    }
}

impl Field for i64 {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a whole number";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        let number = match scalar {
            Scalar::Int(number) => Self::try_from(number).ok(),
            // Go cuts the fraction off.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "as Go does; the bounds are checked"
            )]
            Scalar::Float(number) if number.abs() < 9.2e18 => Some(number as Self),
            _ => None,
        };
        let Some(number) = number else { return reader.wrong_type(id, WANTED) };
        *self = number;
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Int(*self)
    }
    fn is_zero(&self) -> bool {
        *self == 0
    }
}

/// A duration in Go's notation, in nanoseconds; may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat::blackbox) struct GoDuration(pub(in crate::compat::blackbox) i64);

impl Field for GoDuration {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        const WANTED: &str = "a duration as Go writes it";
        let Some(scalar) = reader.scalar(id, WANTED) else { return false };
        let parsed = match &scalar {
            Scalar::Text(text) => parse_duration(text),
            Scalar::Bytes(bytes) => std::str::from_utf8(bytes).ok().and_then(parse_duration),
            _ => None,
        };
        let days = matches!(scalar, Scalar::Text(text) if text.ends_with(['d', 'w', 'y']));
        let Some(nanos) = parsed else {
            reader.wrong_type(id, WANTED);
            if days {
                reader.hint(Some("Go knows no unit above `h`: write `24h` for a day".to_owned()));
            }
            return false;
        };
        self.0 = nanos;
        true
    }
    fn show(&self) -> Yaml {
        format_duration(self.0).as_str().into()
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

/// Go's `time.ParseDuration`: signed, decimal fractions, units ns, us, ms, s, m and h, each as often as wanted.
fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = &rest[..digits(rest)];
        rest = &rest[whole.len()..];
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            fraction = &after[..digits(after)];
            rest = &after[fraction.len()..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let unit: i128 = match &rest[..end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        rest = &rest[end..];
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        // Digits beyond the nanosecond of an hour change nothing.
        let fraction = &fraction[..fraction.len().min(18)];
        if !fraction.is_empty() {
            let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
            total = total.checked_add(fraction.parse::<i128>().ok()? * unit / scale)?;
        }
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return None;
        }
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Go's `Duration.String`: `1m30s`, `500ms`, `1h0m0s`.
fn format_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let decimal = |value: u64, unit: u64, word: &str| {
        let fraction = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() || unit == 1 { "" } else { "." };
        let fraction = if unit == 1 { "" } else { fraction };
        format!("{}{dot}{fraction}{word}", value / unit)
    };
    let seconds = nanos / 1_000_000_000;
    let text = match nanos {
        0 => "0s".to_owned(),
        1..1_000 => decimal(nanos, 1, "ns"),
        1_000..1_000_000 => decimal(nanos, 1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(nanos, 1_000_000, "ms"),
        _ => {
            let rest = decimal(nanos % 60_000_000_000, 1_000_000_000, "s");
            match seconds / 60 {
                0 => rest,
                minutes @ 1..60 => format!("{minutes}m{rest}"),
                minutes => format!("{}h{}m{rest}", minutes / 60, minutes % 60),
            }
        }
    };
    format!("{sign}{text}")
}

/// A regular expression that is compiled when the file is read.
#[derive(Debug, Clone, Default)]
pub(in crate::compat::blackbox) struct Pattern(pub(in crate::compat::blackbox) Option<Regex>);

impl Pattern {
    /// The expression as it was written; empty where there is none.
    pub(in crate::compat::blackbox) fn text(&self) -> &str {
        self.0.as_ref().map_or("", Regex::as_str)
    }
}

impl Field for Pattern {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let mut text = Text::default();
        if !text.take(reader, id) {
            return false;
        }
        let compiled = std::str::from_utf8(&text.0)
            .map_err(|_| "a regular expression is UTF-8 text".to_owned())
            .and_then(str::parse);
        match compiled {
            Ok(regex) => self.0 = Some(regex),
            Err(why) => return reader.bad_value(id, &why),
        }
        true
    }
    fn show(&self) -> Yaml {
        if self.text().is_empty() { Yaml::Null } else { self.text().into() }
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

/// A number of bytes: `10MB` and `10MiB` are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::compat::blackbox) struct Size(pub(in crate::compat::blackbox) i64);

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

impl<F: Field> Field for Vec<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        let node = reader.node(id);
        let Inside::List(list) = &node.inside else { return reader.wrong_type(id, "a list") };
        *self = reader.elements(list);
        true
    }
    fn clear(&mut self) -> bool {
        Self::clear(self);
        true
    }
    fn show(&self) -> Yaml {
        Yaml::List(self.iter().map(Field::show).collect())
    }
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// What Go has a pointer for: not there at all, or there.
impl<F: Field> Field for Option<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.get_or_insert_default().take(reader, id)
    }
    fn clear(&mut self) -> bool {
        *self = None;
        true
    }
    fn show(&self) -> Yaml {
        self.as_ref().map_or(Yaml::Null, Field::show)
    }
    fn is_zero(&self) -> bool {
        self.is_none()
    }
}

/// Values under names of the user's own, in the order of the file.
#[derive(Debug, Clone)]
pub(in crate::compat::blackbox) struct Named<F>(pub(in crate::compat::blackbox) Vec<(String, F)>);

impl<F> Default for Named<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F> Named<F> {
    pub(in crate::compat::blackbox) fn iter(&self) -> impl Iterator<Item = (&str, &F)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<F: Field> Field for Named<F> {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !matches!(reader.node(id).inside, Inside::Map(_)) {
            return reader.wrong_type(id, "a mapping");
        }
        for entry in reader.entries(id) {
            let mut value = F::default();
            // A null is the zero value, and a value that is wrong has been reported.
            reader.entry(&entry, |reader| reader.read(entry.value, &mut value));
            self.0.push((entry.key, value));
        }
        true
    }
    fn clear(&mut self) -> bool {
        self.0.clear();
        true
    }
    fn show(&self) -> Yaml {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by(|(one, _), (other, _)| natural(one, other));
        let shown = entries.into_iter().map(|(name, value)| (name.as_str().into(), value.show()));
        Yaml::Map(shown.collect())
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

/// The order in which Go's encoder prints keys: numbers inside of words by their value, letters behind all else.
fn natural(one: &str, other: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut digits = false;
    for (at, (a, b)) in left.iter().zip(&right).enumerate() {
        if a == b {
            digits = a.is_numeric();
            continue;
        }
        return match (a.is_alphabetic(), b.is_alphabetic()) {
            (true, true) => a.cmp(b),
            (false, false) => numbers(&left, &right, at),
            (letter, _) if letter == digits => Ordering::Less,
            _ => Ordering::Greater,
        };
    }
    left.len().cmp(&right.len())
}

fn numbers(left: &[char], right: &[char], at: usize) -> Ordering {
    let before = left[..at].iter().rev().take_while(|c| c.is_numeric());
    let within = (left[at] == '0' || right[at] == '0') && before.into_iter().any(|c| *c != '0');
    let value = |text: &[char]| {
        let digits: Vec<i64> =
            text[at..].iter().map_while(|c| c.to_digit(10)).map(i64::from).collect();
        let start = i64::from(within);
        let number =
            digits.iter().fold(start, |sum, digit| sum.wrapping_mul(10).wrapping_add(*digit));
        (number, digits.len())
    };
    value(left).cmp(&value(right)).then(left[at].cmp(&right[at]))
}

/// Values of any shape, as the claims of a token have them.
#[derive(Debug, Clone, Default)]
pub(in crate::compat::blackbox) struct Claims(pub(in crate::compat::blackbox) Vec<(String, Yaml)>);

impl Field for Claims {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        if !matches!(reader.node(id).inside, Inside::Map(_)) {
            return reader.wrong_type(id, "a mapping");
        }
        let Yaml::Map(entries) = any(reader, id) else { return false };
        let named = |(key, value)| match key {
            Yaml::Text(key) => Some((String::from_utf8_lossy(&key).into_owned(), value)),
            _ => None,
        };
        self.0 = entries.into_iter().filter_map(named).collect();
        true
    }
    fn clear(&mut self) -> bool {
        self.0.clear();
        true
    }
    fn show(&self) -> Yaml {
        Yaml::Map(self.0.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect())
    }
    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

/// A value whose type the file itself decides.
#[derive(Default)]
struct Any(Option<Yaml>);

impl Field for Any {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        self.0 = Some(any(reader, id));
        true
    }
    fn clear(&mut self) -> bool {
        self.0 = Some(Yaml::Null);
        true
    }
    fn show(&self) -> Yaml {
        self.0.clone().unwrap_or(Yaml::Null)
    }
    fn is_zero(&self) -> bool {
        self.0.is_none()
    }
}

fn any(reader: &mut Reader<'_>, id: Id) -> Yaml {
    let node = reader.node(id);
    match &node.inside {
        Inside::List(list) => {
            let elements: Vec<Any> = reader.elements(list);
            Yaml::List(elements.iter().map(Any::show).collect())
        }
        Inside::Map(_) => {
            let mut entries = Vec::new();
            for entry in reader.entries(id) {
                let mut value = Any::default();
                reader.entry(&entry, |reader| reader.read(entry.value, &mut value));
                entries.push((entry.key, value));
            }
            entries.sort_by(|(one, _), (other, _)| natural(one, other));
            let shown = |(key, value): (String, Any)| (key.as_str().into(), value.show());
            Yaml::Map(entries.into_iter().map(shown).collect())
        }
        _ => match reader.scalar(id, "a value") {
            Some(Scalar::Bool(value)) => Yaml::Bool(value),
            Some(Scalar::Int(number)) => i64::try_from(number).map_or(Yaml::Null, Yaml::Int),
            Some(Scalar::Float(number)) => Yaml::Float(number),
            Some(Scalar::Bytes(bytes)) => Yaml::Text(bytes),
            Some(Scalar::Text(text)) => text.into(),
            _ => match &node.inside {
                Inside::Scalar { text, .. } => (&**text).into(),
                _ => Yaml::Null,
            },
        },
    }
}

/// The path of one entry of a [`Named`] below a field's path.
pub(in crate::compat::blackbox) fn step(name: &str) -> String {
    format!(".{}", quoted(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, nanos, shown) in [
            ("1m30s", 90_000_000_000, "1m30s"),
            ("500ms", 500_000_000, "500ms"),
            ("1.5h", 5_400_000_000_000, "1h30m0s"),
            ("0", 0, "0s"),
            ("-5s", -5_000_000_000, "-5s"),
            ("1h1s", 3_601_000_000_000, "1h0m1s"),
            (".5s", 500_000_000, "500ms"),
            ("1500us", 1_500_000, "1.5ms"),
            ("2s2s", 4_000_000_000, "4s"),
        ] {
            assert_eq!(parse_duration(text), Some(nanos), "{text}");
            assert_eq!(format_duration(nanos), shown);
        }
        for text in ["", "5", "1d", "s", "5 s", "-", ".s", "9999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

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

    #[test]
    fn keys_are_in_the_order_of_gos_encoder() {
        let mut keys = ["http_post", "http_2xx", "a10", "a9", "http2", "B", "a-b", "ab"];
        keys.sort_by(|one, other| natural(one, other));
        assert_eq!(keys, ["B", "a-b", "a9", "a10", "ab", "http_2xx", "http_post", "http2"]);
    }

    proptest::proptest! {
        #[test]
        fn a_written_duration_is_read_back(nanos: i64) {
            proptest::prop_assert_eq!(parse_duration(&format_duration(nanos)), Some(nanos));
        }

        #[test]
        fn a_written_size_is_read_back(bytes in 0_i64..1 << 50) {
            proptest::prop_assert_eq!(parse_size(&format_size(bytes), "iB"), Some(bytes));
        }
    }
}
