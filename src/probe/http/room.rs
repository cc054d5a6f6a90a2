//! Room for large bodies: what is kept of all of them together is bounded, whatever strangers send.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    clock::{self, Instant},
    model::{ByteSize, Failure, Reason},
};

/// What each run in flight may keep without asking: nearly all bodies that anybody looks at are shorter.
const FREE: u64 = 256 * 1024;

/// By so much a body's room grows, in bytes. Step by step, so that one that comes slowly takes no more than it has brought.
const STEP: u64 = 256 * 1024;

/// What all bodies may take beyond that: four of the largest.
const ALL: ByteSize = ByteSize::mebi(64);

/// In steps.
static LEFT: Semaphore = Semaphore::const_new((ALL.0 / STEP) as usize);

/// What one body takes, as long as this lives.
#[derive(Debug, Default)]
pub(super) struct Room(Option<SemaphorePermit<'static>>);

impl Room {
    /// Makes it large enough for so many bytes. Waits for an eighth of the time that is left: who fails makes room for the
    /// others, and has time to say so.
    ///
    /// # Errors
    /// `local_resources` when others keep the room.
    pub(super) async fn grow(&mut self, bytes: u64, deadline: Instant) -> Result<(), Failure> {
        let wanted = bytes.saturating_sub(FREE).div_ceil(STEP);
        let held = self.0.as_ref().map_or(0, SemaphorePermit::num_permits);
        let more = wanted.saturating_sub(held as u64);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let patience = now + deadline.saturating_duration_since(now) / 8;
        let taken = clock::timeout_at(patience, LEFT.acquire_many(more)).await;
        let taken = taken.ok().and_then(Result::ok).ok_or_else(full)?;
        match &mut self.0 {
            Some(own) => own.merge(taken),
            none => *none = Some(taken),
        }
        Ok(())
    }
}

fn full() -> Failure {
    let detail = format!("the bodies that are being looked at take all of {ALL}");
    Failure::new(Reason::LocalResources, detail)
}
