use super::world::{Provider, World, config, mins, posted, route, secs};
use crate::alert::{Config, PostedAlert};

fn own() -> Config {
    config(route("ops"))
}

#[test]
fn nothing_is_told_twice() {
    let mut world = World::new(own());
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    for _ in 0..3 {
        world.crash(own(), mins(1));
        world.advance(mins(6));
    }
    assert_eq!(world.told(), ["30 first a"]);
    // The repeat is due when it would have been.
    world
        .post(vec![PostedAlert {
            ends_at: Some(world.now + mins(600)),
            starts_at: Some(super::world::start()),
            ..posted("alertname=X n=a")
        }])
        .unwrap();
    world.advance(mins(240));
    assert_eq!(world.told(), ["14430 repeat a"]);
}

#[test]
fn a_group_goes_on_waiting_where_it_was() {
    let mut world = World::new(own());
    world.fire("alertname=X n=a");
    world.crash(own(), secs(10));
    world.advance(secs(30));
    assert_eq!(world.told(), ["30 first a"]);
}

#[test]
fn a_resolve_that_was_received_is_told_after_the_start() {
    let mut world = World::new(own());
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.crash(own(), secs(10));
    world.advance(mins(6));
    let told = world.told();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].split_once(' ').unwrap().1, "all -a");
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn what_expired_while_nobody_listened_is_given_a_grace() {
    let mut world = World::new(own());
    let post = |world: &mut World| {
        let ends_at = Some(world.now + mins(4));
        let starts_at = Some(super::world::start());
        world.post(vec![PostedAlert { starts_at, ends_at, ..posted("alertname=X n=a") }]).unwrap();
    };
    post(&mut world);
    world.advance(mins(1));
    world.crash(own(), mins(60));
    world.advance(secs(299));
    assert_eq!(world.told(), ["30 first a"]);
    // Told again within the grace: it never ended.
    post(&mut world);
    world.advance(mins(3));
    assert!(world.told().is_empty());
    // And when nobody tells it any more it ends as it would have.
    world.advance(mins(20));
    assert_eq!(world.told().len(), 1);
}

#[test]
fn a_grace_that_nobody_uses_ends_in_a_resolve() {
    let mut world = World::new(own());
    world.post(vec![posted("alertname=X n=a")]).unwrap();
    world.advance(mins(1));
    world.crash(own(), mins(60));
    world.advance(mins(12));
    let told = world.told();
    assert_eq!(told[1].split_once(' ').unwrap().1, "all -a");
    let at: i64 = told[1].split_once(' ').unwrap().0.parse().unwrap();
    assert!(at >= 61 * 60 + 300);
}

#[test]
fn the_grace_is_twice_what_a_slow_sender_needs() {
    let mut world = World::new(own());
    // Resent every 8 minutes: the end is four of them away.
    let ends_at = Some(world.now + mins(32));
    world
        .post(vec![PostedAlert {
            ends_at,
            starts_at: Some(world.now),
            ..posted("alertname=X n=a")
        }])
        .unwrap();
    world.advance(mins(1));
    world.crash(own(), mins(60));
    world.advance(secs(16 * 60 - 1));
    assert_eq!(world.told().len(), 1);
    world.advance(mins(6));
    assert_eq!(world.told().len(), 1);
}

#[test]
fn an_end_that_was_told_is_not_undone_by_a_start() {
    let mut world = World::new(own());
    world.post(vec![posted("alertname=X n=a")]).unwrap();
    world.advance(mins(6));
    assert_eq!(world.told(), ["30 first a", "330 all -a"]);
    world.crash(own(), mins(1));
    world.advance(mins(30));
    assert!(world.told().is_empty());
}

#[test]
fn a_resolve_that_was_told_is_not_told_again_with_a_group_that_goes_on() {
    let mut world = World::new(own());
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(mins(5));
    world.fire("alertname=X n=c");
    world.advance(mins(5));
    assert_eq!(world.told().len(), 3);
    world.crash(own(), secs(5));
    world.advance(mins(20));
    assert!(world.told().is_empty());
}

#[test]
fn unsent_notices_are_sent_with_the_same_key() {
    let mut world = World::new(own());
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let before = world.under_way()[0].clone();
    world.provider = Provider::Takes;
    world.crash(own(), secs(20));
    assert_eq!(world.told(), ["80 first a"]);
    let after = &world.records;
    assert!(!after.is_empty());
    world.advance(mins(20));
    assert!(world.told().is_empty(), "and only once");
    world.fire("alertname=Y n=b");
    world.advance(mins(1));
    assert!(world.sent[0].1.id > before.id, "ids are not used twice");
}

#[test]
fn an_unsent_notice_whose_integration_is_gone_leaves_the_outbox() {
    let mut world = World::new(own());
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.provider = Provider::Takes;
    world.crash(config(route("new")), secs(20));
    assert!(world.disk.outbox.values().all(|notice| &*notice.lane.receiver == "new"));
    world.advance(mins(1));
    assert_eq!(world.told().len(), 1);
}

#[test]
fn a_hidden_alert_whose_lane_knows_of_it_is_owed_its_resolve_over_a_start() {
    let mut world = World::new(own());
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    world.silence(("n", "a"), mins(20));
    world.resolve("alertname=X n=a");
    world.resolve("alertname=X n=b");
    world.provider = Provider::Fails;
    world.advance(mins(6));
    world.crash(own(), secs(20));
    world.provider = Provider::Takes;
    world.advance(mins(30));
    let told = world.told();
    let alerts: Vec<_> = told.iter().map(|line| line.rsplit_once(' ').unwrap().1).collect();
    assert_eq!(alerts, ["a,b", "-b", "-a"]);
}

#[test]
fn silences_survive() {
    let mut world = World::new(own());
    world.silence(("n", "a"), mins(60));
    world.crash(own(), secs(5));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    assert!(world.told().is_empty());
}
