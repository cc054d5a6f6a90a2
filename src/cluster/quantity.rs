//! Kubernetes' quantities: `100m`, `1.5Gi`, `12e6`, as `resource.Quantity` reads and rounds them.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// An amount, in the three forms in which kube-state-metrics shows amounts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// In thousandths, rounded up; in whole units where it is too large for that.
    pub fine: f64,
    /// In whole units, rounded up.
    pub whole: f64,
    /// As it was written.
    pub exact: f64,
}

impl Eq for Quantity {}

impl std::hash::Hash for Quantity {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        [self.fine, self.whole, self.exact].map(f64::to_bits).hash(state);
    }
}

/// The largest amount that fits an `i64` in thousandths.
const MOST_IN_THOUSANDTHS: i128 = i64::MAX as i128 / 1000;

impl Quantity {
    /// Reads one; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_start_matches(['+', '-']);
        let sign = match text.len() - digits.len() {
            0 => 1,
            1 if text.starts_with('-') => -1,
            1 => 1,
            _ => return None,
        };
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (number, suffix) = digits.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let scale = Scale::parse(suffix)?;
        // Beyond these no quantity is meaningful, and Go caps them too.
        let digits =
            format!("{whole}{}", fraction.get(..fraction.len().min(18)).unwrap_or(fraction));
        let digits = digits.trim_start_matches('0');
        let mantissa: i128 =
            if digits.is_empty() { 0 } else { digits.get(..digits.len().min(30))?.parse().ok()? };
        let places = i32::try_from(fraction.len().min(18)).ok()?;
        Some(Self::scaled(sign * mantissa, places, scale))
    }

    fn scaled(mantissa: i128, places: i32, scale: Scale) -> Self {
        let (factor, ten) = match scale {
            Scale::Ten(exponent) => (1, exponent - places),
            Scale::Two(shift) => (1_i128 << shift, -places),
        };
        let mantissa = mantissa.saturating_mul(factor);
        let exact = as_float(mantissa) * 10_f64.powi(ten);
        let most = i128::from(i64::MAX);
        let whole = match (rounded_up(mantissa, ten), scale) {
            // What Go cannot hold in tens it takes for nothing; in twos it is capped.
            (whole, Scale::Ten(_)) if whole.abs() > most => {
                return Self { fine: 0.0, whole: 0.0, exact };
            }
            (whole, _) => whole.clamp(-most, most),
        };
        let fine = if whole > MOST_IN_THOUSANDTHS {
            as_float(whole)
        } else {
            as_float(rounded_up(mantissa, ten + 3)) / 1000.0
        };
        Self { fine, whole: as_float(whole), exact }
    }
}

/// What a suffix multiplies by.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Ten(i32),
    Two(u32),
}

impl Scale {
    fn parse(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "n" => Self::Ten(-9),
            "u" => Self::Ten(-6),
            "m" => Self::Ten(-3),
            "" => Self::Ten(0),
            "k" => Self::Ten(3),
            "M" => Self::Ten(6),
            "G" => Self::Ten(9),
            "T" => Self::Ten(12),
            "P" => Self::Ten(15),
            "E" => Self::Ten(18),
            "Ki" => Self::Two(10),
            "Mi" => Self::Two(20),
            "Gi" => Self::Two(30),
            "Ti" => Self::Two(40),
            "Pi" => Self::Two(50),
            "Ei" => Self::Two(60),
            _ => {
                let exponent = suffix.strip_prefix(['e', 'E'])?;
                // More than this is out of range either way, and would overflow the arithmetic.
                Self::Ten(exponent.parse::<i32>().ok()?.clamp(-30, 30))
            }
        })
    }
}

/// `mantissa * 10^ten`, away from zero to the next whole number.
fn rounded_up(mantissa: i128, ten: i32) -> i128 {
    let power = 10_i128.saturating_pow(ten.unsigned_abs());
    if ten >= 0 {
        return mantissa.saturating_mul(power);
    }
    let (quotient, rest) = (mantissa / power, mantissa % power);
    quotient + rest.signum()
}

#[expect(clippy::cast_precision_loss, reason = "as Go's float64(int64)")]
fn as_float(number: i128) -> f64 {
    number as f64
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Quantity;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity such as 100m or 1Gi")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
        Quantity::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Quantity, E> {
        self.visit_str(itoa::Buffer::new().format(number))
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Quantity, E> {
        self.visit_str(itoa::Buffer::new().format(number))
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_rounding() {
        let table = [
            ("100m", 0.1, 1.0),
            ("1u", 0.001, 1.0),
            ("1.5Gi", 1_610_612_736.0, 1_610_612_736.0),
            ("12e6", 12e6, 12e6),
            ("1k", 1000.0, 1000.0),
            ("-1500m", -1.5, -2.0),
            ("0", 0.0, 0.0),
            (".5", 0.5, 1.0),
            ("8Ei", 9_223_372_036_854_775_807.0, 9_223_372_036_854_775_807.0),
            ("9E", 9e18, 9e18),
            ("10E", 0.0, 0.0),
            ("16Ei", 9_223_372_036_854_775_807.0, 9_223_372_036_854_775_807.0),
            ("+3", 3.0, 3.0),
            ("2E3", 2000.0, 2000.0),
        ];
        for (text, fine, whole) in table {
            let quantity = Quantity::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!((quantity.fine - fine).abs() <= fine.abs() * 1e-15, "{text} {quantity:?}");
            assert!((quantity.whole - whole).abs() <= whole.abs() * 1e-15, "{text} {quantity:?}");
        }
        for text in ["", "x", "1.2.3", "1KiB", "--1", ".", "1e"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert!((Quantity::parse("50m").unwrap().exact - 0.05).abs() < 1e-12);
    }
}
