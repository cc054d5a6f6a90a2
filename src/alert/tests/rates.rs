use super::world::{World, config, mins, receiver, route, secs};
use crate::alert::{
    Config, Withheld,
    spec::{FlapHold, RateLimit, Receiver},
};

fn limited(notices: u32) -> World {
    let limit = Some(RateLimit { notices, per: mins(10) });
    let receivers = vec![Receiver { rate_limit: limit, ..receiver("ops", &[true]) }];
    World::new(Config { receivers, ..config(route("ops")) })
}

#[test]
fn what_is_over_the_limit_is_held_back_and_summed_up() {
    let mut world = limited(2);
    for name in ["a", "b", "c", "d"] {
        world.fire(&format!("alertname={name} n={name}1"));
        world.fire(&format!("alertname={name} n={name}2"));
        world.advance(secs(1));
    }
    world.advance(secs(40));
    let held: Vec<u64> = world.sent.iter().map(|(_, notice)| notice.held_back).collect();
    assert_eq!(held, [0, 0]);
    assert_eq!(world.pipeline.metrics().withheld_by(Withheld::RateLimit), 2);
    // As soon as there is room: ten minutes after the first and the second.
    world.advance(mins(10));
    let told: Vec<(String, u64)> = {
        let held: Vec<u64> = world.sent.iter().map(|(_, notice)| notice.held_back).collect();
        world.told().into_iter().zip(held).collect()
    };
    assert_eq!(
        told[2..],
        // The first that goes says how many others were held back.
        [("630 first c1,c2".to_owned(), 2), ("631 first d1,d2".to_owned(), 0)]
    );
}

#[test]
fn a_held_back_resolve_is_told_later() {
    let mut world = limited(1);
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(mins(20));
    assert_eq!(world.told(), ["30 first a", "630 all -a"]);
}

#[test]
fn without_a_limit_nothing_is_held_back() {
    let mut world = World::new(config(route("ops")));
    for name in 0..50 {
        world.fire(&format!("alertname={name}"));
    }
    world.advance(mins(1));
    assert_eq!(world.sent.len(), 50);
}

fn flapping(hold: Option<FlapHold>) -> World {
    World::new(Config { flap_hold: hold, ..config(route("ops")) })
}

#[test]
fn a_flapping_alert_is_held_until_it_is_quiet() {
    let hold = FlapHold { changes: 3, window: mins(10), hold: mins(20) };
    for (hold, notices) in [(None, 4), (Some(hold), 2)] {
        let mut world = flapping(hold);
        let starts = world.now;
        world.fire("alertname=X n=a");
        world.advance(mins(1));
        for _ in 0..2 {
            world.resolve("alertname=X n=a");
            world.advance(secs(30));
            world.fire("alertname=X n=a");
            world.advance(secs(30));
        }
        world.resolve("alertname=X n=a");
        let quiet = world.now;
        world.advance(mins(4));
        // Prometheus tells a resolve again and again; that is no change.
        world.resolve("alertname=X n=a");
        world.advance(mins(3));
        if hold.is_none() {
            // It was told as over at once; the next is another first one.
            world.fire("alertname=X n=a");
            world.advance(mins(2));
            world.resolve("alertname=X n=a");
        }
        world.advance(mins(40));
        let told = world.told();
        assert_eq!(told.len(), notices, "{told:?}");
        if hold.is_some() {
            let last: i64 = told[1].split_once(' ').unwrap().0.parse().unwrap();
            assert!(last >= quiet.duration_since(starts).as_secs() + 20 * 60);
        }
    }
}
