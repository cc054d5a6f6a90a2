//! Every task has a name and an owner: an unexpected end is reported, counted, and mended or fatal.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::clock::{self, Instant};

/// Why the process cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("task {task} ended unexpectedly: {how}")]
pub struct Cause {
    /// Its name.
    pub task: &'static str,
    /// A panic's words, or that it returned.
    pub how: String,
}

/// The pause before a task is started again, so that one that crashes at once does not burn a core.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a task may take to notice that it is cut.
const CUT: Duration = Duration::from_secs(1);

/// Owns the tasks.
pub(super) struct Supervisor {
    tasks: JoinSet<()>,
    stop: CancellationToken,
    ends: Family<Ended, Counter>,
    /// One place: the first cause is the one that counts.
    fatal: mpsc::Sender<Cause>,
    /// With the first supervisor alone.
    causes: Option<mpsc::Receiver<Cause>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    task: &'static str,
}

impl Supervisor {
    pub(super) fn new(stop: CancellationToken) -> Self {
        let (fatal, causes) = mpsc::channel(1);
        let ends = Family::default();
        Self { tasks: JoinSet::new(), stop, ends, fatal, causes: Some(causes) }
    }

    /// One for tasks that are drained later; the first one hears of their unexpected ends too.
    pub(super) fn sibling(&self) -> Self {
        Self {
            tasks: JoinSet::new(),
            stop: self.stop.clone(),
            ends: self.ends.clone(),
            fatal: self.fatal.clone(),
            causes: None,
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "noroshi_task_unexpected_ends",
            "How often a task of the daemon ended unexpectedly and was started again",
            self.ends.clone(),
        );
    }

    /// A task that nobody can replace: its unexpected end ends the process with its cause. When everything stops it is
    /// waited for, so it must end by itself then.
    pub(super) fn essential(
        &mut self,
        task: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let _ = self.ends.get_or_create(&Ended { task });
        let (stop, fatal) = (self.stop.clone(), self.fatal.clone());
        self.tasks.spawn(async move {
            let end = AssertUnwindSafe(work).catch_unwind().await;
            if !stop.is_cancelled() {
                let how = words(end);
                error!(task, how, "an essential task ended unexpectedly");
                let _ = fatal.try_send(Cause { task, how });
            }
        });
    }

    /// A task that can start anew: it is, after a pause, until everything stops.
    pub(super) fn restarting<W: Future<Output = ()> + Send + 'static>(
        &mut self,
        task: &'static str,
        mut work: impl FnMut() -> W + Send + 'static,
    ) {
        let ends = self.ends.get_or_create_owned(&Ended { task });
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            loop {
                let end = stop.run_until_cancelled(AssertUnwindSafe(work()).catch_unwind()).await;
                let Some(end) = end else { return };
                ends.inc();
                error!(task, how = words(end), "a task ended unexpectedly and is started again");
                clock::sleep(PAUSE).await;
            }
        });
    }

    /// Waits for an essential task that ends unexpectedly.
    pub(super) async fn failed(&mut self) -> Cause {
        let cause = match &mut self.causes {
            Some(causes) => causes.recv().await,
            None => None,
        };
        match cause {
            Some(cause) => cause,
            // We hold a sender ourselves; a sibling's causes are heard elsewhere.
            None => std::future::pending().await,
        }
    }

    /// Waits for all tasks to end, cuts them at the deadline. Says whether all ended by themselves.
    pub(super) async fn drain(mut self, deadline: Instant) -> bool {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let ended = clock::timeout_at(deadline, all).await.is_ok();
        // One that never waits cannot be cut, and must not keep the process.
        let _ = clock::timeout_at(deadline.max(Instant::now()) + CUT, self.tasks.shutdown()).await;
        ended
    }
}

fn words(end: Result<(), Box<dyn std::any::Any + Send>>) -> String {
    let Err(panic) = end else { return "it returned".into() };
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_essential_end_is_told_with_its_cause() {
        let mut supervisor = Supervisor::new(CancellationToken::new());
        supervisor.essential("state", async { panic!("out of cheese") });
        let cause = supervisor.failed().await;
        assert_eq!(cause.to_string(), "task state ended unexpectedly: panic: out of cheese");
    }

    #[tokio::test(start_paused = true)]
    async fn a_restarting_task_is_counted_and_started_again() {
        let stop = CancellationToken::new();
        let mut supervisor = Supervisor::new(stop.clone());
        let starts = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&starts);
        supervisor.restarting("watch", move || {
            let run = seen.fetch_add(1, Ordering::SeqCst);
            async move { assert!(run > 1, "crash {run}") }
        });
        clock::sleep(PAUSE * 3 + PAUSE / 2).await;
        assert_eq!(starts.load(Ordering::SeqCst), 4);
        assert_eq!(supervisor.ends.get_or_create(&Ended { task: "watch" }).get(), 4);
        stop.cancel();
        assert!(supervisor.drain(Instant::now() + PAUSE * 2).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_never_waits_does_not_keep_the_others() {
        let stop = CancellationToken::new();
        let mut supervisor = Supervisor::new(stop.clone());
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (begun, beginning) = tokio::sync::oneshot::channel();
        supervisor.essential("busy", async move {
            let _ = begun.send(());
            let _ = released.recv();
        });
        beginning.await.unwrap();
        stop.cancel();
        assert!(!supervisor.drain(Instant::now()).await);
        drop(release);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_task_is_cut_at_the_deadline() {
        let stop = CancellationToken::new();
        let mut supervisor = Supervisor::new(stop.clone());
        supervisor.essential("stuck", std::future::pending());
        stop.cancel();
        assert!(!supervisor.drain(Instant::now() + PAUSE).await);
    }
}
