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
const LARGEST: usize = 32 << 20;

/// What bodies may hold together: eight of the largest, or two thousand usual ones.
const TOGETHER: usize = 256 << 20;

/// The unit in which that is counted.
const UNIT: usize = 16 << 10;

/// How long a client may take to send one.
const DEADLINE: Duration = Duration::from_secs(30);

/// Room for bodies.
#[derive(Debug)]
pub(super) struct Bodies(Arc<Semaphore>);

/// A body, and its share of the room.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Vec<u8>,
    _room: Vec<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOGETHER / UNIT)))
    }
}

impl Bodies {
    /// Reads a body to its end.
    pub(super) async fn read(&self, body: Body) -> Result<Held, Refusal> {
        let deadline = Instant::now() + DEADLINE;
        let gathered = clock::timeout_at(deadline, self.gathered(body)).await;
        gathered.unwrap_or_else(|_| {
            let words = format!("the body did not come within {} s", DEADLINE.as_secs());
            Err(Refusal::described(StatusCode::REQUEST_TIMEOUT, words))
        })
    }

    async fn gathered(&self, body: Body) -> Result<Held, Refusal> {
        let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if told > LARGEST {
            return Err(large());
        }
        let mut room = self.more(told)?;
        let mut bytes = Vec::with_capacity(told);
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| Refusal::unread("body", "", &error.to_string()))?;
            let length = bytes.len() + chunk.len();
            if length > LARGEST {
                return Err(large());
            }
            if length > told {
                // Of a body that does not tell its length each chunk takes its own room.
                room.extend(self.more(chunk.len())?);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Held { bytes, _room: room })
    }

    fn more(&self, bytes: usize) -> Result<Vec<OwnedSemaphorePermit>, Refusal> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.0).try_acquire_many_owned(units);
        room.map(|permit| vec![permit]).map_err(|_| {
            let words = "too many large requests at once, try again later";
            Refusal::described(StatusCode::SERVICE_UNAVAILABLE, words.to_owned())
        })
    }
}

fn large() -> Refusal {
    let words = format!("the body is larger than {} MiB", LARGEST >> 20);
    Refusal::described(StatusCode::PAYLOAD_TOO_LARGE, words)
}
