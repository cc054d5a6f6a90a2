use super::world::{Provider, World, config, mins, receiver, route, secs};
use crate::{
    alert::{Config, metrics::Withheld, spec::Route},
    model::{DeliveryResult, Pairs, Record},
};

fn world() -> World {
    World::new(config(route("ops")))
}

#[test]
fn a_notice_that_waits_is_replaced_by_a_newer_one() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let first = world.under_way();
    assert_eq!(first.len(), 1);
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    let second = world.under_way();
    assert_eq!(second.len(), 1);
    assert_ne!(first[0].id, second[0].id);
    assert_ne!(first[0].idempotency_key, second[0].idempotency_key);
    assert_eq!(world.disk.outbox.len(), 1);
    world.provider = Provider::Takes;
    world.advance(secs(10));
    assert_eq!(world.told(), ["370 first a,b"]);
    assert!(world.disk.outbox.is_empty());
}

#[test]
fn a_notice_that_waits_and_is_still_right_stays() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let first = world.under_way();
    world.advance(mins(50));
    assert_eq!(first[0].id, world.under_way()[0].id);
    world.provider = Provider::Takes;
    world.advance(mins(5));
    assert_eq!(world.told(), ["3070 first a"]);
}

#[test]
fn one_notice_of_a_lane_is_under_way_at_a_time() {
    let mut world = world();
    world.provider = Provider::Hangs;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.fire("alertname=X n=b");
    // The world panics if a notice comes while one is under way.
    world.advance(mins(12));
    assert_eq!(world.under_way().len(), 1);
    world.let_through();
    // A flush came meanwhile, so the lane is asked again at once.
    assert_eq!(world.told(), ["780 first a", "780 new a,b"]);
}

#[test]
fn an_alert_that_came_and_went_while_nobody_could_be_told_is_told_of() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(mins(6));
    world.provider = Provider::Takes;
    world.advance(secs(10));
    assert_eq!(world.told(), ["430 all -a"]);
    world.advance(mins(6));
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn what_is_silenced_while_it_waits_is_not_told_until_the_silence_ends() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let first = world.under_way();
    world.silence(("n", "a"), mins(20));
    world.advance(mins(5));
    assert!(world.under_way().is_empty() && world.disk.outbox.is_empty());
    assert_eq!(
        world.records.iter().filter(|one| **one == Record::OutboxGone(first[0].id)).count(),
        1
    );
    assert_eq!(world.pipeline.metrics().withheld_by(Withheld::Hidden), 1);
    // Not even after a restart.
    let config = Config::clone(&world.pipeline.config);
    world.provider = Provider::Takes;
    world.crash(config, secs(10));
    world.advance(mins(10));
    assert_eq!(world.told(), [""; 0]);
    world.advance(mins(15));
    assert_eq!(world.told().len(), 1, "nobody was told, so it is told as new");
    assert_eq!(world.sent.len(), 0);
}

#[test]
fn a_notice_of_which_a_part_is_silenced_tells_of_the_rest() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(1));
    world.silence(("n", "a"), mins(20));
    world.advance(mins(5));
    world.provider = Provider::Takes;
    world.advance(secs(10));
    assert_eq!(world.told(), ["370 first b"]);
}

#[test]
fn an_attempt_that_hangs_while_its_alerts_are_silenced_is_the_last() {
    let mut world = world();
    world.provider = Provider::Hangs;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.silence(("n", "a"), mins(60));
    world.advance(mins(6));
    let notice = world.under_way()[0].clone();
    let failure = crate::model::SendFailure {
        reason: crate::model::SendReason::DeadlineExceeded,
        status: None,
        detail: "late".into(),
    };
    let next_at = world.now + secs(10);
    world.deliver(&notice, 1, DeliveryResult::Retry { failure, next_at });
    world.advance(secs(1));
    assert!(world.disk.outbox.is_empty(), "it was asked again at its end");
    // It had begun once more just before, and got through: then that was told.
    world.deliver(&notice, 2, DeliveryResult::Delivered(None));
    assert_eq!(world.disk.notified.values().next().unwrap().firing.len(), 1);
}

#[test]
fn the_end_of_what_was_told_after_all_is_told_too() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(secs(35));
    let notice = world.under_way()[0].clone();
    world.silence(("n", "a"), mins(20));
    world.resolve("alertname=X n=a");
    world.advance(mins(6));
    assert!(world.disk.outbox.is_empty() && world.pipeline.groups.len() == 0);
    // An attempt had begun before it was taken back, and only now its end is known.
    world.provider = Provider::Takes;
    world.deliver(&notice, 2, DeliveryResult::Delivered(None));
    world.advance(mins(30));
    assert_eq!(world.told().len(), 1);
    assert!(world.disk.notified.values().all(|told| told.firing.is_empty()));
}

#[test]
fn a_resolve_that_is_silenced_while_it_waits_is_told_after_the_silence() {
    let mut world = world();
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.provider = Provider::Fails;
    world.resolve("alertname=X n=a");
    world.advance(mins(6));
    assert_eq!(world.under_way().len(), 1);
    world.silence(("n", "a"), mins(30));
    world.advance(mins(6));
    assert!(world.under_way().is_empty());
    world.provider = Provider::Takes;
    world.advance(mins(40));
    let told: Vec<_> =
        world.told().iter().map(|one| one.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(told, ["first a", "all -a"]);
}

#[test]
fn a_fire_that_is_over_is_not_told_to_whom_its_end_is_not_told() {
    let own = config(route("ops"));
    let mut world = World::new(Config { receivers: vec![receiver("ops", &[false])], ..own });
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(mins(5));
    assert!(world.disk.outbox.is_empty() && world.under_way().is_empty());
    assert_eq!(world.pipeline.metrics().withheld_by(Withheld::Over), 1);
    assert_eq!(world.pipeline.groups.len(), 0);
    world.provider = Provider::Takes;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    assert_eq!(world.told(), ["390 first a"]);
}

#[test]
fn a_fire_that_ended_during_its_notice_is_a_first_one_again_where_ends_are_not_told() {
    let own = config(route("ops"));
    let mut world = World::new(Config { receivers: vec![receiver("ops", &[false])], ..own });
    world.provider = Provider::Hangs;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(mins(5));
    world.let_through();
    world.advance(mins(1));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let told: Vec<_> =
        world.told().iter().map(|one| one.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(told, ["first a", "first a"]);
}

#[test]
fn what_was_told_as_firing_is_told_as_resolved_however_long_it_takes() {
    let mut world = world();
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.provider = Provider::Fails;
    world.advance(mins(300));
    world.provider = Provider::Takes;
    world.advance(mins(1));
    assert_eq!(world.told()[1], "18070 all -a");
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn a_dead_letter_leaves_no_entry_and_is_told_again_but_ever_more_rarely() {
    let mut world = world();
    world.provider = Provider::Refuses;
    world.fire("alertname=X n=a");
    let dead = |world: &World| {
        let records = world.records.iter();
        records
            .filter_map(|record| match record {
                Record::Delivery(delivery) => {
                    Some(delivery.at.duration_since(super::world::start()).as_secs())
                }
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    world.advance(mins(59));
    // At the next tick, then after two intervals, then after four.
    assert_eq!(dead(&world), [30, 330, 930, 2130]);
    assert!(world.disk.notified.is_empty());
    // Something new is tried at the next tick.
    world.fire("alertname=X n=a");
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    assert_eq!(dead(&world).len(), 5);
    world.provider = Provider::Takes;
    world.advance(mins(10));
    assert_eq!(world.told().last().unwrap().split_once(' ').unwrap().1, "first a,b");
}

#[test]
fn a_refused_resolve_is_not_lost() {
    let mut world = world();
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.provider = Provider::Refuses;
    world.resolve("alertname=X n=a");
    world.advance(mins(20));
    world.provider = Provider::Takes;
    world.advance(mins(60));
    assert_eq!(world.told()[1].split_once(' ').unwrap().1, "all -a");
}

#[test]
fn the_pace_of_refused_notices_is_bounded_by_the_repeat_interval() {
    let root = Route { repeat_interval: mins(10), ..route("ops") };
    let mut world = World::new(config(root));
    world.provider = Provider::Refuses;
    world.fire("alertname=X n=a");
    world.advance(mins(59));
    let deliveries =
        world.records.iter().filter(|record| matches!(record, Record::Delivery(_))).count();
    assert_eq!(deliveries, 7);
}

#[test]
fn the_handle_is_for_the_next_notice_until_all_is_over() {
    let mut world = world();
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    world.resolve("alertname=X n=a");
    world.resolve("alertname=X n=b");
    world.advance(mins(5));
    world.fire("alertname=X n=a");
    world.advance(mins(5));
    let handles: Vec<Option<String>> = world
        .sent
        .iter()
        .map(|(_, notice)| notice.handle.as_ref()?.get("message").map(str::to_owned))
        .collect();
    assert_eq!(handles, [None, Some("1".into()), Some("2".into()), None]);
}

#[test]
fn an_integration_that_gives_no_handle_keeps_the_old_one() {
    let mut world = world();
    world.provider = Provider::Hangs;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let notice = world.under_way()[0].clone();
    world.deliver(&notice, 1, DeliveryResult::Delivered(Some(Pairs::new([("ts", "1")]))));
    let told = world.disk.notified.values().next().unwrap();
    assert_eq!(told.handle.as_ref().unwrap().get("ts"), Some("1"));
}

#[test]
fn a_replaced_notice_whose_last_attempt_succeeds_counts() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let old = world.under_way()[0].clone();
    world.fire("alertname=X n=b");
    world.advance(mins(5));
    // The old attempt was under way when the new notice came.
    world.deliver(&old, 9, DeliveryResult::Delivered(None));
    let told = world.disk.notified.values().next().unwrap();
    assert_eq!(told.firing.len(), 1);
    world.provider = Provider::Takes;
    world.advance(secs(20));
    assert_eq!(world.disk.notified.values().next().unwrap().firing.len(), 2);
}

#[test]
fn a_delivery_of_nobody_is_history_only() {
    let mut world = world();
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let mut stranger = (*world.sent[0].1).clone();
    stranger.id = 99;
    world.deliver(&stranger, 1, DeliveryResult::Delivered(None));
    stranger.lane.receiver = "gone".into();
    world.deliver(&stranger, 1, DeliveryResult::Delivered(None));
    assert_eq!(world.disk.notified.len(), 1);
}

#[test]
fn an_entry_lives_twice_the_repeat_interval_at_most_the_retention() {
    let own = config(route("ops"));
    let mut world = World::new(Config { receivers: vec![receiver("ops", &[true])], ..own });
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    let told = world.disk.notified.values().next().unwrap();
    assert_eq!(told.expires_at, told.at + mins(480));
    world.resolve("alertname=X n=a");
    world.advance(mins(500));
    assert!(world.disk.notified.is_empty(), "its group is over and so is its time");
    assert!(world.disk.alerts.is_empty(), "resolved and told long ago");
}

#[test]
fn where_resolves_are_not_told_the_next_fire_is_told_even_if_the_notice_got_through_after_the_end()
{
    let mut world =
        World::new(Config { receivers: vec![receiver("ops", &[false])], ..config(route("ops")) });
    world.provider = Provider::Hangs;
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    world.resolve("alertname=X n=a");
    world.advance(secs(10));
    world.let_through();
    world.provider = Provider::Takes;
    world.advance(mins(6));
    world.fire("alertname=X n=a");
    world.advance(mins(1));
    assert_eq!(world.told(), ["70 first a", "460 first a"]);
}

#[test]
fn a_notice_that_was_taken_back_and_got_through_after_the_cleaning_is_owed_its_end() {
    let mut world = world();
    world.provider = Provider::Fails;
    world.fire("alertname=X n=a");
    world.advance(mins(2));
    world.provider = Provider::Hangs;
    world.advance(mins(9));
    world.silence(("n", "a"), mins(10));
    world.resolve("alertname=X n=a");
    // Taken back with the flush at 10:15:30.
    world.advance(mins(4) + secs(40));
    assert_eq!(world.pipeline.groups.len(), 0);
    world.pipeline.clean_at = world.now;
    world.advance(secs(1));
    world.let_through();
    world.advance(mins(15));
    let told = world.told();
    assert!(told[0].ends_with("first a") && told[1].ends_with("all -a"), "{told:?}");
}
