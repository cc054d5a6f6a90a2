//! The metrics of a single run, for `noroshi probe --prom`.

use std::{ops::ControlFlow, sync::Arc};

use crate::{
    clock::Clock,
    metrics::{Exposition, Format, Telemetry},
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
    let views = state.views();
    let exposition = Exposition {
        views: &views,
        families: &super::families(),
        telemetry: &Telemetry::empty(),
        now: clock.now(),
    };
    let mut text = Vec::new();
    let _ = exposition.write(Format::Text, &mut |chunk| {
        text.extend_from_slice(&chunk);
        ControlFlow::Continue(())
    });
    String::from_utf8_lossy(&text).into_owned()
}
