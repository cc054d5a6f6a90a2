//! Whatever happens in whatever order: no panic, at most one notice of a lane under way (the world asserts it), and every
//! lane that was told of a fire is told of its end.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{Provider, World, child, config, inhibit, mins, receiver, route, secs};
use crate::{
    alert::{Config, Input, spec::Route},
    model::{Fingerprint, Lane},
};

#[derive(Debug, Clone, Copy)]
enum Step {
    Fire(u8),
    Resolve(u8),
    Silence(u8, u64),
    Advance(u64),
    Provider(Provider),
    Reload(bool),
    Crash(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let provider = prop::sample::select(vec![
        Provider::Takes,
        Provider::Takes,
        Provider::Fails,
        Provider::Refuses,
        Provider::Hangs,
    ]);
    prop_oneof![
        6 => (0..6_u8).prop_map(Step::Fire),
        5 => (0..6_u8).prop_map(Step::Resolve),
        1 => (0..6_u8, 1..40_u64).prop_map(|(alert, length)| Step::Silence(alert, length)),
        6 => (1..400_u64).prop_map(Step::Advance),
        2 => provider.prop_map(Step::Provider),
        1 => any::<bool>().prop_map(Step::Reload),
        1 => (1..600_u64).prop_map(Step::Crash),
    ]
}

fn configured(other_tree: bool) -> Config {
    let routes = if other_tree {
        vec![child("even", "even=yes")]
    } else {
        vec![Route { continues: true, ..child("some", "n=~\"[12]\"") }, child("even", "even=yes")]
    };
    let root = Route { routes, repeat_interval: mins(30), ..route("root") };
    let receivers = ["even", "root", "some"].map(|name| receiver(name, &[true])).into();
    let inhibit_rules = vec![inhibit("n=1", "n=2", &[])];
    Config { receivers, inhibit_rules, ..config(root) }
}

fn labels(alert: u8) -> String {
    let even = if alert.is_multiple_of(2) { "even=yes" } else { "" };
    format!("alertname=A{} n={alert} {even}", alert / 3)
}

fn run(world: &mut World, step: Step) {
    match step {
        Step::Fire(alert) => world.fire(&labels(alert)),
        Step::Resolve(alert) => world.resolve(&labels(alert)),
        Step::Silence(alert, length) => {
            world.silence(("n", &alert.to_string()), mins(length));
        }
        Step::Advance(seconds) => {
            // An attempt ends in the end: providers have their timeouts.
            world.hangs += secs(seconds);
            if world.provider == Provider::Hangs && world.hangs > mins(10) {
                world.let_through();
                world.provider = Provider::Hangs;
            }
            world.advance(secs(seconds));
        }
        Step::Provider(provider) => {
            if world.provider == Provider::Hangs && provider != Provider::Hangs {
                world.let_through();
            }
            world.provider = provider;
        }
        Step::Reload(other) => {
            world.input(Input::Reload(configured(other).into()));
        }
        Step::Crash(away) => {
            let config = Config::clone(&world.pipeline.config);
            world.crash(config, secs(away));
        }
    }
    // Looking must not disturb, and must always be possible.
    let view = world.pipeline.snapshot(world.now);
    assert!(view.groups.iter().all(|group| view.alerts_of(group).count() == group.alerts.len()));
}

/// What each lane believes to fire, by all that it was told.
fn believed(world: &World) -> BTreeMap<Lane, BTreeSet<Fingerprint>> {
    let mut believed: BTreeMap<Lane, BTreeSet<Fingerprint>> = BTreeMap::new();
    for (_, notice) in &world.sent {
        let lane = believed.entry(notice.lane.clone()).or_default();
        for alert in notice.alerts.iter() {
            if alert.is_firing() {
                lane.insert(alert.fingerprint);
            } else {
                lane.remove(&alert.fingerprint);
            }
        }
    }
    believed
}

proptest! {
    #[test]
    fn no_resolve_is_lost(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new(configured(false));
        let mut routes_changed = false;
        for step in steps {
            // A lane whose route is gone hears nothing more, as it is with Alertmanager.
            routes_changed |= matches!(step, Step::Reload(true));
            run(&mut world, step);
        }
        if world.provider == Provider::Hangs {
            world.let_through();
        }
        world.provider = Provider::Takes;
        for alert in 0..6 {
            world.resolve(&labels(alert));
        }
        // All silences end, whatever was refused is tried again.
        world.advance(mins(240));
        if !routes_changed {
            for (lane, alerts) in believed(&world) {
                prop_assert!(alerts.is_empty(), "{lane:?} still believes {alerts:?}");
            }
        }
        prop_assert!(world.disk.outbox.is_empty());
        prop_assert_eq!(world.pipeline.groups.len(), 0);
    }

    /// However long a receiver was away, and whatever waited for it.
    #[test]
    fn nothing_is_told_that_was_hidden_for_a_group_interval(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new(configured(false));
        // A notice whose route went with a reload ends as it began: it has no group any more that would be flushed.
        for step in steps.into_iter().filter(|step| !matches!(step, Step::Reload(true))) {
            run(&mut world, step);
        }
        if world.provider == Provider::Hangs {
            world.let_through();
        }
        world.provider = Provider::Fails;
        for alert in 0..6_u8 {
            world.silence(("n", &alert.to_string()), mins(300));
        }
        world.advance(mins(6));
        prop_assert!(world.disk.outbox.is_empty(), "{:?}", world.disk.outbox);
        world.sent.clear();
        world.provider = Provider::Takes;
        world.advance(mins(200));
        prop_assert!(world.sent.is_empty(), "{:?}", world.sent);
    }
}
