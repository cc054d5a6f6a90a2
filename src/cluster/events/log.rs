//! The last events.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use crate::cluster::{object::Uid, pool::Word};

/// Events that are kept: at some 2 kB each, 2 MB a cluster at most.
const KEPT: usize = 1000;

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `Normal` or `Warning`.
    pub event_type: Word,
    /// Why, in one word.
    pub reason: Word,
    /// Of what kind the object is.
    pub kind: Word,
    /// The object's namespace; empty for what has none.
    pub namespace: Word,
    /// The object's name.
    pub name: Box<str>,
    /// Who tells it.
    pub component: Word,
    /// Where that one runs; empty if it does not say so.
    pub host: Word,
    /// What happened, in words.
    pub message: Box<str>,
    /// How often.
    pub count: u32,
    /// When first, if it is told.
    pub first: Option<Timestamp>,
    /// When last.
    pub last: Timestamp,
}

/// Its place in the order of time: of several of one second the one that came last.
type Place = (Timestamp, u64);

#[derive(Default)]
pub(super) struct Log {
    events: BTreeMap<Place, (Uid, Arc<Event>)>,
    places: HashMap<Uid, Place>,
    arrived: u64,
}

impl Log {
    /// Notes an event, in place of what was known of it.
    pub(super) fn put(&mut self, uid: Uid, event: Event) {
        if let Some(place) = self.places.remove(&uid) {
            self.events.remove(&place);
        }
        self.arrived += 1;
        let place = (event.last, self.arrived);
        self.places.insert(uid.clone(), place);
        self.events.insert(place, (uid, Arc::new(event)));
        if self.events.len() > KEPT
            && let Some((_, (oldest, _))) = self.events.pop_first()
        {
            self.places.remove(&oldest);
        }
    }

    pub(super) fn newest_first(&self) -> Vec<Arc<Event>> {
        self.events.values().rev().map(|(_, event)| Arc::clone(event)).collect()
    }
}
