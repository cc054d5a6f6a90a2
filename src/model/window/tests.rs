use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn window(rule: &str, zone: &str, hours: u64) -> MaintenanceWindow {
    MaintenanceWindow::recurring(rule, zone, Duration::from_hours(hours)).unwrap()
}

/// The first occurrences that begin after a moment, as text.
fn begins(window: &MaintenanceWindow, after: &str, count: usize) -> Vec<String> {
    let mut now = at(after);
    let mut found = Vec::new();
    while let Some((start, end)) = window.next_after(now).filter(|_| found.len() < count) {
        assert!(now < start && start < end);
        found.push(start.to_string());
        now = start;
    }
    found
}

#[test]
fn a_fixed_window_is_once() {
    let (start, end) = (at("2026-01-01T02:00:00Z"), at("2026-01-01T04:00:00Z"));
    let window = MaintenanceWindow::fixed(start, end).unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(window.occurrence_at(start - second), None);
    assert_eq!(window.next_after(start - second), Some((start, end)));
    assert_eq!(window.occurrence_at(start), Some((start, end)));
    assert_eq!(window.next_after(start), None);
    assert_eq!(window.occurrence_at(end - second), Some((start, end)));
    assert_eq!(window.occurrence_at(end), None);
    assert_eq!(MaintenanceWindow::fixed(start, start), Err(WindowError::Empty));
}

#[test]
fn an_occurrence_lasts_its_time() {
    let window = window("RRULE:FREQ=WEEKLY;BYDAY=SU;BYHOUR=22", "UTC", 4);
    let (start, end) = (at("2026-11-29T22:00:00Z"), at("2026-11-30T02:00:00Z"));
    assert_eq!(window.next_after(at("2026-11-28T00:00:00Z")), Some((start, end)));
    assert_eq!(window.occurrence_at(at("2026-11-29T21:59:59Z")), None);
    assert_eq!(window.occurrence_at(start), Some((start, end)));
    assert_eq!(window.occurrence_at(at("2026-11-30T01:59:59.999Z")), Some((start, end)));
    assert_eq!(window.occurrence_at(end), None);
    assert_eq!(
        window.next_after(start),
        Some((at("2026-12-06T22:00:00Z"), at("2026-12-07T02:00:00Z")))
    );
}

#[test]
fn of_overlapping_occurrences_the_last_to_begin_is_on() {
    let window = window("FREQ=DAILY", "UTC", 36);
    let start = at("2026-11-28T00:00:00Z");
    assert_eq!(
        window.occurrence_at(at("2026-11-28T06:00:00Z")),
        Some((start, at("2026-11-29T12:00:00Z")))
    );
}

#[test]
fn the_wall_clock_decides_over_a_change_of_clocks() {
    // Berlin skips 02:00 to 03:00 on 2026-03-29 and repeats it on 2026-10-25.
    let night = window("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "Europe/Berlin", 1);
    assert_eq!(
        begins(&night, "2026-03-27T12:00:00Z", 3),
        ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]
    );
    assert_eq!(
        begins(&night, "2026-10-23T12:00:00Z", 3),
        ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    // An hour is an hour, though the clock shows 02:30 twice.
    let (start, end) = night.occurrence_at(at("2026-10-25T01:00:00Z")).unwrap();
    assert_eq!(end.duration_since(start).as_secs(), 3600);
    assert_eq!(night.occurrence_at(at("2026-10-25T01:30:00Z")), None);
}

/// Rules from far in the past run as from their own start: each of these is what the RFC gives.
#[test]
fn a_rule_counts_from_its_start() {
    for (rule, after, wanted) in [
        (
            "DTSTART:20000103T020000\nRRULE:FREQ=WEEKLY;INTERVAL=2",
            "2026-11-20T00:00:00Z",
            ["2026-11-30T02:00:00Z", "2026-12-14T02:00:00Z"],
        ),
        (
            "DTSTART:20000101T020000\nRRULE:FREQ=DAILY;INTERVAL=10",
            "2026-11-20T00:00:00Z",
            ["2026-11-20T02:00:00Z", "2026-11-30T02:00:00Z"],
        ),
        (
            "DTSTART:20000131T020000\nRRULE:FREQ=MONTHLY",
            "2026-03-31T03:00:00Z",
            ["2026-05-31T02:00:00Z", "2026-07-31T02:00:00Z"],
        ),
        (
            "DTSTART:20000229T020000\nRRULE:FREQ=YEARLY",
            "2026-01-01T00:00:00Z",
            ["2028-02-29T02:00:00Z", "2032-02-29T02:00:00Z"],
        ),
        (
            "DTSTART:20250601T000000\nRRULE:FREQ=MONTHLY;INTERVAL=3;BYDAY=2TU;BYHOUR=3",
            "2026-01-01T00:00:00Z",
            ["2026-03-10T03:00:00Z", "2026-06-09T03:00:00Z"],
        ),
        (
            "DTSTART:20260101T003000\nRRULE:FREQ=HOURLY;INTERVAL=5",
            "2026-11-28T00:00:00Z",
            ["2026-11-28T01:30:00Z", "2026-11-28T06:30:00Z"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=23",
            "2026-11-28T00:00:00Z",
            ["2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z"],
        ),
    ] {
        assert_eq!(begins(&window(rule, "UTC", 1), after, 2), wanted, "{rule}");
    }
}

#[test]
fn ends_and_exceptions() {
    let zone = "Europe/Berlin";
    let until = window(
        "DTSTART;TZID=Europe/Berlin:20260101T020000\nRRULE:FREQ=DAILY;UNTIL=20260103T010000Z",
        zone,
        1,
    );
    assert_eq!(
        begins(&until, "2025-01-01T00:00:00Z", 9),
        ["2026-01-01T01:00:00Z", "2026-01-02T01:00:00Z", "2026-01-03T01:00:00Z"]
    );
    let day = window("DTSTART:20260101\nRRULE:FREQ=DAILY;BYHOUR=20;UNTIL=20260102", zone, 1);
    assert_eq!(
        begins(&day, "2025-01-01T00:00:00Z", 9),
        ["2026-01-01T19:00:00Z", "2026-01-02T19:00:00Z"]
    );
    let counted = window(
        "DTSTART:20260101T010000Z\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T020000",
        zone,
        1,
    );
    assert_eq!(
        begins(&counted, "2025-01-01T00:00:00Z", 9),
        ["2026-01-01T01:00:00Z", "2026-01-03T01:00:00Z"]
    );
    assert_eq!(counted.occurrence_at(at("2026-01-02T01:30:00Z")), None);
}

#[test]
fn what_cannot_be_is_said() {
    let why = |rule: &str, zone: &str, seconds| {
        MaintenanceWindow::recurring(rule, zone, Duration::from_secs(seconds))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        why("FREQ=DAILY", "UTC", 0),
        "the duration must be more than zero and at most 366 days"
    );
    assert_eq!(
        why("FREQ=DAILY", "UTC", 367 * 86_400),
        "the duration must be more than zero and at most 366 days"
    );
    assert_eq!(
        why("FREQ=DAILY", "Nope/X", 1),
        "`Nope/X` is no time zone of the IANA database, such as `Europe/Berlin`"
    );
    for (rule, wanted) in [
        ("", "there is no RRULE"),
        ("RRULE:INTERVAL=2", "there is no FREQ"),
        (
            "FREQ=SECONDLY",
            "FREQ=SECONDLY is not read; HOURLY, DAILY, WEEKLY, MONTHLY and YEARLY are",
        ),
        (
            "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,5,10,15,20,25,30,35,40",
            "it would begin more than 24 times a day",
        ),
        ("FREQ=HOURLY;BYMINUTE=0,30", "it would begin more than 24 times a day"),
        (
            "FREQ=WEEKLY",
            "FREQ=WEEKLY without BYDAY counts from somewhere: add a line DTSTART:20260101T020000",
        ),
        (
            "FREQ=MONTHLY",
            "FREQ=MONTHLY without BYDAY or BYMONTHDAY counts from somewhere: add a line DTSTART:20260101T020000",
        ),
        (
            "FREQ=DAILY;INTERVAL=2",
            "INTERVAL counts from somewhere: add a line DTSTART:20260101T020000",
        ),
        ("FREQ=DAILY;COUNT=2", "COUNT counts from somewhere: add a line DTSTART:20260101T020000"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be at least 1"),
        ("FREQ=DAILY;INTERVAL=x", "INTERVAL=X is no number that can be"),
        ("FREQ=DAILY;COUNT=9999", "COUNT must be at most 2000; UNTIL has no such limit"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ stands there twice"),
        ("FREQ=DAILY\nRRULE:FREQ=DAILY", "RRULE stands there twice"),
        ("RDATE:20260101\nFREQ=DAILY", "`RDATE` is not read; DTSTART, RRULE and EXDATE are"),
        ("daily", "`daily` is no line such as `RRULE:FREQ=DAILY`"),
        ("FREQ=DAILY;X", "`X` is no part of a rule, such as FREQ=DAILY"),
        ("DTSTART:2026\nFREQ=DAILY", "`2026` is no time such as 20260101T020000"),
        ("DTSTART:20260230\nFREQ=DAILY", "`20260230` is no time such as 20260101T020000"),
        (
            "DTSTART;TZID=Asia/Tokyo:20260101\nFREQ=DAILY",
            "TZID=Asia/Tokyo is not the window's time zone, UTC",
        ),
        ("DTSTART;X=1:20260101\nFREQ=DAILY", "the parameter `X=1` is not read"),
        ("DTSTART:10000101\nFREQ=DAILY", "DTSTART must be between the years 1970 and 2999"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "`FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30` never comes"),
    ] {
        assert_eq!(why(rule, "UTC", 1), wanted);
    }
    assert!(why("FREQ=DAILY;BYHOUR=99", "UTC", 1).starts_with("`FREQ=DAILY;BYHOUR=99`: "));
    assert!(why("FREQ=DAILY;NOPE=1", "UTC", 1).starts_with("`FREQ=DAILY;NOPE=1`: "));
}

#[test]
fn windows_are_equal_by_what_was_written() {
    let one = window("FREQ=DAILY", "UTC", 1);
    assert_eq!(one, window("FREQ=DAILY", "UTC", 1));
    assert_ne!(one, window("FREQ=DAILY", "Europe/Berlin", 1));
    let MaintenanceWindow::Recurring(recurrence) = one else { panic!("it recurs") };
    assert_eq!((recurrence.rule(), recurrence.time_zone()), ("FREQ=DAILY", "UTC"));
    assert_eq!(recurrence.duration(), Duration::from_hours(1));
}

fn part() -> impl Strategy<Value = String> {
    let names = vec![
        "BYDAY",
        "BYHOUR",
        "BYMINUTE",
        "BYMONTH",
        "BYMONTHDAY",
        "BYSETPOS",
        "BYWEEKNO",
        "BYYEARDAY",
        "INTERVAL",
        "COUNT",
        "UNTIL",
        "WKST",
    ];
    let values = vec![
        "MO",
        "2TU",
        "-1FR",
        "0",
        "1",
        "-1",
        "2,5",
        "12",
        "31",
        "53",
        "366",
        "20261231T000000Z",
        "9999",
    ];
    (prop::sample::select(names), prop::sample::select(values))
        .prop_map(|(name, value)| format!("{name}={value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is written, the answer comes, and what is on is what was next before it began.
    #[test]
    fn no_rule_hangs_or_panics(
        frequency in prop::sample::select(vec!["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        parts in prop::collection::vec(part(), 0..3),
        start in prop::sample::select(vec!["", "DTSTART:20000131T021500\n", "DTSTART:20240229T021500\n", "DTSTART:29991231T235959\n"]),
        hours in 1..60_u64,
        day in 0..3650_i64,
    ) {
        let rule = format!("{start}RRULE:FREQ={frequency};{}", parts.join(";"));
        if let Ok(window) = MaintenanceWindow::recurring(&rule, "Europe/Berlin", Duration::from_hours(hours)) {
            let now = at("2020-01-01T00:00:00Z") + jiff::SignedDuration::from_hours(24 * day);
            if let Some((start, end)) = window.occurrence_at(now) {
                prop_assert!(start <= now && now < end);
                let before = start - Duration::from_nanos(1);
                prop_assert_eq!(window.next_after(before), Some((start, end)), "{}", rule);
            }
            if let Some((start, end)) = window.next_after(now) {
                prop_assert!(now < start && start < end);
                prop_assert_eq!(window.occurrence_at(start), Some((start, end)), "{}", rule);
            }
        }
    }

    /// Starting shortly before a moment gives what counting from the start gives; with a `COUNT` it does the latter.
    #[test]
    fn no_short_cut_changes_the_answer(
        frequency in prop::sample::select(vec!["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        interval in 1..9_u32,
        part in part(),
        (month, day) in (1..=12_u32, 1..=31_u32),
    ) {
        prop_assume!(!["COUNT", "UNTIL", "INTERVAL"].iter().any(|word| part.starts_with(word)));
        let rule = format!("DTSTART:2024{month:02}{day:02}T034500\nRRULE:FREQ={frequency};INTERVAL={interval};{part}");
        let read = |rule: &str| MaintenanceWindow::recurring(rule, "UTC", Duration::from_secs(1));
        if let (Ok(counting), Ok(jumping)) = (read(&format!("{rule};COUNT=60")), read(&rule)) {
            let mut now = at("2023-01-01T00:00:00Z");
            while let Some(next) = counting.next_after(now) {
                prop_assert_eq!(jumping.next_after(now), Some(next), "{}", rule);
                let before = next.0 - Duration::from_nanos(1);
                prop_assert_eq!(jumping.next_after(before), Some(next), "{}", rule);
                now = next.0;
            }
        }
    }
}
