use std::{collections::BTreeMap, sync::Arc};

/// Observations in classic buckets and, at the same time, in native ones.
///
/// The native part is a standard exponential histogram: growth of 2^(2^-schema) per bucket, at most
/// [`Self::MAX_NATIVE`] buckets; when more would be needed, two become one and the schema falls (the
/// strategy prometheus/client_golang documents for `NativeHistogramMaxBucketNumber`).
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    bounds: Arc<[f64]>,
    counts: Box<[u64]>,
    sum: f64,
    count: u64,
    native: Option<NativeBuckets>,
}

/// The native part, as the protobuf exposition carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeBuckets {
    /// Resolution, -4 to 8.
    pub schema: i32,
    /// Values up to this count as zero.
    pub zero_threshold: f64,
    /// How many did.
    pub zero_count: u64,
    /// Counts by bucket index.
    pub positive: BTreeMap<i32, u64>,
}

impl Histogram {
    /// Bounds for requests over a network, 5 ms to 30 s, in seconds.
    pub const SECONDS: [f64; 12] =
        [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

    /// The most native buckets one histogram keeps.
    pub const MAX_NATIVE: usize = 80;

    /// An empty histogram with these upper bounds: finite, rising.
    pub fn new(bounds: Arc<[f64]>) -> Self {
        let counts = vec![0; bounds.len() + 1].into();
        let native = NativeBuckets {
            schema: 3,
            // 2^-20, about a microsecond: nothing we time is shorter.
            zero_threshold: 0.000_000_953_674_316_406_25,
            zero_count: 0,
            positive: BTreeMap::new(),
        };
        Self { bounds, counts, sum: 0.0, count: 0, native: Some(native) }
    }

    /// A histogram that was counted elsewhere, in classic buckets only. `counts` are per bucket, not cumulative, the one
    /// above the last bound included.
    pub fn classic(bounds: Arc<[f64]>, mut counts: Vec<u64>, sum: f64) -> Self {
        counts.resize(bounds.len() + 1, 0);
        let count = counts.iter().sum();
        Self { bounds, counts: counts.into(), sum, count, native: None }
    }

    /// Counts one value. NaN is not counted.
    pub fn observe(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.count += 1;
        self.sum += value;
        self.counts[self.bounds.partition_point(|bound| *bound < value)] += 1;
        if let Some(native) = &mut self.native {
            native.observe(value);
        }
    }

    /// Upper bounds with cumulative counts; the last one is `+Inf`.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter()).scan(0, |total, (bound, count)| {
            *total += count;
            Some((bound, *total))
        })
    }

    /// The upper bounds without `+Inf`.
    pub fn bounds(&self) -> &Arc<[f64]> {
        &self.bounds
    }

    /// The sum of all values.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The native part, where there is one.
    pub fn native(&self) -> Option<&NativeBuckets> {
        self.native.as_ref()
    }
}

impl NativeBuckets {
    fn observe(&mut self, value: f64) {
        if value <= self.zero_threshold {
            self.zero_count += 1;
            return;
        }
        *self.positive.entry(self.index(value)).or_default() += 1;
        while self.positive.len() > Histogram::MAX_NATIVE && self.schema > -4 {
            self.halve();
        }
    }

    /// Index i holds the values in (base^(i-1), base^i] with base = 2^(2^-schema).
    fn index(&self, value: f64) -> i32 {
        let scale = f64::from(self.schema).exp2();
        // The values are durations and sizes: far inside the range of an i32.
        #[expect(clippy::cast_possible_truncation)]
        let index = (value.log2() * scale).ceil() as i32;
        index
    }

    fn halve(&mut self) {
        let mut merged = BTreeMap::new();
        for (index, count) in &self.positive {
            *merged.entry((index + 1).div_euclid(2)).or_default() += count;
        }
        self.positive = merged;
        self.schema -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::new(Arc::from([0.1, 1.0].as_slice()));
        for value in values {
            histogram.observe(*value);
        }
        histogram
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let counted: Vec<_> = histogram(&[0.1, 0.2, 1.0, 5.0]).cumulative().collect();
        assert_eq!(counted, [(0.1, 1), (1.0, 3), (f64::INFINITY, 4)]);
    }

    #[test]
    fn native_index_of_powers_of_two() {
        let native = histogram(&[1.0, 2.0, 0.5]).native.unwrap();
        assert_eq!(native.positive.into_iter().collect::<Vec<_>>(), [(-8, 1), (0, 1), (8, 1)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(values in proptest::collection::vec(0.0..1e6_f64, 0..400)) {
            let histogram = histogram(&values);
            let native = histogram.native().unwrap();
            let count = values.len() as u64;
            prop_assert_eq!(native.zero_count + native.positive.values().sum::<u64>(), count);
            prop_assert_eq!(histogram.cumulative().last().map(|(_, all)| all), Some(count));
            prop_assert!(native.positive.len() <= Histogram::MAX_NATIVE);
        }
    }
}
