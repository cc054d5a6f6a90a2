use std::fmt;

/// Go's `time.Duration`: nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Span(pub(in super::super) i64);

pub(in super::super) const SECOND: i64 = 1_000_000_000;

impl Span {
    #[allow(
        clippy::cast_precision_loss,
        reason = "as Go: a float of this size is what is asked for"
    )]
    pub(in super::super) fn in_units_of(self, nanoseconds: i64) -> f64 {
        // Whole and part apart, so that the whole is exact; as Go does.
        (self.0 / nanoseconds) as f64 + (self.0 % nanoseconds) as f64 / nanoseconds as f64
    }

    /// To a multiple, away from zero when half-way.
    pub(in super::super) fn round(self, to: Self) -> Self {
        if to.0 <= 0 {
            return self;
        }
        let rest = self.0 % to.0;
        let down = self.0 - rest;
        let up = if self.0 < 0 { down.checked_sub(to.0) } else { down.checked_add(to.0) };
        if rest.unsigned_abs() < to.0.unsigned_abs() - rest.unsigned_abs() {
            return Self(down);
        }
        Self(up.unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX }))
    }

    pub(in super::super) fn truncate(self, to: Self) -> Self {
        if to.0 <= 0 { self } else { Self(self.0 - self.0 % to.0) }
    }
}

/// `1h2m3.5s`, `1.5ms`, `0s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, left) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        match left {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{sign}{left}ns"),
            1_000..1_000_000 => write!(f, "{sign}{}µs", decimal(left, 3)),
            1_000_000..1_000_000_000 => write!(f, "{sign}{}ms", decimal(left, 6)),
            _ => {
                let minutes = left / 60_000_000_000;
                let seconds = decimal(left % 60_000_000_000, 9);
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(f, "{sign}{seconds}s"),
                    (0, minutes) => write!(f, "{sign}{minutes}m{seconds}s"),
                    (hours, minutes) => write!(f, "{sign}{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

/// A number with so many decimal places, without zeros at its end.
fn decimal(number: u64, places: u32) -> String {
    let unit = 10_u64.pow(places);
    let text = format!("{}.{:0width$}", number / unit, number % unit, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_in_go() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
            (-3_600 * SECOND, "-1h0m0s"),
        ] {
            assert_eq!(Span(nanoseconds).to_string(), text);
        }
    }

    #[test]
    fn spans_round_away_from_zero() {
        assert_eq!(Span(1_500_000_000).round(Span(SECOND)), Span(2 * SECOND));
        assert_eq!(Span(-1_500_000_000).round(Span(SECOND)), Span(-2 * SECOND));
        assert_eq!(Span(1_499_999_999).round(Span(SECOND)), Span(SECOND));
        assert_eq!(Span(1_999_999_999).truncate(Span(SECOND)), Span(SECOND));
        assert_eq!(Span(i64::MAX).round(Span(3_600 * SECOND)), Span(i64::MAX));
    }
}
