//! Numbers as Prometheus spells them, without `format!`.

/// The largest whole number written digit by digit; beyond it an `f64` no longer holds every integer.
const WHOLE: f64 = 1e15;

/// A sample's value: `1`, `0.25`, `1e-7`, `NaN`, `+Inf`, `-Inf`.
pub(super) fn push(out: &mut Vec<u8>, value: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "compared afterwards, and saturating")]
    let whole = value as i64;
    #[expect(clippy::cast_precision_loss, reason = "exact below WHOLE")]
    let same = value.abs() < WHOLE && (whole as f64).to_bits() == value.to_bits();
    if let (true, Ok(digit @ 0..=9)) = (same, u8::try_from(whole)) {
        out.push(b'0' + digit); // most samples say yes or no
    } else if same {
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    } else if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    } else {
        out.extend_from_slice(special(value));
    }
}

/// A bucket's bound as OpenMetrics wants it, `1.0` and not `1`: it is a label, so its spelling matters.
pub(super) fn push_float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        out.extend_from_slice(special(value));
    }
}

/// A count.
pub(super) fn push_count(out: &mut Vec<u8>, count: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
}

fn special(value: f64) -> &'static [u8] {
    if value.is_nan() {
        b"NaN"
    } else if value > 0.0 {
        b"+Inf"
    } else {
        b"-Inf"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        push(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn spelling() {
        let table = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-3.0, "-3"),
            (0.005, "0.005"),
            (1_763_635_200.123, "1763635200.123"),
            (1e15, "1000000000000000"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, wanted) in table {
            assert_eq!(text(value), wanted);
        }
        let mut bound = Vec::new();
        push_float(&mut bound, 1.0);
        assert_eq!(bound, b"1.0");
    }

    proptest! {
        #[test]
        fn reads_back(value in any::<f64>()) {
            let read: f64 = text(value).parse().unwrap();
            prop_assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        }
    }
}
