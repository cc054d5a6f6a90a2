use std::{collections::VecDeque, future};

use tokio::sync::{mpsc, oneshot};

use crate::model::{Commit, Record, Transition};

/// Commits on their way to the disk at the same time. A commit takes some milliseconds, so these are 100,000 changes of
/// state a second; beyond that observations wait.
const MOST: usize = 1024;

/// Transitions whose records are not on disk yet, in order: nobody is told of what a crash could take back.
pub(super) struct Unreleased {
    waiting: VecDeque<Held>,
    to: mpsc::Sender<Transition>,
}

struct Held {
    transitions: VecDeque<Transition>,
    /// `None` once it has come.
    committed: Option<oneshot::Receiver<()>>,
}

impl Unreleased {
    pub(super) fn new(to: mpsc::Sender<Transition>) -> Self {
        Self { waiting: VecDeque::new(), to }
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Keeps transitions until the commit that is made of the records is written. There is none without records.
    pub(super) fn hold(
        &mut self,
        records: Vec<Record>,
        transitions: Vec<Transition>,
    ) -> Option<Commit> {
        let (done, committed) = oneshot::channel();
        let committed = (!records.is_empty()).then_some(committed);
        let commit = committed.is_some().then(|| {
            // A transition is told all the same when the disk fails: better twice after a restart than never.
            let release = Box::new(move |_| {
                let _ = done.send(());
            });
            Commit { records, release }
        });
        if !transitions.is_empty() {
            self.waiting.push_back(Held { transitions: transitions.into(), committed });
        }
        commit
    }

    /// Waits for the oldest commit and hands on its transitions. Nothing is lost when it is dropped halfway.
    pub(super) async fn hand_on(&mut self) {
        let Some(oldest) = self.waiting.front_mut() else { return future::pending().await };
        if let Some(committed) = &mut oldest.committed {
            // An error says that the store is gone, and that only happens at the end.
            let _ = committed.await;
            oldest.committed = None;
        }
        while !oldest.transitions.is_empty() {
            let Ok(place) = self.to.reserve().await else { break };
            if let Some(transition) = oldest.transitions.pop_front() {
                place.send(transition);
            }
        }
        self.waiting.pop_front();
    }
}
