//! Length-delimited `io.prometheus.client.MetricFamily` messages, the one format with native histograms.
//!
//! Field numbers are those of `io/prometheus/client/metrics.proto` in prometheus/client_model. A message's length comes
//! before it, so a family is collected and then given away as a whole.

use super::Encoder;
use crate::model::{Histogram, LabelSet, MetricKind, NativeBuckets, Sink};

/// Writes the protobuf format.
#[derive(Debug)]
pub struct Protobuf {
    out: Vec<u8>,
    /// The body of the current `MetricFamily`.
    family: Vec<u8>,
    /// The body of the current `Histogram`.
    histogram: Vec<u8>,
    kind: MetricKind,
    /// Whether the family has a metric: one without says nothing and is left out.
    sampled: bool,
}

/// Fields of `MetricFamily`.
mod family {
    pub(super) const NAME: u8 = 1;
    pub(super) const HELP: u8 = 2;
    pub(super) const TYPE: u8 = 3;
    pub(super) const METRIC: u8 = 4;
}

/// Fields of `Metric` and of the small messages inside it.
mod metric {
    pub(super) const LABEL: u8 = 1;
    pub(super) const GAUGE: u8 = 2;
    pub(super) const COUNTER: u8 = 3;
    pub(super) const HISTOGRAM: u8 = 7;
    pub(super) const LABEL_NAME: u8 = 1;
    pub(super) const LABEL_VALUE: u8 = 2;
    pub(super) const VALUE: u8 = 1;
}

/// Fields of `Histogram`, `Bucket` and `BucketSpan`.
mod histogram {
    pub(super) const COUNT: u8 = 1;
    pub(super) const SUM: u8 = 2;
    pub(super) const BUCKET: u8 = 3;
    pub(super) const SCHEMA: u8 = 5;
    pub(super) const ZERO_THRESHOLD: u8 = 6;
    pub(super) const ZERO_COUNT: u8 = 7;
    pub(super) const POSITIVE_SPAN: u8 = 12;
    pub(super) const POSITIVE_DELTA: u8 = 13;
    pub(super) const CUMULATIVE: u8 = 1;
    pub(super) const UPPER_BOUND: u8 = 2;
    pub(super) const OFFSET: u8 = 1;
    pub(super) const LENGTH: u8 = 2;
}

impl Protobuf {
    /// An empty exposition.
    pub fn new() -> Self {
        Self {
            out: Vec::new(),
            family: Vec::new(),
            histogram: Vec::new(),
            kind: MetricKind::Gauge,
            sampled: false,
        }
    }

    fn end_family(&mut self) {
        if std::mem::take(&mut self.sampled) {
            varint(&mut self.out, self.family.len() as u64);
            self.out.extend_from_slice(&self.family);
        }
        self.family.clear();
    }

    /// Begins a `Metric`: its length, which counts the `value` bytes that the caller adds, and its labels.
    fn begin_metric(&mut self, labels: &LabelSet, extra: &[(&str, &str)], value: usize) {
        self.sampled = true;
        let own = labels.pairs().iter().map(|(name, value)| (&**name, &**value));
        let pairs = own.chain(extra.iter().copied());
        let length: usize = pairs.clone().map(|(name, value)| sized(pair(name, value))).sum();
        let out = &mut self.family;
        length_of(out, family::METRIC, length + value);
        for (name, value) in pairs {
            length_of(out, metric::LABEL, pair(name, value));
            bytes(out, metric::LABEL_NAME, name.as_bytes());
            bytes(out, metric::LABEL_VALUE, value.as_bytes());
        }
    }
}

impl Default for Protobuf {
    fn default() -> Self {
        Self::new()
    }
}

impl Sink for Protobuf {
    fn family(&mut self, name: &str, help: &str, kind: MetricKind) {
        self.end_family();
        self.kind = kind;
        bytes(&mut self.family, family::NAME, name.as_bytes());
        bytes(&mut self.family, family::HELP, help.as_bytes());
        let code = match kind {
            MetricKind::Counter => 0,
            MetricKind::Gauge => 1,
            MetricKind::Histogram => 4,
        };
        uint(&mut self.family, family::TYPE, code);
    }

    fn sample(&mut self, labels: &LabelSet, extra: &[(&str, &str)], value: f64) {
        self.begin_metric(labels, extra, sized(DOUBLE));
        let field = if self.kind == MetricKind::Counter { metric::COUNTER } else { metric::GAUGE };
        length_of(&mut self.family, field, DOUBLE);
        double(&mut self.family, metric::VALUE, value);
    }

    fn histogram(&mut self, labels: &LabelSet, extra: &[(&str, &str)], histogram: &Histogram) {
        self.histogram.clear();
        classic(&mut self.histogram, histogram);
        if let Some(native) = histogram.native() {
            exponential(&mut self.histogram, native);
        }
        self.begin_metric(labels, extra, sized(self.histogram.len()));
        bytes(&mut self.family, metric::HISTOGRAM, &self.histogram);
    }
}

impl Encoder for Protobuf {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    fn finish(&mut self) {
        self.end_family();
    }
}

/// Count, sum and the classic buckets; `+Inf` is the count and left out, as client_golang does.
fn classic(out: &mut Vec<u8>, histogram: &Histogram) {
    uint(out, histogram::COUNT, histogram.count());
    double(out, histogram::SUM, histogram.sum());
    for (bound, count) in histogram.cumulative().take(histogram.bounds().len()) {
        length_of(out, histogram::BUCKET, 1 + varint_len(count) + DOUBLE);
        uint(out, histogram::CUMULATIVE, count);
        double(out, histogram::UPPER_BOUND, bound);
    }
}

/// The native part. Spans say where buckets follow each other, deltas how each count differs from the one before.
fn exponential(out: &mut Vec<u8>, native: &NativeBuckets) {
    sint(out, histogram::SCHEMA, native.schema.into());
    double(out, histogram::ZERO_THRESHOLD, native.zero_threshold);
    uint(out, histogram::ZERO_COUNT, native.zero_count);
    let mut indexes = native.positive.keys().copied().peekable();
    let mut expected = 0_i32;
    while let Some(first) = indexes.next() {
        let mut last = first;
        while let Some(next) = indexes.next_if(|next| *next == last.saturating_add(1)) {
            last = next;
        }
        let offset = zigzag(i64::from(first) - i64::from(expected));
        let length = u64::from(last.abs_diff(first)) + 1;
        length_of(out, histogram::POSITIVE_SPAN, 1 + varint_len(offset) + 1 + varint_len(length));
        uint(out, histogram::OFFSET, offset);
        uint(out, histogram::LENGTH, length);
        expected = last.saturating_add(1);
    }
    let mut before = 0_i64;
    for count in native.positive.values() {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        sint(out, histogram::POSITIVE_DELTA, count - before);
        before = count;
    }
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;

fn key(out: &mut Vec<u8>, field: u8, wire: u8) {
    out.push(field << 3 | wire); // every field number here is below 16
}

fn uint(out: &mut Vec<u8>, field: u8, value: u64) {
    key(out, field, VARINT);
    varint(out, value);
}

fn sint(out: &mut Vec<u8>, field: u8, value: i64) {
    uint(out, field, zigzag(value));
}

fn double(out: &mut Vec<u8>, field: u8, value: f64) {
    key(out, field, FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    length_of(out, field, value.len());
    out.extend_from_slice(value);
}

fn length_of(out: &mut Vec<u8>, field: u8, length: usize) {
    key(out, field, LENGTH_DELIMITED);
    varint(out, length as u64);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "the low seven bits are meant")]
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
    out.push(value as u8);
}

fn varint_len(value: u64) -> usize {
    // Seven bits a byte; zero takes one.
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// The size of a string or message field: key, length, content.
fn sized(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

/// The size of a `LabelPair`'s body.
fn pair(name: &str, value: &str) -> usize {
    sized(name.len()) + sized(value.len())
}

/// The size of a double with its key.
const DOUBLE: usize = 1 + 8;

#[expect(clippy::cast_sign_loss, reason = "zigzag moves the sign to the lowest bit")]
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

#[cfg(test)]
mod tests;
