//! The metrics of runs without a daemon, for `noroshi probe --prom`.

use std::{ops::ControlFlow, sync::Arc};

use crate::{
    clock::Clock,
    metrics::{Exposition, Format, Telemetry},
    model::{Observation, Outcome, Restored, SettingsChange},
    probe::spec::Check,
    state::State,
};

/// What `/metrics` would show of a check whose first runs had these outcomes, as text 0.0.4.
pub fn exposition(check: &Check, outcomes: Vec<Outcome>, clock: Clock) -> String {
    let mut state = State::new(clock, &Restored::default());
    state.apply(vec![SettingsChange::Set(Arc::clone(&check.settings))]);
    for outcome in outcomes {
        let (id, kind) = (check.settings.id.clone(), check.settings.kind);
        state.observe(Observation { id, kind, at: clock.now(), outcome, missed: 0 });
    }
    let views = state.views();
    let exposition = Exposition {
        views: &views,
        families: &super::families(),
        clusters: &[],
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
