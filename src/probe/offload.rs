//! Work that a stranger's answer can make long: off the runtime, few at a time, waited for until the deadline.

use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::clock::{self, Instant};

/// Places for searches of large bodies: a thread that has begun cannot be stopped, and all other work goes on beside it.
pub(super) static SEARCHES: Semaphore = Semaphore::const_new(4);

/// Places for expressions. Their own, because these look at the deadline themselves and end.
pub(super) static EXPRESSIONS: Semaphore = Semaphore::const_new(4);

/// Why there is no result: the deadline came first.
pub(super) const LATE: &str = "it was not done at the deadline of the run";

/// Runs it on a blocking thread.
///
/// # Errors
/// Why there is no result, in a few words: the deadline came first, or it panicked. It may go on until it ends.
pub(super) async fn run<T: Send + 'static>(
    places: &'static Semaphore,
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, &'static str> {
    let place = clock::timeout_at(deadline, places.acquire()).await.map_err(|_| LATE)?;
    let task = spawn_blocking(move || {
        // Given back by the thread: it is its work that is bounded, and not the wait for it.
        let _place = place;
        work()
    });
    clock::timeout_at(deadline, task).await.map_err(|_| LATE)?.map_err(|_| "it crashed")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn gives_the_result_or_says_why_there_is_none() {
        let soon = Instant::now() + Duration::from_secs(10);
        assert_eq!(run(&SEARCHES, soon, || 5).await, Ok(5));
        assert_eq!(
            run(&SEARCHES, soon, || panic!("out of cheese")).await,
            Err::<(), _>("it crashed")
        );
        let (release, held) = std::sync::mpsc::channel::<()>();
        let late = run(&SEARCHES, Instant::now(), move || held.recv().is_ok()).await;
        assert_eq!(late, Err(LATE));
        drop(release);
    }
}
