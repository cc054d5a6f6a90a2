//! `IntOrString`: a number of pods, or a share of those that are wanted.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A number or a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// So many.
    Number(i64),
    /// So many of a hundred.
    Percent(i64),
    /// A text that is neither.
    Neither,
}

impl Share {
    /// Of so many, rounded up.
    pub(super) fn up(self, of: i64) -> Option<i64> {
        self.scaled(of, 99)
    }

    /// Of so many, rounded down.
    pub(super) fn down(self, of: i64) -> Option<i64> {
        self.scaled(of, 0)
    }

    fn scaled(self, of: i64, round: i64) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Percent(percent) => {
                Some(percent.saturating_mul(of).saturating_add(round).div_euclid(100))
            }
            Self::Neither => None,
        }
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Share;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a percentage")
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Share, E> {
        Ok(Share::Number(number))
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Share, E> {
        Ok(Share::Number(i64::try_from(number).unwrap_or(i64::MAX)))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Share, E> {
        let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
        Ok(percent.map_or(Share::Neither, Share::Percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_what_is_wanted() {
        let share = |json: &str| serde_json::from_str::<Share>(json).unwrap();
        assert_eq!((share("3").up(10), share("3").down(10)), (Some(3), Some(3)));
        assert_eq!((share("\"25%\"").up(10), share("\"25%\"").down(10)), (Some(3), Some(2)));
        assert_eq!(share("\"3\"").up(10), None);
        assert_eq!(share("\"x%\"").down(10), None);
    }
}
