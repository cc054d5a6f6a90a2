use super::world::{World, config, mins, receiver, route, secs};
use crate::{
    alert::{Config, spec::Route},
    model::NoticeReason,
};

fn world(send_resolved: &[bool]) -> World {
    let own = config(route("ops"));
    World::new(Config { receivers: vec![receiver("ops", send_resolved)], ..own })
}

#[test]
fn each_reason_in_its_turn() {
    let mut world = world(&[true]);
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    world.resolve("alertname=X n=b");
    world.advance(mins(5));
    world.resolve("alertname=X n=a");
    world.advance(mins(5));
    assert_eq!(world.told(), ["30 first a", "330 new a,b", "630 some a,-b", "930 all -a"]);
    let metrics = world.pipeline.metrics();
    for reason in [NoticeReason::First, NoticeReason::New, NoticeReason::AllResolved] {
        assert_eq!(metrics.notices_for(reason), 1);
    }
}

#[test]
fn a_resolved_alert_that_fires_again_within_the_interval_is_no_change() {
    let mut world = world(&[true]);
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(mins(1));
    world.fire("alertname=X n=a");
    world.advance(mins(20));
    assert_eq!(world.told(), ["30 first a"]);
}

#[test]
fn without_send_resolved_resolves_are_silent_but_known() {
    let mut world = world(&[false]);
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    world.resolve("alertname=X n=b");
    world.advance(mins(5));
    world.resolve("alertname=X n=a");
    world.advance(mins(5));
    assert_eq!(world.told(), ["30 first a,b"]);
    assert_eq!(world.pipeline.groups.len(), 0);
    // The log knows that it was over: the next is a first one, at once after its wait.
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    assert_eq!(world.told(), ["690 first a"]);
}

#[test]
fn without_send_resolved_a_notice_has_only_what_fires() {
    let mut world = world(&[false, true]);
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    let mut told = world.told();
    told.sort();
    assert_eq!(told, ["30 first a", "30 first a", "330 new -a,b", "330 new b"]);
}

#[test]
fn each_integration_has_a_lane_of_its_own() {
    let mut world = world(&[true, true]);
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let keys: Vec<_> = world.sent.iter().map(|(_, notice)| notice.lane.integration).collect();
    assert_eq!(keys, [0, 1]);
    let [one, other] = [0, 1].map(|at| world.sent[at].1.idempotency_key.clone());
    assert_ne!(one, other);
}

#[test]
fn a_receiver_without_integrations_drops_on_purpose() {
    let mut world = world(&[]);
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(mins(5));
    assert!(world.told().is_empty());
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn a_notice_tells_when_its_latest_news_happened() {
    let timers = Route { repeat_interval: mins(30), ..route("ops") };
    let mut world = World::new(config(timers));
    world.fire("alertname=X n=a");
    world.advance(mins(2));
    world.fire("alertname=X n=b");
    let joined = world.now;
    world.advance(secs(1));
    // Telling it again is no news.
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    assert_eq!(world.sent[1].1.since, joined);
    world.advance(mins(31));
    let repeat = &world.sent[2].1;
    assert_eq!((repeat.reason, repeat.since), (NoticeReason::Repeat, repeat.at));
}
