//! Clusters: their objects as series, and how fresh these are.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use super::{Dialect, Emit, Encoder, Format, Protobuf, Text, exposition::Walk};
use crate::{
    clock,
    cluster::{Member, Record, Snapshot, Watched},
    model::{Desc, LabelSet, Sink},
};

/// Objects whose rows are written before bytes are given away: rows of a few kilobytes, so that no chunk outgrows its room.
const AT_ONCE: usize = 16;

/// The objects of clusters, resource by resource and family by family, whatever their clusters.
pub struct Objects<'a> {
    /// The clusters.
    pub clusters: &'a [Arc<Watched>],
    /// Which resources.
    pub wanted: &'a dyn Fn(&str) -> bool,
}

impl Objects<'_> {
    /// Writes everything in the format, chunk by chunk. `Break` when `emit` broke off.
    pub fn write(&self, format: Format, emit: Emit<'_>) -> ControlFlow<()> {
        match format {
            Format::Text => self.encode(Text::new(Dialect::Prometheus), emit),
            Format::OpenMetrics => self.encode(Text::new(Dialect::OpenMetrics), emit),
            Format::Protobuf => self.encode(Protobuf::new(), emit),
        }
    }

    fn encode<E: Encoder>(&self, encoder: E, emit: Emit<'_>) -> ControlFlow<()> {
        let mut walk = Walk::new(encoder, emit);
        let mut resources: Vec<&str> = self.members().map(|member| name(member)).collect();
        resources.sort_unstable();
        resources.dedup();
        for resource in resources.into_iter().filter(|resource| (self.wanted)(resource)) {
            // Taken one resource after the other: a snapshot keeps what has changed meanwhile.
            let members = self.members().filter(|member| name(member) == resource);
            let snapshots = members.map(|member| member.collector.snapshot());
            let snapshots: Vec<_> = snapshots.filter(|objects| !objects.is_empty()).collect();
            families(&mut walk, &snapshots)?;
        }
        walk.finish()
    }

    fn members(&self) -> impl Iterator<Item = &Member> {
        self.clusters.iter().flat_map(|cluster| cluster.members())
    }
}

fn name(member: &Member) -> &'static str {
    member.collector.resource().name
}

/// All families of one resource.
fn families<E: Encoder>(
    walk: &mut Walk<'_, E>,
    snapshots: &[Box<dyn Snapshot>],
) -> ControlFlow<()> {
    let count = snapshots.first().map_or(0, |snapshot| snapshot.families());
    for at in 0..count {
        let Some(info) = snapshots.iter().find_map(|snapshot| snapshot.family(at)) else {
            continue;
        };
        walk.encoder.family(info.name, &info.help(), info.kind);
        for snapshot in snapshots.iter().filter(|snapshot| snapshot.family(at).is_some()) {
            for first in (0..snapshot.len()).step_by(AT_ONCE) {
                let last = snapshot.len().min(first + AT_ONCE);
                snapshot.write(at, first..last, &mut walk.encoder);
                walk.pause()?;
            }
        }
    }
    own(walk, snapshots)
}

/// What no peer has of it, family by family. The clusters of one list may be told to leave out what others show.
fn own<E: Encoder>(walk: &mut Walk<'_, E>, snapshots: &[Box<dyn Snapshot>]) -> ControlFlow<()> {
    let shown: BTreeMap<usize, &Desc> = snapshots.iter().flat_map(|s| s.own()).collect();
    for (at, desc) in shown {
        walk.family(desc);
        for snapshot in snapshots.iter().filter(|s| s.own().iter().any(|(own, _)| *own == at)) {
            snapshot.write_own(at, &mut walk.encoder);
            walk.pause()?;
        }
    }
    ControlFlow::Continue(())
}

/// How it goes: of each cluster and of each of its resources.
pub fn freshness(clusters: &[Arc<Watched>], sink: &mut dyn Sink) {
    of_clusters(clusters, sink);
    let members = clusters.iter().flat_map(|cluster| {
        cluster.members().iter().map(|member| {
            let labels = place(cluster).chain([("collector", name(member))]);
            let objects = member.collector.objects();
            Collected { labels: LabelSet::new(labels), record: member.health.record(), objects }
        })
    });
    let members: Vec<Collected> = members.collect();
    for (desc, rows) in COLLECTORS {
        sink.family(desc.name, desc.help, desc.kind);
        for member in &members {
            rows(member, sink);
        }
    }
}

/// The label of a cluster that noroshi does not run in.
fn place(cluster: &Watched) -> impl Iterator<Item = (&'static str, &str)> {
    cluster.spec().settings.cluster.as_deref().map(|name| ("cluster", name)).into_iter()
}

/// A resource as one scrape sees it.
struct Collected {
    labels: LabelSet,
    record: Record,
    objects: usize,
}

impl Collected {
    fn value(&self, sink: &mut dyn Sink, value: f64) {
        sink.sample(&self.labels, &[], value);
    }
}

type Row = (Desc, fn(&Collected, &mut dyn Sink));

/// What is told of each resource.
const COLLECTORS: &[Row] = &[
    (
        Desc::gauge(
            "noroshi_cluster_collector_up",
            "Whether the resource is being watched. 0: its series stay as they were last seen.",
        ),
        |member, sink| member.value(sink, number(member.record.is_up())),
    ),
    (
        Desc::gauge(
            "noroshi_cluster_collector_synced",
            "Whether everything was listed once. 0: series may be missing.",
        ),
        |member, sink| member.value(sink, number(member.record.is_synced())),
    ),
    (
        Desc::gauge(
            "noroshi_cluster_collector_last_event_timestamp_seconds",
            "When the API server was last heard of the resource: an event, a bookmark (about each minute) or the end of a \
             list, as seconds since the epoch.",
        ),
        |member, sink| {
            if let Some(at) = member.record.last_event {
                member.value(sink, clock::epoch_seconds(at));
            }
        },
    ),
    (Desc::gauge("noroshi_cluster_collector_objects", "Objects that are kept."), |member, sink| {
        member.value(sink, count(member.objects as u64));
    }),
    (
        Desc::counter(
            "noroshi_cluster_collector_relists_total",
            "Lists after the first: the API server could not tell what had changed.",
        ),
        |member, sink| member.value(sink, count(member.record.relists())),
    ),
    (
        Desc::counter(
            "noroshi_cluster_collector_watch_errors_total",
            "Lists and watches that failed, by why. A row appears with its first.",
        )
        .labels(&["reason"]),
        |member, sink| {
            for (why, failures) in &member.record.failures {
                sink.sample(&member.labels, &[("reason", why.as_str())], count(*failures));
            }
        },
    ),
    (
        Desc::counter(
            "noroshi_cluster_collector_malformed_objects_total",
            "Objects that could not be read. What was known of one before is still shown.",
        ),
        |member, sink| member.value(sink, count(member.record.malformed)),
    ),
    (
        Desc::counter(
            "noroshi_cluster_collector_updates_total",
            "Objects the API server told of, by whether anything that is shown has changed.",
        )
        .labels(&["visible"]),
        |member, sink| {
            for (word, updates) in
                [("true", member.record.updates[0]), ("false", member.record.updates[1])]
            {
                sink.sample(&member.labels, &[("visible", word)], count(updates));
            }
        },
    ),
];

/// What is told of each cluster.
fn of_clusters(clusters: &[Arc<Watched>], sink: &mut dyn Sink) {
    let seen =
        clusters.iter().map(|cluster| (LabelSet::new(place(cluster)), cluster.server().known()));
    let seen: Vec<_> = seen.collect();
    begin(sink, &INFO);
    for (labels, server) in &seen {
        sink.sample(labels, &[("server", &server.url), ("version", &server.version)], 1.0);
    }
    begin(sink, &UP);
    for (labels, server) in &seen {
        sink.sample(labels, &[], number(server.is_up));
    }
    begin(sink, &LATENCY);
    for (labels, server) in &seen {
        sink.histogram(labels, &[], &server.latency);
    }
    begin(sink, &EXPIRE);
    for (labels, server) in &seen {
        if let Some(at) = server.expire {
            sink.sample(labels, &[], clock::epoch_seconds(at));
        }
    }
}

fn begin(sink: &mut dyn Sink, desc: &Desc) {
    sink.family(desc.name, desc.help, desc.kind);
}

static INFO: Desc = Desc::gauge(
    "noroshi_cluster_info",
    "The API server's URL and version, as far as they are known; always 1.",
)
.labels(&["server", "version"]);

static UP: Desc = Desc::gauge(
    "noroshi_cluster_up",
    "Whether the API server answered when it was last asked for its version, and accepts our credentials. It is asked each 10 seconds, and soon after a watch has failed.",
);

static LATENCY: Desc =
    Desc::histogram("noroshi_cluster_api_latency_seconds", "How long it took to answer that.");

static EXPIRE: Desc = Desc::gauge(
    "noroshi_cluster_credentials_expire_timestamp_seconds",
    "When our credentials expire, as seconds since the epoch: a client certificate, or a token that says so. Absent for \
     tokens that are replaced in time.",
);

/// Every family of these, for the reference.
pub(super) fn descs() -> impl Iterator<Item = &'static Desc> {
    [&INFO, &UP, &LATENCY, &EXPIRE].into_iter().chain(COLLECTORS.iter().map(|(desc, _)| desc))
}

fn number(is: bool) -> f64 {
    f64::from(u8::from(is))
}

#[expect(clippy::cast_precision_loss, reason = "a sample is an f64")]
fn count(count: u64) -> f64 {
    count as f64
}
