use std::{borrow::Cow, fmt::Write as _, sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    compat::blackbox::{
        Module,
        families::{self, Shape},
        log::{Format, Told},
    },
    metrics::{Dialect, Encoder, Text},
    model::{Secret, Trace},
    probe::Report,
};

/// A probe that is over, as it is kept: its texts are only written when somebody asks.
pub(super) struct Entry {
    pub(super) module: Arc<Module>,
    /// As it was asked for.
    pub(super) target: Box<str>,
    pub(super) began: Timestamp,
    pub(super) timeout: Duration,
    pub(super) shape: Shape,
    pub(super) report: Report,
}

impl Entry {
    pub(super) fn passed(&self) -> bool {
        families::passed(&self.report.outcome)
    }

    /// The target without what a stranger should not read.
    pub(super) fn shown_target(&self) -> Cow<'_, str> {
        without_userinfo(&self.target)
    }

    /// Gives `read` the probe as its lines tell it.
    pub(super) fn told<T>(&self, read: impl FnOnce(Told<'_>) -> T) -> T {
        let target = self.shown_target();
        read(Told {
            module: &self.module.name,
            target: &target,
            prober: self.module.prober,
            prefer: self.module.settings.preferred_ip_protocol,
            began: self.began,
            timeout: self.timeout,
            outcome: &self.report.outcome,
            trace: &self.report.trace,
        })
    }

    /// What `debug=true` and `/logs` show, in blackbox_exporter's three parts.
    pub(super) fn debug(&self, format: Format) -> String {
        let mut text = String::with_capacity(8 * 1024);
        text.push_str("Logs for the probe:\n");
        self.told(|told| told.lines().iter().for_each(|line| line.write(format, &mut text)));
        text.push_str("\n\n\nMetrics that would have been returned:\n");
        let mut metrics = Text::new(Dialect::Prometheus);
        families::write(self.shape, &self.report.outcome, &mut metrics);
        text.push_str(&String::from_utf8_lossy(metrics.buffer()));
        let _ = write!(text, "\n\n\nModule configuration:\n{}", self.module.shown);
        text
    }

    /// The same with no more of its trace than is kept of many probes.
    pub(super) fn shortened(mut self) -> Self {
        shorten(&mut self.report.trace);
        self
    }
}

/// What is kept of a trace, in bytes: a chatty server may have filled it with lines of 64 KiB.
const TRACE_LIMIT: usize = 16 * 1024;

fn shorten(trace: &mut Trace) {
    let mut left = TRACE_LIMIT;
    let fits = |text: usize, left: &mut usize| {
        *left = left.saturating_sub(text + size_of::<(Duration, String)>());
        *left > 0
    };
    let kept = trace.steps.iter().take_while(|(_, step)| fits(step.len(), &mut left)).count();
    if let Some((after, _)) = trace.steps.get(kept).cloned() {
        let cut = trace.steps.len() - kept;
        trace.steps.truncate(kept);
        trace.steps.push((after, format!("{cut} more steps are not kept")));
    }
    trace.steps.shrink_to_fit();
    let whole = |wanted: &crate::model::Expectation| wanted.wanted.len() + wanted.got.len();
    let kept = trace.expectations.iter().take_while(|one| fits(whole(one), &mut left)).count();
    trace.expectations.truncate(kept);
}

/// A URL's user and password, which blackbox_exporter prints wherever it prints the target.
pub(super) fn without_userinfo(target: &str) -> Cow<'_, str> {
    let begin = target.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = target.split_at(begin);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        // `@name` is an abstract Unix socket.
        Some(at) if at > 0 => format!("{scheme}{}{}", Secret::MASK, &rest[at..]).into(),
        _ => target.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_is_not_shown() {
        for (target, shown) in [
            ("http://user:pass@a.example/x@y", "http://<secret>@a.example/x@y"),
            ("https://a.example/?m=u@h", "https://a.example/?m=u@h"),
            ("a.example:25", "a.example:25"),
            ("user:pass@a.example/x", "<secret>@a.example/x"),
            ("@abstract", "@abstract"),
            ("http://a:b@c@d", "http://<secret>@d"),
        ] {
            assert_eq!(without_userinfo(target), shown);
        }
    }

    #[test]
    fn a_long_trace_is_cut_and_says_so() {
        let mut trace = Trace::on();
        for _ in 0..100 {
            trace.step(Duration::ZERO, || "x".repeat(1000));
        }
        shorten(&mut trace);
        assert!(trace.steps.len() < 20, "{}", trace.steps.len());
        assert!(trace.steps.last().unwrap().1.ends_with("more steps are not kept"));
        let mut short = Trace::on();
        short.step(Duration::ZERO, || "x".into());
        shorten(&mut short);
        assert_eq!(short.steps, [(Duration::ZERO, "x".to_owned())]);
    }
}
