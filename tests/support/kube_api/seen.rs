//! What a server was asked, and how much of it at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::Mutex;

use super::request::Asked;

/// Requests kept in full; counts go on.
const KEPT: usize = 100_000;

/// A request as it was asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// `list`, `watch`, `get`, or `create`.
    pub verb: &'static str,
    pub path: String,
    /// As it came, undecoded.
    pub query: String,
    pub user_agent: String,
    pub accept: String,
}

#[derive(Default)]
pub struct Seen(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    requests: Vec<Request>,
    asked: BTreeMap<(String, String), u64>,
    /// Lists from their first page asked to their last page sent.
    lists: BTreeSet<String>,
    most_lists: usize,
    watches: BTreeMap<String, usize>,
}

impl Seen {
    pub fn note(&self, asked: &Asked) {
        let mut seen = self.0.lock();
        *seen.asked.entry((asked.verb().to_owned(), asked.path.clone())).or_default() += 1;
        if seen.requests.len() < KEPT {
            seen.requests.push(Request {
                verb: asked.verb(),
                path: asked.path.clone(),
                query: asked.query.0.clone(),
                user_agent: asked.user_agent.clone(),
                accept: asked.accept.clone(),
            });
        }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().requests.clone()
    }

    pub fn counts(&self) -> BTreeMap<(String, String), u64> {
        self.0.lock().asked.clone()
    }

    pub fn forget(&self) {
        let mut seen = self.0.lock();
        seen.requests.clear();
        seen.asked.clear();
        seen.most_lists = seen.lists.len();
    }

    pub fn most_lists(&self) -> usize {
        self.0.lock().most_lists
    }

    /// Open watches of a path; of all if it is empty.
    pub fn watches(&self, path: &str) -> usize {
        let seen = self.0.lock();
        let fitting = seen.watches.iter().filter(|(own, _)| path.is_empty() || *own == path);
        fitting.map(|(_, count)| count).sum()
    }

    /// A list begins, or goes on, by its path and selectors.
    pub fn begin(self: &Arc<Self>, list: &str) -> List {
        let mut seen = self.0.lock();
        seen.lists.insert(list.to_owned());
        seen.most_lists = seen.most_lists.max(seen.lists.len());
        List { seen: Arc::clone(self), name: list.to_owned(), goes_on: false }
    }

    pub fn watch(self: &Arc<Self>, path: &str) -> Open {
        *self.0.lock().watches.entry(path.to_owned()).or_default() += 1;
        Open { seen: Arc::clone(self), path: path.to_owned() }
    }
}

/// A list that is being answered. It is over when this is dropped, unless there is a page to come.
pub struct List {
    seen: Arc<Seen>,
    name: String,
    pub goes_on: bool,
}

impl Drop for List {
    fn drop(&mut self) {
        if !self.goes_on {
            self.seen.0.lock().lists.remove(&self.name);
        }
    }
}

/// An open watch.
pub struct Open {
    seen: Arc<Seen>,
    path: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut seen = self.seen.0.lock();
        if let Some(count) = seen.watches.get_mut(&self.path) {
            *count -= 1;
        }
    }
}
