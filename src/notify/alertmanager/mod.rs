//! Pushes our own alerts to real Alertmanagers.
//!
//! Contract: each target has a queue and a task of its own; a target that is down costs no other anything. As with
//! Prometheus, a batch that fails is not tried again: the next resend brings it.

mod metrics;
mod queue;
mod sender;
pub(super) mod spec;
mod wire;

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

pub use metrics::Metrics;

use self::{queue::Queue, spec::Alertmanager};
use super::runtime::Parts;
use crate::model::PushBatch;

/// The queues of all targets, by name. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Targets(Arc<Mutex<HashMap<Arc<str>, Target>>>);

struct Target {
    spec: Arc<Alertmanager>,
    queue: Arc<Queue>,
}

impl Targets {
    /// Puts a batch into its target's queue. Never waits.
    pub(super) fn push(&self, batch: &PushBatch) {
        let queue = self.0.lock().get(&batch.target).map(|target| Arc::clone(&target.queue));
        if let Some(queue) = queue {
            queue.add(&batch.alerts);
        }
    }

    /// Closes the queues of targets that are not among these as they are; their senders end.
    pub(super) fn keep(&self, wanted: &[Arc<Alertmanager>]) {
        self.0.lock().retain(|_, target| {
            let stays =
                wanted.iter().any(|own| **own == *target.spec && own.name == target.spec.name);
            if !stays {
                target.queue.close();
            }
            stays
        });
    }

    /// Opens a queue for a target that has none; what sends from it wants to be run.
    pub(super) fn add(
        &self,
        spec: &Arc<Alertmanager>,
        parts: &Parts,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let mut targets = self.0.lock();
        if targets.contains_key(&spec.name) {
            return None;
        }
        let queue = Arc::new(Queue::new(parts.pushes.of(&spec.name)));
        let target = Target { spec: Arc::clone(spec), queue: Arc::clone(&queue) };
        targets.insert(Arc::clone(&spec.name), target);
        Some(sender::run(Arc::clone(spec), queue, parts.clone()))
    }
}
