use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::model::{MaintenanceWindow, MatchOp, Matcher, matcher::Syntax};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn fresh(number: u128) -> SilenceId {
    SilenceId(Uuid::from_u128(number))
}

fn matcher(name: &str, op: MatchOp, value: &str) -> DraftMatcher {
    DraftMatcher { name: name.into(), op, value: value.into() }
}

fn compiled(drafts: &[DraftMatcher]) -> Result<Arc<[Matcher]>, String> {
    silence_matchers(drafts, Syntax::Fallback)
}

/// `a="b"` from -10 s until 100 s.
fn draft() -> SilenceDraft {
    SilenceDraft {
        id: "".into(),
        matchers: compiled(&[matcher("a", MatchOp::Equal, "b")]),
        starts_at: Some(at(-10)),
        ends_at: at(100),
        created_by: "me".into(),
        comment: "why".into(),
        annotations: Pairs::default(),
    }
}

fn said(result: Result<(SilenceId, Vec<Record>), SilenceError>) -> String {
    result.map_or_else(|why| why.to_string(), |_| "set".to_owned())
}

fn labels(pairs: &[(&str, &str)]) -> Pairs {
    Pairs::new(pairs.iter().copied())
}

#[test]
fn what_is_wrong_is_said_in_alertmanagers_words() {
    let empty =
        "invalid silence: matcher set 0: at least one matcher must not match the empty string";
    let with = |matchers: &[DraftMatcher]| SilenceDraft { matchers: compiled(matchers), ..draft() };
    let timed = |starts_at, ends_at| SilenceDraft { starts_at, ends_at, ..draft() };
    let zero: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
    for (draft, wanted) in [
        (with(&[]), "invalid silence: matcher set 0 is empty"),
        (with(&[matcher("a", MatchOp::Equal, "")]), empty),
        (with(&[matcher("a", MatchOp::Regex, ".*")]), empty),
        (with(&[matcher("a", MatchOp::Regex, "x|"), matcher("b", MatchOp::Equal, "")]), empty),
        (with(&[matcher("a", MatchOp::NotEqual, "b")]), "set"),
        (with(&[matcher("a", MatchOp::NotRegex, "b*")]), "set"),
        (with(&[matcher("a b", MatchOp::Equal, "b")]), "set"),
        (
            with(&[matcher("", MatchOp::Equal, "x")]),
            "invalid silence: invalid label matcher 0 in set 0: invalid label name \"\"",
        ),
        (
            with(&[matcher("a", MatchOp::Equal, "x"), matcher("a", MatchOp::Regex, "(")]),
            "invalid silence: invalid label matcher 1 in set 0: invalid regular expression \"(\": error parsing regexp: missing closing ): `(`",
        ),
        (
            timed(Some(at(200)), at(100)),
            "Failed to create silence: start time must be before end time",
        ),
        (
            timed(Some(at(100)), at(100)),
            "Failed to create silence: start time must be before end time",
        ),
        (timed(Some(at(-100)), at(-1)), "Failed to create silence: end time can't be in the past"),
        (
            timed(Some(at(-100)), zero),
            "Failed to create silence: start time must be before end time",
        ),
        (timed(Some(zero), at(100)), "set"),
        (timed(None, at(100)), "set"),
        (SilenceDraft { id: fresh(9).to_string().into(), ..draft() }, "silence not found"),
        (SilenceDraft { id: "zzz".into(), ..draft() }, "silence not found"),
    ] {
        let mut silences = Silences::default();
        assert_eq!(said(silences.set(&draft, fresh(1), at(0))), wanted, "{draft:?}");
        assert_eq!(silences.all().count(), usize::from(wanted == "set"));
    }
    let classic = silence_matchers(&[matcher("a b", MatchOp::Equal, "b")], Syntax::Classic);
    let why = "invalid label matcher 0 in set 0: invalid label name \"a b\"";
    assert_eq!(classic.unwrap_err(), why);
}

#[test]
fn the_past_is_not_silenced() {
    let mut silences = Silences::default();
    let (id, records) = silences.set(&draft(), fresh(1), at(0)).unwrap();
    let silence = Arc::clone(silences.get(id).unwrap());
    assert_eq!((silence.starts_at, silence.updated_at, silence.ends_at), (at(0), at(0), at(100)));
    assert_eq!(records, [Record::Silence(silence)]);
}

#[test]
fn limits_count_and_weigh_as_alertmanager_does() {
    let settings = Settings { max_silences: 2, ..Settings::default() };
    let mut silences = Silences::new(settings, [], &[], at(0));
    silences.set(&draft(), fresh(1), at(0)).unwrap();
    let (two, _) = silences.set(&draft(), fresh(2), at(0)).unwrap();
    let full = "exceeded maximum number of silences: 2 (limit: 2)";
    assert_eq!(said(silences.set(&draft(), fresh(3), at(0))), full);
    // Ended ones count too; a change in place needs no room, a replacement does.
    silences.expire(fresh(1), at(1)).unwrap();
    assert_eq!(said(silences.set(&draft(), fresh(3), at(1))), full);
    let edit = SilenceDraft { id: two.to_string().into(), starts_at: Some(at(0)), ..draft() };
    assert_eq!(silences.set(&edit, fresh(3), at(1)).unwrap().0, two);
    let other = SilenceDraft { matchers: compiled(&[matcher("a", MatchOp::Equal, "c")]), ..edit };
    assert_eq!(said(silences.set(&other, fresh(3), at(1))), full);
    assert_eq!(silences.get(two).unwrap().state(at(1)), SilenceState::Active);

    let settings = Settings { max_size: 10, ..Settings::default() };
    let mut silences = Silences::new(settings, [], &[], at(0));
    let moment = |text: &str| text.parse::<Timestamp>().unwrap();
    let base = SilenceDraft {
        starts_at: Some(moment("2029-01-01T00:00:00Z")),
        ends_at: moment("2030-01-01T00:00:00Z"),
        created_by: "x".into(),
        comment: "y".into(),
        ..draft()
    };
    // Each was posted to an Alertmanager, at a moment with five digits of nanoseconds in protobuf.
    let now = moment("2026-11-28T13:33:54.612345678Z");
    let annotations = Pairs::new([("kk", "vvv")]);
    let matchers =
        compiled(&[matcher("a", MatchOp::NotRegex, "b"), matcher("c", MatchOp::Regex, "")]);
    let ends_at = moment("2030-01-01T00:00:00.5Z");
    for (draft, size) in [
        (base.clone(), 94),
        (SilenceDraft { annotations, ..base.clone() }, 105),
        (
            SilenceDraft { matchers, ends_at, created_by: "".into(), comment: "".into(), ..base },
            109,
        ),
    ] {
        let wanted = format!("silence exceeded maximum size: {size} bytes (limit: 10 bytes)");
        assert_eq!(said(silences.set(&draft, fresh(1), now)), wanted);
    }
}

/// Which edits keep the id, by what stood there and what is asked for.
#[test]
fn an_edit_that_rewrites_history_makes_a_new_silence() {
    let begun = draft();
    let coming = SilenceDraft { starts_at: Some(at(50)), ..draft() };
    let same_second =
        SilenceDraft { starts_at: Some(at(0) + Duration::from_millis(400)), ..draft() };
    let later = SilenceDraft { starts_at: Some(at(60)), ..draft() };
    let unset = SilenceDraft { starts_at: None, ..draft() };
    let other = SilenceDraft {
        matchers: compiled(&[matcher("a", MatchOp::NotEqual, "b")]),
        ..later.clone()
    };
    for (first, edit, in_place, ended_before) in [
        (&begun, &same_second, true, false),
        (&begun, &begun, false, true),
        (&begun, &later, false, true),
        (&begun, &unset, false, true),
        (&coming, &later, true, false),
        (&coming, &coming, true, false),
        (&coming, &begun, false, true),
        (&coming, &other, false, true),
    ] {
        let mut silences = Silences::default();
        silences.set(first, fresh(1), at(0)).unwrap();
        let edit =
            SilenceDraft { id: fresh(1).to_string().into(), comment: "new".into(), ..edit.clone() };
        let (id, records) = silences.set(&edit, fresh(2), at(5)).unwrap();
        assert_eq!(id == fresh(1), in_place, "{first:?} {edit:?}");
        assert_eq!(silences.get(id).unwrap().comment.as_ref(), "new");
        assert_eq!(records.len(), 1 + usize::from(ended_before));
        assert_eq!(
            silences.get(fresh(1)).unwrap().state(at(5)) == SilenceState::Expired,
            ended_before
        );
    }
    // An ended one is never changed, and has nothing to be ended.
    let mut silences = Silences::default();
    silences.set(&draft(), fresh(1), at(0)).unwrap();
    let edit = SilenceDraft { id: fresh(1).to_string().into(), ends_at: at(500), ..draft() };
    let (id, records) = silences.set(&edit, fresh(2), at(200)).unwrap();
    assert_eq!((id, records.len()), (fresh(2), 1));
}

#[test]
fn expiring_ends_now_and_once() {
    let mut silences = Silences::default();
    silences.set(&draft(), fresh(1), at(0)).unwrap();
    silences.set(&SilenceDraft { starts_at: Some(at(50)), ..draft() }, fresh(2), at(0)).unwrap();
    for (id, starts_at) in [(fresh(1), at(0)), (fresh(2), at(7))] {
        assert_eq!(silences.expire(id, at(7)).unwrap().len(), 1);
        let silence = silences.get(id).unwrap();
        assert_eq!(
            (silence.starts_at, silence.ends_at, silence.updated_at),
            (starts_at, at(7), at(7))
        );
        assert_eq!(silences.expire(id, at(8)).unwrap(), []);
    }
    assert_eq!(silences.expire(fresh(3), at(8)).unwrap_err().to_string(), "silence not found");
}

#[test]
fn alerts_are_matched_while_it_is_time() {
    let mut silences = Silences::default();
    silences.set(&SilenceDraft { starts_at: Some(at(50)), ..draft() }, fresh(2), at(0)).unwrap();
    silences.set(&draft(), fresh(1), at(0)).unwrap();
    let denying =
        compiled(&[matcher("a", MatchOp::NotEqual, "b"), matcher("c", MatchOp::Regex, "d.*")]);
    silences.set(&SilenceDraft { matchers: denying, ..draft() }, fresh(3), at(0)).unwrap();
    let ours = labels(&[("a", "b"), ("x", "y")]);
    let matching = |silences: &Silences, second| silences.matching(&ours, at(second));
    assert_eq!(matching(&silences, 0), [fresh(1)]);
    assert_eq!(matching(&silences, 50), [fresh(1), fresh(2)]);
    assert_eq!(matching(&silences, 100), []);
    assert_eq!(silences.matching(&labels(&[("c", "d1")]), at(0)), [fresh(3)]);
    assert_eq!(silences.matching(&labels(&[("c", "e")]), at(0)), []);
    silences.expire(fresh(1), at(60)).unwrap();
    assert_eq!(matching(&silences, 60), [fresh(2)]);
}

#[test]
fn time_is_told_when_it_matters_and_ended_ones_are_forgotten() {
    let settings = Settings { retention: Duration::from_secs(30), ..Settings::default() };
    let mut silences = Silences::new(settings, [], &[], at(0));
    assert_eq!(silences.next_due(), None);
    silences.set(&SilenceDraft { starts_at: Some(at(50)), ..draft() }, fresh(1), at(0)).unwrap();
    let mut due = Vec::new();
    let mut gone = Vec::new();
    while let Some(next) = silences.next_due() {
        assert_eq!(silences.tick(next - Duration::from_nanos(1)), []);
        due.push(next);
        gone.extend(silences.tick(next));
    }
    assert_eq!(due, [at(50), at(100), at(130)]);
    assert_eq!(gone, [Record::SilenceGone(fresh(1))]);
    assert_eq!(silences.all().count(), 0);
}

#[test]
fn what_was_on_disk_holds_again() {
    let mut before = Silences::default();
    before.set(&draft(), fresh(1), at(0)).unwrap();
    let after = Silences::new(Settings::default(), before.all().cloned(), &[], at(20));
    assert_eq!(after.matching(&labels(&[("a", "b")]), at(20)), [fresh(1)]);
    assert_eq!(after.next_due(), Some(at(100)));
}

fn regex(value: &str) -> DraftMatcher {
    matcher("a", MatchOp::Regex, value)
}

#[test]
fn the_patterns_of_one_silence_are_bounded() {
    let many: Vec<_> =
        (0..1000).map(|at| matcher("a", MatchOp::NotEqual, &at.to_string())).collect();
    assert_eq!(compiled(&many).unwrap().len(), 1000);
    let why = compiled(&[&many[..], &[regex("b")]].concat()).unwrap_err();
    assert_eq!(why, "matcher set 0 has more than 1000 matchers");
    let large: Vec<_> = (0..100).map(|at| regex(&format!("[^a]{{1000}}{at}"))).collect();
    let why = compiled(&large).unwrap_err();
    assert!(why.contains("expression too large (more than 8388608 bytes, compiled)"), "{why}");
    // What is said twice is compiled once, and hosts with dots that nobody escaped fit.
    assert!(compiled(&vec![large[0].clone(); 100]).is_ok());
    let hosts: Vec<_> = (0..2000).map(|at| format!("host-{at:05}.example.org:9100")).collect();
    assert!(compiled(&[regex(&hosts.join("|"))]).is_ok());
}

/// With as much as one silence may take, a few fill the room of all; what has ended takes none.
#[test]
fn the_patterns_of_all_silences_are_bounded() {
    let heavy = |at: u128| SilenceDraft {
        matchers: compiled(&[
            regex(&format!("[^{at}]{{1000}}\\pL{{400}}")),
            matcher("b", MatchOp::Equal, &at.to_string()),
        ]),
        ..draft()
    };
    let mut silences = Silences::default();
    let mut set = 0;
    let why = loop {
        match silences.set(&heavy(set), fresh(set), at(0)) {
            Ok(_) => set += 1,
            Err(why) => break why.to_string(),
        }
    };
    assert!((8..40).contains(&set), "{set}");
    assert!(why.starts_with("all silences would take more than 67108864 bytes"), "{why}");
    let others = silences.set(&draft(), fresh(100), at(0));
    assert!(others.is_ok(), "small ones still fit: {others:?}");
    // All that fit come back, and not one more.
    let extra = Silence {
        id: fresh(set),
        matchers: heavy(set).matchers.unwrap(),
        ..Silence::clone(silences.get(fresh(0)).unwrap())
    };
    let written = |one: &Silence| Arc::new(at_rest(one));
    let mut on_disk: Vec<_> = silences.all().map(|one| written(one)).collect();
    on_disk.push(written(&extra));
    let labels = labels(&[("a", "b"), ("b", "0")]);
    let back = Silences::new(Settings::default(), on_disk, &[], at(5));
    assert_eq!(back.all().count(), silences.all().count() + 1);
    assert_eq!(back.matching(&labels, at(5)), [fresh(100)]);
    let lost = back.all().filter(|one| one.matchers[0].op.is_regex() && !one.matchers[0].is_slow());
    assert_eq!(lost.count(), 1);
    silences.expire(fresh(0), at(5)).unwrap();
    assert!(!silences.get(fresh(0)).unwrap().matchers[0].is_slow());
    assert!(silences.set(&heavy(set), fresh(set), at(5)).is_ok());
}

#[test]
fn what_takes_too_much_effort_hides_nothing_and_leaves_the_rest() {
    let mut silences = Silences::default();
    for number in 0..7 {
        let bad = (0..30)
            .map(|at| matcher("a", MatchOp::NotRegex, &format!(".*[ab].{{900}}{number}_{at}N")));
        let bad = compiled(&bad.collect::<Vec<_>>());
        silences.set(&SilenceDraft { matchers: bad, ..draft() }, fresh(number), at(0)).unwrap();
    }
    let usual = compiled(&[regex("[abc]+")]);
    silences.set(&SilenceDraft { matchers: usual, ..draft() }, fresh(9), at(0)).unwrap();
    // Nowhere the same for long.
    let text: String = (1_u32..1100)
        .map(|at| if at.wrapping_mul(2_654_435_769) >> 31 == 0 { 'a' } else { 'c' })
        .collect();
    let found = silences.matching(&labels(&[("a", &text)]), at(1));
    assert!(found.contains(&fresh(9)) && found.len() < 5, "{found:?}");
    assert_eq!(silences.given_up().get(), 8 - u64::try_from(found.len()).unwrap());
    let all: Vec<_> = (0..7).chain([9]).map(fresh).collect();
    assert_eq!(silences.matching(&labels(&[("a", "abc")]), at(1)), all);
}

#[test]
fn they_are_counted_by_state() {
    let mut silences = Silences::default();
    for (number, starts_at, ends_at) in
        [(1, 0, 300), (2, 0, 200), (3, 90, 100), (4, 80, 400), (5, 0, 10), (6, 0, 20)]
    {
        let draft =
            SilenceDraft { starts_at: Some(at(starts_at)), ends_at: at(ends_at), ..draft() };
        silences.set(&draft, fresh(number), at(0)).unwrap();
    }
    assert_eq!(silences.counts(at(50)), SilenceCounts { active: 2, pending: 2, expired: 2 });
}

fn maintenance(name: &str, window: MaintenanceWindow) -> Maintenance {
    let matchers = vec![Matcher::new("a", MatchOp::Equal, "b").unwrap()];
    Maintenance { name: name.into(), matchers: matchers.into(), window, comment: "".into() }
}

#[test]
fn planned_windows_are_silences_that_only_the_configuration_changes() {
    let daily = MaintenanceWindow::recurring("FREQ=DAILY;BYHOUR=2", "UTC", Duration::from_hours(1))
        .unwrap();
    let windows = [maintenance("night", daily)];
    let moment = |text: &str| text.parse::<Timestamp>().unwrap();
    let now = moment("2026-11-28T02:30:00Z");
    let mut silences = Silences::new(Settings::default(), [], &windows, now);
    let mut listed: Vec<Arc<Silence>> = silences.all().cloned().collect();
    listed.sort_by_key(|silence| silence.starts_at);
    let times: Vec<_> = listed.iter().map(|silence| (silence.starts_at, silence.ends_at)).collect();
    let running = (moment("2026-11-28T02:00:00Z"), moment("2026-11-28T03:00:00Z"));
    let next = (moment("2026-11-29T02:00:00Z"), moment("2026-11-29T03:00:00Z"));
    assert_eq!(times, [running, next]);
    assert_eq!(listed[0].annotations.get(MAINTENANCE_ANNOTATION), Some("night"));
    let ours = labels(&[("a", "b")]);
    assert_eq!(silences.matching(&ours, now), [listed[0].id]);
    // The same id in another process.
    let other = Silences::new(Settings::default(), [], &windows, moment("2026-11-27T10:00:00Z"));
    assert!(other.get(listed[0].id).is_some());

    let wanted = format!(
        "silence {} is an occurrence of maintenance.night, which the configuration plans; it can only be changed there",
        listed[0].id
    );
    assert_eq!(silences.expire(listed[0].id, now).unwrap_err().to_string(), wanted);
    let edit = SilenceDraft {
        id: listed[0].id.to_string().into(),
        starts_at: None,
        ends_at: next.0,
        ..draft()
    };
    assert_eq!(said(silences.set(&edit, fresh(1), now)), wanted);

    assert_eq!(silences.next_due(), Some(running.1));
    assert_eq!(silences.tick(running.1), []);
    assert_eq!(silences.matching(&ours, running.1), []);
    assert_eq!(silences.all().count(), 1);
    assert_eq!(silences.next_due(), Some(next.0));
    silences.tick(next.0);
    assert_eq!(silences.matching(&ours, next.0).len(), 1);
    assert_eq!(silences.all().count(), 2);

    silences.plan(&[], next.0);
    assert!(silences.matching(&ours, next.0).is_empty() && silences.next_due().is_none());
}

proptest! {
    /// Whatever is done, the index finds what trying every silence finds, and no due moment is behind.
    #[test]
    fn the_index_finds_what_trying_all_finds(
        steps in prop::collection::vec((0..3_u8, 0..6_u128, 0..40_i64, 1..40_i64, prop::sample::select(vec!["x", "x|y", "x.*", "[xy]", ""])), 1..20),
    ) {
        let settings = Settings { retention: Duration::from_secs(20), ..Settings::default() };
        let mut silences = Silences::new(settings, [], &[], at(0));
        let mut made = 10;
        for (second, (kind, number, start, length, value)) in (0_i64..).step_by(5).zip(steps) {
            let now = at(second);
            silences.tick(now);
            let (starts_at, ends_at) = (at(second - 10 + start), at(second - 10 + start + length));
            let op = if value == "x" { MatchOp::Equal } else { MatchOp::Regex };
            let id = if kind == 1 { fresh(10 + number).to_string() } else { String::new() };
            let draft = SilenceDraft { id: id.into(), matchers: compiled(&[matcher("a", op, value)]), starts_at: Some(starts_at), ends_at, ..draft() };
            if kind == 2 {
                let _ = silences.expire(fresh(10 + number), now);
            } else if silences.set(&draft, fresh(made), now).is_ok_and(|(id, _)| id == fresh(made)) {
                made += 1;
            }
            for later in [0, 3, 11] {
                let now = at(second + later);
                for text in ["", "x", "y", "xx"] {
                    let labels = labels(&[("a", text)]);
                    let tried = silences.all().filter(|silence| {
                        silence.state(now) == SilenceState::Active && crate::model::matcher::all_match(&silence.matchers, &labels)
                    });
                    let mut tried: Vec<SilenceId> = tried.map(|silence| silence.id).collect();
                    tried.sort_unstable();
                    prop_assert_eq!(silences.matching(&labels, now), tried);
                }
            }
            prop_assert!(silences.next_due().is_none_or(|due| due > now));
        }
    }
}
