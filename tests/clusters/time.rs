//! Time that passes when the test says so: pauses and limits of minutes are over at once, and never too early.

use std::{sync::mpsc, time::Duration};

/// Stopped time of the runtime that the test, the API server and the watches share. The pages are served on a runtime of
/// their own, whose time goes on.
pub(crate) struct Stopped {
    _held: mpsc::Sender<()>,
}

/// At each step what has become due is done before the next.
const STEP: Duration = Duration::from_millis(500);

impl Stopped {
    /// Stops it, until this is dropped.
    pub(crate) fn now() -> Self {
        tokio::time::pause();
        let (sender, held) = mpsc::channel::<()>();
        // Stopped time jumps to the next timer when nothing is to be done, unless a thread is at work: sockets would be
        // too slow for every limit.
        tokio::task::spawn_blocking(move || {
            let _ = held.recv();
        });
        Self { _held: sender }
    }

    /// Lets so much of it pass.
    pub(crate) async fn pass(&self, duration: Duration) {
        let mut left = duration;
        while !left.is_zero() {
            let step = left.min(STEP);
            tokio::time::advance(step).await;
            settle().await;
            left -= step;
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}

/// A moment of the machine's own time, in which tasks and sockets go on.
pub(crate) async fn settle() {
    let moment = || std::thread::sleep(Duration::from_millis(3));
    tokio::task::spawn_blocking(moment).await.unwrap();
}

/// Waits until something is true, whether time is stopped or not, and says what is not.
macro_rules! until {
    ($condition:expr $(, $($why:tt)+)?) => {{
        let deadline = std::time::Instant::now() + $crate::support::patience::patience();
        loop {
            if $condition {
                break;
            }
            if std::time::Instant::now() > deadline {
                let why = String::new() $(+ &format!($($why)+))?;
                panic!("never: {} {why}", stringify!($condition));
            }
            $crate::time::settle().await;
        }
    }};
}
pub(crate) use until;
