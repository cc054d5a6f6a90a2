use crate::model::{BaseState, CheckSettings, Verdict};

/// The state machine of one check: pure, without time.
///
/// UNKNOWN takes over when we could not tell, and gives back what it took: an incident that was open stays open, so
/// nothing resolves before the check is UP.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) base: BaseState,
    /// From DOWN to UP.
    pub(super) incident: bool,
    /// Runs since the last incident, the latest in bit 0; a set bit is a failure.
    pub(super) window: u64,
    /// Passes since the last failure.
    pub(super) passes: u32,
    pub(super) flaps: Flaps,
}

/// The last verdicts, for the share of changes among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Flaps {
    /// The latest in bit 0; a set bit is a failure.
    pub(super) failed: u64,
    pub(super) known: u32,
    pub(super) flapping: bool,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self {
            base: BaseState::Unknown,
            incident: false,
            window: 0,
            passes: 0,
            flaps: Flaps::default(),
        }
    }

    /// Takes one verdict and returns the state it leads to.
    pub(super) fn step(&mut self, verdict: Verdict, settings: &CheckSettings) -> BaseState {
        self.base = match verdict {
            Verdict::Unknown => BaseState::Unknown,
            Verdict::Fail => self.fail(settings),
            Verdict::Pass => self.pass(settings, BaseState::Up),
            Verdict::Warn => self.pass(settings, BaseState::Degraded),
        };
        if verdict != Verdict::Unknown {
            self.flaps.note(verdict == Verdict::Fail, settings);
        }
        self.base
    }

    pub(super) fn flapping(&self) -> bool {
        self.flaps.flapping
    }

    /// Whether an incident is open: from DOWN to UP.
    pub(super) fn incident(&self) -> bool {
        self.incident
    }

    /// What of its memory decides how it goes on: where that changes, it must be kept. In a long UP or DOWN it does not.
    pub(super) fn weight(&self, settings: &CheckSettings) -> impl PartialEq + use<> {
        // An incident ends by passes alone, and without one passes do not count.
        let counts = if self.incident {
            (0, self.passes.min(settings.successes.get()))
        } else {
            (self.window & latest(settings.failures.of.get()), 0)
        };
        let flaps = self.flaps.failed & latest(settings.flapping.window);
        (self.base, self.incident, counts, flaps, self.flaps.flapping)
    }

    fn fail(&mut self, settings: &CheckSettings) -> BaseState {
        self.passes = 0;
        self.window = (self.window << 1) | 1;
        let looked_at = self.window & latest(settings.failures.of.get());
        let enough = looked_at.count_ones() >= settings.failures.failures.get();
        if self.incident || enough {
            self.incident = true;
            BaseState::Down
        } else {
            BaseState::Pending
        }
    }

    fn pass(&mut self, settings: &CheckSettings, good: BaseState) -> BaseState {
        self.passes = self.passes.saturating_add(1);
        self.window <<= 1;
        if self.incident {
            if self.passes < settings.successes.get() {
                return BaseState::Recovering;
            }
            // What led to this incident does not count towards the next one.
            self.incident = false;
            self.window = 0;
        }
        good
    }
}

/// The bits of the latest runs.
fn latest(runs: u32) -> u64 {
    u64::MAX.checked_shr(64 - runs.min(64)).unwrap_or_default()
}

impl Flaps {
    fn note(&mut self, failed: bool, settings: &CheckSettings) {
        let rule = settings.flapping;
        self.failed = (self.failed << 1) | u64::from(failed);
        self.known = (self.known + 1).min(64);
        if rule.window < 2 || self.known < rule.window {
            self.flapping = false;
            return;
        }
        let pairs = rule.window.min(64) - 1;
        let changed = (self.failed ^ (self.failed >> 1)) & latest(pairs);
        let share = f64::from(changed.count_ones()) / f64::from(pairs);
        let limit = if self.flapping { rule.stop } else { rule.start };
        self.flapping = share >= limit;
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{model::Flapping, state::tests::settings};
    use BaseState::{Degraded, Down, Pending, Recovering, Unknown, Up};
    use Verdict as V;

    fn walk(settings: &CheckSettings, verdicts: &[V]) -> Vec<BaseState> {
        let mut machine = Machine::new();
        verdicts.iter().map(|verdict| machine.step(*verdict, settings)).collect()
    }

    #[test]
    fn three_in_a_row_and_two_back() {
        let mut settings = settings("a");
        settings.failures = "3".parse().unwrap();
        settings.successes = NonZeroU32::new(2).unwrap();
        let verdicts =
            [V::Pass, V::Fail, V::Fail, V::Fail, V::Pass, V::Fail, V::Pass, V::Pass, V::Fail];
        assert_eq!(
            walk(&settings, &verdicts),
            [Up, Pending, Pending, Down, Recovering, Down, Recovering, Up, Pending]
        );
    }

    #[test]
    fn three_of_five() {
        let mut settings = settings("a");
        settings.failures = "3/5".parse().unwrap();
        let verdicts = [V::Fail, V::Pass, V::Fail, V::Pass, V::Fail, V::Pass, V::Fail];
        assert_eq!(walk(&settings, &verdicts), [Pending, Up, Pending, Up, Down, Up, Pending]);
    }

    #[test]
    fn a_warning_is_a_pass_that_shows() {
        let mut settings = settings("a");
        settings.failures = "1".parse().unwrap();
        let verdicts = [V::Warn, V::Pass, V::Warn, V::Fail, V::Warn];
        assert_eq!(walk(&settings, &verdicts), [Degraded, Up, Degraded, Down, Degraded]);
    }

    #[test]
    fn unknown_moves_no_counter_and_closes_no_incident() {
        let mut settings = settings("a");
        settings.failures = "2".parse().unwrap();
        settings.successes = NonZeroU32::new(2).unwrap();
        let verdicts = [
            V::Fail,
            V::Unknown,
            V::Fail, // the second failure, although we could not tell in between
            V::Unknown,
            V::Pass, // the incident is still open
            V::Unknown,
            V::Fail,
            V::Pass,
            V::Pass,
        ];
        assert_eq!(
            walk(&settings, &verdicts),
            [Pending, Unknown, Down, Unknown, Recovering, Unknown, Down, Recovering, Up]
        );
    }

    #[test]
    fn flapping_starts_and_stops_by_the_share_of_changes() {
        let mut settings = settings("a");
        settings.flapping = Flapping { window: 5, start: 0.75, stop: 0.3 };
        let mut machine = Machine::new();
        let mut seen = Vec::new();
        for verdict in "fpfpppppp".chars() {
            let verdict = if verdict == 'f' { V::Fail } else { V::Pass };
            machine.step(verdict, &settings);
            seen.push(machine.flapping());
        }
        assert_eq!(seen, [false, false, false, false, true, true, false, false, false]);
    }
}
