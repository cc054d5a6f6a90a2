//! Events: what the cluster's own programs tell of its objects, counted, and the last of them word by word.
//!
//! Contract: an event is no state but something that happened, so objects are not kept: of each there is only how often it
//! has happened, which tells what is new of it. What had happened before the first list is not counted. `counts` is the
//! counter, `log` keeps the last ones; both are bounded, whatever the cluster tells.

mod counts;
mod log;
mod wire;

use std::{collections::HashMap, ops::Range, sync::Arc};

use parking_lot::Mutex;

pub use self::log::Event;
use self::{
    counts::{Counts, Row},
    log::Log,
};
use super::{
    collector::{Collector, Identity, Keeper, Malformed, Seen, malformed},
    family::Info,
    kind::{Entry, Resource},
    object::{Metadata, Uid},
    shard::Shard,
    snapshot::Snapshot,
    spec::Settings,
};
use crate::{
    clock::Clock,
    model::{Desc, LabelSet, Sink},
};

const RESOURCE: Resource = Resource::namespaced("events", "", "v1", "Event").ours();

/// Its place among the kinds.
pub(super) const ENTRY: Entry = Entry {
    resource: &RESOURCE,
    families: Vec::new,
    own: || vec![&TOTAL],
    collector: |settings| Arc::new(Events::new(settings)),
};

static TOTAL: Desc = Desc::counter(
    "noroshi_kube_events_total",
    "Events since noroshi watches, by what they tell of: each time one happens. Beyond 5,000 rows all others are counted \
     under the word `other`.",
)
.labels(&["event_type", "reason", "kind", "namespace", "component"]);

/// The collector of events.
struct Events {
    parts: Vec<Mutex<Known>>,
    told: Mutex<Told>,
    shard: Shard,
    cluster: Option<Arc<str>>,
    is_counted: bool,
    clock: Clock,
}

/// How often each event has happened that the API server still has: those of an hour, where nothing else is set.
#[derive(Default)]
struct Known {
    events: HashMap<Uid, Times>,
    /// Lists begun so far.
    lists: u64,
    /// How many the last complete list left.
    settled: usize,
    /// Whether everything was listed once: from then on what is not known is new.
    is_synced: bool,
}

/// How often an event has happened.
struct Times {
    count: u32,
    /// The list that was begun last when it was named.
    named: u64,
}

/// Events beside those of two complete lists that are held before lists that break off are told apart.
const SPARE: usize = 10_000;

impl Known {
    /// What is known of an event now, and before. What a list names is known at once: where it breaks off, the next one
    /// brings the same again.
    fn note(&mut self, uid: &Uid, count: u32) -> Option<u32> {
        let named = self.lists;
        if let Some(times) = self.events.get_mut(uid) {
            // A server may answer from what it knew a while ago: then it has happened no less often.
            let before = times.count;
            *times = Times { count: count.max(before), named };
            return Some(before);
        }
        self.events.insert(uid.clone(), Times { count, named });
        None
    }

    /// A list begins. Where none ends for days, what the last two did not name is let go: nobody says that it is gone.
    fn begin(&mut self) {
        if self.events.len() > self.settled.saturating_mul(2).saturating_add(SPARE) {
            let lists = self.lists;
            self.events.retain(|_, times| times.named.saturating_add(1) >= lists);
        }
        self.lists += 1;
    }

    /// It is complete: what it did not name is gone.
    fn end(&mut self) {
        let lists = self.lists;
        self.events.retain(|_, times| times.named == lists);
        (self.settled, self.is_synced) = (self.events.len(), true);
    }
}

#[derive(Default)]
struct Told {
    counts: Counts,
    log: Log,
}

impl Events {
    fn new(settings: &Settings) -> Self {
        let parts = settings.parts(&RESOURCE);
        Self {
            parts: std::iter::repeat_with(Mutex::default).take(parts).collect(),
            told: Mutex::default(),
            shard: settings.shard,
            cluster: settings.cluster.clone(),
            is_counted: settings.shows_own(TOTAL.name),
            clock: settings.clock,
        }
    }

    fn take(&self, part: usize, json: &str, is_listed: bool) -> Result<Seen, Malformed> {
        let event: wire::Event<'_> =
            serde_json::from_str(json).map_err(|error| malformed(json, error.to_string()))?;
        let version = event.metadata.resource_version.as_ref().to_owned();
        let Metadata { uid, namespace, name, .. } = &event.metadata;
        let uid = known_by(uid, namespace, name);
        if !self.shard.has(&uid) {
            return Ok(Seen { version, is_news: false });
        }
        let count = event.count();
        let known = &mut *self.parts[part].lock();
        let before = known.note(&uid, count);
        let is_new = known.is_synced || !is_listed;
        let times = match before {
            Some(before) => count.saturating_sub(before),
            None if is_new => count,
            None => 0,
        };
        let is_news = before.is_none_or(|before| before < count);
        if is_news {
            let event = event.kept(self.clock.now());
            let told = &mut *self.told.lock();
            if times > 0 {
                told.counts.add(Row::of(&event), times.into());
            }
            told.log.put(uid, event);
        }
        Ok(Seen { version, is_news })
    }

    /// An event that cannot be read now is still known.
    fn carry(&self, part: usize, json: &str) {
        let Ok(identity) = Identity::of(json) else { return };
        let uid = known_by(&identity.uid, &identity.namespace, &identity.name);
        let known = &mut *self.parts[part].lock();
        if let Some(times) = known.events.get_mut(&uid) {
            times.named = known.lists;
        }
    }
}

/// The UID, or the place where there is none.
fn known_by(uid: &str, namespace: &str, name: &str) -> Uid {
    if uid.is_empty() { Uid::Text([namespace, "/", name].concat().into()) } else { Uid::new(uid) }
}

impl Keeper for Events {
    fn begin(&self, part: usize) {
        self.parts[part].lock().begin();
    }

    fn listed(&self, part: usize, json: &str) -> Result<Seen, Malformed> {
        self.take(part, json, true).inspect_err(|_| self.carry(part, json))
    }

    fn end(&self, part: usize) {
        self.parts[part].lock().end();
    }

    fn changed(&self, part: usize, json: &str) -> Result<Seen, Malformed> {
        self.take(part, json, false)
    }

    /// It is forgotten, not undone.
    fn gone(&self, part: usize, json: &str) -> Result<Seen, Malformed> {
        let identity = Identity::of(json).map_err(|error| malformed(json, error.to_string()))?;
        let uid = known_by(&identity.uid, &identity.namespace, &identity.name);
        let gone = self.parts[part].lock().events.remove(&uid);
        let version = identity.resource_version.into_owned();
        Ok(Seen { version, is_news: gone.is_some() })
    }

    fn objects(&self) -> usize {
        self.parts.iter().map(|part| part.lock().events.len()).sum()
    }
}

impl Collector for Events {
    fn resource(&self) -> &'static Resource {
        &RESOURCE
    }

    fn snapshot(&self) -> Box<dyn Snapshot> {
        let rows = if self.is_counted { self.told.lock().counts.rows() } else { Vec::new() };
        let cluster = self.cluster.as_deref().map(|cluster| ("cluster", cluster));
        Box::new(Counted { rows, cluster: LabelSet::new(cluster) })
    }

    fn events(&self) -> Vec<Arc<Event>> {
        self.told.lock().log.newest_first()
    }
}

/// A [`Snapshot`] of the counter.
struct Counted {
    rows: Vec<(Row, u64)>,
    cluster: LabelSet,
}

impl Snapshot for Counted {
    fn resource(&self) -> &'static Resource {
        &RESOURCE
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn families(&self) -> usize {
        0
    }

    fn family(&self, _: usize) -> Option<Info> {
        None
    }

    fn write(&self, _: usize, _: Range<usize>, _: &mut dyn Sink) {}

    fn own(&self) -> Vec<(usize, &'static Desc)> {
        if self.rows.is_empty() { Vec::new() } else { vec![(0, &TOTAL)] }
    }

    fn write_own(&self, _: usize, sink: &mut dyn Sink) {
        for (row, count) in &self.rows {
            #[expect(clippy::cast_precision_loss, reason = "a sample is an f64")]
            sink.sample(&self.cluster, &row.labels(), *count as f64);
        }
    }
}
