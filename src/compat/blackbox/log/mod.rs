//! What blackbox_exporter would have logged of a probe: for `debug=true`, `/logs` and our own log.
//!
//! Contract: lines have its shape (time, level, source, message, module, target, pairs) and, where a line of its own says the
//! same, its words; what only noroshi knows keeps noroshi's. Pure: nothing is written anywhere, and nothing is computed
//! before somebody reads it.

mod failure;
mod line;

use std::{borrow::Cow, time::Duration};

use jiff::{SignedDuration, Timestamp};

pub use line::{Format, Level, Line};

use super::{Prober, families};
use crate::model::{IpProtocol, Outcome, Phase, Trace};

/// A probe that is over.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The module's name.
    pub module: &'a str,
    /// The target, fit to be shown.
    pub target: &'a str,
    /// What the module named as its prober.
    pub prober: Prober,
    /// The family that was looked for first.
    pub prefer: IpProtocol,
    /// When it began.
    pub began: Timestamp,
    /// How long it was given.
    pub timeout: Duration,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// What it did.
    pub trace: &'a Trace,
}

impl<'a> Told<'a> {
    /// Whether it has a line of at least this level, without writing one.
    pub fn reaches(&self, level: Level) -> bool {
        let redirected = || self.trace.steps.iter().any(|(_, step)| step.starts_with(REDIRECT));
        match level {
            Level::Debug => true,
            Level::Info | Level::Warn => !families::passed(self.outcome) || redirected(),
            Level::Error => !families::passed(self.outcome),
        }
    }

    /// Its lines, in order.
    pub fn lines(&self) -> Vec<Line<'a>> {
        let mut lines = vec![
            self.line(Duration::ZERO, Level::Debug, "Beginning probe")
                .with("probe", self.prober.word())
                .with("timeout_seconds", self.timeout.as_secs_f64().to_string()),
        ];
        self.resolution(&mut lines);
        lines.extend(self.trace.steps.iter().filter_map(|(after, step)| self.step(*after, step)));
        self.responses(&mut lines);
        let took = self.outcome.duration;
        failure::lines(self, &mut lines);
        let (level, words) = if families::passed(self.outcome) {
            (Level::Debug, "Probe succeeded")
        } else {
            (Level::Error, "Probe failed")
        };
        let last = self.line(took, level, words);
        lines.push(last.with("duration_seconds", took.as_secs_f64().to_string()));
        lines
    }

    fn line(&self, after: Duration, level: Level, words: impl Into<Cow<'a, str>>) -> Line<'a> {
        let after = SignedDuration::try_from(after).unwrap_or_default();
        Line {
            at: self.began.saturating_add(after).unwrap_or(self.began),
            level,
            source: self.prober.word(),
            words: words.into(),
            module: self.module,
            target: self.target,
            pairs: Vec::new(),
        }
    }

    fn fact(&self, family: &str, label: &str) -> Option<&'a str> {
        let fact = self.outcome.facts.iter().find(|fact| fact.desc.name == family)?;
        let at = fact.desc.labels.iter().position(|name| *name == label)?;
        fact.labels.get(at).map(|text| &**text)
    }

    fn value(&self, family: &str) -> Option<f64> {
        self.outcome.facts.iter().find(|fact| fact.desc.name == family).map(|fact| fact.value)
    }

    fn address(&self) -> Option<&'a str> {
        self.fact("noroshi_check_address_info", "address")
    }

    fn resolution(&self, lines: &mut Vec<Line<'a>>) {
        let lookup = self.outcome.phases.of(Phase::Dns);
        let protocol = if self.prefer == IpProtocol::Ip4 { "ip4" } else { "ip6" };
        let begin = self.line(Duration::ZERO, Level::Debug, "Resolving target address");
        match (self.address(), lookup) {
            (None, None) => {}
            (None, Some(_)) => lines.push(begin.with("ip_protocol", protocol)),
            (Some(ip), lookup) => {
                lines.push(begin.with("ip_protocol", protocol));
                let after = lookup.unwrap_or_default();
                let end = self.line(after, Level::Debug, "Resolved target address");
                lines.push(end.with("ip", ip));
            }
        }
    }

    /// A step in blackbox_exporter's words where it has some; the look-up is told already.
    fn step(&self, after: Duration, step: &'a str) -> Option<Line<'a>> {
        let debug = |words: &'static str| self.line(after, Level::Debug, words);
        if let Some(location) = step.strip_prefix(REDIRECT) {
            let line = self.line(after, Level::Warn, "Received redirect");
            return Some(line.with("location", location));
        }
        if let Some(request) = step.strip_prefix("sending ").filter(|_| self.prober == Prober::Http)
        {
            return Some(debug("Making HTTP request").with("request", request));
        }
        let said = matches!(self.prober, Prober::Tcp | Prober::Unix);
        if let Some(line) = step.strip_prefix("sending ").filter(|_| said) {
            return Some(debug("Sending line").with("line", line));
        }
        if let Some(line) = step.strip_prefix("received ").filter(|_| said) {
            return Some(debug("Read line").with("line", line));
        }
        if step == "connected" && said {
            return Some(debug("Successfully dialed"));
        }
        if self.address().is_some_and(|ip| step.contains(" is ") && step.contains(ip)) {
            return None;
        }
        Some(self.line(after, Level::Debug, step))
    }

    /// What came back, by what was measured of it.
    fn responses(&self, lines: &mut Vec<Line<'a>>) {
        let end = self.outcome.duration;
        let debug = |words: &'static str| self.line(end, Level::Debug, words);
        if let Some(code) = self.value("noroshi_http_status_code") {
            lines.push(debug("Received HTTP response").with("status_code", code.to_string()));
            let phases = self.outcome.phases.iter();
            lines.push(
                phases.fold(debug("Response timings for roundtrip"), |line, (phase, took)| {
                    line.with(phase.word(), took.as_secs_f64().to_string())
                }),
            );
        }
        if let Some(code) = self.value("noroshi_dns_rcode") {
            lines.push(debug("Got response").with("rcode", code.to_string()));
        }
        if self.value("noroshi_icmp_packets_received").is_some_and(|packets| packets > 0.0) {
            lines.push(debug("Found matching reply packet"));
        }
    }
}

/// How the step of a redirect begins.
const REDIRECT: &str = "redirect to ";

#[cfg(test)]
mod tests;
