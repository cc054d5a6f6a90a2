use std::{io, ops::ControlFlow, time::Duration};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::{runtime::Handle, sync::mpsc, task};

use crate::{
    clock::{self, Instant},
    metrics::Emit,
};

/// Chunks that wait for the client: with their size of some 256 KiB, and the two that are being written and sent, a
/// megabyte that a request can hold in memory beyond its view.
const DEPTH: usize = 2;

/// How long a client may take for a whole body, longer than any scrape timeout in use.
pub(super) const DEADLINE: Option<Duration> = Some(Duration::from_mins(2));

/// A part of a body. Without `End` the body was cut off, and the client must see that: it closes unfinished.
enum Part {
    Chunk(Vec<u8>),
    End,
}

/// A body that `write` produces on a blocking thread while the client already reads. `write` returns `Break` when the
/// body is not to be taken for whole. The client may take `within` for all of it, or for ever.
pub(super) fn body(
    within: Option<Duration>,
    write: impl FnOnce(Emit<'_>) -> ControlFlow<()> + Send + 'static,
) -> Body {
    let (parts, received) = mpsc::channel(DEPTH);
    let runtime = Handle::current();
    let deadline = within.map(|within| Instant::now() + within);
    // Nobody waits for the thread: its end, good or bad, arrives through the channel.
    drop(task::spawn_blocking(move || {
        let mut emit = |chunk| send(&runtime, &parts, deadline, Part::Chunk(chunk));
        if write(&mut emit).is_continue() {
            let _ = send(&runtime, &parts, deadline, Part::End);
        }
    }));
    Body::from_stream(stream::unfold(Some(received), async |received| {
        let mut received = received?;
        match received.recv().await {
            Some(Part::Chunk(chunk)) => Some((Ok(Bytes::from(chunk)), Some(received))),
            Some(Part::End) => None,
            None => Some((Err(io::Error::other("the body was cut off")), None)),
        }
    }))
}

fn send(
    runtime: &Handle,
    parts: &mpsc::Sender<Part>,
    deadline: Option<Instant>,
    part: Part,
) -> ControlFlow<()> {
    let part = match parts.try_send(part) {
        Ok(()) => return ControlFlow::Continue(()),
        Err(mpsc::error::TrySendError::Closed(_)) => return ControlFlow::Break(()),
        Err(mpsc::error::TrySendError::Full(part)) => part,
    };
    let sent = runtime.block_on(async {
        match deadline {
            Some(deadline) => clock::timeout_at(deadline, parts.send(part)).await.ok()?.ok(),
            None => parts.send(part).await.ok(),
        }
    });
    if sent.is_some() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    const ALL: usize = 1 << 20;

    #[tokio::test]
    async fn chunks_arrive_in_order() {
        let body = body(DEADLINE, |emit| (0..100_u8).try_for_each(|at| emit(vec![at])));
        assert_eq!(to_bytes(body, ALL).await.unwrap(), (0..100).collect::<Vec<u8>>());
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_whole_body() {
        let cut = body(DEADLINE, |emit| {
            let _ = emit(b"half".to_vec());
            ControlFlow::Break(())
        });
        assert!(to_bytes(cut, ALL).await.is_err());
        let panicked = body(DEADLINE, |_| panic!("on purpose"));
        assert!(to_bytes(panicked, ALL).await.is_err());
    }

    /// Twice as much as waits for the client, who begins to read an hour later; and how the writer ended by then, if it did.
    async fn read_late(within: Option<Duration>) -> Option<usize> {
        let (done, waited) = tokio::sync::oneshot::channel();
        let body = body(within, move |emit| {
            let written = (0..2 * DEPTH).try_for_each(|_| emit(vec![0; 64 << 10]));
            let _ = done.send(());
            written
        });
        tokio::time::advance(Duration::from_hours(1)).await;
        if within.is_some() {
            waited.await.unwrap();
        }
        to_bytes(body, ALL).await.ok().map(|bytes| bytes.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_take_as_long_as_is_said() {
        assert_eq!(read_late(DEADLINE).await, None);
        assert_eq!(read_late(None).await, Some(2 * DEPTH * (64 << 10)));
    }

    #[tokio::test]
    async fn the_writer_stops_when_the_client_is_gone() {
        let (done, waited) = tokio::sync::oneshot::channel();
        let body = body(DEADLINE, move |emit| {
            while emit(vec![0]).is_continue() {}
            let _ = done.send(());
            ControlFlow::Break(())
        });
        drop(body);
        waited.await.unwrap();
    }
}
