//! The objects that checks look at in one place, and no others.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use serde::Deserialize;

use super::{
    Bell,
    history::History,
    selection::Selection,
    subject::{Kept, Subject},
    unread::Unread,
};
use crate::{
    clock::Clock,
    cluster::{
        collector::{Identity, Keeper, Malformed, Seen, malformed},
        object::{Metadata, Object},
    },
};

/// Keeps what some check looks at.
pub(super) struct Keep {
    pub(super) subject: &'static Subject,
    selection: Selection,
    clock: Clock,
    bell: Arc<Bell>,
    tables: Mutex<Tables>,
}

/// By name: it is one namespace, or a resource without any.
type Table = HashMap<Box<str>, Held>;

#[derive(Default)]
struct Tables {
    current: Table,
    /// What the list that is being read has named so far.
    next: Option<Table>,
}

/// An object as it is held.
#[derive(Clone)]
pub(super) struct Held {
    /// What can be told of it where it could never be read.
    pub(super) object: Result<Arc<Object<Kept>>, Arc<Unread>>,
    /// Of a pod.
    pub(super) history: History,
}

/// An object of which only the metadata are read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WithMetadata<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

/// What an object brought, its name, and itself, if some check looks at it.
type Read = (Seen, Box<str>, Option<Object<Kept>>);

impl Keep {
    pub(super) fn new(
        subject: &'static Subject,
        selection: Selection,
        clock: Clock,
        bell: Arc<Bell>,
    ) -> Self {
        Self { subject, selection, clock, bell, tables: Mutex::default() }
    }

    /// What another keep of this place remembers of its pods: what other checks look at is not when they restarted. The list
    /// that comes tells which of them are still there.
    pub(super) fn remember(&self, other: &Self) {
        let restarted = |held: &Held| {
            held.object.as_ref().is_ok_and(|object| object.body.restarted().is_some())
        };
        let known = other.tables.lock().current.clone();
        let pods = known.into_iter().filter(|(_, held)| restarted(held));
        self.tables.lock().current.extend(pods);
    }

    /// What is looked at.
    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The object of a name.
    pub(super) fn get(&self, name: &str) -> Option<Held> {
        self.tables.lock().current.get(name).cloned()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Held> {
        self.tables.lock().current.values().cloned().collect()
    }

    /// Reads an object.
    fn read(&self, json: &str) -> Result<Read, Malformed> {
        let wrong = |error: serde_json::Error| malformed(json, error.to_string());
        let WithMetadata { metadata } = serde_json::from_str(json).map_err(wrong)?;
        let name = Box::from(&*metadata.name);
        let version = metadata.resource_version.to_string();
        let object = if self.selection.has(&metadata).map_err(wrong)? {
            Some((self.subject.read)(json, &self.selection.paths).map_err(wrong)?)
        } else {
            None
        };
        Ok((Seen { version, is_news: false }, name, object))
    }

    /// How an object is held that was held so before.
    fn held(&self, before: Option<&Held>, object: Object<Kept>) -> Held {
        let same = before.and_then(|held| held.object.clone().ok());
        let same = same.filter(|held| held.meta.uid == object.meta.uid);
        let history = match (object.body.restarted(), before.zip(same.as_ref())) {
            (None, _) => History::default(),
            (Some(seen), Some((held, old))) => {
                old.body.restarted().map_or_else(History::default, |before| {
                    held.history.next(before, seen, self.clock.now())
                })
            }
            (Some(seen), None) => History::first(seen),
        };
        let object = same.filter(|held| **held == object).unwrap_or_else(|| Arc::new(object));
        Held { object: Ok(object), history }
    }

    /// What was known of an object that cannot be read now stays; where nothing was, what can be told of it.
    fn unreadable(&self, json: &str) {
        let Some(unread) = Unread::of(json) else { return };
        let is_same =
            |held: &&Held| held.object.as_ref().is_ok_and(|object| unread.may_be(&object.meta.uid));
        let mut tables = self.tables.lock();
        let tables = &mut *tables;
        let known = tables.current.get(&unread.name).filter(is_same).cloned();
        let table = tables.next.as_mut().unwrap_or(&mut tables.current);
        let name = unread.name.clone();
        if self.selection.may_have(&unread) {
            let nothing = || Held { object: Err(Arc::new(unread)), history: History::default() };
            table.insert(name, known.unwrap_or_else(nothing));
        } else {
            table.remove(&name);
        }
        self.bell.ring();
    }
}

impl Keeper for Keep {
    fn begin(&self, _: usize) {
        self.tables.lock().next = Some(Table::new());
    }

    fn listed(&self, _: usize, json: &str) -> Result<Seen, Malformed> {
        let read = self.read(json).inspect_err(|_| self.unreadable(json));
        let (seen, name, object) = read?;
        let mut tables = self.tables.lock();
        let tables = &mut *tables;
        let next = tables.next.get_or_insert_default();
        match object {
            Some(object) => {
                let held = self.held(tables.current.get(&name), object);
                next.insert(name, held);
            }
            // A streamed list tells of what changes while it comes: nobody means it any more.
            None => drop(next.remove(&name)),
        }
        Ok(seen)
    }

    fn end(&self, _: usize) {
        let mut tables = self.tables.lock();
        if let Some(next) = tables.next.take() {
            tables.current = next;
        }
        drop(tables);
        self.bell.ring();
    }

    fn changed(&self, _: usize, json: &str) -> Result<Seen, Malformed> {
        let read = self.read(json).inspect_err(|_| self.unreadable(json));
        let (mut seen, name, object) = read?;
        let mut tables = self.tables.lock();
        seen.is_news = match object {
            Some(object) => {
                let before = tables.current.get(&name);
                let held = self.held(before, object);
                let was = before.and_then(|held| held.object.as_ref().ok());
                let is = held.object.as_ref().ok();
                let is_news = !was.zip(is).is_some_and(|(a, b)| Arc::ptr_eq(a, b));
                tables.current.insert(name, held);
                is_news
            }
            // It had what the checks look for, and has it no longer.
            None => tables.current.remove(&name).is_some(),
        };
        drop(tables);
        if seen.is_news {
            self.bell.ring();
        }
        Ok(seen)
    }

    fn gone(&self, _: usize, json: &str) -> Result<Seen, Malformed> {
        let wrong = |error: serde_json::Error| malformed(json, error.to_string());
        let Identity { name, resource_version, .. } = Identity::of(json).map_err(wrong)?;
        let mut tables = self.tables.lock();
        let unlisted = tables.next.as_mut().and_then(|next| next.remove(&*name));
        let is_news = tables.current.remove(&*name).is_some() || unlisted.is_some();
        drop(tables);
        if is_news {
            self.bell.ring();
        }
        Ok(Seen { version: resource_version.into_owned(), is_news })
    }

    fn objects(&self) -> usize {
        self.tables.lock().current.len()
    }
}
