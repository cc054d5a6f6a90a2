//! From a result and what was measured to a verdict: inversion and `warn` rules.

use std::time::Duration;

use super::certificate;
use crate::{
    clock::Clock,
    model::{CheckSettings, Fact, Failure, Reason, Verdict},
};

/// The verdict on a run, and why it is not a pass. `facts` are those of every attempt.
pub(super) fn judge(
    settings: &CheckSettings,
    result: Result<(), Failure>,
    duration: Duration,
    facts: &[Fact],
    clock: Clock,
) -> (Verdict, Option<Failure>) {
    match (result, settings.invert) {
        (Err(failure), _) if failure.reason.verdict() == Verdict::Unknown => {
            (Verdict::Unknown, Some(failure))
        }
        (Ok(()), true) => {
            let detail = "it passed, and `invert` is set";
            (Verdict::Fail, Some(Failure::new(Reason::UnexpectedSuccess, detail)))
        }
        (Err(failure), false) => (Verdict::Fail, Some(failure)),
        (Ok(()), false) | (Err(_), true) => match warning(settings, duration, facts, clock) {
            Some(broken) => (Verdict::Warn, Some(broken)),
            None => (Verdict::Pass, None),
        },
    }
}

/// The first `warn` rule that is broken.
fn warning(
    settings: &CheckSettings,
    duration: Duration,
    facts: &[Fact],
    clock: Clock,
) -> Option<Failure> {
    let rules = &settings.warn;
    if let Some(limit) = rules.duration.filter(|limit| duration > limit.0) {
        let detail = format!("it took {:.3} s, more than {limit}", duration.as_secs_f64());
        return Some(Failure::new(Reason::LatencyExceeded, detail));
    }
    if let Some(wanted) = rules.certificate_validity {
        let left = certificate::validity_left(facts, clock.now());
        if let Some(left) = left.filter(|left| *left < wanted.0.as_secs_f64()) {
            let detail = format!("valid for {:.1} days more, wanted {wanted}", left / 86_400.0);
            return Some(Failure::new(Reason::TlsExpiresSoon, detail));
        }
    }
    rules.metrics.iter().find_map(|rule| {
        let broken = facts.iter().filter(|fact| fact.desc.name == rule.name).find(|fact| {
            rule.above.is_some_and(|limit| fact.value > limit)
                || rule.below.is_some_and(|limit| fact.value < limit)
        })?;
        let detail = format!("{} is {}, out of bounds", rule.name, broken.value);
        Some(Failure::new(Reason::MetricOutOfBounds, detail))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::epoch_seconds,
        model::{CheckId, PromDuration, Warn, WarnMetric},
        probe::runtime::IP_PROTOCOL,
    };

    fn settings() -> CheckSettings {
        CheckSettings::new(CheckId::new("a"), "tcp", "127.0.0.1:1", "127.0.0.1")
    }

    fn verdict(settings: &CheckSettings, result: Result<(), Reason>, facts: &[Fact]) -> Verdict {
        let result = result.map_err(|reason| Failure::new(reason, ""));
        judge(settings, result, Duration::from_millis(600), facts, Clock::system()).0
    }

    #[test]
    fn inversion_turns_passes_and_failures_but_not_our_own_faults() {
        let inverted = CheckSettings { invert: true, ..settings() };
        assert_eq!(verdict(&inverted, Ok(()), &[]), Verdict::Fail);
        assert_eq!(verdict(&inverted, Err(Reason::ConnectRefused), &[]), Verdict::Pass);
        assert_eq!(verdict(&inverted, Err(Reason::LocalResources), &[]), Verdict::Unknown);
    }

    #[test]
    fn a_broken_warn_rule_is_a_warning_and_never_a_failure() {
        let mut settings = settings();
        assert_eq!(verdict(&settings, Ok(()), &[]), Verdict::Pass);
        settings.warn.duration = Some(PromDuration(Duration::from_millis(500)));
        assert_eq!(verdict(&settings, Ok(()), &[]), Verdict::Warn);
        settings.warn = Warn::default();
        settings.warn.certificate_validity = Some(PromDuration(Duration::from_hours(48)));
        let ends = epoch_seconds(Clock::system().now()) + 3600.0;
        let soon = Fact::labelled(&certificate::NOT_AFTER, ["peer", "0"], ends);
        assert_eq!(verdict(&settings, Ok(()), &[]), Verdict::Pass);
        assert_eq!(verdict(&settings, Ok(()), &[soon]), Verdict::Warn);
        let rule = |above, below| WarnMetric { name: IP_PROTOCOL.name.into(), above, below };
        let fact = [Fact::new(&IP_PROTOCOL, 4.0)];
        for (rule, wanted) in [
            (rule(Some(4.0), None), Verdict::Pass),
            (rule(Some(3.9), None), Verdict::Warn),
            (rule(None, Some(4.1)), Verdict::Warn),
        ] {
            settings.warn = Warn { metrics: vec![rule], ..Warn::default() };
            assert_eq!(verdict(&settings, Ok(()), &fact), wanted);
        }
    }
}
