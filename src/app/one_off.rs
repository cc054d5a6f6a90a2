//! The metrics of a single run, for `noroshi probe --prom`.

use std::sync::Arc;

use crate::{
    clock::Clock,
    metrics,
    model::{Observation, Outcome, SettingsChange},
    probe::spec::Check,
    state::State,
};

/// What `/metrics` would show of a check whose first run had this outcome, as text 0.0.4.
pub fn exposition(check: &Check, outcome: &Outcome, clock: Clock) -> String {
    let mut state = State::new(clock);
    state.apply(vec![SettingsChange::Set(Arc::clone(&check.settings))]);
    state.observe(Observation {
        id: check.settings.id.clone(),
        at: clock.now(),
        outcome: outcome.clone(),
        missed: 0,
    });
    metrics::text_of(&state.views().load(), &super::families(), clock.now())
}
