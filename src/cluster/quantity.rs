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
const MOST_IN_THOUSANDTHS: i64 = i64::MAX / 1000;

/// Digits after the point that are kept; beyond them an amount is rounded away from zero.
const NANO: i32 = 9;

impl Quantity {
    /// Reads one; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (number, suffix) = digits.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let amount = Amount::new(whole, fraction, Scale::parse(suffix)?);
        Some(amount.signed(text.starts_with('-')).quantity())
    }
}

/// `mantissa / 10^places`, in one of the two forms in which Go holds an amount. They differ in what they do at the ends of
/// `i64`, and kube-state-metrics shows that.
#[derive(Debug, Clone, Copy)]
struct Amount {
    mantissa: i128,
    places: i32,
    /// Few digits, in an `i64`: rounded away from zero, and nothing where it does not fit. Else a big decimal: rounded up,
    /// and the low 64 bits where it does not fit.
    is_small: bool,
}

impl Amount {
    fn new(whole: &str, fraction: &str, scale: Scale) -> Self {
        let digits = whole.bytes().chain(fraction.bytes());
        // Of more digits than fit only the low bits count in the end, so what is lost above them does not matter.
        let mantissa = digits.fold(0_i128, |number, digit| {
            number.wrapping_mul(10).wrapping_add(i128::from(digit - b'0'))
        });
        let count = whole.len() + fraction.len();
        let behind = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        match scale {
            Scale::Ten(exponent) => {
                let places = behind.saturating_sub(exponent);
                let amount = Self { mantissa, places, is_small: count <= 18 && places <= NANO };
                if amount.is_small { amount } else { amount.to_nano() }
            }
            Scale::Two(shift) => {
                // About three digits for ten bits, of fifteen.
                let has_room = usize::try_from(shift * 3 / 10).is_ok_and(|bits| count + bits < 15);
                let is_small = fraction.is_empty() && has_room;
                let mantissa = mantissa.wrapping_mul(1 << shift);
                let amount = Self { mantissa, places: behind, is_small }.to_nano();
                let most = i128::from(i64::MAX);
                if amount.whole() > most {
                    Self { mantissa: most, places: 0, ..amount }
                } else {
                    amount
                }
            }
        }
    }

    fn signed(self, is_negative: bool) -> Self {
        let mantissa = if is_negative { self.mantissa.wrapping_neg() } else { self.mantissa };
        Self { mantissa, ..self }
    }

    /// With no more digits after the point than are kept.
    fn to_nano(self) -> Self {
        if self.places <= NANO {
            return self;
        }
        let power = 10_i128.saturating_pow((self.places - NANO).unsigned_abs());
        let (quotient, rest) = (self.mantissa / power, self.mantissa % power);
        Self { mantissa: quotient + rest.signum(), places: NANO, ..self }
    }

    fn whole(self) -> i128 {
        self.mantissa / 10_i128.saturating_pow(self.places.max(0).unsigned_abs())
    }

    fn quantity(self) -> Quantity {
        let whole = self.scaled(0);
        let fine = if whole > MOST_IN_THOUSANDTHS {
            as_float(whole.into())
        } else {
            as_float(self.scaled(3).into()) / 1000.0
        };
        let exact = as_float(self.mantissa) * 10_f64.powi(-self.places);
        Quantity { fine, whole: as_float(whole.into()), exact }
    }

    /// In units of `10^-places`.
    fn scaled(self, places: i32) -> i64 {
        let shift = places - self.places;
        let power = |shift: i32| 10_i128.checked_pow(shift.unsigned_abs());
        if shift >= 0 {
            let scaled = power(shift).and_then(|power| self.mantissa.checked_mul(power));
            return match scaled.map(i64::try_from) {
                Some(Ok(scaled)) => scaled,
                _ if self.is_small => 0,
                _ => {
                    low_bits(self.mantissa.wrapping_mul(10_i128.wrapping_pow(shift.unsigned_abs())))
                }
            };
        }
        let power = power(shift).unwrap_or(i128::MAX);
        let (quotient, rest) = (self.mantissa / power, self.mantissa % power);
        let up = if self.is_small { rest.signum() } else { rest.signum().abs() };
        low_bits(quotient + up)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "as Go's big.Int.Int64")]
fn low_bits(number: i128) -> i64 {
    number as i64
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
