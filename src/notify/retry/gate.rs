use std::time::Duration;

use super::{breaker::Breaker, budget::Budget};
use crate::{clock::Instant, notify::spec::Limits};

/// When an integration may be spoken to.
#[derive(Debug)]
pub(in crate::notify) struct Gate {
    budget: Option<Budget>,
    /// When the next message has its turn, once it has a place in line.
    turn: Option<Instant>,
    breaker: Breaker,
    /// It asked to be left alone until then.
    asked: Option<Instant>,
}

/// How an attempt ended, as far as the next one is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::notify) enum Ended {
    /// The other side is well: it took it, or refused just this.
    Well,
    /// It is not.
    Failed,
    /// It is well, but wants to be left alone for a while.
    Busy(Duration),
}

impl Gate {
    /// The breaker is the integration's own; the budget may be shared.
    pub(in crate::notify) fn new(limits: &Limits, budget: Option<Budget>) -> Self {
        let breaker = Breaker::new(limits.breaker_failures, limits.breaker_pause.0);
        Self { budget, turn: None, breaker, asked: None }
    }

    /// When an attempt at a notice that is due may begin; `None` until one that is on its way has ended.
    pub(in crate::notify) fn ready_at(&mut self, now: Instant) -> Option<Instant> {
        let ready = self.breaker.ready_at(now)?.max(self.asked.unwrap_or(now));
        if ready > now {
            // It does not line up before it could go: the others would wait for it.
            return Some(ready);
        }
        let Some(budget) = &self.budget else { return Some(now) };
        let turn = *self.turn.get_or_insert_with(|| budget.line_up(now));
        Some(turn.max(now))
    }

    /// An attempt begins.
    pub(in crate::notify) fn begin(&mut self) {
        self.breaker.begun();
        self.turn = None;
    }

    /// An attempt ended.
    pub(in crate::notify) fn end(&mut self, ended: Ended, now: Instant) {
        match ended {
            Ended::Well => self.breaker.worked(),
            Ended::Failed => self.breaker.failed(now),
            Ended::Busy(pause) => {
                self.breaker.undecided();
                self.asked = Some((now + pause).max(self.asked.unwrap_or(now)));
            }
        }
    }

    /// Whether the circuit breaker is open.
    pub(in crate::notify) fn is_open(&self) -> bool {
        self.breaker.is_open()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{model::PromDuration, notify::spec::Rate};

    #[tokio::test(start_paused = true)]
    async fn who_shares_a_budget_takes_turns() {
        let (begun, second) = (Instant::now(), Duration::from_secs(1));
        let rate = Rate { messages: NonZeroU32::new(2).unwrap(), per: PromDuration(10 * second) };
        let budget = Budget::new(rate, begun);
        let limits = Limits { breaker_failures: 1, ..Limits::default() };
        let mut gates = [0, 1].map(|_| Gate::new(&limits, Some(budget.clone())));
        let mut log = Vec::new();
        let mut now = begun;
        for _ in 0..6 {
            let ready = [0, 1].map(|nth| gates[nth].ready_at(now).unwrap());
            // Where both may go it is always the same one that is first.
            let nth = usize::from(ready[1] < ready[0]);
            now = ready[nth];
            gates[nth].begin();
            log.push((nth, (now - begun).as_secs()));
        }
        assert_eq!(log, [(0, 0), (1, 0), (0, 5), (1, 10), (0, 15), (1, 20)]);
        // One that may not go does not line up: the other has all of it.
        gates[0].end(Ended::Failed, now);
        let turns: Vec<_> = (0..3)
            .map(|_| {
                gates[0].ready_at(now);
                now = gates[1].ready_at(now).unwrap();
                gates[1].begin();
                (now - begun).as_secs()
            })
            .collect();
        assert_eq!(turns, [30, 35, 40]);
    }
}
