//! One run, drawn for a person: where its time went, what was expected and found, what is likely wrong.

use std::{fmt::Write as _, time::Duration};

use super::paint::{Paint, harmless};
use crate::{
    model::{Fact, Outcome, Verdict},
    probe::{Report, spec::Check},
};

/// Columns of the widest bar.
const WIDTH: f64 = 40.0;

/// The whole picture, newline at the end.
pub(super) fn draw(check: &Check, report: &Report, paint: Paint) -> String {
    let outcome = &report.outcome;
    let mut out = String::new();
    headline(&mut out, check, outcome, paint);
    phases(&mut out, outcome, paint);
    expectations(&mut out, report, paint);
    advice(&mut out, outcome, paint);
    facts(&mut out, outcome, paint);
    out
}

fn headline(out: &mut String, check: &Check, outcome: &Outcome, paint: Paint) {
    let word = match outcome.verdict {
        Verdict::Pass => paint.green("UP"),
        Verdict::Warn => paint.yellow("DEGRADED"),
        Verdict::Fail => paint.red("DOWN"),
        Verdict::Unknown => paint.yellow("UNKNOWN"),
    };
    let target = harmless(&check.settings.target);
    let _ = write!(out, "{word}  {target}  {}", paint.bold(&millis(outcome.duration)));
    if let Some(reason) = outcome.reason {
        let _ = write!(out, "\n  {}: {}", paint.bold(reason.word()), harmless(&outcome.detail));
    }
    out.push('\n');
}

fn phases(out: &mut String, outcome: &Outcome, paint: Paint) {
    let total = outcome.duration.as_secs_f64().max(1e-9);
    let last = outcome.phases.iter().last().map(|(phase, _)| phase);
    let failed = matches!(outcome.verdict, Verdict::Fail | Verdict::Unknown);
    let mut before = 0.0;
    for (phase, took) in outcome.phases.iter() {
        let share = took.as_secs_f64() / total;
        let (indent, length) = (cells(before), cells(share));
        let bar = if length == 0 { "▏".to_owned() } else { "█".repeat(length) };
        let bar = if failed && last == Some(phase) { paint.red(&bar) } else { bar };
        let pad = 42_usize.saturating_sub(indent + length.max(1));
        let _ = writeln!(
            out,
            "  {:<8} {}{bar}{}{:>10}",
            phase.word(),
            " ".repeat(indent),
            " ".repeat(pad),
            millis(took)
        );
        before += share;
    }
}

fn cells(share: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to WIDTH")]
    let cells = (share.clamp(0.0, 1.0) * WIDTH).round() as usize;
    cells
}

fn expectations(out: &mut String, report: &Report, paint: Paint) {
    for expectation in &report.trace.expectations {
        let mark = if expectation.held { paint.green("ok  ") } else { paint.red("FAIL") };
        let subject = harmless(&expectation.subject);
        let _ = write!(out, "  {mark}  {subject}: wanted {}", harmless(&expectation.wanted));
        if expectation.held {
            out.push('\n');
        } else {
            let _ = writeln!(out, ", got {}", harmless(&expectation.got));
        }
    }
}

fn facts(out: &mut String, outcome: &Outcome, paint: Paint) {
    for Fact { desc, labels, value } in outcome.facts.iter() {
        let name = desc.name.strip_prefix("noroshi_").unwrap_or(desc.name);
        let labels: Vec<String> = desc
            .labels
            .iter()
            .zip(labels.iter())
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", harmless(value)))
            .collect();
        let shown = if name.ends_with("_info") { String::new() } else { format!(" {value}") };
        let line = format!("  {name}{shown} {}", labels.join(" "));
        let _ = writeln!(out, "{}", paint.dim(line.trim_end()));
    }
}

fn advice(out: &mut String, outcome: &Outcome, paint: Paint) {
    let Some(reason) = outcome.reason else { return };
    let explanation = reason.explanation();
    let _ = writeln!(out, "  {}", paint.bold("likely:"));
    for cause in explanation.causes {
        let _ = writeln!(out, "    - {cause}");
    }
    let _ = writeln!(out, "  {}", paint.bold("next:"));
    for step in explanation.next {
        let _ = writeln!(out, "    - {step}");
    }
}

/// `1.2 ms`, `184 ms`, `2.51 s`.
pub(super) fn millis(took: Duration) -> String {
    let ms = took.as_secs_f64() * 1e3;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.2} s", ms / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let shown = [120, 1_200, 184_000, 2_512_000].map(|us| millis(Duration::from_micros(us)));
        assert_eq!(shown, ["0.12 ms", "1.20 ms", "184 ms", "2.51 s"]);
    }
}
