use super::world::{World, config, inhibit, mins, route, secs};
use crate::{
    alert::{
        Config, Hides,
        interval::TimeInterval,
        spec::{Maintenance, Route},
    },
    model::MaintenanceWindow,
};

/// Named intervals: one that always is, one that never is.
fn intervals() -> Vec<(std::sync::Arc<str>, Vec<TimeInterval>)> {
    let never =
        TimeInterval { years: Some(vec!["1999".parse().unwrap()]), ..TimeInterval::default() };
    vec![("always".into(), vec![TimeInterval::default()]), ("never".into(), vec![never])]
}

fn with(root: Route) -> Config {
    Config { time_intervals: intervals(), ..config(root) }
}

fn counts(world: &World) -> [u64; 5] {
    Hides::ALL.map(|hides| world.pipeline.metrics().hidden_by(hides))
}

#[test]
fn a_source_hides_its_targets_while_it_fires() {
    let rules = vec![inhibit("severity=critical", "severity=warning", &["cluster"])];
    let mut world = World::new(Config { inhibit_rules: rules, ..config(route("ops")) });
    world.fire("alertname=Down n=source severity=critical cluster=a");
    world.fire("alertname=Slow n=target severity=warning cluster=a");
    world.fire("alertname=Slow n=other severity=warning cluster=b");
    world.advance(mins(1));
    assert_eq!(world.told(), ["30 first source", "30 first other"]);
    let view = world.pipeline.snapshot(world.now);
    let inhibited: Vec<_> = view.alerts.iter().filter(|view| view.inhibited_by.is_some()).collect();
    assert_eq!(inhibited.len(), 1);
    assert_eq!(inhibited[0].alert.labels.get("n"), Some("target"));
    world.resolve("alertname=Down n=source severity=critical cluster=a");
    world.advance(mins(5));
    assert_eq!(world.told(), ["330 all -source", "330 new target,other"]);
}

#[test]
fn mute_and_active_intervals_hide_all_of_a_route() {
    let muted = |mute: &[&str], active: &[&str]| Route {
        mute_time_intervals: mute.iter().map(|name| (*name).into()).collect(),
        active_time_intervals: active.iter().map(|name| (*name).into()).collect(),
        ..route("ops")
    };
    for (root, told, muted_by, counted) in [
        (muted(&["never"], &["always"]), 1, &[][..], [0, 0, 0, 0, 0]),
        (muted(&["never", "always"], &[]), 0, &["always"], [0, 0, 1, 0, 0]),
        (muted(&[], &["never"]), 0, &["never"], [0, 1, 0, 0, 0]),
        (muted(&[], &["never", "always"]), 1, &[], [0, 0, 0, 0, 0]),
        // The mute intervals are not asked any more.
        (muted(&["always"], &["never"]), 0, &["never"], [0, 1, 0, 0, 0]),
    ] {
        let mut world = World::new(with(root));
        world.fire("alertname=X n=a");
        world.advance(mins(1));
        assert_eq!(world.told().len(), told);
        assert_eq!(counts(&world), counted);
        let view = world.pipeline.snapshot(world.now);
        let names: Vec<&str> = view.groups[0].muted_by.iter().map(|name| &**name).collect();
        assert_eq!(names, muted_by);
    }
}

#[test]
fn the_stages_are_asked_in_alertmanagers_order() {
    let rules = vec![inhibit("n=source", "n=target", &[])];
    let root = Route { mute_time_intervals: vec!["always".into()], ..route("ops") };
    let mut world = World::new(Config { inhibit_rules: rules, ..with(root) });
    world.silence(("alertname", "X"), mins(60));
    world.fire("alertname=X n=source");
    world.fire("alertname=X n=target");
    world.advance(mins(1));
    // The target is hidden by its source, the source by the interval; the silence has nothing left to hide.
    assert_eq!(counts(&world), [1, 0, 1, 0, 0]);
}

#[test]
fn a_silence_hides_and_what_ends_meanwhile_is_told_afterwards() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.silence(("n", "a"), mins(14));
    world.fire("alertname=X n=b");
    world.resolve("alertname=X n=a");
    world.advance(mins(12));
    // The resolve of what is silenced is not told, and neither is it news that it is not there.
    assert_eq!(world.told(), ["30 first a", "330 new b"]);
    world.advance(mins(5));
    assert_eq!(world.told(), ["930 some -a,b"]);
}

#[test]
fn what_a_silence_hides_is_neither_new_nor_resolved() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.silence(("n", "a"), mins(12));
    world.advance(mins(50));
    assert_eq!(world.told(), ["30 first a"]);
    let mut world = World::new(config(route("ops")));
    world.silence(("n", "a"), mins(3));
    world.fire("alertname=X n=a");
    world.advance(mins(6));
    // It was never told: it is a first one on the tick after the silence.
    assert_eq!(world.told(), ["330 first a"]);
}

#[test]
fn all_shown_ones_resolve_while_another_is_hidden() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    world.silence(("n", "a"), mins(8));
    world.resolve("alertname=X n=b");
    world.advance(mins(5));
    assert_eq!(world.told(), ["30 first a,b", "330 all -b"]);
    // The lane still knows of `a`, so its resolve is owed and comes.
    world.resolve("alertname=X n=a");
    world.advance(mins(5));
    assert_eq!(world.told(), ["630 all -a"]);
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn a_muted_group_is_told_on_the_first_tick_after() {
    let noon = TimeInterval {
        times: Some(vec![crate::alert::interval::TimeRange::new("10:00", "10:20").unwrap()]),
        ..TimeInterval::default()
    };
    let root = Route { mute_time_intervals: vec!["noon".into()], ..route("ops") };
    let intervals = vec![("noon".into(), vec![noon])];
    let mut world = World::new(Config { time_intervals: intervals, ..config(root) });
    world.fire("alertname=X n=a");
    world.advance(mins(25));
    assert_eq!(world.told(), ["1230 first a"]);
}

/// A window over what is in zone a.
fn zone_a(from: &str, until: &str) -> Maintenance {
    let window = MaintenanceWindow::fixed(from.parse().unwrap(), until.parse().unwrap());
    Maintenance {
        name: "move".into(),
        matchers: super::world::matchers("zone=a"),
        window: window.unwrap(),
        comment: "".into(),
    }
}

#[test]
fn maintenance_hides_as_a_silence_does() {
    let maintenance = vec![zone_a("2026-01-05T10:00:00Z", "2026-01-05T10:07:00Z")];
    let mut world = World::new(Config { maintenance, ..config(route("ops")) });
    world.fire("alertname=X n=a zone=a");
    world.fire("alertname=Y n=b zone=b");
    world.advance(secs(40));
    let view = world.pipeline.snapshot(world.now);
    assert_eq!(view.silences.len(), 1);
    let silenced: Vec<_> = view.alerts.iter().map(|view| view.silenced_by.len()).collect();
    assert_eq!(silenced.iter().sum::<usize>(), 1);
    world.advance(mins(10));
    assert_eq!(world.told(), ["30 first b", "630 first a"]);
}

#[test]
fn an_interval_or_silence_never_takes_an_alert_out_of_its_group() {
    let root = Route { mute_time_intervals: vec!["always".into()], ..route("ops") };
    let mut world = World::new(with(root));
    world.silence(("n", "a"), mins(600));
    world.fire("alertname=X n=a");
    world.advance(mins(30));
    let view = world.pipeline.snapshot(world.now);
    assert_eq!(view.groups[0].alerts.len(), 1);
    // But nobody knows of it, so nothing is owed when it ends.
    world.resolve("alertname=X n=a");
    world.advance(mins(10));
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn what_is_shown_again_is_news_to_whoever_was_told_of_its_group_meanwhile() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    let silence = world.silence(("n", "a"), mins(600));
    world.resolve("alertname=X n=b");
    world.advance(mins(5));
    assert_eq!(world.told(), ["30 first a,b", "330 all -b"]);
    world.input(crate::alert::Input::ExpireSilence(silence));
    world.advance(mins(5));
    // The last word was that all is over, as Alertmanager's would be.
    assert_eq!(world.told(), ["630 first a"]);
    // With others that still fire it joins them.
    world.fire("alertname=X n=c");
    world.advance(mins(5));
    let silence = world.silence(("n", "a"), mins(600));
    world.fire("alertname=X n=d");
    world.advance(mins(5));
    world.input(crate::alert::Input::ExpireSilence(silence));
    world.advance(mins(5));
    assert_eq!(world.told(), ["930 new a,c", "1230 new c,d", "1530 new a,c,d"]);
}

#[test]
fn maintenance_does_not_hide_that_something_is_over() {
    let maintenance = vec![zone_a("2026-01-05T10:02:00Z", "2026-01-05T12:00:00Z")];
    let mut world = World::new(Config { maintenance, ..config(route("ops")) });
    world.fire("alertname=X n=a zone=a");
    world.advance(mins(3));
    world.resolve("alertname=X n=a zone=a");
    world.advance(mins(5));
    assert_eq!(world.told(), ["30 first a", "330 all -a"]);
}
