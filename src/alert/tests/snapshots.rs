use std::sync::Arc;

use super::world::{World, child, config, mins, posted, route, secs};
use crate::{
    alert::{PostedAlert, spec::Route},
    model::SilenceState,
};

#[test]
fn a_snapshot_is_the_same_until_something_changes() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    let first = world.pipeline.snapshot(world.now);
    world.now += secs(1);
    let second = world.pipeline.snapshot(world.now);
    assert!(Arc::ptr_eq(&first, &second));
    world.fire("alertname=X n=b");
    let third = world.pipeline.snapshot(world.now);
    assert!(third.version > first.version);
    assert_eq!((first.alerts.len(), third.alerts.len()), (1, 2));
}

#[test]
fn time_alone_changes_it_too() {
    let mut world = World::new(config(route("ops")));
    let ends_at = Some(world.now + secs(100));
    world.post(vec![PostedAlert { ends_at, starts_at: Some(world.now), ..posted("a=b") }]).unwrap();
    assert_eq!(world.pipeline.snapshot(world.now).alerts.len(), 1);
    let before = world.pipeline.snapshot(world.now).version;
    world.now += secs(100);
    let after = world.pipeline.snapshot(world.now);
    assert_eq!(after.alerts.len(), 0);
    assert!(after.version > before, "whoever has the one does not have the other");
}

#[test]
fn alerts_are_in_the_order_of_fingerprints_and_can_be_found() {
    let mut world = World::new(config(route("ops")));
    for at in 0..100 {
        world.fire(&format!("alertname=X n={at}"));
    }
    let view = world.pipeline.snapshot(world.now);
    assert!(view.alerts.is_sorted_by_key(|view| view.fingerprint));
    for own in &view.alerts {
        assert_eq!(view.alert(own.fingerprint).unwrap().alert, own.alert);
        assert_eq!(own.alert.fingerprint(), own.fingerprint);
    }
}

#[test]
fn groups_are_ordered_by_labels_then_receiver_and_their_alerts_by_job_and_instance() {
    let on = |route| Route { continues: true, ..route };
    let root =
        Route { routes: vec![on(child("z", "n=~\".+\"")), child("b", "n=~\".+\"")], ..route("a") };
    let mut world = World::new(config(root));
    world.fire("alertname=Y n=1 job=b instance=1");
    world.fire("alertname=Y n=2 job=a instance=2");
    world.fire("alertname=X n=3");
    world.fire("alertname=Y n=4 job=a instance=1");
    let view = world.pipeline.snapshot(world.now);
    let groups: Vec<String> = view
        .groups
        .iter()
        .map(|group| {
            let alerts = view.alerts_of(group).map(|view| view.alert.labels.get("n").unwrap());
            let name = group.labels.get("alertname").unwrap();
            format!("{name} {} {}", group.receiver, alerts.collect::<String>())
        })
        .collect();
    assert_eq!(groups, ["X b 3", "X z 3", "Y b 421", "Y z 421"]);
    let receivers: Vec<&str> = view.alerts[0].receivers.iter().map(|name| &**name).collect();
    assert_eq!(receivers, ["z", "b"]);
}

#[test]
fn resolved_alerts_and_groups_of_them_are_not_shown() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    world.resolve("alertname=X n=a");
    let view = world.pipeline.snapshot(world.now);
    assert!(view.alerts.is_empty() && view.groups.is_empty());
}

#[test]
fn silences_are_shown_in_every_state() {
    let mut world = World::new(config(route("ops")));
    world.fire("alertname=X n=a");
    let id = world.silence(("n", "a"), mins(10));
    let view = world.pipeline.snapshot(world.now);
    assert_eq!(view.alerts[0].silenced_by.as_ref(), [id]);
    assert!(view.alerts[0].is_suppressed());
    assert_eq!(view.state(view.silence(id).unwrap()), SilenceState::Active);
    // Matched before it began, before the alert came, and after it ended: always by the same rule.
    world.fire("alertname=Y n=a");
    world.advance(mins(11));
    let view = world.pipeline.snapshot(world.now);
    assert_eq!(view.state(view.silence(id).unwrap()), SilenceState::Expired);
    assert!(view.alerts.iter().all(|view| view.silenced_by.is_empty()));
}
