use super::*;

/// What Go's library says of schedules (`tests/fixtures/kube/schedules`).
const SCHEDULES: &str = include_str!("../../../tests/fixtures/kube/schedules/schedules.tsv");

fn second(at: Timestamp) -> String {
    at.as_second().to_string()
}

#[test]
fn schedules_are_gos() {
    let mut wrong = Vec::new();
    for line in SCHEDULES.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [text, zone, after, expected] = columns[..] else { panic!("{line}") };
        let text: String = serde_json::from_str(text).unwrap();
        let zone: Option<String> = serde_json::from_str(zone).unwrap();
        let after = Timestamp::from_second(after.parse().unwrap()).unwrap();
        let found = Schedule::parse(&text, zone.as_deref())
            .map_or("invalid".to_owned(), |schedule| {
                schedule.next(after).map_or("never".to_owned(), second)
            });
        if found != expected {
            wrong.push(format!("{line}, but found {found}"));
        }
    }
    assert!(SCHEDULES.lines().count() > 800 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Samoa left out 30 December 2011. Go's library looks for it for ever.
#[test]
fn a_day_that_never_was_ends_the_search() {
    let after = "2011-12-29T12:00:00Z".parse().unwrap();
    let next = |text| Schedule::parse(text, Some("Pacific/Apia")).unwrap().next(after);
    assert_eq!(next("0 0 31 12 *"), None);
    assert_eq!(next("0 * * * *").map(second).as_deref(), Some("1325163600"));
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    for text in ["* * * * *", "0 0 29 2 *", "@every 2562047h"] {
        let schedule = Schedule::parse(text, Some("Europe/Zurich")).unwrap();
        assert_eq!(schedule.next(Timestamp::MAX), None, "{text}");
        assert!(schedule.next(Timestamp::MIN).is_none_or(|next| next > Timestamp::MIN), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(
        text in "\\PC{0,20}|[-*?/,0-9A-Z@=]{0,8}( [-*?/,0-9a-z#]{1,6}){4}",
        zone in proptest::option::of("\\PC{0,8}"),
        after in -3_000_000_000_i64..10_000_000_000,
    ) {
        let after = Timestamp::from_second(after).unwrap();
        if let Some(schedule) = Schedule::parse(&text, zone.as_deref()) {
            proptest::prop_assert!(schedule.next(after).is_none_or(|next| next > after));
        }
    }
}
