use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Notify;

/// Tells who judges that something has changed. One for each watch; all of a cluster are heard at one place, and rung
/// often it is heard once.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Bell {
    ear: Arc<Notify>,
    times: AtomicU64,
}

impl Bell {
    /// One that is heard there.
    pub(super) fn heard_at(ear: Arc<Notify>) -> Self {
        Self { ear, times: AtomicU64::new(0) }
    }

    /// Something has changed.
    pub(in crate::cluster) fn ring(&self) {
        self.times.fetch_add(1, Ordering::Release);
        self.ear.notify_one();
    }

    /// How often it was rung: so who hears one knows which.
    pub(super) fn times(&self) -> u64 {
        self.times.load(Ordering::Acquire)
    }
}
