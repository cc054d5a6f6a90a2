//! Planned work: an overlay that begins and ends by the calendar, and takes the time that passes meanwhile.

use super::*;
use crate::model::{MaintenanceWindow, MatchOp, Matcher};

fn planned(label: &str, value: &str, (from, to): (i64, i64)) -> Planned {
    let matcher = Matcher::new(label, MatchOp::Equal, value).unwrap();
    let window = MaintenanceWindow::fixed(at(from), at(to)).unwrap();
    Planned { matchers: Arc::new([matcher]), window }
}

fn under_maintenance(state: &State, name: &str) -> bool {
    view(state, name).overlays.maintenance
}

fn with(planned: Vec<Planned>) -> State {
    let mut web = settings("web");
    web.labels = [("team".into(), "blue".into())].into_iter().collect();
    let mut state = state(vec![web, settings("db")]);
    state.settle(Vec::new(), Some(planned.into()));
    state
}

#[tokio::test(start_paused = true)]
async fn it_begins_and_ends_by_the_calendar() {
    let mut state = with(vec![planned("team", "blue", (60, 120))]);
    state.observe(observation("web", 0, Verdict::Pass));
    assert_eq!(state.plans.pause(at(0)), Some(Duration::from_mins(1)));
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(state.tick(), Effects::default());
    tokio::time::advance(Duration::from_secs(1)).await;
    let effects = state.tick();
    let maintenance = Overlays { maintenance: true, ..Overlays::default() };
    assert_eq!(effects.transitions.len(), 1);
    assert_eq!(effects.transitions[0].from, (BaseState::Up, Overlays::default()));
    assert_eq!(effects.transitions[0].to, (BaseState::Up, maintenance));
    assert_eq!(effects.records.len(), 1, "it survives a restart");
    assert!(!under_maintenance(&state, "db"));
    // Measuring goes on, and the state below it.
    let effects = state.observe(observation("web", 90, Verdict::Fail));
    assert_eq!(effects.transitions[0].to, (BaseState::Down, maintenance));
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(state.tick().transitions[0].to, (BaseState::Down, Overlays::default()));
    assert_eq!(state.plans.pause(at(120)), None);
    let seconds = view(&state, "web").state_seconds(at(150));
    let of = |word: &str| seconds[COUNTED_STATES.iter().position(|one| *one == word).unwrap()];
    for (word, wanted) in [("up", 60.0), ("maintenance", 60.0), ("down", 30.0), ("unknown", 0.0)] {
        assert!((of(word) - wanted).abs() < 1e-6, "{word}: {}", of(word));
    }
}

#[tokio::test(start_paused = true)]
async fn checks_are_met_by_the_labels_of_their_alerts() {
    for (label, value, met) in [
        ("check", "web", true),
        ("alertname", "NoroshiCheckDown", true),
        ("severity", "warning", true),
        ("group", "default", true),
        ("team", "blue", true),
        ("team", "red", false),
        ("missing", "", true),
    ] {
        let state = with(vec![planned(label, value, (-10, 10))]);
        assert_eq!(under_maintenance(&state, "web"), met, "{label}={value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_plan_takes_the_place_of_the_old_one() {
    let mut state = with(vec![planned("check", "web", (-10, 1000))]);
    assert!(under_maintenance(&state, "web"));
    let other: Arc<[Planned]> = Arc::new([planned("check", "db", (-10, 1000))]);
    let effects = state.settle(Vec::new(), Some(other));
    assert_eq!(effects.transitions.len(), 2);
    assert!(!under_maintenance(&state, "web") && under_maintenance(&state, "db"));
    // Other settings alone change no plan.
    state.apply(vec![SettingsChange::Set(Arc::new(settings("db2")))]);
    assert!(under_maintenance(&state, "db"));
    // A check that comes now is met too.
    let every: Arc<[Planned]> = Arc::new([planned("missing", "", (-10, 1000))]);
    state.settle(Vec::new(), Some(every));
    state.apply(vec![SettingsChange::Set(Arc::new(settings("late")))]);
    assert!(under_maintenance(&state, "late"));
}

/// The task looks by itself.
#[tokio::test(start_paused = true)]
async fn the_task_wakes_up_for_it() {
    let state = with(vec![planned("check", "web", (3600, 7200))]);
    let views = state.views();
    let mut wired = release::wired(state);
    assert!(wired.transitions.try_recv().is_err());
    let commit = wired.commits.recv().await.unwrap();
    (commit.release)(Ok(()));
    let begun = wired.transitions.recv().await.unwrap();
    assert!(begun.to.1.maintenance && begun.at >= at(3600) && begun.at < at(3602), "{}", begun.at);
    let slots = views.load_full();
    assert!(slots.iter().any(|slot| slot.view().overlays.maintenance));
}
