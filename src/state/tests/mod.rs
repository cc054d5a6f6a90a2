//! The state from inside, by theme.
//!
//! Contract: time is paused or passed in; what is kept of it is folded as a store would keep it.

mod maintenance;
mod release;
mod restart;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::model::{BaseState, Flapping, Outcome, Overlays, Reason, Verdict};

/// Settings of a check with one failure to DOWN and one pass back.
pub(super) fn settings(name: &str) -> CheckSettings {
    let id = CheckId::new(name);
    CheckSettings {
        failures: "1".parse().unwrap(),
        successes: NonZeroU32::MIN,
        flapping: Flapping { window: 0, ..Flapping::default() },
        ..CheckSettings::new(id, "tcp", "127.0.0.1:1", "127.0.0.1")
    }
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    start().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn observation(name: &str, seconds: i64, verdict: Verdict) -> Observation {
    let mut outcome = Outcome::unknown(Reason::ConnectRefused, "refused", Duration::from_millis(3));
    outcome.verdict = verdict;
    if matches!(verdict, Verdict::Pass) {
        outcome.reason = None;
    }
    Observation { id: CheckId::new(name), kind: "tcp", at: at(seconds), outcome, missed: 0 }
}

fn state(all: Vec<CheckSettings>) -> State {
    let mut state = State::new(Clock::anchored(start()), &Restored::default());
    state.apply(all.into_iter().map(|one| SettingsChange::Set(Arc::new(one))).collect());
    state
}

fn view(state: &State, name: &str) -> Arc<View> {
    let slots = state.views().load_full();
    slots.iter().find(|slot| slot.settings.id.as_str() == name).unwrap().view()
}

fn depends(name: &str, parent: &str) -> CheckSettings {
    CheckSettings { depends_on: vec![CheckId::new(parent)], ..settings(name) }
}

#[tokio::test(start_paused = true)]
async fn counts_and_states_are_seen_by_readers() {
    let mut state = state(vec![settings("a")]);
    assert_eq!(view(&state, "a").up, None);
    state.observe(observation("a", 10, Verdict::Pass));
    let effects = state.observe(observation("a", 40, Verdict::Fail));
    assert_eq!(effects.transitions.len(), 1);
    assert_eq!(effects.transitions[0].to.0, BaseState::Down);
    assert_eq!(effects.transitions[0].reason, Some(Reason::ConnectRefused));
    assert_eq!(effects.paces, [Pace { id: CheckId::new("a"), troubled: true }]);
    let seen = view(&state, "a");
    assert_eq!((seen.counters.runs, seen.counters.failures), (2, 1));
    assert_eq!(seen.counters.reasons, [(Reason::ConnectRefused, 1)]);
    assert_eq!((seen.up, seen.base, seen.consecutive_failures), (Some(false), BaseState::Down, 1));
    let seconds = seen.state_seconds(at(100));
    let of = |state: BaseState| seconds[BaseState::ALL.iter().position(|s| *s == state).unwrap()];
    assert!((of(BaseState::Unknown) - 10.0).abs() < 1e-6);
    assert!((of(BaseState::Up) - 30.0).abs() < 1e-6);
    assert!((of(BaseState::Down) - 60.0).abs() < 1e-6);
}

#[tokio::test(start_paused = true)]
async fn unknown_keeps_the_last_verdict() {
    let mut state = state(vec![settings("a")]);
    state.observe(observation("a", 1, Verdict::Fail));
    state.observe(observation("a", 2, Verdict::Unknown));
    let seen = view(&state, "a");
    assert_eq!((seen.base, seen.up), (BaseState::Unknown, Some(false)));
}

#[tokio::test(start_paused = true)]
async fn a_troubled_ancestor_suppresses_all_below_it_and_lets_go() {
    let mut state = state(vec![settings("root"), depends("mid", "root"), depends("leaf", "mid")]);
    for name in ["root", "mid", "leaf"] {
        state.observe(observation(name, 1, Verdict::Pass));
    }
    let effects = state.observe(observation("root", 2, Verdict::Fail));
    let changed: Vec<_> = effects.transitions.iter().map(|t| (t.id.as_str(), t.to)).collect();
    let suppressed = Overlays { suppressed: true, ..Overlays::default() };
    assert_eq!(
        changed,
        [
            ("root", (BaseState::Down, Overlays::default())),
            ("mid", (BaseState::Up, suppressed)),
            ("leaf", (BaseState::Up, suppressed)),
        ]
    );
    let effects = state.observe(observation("root", 3, Verdict::Pass));
    assert_eq!(effects.transitions.len(), 3);
    assert!(!view(&state, "leaf").overlays.suppressed);
}

#[tokio::test(start_paused = true)]
async fn the_guard_suppresses_everybody_but_itself() {
    let guarded = |name| CheckSettings { guard: Some(CheckId::new("uplink")), ..settings(name) };
    let mut state = state(vec![guarded("uplink"), guarded("a")]);
    state.observe(observation("uplink", 1, Verdict::Fail));
    assert!(view(&state, "a").overlays.suppressed);
    assert!(!view(&state, "uplink").overlays.suppressed);
    // A guard that goes away lets go too.
    state.apply(vec![SettingsChange::Removed(CheckId::new("uplink"))]);
    assert!(!view(&state, "a").overlays.suppressed);
}

#[tokio::test(start_paused = true)]
async fn a_removed_check_leaves_nothing_behind() {
    let mut state = state(vec![settings("a"), settings("b")]);
    state.apply(vec![SettingsChange::Removed(CheckId::new("a"))]);
    let effects = state.observe(observation("a", 1, Verdict::Fail));
    assert_eq!(effects, Effects::default());
    assert_eq!(state.views().load().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_settings_keeps_what_was_counted() {
    let mut state = state(vec![settings("a")]);
    state.observe(observation("a", 1, Verdict::Fail));
    let changed = CheckSettings { interval: Duration::from_secs(5), ..settings("a") };
    state.apply(vec![SettingsChange::Set(Arc::new(changed))]);
    let seen = view(&state, "a");
    assert_eq!((seen.counters.runs, seen.base), (1, BaseState::Down));
    let other = CheckSettings { kind: "http", ..settings("a") };
    state.apply(vec![SettingsChange::Set(Arc::new(other))]);
    assert_eq!(view(&state, "a").counters.runs, 0);
    // A run of the old kind that ends only now says nothing of the new one.
    state.observe(observation("a", 2, Verdict::Fail));
    assert_eq!(view(&state, "a").counters.runs, 0);
}

fn verdicts() -> impl Strategy<Value = Vec<(usize, Verdict, i64)>> {
    let verdict = prop_oneof![
        Just(Verdict::Pass),
        Just(Verdict::Warn),
        Just(Verdict::Fail),
        Just(Verdict::Unknown)
    ];
    proptest::collection::vec((0..4_usize, verdict, 0..600_i64), 1..120)
}

proptest! {
    #[test]
    fn transitions_chain_and_times_add_up(
        steps in verdicts(),
        failures in 1_u32..4,
        of in 0_u32..3,
        successes in 1_u32..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let _inside = runtime.enter();
        let names = ["a", "b", "c", "d"];
        let mut all = vec![settings("a"), depends("b", "a"), depends("c", "b"), settings("d")];
        for one in &mut all {
            one.failures = format!("{failures}/{}", failures + of).parse().unwrap();
            one.successes = NonZeroU32::new(successes).unwrap();
            one.flapping = Flapping { window: 6, start: 0.6, stop: 0.3 };
        }
        let mut state = state(all);
        let mut last = HashMap::new();
        let mut now = 0;
        for (who, verdict, later) in steps {
            now += later;
            let before: Vec<_> = names.map(|name| view(&state, name)).to_vec();
            let effects = state.observe(observation(names[who], now, verdict));
            for transition in effects.transitions {
                // Never two equal ones in a row, and no gap: each begins where the one before ended.
                prop_assert_ne!(transition.from, transition.to);
                let begun = last.insert(transition.id.clone(), transition.to);
                let begun = begun.unwrap_or((BaseState::Unknown, Overlays::default()));
                prop_assert_eq!(transition.from, begun);
                // An incident ends in UP or DEGRADED, and only there.
                let (from, to) = (transition.from.0, transition.to.0);
                if from == BaseState::Recovering {
                    prop_assert_ne!(to, BaseState::Pending);
                }
            }
            for (name, before) in names.iter().zip(before) {
                let seen = view(&state, name);
                let total: f64 = seen.state_seconds(at(now)).iter().sum();
                let passed = Duration::from_secs(now.unsigned_abs()).as_secs_f64();
                prop_assert!((total - passed).abs() < 1e-6, "{name}: {total} of {now}");
                for (old, new) in before.state_seconds(at(now)).iter().zip(seen.state_seconds(at(now))) {
                    prop_assert!(new >= old - 1e-6);
                }
                let held = last.get(&CheckId::new(*name)).copied();
                let held = held.unwrap_or((BaseState::Unknown, Overlays::default()));
                prop_assert_eq!((seen.base, seen.overlays), held);
            }
        }
    }
}
