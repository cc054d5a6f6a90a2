use std::fmt;

use crate::page::thousands;

/// A measured value in its base unit.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Quantity {
    /// Time, of a clock or of a processor.
    Seconds(f64),
    /// Memory or a file's size.
    Bytes(f64),
    /// A part of a whole, 0 to 1.
    Share(f64),
}

/// What a figure is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Budget {
    /// At most this part of the peer's figure of the same run.
    OfPeer(f64),
    /// At most this.
    AtMost(Quantity),
}

/// A figure, or why there is none.
pub(crate) type Figure = Result<Quantity, String>;

impl Quantity {
    pub(crate) const fn number(self) -> f64 {
        match self {
            Self::Seconds(number) | Self::Bytes(number) | Self::Share(number) => number,
        }
    }
}

impl Budget {
    /// Whether it is kept; `None` where that cannot be told.
    pub(crate) fn met(self, ours: &Figure, peer: Option<&Figure>) -> Option<bool> {
        let ours = ours.as_ref().ok()?.number();
        Some(match self {
            Self::OfPeer(part) => ours <= peer?.as_ref().ok()?.number() * part,
            Self::AtMost(most) => ours <= most.number(),
        })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfPeer(part) => write!(f, "≤ 1/{:.0} of the peer", 1.0 / part),
            Self::AtMost(most) if most.number() == 0.0 => write!(f, "{most}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match *self {
            Self::Seconds(s) if s < 1e-3 => (s * 1e6, "µs"),
            Self::Seconds(s) if s < 1.0 => (s * 1e3, "ms"),
            Self::Seconds(s) => (s, "s"),
            Self::Bytes(bytes) if bytes < 1e3 => (bytes, "bytes"),
            Self::Bytes(bytes) if bytes < 1e5 => (bytes / 1e3, "kB"),
            Self::Bytes(bytes) => (bytes / 1e6, "MB"),
            Self::Share(share) => (share * 100.0, "%"),
        };
        // Three digits are more than such a measurement can promise.
        let digits = match number {
            _ if number.fract() == 0.0 || number >= 100.0 => 0,
            _ if number >= 10.0 => 1,
            _ => 2,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded, and never below 0"
        )]
        match number.round() as usize {
            large @ 1000.. => write!(f, "{} {unit}", thousands(large)),
            _ => write!(f, "{number:.digits$} {unit}"),
        }
    }
}

/// The middle one; NaN of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    quantile(&mut values, 0.5)
}

/// The smallest value that this part of all values does not exceed; NaN of none.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list that fits memory"
    )]
    let at = ((values.len() as f64 * part).ceil() as usize).max(1) - 1;
    values.get(at).copied().unwrap_or(f64::NAN)
}
