//! The two text formats: Prometheus text 0.0.4 and OpenMetrics 1.0.

use std::sync::Arc;

use super::{
    Encoder,
    number::{push, push_count, push_float},
};
use crate::model::{Histogram, LabelSet, MetricKind, Sink, escape_into};

/// Which of the text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `text/plain; version=0.0.4`, and 1.0.0, which differs only in names we do not have.
    Prometheus,
    /// `application/openmetrics-text; version=1.0.0`. Without `_created` lines: Prometheus calls them costly and
    /// error-prone and would store each as a series.
    OpenMetrics,
}

/// Writes a text format.
#[derive(Debug)]
pub struct Text {
    dialect: Dialect,
    out: Vec<u8>,
    /// The name of the family's series.
    name: Vec<u8>,
    /// The HELP and TYPE lines, until the family's first sample.
    header: Vec<u8>,
    /// Bounds of the last histogram as label values: those of the next one are nearly always the same.
    bounds: (Option<Arc<[f64]>>, Vec<Vec<u8>>),
}

impl Text {
    /// An empty exposition.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            out: Vec::new(),
            name: Vec::new(),
            header: Vec::new(),
            bounds: (None, Vec::new()),
        }
    }

    /// `name_suffix{labels,extra` and how to go on: with a comma inside the braces, or opening them.
    fn series(&mut self, suffix: &str, text: &str, extra: &[(&str, &str)]) -> u8 {
        if !self.header.is_empty() {
            self.out.append(&mut self.header);
        }
        let out = &mut self.out;
        out.extend_from_slice(&self.name);
        out.extend_from_slice(suffix.as_bytes());
        let mut separator = b'{';
        if !text.is_empty() {
            out.push(separator);
            separator = b',';
            out.extend_from_slice(text.as_bytes());
        }
        for (name, value) in extra {
            out.push(separator);
            separator = b',';
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"=\"");
            escape_into(out, value);
            out.push(b'"');
        }
        separator
    }

    fn line(&mut self, suffix: &str, text: &str, extra: &[(&str, &str)], value: f64) {
        let separator = self.series(suffix, text, extra);
        self.close(separator);
        push(&mut self.out, value);
        self.out.push(b'\n');
    }

    fn close(&mut self, separator: u8) {
        self.out.extend_from_slice(if separator == b'{' { b" " } else { b"} " });
    }

    fn count(&mut self, count: u64) {
        push_count(&mut self.out, count);
        self.out.push(b'\n');
    }

    /// Renders the bounds, unless they are those of the histogram before.
    fn render_bounds(&mut self, histogram: &Histogram) {
        let (known, texts) = &mut self.bounds;
        if known.as_ref().is_some_and(|known| {
            Arc::ptr_eq(known, histogram.bounds()) || known == histogram.bounds()
        }) {
            return;
        }
        let spell = match self.dialect {
            Dialect::Prometheus => push,
            Dialect::OpenMetrics => push_float,
        };
        *texts = histogram
            .cumulative()
            .map(|(bound, _)| {
                let mut text = b"le=\"".to_vec();
                spell(&mut text, bound);
                text.extend_from_slice(b"\"} ");
                text
            })
            .collect();
        *known = Some(Arc::clone(histogram.bounds()));
    }
}

impl Sink for Text {
    fn family(&mut self, name: &str, help: &str, kind: MetricKind) {
        self.name.clear();
        self.name.extend_from_slice(name.as_bytes());
        // OpenMetrics names the family, not the series: a counter's suffix is not part of it.
        let family = match (self.dialect, kind) {
            (Dialect::OpenMetrics, MetricKind::Counter) => {
                name.strip_suffix("_total").unwrap_or(name)
            }
            _ => name,
        };
        let header = &mut self.header;
        header.clear();
        header.extend_from_slice(b"# HELP ");
        header.extend_from_slice(family.as_bytes());
        header.push(b' ');
        match self.dialect {
            Dialect::Prometheus => escape_help(header, help),
            Dialect::OpenMetrics => escape_into(header, help),
        }
        header.extend_from_slice(b"\n# TYPE ");
        header.extend_from_slice(family.as_bytes());
        header.extend_from_slice(match kind {
            MetricKind::Gauge => b" gauge\n",
            MetricKind::Counter => b" counter\n",
            MetricKind::Histogram => b" histogram\n",
        });
    }

    fn sample(&mut self, labels: &LabelSet, extra: &[(&str, &str)], value: f64) {
        self.line("", labels.text(), extra, value);
    }

    fn row(&mut self, text: &str, _: &dyn Fn() -> LabelSet, extra: &[(&str, &str)], value: f64) {
        self.line("", text, extra, value);
    }

    fn histogram(&mut self, labels: &LabelSet, extra: &[(&str, &str)], histogram: &Histogram) {
        self.render_bounds(histogram);
        let begin = self.out.len() + self.header.len();
        let separator = self.series("_bucket", labels.text(), extra);
        self.out.push(separator);
        let line = begin..self.out.len();
        for (at, (_, count)) in histogram.cumulative().enumerate() {
            // The first line has its beginning already; the others copy it.
            if at > 0 {
                self.out.extend_from_within(line.clone());
            }
            if let Some(bound) = self.bounds.1.get(at) {
                self.out.extend_from_slice(bound);
            }
            self.count(count);
        }
        self.line("_sum", labels.text(), extra, histogram.sum());
        let separator = self.series("_count", labels.text(), extra);
        self.close(separator);
        self.count(histogram.count());
    }
}

impl Encoder for Text {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    fn finish(&mut self) {
        if self.dialect == Dialect::OpenMetrics {
            self.out.extend_from_slice(b"# EOF\n");
        }
    }
}

/// In 0.0.4 a quote in a help text stays as it is.
fn escape_help(out: &mut Vec<u8>, help: &str) {
    for byte in help.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        metrics::{
            Format,
            fixture::{World, down, fresh, slot},
        },
        state::View,
    };
    use proptest::prelude::*;

    fn checks(format: Format, checks: impl IntoIterator<Item = (&'static str, View)>) -> String {
        let world = World::new(checks.into_iter().map(|(name, view)| slot(name, view)));
        let text = world.text(format);
        let own = |line: &&str| !line.contains("process_") && !line.contains("noroshi_build");
        let mut text: Vec<_> =
            text.lines().filter(own).filter(|l| !l.contains("_config_")).collect();
        text.push("");
        text.join("\n")
    }

    #[test]
    fn a_check_before_its_first_run() {
        insta::assert_snapshot!(checks(Format::Text, [("new", fresh())]), @r#"
        # HELP noroshi_check_state State as a code: 0 down, 1 up, 2 pending, 4 degraded, 5 unknown, 6 recovering. Compare with == only.
        # TYPE noroshi_check_state gauge
        noroshi_check_state{check="new",group="web",kind="http"} 5
        # HELP noroshi_check_state_info State as a word; always 1, and only the current state has a row.
        # TYPE noroshi_check_state_info gauge
        noroshi_check_state_info{check="new",group="web",kind="http",state="unknown"} 1
        # HELP noroshi_check_consecutive_failures Failed runs since the last pass.
        # TYPE noroshi_check_consecutive_failures gauge
        noroshi_check_consecutive_failures{check="new",group="web",kind="http"} 0
        # HELP noroshi_check_info What the check looks at and who tells of it, with all its labels from the configuration; always 1.
        # TYPE noroshi_check_info gauge
        noroshi_check_info{check="new",group="web",kind="http",target="https://example.com/health",notify="noroshi"} 1
        # HELP noroshi_check_runs_total Runs, whatever their verdict.
        # TYPE noroshi_check_runs_total counter
        noroshi_check_runs_total{check="new",group="web",kind="http"} 0
        # HELP noroshi_check_failures_total Runs that failed.
        # TYPE noroshi_check_failures_total counter
        noroshi_check_failures_total{check="new",group="web",kind="http"} 0
        # HELP noroshi_check_missed_runs_total Slots of the schedule that passed without a run.
        # TYPE noroshi_check_missed_runs_total counter
        noroshi_check_missed_runs_total{check="new",group="web",kind="http"} 0
        # HELP noroshi_check_duration_seconds Duration of all runs.
        # TYPE noroshi_check_duration_seconds histogram
        noroshi_check_duration_seconds_bucket{check="new",group="web",kind="http",le="0.1"} 0
        noroshi_check_duration_seconds_bucket{check="new",group="web",kind="http",le="1"} 0
        noroshi_check_duration_seconds_bucket{check="new",group="web",kind="http",le="+Inf"} 0
        noroshi_check_duration_seconds_sum{check="new",group="web",kind="http"} 0
        noroshi_check_duration_seconds_count{check="new",group="web",kind="http"} 0
        # HELP noroshi_check_state_changed_timestamp_seconds When the current state was entered, as seconds since the epoch.
        # TYPE noroshi_check_state_changed_timestamp_seconds gauge
        noroshi_check_state_changed_timestamp_seconds{check="new",group="web",kind="http"} 1763635200
        # HELP noroshi_check_state_seconds_total Time spent in each state; time under maintenance only as state `maintenance`.
        # TYPE noroshi_check_state_seconds_total counter
        noroshi_check_state_seconds_total{check="new",group="web",kind="http",state="down"} 0
        noroshi_check_state_seconds_total{check="new",group="web",kind="http",state="up"} 0
        noroshi_check_state_seconds_total{check="new",group="web",kind="http",state="pending"} 0
        noroshi_check_state_seconds_total{check="new",group="web",kind="http",state="degraded"} 0
        noroshi_check_state_seconds_total{check="new",group="web",kind="http",state="unknown"} 60
        noroshi_check_state_seconds_total{check="new",group="web",kind="http",state="recovering"} 0
        noroshi_check_state_seconds_total{check="new",group="web",kind="http",state="maintenance"} 0
        # HELP noroshi_check_interval_seconds Time from run to run, as configured; with `retry_interval` less while the check is pending or down.
        # TYPE noroshi_check_interval_seconds gauge
        noroshi_check_interval_seconds{check="new",group="web",kind="http"} 30
        # HELP noroshi_checks Configured checks.
        # TYPE noroshi_checks gauge
        noroshi_checks{kind="http"} 1
        "#);
    }

    #[test]
    fn a_failing_check_in_openmetrics() {
        insta::assert_snapshot!(checks(Format::OpenMetrics, [("a \"b\"\\c", down())]), @r#"
        # HELP noroshi_check_up Whether the check is up (1) or down (0), after `failures` and `successes` were counted. Absent before the first verdict; in state unknown it keeps the last one.
        # TYPE noroshi_check_up gauge
        noroshi_check_up{check="a \"b\"\\c",group="web",kind="http"} 0
        # HELP noroshi_check_success Whether the last run passed (1), with or without warnings, or not (0). Absent before the first run. Checks run on their own schedule, not at each scrape.
        # TYPE noroshi_check_success gauge
        noroshi_check_success{check="a \"b\"\\c",group="web",kind="http"} 0
        # HELP noroshi_check_state State as a code: 0 down, 1 up, 2 pending, 4 degraded, 5 unknown, 6 recovering. Compare with == only.
        # TYPE noroshi_check_state gauge
        noroshi_check_state{check="a \"b\"\\c",group="web",kind="http"} 0
        # HELP noroshi_check_state_info State as a word; always 1, and only the current state has a row.
        # TYPE noroshi_check_state_info gauge
        noroshi_check_state_info{check="a \"b\"\\c",group="web",kind="http",state="down"} 1
        # HELP noroshi_check_overlay What mutes the check's alerts without changing its state: maintenance, flapping, suppressed. Always 1; a row exists only while the overlay lies over the check.
        # TYPE noroshi_check_overlay gauge
        noroshi_check_overlay{check="a \"b\"\\c",group="web",kind="http",overlay="suppressed"} 1
        # HELP noroshi_check_failing Why the last run failed, or could tell nothing: 1 with the reason while that is so, else absent.
        # TYPE noroshi_check_failing gauge
        noroshi_check_failing{check="a \"b\"\\c",group="web",kind="http",reason="http_status"} 1
        # HELP noroshi_check_consecutive_failures Failed runs since the last pass.
        # TYPE noroshi_check_consecutive_failures gauge
        noroshi_check_consecutive_failures{check="a \"b\"\\c",group="web",kind="http"} 2
        # HELP noroshi_check_info What the check looks at and who tells of it, with all its labels from the configuration; always 1.
        # TYPE noroshi_check_info gauge
        noroshi_check_info{check="a \"b\"\\c",group="web",kind="http",target="https://example.com/health",notify="noroshi"} 1
        # HELP noroshi_check_runs Runs, whatever their verdict.
        # TYPE noroshi_check_runs counter
        noroshi_check_runs_total{check="a \"b\"\\c",group="web",kind="http"} 3
        # HELP noroshi_check_failures Runs that failed.
        # TYPE noroshi_check_failures counter
        noroshi_check_failures_total{check="a \"b\"\\c",group="web",kind="http"} 2
        # HELP noroshi_check_failure_reasons Runs that failed or could tell nothing, by reason. A reason's row appears with its first run.
        # TYPE noroshi_check_failure_reasons counter
        noroshi_check_failure_reasons_total{check="a \"b\"\\c",group="web",kind="http",reason="http_status"} 2
        # HELP noroshi_check_missed_runs Slots of the schedule that passed without a run.
        # TYPE noroshi_check_missed_runs counter
        noroshi_check_missed_runs_total{check="a \"b\"\\c",group="web",kind="http"} 0
        # HELP noroshi_check_duration_seconds Duration of all runs.
        # TYPE noroshi_check_duration_seconds histogram
        noroshi_check_duration_seconds_bucket{check="a \"b\"\\c",group="web",kind="http",le="0.1"} 0
        noroshi_check_duration_seconds_bucket{check="a \"b\"\\c",group="web",kind="http",le="1.0"} 1
        noroshi_check_duration_seconds_bucket{check="a \"b\"\\c",group="web",kind="http",le="+Inf"} 1
        noroshi_check_duration_seconds_sum{check="a \"b\"\\c",group="web",kind="http"} 0.25
        noroshi_check_duration_seconds_count{check="a \"b\"\\c",group="web",kind="http"} 1
        # HELP noroshi_check_phase_duration_seconds Time the last run spent in a phase: dns, connect, tls, send, wait, receive.
        # TYPE noroshi_check_phase_duration_seconds gauge
        noroshi_check_phase_duration_seconds{check="a \"b\"\\c",group="web",kind="http",phase="connect"} 0.02
        noroshi_check_phase_duration_seconds{check="a \"b\"\\c",group="web",kind="http",phase="wait"} 0.23
        # HELP noroshi_check_last_run_timestamp_seconds When the last run ended, as seconds since the epoch. Absent before the first run.
        # TYPE noroshi_check_last_run_timestamp_seconds gauge
        noroshi_check_last_run_timestamp_seconds{check="a \"b\"\\c",group="web",kind="http"} 1763635230
        # HELP noroshi_check_state_changed_timestamp_seconds When the current state was entered, as seconds since the epoch.
        # TYPE noroshi_check_state_changed_timestamp_seconds gauge
        noroshi_check_state_changed_timestamp_seconds{check="a \"b\"\\c",group="web",kind="http"} 1763635230
        # HELP noroshi_check_state_seconds Time spent in each state; time under maintenance only as state `maintenance`.
        # TYPE noroshi_check_state_seconds counter
        noroshi_check_state_seconds_total{check="a \"b\"\\c",group="web",kind="http",state="down"} 30
        noroshi_check_state_seconds_total{check="a \"b\"\\c",group="web",kind="http",state="up"} 0
        noroshi_check_state_seconds_total{check="a \"b\"\\c",group="web",kind="http",state="pending"} 0
        noroshi_check_state_seconds_total{check="a \"b\"\\c",group="web",kind="http",state="degraded"} 0
        noroshi_check_state_seconds_total{check="a \"b\"\\c",group="web",kind="http",state="unknown"} 30
        noroshi_check_state_seconds_total{check="a \"b\"\\c",group="web",kind="http",state="recovering"} 0
        noroshi_check_state_seconds_total{check="a \"b\"\\c",group="web",kind="http",state="maintenance"} 0
        # HELP noroshi_check_interval_seconds Time from run to run, as configured; with `retry_interval` less while the check is pending or down.
        # TYPE noroshi_check_interval_seconds gauge
        noroshi_check_interval_seconds{check="a \"b\"\\c",group="web",kind="http"} 30
        # HELP noroshi_http_status_code Status code of the last answer.
        # TYPE noroshi_http_status_code gauge
        noroshi_http_status_code{check="a \"b\"\\c",group="web",kind="http"} 200
        # HELP noroshi_tls_not_after_timestamp_seconds End of validity of a certificate, as seconds since the epoch.
        # TYPE noroshi_tls_not_after_timestamp_seconds gauge
        noroshi_tls_not_after_timestamp_seconds{check="a \"b\"\\c",group="web",kind="http",source="peer",position="0"} 1800000000
        # HELP noroshi_checks Configured checks.
        # TYPE noroshi_checks gauge
        noroshi_checks{kind="http"} 1
        # EOF
        "#);
    }

    #[test]
    fn help_is_escaped_as_each_dialect_wants() {
        let header = |dialect| {
            let mut sink = Text::new(dialect);
            sink.family("x_total", "a \"b\" \\ c\nd", MetricKind::Counter);
            sink.sample(&LabelSet::default(), &[], 1.0);
            String::from_utf8(sink.out).unwrap()
        };
        assert_eq!(
            header(Dialect::Prometheus),
            "# HELP x_total a \"b\" \\\\ c\\nd\n# TYPE x_total counter\nx_total 1\n"
        );
        assert_eq!(
            header(Dialect::OpenMetrics),
            "# HELP x a \\\"b\\\" \\\\ c\\nd\n# TYPE x counter\nx_total 1\n"
        );
    }

    #[test]
    fn a_family_without_samples_leaves_no_trace() {
        let mut sink = Text::new(Dialect::OpenMetrics);
        sink.family("x", "X.", MetricKind::Gauge);
        sink.family("y", "Y.", MetricKind::Gauge);
        sink.finish();
        assert_eq!(sink.out, b"# EOF\n");
    }

    type Series = (Vec<(String, String)>, f64);

    /// A reader of one line of the text format, written from its specification and not from the writer.
    fn read(line: &str) -> Series {
        let mut chars = line.strip_prefix("x").unwrap().chars().peekable();
        let mut labels = Vec::new();
        if chars.next_if_eq(&'{').is_some() {
            while chars.next_if_eq(&'}').is_none() {
                let _ = chars.next_if_eq(&',');
                let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '=')).collect();
                assert_eq!((chars.next(), chars.next()), (Some('='), Some('"')));
                let mut value = String::new();
                loop {
                    match chars.next().unwrap() {
                        '"' => break,
                        '\\' => match chars.next().unwrap() {
                            'n' => value.push('\n'),
                            other @ ('\\' | '"') => value.push(other),
                            other => panic!("\\{other} is no escape"),
                        },
                        other => value.push(other),
                    }
                }
                labels.push((name, value));
            }
        }
        assert_eq!(chars.next(), Some(' '));
        (labels, chars.collect::<String>().parse().unwrap())
    }

    fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        proptest::collection::vec(("[a-z_][a-z0-9_]{0,6}", any::<String>()), 0..4)
    }

    proptest! {
        #[test]
        fn whatever_a_stranger_sends_reads_back(
            set in pairs(), extra in pairs(), value in any::<f64>(),
        ) {
            let labels = LabelSet::new(set.iter().map(|(n, v)| (Arc::from(&**n), Arc::from(&**v))));
            let borrowed: Vec<_> = extra.iter().map(|(n, v)| (&**n, &**v)).collect();
            for dialect in [Dialect::Prometheus, Dialect::OpenMetrics] {
                let mut sink = Text::new(dialect);
                sink.family("x", "X.", MetricKind::Gauge);
                sink.sample(&labels, &borrowed, value);
                let text = String::from_utf8(sink.out).unwrap();
                // One sample is one line, so that nobody can smuggle in another.
                let lines: Vec<_> = text.split_terminator('\n').collect();
                prop_assert_eq!(lines.len(), 3);
                let (read, number) = read(lines[2]);
                prop_assert_eq!(read, [&set[..], &extra[..]].concat());
                let both_nan = number.is_nan() && value.is_nan();
                prop_assert!(number.to_bits() == value.to_bits() || both_nan);
            }
        }
    }
}
