use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use jiff::Timestamp;

use super::{
    Dialect, Families, Protobuf, Telemetry, Text,
    check::{self, Seen},
    cluster,
};
use crate::{
    cluster::Watched,
    model::{Desc, LabelSet, Sink},
    state::Views,
};

/// Bytes are given away when so many have gathered: one or two thousand lines, less than a millisecond's work. Each time
/// costs a system call, and the writer and the reader may have to wake each other.
const CHUNK: usize = 256 * 1024;

/// A format of `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics text 1.0.
    OpenMetrics,
    /// Delimited `io.prometheus.client.MetricFamily`.
    Protobuf,
}

/// Takes a chunk; `Break` when nobody wants the rest.
pub type Emit<'a> = &'a mut dyn FnMut(Vec<u8>) -> ControlFlow<()>;

/// A sink whose bytes can be taken out while it is written to.
pub trait Encoder: Sink {
    /// What is complete so far; the taker leaves it empty.
    fn buffer(&mut self) -> &mut Vec<u8>;
    /// Writes what closes the exposition.
    fn finish(&mut self);
}

impl Format {
    /// An encoder for what is short enough to be written at once.
    pub fn encoder(self) -> Box<dyn Encoder> {
        match self {
            Self::Text => Box::new(Text::new(Dialect::Prometheus)),
            Self::OpenMetrics => Box::new(Text::new(Dialect::OpenMetrics)),
            Self::Protobuf => Box::new(Protobuf::new()),
        }
    }
}

/// All that `/metrics` shows, at one moment.
#[derive(Clone, Copy)]
pub struct Exposition<'a> {
    /// The checks.
    pub views: &'a Views,
    /// What their kinds measure.
    pub families: &'a Families,
    /// The clusters, of which only the freshness is shown here.
    pub clusters: &'a [Arc<Watched>],
    /// noroshi itself.
    pub telemetry: &'a Telemetry,
    /// The moment, for what grows with time.
    pub now: Timestamp,
}

impl Exposition<'_> {
    /// Writes everything in the format, chunk by chunk. `Break` when `emit` broke off.
    pub fn write(&self, format: Format, emit: Emit<'_>) -> ControlFlow<()> {
        match format {
            Format::Text => self.encode(Text::new(Dialect::Prometheus), emit),
            Format::OpenMetrics => self.encode(Text::new(Dialect::OpenMetrics), emit),
            Format::Protobuf => self.encode(Protobuf::new(), emit),
        }
    }

    fn encode<E: Encoder>(&self, encoder: E, emit: Emit<'_>) -> ControlFlow<()> {
        let slots = self.views.load_full();
        let checks: Vec<Seen<'_>> =
            slots.iter().map(|slot| Seen { slot, view: slot.view(), now: self.now }).collect();
        let mut walk = Walk::new(encoder, emit);
        check::write(&mut walk, &checks)?;
        self.families.write(&mut walk, &checks)?;
        totals(&mut walk.encoder, &checks);
        cluster::freshness(self.clusters, &mut walk.encoder);
        self.telemetry.write(&mut walk.encoder);
        walk.finish()
    }
}

/// An encoder on its way through the families.
pub(super) struct Walk<'a, E> {
    pub(super) encoder: E,
    emit: Emit<'a>,
}

impl<'a, E: Encoder> Walk<'a, E> {
    pub(super) fn new(encoder: E, emit: Emit<'a>) -> Self {
        Self { encoder, emit }
    }

    /// Begins a family.
    pub(super) fn family(&mut self, desc: &Desc) {
        self.encoder.family(desc.name, desc.help, desc.kind);
    }

    /// Gives away what has gathered, if it is enough.
    pub(super) fn pause(&mut self) -> ControlFlow<()> {
        if self.encoder.buffer().len() < CHUNK {
            return ControlFlow::Continue(());
        }
        let next = Vec::with_capacity(CHUNK + CHUNK / 8);
        (self.emit)(std::mem::replace(self.encoder.buffer(), next))
    }

    /// Closes the exposition and gives away what is left.
    pub(super) fn finish(mut self) -> ControlFlow<()> {
        self.encoder.finish();
        let rest = std::mem::take(self.encoder.buffer());
        if rest.is_empty() { ControlFlow::Continue(()) } else { (self.emit)(rest) }
    }
}

/// How many checks there are: the one family that is counted here and nowhere kept.
pub(super) static CHECKS: Desc =
    Desc::gauge("noroshi_checks", "Configured checks.").labels(&["kind"]);

fn totals(sink: &mut impl Sink, checks: &[Seen<'_>]) {
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for check in checks {
        *kinds.entry(check.slot.settings.kind).or_default() += 1;
    }
    sink.family(CHECKS.name, CHECKS.help, CHECKS.kind);
    let none = LabelSet::default();
    for (kind, count) in kinds {
        sink.sample(&none, &[("kind", kind)], count.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::fixture;

    fn exposition(checks: usize, format: Format) -> Vec<Vec<u8>> {
        let world = fixture::World::new((0..checks).map(|at| fixture::busy(&format!("c{at:05}"))));
        let mut chunks = Vec::new();
        let done = world.exposition().write(format, &mut |chunk| {
            chunks.push(chunk);
            ControlFlow::Continue(())
        });
        assert!(done.is_continue());
        chunks
    }

    #[test]
    fn comes_in_chunks_that_end_with_a_line() {
        let chunks = exposition(1_600, Format::Text);
        assert!(chunks.len() > 5);
        assert!(chunks.iter().all(|chunk| chunk.ends_with(b"\n") && chunk.len() < 2 * CHUNK));
    }

    #[test]
    fn stops_when_nobody_wants_the_rest() {
        let world = fixture::World::new((0..400).map(|at| fixture::busy(&at.to_string())));
        let mut taken = 0;
        let done = world.exposition().write(Format::Text, &mut |_| {
            taken += 1;
            ControlFlow::Break(())
        });
        assert!(done.is_break());
        assert_eq!(taken, 1);
    }

    #[test]
    fn no_family_comes_twice_and_none_without_help() {
        let text = String::from_utf8(exposition(3, Format::Text).concat()).unwrap();
        let mut seen = std::collections::HashSet::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
            let (name, help) = line.split_once(' ').unwrap();
            assert!(!help.trim().is_empty(), "{name}");
            assert!(seen.insert(name), "{name} comes twice");
        }
    }

    /// Conventions 10 to 13, 15, 16 and 18 of the exporter guidelines, over everything we write.
    #[test]
    fn names_and_labels_keep_the_conventions() {
        let text = String::from_utf8(exposition(3, Format::Text).concat()).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            assert!(name.starts_with("noroshi_") || name.starts_with("process_"), "{line}");
            let units = ["ms", "milliseconds", "percent", "minutes", "kb"];
            assert!(name.split('_').all(|word| !units.contains(&word)), "{line}");
            for label in ["instance", "job", "cluster", "env", "type", "service"] {
                assert!(!labels.starts_with(&format!("{label}=")), "{line}");
                assert!(!labels.contains(&format!(",{label}=")), "{line}");
            }
            assert!(value.parse::<f64>().is_ok(), "a timestamp? {line}");
        }
        for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let (name, kind) = line.split_once(' ').unwrap();
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        }
    }

    #[test]
    fn an_ordinary_check_has_at_most_forty_series_and_a_histogram() {
        let text = String::from_utf8(exposition(1, Format::Text).concat()).unwrap();
        let series = text
            .lines()
            .filter(|line| line.contains("check=\"c00000\""))
            .filter(|line| !line.starts_with("noroshi_check_duration_seconds"))
            .count();
        assert!((20..=40).contains(&series), "{series}");
    }

    #[test]
    fn formats_hold_the_same_series() {
        let text = String::from_utf8(exposition(2, Format::Text).concat()).unwrap();
        let open = String::from_utf8(exposition(2, Format::OpenMetrics).concat()).unwrap();
        let series = |text: &str| {
            let mut names: Vec<_> = text
                .lines()
                .filter(|line| !line.starts_with('#') && !line.contains("le=\""))
                .filter(|line| !line.starts_with("process_"))
                .map(str::to_owned)
                .collect();
            names.sort();
            names
        };
        assert_eq!(series(&text), series(&open));
        assert!(open.ends_with("# EOF\n") && !text.contains("# EOF"));
        assert!(!open.contains("_created") && !open.contains("_total counter"));
    }
}
