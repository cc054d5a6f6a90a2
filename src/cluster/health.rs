//! How the collection of one resource goes: the freshness of what is shown.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use kube::Client;
use parking_lot::Mutex;

use super::{
    checks::Bell,
    server::ApiServer,
    watch::{Failure, Why},
};
use crate::clock::Clock;

/// Told by the watches of one resource of one cluster, read by scrapes. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    server: Arc<ApiServer>,
    clock: Clock,
    record: Mutex<Record>,
    /// Who is told whenever it goes otherwise than before.
    bell: Option<Arc<Bell>>,
}

/// How it goes, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Record {
    parts: Vec<Part>,
    /// When an event, a bookmark or the end of a list was last heard.
    pub last_event: Option<Timestamp>,
    /// Failures by why.
    pub failures: BTreeMap<Why, u64>,
    /// Objects that could not be read.
    pub malformed: u64,
    /// Objects told of that changed something that is shown, and those that did not.
    pub updates: [u64; 2],
    /// Requests by verb and whether they were answered well.
    pub requests: BTreeMap<(&'static str, bool), u64>,
    /// Whether somebody was told of the failure that lasts.
    is_told: bool,
    /// Whether the first list of all parts was told of.
    is_announced: bool,
}

/// One watch of it.
#[derive(Debug, Clone, Default)]
struct Part {
    is_up: bool,
    is_synced: bool,
    is_refused: bool,
    /// Lists that were begun.
    lists: u64,
    /// Its last failure since it ran, and how many there were.
    failing: Option<(Failure, u32)>,
    /// Failures since it ran for a while.
    unsteady: u32,
    /// Versions that were gone since it ran for a while.
    gone: u32,
}

/// Failures of watches that open well, and versions that are gone one after the other, before somebody is told.
const MANY: u32 = 5;

impl Record {
    /// Lists after the first, complete or not.
    pub fn relists(&self) -> u64 {
        self.parts.iter().map(|part| part.lists.saturating_sub(1)).sum()
    }

    /// Whether all its watches run.
    pub fn is_up(&self) -> bool {
        self.parts.iter().all(|part| part.is_up)
    }

    /// Whether everything was listed once.
    pub fn is_synced(&self) -> bool {
        self.parts.iter().all(|part| part.is_synced)
    }

    /// Whether each part was listed once, or the server has refused it: nothing more is to be waited for.
    pub fn is_settled(&self) -> bool {
        self.parts.iter().all(|part| part.is_synced || part.is_refused)
    }
}

impl Health {
    /// Of a resource with so many watches.
    pub(super) fn new(server: &Arc<ApiServer>, parts: usize, clock: Clock) -> Self {
        Self::ringing(server, parts, clock, None)
    }

    /// The same, with a bell that tells of every change.
    pub(super) fn ringing(
        server: &Arc<ApiServer>,
        parts: usize,
        clock: Clock,
        bell: Option<Arc<Bell>>,
    ) -> Self {
        let record = Record { parts: vec![Part::default(); parts], ..Record::default() };
        let server = Arc::clone(server);
        Self { shared: Arc::new(Shared { server, clock, record: Mutex::new(record), bell }) }
    }

    /// Whether everything was listed once; and if a watch fails, its last failure and how often it has failed since it ran.
    pub(super) fn standing(&self) -> (bool, Option<(Failure, u32)>) {
        let record = self.shared.record.lock();
        let failing = record.parts.iter().filter_map(|part| part.failing.as_ref());
        (record.is_synced(), failing.max_by_key(|(_, times)| *times).cloned())
    }

    fn ring(&self) {
        if let Some(bell) = &self.shared.bell {
            bell.ring();
        }
    }

    /// How it goes.
    pub fn record(&self) -> Record {
        self.shared.record.lock().clone()
    }

    /// The cluster's name.
    pub(super) fn cluster(&self) -> &str {
        self.shared.server.cluster()
    }

    /// The way to its API server, as soon as there is one.
    pub(super) async fn client(&self) -> Client {
        self.shared.server.client().await
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// A list begins.
    pub(super) fn lists(&self, part: usize) {
        if let Some(part) = self.shared.record.lock().parts.get_mut(part) {
            part.lists += 1;
        }
    }

    /// A list is complete. Whether it was the last of the first ones.
    pub(super) fn synced(&self, part: usize) -> bool {
        let mut record = self.shared.record.lock();
        if let Some(part) = record.parts.get_mut(part) {
            part.is_synced = true;
        }
        record.last_event = Some(self.now());
        let is_synced = record.is_synced();
        is_synced && !std::mem::replace(&mut record.is_announced, true)
    }

    /// A watch runs.
    pub(super) fn up(&self, part: usize) {
        let mut record = self.shared.record.lock();
        let Some(part) = record.parts.get_mut(part) else { return };
        part.is_up = true;
        if part.failing.take().is_some() {
            self.ring();
        }
    }

    /// A watch has run for a while.
    pub(super) fn steady(&self, part: usize) {
        if let Some(part) = self.shared.record.lock().parts.get_mut(part) {
            (part.unsteady, part.gone) = (0, 0);
        }
    }

    /// Something came after a failure. Whether somebody was told of one, and all its watches run again and hold.
    pub(super) fn recovered(&self) -> bool {
        let mut record = self.shared.record.lock();
        let holds = |part: &Part| part.is_up && part.unsteady < MANY;
        let is_news = record.is_told && record.parts.iter().all(holds);
        record.is_told &= !is_news;
        is_news
    }

    /// A bookmark came.
    pub(super) fn heard(&self) {
        self.shared.record.lock().last_event = Some(self.now());
    }

    /// An object came.
    pub(super) fn event(&self, is_news: bool) {
        let mut record = self.shared.record.lock();
        record.last_event = Some(self.now());
        record.updates[usize::from(!is_news)] += 1;
    }

    /// An object came that could not be read. Whether it is the first.
    pub(super) fn malformed(&self) -> bool {
        let mut record = self.shared.record.lock();
        record.malformed += 1;
        record.malformed == 1
    }

    /// A list or watch failed. Whether somebody is to be told: once, until it runs again. A server that is away is told of
    /// by who looks at it, not by each of its watches.
    pub(super) fn failed(&self, part: usize, failure: &Failure) -> bool {
        let mut record = self.shared.record.lock();
        *record.failures.entry(failure.why).or_default() += 1;
        let Some(part) = record.parts.get_mut(part) else { return false };
        part.is_up = false;
        part.is_refused |= failure.why.is_lasting();
        // Until it is listed again nothing is watched, but nothing is wrong either, if that does not go on and on.
        if failure.why == Why::Gone {
            part.gone += 1;
            if part.gone < MANY {
                return false;
            }
        }
        part.unsteady += 1;
        let times = part.failing.as_ref().map_or(0, |(_, times)| *times).saturating_add(1);
        part.failing = Some((failure.clone(), times));
        let is_first = times == 1 && part.unsteady < MANY;
        self.ring();
        let server = &self.shared.server;
        if failure.why.is_of_server() {
            server.doubt();
            // One broken connection may be there again at once, and by the second somebody has looked at the server.
            if is_first || !server.is_up() {
                return false;
            }
        }
        !std::mem::replace(&mut record.is_told, true)
    }

    /// A request was answered, well or not. One that is answered well is not refused, or no longer.
    pub(super) fn asked(&self, part: usize, verb: &'static str, well: bool) {
        let mut record = self.shared.record.lock();
        *record.requests.entry((verb, well)).or_default() += 1;
        if let Some(part) = record.parts.get_mut(part) {
            part.is_refused &= !well;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(parts: usize) -> Health {
        let server = Arc::new(ApiServer::new("one".into(), Clock::system()));
        Health::new(&server, parts, Clock::system())
    }

    fn failure(why: Why) -> Failure {
        Failure { why, message: String::new(), retry_after: None }
    }

    /// One namespace that fails is not made well by another that runs.
    #[test]
    fn each_part_fails_and_recovers_by_itself() {
        let health = health(2);
        assert!(health.failed(0, &failure(Why::Forbidden)), "told once");
        assert!(!health.failed(0, &failure(Why::Forbidden)));
        health.up(1);
        assert_eq!(health.standing().1.map(|(_, times)| times), Some(2), "the other one's start");
        assert!(!health.recovered());
        health.up(0);
        assert!(health.standing().1.is_none());
        assert!(health.recovered() && !health.recovered(), "told once");
        health.failed(1, &failure(Why::ServerError));
        assert_eq!(health.standing().1.map(|(_, times)| times), Some(1), "its own first");
    }

    /// What opens and fails, again and again, has not recovered before it has run for a while.
    #[test]
    fn what_does_not_hold_has_not_recovered() {
        let health = health(1);
        for _ in 0..MANY {
            health.failed(0, &failure(Why::ServerError));
            health.up(0);
        }
        assert!(!health.recovered());
        health.steady(0);
        assert!(health.recovered());
    }
}
