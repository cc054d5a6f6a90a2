//! The machine's memory as text, so that a restart takes nothing from it.

use std::{fmt, str::FromStr};

use super::machine::{Flaps, Machine};
use crate::model::BaseState;

/// What the text begins with; another form is another number.
const FORM: &str = "1";

/// `1 down incident=1 window=7 passes=0 failed=7 known=3 flapping=0`
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, incident, window, passes, flaps } = self;
        let Flaps { failed, known, flapping } = flaps;
        let (incident, flapping) = (u8::from(*incident), u8::from(*flapping));
        write!(f, "{FORM} {} incident={incident} window={window:x} ", base.word())?;
        write!(f, "passes={passes} failed={failed:x} known={known} flapping={flapping}")
    }
}

/// Why a text is no machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no memory of this version")]
pub(super) struct Unreadable;

impl FromStr for Machine {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut words = text.split(' ');
        if words.next() != Some(FORM) {
            return Err(Unreadable);
        }
        let base = words.next().and_then(BaseState::of_word).ok_or(Unreadable)?;
        let mut number = |name: &str, radix| {
            let value = words.next()?.strip_prefix(name)?.strip_prefix('=')?;
            u64::from_str_radix(value, radix).ok()
        };
        let mut next = |name, radix| number(name, radix).ok_or(Unreadable);
        let small = |number: u64| u32::try_from(number).map_err(|_| Unreadable);
        Ok(Self {
            base,
            incident: next("incident", 10)? == 1,
            window: next("window", 16)?,
            passes: small(next("passes", 10)?)?,
            flaps: Flaps {
                failed: next("failed", 16)?,
                known: small(next("known", 10)?)?,
                flapping: next("flapping", 10)? == 1,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{model::Verdict, state::tests::settings};

    proptest! {
        /// A machine that was written and read goes the same way as one that was not, wherever it is cut.
        #[test]
        fn what_is_read_goes_on_as_what_was_written(
            before in proptest::collection::vec(verdict(), 0..80),
            after in proptest::collection::vec(verdict(), 1..80),
        ) {
            let mut settings = settings("a");
            settings.failures = "3/5".parse().unwrap();
            settings.flapping = crate::model::Flapping { window: 6, start: 0.6, stop: 0.3 };
            let mut one = Machine::new();
            for verdict in before {
                one.step(verdict, &settings);
            }
            let mut other: Machine = one.to_string().parse().unwrap();
            for verdict in after {
                prop_assert_eq!(one.step(verdict, &settings), other.step(verdict, &settings));
                prop_assert_eq!(one.flapping(), other.flapping());
                prop_assert_eq!(one.incident(), other.incident());
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Machine>();
        }
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            Just(Verdict::Pass),
            Just(Verdict::Warn),
            Just(Verdict::Fail),
            Just(Verdict::Unknown)
        ]
    }
}
