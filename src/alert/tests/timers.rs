use super::world::{World, child, config, mins, posted, route, secs};
use crate::alert::{Options, PostedAlert, spec::Route};

#[test]
fn the_first_notice_waits_for_group_wait() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(secs(20));
    world.fire("alertname=X n=b");
    world.advance(secs(9));
    assert!(world.told().is_empty());
    world.advance(secs(1));
    assert_eq!(world.told(), ["30 first a,b"]);
}

#[test]
fn an_alert_that_is_older_than_group_wait_is_told_at_once() {
    let mut world = World::new(config(route("ops")));
    let starts_at = Some(world.now - secs(31));
    world.post(vec![PostedAlert { starts_at, ..posted("alertname=X n=a") }]).unwrap();
    assert_eq!(world.told(), ["0 first a"]);
}

#[test]
fn an_old_alert_hurries_a_group_that_waits() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(secs(5));
    let starts_at = Some(world.now - secs(60));
    world.post(vec![PostedAlert { starts_at, ..posted("alertname=X n=b") }]).unwrap();
    assert_eq!(world.told(), ["5 first a,b"]);
}

#[test]
fn changes_are_told_on_the_ticks_of_group_interval() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(secs(40));
    // An old one does not hurry a group that was flushed.
    let starts_at = Some(world.now - mins(10));
    world.post(vec![PostedAlert { starts_at, ..posted("alertname=X n=b") }]).unwrap();
    world.advance(secs(200));
    world.resolve("alertname=X n=a");
    assert_eq!(world.told(), ["30 first a"]);
    world.advance(mins(2));
    assert_eq!(world.told(), ["330 new -a,b"]);
}

#[test]
fn a_repeat_comes_when_it_is_due_and_not_on_the_next_tick() {
    // Alertmanager would repeat at 30 + 10 min.
    let timers = Route { repeat_interval: mins(7), ..route("ops") };
    let mut world = World::new(config(timers));
    world.fire("alertname=X n=a");
    world.advance(mins(15));
    assert_eq!(world.told(), ["30 first a", "450 repeat a", "870 repeat a"]);
}

#[test]
fn equal_intervals_repeat_after_one_of_them() {
    let timers = Route { repeat_interval: mins(5), ..route("ops") };
    let mut world = World::new(config(timers));
    world.fire("alertname=X n=a");
    world.advance(mins(11));
    assert_eq!(world.told(), ["30 first a", "330 repeat a", "630 repeat a"]);
}

#[test]
fn a_repeat_counts_from_the_last_notice_of_any_kind() {
    let timers = Route { repeat_interval: mins(12), ..route("ops") };
    let mut world = World::new(config(timers));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.fire("alertname=X n=b");
    world.advance(mins(20));
    assert_eq!(world.told(), ["30 first a", "330 new a,b", "1050 repeat a,b"]);
}

#[test]
fn nothing_is_told_before_the_start_delay() {
    let options = Options { start_delay: mins(2), ..Options::default() };
    let mut world = World::with(config(route("ops")), options);
    world.fire("alertname=X n=a");
    world.advance(mins(3));
    assert_eq!(world.told(), ["120 first a"]);
}

#[test]
fn a_group_ends_when_all_is_resolved_and_told_and_a_later_one_waits_again() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(secs(60));
    world.resolve("alertname=X n=a");
    world.advance(secs(269));
    assert_eq!(world.pipeline.groups.len(), 1);
    world.advance(secs(1));
    assert_eq!(world.told(), ["30 first a", "330 all -a"]);
    assert_eq!(world.pipeline.groups.len(), 0);
    world.advance(secs(10));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    assert_eq!(world.told(), ["370 first a"]);
}

#[test]
fn an_alert_that_came_and_went_within_group_wait_is_not_told() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(secs(10));
    world.resolve("alertname=X n=a");
    world.advance(mins(20));
    assert!(world.told().is_empty());
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn an_alert_that_nobody_tells_again_ends_by_time_and_the_end_is_written_down() {
    let mut world = World::new(config(route("ops")));
    world.post(vec![posted("alertname=X n=a")]).unwrap();
    world.advance(mins(6));
    assert_eq!(world.told(), ["30 first a", "330 all -a"]);
    let written = world.disk.alerts.values().next().unwrap();
    assert!(written.ends_at <= written.updated_at);
}

#[test]
fn every_route_has_timers_of_its_own() {
    let fast = Route { group_wait: secs(1), ..child("fast", "n=a") };
    let root = Route { routes: vec![fast], ..route("ops") };
    let mut world = World::new(config(root));
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    assert_eq!(world.told(), ["1 first a", "30 first b"]);
}

#[test]
fn group_wait_of_nothing_tells_at_once() {
    let mut world = World::new(config(Route { group_wait: secs(0), ..route("ops") }));
    world.fire("alertname=X n=a");
    assert_eq!(world.told(), ["0 first a"]);
}

#[test]
fn a_calendar_that_is_set_back_delays_nothing() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    assert_eq!(world.told(), ["30 first a"]);
    world.now -= mins(600);
    world.pipeline.tick(world.now);
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    let told = world.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with("new a,b"), "{told:?}");
}
