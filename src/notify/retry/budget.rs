use std::sync::Arc;

use parking_lot::Mutex;

use super::bucket::Bucket;
use crate::{clock::Instant, notify::spec::Rate};

/// A budget of messages: of one integration, or of all of a receiver's together. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Budget {
    rate: Rate,
    bucket: Arc<Mutex<Bucket>>,
}

impl Budget {
    pub(in crate::notify) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, bucket: Arc::new(Mutex::new(Bucket::new(rate, now))) }
    }

    /// What it was made of.
    pub(in crate::notify) fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes a place in line, and says when it is its turn. Whoever has one asks for another after it only, so that of
    /// several that share a budget none is kept waiting for ever.
    pub(super) fn line_up(&self, now: Instant) -> Instant {
        let mut bucket = self.bucket.lock();
        let turn = bucket.ready_at(now);
        bucket.take(now);
        turn
    }
}
