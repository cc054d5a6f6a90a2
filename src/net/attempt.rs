use std::{future::Future, time::Duration};

use crate::{
    clock::{self, Instant},
    model::{Failure, Phase, Phases, Trace},
};

/// One attempt at a target: the deadline it keeps and the record of where its time went.
#[derive(Debug)]
pub struct Attempt {
    started: Instant,
    deadline: Instant,
    phase: Phase,
    /// Time per phase so far.
    pub phases: Phases,
    /// What happened, for a person who asks.
    pub trace: Trace,
}

impl Attempt {
    /// Begins now and ends at `deadline` at the latest.
    pub fn new(deadline: Instant, trace: Trace) -> Self {
        Self {
            started: Instant::now(),
            deadline,
            phase: Phase::Dns,
            phases: Phases::default(),
            trace,
        }
    }

    /// Runs one phase: times it, cuts it at the deadline, remembers it for [`Self::timed_out`].
    pub async fn phase<T>(
        &mut self,
        phase: Phase,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.phase = phase;
        let begun = Instant::now();
        // Where a stranger sends faster than we read, work is always ready and the timer below never gets its turn.
        if begun >= self.deadline {
            return Err(self.timed_out());
        }
        let done = clock::timeout_at(self.deadline, work).await;
        self.phases.add(phase, begun.elapsed());
        done.unwrap_or_else(|_| Err(self.timed_out()))
    }

    /// The failure of an attempt whose deadline passed: it names the phase it was in.
    pub fn timed_out(&self) -> Failure {
        let after = self.deadline.duration_since(self.started).as_secs_f64();
        Failure::new(
            self.phase.timeout(),
            format!("no end of phase {} within the deadline of {after:.3} s", self.phase.word()),
        )
    }

    /// When it must be over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long it has been going.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Notes a step for a person who asks; costs nothing when nobody does.
    pub fn step(&mut self, what: impl FnOnce() -> String) {
        let after = self.started.elapsed();
        self.trace.step(after, what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    #[tokio::test(start_paused = true)]
    async fn phases_whose_work_is_always_ready_end_at_the_deadline_too() {
        let mut attempt = Attempt::new(Instant::now() + Duration::from_secs(1), Trace::default());
        let mut rounds = 0;
        let failure = loop {
            tokio::time::advance(Duration::from_millis(300)).await;
            if let Err(failure) = attempt.phase(Phase::Wait, async { Ok(()) }).await {
                break failure;
            }
            rounds += 1;
        };
        assert_eq!((rounds, failure.reason), (3, Reason::WaitTimeout));
    }
}
