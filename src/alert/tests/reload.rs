use super::world::{Provider, World, child, config, inhibit, mins, receiver, route, secs};
use crate::{
    alert::{
        Config, Input,
        spec::{Integration, Receiver, Route},
    },
    model::Record,
};

fn reload(world: &mut World, config: Config) {
    world.input(Input::Reload(config.into()));
}

fn two() -> Route {
    Route { routes: vec![child("web", "team=web")], ..route("ops") }
}

#[test]
fn a_group_that_survives_keeps_its_timers_and_its_history() {
    let mut world = World::new(config(two()));
    world.fire("alertname=X n=a team=web");
    world.advance(secs(100));
    // A sibling before it moves it, which is not its identity.
    let moved =
        Route { routes: vec![child("db", "team=db"), child("web", "team=web")], ..route("ops") };
    reload(&mut world, config(moved));
    world.fire("alertname=X n=b team=web");
    world.advance(secs(300));
    assert_eq!(world.told(), ["30 first a", "330 new a,b"]);
}

#[test]
fn a_group_that_waits_goes_on_waiting() {
    let mut world = World::new(config(two()));
    world.fire("alertname=X n=a team=web");
    world.advance(secs(20));
    reload(&mut world, config(two()));
    world.advance(secs(20));
    assert_eq!(world.told(), ["30 first a"]);
}

#[test]
fn another_interval_counts_from_the_last_flush() {
    let mut world = World::new(config(two()));
    world.fire("alertname=X n=a team=web");
    world.advance(secs(60));
    let faster = Route { group_interval: mins(1), ..child("web", "team=web") };
    reload(&mut world, config(Route { routes: vec![faster], ..route("ops") }));
    world.fire("alertname=X n=b team=web");
    world.advance(secs(31));
    assert_eq!(world.told(), ["30 first a", "90 new a,b"]);
}

#[test]
fn alerts_go_where_the_new_routes_lead() {
    let mut world = World::new(config(two()));
    world.fire("alertname=X n=a team=web");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    assert_eq!(world.told().len(), 2);
    reload(&mut world, config(route("ops")));
    world.advance(mins(6));
    // The group of `ops` has a new member; that of `web` is gone.
    assert_eq!(world.told(), ["330 new b,a"]);
    assert_eq!(world.pipeline.groups.len(), 1);
}

#[test]
fn another_receiver_is_told_from_the_beginning() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    reload(&mut world, config(route("new")));
    world.advance(mins(1));
    let told: Vec<_> = world.sent.iter().map(|(_, notice)| &*notice.lane.receiver).collect();
    assert_eq!(told, ["ops", "new"]);
}

#[test]
fn a_resolve_that_is_owed_is_still_told_after_a_reload() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    reload(&mut world, config(route("ops")));
    world.advance(mins(6));
    assert_eq!(world.told(), ["30 first a", "330 all -a"]);
}

#[test]
fn a_send_under_way_finishes_and_one_whose_integration_is_gone_does_not_follow() {
    let mut world = World::new(config(route("ops")));
    world.provider = Provider::Hangs;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    reload(&mut world, config(route("ops")));
    assert!(!world.records.iter().any(|record| matches!(record, Record::OutboxGone(_))));
    world.let_through();
    assert_eq!(world.told(), ["60 first a"]);
    world.provider = Provider::Fails;
    world.fire("alertname=Y n=b");
    world.advance(mins(1));
    let none = Config { receivers: vec![receiver("ops", &[])], ..config(route("ops")) };
    reload(&mut world, none);
    assert!(world.records.iter().any(|record| matches!(record, Record::OutboxGone(_))));
    assert!(world.disk.outbox.is_empty());
}

#[test]
fn inhibition_and_maintenance_are_those_of_the_new_configuration() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=S n=source");
    world.fire("alertname=T n=target");
    let rules = vec![inhibit("n=source", "n=target", &[])];
    reload(&mut world, Config { inhibit_rules: rules, ..config(route("ops")) });
    world.advance(mins(1));
    assert_eq!(world.told(), ["30 first source"]);
    assert_eq!(world.pipeline.metrics().reloads_total(), 1);
}

#[test]
fn an_integration_keeps_what_it_was_told_when_others_come_and_go() {
    let way = |kind: &str| Integration { kind: kind.into(), send_resolved: true };
    let with = |kinds: &[&str]| {
        let integrations = kinds.iter().map(|kind| way(kind)).collect();
        Config {
            receivers: vec![Receiver { integrations, ..receiver("ops", &[]) }],
            ..config(route("ops"))
        }
    };
    let mut world = World::new(with(&["slack"]));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    // Alertmanager's order of kinds puts it first.
    reload(&mut world, with(&["webhook", "slack"]));
    world.advance(mins(5));
    let kinds = |world: &World| -> Vec<String> {
        world.sent.iter().map(|(_, notice)| notice.lane.kind.to_string()).collect()
    };
    assert_eq!(kinds(&world), ["slack", "webhook"]);
    // One that nobody heard of yet waits on when the other is taken away, also over a start.
    world.provider = Provider::Fails;
    world.fire("alertname=X n=b");
    world.advance(mins(6));
    reload(&mut world, with(&["slack"]));
    world.crash(with(&["slack"]), mins(1));
    world.provider = Provider::Takes;
    world.advance(mins(1));
    assert_eq!(kinds(&world), ["slack", "webhook", "slack"]);
    assert!(world.disk.outbox.is_empty());
}
