use std::sync::Arc;

use super::world::{World, config, mins, pairs, route, secs, start};
use crate::{
    alert::{Config, Input, spec::Push},
    model::{
        BaseState, CheckId, CheckSettings, Overlays, PushAlert, SettingsChange, Transition,
        WhoTells,
    },
};

fn target(name: &str, resend: u64, external: &str) -> Push {
    Push { name: name.into(), resend: secs(resend), external_labels: pairs(external) }
}

fn configured() -> Config {
    let alertmanagers = vec![target("main", 60, "zone=a check=theirs"), target("slow", 150, "")];
    Config { alertmanagers, ..config(route("ops")) }
}

fn world() -> World {
    let mut world = World::new(configured());
    tell_settings(&mut world);
    world
}

fn tell_settings(world: &mut World) {
    let settings = CheckSettings::new(CheckId::new("web"), "http", "https://a/", "a");
    tell(world, settings);
}

fn tell(world: &mut World, settings: CheckSettings) {
    world.input(Input::Settings(vec![SettingsChange::Set(Arc::new(settings))]));
}

fn goes(world: &mut World, to: BaseState, overlays: Overlays) {
    world.input(Input::Transition(Transition {
        id: CheckId::new("web"),
        at: world.now,
        from: (BaseState::Unknown, Overlays::default()),
        to: (to, overlays),
        reason: None,
        detail: "".into(),
    }));
}

/// When which target was told, and whether of a fire.
fn told(world: &mut World) -> Vec<(i64, String, bool)> {
    std::mem::take(&mut world.pushed)
        .into_iter()
        .map(|(at, batch)| {
            assert_eq!(batch.alerts.len(), 1);
            let fires = batch.alerts[0].ends_at > at;
            (at.duration_since(start()).as_secs(), batch.target.to_string(), fires)
        })
        .collect()
}

fn of(target: &str, all: &[(i64, String, bool)]) -> Vec<(i64, bool)> {
    all.iter().filter(|(_, name, _)| name == target).map(|(at, _, fires)| (*at, *fires)).collect()
}

#[test]
fn our_alerts_are_told_at_once_again_and_again_and_after_they_ended() {
    let mut world = world();
    world.advance(mins(3));
    goes(&mut world, BaseState::Down, Overlays::default());
    world.advance(secs(130));
    goes(&mut world, BaseState::Up, Overlays::default());
    world.advance(mins(30));
    let all = told(&mut world);
    let main = of("main", &all);
    assert_eq!(main[..4], [(180, true), (240, true), (300, true), (310, false)]);
    // For a quarter of an hour after its end.
    let last = main.last().unwrap();
    assert!(!last.1 && (310 + 840..=310 + 900).contains(&last.0), "{last:?}");
    assert_eq!(of("slow", &all)[..3], [(180, true), (310, false), (330, false)]);
}

#[test]
fn while_a_resolve_waits_for_prometheus_nothing_is_told() {
    let mut world = world();
    let settings = CheckSettings::new(CheckId::new("web"), "http", "https://a/", "a");
    tell(&mut world, CheckSettings { notify: WhoTells::Both, ..settings });
    world.advance(mins(3));
    goes(&mut world, BaseState::Down, Overlays::default());
    world.advance(secs(130));
    goes(&mut world, BaseState::Up, Overlays::default());
    world.advance(mins(30));
    let main = of("main", &told(&mut world));
    // Prometheus told its end meanwhile, and would be contradicted.
    assert_eq!(main[..4], [(180, true), (240, true), (300, true), (430, false)]);
}

#[test]
fn a_pushed_alert_lives_four_resends_and_has_the_targets_labels() {
    let mut world = world();
    goes(&mut world, BaseState::Down, Overlays::default());
    let (at, batch) = world.pushed[0].clone();
    let PushAlert { labels, starts_at, ends_at, .. } = batch.alerts[0].clone();
    assert_eq!((starts_at, ends_at), (start(), at + secs(240)));
    assert_eq!((labels.get("zone"), labels.get("check")), (Some("a"), Some("web")));
}

#[test]
fn what_others_posted_is_not_pushed() {
    let mut world = world();
    world.fire("alertname=X");
    world.advance(mins(10));
    assert!(world.pushed.is_empty());
}

#[test]
fn an_overlay_holds_back_the_first_push_but_does_not_end_what_was_pushed() {
    let suppressed = Overlays { suppressed: true, ..Overlays::default() };
    let mut world = world();
    goes(&mut world, BaseState::Down, suppressed);
    world.advance(mins(2));
    assert!(told(&mut world).is_empty());
    goes(&mut world, BaseState::Down, Overlays::default());
    goes(&mut world, BaseState::Down, suppressed);
    world.advance(mins(2));
    assert!(of("main", &told(&mut world)).len() >= 3);
}

#[test]
fn after_a_start_everything_that_fires_is_told_again_with_the_same_start() {
    let mut world = world();
    goes(&mut world, BaseState::Down, Overlays::default());
    world.pushed.clear();
    world.crash(configured(), mins(10));
    assert_eq!(world.pushed.len(), 2);
    assert!(world.pushed.iter().all(|(_, batch)| batch.alerts[0].starts_at == start()));
}

#[test]
fn after_a_start_an_overlay_does_not_end_what_was_pushed_and_holds_back_what_was_not() {
    let suppressed = Overlays { suppressed: true, ..Overlays::default() };
    for pushed in [true, false] {
        let mut world = world();
        if pushed {
            goes(&mut world, BaseState::Down, Overlays::default());
        }
        goes(&mut world, BaseState::Down, suppressed);
        world.pushed.clear();
        world.crash(configured(), mins(1));
        tell_settings(&mut world);
        world.advance(mins(3));
        let fires = of("main", &told(&mut world));
        assert_eq!(fires.len() >= 3, pushed);
        assert_eq!(fires.is_empty(), !pushed);
        world.input(Input::Settings(vec![SettingsChange::Removed(CheckId::new("web"))]));
        let ended = of("main", &told(&mut world));
        assert_eq!(ended.first().map(|(_, fires)| *fires), pushed.then_some(false));
    }
}

#[test]
fn after_a_start_the_end_of_a_check_that_went_away_meanwhile_is_pushed() {
    let mut world = world();
    goes(&mut world, BaseState::Down, Overlays::default());
    world.crash(configured(), mins(10));
    world.pushed.clear();
    // The first set of settings names another check alone.
    let settings = CheckSettings::new(CheckId::new("other"), "http", "https://b/", "b");
    world.input(Input::Settings(vec![SettingsChange::Set(Arc::new(settings))]));
    assert_eq!(of("main", &told(&mut world)), [(600, false)]);
}

#[test]
fn a_target_that_a_reload_brings_is_told_at_once() {
    let mut world = world();
    goes(&mut world, BaseState::Down, Overlays::default());
    world.advance(secs(10));
    world.pushed.clear();
    let alertmanagers = vec![target("main", 60, "zone=a check=theirs"), target("new", 60, "")];
    world.input(Input::Reload(Config { alertmanagers, ..configured() }.into()));
    world.advance(secs(1));
    assert_eq!(of("new", &told(&mut world)), [(10, true)]);
}
