use std::sync::Arc;

use super::world::{World, config, mins, posted, route, secs, start};
use crate::{
    alert::{Config, Input, PostedAlert, spec::Route},
    model::{
        Alert, AlertSource, BaseState, CheckId, CheckSettings, CheckState, Overlays, Reason,
        SettingsChange, Transition, WhoTells,
    },
};

fn settings(name: &str, notify: WhoTells) -> CheckSettings {
    CheckSettings { notify, ..CheckSettings::new(CheckId::new(name), "http", "https://a/", "a") }
}

fn set(world: &mut World, settings: CheckSettings) {
    world.input(Input::Settings(vec![SettingsChange::Set(Arc::new(settings))]));
}

fn world(notify: WhoTells) -> World {
    let root = Route { group_wait: secs(0), group_interval: secs(10), ..route("ops") };
    let mut world = World::new(Config { resolve_hold: mins(2), ..config(root) });
    set(&mut world, settings("web", notify));
    world
}

fn goes(world: &mut World, to: BaseState) {
    overlaid(world, to, Overlays::default());
}

fn overlaid(world: &mut World, to: BaseState, overlays: Overlays) {
    world.input(Input::Transition(Transition {
        id: CheckId::new("web"),
        at: world.now,
        from: (BaseState::Unknown, Overlays::default()),
        to: (to, overlays),
        reason: Some(Reason::DnsTimeout),
        detail: "no answer from 192.0.2.1".into(),
    }));
}

fn own(world: &mut World) -> Option<Arc<Alert>> {
    let view = world.pipeline.snapshot(world.now);
    view.alerts.first().map(|view| Arc::clone(&view.alert))
}

#[test]
fn down_opens_and_up_closes() {
    let mut world = world(WhoTells::Noroshi);
    for quiet in [BaseState::Unknown, BaseState::Pending, BaseState::Recovering, BaseState::Up] {
        goes(&mut world, quiet);
        assert!(own(&mut world).is_none(), "{quiet:?}");
    }
    goes(&mut world, BaseState::Down);
    let alert = own(&mut world).unwrap();
    let labels: Vec<_> = alert.labels.iter().collect();
    assert_eq!(
        labels,
        [
            ("alertname", "NoroshiCheckDown"),
            ("check", "web"),
            ("group", "default"),
            ("severity", "warning"),
        ]
    );
    assert_eq!((alert.source, alert.starts_at), (AlertSource::Check, world.now));
    for (name, wanted) in [
        ("reason", "dns_timeout"),
        ("detail", "no answer from 192.0.2.1"),
        ("since", "2026-01-05T10:00:00Z"),
        ("evidence", "3 http runs failed in a row"),
        ("target", "https://a/"),
        ("summary", "web is down: dns_timeout"),
    ] {
        assert_eq!(alert.annotations.get(name), Some(wanted));
    }
    assert!(alert.annotations.get("description").unwrap().contains("no answer"));
    world.advance(mins(600));
    for silent in [BaseState::Unknown, BaseState::Recovering] {
        goes(&mut world, silent);
        assert!(own(&mut world).is_some(), "{silent:?}");
    }
    goes(&mut world, BaseState::Degraded);
    assert!(own(&mut world).is_none());
    world.advance(secs(20));
    let told = world.told();
    assert_eq!(told.first().unwrap(), "0 first NoroshiCheckDown");
    assert_eq!(told.last().unwrap().split_once(' ').unwrap().1, "all -NoroshiCheckDown");
}

#[test]
fn an_alert_of_ours_is_always_about_to_end_soon_for_whoever_looks() {
    let mut world = world(WhoTells::Noroshi);
    goes(&mut world, BaseState::Down);
    world.advance(mins(60));
    let view = world.pipeline.snapshot(world.now);
    assert_eq!(view.alerts[0].ends_at, world.now + mins(5));
}

#[test]
fn a_second_failure_after_a_recovery_is_another_incident() {
    let mut world = world(WhoTells::Noroshi);
    goes(&mut world, BaseState::Down);
    world.advance(mins(1));
    goes(&mut world, BaseState::Up);
    world.advance(mins(1));
    goes(&mut world, BaseState::Down);
    assert_eq!(own(&mut world).unwrap().starts_at, world.now);
}

#[test]
fn overlays_hide_the_fire_but_not_the_end() {
    let flapping = Overlays { flapping: true, ..Overlays::default() };
    let mut world = world(WhoTells::Noroshi);
    overlaid(&mut world, BaseState::Down, flapping);
    world.advance(mins(1));
    assert!(world.told().is_empty());
    assert!(world.pipeline.snapshot(world.now).alerts[0].is_suppressed());
    goes(&mut world, BaseState::Down);
    world.advance(secs(10));
    assert_eq!(world.told().len(), 1);
    overlaid(&mut world, BaseState::Down, flapping);
    world.advance(secs(30));
    overlaid(&mut world, BaseState::Up, flapping);
    world.advance(secs(10));
    assert_eq!(world.told(), ["110 all -NoroshiCheckDown"]);
}

#[test]
fn whoever_tells_decides_whether_there_is_an_alert() {
    for (notify, wanted) in [
        (WhoTells::Noroshi, true),
        (WhoTells::Both, true),
        (WhoTells::Prometheus, false),
        (WhoTells::None, false),
    ] {
        let mut world = world(notify);
        goes(&mut world, BaseState::Down);
        assert_eq!(own(&mut world).is_some(), wanted, "{notify:?}");
        // Another word in the configuration opens or closes it at once.
        set(&mut world, settings("web", WhoTells::Noroshi));
        assert!(own(&mut world).is_some());
        set(&mut world, settings("web", WhoTells::None));
        assert!(own(&mut world).is_none());
    }
}

#[test]
fn another_severity_is_another_alert_since_the_same_moment() {
    let mut world = world(WhoTells::Noroshi);
    goes(&mut world, BaseState::Down);
    world.advance(mins(1));
    let labels = [("severity".into(), "critical".into())].into();
    set(&mut world, CheckSettings { labels, ..settings("web", WhoTells::Noroshi) });
    let alert = own(&mut world).unwrap();
    assert_eq!(alert.labels.get("severity"), Some("critical"));
    assert_eq!(alert.starts_at, start());
    assert_eq!(world.pipeline.snapshot(world.now).alerts.len(), 1);
}

#[test]
fn the_alert_of_a_removed_check_ends() {
    let mut world = world(WhoTells::Noroshi);
    goes(&mut world, BaseState::Down);
    world.input(Input::Settings(vec![SettingsChange::Removed(CheckId::new("web"))]));
    assert!(own(&mut world).is_none());
}

/// What Prometheus' own rule posts of the same check.
fn rule(world: &mut World, ends_at: jiff::Timestamp) {
    let labels = "alertname=NoroshiCheckDown check=web group=default severity=warning";
    let starts_at = Some(start());
    world.post(vec![PostedAlert { starts_at, ends_at: Some(ends_at), ..posted(labels) }]).unwrap();
}

#[test]
fn with_both_our_resolve_waits_so_that_a_late_post_does_not_open_it_again() {
    let mut world = world(WhoTells::Both);
    goes(&mut world, BaseState::Down);
    let later = world.now + mins(4);
    rule(&mut world, later);
    assert_eq!(world.pipeline.snapshot(world.now).alerts.len(), 1, "one alert that either opens");
    world.advance(mins(1));
    goes(&mut world, BaseState::Up);
    world.advance(secs(30));
    // The rule has not seen it yet.
    let later = world.now + mins(4);
    rule(&mut world, later);
    assert!(own(&mut world).is_some());
    world.advance(secs(89));
    assert!(own(&mut world).is_some());
    world.advance(secs(1));
    assert!(own(&mut world).is_none());
    world.advance(secs(10));
    assert_eq!(world.told().len(), 2);
}

#[test]
fn with_both_the_resolve_of_prometheus_ends_the_wait() {
    let mut world = world(WhoTells::Both);
    goes(&mut world, BaseState::Down);
    world.advance(mins(1));
    let now = world.now;
    rule(&mut world, now);
    assert!(own(&mut world).is_some(), "we know better while it is down");
    goes(&mut world, BaseState::Up);
    world.advance(secs(5));
    let now = world.now;
    rule(&mut world, now);
    assert!(own(&mut world).is_none());
}

#[test]
fn with_both_a_failure_within_the_wait_goes_on() {
    let mut world = world(WhoTells::Both);
    goes(&mut world, BaseState::Down);
    world.advance(mins(1));
    goes(&mut world, BaseState::Up);
    world.advance(mins(1));
    goes(&mut world, BaseState::Down);
    world.advance(mins(10));
    let alert = own(&mut world).unwrap();
    assert_eq!(alert.starts_at, start());
}

#[test]
fn a_post_changes_nothing_of_what_we_know_ourselves() {
    let mut world = world(WhoTells::Noroshi);
    goes(&mut world, BaseState::Down);
    let before = own(&mut world).unwrap();
    let later = world.now + mins(4);
    rule(&mut world, later);
    assert_eq!(own(&mut world).unwrap(), before);
}

#[test]
fn a_resolve_that_waits_goes_on_to_wait_after_a_start() {
    let mut world = world(WhoTells::Both);
    goes(&mut world, BaseState::Down);
    world.advance(mins(1));
    goes(&mut world, BaseState::Up);
    let ended = world.now;
    let config = Config::clone(&world.pipeline.config);
    world.crash_with(config, secs(50), |restored| {
        restored.checks = vec![CheckState {
            overlays: Overlays::default(),
            check: CheckId::new("web"),
            kind: "http".into(),
            base: BaseState::Up,
            up: Some(true),
            changed: ended,
            machine: "".into(),
        }];
    });
    set(&mut world, settings("web", WhoTells::Both));
    world.advance(secs(69));
    assert!(own(&mut world).is_some());
    world.advance(secs(1));
    assert!(own(&mut world).is_none());
    assert_eq!(world.disk.alerts.values().next().unwrap().ends_at, ended);
}

#[test]
fn after_a_start_alerts_of_checks_that_are_gone_or_up_end_and_others_stay() {
    for (name, state, stays) in [
        ("web", Some(BaseState::Down), true),
        ("web", Some(BaseState::Recovering), true),
        ("web", Some(BaseState::Up), false),
        ("other", Some(BaseState::Down), false),
        ("web", None, true),
    ] {
        let mut world = world(WhoTells::Noroshi);
        goes(&mut world, BaseState::Down);
        let before = own(&mut world).unwrap();
        let config = Config::clone(&world.pipeline.config);
        world.crash_with(config, mins(30), |restored| {
            restored.checks = state
                .map(|base| CheckState {
                    overlays: Overlays::default(),
                    check: CheckId::new("web"),
                    kind: "http".into(),
                    base,
                    up: None,
                    changed: start(),
                    machine: "".into(),
                })
                .into_iter()
                .collect();
        });
        assert!(own(&mut world).is_some(), "until the settings are there nothing ends");
        set(&mut world, settings(name, WhoTells::Noroshi));
        let now = own(&mut world);
        assert_eq!(now.is_some(), stays, "{name} {state:?}");
        if let Some(now) = now {
            assert_eq!((now.starts_at, &now.annotations), (before.starts_at, &before.annotations));
        }
    }
}
