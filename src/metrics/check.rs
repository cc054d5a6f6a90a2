//! What every check shows, whatever its kind.

use std::{ops::ControlFlow, sync::Arc};

use jiff::Timestamp;

use super::{Encoder, exposition::Walk};
use crate::{
    clock,
    model::{Desc, LabelSet, Outcome, Sink, Verdict},
    state::{COUNTED_STATES, Slot, View},
};

/// A check as one scrape sees it: every family reads the same view.
pub(super) struct Seen<'a> {
    pub(super) slot: &'a Slot,
    pub(super) view: Arc<View>,
    pub(super) now: Timestamp,
}

impl Seen<'_> {
    fn labels(&self) -> &LabelSet {
        &self.slot.labels
    }

    pub(super) fn last(&self) -> Option<&Outcome> {
        self.view.last.as_deref()
    }

    fn gauge<S: Sink>(&self, sink: &mut S, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into() {
            sink.sample(self.labels(), &[], value);
        }
    }
}

/// Writes all families, each over all checks.
pub(super) fn write<E: Encoder>(walk: &mut Walk<'_, E>, checks: &[Seen<'_>]) -> ControlFlow<()> {
    for (desc, series) in rows::<E>() {
        walk.family(&desc);
        for check in checks {
            series(check, &mut walk.encoder);
            walk.pause()?;
        }
    }
    ControlFlow::Continue(())
}

/// A family, and how a check writes its series of it.
type Row<S> = (Desc, fn(&Seen<'_>, &mut S));

/// The table of families, in the order of the exposition and of the docs.
pub(super) fn rows<S: Sink>() -> impl Iterator<Item = Row<S>> {
    verdicts().into_iter().chain(reasons()).chain(counts()).chain(times()).chain(settings())
}

fn verdicts<S: Sink>() -> [Row<S>; 5] {
    [
        (
            Desc::gauge(
                "noroshi_check_up",
                "Whether the check is up (1) or down (0), after `failures` and `successes` were counted. Absent before \
                 the first verdict; in state unknown it keeps the last one.",
            ),
            |check, sink| check.gauge(sink, check.view.up.map(number)),
        ),
        (
            Desc::gauge(
                "noroshi_check_success",
                "Whether the last run passed (1), with or without warnings, or not (0). Absent before the first run. \
                 Checks run on their own schedule, not at each scrape.",
            ),
            |check, sink| check.gauge(sink, check.last().map(|last| number(passed(last)))),
        ),
        (
            Desc::gauge(
                "noroshi_check_state",
                "State as a code: 0 down, 1 up, 2 pending, 4 degraded, 5 unknown, 6 recovering. Compare with == only.",
            ),
            |check, sink| check.gauge(sink, f64::from(check.view.base.code())),
        ),
        (
            Desc::gauge(
                "noroshi_check_state_info",
                "State as a word; always 1, and only the current state has a row.",
            )
            .labels(&["state"]),
            |check, sink| {
                sink.sample(check.labels(), &[("state", check.view.base.word())], 1.0);
            },
        ),
        (
            Desc::gauge(
                "noroshi_check_overlay",
                "What mutes the check's alerts without changing its state: maintenance, flapping, suppressed. Always \
                 1; a row exists only while the overlay lies over the check.",
            )
            .labels(&["overlay"]),
            |check, sink| {
                for word in check.view.overlays.words() {
                    sink.sample(check.labels(), &[("overlay", word)], 1.0);
                }
            },
        ),
    ]
}

fn reasons<S: Sink>() -> [Row<S>; 4] {
    [
        (
            Desc::gauge(
                "noroshi_check_failing",
                "Why the last run failed, or could tell nothing: 1 with the reason while that is so, else absent.",
            )
            .labels(&["reason"]),
            |check, sink| {
                let failed = check.last().filter(|last| !passed(last));
                if let Some(reason) = failed.and_then(|last| last.reason) {
                    sink.sample(check.labels(), &[("reason", reason.word())], 1.0);
                }
            },
        ),
        (
            Desc::gauge(
                "noroshi_check_warning",
                "Which `warn` rule the last run broke: 1 with the reason while that is so, else absent.",
            )
            .labels(&["reason"]),
            |check, sink| {
                let warned = check.last().filter(|last| last.verdict == Verdict::Warn);
                if let Some(reason) = warned.and_then(|last| last.reason) {
                    sink.sample(check.labels(), &[("reason", reason.word())], 1.0);
                }
            },
        ),
        (
            Desc::gauge("noroshi_check_consecutive_failures", "Failed runs since the last pass."),
            |check, sink| check.gauge(sink, count(check.view.consecutive_failures)),
        ),
        (
            Desc::gauge(
                "noroshi_check_info",
                "What the check looks at and who tells of it, with all its labels from the configuration; always 1.",
            )
            .labels(&["target", "notify"]),
            |check, sink| sink.sample(&check.slot.info, &[], 1.0),
        ),
    ]
}

fn counts<S: Sink>() -> [Row<S>; 4] {
    [
        (
            Desc::counter("noroshi_check_runs_total", "Runs, whatever their verdict."),
            |check, sink| check.gauge(sink, count(check.view.counters.runs)),
        ),
        (
            Desc::counter("noroshi_check_failures_total", "Runs that failed."),
            |check, sink| check.gauge(sink, count(check.view.counters.failures)),
        ),
        (
            Desc::counter(
                "noroshi_check_failure_reasons_total",
                "Runs that failed or could tell nothing, by reason. A reason's row appears with its first run.",
            )
            .labels(&["reason"]),
            |check, sink| {
                for (reason, times) in &check.view.counters.reasons {
                    sink.sample(check.labels(), &[("reason", reason.word())], count(*times));
                }
            },
        ),
        (
            Desc::counter(
                "noroshi_check_missed_runs_total",
                "Slots of the schedule that passed without a run.",
            ),
            |check, sink| check.gauge(sink, count(check.view.counters.missed)),
        ),
    ]
}

fn times<S: Sink>() -> [Row<S>; 6] {
    [
        (
            Desc::histogram("noroshi_check_duration_seconds", "Duration of all runs."),
            |check, sink| sink.histogram(check.labels(), &[], &check.view.counters.durations),
        ),
        (
            Desc::gauge(
                "noroshi_check_phase_duration_seconds",
                "Time the last run spent in a phase: dns, connect, tls, send, wait, receive.",
            )
            .labels(&["phase"]),
            |check, sink| {
                for (phase, took) in check.last().iter().flat_map(|last| last.phases.iter()) {
                    sink.sample(check.labels(), &[("phase", phase.word())], took.as_secs_f64());
                }
            },
        ),
        (
            Desc::histogram(
                "noroshi_check_phase_latency_seconds",
                "Time all runs spent in a phase, where the check asks for it with `phase_histograms`.",
            )
            .labels(&["phase"]),
            |check, sink| {
                for (phase, histogram) in &check.view.counters.phases {
                    sink.histogram(check.labels(), &[("phase", phase.word())], histogram);
                }
            },
        ),
        (
            Desc::gauge(
                "noroshi_check_last_run_timestamp_seconds",
                "When the last run ended, as seconds since the epoch. Absent before the first run.",
            ),
            |check, sink| check.gauge(sink, check.view.last_run.map(clock::epoch_seconds)),
        ),
        (
            Desc::gauge(
                "noroshi_check_state_changed_timestamp_seconds",
                "When the current state was entered, as seconds since the epoch.",
            ),
            |check, sink| check.gauge(sink, clock::epoch_seconds(check.view.changed)),
        ),
        (
            Desc::counter(
                "noroshi_check_state_seconds_total",
                "Time spent in each state; time under maintenance only as state `maintenance`.",
            )
            .labels(&["state"]),
            |check, sink| {
                let seconds = check.view.state_seconds(check.now);
                for (state, seconds) in COUNTED_STATES.iter().zip(seconds) {
                    sink.sample(check.labels(), &[("state", state)], seconds);
                }
            },
        ),
    ]
}

fn settings<S: Sink>() -> [Row<S>; 3] {
    [
        (
            Desc::gauge(
                "noroshi_check_interval_seconds",
                "Time from run to run, as configured; with `retry_interval` less while the check is pending or down.",
            ),
            |check, sink| check.gauge(sink, check.slot.settings.interval.as_secs_f64()),
        ),
        (
            Desc::gauge(
                "noroshi_check_slo_objective_ratio",
                "Share of time in which the check is to be up, where an objective is configured.",
            ),
            |check, sink| check.gauge(sink, check.slot.settings.slo.map(|slo| slo.objective)),
        ),
        (
            Desc::gauge(
                "noroshi_check_latency_objective_seconds",
                "Duration that a good run stays under, where an objective is configured.",
            ),
            |check, sink| {
                let latency = check.slot.settings.slo.and_then(|slo| slo.latency);
                check.gauge(sink, latency.map(|latency| latency.0.as_secs_f64()));
            },
        ),
    ]
}

/// Whether a run counts as a success: warnings are no failures.
fn passed(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Pass | Verdict::Warn)
}

fn number(on: bool) -> f64 {
    f64::from(u8::from(on))
}

#[expect(clippy::cast_precision_loss, reason = "exposition knows only doubles; exact up to 2^53")]
fn count(count: u64) -> f64 {
    count as f64
}
