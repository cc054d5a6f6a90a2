//! Bodies of strangers, bounded one by one and together.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    http::StatusCode,
};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;
use crate::clock::{self, Instant};

/// The largest body: a hundred times what Prometheus sends at once (256 alerts).
pub(super) const LARGEST: usize = 32 << 20;

/// A body of so many bytes is a usual one. A silence is never larger.
pub(super) const USUAL: usize = 1 << 20;

/// What usual bodies may hold together: a thousand of Prometheus' and more.
const USUALS: usize = 64 << 20;

/// What larger ones may hold together: six of the largest. They have room of their own, so that they leave the usual ones
/// theirs, however slowly they come.
const LARGES: usize = 192 << 20;

/// The unit in which that is counted.
const UNIT: usize = 16 << 10;

/// How long a client may take to send one.
const DEADLINE: Duration = Duration::from_secs(30);

/// Room for bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    usual: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A body, and its share of the room.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Vec<u8>,
    _room: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What a body holds of the room for its kind. It grows as bytes come: what a client merely says that it will send
/// holds nothing.
#[derive(Debug, Default)]
struct Share {
    is_large: bool,
    held: Option<OwnedSemaphorePermit>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            usual: Arc::new(Semaphore::new(USUALS / UNIT)),
            large: Arc::new(Semaphore::new(LARGES / UNIT)),
        }
    }
}

impl Bodies {
    /// Reads a body of at most so many bytes to its end.
    pub(super) async fn read(&self, body: Body, most: usize) -> Result<Held, Refusal> {
        let deadline = Instant::now() + DEADLINE;
        let gathered = clock::timeout_at(deadline, self.gathered(body, most)).await;
        gathered.unwrap_or_else(|_| {
            let words = format!("the body did not come within {} s", DEADLINE.as_secs());
            Err(Refusal::described(StatusCode::REQUEST_TIMEOUT, words))
        })
    }

    async fn gathered(&self, body: Body, most: usize) -> Result<Held, Refusal> {
        let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if told > most {
            return Err(large(most));
        }
        let mut room = Share { is_large: told > USUAL, held: None };
        let mut bytes: Vec<u8> = Vec::new();
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| Refusal::unread("body", "", &error.to_string()))?;
            let length = bytes.len() + chunk.len();
            if length > most {
                return Err(large(most));
            }
            self.grow(&mut room, length)?;
            if bytes.capacity() < length {
                // By half as much again, but not beyond what it will be: nothing is reserved for what may not come.
                let ahead = length.saturating_add(length / 2).min(told.max(length));
                bytes.reserve_exact(ahead - bytes.len());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Held { bytes, _room: room })
    }

    /// Makes a share large enough for so many bytes. One that turns out to be of a large body moves.
    fn grow(&self, share: &mut Share, length: usize) -> Result<(), Refusal> {
        if length > USUAL && !share.is_large {
            *share = Share { is_large: true, held: None };
        }
        let has = share.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = length.div_ceil(UNIT).saturating_sub(has);
        let room = if share.is_large { &self.large } else { &self.usual };
        let units = u32::try_from(more).unwrap_or(u32::MAX);
        let taken = Arc::clone(room).try_acquire_many_owned(units).map_err(|_| {
            let words = "too many large requests at once, try again later";
            Refusal::described(StatusCode::SERVICE_UNAVAILABLE, words.to_owned())
        })?;
        match &mut share.held {
            Some(held) => held.merge(taken),
            None => share.held = Some(taken),
        }
        Ok(())
    }
}

fn large(most: usize) -> Refusal {
    let words = format!("the body is larger than {} MiB", most >> 20);
    Refusal::described(StatusCode::PAYLOAD_TOO_LARGE, words)
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::ready};

    use futures_util::{StreamExt as _, stream};

    use super::*;

    /// What comes so, and then never ends.
    fn idle(bytes: usize) -> Body {
        let come = stream::once(ready(Ok::<_, Infallible>(vec![b' '; bytes])));
        Body::from_stream(come.chain(stream::pending()))
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_that_do_not_come_leave_the_usual_ones_their_room() {
        let bodies = Bodies::default();
        let reading: Vec<_> =
            (0..12).map(|_| Box::pin(bodies.read(idle(30 << 20), LARGEST))).collect();
        let mut reading = futures_util::future::join_all(reading);
        assert!(futures_util::poll!(&mut reading).is_pending());
        let usual = bodies.read(Body::from(vec![b' '; USUAL]), LARGEST).await;
        assert_eq!(usual.unwrap().as_ref().len(), USUAL);
        let status = |refusal: Refusal| Refusal::status(&refusal);
        let large = bodies.read(Body::from(vec![b' '; 20 << 20]), LARGEST).await;
        assert_eq!(large.map_err(status).unwrap_err(), StatusCode::SERVICE_UNAVAILABLE);
        let ends: Vec<_> =
            reading.await.into_iter().map(|end| end.map_err(status).unwrap_err()).collect();
        let crowded = ends.iter().filter(|end| **end == StatusCode::SERVICE_UNAVAILABLE).count();
        let late = ends.iter().filter(|end| **end == StatusCode::REQUEST_TIMEOUT).count();
        assert_eq!((crowded, late), (6, 6));
        let again = bodies.read(Body::from(vec![b' '; 20 << 20]), LARGEST).await;
        assert!(again.is_ok(), "the room is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_only_announced_holds_nothing() {
        let bodies = Bodies::default();
        let mut share = Share { is_large: true, held: None };
        bodies.grow(&mut share, 1).unwrap();
        assert_eq!(bodies.large.available_permits(), LARGES / UNIT - 1);
        let most = bodies.read(Body::from(vec![b' '; USUAL + 1]), USUAL).await;
        assert!(most.is_err());
    }
}
