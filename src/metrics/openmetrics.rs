//! Reads the OpenMetrics text that `prometheus_client` writes back into a [`Sink`], so that noroshi's own metrics appear
//! in every format.
//!
//! It reads that writer's output, not a stranger's: what it does not understand it leaves out.

use std::{borrow::Cow, sync::Arc};

use crate::model::{Histogram, LabelSet, MetricKind, Sink};

/// Writes each family of `text` to the sink.
pub(super) fn replay(text: &str, sink: &mut (impl Sink + ?Sized)) {
    let mut reader = Reader { help: "", family: None, histogram: None };
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            reader.end_histogram(sink);
            reader.help = rest.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            reader.begin(rest, sink);
        } else if !line.starts_with('#')
            && let Some(sample) = Sample::parse(line)
        {
            reader.sample(&sample, sink);
        }
    }
    reader.end_histogram(sink);
}

struct Reader<'a> {
    help: &'a str,
    family: Option<(&'a str, MetricKind)>,
    histogram: Option<Collected<'a>>,
}

/// A histogram whose lines are still coming.
struct Collected<'a> {
    labels: Vec<(&'a str, Cow<'a, str>)>,
    sum: f64,
    bounds: Vec<f64>,
    /// Cumulative.
    counts: Vec<u64>,
}

impl<'a> Reader<'a> {
    fn begin(&mut self, rest: &'a str, sink: &mut (impl Sink + ?Sized)) {
        let Some((name, kind)) = rest.split_once(' ') else { return };
        // The other formats know no `info` and no `unknown`: both are gauges there.
        let (kind, suffix) = match kind {
            "counter" => (MetricKind::Counter, "_total"),
            "histogram" => (MetricKind::Histogram, ""),
            "info" => (MetricKind::Gauge, "_info"),
            _ => (MetricKind::Gauge, ""),
        };
        self.family = Some((name, kind));
        sink.family(&[name, suffix].concat(), self.help, kind);
    }

    fn sample(&mut self, sample: &Sample<'a>, sink: &mut (impl Sink + ?Sized)) {
        let Some((family, kind)) = self.family else { return };
        if kind != MetricKind::Histogram {
            sink.sample(&LabelSet::default(), &borrowed(&sample.labels), sample.value);
            return;
        }
        match sample.name.strip_prefix(family) {
            // The sum comes first: it begins the next histogram of the family.
            Some("_sum") => {
                self.end_histogram(sink);
                let labels = sample.labels.clone();
                let (sum, bounds, counts) = (sample.value, Vec::new(), Vec::new());
                self.histogram = Some(Collected { labels, sum, bounds, counts });
            }
            Some("_bucket") => {
                let le = sample.labels.iter().find(|(name, _)| *name == "le");
                let bound = le.and_then(|(_, value)| value.parse().ok());
                if let (Some(bound), Some(histogram)) = (bound, &mut self.histogram) {
                    histogram.bounds.push(bound);
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    histogram.counts.push(sample.value as u64);
                }
            }
            _ => {}
        }
    }

    fn end_histogram(&mut self, sink: &mut (impl Sink + ?Sized)) {
        let Some(Collected { labels, sum, bounds, counts }) = self.histogram.take() else { return };
        let below = std::iter::once(&0).chain(&counts);
        let each = counts.iter().zip(below).map(|(count, below)| count.saturating_sub(*below));
        let finite: Arc<[f64]> = bounds.into_iter().filter(|bound| bound.is_finite()).collect();
        let histogram = Histogram::classic(finite, each.collect(), sum);
        sink.histogram(&LabelSet::default(), &borrowed(&labels), &histogram);
    }
}

fn borrowed<'a>(labels: &'a [(&'a str, Cow<'a, str>)]) -> Vec<(&'a str, &'a str)> {
    labels.iter().map(|(name, value)| (*name, &**value)).collect()
}

/// `name{label="value",...} value`, and whatever follows (an exemplar) left out.
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, Cow<'a, str>)>,
    value: f64,
}

impl<'a> Sample<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let mut labels = Vec::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.starts_with('}') {
                rest = rest.strip_prefix(',').unwrap_or(rest);
                let (name, after) = rest.split_once("=\"")?;
                let (value, after) = quoted(after)?;
                labels.push((name, value));
                rest = after;
            }
            rest = &rest[1..];
        }
        let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Self { name, labels, value })
    }
}

/// A value up to its closing quote, unescaped, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    let (raw, rest) = (&text[..end], &text[end + 1..]);
    if !raw.contains('\\') {
        return Some((raw.into(), rest));
    }
    let mut value = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => match chars.next() {
                Some('n') => value.push('\n'),
                Some(other) => value.push(other),
                None => {}
            },
            (char, false) => value.push(char),
        }
    }
    Some((value.into(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Dialect, Encoder, Text};
    use prometheus_client::{
        encoding::text::encode,
        metrics::{
            counter::Counter, family::Family, gauge::Gauge, histogram::Histogram as Own, info::Info,
        },
        registry::Registry,
    };
    use std::sync::atomic::AtomicU64;

    fn replayed(registry: &Registry) -> String {
        let mut text = String::new();
        encode(&mut text, registry).unwrap();
        let mut sink = Text::new(Dialect::Prometheus);
        replay(&text, &mut sink);
        String::from_utf8(std::mem::take(sink.buffer())).unwrap()
    }

    #[test]
    fn every_type_survives() {
        let mut registry = Registry::default();
        let counter: Family<Vec<(&str, String)>, Counter> = Family::default();
        counter.get_or_create(&vec![("path", "a\"b\\c\nd,e}".to_owned())]).inc_by(3);
        registry.register("served", "Served", counter);
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(0.25);
        registry.register("load_ratio", "Load", gauge);
        registry.register("build", "Build", Info::new(vec![("version", "1")]));
        let histogram: Family<Vec<(&str, &str)>, Own> =
            Family::new_with_constructor(|| Own::new([0.5, 1.0]));
        histogram.get_or_create(&vec![("kind", "a")]).observe(0.7);
        histogram.get_or_create(&vec![("kind", "a")]).observe(7.0);
        registry.register("took_seconds", "Took", histogram);
        insta::assert_snapshot!(replayed(&registry), @r#"
        # HELP served_total Served.
        # TYPE served_total counter
        served_total{path="a\"b\\c\nd,e}"} 3
        # HELP load_ratio Load.
        # TYPE load_ratio gauge
        load_ratio 0.25
        # HELP build_info Build.
        # TYPE build_info gauge
        build_info{version="1"} 1
        # HELP took_seconds Took.
        # TYPE took_seconds histogram
        took_seconds_bucket{kind="a",le="0.5"} 0
        took_seconds_bucket{kind="a",le="1"} 1
        took_seconds_bucket{kind="a",le="+Inf"} 2
        took_seconds_sum{kind="a"} 7.7
        took_seconds_count{kind="a"} 2
        "#);
    }
}
