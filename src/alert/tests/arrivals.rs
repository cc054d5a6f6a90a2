use proptest::prelude::*;

use super::world::{World, config, mins, pairs, posted, route, secs, start};
use crate::{
    alert::{
        Options, PostedAlert,
        ingest::{Rules, checked, merged},
    },
    model::{Alert, AlertSource, Pairs, Record, matcher::Syntax},
};

fn rules() -> Rules {
    Rules { resolve_timeout: mins(5), syntax: Syntax::default() }
}

fn check(posted: PostedAlert) -> Result<Alert, String> {
    checked(posted, AlertSource::Api, rules(), start())
}

#[test]
fn times_are_filled_in_as_alertmanager_does() {
    let now = start();
    let zero = "0001-01-01T00:00:00Z".parse().ok();
    let (earlier, later) = (now - mins(10), now + mins(10));
    for (starts_at, ends_at, wanted) in [
        (None, None, (now, now + mins(5), true)),
        (zero, zero, (now, now + mins(5), true)),
        (Some(earlier), None, (earlier, now + mins(5), true)),
        (None, Some(earlier), (earlier, earlier, false)),
        (zero, Some(later), (later, later, false)),
        (Some(earlier), Some(later), (earlier, later, false)),
    ] {
        let alert = check(PostedAlert { starts_at, ends_at, ..posted("a=b") }).unwrap();
        assert_eq!((alert.starts_at, alert.ends_at, alert.timeout), wanted);
        assert_eq!(alert.updated_at, now);
    }
}

#[test]
fn what_is_no_alert_is_refused_in_alertmanagers_words() {
    let now = start();
    let backwards =
        PostedAlert { starts_at: Some(now), ends_at: Some(now - secs(1)), ..posted("a=b") };
    let nameless = PostedAlert { labels: Pairs::new([("", "x")]), ..posted("") };
    let annotated = PostedAlert { annotations: Pairs::new([("", "x")]), ..posted("a=b") };
    for (posted, wanted) in [
        (posted(""), "at least one label pair required"),
        (posted("a= b="), "at least one label pair required"),
        (backwards, "start time must be before end time"),
        (nameless, "invalid label set: invalid name \"\""),
        (annotated, "invalid annotations: invalid name \"\""),
    ] {
        assert_eq!(check(posted).unwrap_err(), wanted);
    }
    let classic = Rules { syntax: Syntax::Classic, ..rules() };
    let dashed = checked(posted("a-b=c"), AlertSource::Api, classic, start());
    assert_eq!(dashed.unwrap_err(), "invalid label set: invalid name \"a-b\"");
    assert!(check(posted("a-b=c")).is_ok());
}

#[test]
fn valid_ones_are_taken_whatever_the_others_are() {
    let mut world = World::new(config(route("ops")));
    let error = world.post(vec![posted(""), posted("alertname=X n=a"), posted("x=")]).unwrap_err();
    assert_eq!(error, "at least one label pair required\nat least one label pair required");
    assert_eq!(world.disk.alerts.len(), 1);
    let metrics = world.pipeline.metrics();
    assert_eq!(metrics.invalid_total(), 2);
    assert_eq!(metrics.received_from(AlertSource::Api, false), 3);
}

#[test]
fn empty_labels_are_none() {
    let alert = check(posted("a=b c=")).unwrap();
    assert_eq!(alert.labels, pairs("a=b"));
    assert_eq!(alert.fingerprint(), check(posted("a=b")).unwrap().fingerprint());
}

fn alert(starts: i64, ends: i64, timeout: bool) -> Alert {
    let at = |minutes: i64| start() + jiff::SignedDuration::from_mins(minutes);
    Alert { starts_at: at(starts), ends_at: at(ends), timeout, ..check(posted("a=b")).unwrap() }
}

#[test]
fn tellings_that_overlap_are_one_incident() {
    // Minutes from now: start, end, whether the end is a guess.
    for (known, told, wanted) in [
        // The usual: the same start, a later end.
        ((-10, 3, false), (-10, 4, false), (-10, 4)),
        // A later start within it: the earlier start stands.
        ((-10, 3, false), (0, 4, false), (-10, 4)),
        // An earlier end that was said yields to a later one that was said, not to one that was guessed.
        ((-10, 5, false), (-10, 3, false), (-10, 5)),
        ((-10, 5, true), (-10, 3, false), (-10, 3)),
        // A resolve rules.
        ((-10, 5, false), (-10, -1, false), (-10, -1)),
        // Of two resolves the later one.
        ((-10, -1, false), (-10, -2, false), (-10, -1)),
        // No overlap: the newer stands alone.
        ((-10, -5, false), (-1, 5, false), (-1, 5)),
        ((-10, -5, false), (-20, -12, false), (-20, -12)),
    ] {
        let of = |(starts, ends, timeout)| alert(starts, ends, timeout);
        let joined = merged(&of(known), of(told), start());
        let (starts, ends) = wanted;
        let wanted = alert(starts, ends, false);
        assert_eq!(
            (joined.starts_at, joined.ends_at),
            (wanted.starts_at, wanted.ends_at),
            "{known:?} {told:?}"
        );
    }
}

#[test]
fn only_news_is_written() {
    let mut world = World::new(config(route("ops")));
    let told = |world: &mut World, annotations: &str, ends_in: u64| {
        let before = world.records.len();
        world
            .post(vec![PostedAlert {
                starts_at: Some(start()),
                ends_at: Some(world.now + mins(ends_in)),
                annotations: pairs(annotations),
                ..posted("alertname=X")
            }])
            .unwrap();
        let written = &world.records[before..];
        written.iter().filter(|record| matches!(record, Record::Alert(_))).count()
    };
    assert_eq!(told(&mut world, "summary=a", 4), 1, "new");
    world.advance(mins(1));
    assert_eq!(told(&mut world, "summary=a", 4), 0, "extended");
    assert_eq!(told(&mut world, "summary=b", 4), 1, "other words");
    assert_eq!(told(&mut world, "summary=b", 0), 1, "resolved");
    assert_eq!(told(&mut world, "summary=b", 0), 0, "told again");
    world.advance(mins(1));
    assert_eq!(told(&mut world, "summary=b", 4), 1, "fires again");
}

#[test]
fn a_resolve_of_what_nobody_knows_concerns_nobody() {
    let mut world = World::new(config(route("ops")));
    world.resolve("alertname=X n=a");
    assert!(world.records.is_empty());
    assert_eq!(world.pipeline.groups.len(), 0);
}

#[test]
fn no_more_alerts_of_one_name_than_the_limit_fire() {
    let options = Options { per_alertname_limit: 2, ..Options::default() };
    let mut world = World::with(config(route("ops")), options);
    for labels in ["alertname=X n=a", "alertname=X n=b", "alertname=X n=c", "alertname=Y n=d"] {
        world.fire(labels);
    }
    assert_eq!(world.disk.alerts.len(), 3);
    assert_eq!(world.pipeline.metrics().limited_total(), 1);
    world.resolve("alertname=X n=a");
    world.fire("alertname=X n=c");
    world.fire("alertname=X n=a");
    assert_eq!(world.pipeline.metrics().limited_total(), 1, "a known one is not refused");
    world.fire("alertname=X n=e");
    assert_eq!(world.pipeline.metrics().limited_total(), 2);
}

#[test]
fn what_is_told_again_shares_what_is_equal() {
    let mut world = World::new(config(route("ops")));
    let post = |world: &mut World| {
        let annotations = pairs("summary=x");
        world.post(vec![PostedAlert { annotations, ..posted("alertname=X") }]).unwrap();
        world.pipeline.snapshot(world.now).alerts[0].alert.clone()
    };
    let (first, second) = (post(&mut world), post(&mut world));
    assert_eq!(first.labels, second.labels);
    world.advance(secs(1));
    assert!(post(&mut world).ends_at > first.ends_at);
}

proptest! {
    /// Whatever is posted is an alert or an error, and two tellings of it are one.
    #[test]
    fn anything_can_be_posted(
        labels in prop::collection::vec((".{0,3}", ".{0,3}"), 0..4),
        times in prop::collection::vec(prop::option::of(-70_000_000_000_i64..200_000_000_000), 4),
    ) {
        let at = |at: Option<i64>| at.and_then(|at| jiff::Timestamp::from_second(at).ok());
        let post = |starts, ends| PostedAlert {
            labels: Pairs::new(labels.iter().map(|(name, value)| (name, value))),
            starts_at: at(starts),
            ends_at: at(ends),
            ..posted("")
        };
        let (one, other) = (check(post(times[0], times[1])), check(post(times[2], times[3])));
        if let (Ok(one), Ok(other)) = (one, other) {
            let joined = merged(&one, other.clone(), start());
            prop_assert!(joined.starts_at <= joined.ends_at);
            prop_assert!(joined.starts_at <= other.starts_at);
        }
    }
}
