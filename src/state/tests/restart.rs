//! What was on disk goes on: no false transition, no lost count, no incident without an end.

use super::*;
use crate::model::{CheckState, Incident, Record};

/// What a store would have after these records.
#[derive(Default)]
struct Kept {
    checks: HashMap<CheckId, CheckState>,
    incidents: HashMap<CheckId, Incident>,
}

impl Kept {
    fn take(&mut self, effects: &Effects) {
        for record in &effects.records {
            match record {
                Record::Check(check) => {
                    self.checks.insert(check.check.clone(), check.clone());
                }
                Record::CheckGone(id) => {
                    self.checks.remove(id);
                }
                Record::IncidentOpened(incident) => {
                    self.incidents.insert(incident.check.clone(), incident.clone());
                }
                Record::IncidentClosed { check, began, .. } => {
                    let closed = self.incidents.remove(check);
                    assert_eq!(closed.map(|incident| incident.began), Some(*began));
                }
                other => panic!("{other:?} is none of the state's"),
            }
        }
    }

    fn restored(&self) -> Restored {
        Restored {
            checks: self.checks.values().cloned().collect(),
            incidents: self.incidents.values().cloned().collect(),
            ..Restored::default()
        }
    }

    fn restart(&self, all: &[CheckSettings], now: i64) -> (State, Effects) {
        let mut state = State::new(Clock::anchored(at(now)), &self.restored());
        let set = |one: &CheckSettings| SettingsChange::Set(Arc::new(one.clone()));
        let effects = state.apply(all.iter().map(set).collect());
        (state, effects)
    }
}

/// A check that went DOWN at second 10, and what is kept of it.
fn down() -> (State, Kept) {
    let (mut state, mut kept) = (state(vec![settings("a")]), Kept::default());
    kept.take(&state.observe(observation("a", 5, Verdict::Pass)));
    kept.take(&state.observe(observation("a", 10, Verdict::Fail)));
    (state, kept)
}

#[tokio::test(start_paused = true)]
async fn an_incident_is_kept_from_its_first_failure_to_its_end() {
    let (mut state, mut kept) = down();
    let incident = kept.incidents[&CheckId::new("a")].clone();
    assert_eq!((incident.began, incident.reason), (at(10), Some(Reason::ConnectRefused)));
    assert_eq!((&*incident.detail, &*incident.group), ("refused", "default"));
    // The same again is nothing new, another reason is.
    let same = state.observe(observation("a", 20, Verdict::Fail));
    assert_eq!(same.records, []);
    let mut other = observation("a", 30, Verdict::Fail);
    other.outcome.reason = Some(Reason::DnsTimeout);
    kept.take(&state.observe(other));
    let incident = &kept.incidents[&CheckId::new("a")];
    assert_eq!((incident.began, incident.reason), (at(10), Some(Reason::DnsTimeout)));
    let last = state.observe(observation("a", 40, Verdict::Pass));
    let id = CheckId::new("a");
    assert!(last.records.contains(&Record::IncidentClosed {
        check: id,
        began: at(10),
        ended: at(40)
    }));
    kept.take(&last);
    assert!(kept.incidents.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_check_that_was_down_is_down_and_nobody_is_told_again() {
    let (_, mut kept) = down();
    let (mut state, effects) = kept.restart(&[settings("a")], 1000);
    assert_eq!(effects, Effects::default());
    let seen = view(&state, "a");
    assert_eq!((seen.base, seen.up, seen.changed), (BaseState::Down, Some(false), at(10)));
    // A counter that began at zero must not jump by the time before the start.
    let total: f64 = seen.state_seconds(at(1007)).iter().sum();
    assert!((total - 7.0).abs() < 1e-6, "{total}");
    // Still failing: nothing to tell but the pace, which the schedule has forgotten.
    let effects = state.observe(observation("a", 1010, Verdict::Fail));
    assert_eq!((effects.transitions, effects.records), (vec![], vec![]));
    assert_eq!(effects.paces, [Pace { id: CheckId::new("a"), troubled: true }]);
    let effects = state.observe(observation("a", 1020, Verdict::Pass));
    assert_eq!(effects.transitions.len(), 1);
    kept.take(&effects);
    assert!(kept.incidents.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_gone_after_a_restart_leaves_nothing_open() {
    let (_, mut kept) = down();
    let (_, effects) = kept.restart(&[settings("b")], 1000);
    let id = CheckId::new("a");
    assert_eq!(
        effects.records,
        [
            Record::IncidentClosed { check: id.clone(), began: at(10), ended: at(1000) },
            Record::CheckGone(id)
        ]
    );
    kept.take(&effects);
    assert!(kept.checks.is_empty() && kept.incidents.is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_kind_or_an_unknown_memory_starts_anew() {
    let (_, mut kept) = down();
    let other = CheckSettings { kind: "http", ..settings("a") };
    let (state, effects) = kept.restart(&[other], 1000);
    assert_eq!(view(&state, "a").base, BaseState::Unknown);
    assert_eq!((effects.transitions.len(), effects.records.len()), (0, 1), "{effects:?}");
    kept.checks.get_mut(&CheckId::new("a")).unwrap().machine = "of a later version".into();
    let (state, _) = kept.restart(&[settings("a")], 1000);
    assert_eq!(view(&state, "a").base, BaseState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_removed_check_closes_its_incident() {
    let (mut state, mut kept) = down();
    kept.take(&state.apply(vec![SettingsChange::Removed(CheckId::new("a"))]));
    assert!(kept.checks.is_empty() && kept.incidents.is_empty());
}

fn step() -> impl Strategy<Value = (usize, Verdict)> {
    let verdict = prop_oneof![
        4 => Just(Verdict::Pass),
        1 => Just(Verdict::Warn),
        4 => Just(Verdict::Fail),
        1 => Just(Verdict::Unknown)
    ];
    (0..3_usize, verdict)
}

proptest! {
    /// Two states see the same runs; one of them is restarted after some. They tell the same.
    #[test]
    fn a_restart_anywhere_changes_nothing(
        steps in proptest::collection::vec((step(), proptest::bool::weighted(0.2)), 1..100),
        failures in 1_u32..4,
        of in 0_u32..4,
        successes in 1_u32..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let _inside = runtime.enter();
        let names = ["a", "b", "c"];
        let mut all = vec![settings("a"), depends("b", "a"), settings("c")];
        for one in &mut all {
            one.failures = format!("{failures}/{}", failures + of).parse().unwrap();
            one.successes = NonZeroU32::new(successes).unwrap();
        }
        let (mut steady, mut kept) = (state(all.clone()), Kept::default());
        let mut restarted = state(all.clone());
        for (now, ((who, verdict), restart)) in (1..).zip(steps) {
            if restart {
                let (state, effects) = kept.restart(&all, now);
                prop_assert_eq!(effects.transitions, []);
                kept.take(&Effects { records: effects.records, ..Effects::default() });
                restarted = state;
            }
            let told = steady.observe(observation(names[who], now, verdict));
            let effects = restarted.observe(observation(names[who], now, verdict));
            kept.take(&effects);
            let plain = |all: &[Transition]| -> Vec<_> {
                all.iter().map(|one| (one.id.clone(), one.from, one.to)).collect()
            };
            prop_assert_eq!(plain(&told.transitions), plain(&effects.transitions));
        }
    }
}
