use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// From YAML, as a file would say it.
fn interval(yaml: &str) -> TimeInterval {
    serde_saphyr::from_str(yaml).unwrap()
}

#[test]
fn what_is_wrong_is_said_in_alertmanagers_words() {
    for (range, wanted) in [
        ("friday:monday", "start day cannot be before end day"),
        ("mon", "mon is not a valid weekday"),
        ("1:3", "1 is not a valid weekday"),
        ("monday:tuesday:friday", "couldn't parse range monday:tuesday:friday, invalid format"),
        ("", " is not a valid weekday"),
        (" Monday", " monday is not a valid weekday"),
    ] {
        assert_eq!(range.parse::<WeekdayRange>().unwrap_err(), wanted);
    }
    for (range, wanted) in [
        ("0", "0 is not a valid day of the month: out of range"),
        ("1:0", "0 is not a valid day of the month: out of range"),
        ("-1:5", "end day must be negative if start day is negative"),
        ("-32:1", "-32 is not a valid day of the month: out of range"),
        ("32", "32 is not a valid day of the month: out of range"),
        ("10:5", "end day 5 is always before start day 10"),
        ("28:-1", "end day -1 is always before start day 28"),
        ("-1:-3", "end day -3 is always before start day -1"),
        ("x", "strconv.Atoi: parsing \"x\": invalid syntax"),
        ("", "strconv.Atoi: parsing \"\": invalid syntax"),
        (
            "99999999999999999999",
            "strconv.Atoi: parsing \"99999999999999999999\": value out of range",
        ),
    ] {
        assert_eq!(range.parse::<DayRange>().unwrap_err(), wanted);
    }
    for (range, wanted) in [
        ("march:january", "end month january is before start month march"),
        ("13:1", "end month january is before start month "),
        ("foo", "foo is not a valid month"),
    ] {
        assert_eq!(range.parse::<MonthRange>().unwrap_err(), wanted);
    }
    assert_eq!(
        "2030:2020".parse::<YearRange>().unwrap_err(),
        "end year 2020 is before start year 2030"
    );
    for (start, end, wanted) in [
        ("10:00", "09:00", "start time cannot be equal or greater than end time"),
        ("10:00", "10:00", "start time cannot be equal or greater than end time"),
        ("9:00", "10:00", "couldn't parse timestamp 9:00, invalid format"),
        ("24:00", "10:00", "start time cannot be equal or greater than end time"),
        ("10:60", "12:00", "couldn't parse timestamp 10:60, invalid format"),
        ("10:00", "24:01", "couldn't parse timestamp 24:01, invalid format"),
        ("10:00", "", "both start and end times must be provided"),
    ] {
        assert_eq!(TimeRange::new(start, end).unwrap_err(), wanted);
    }
    for (name, wanted) in [
        ("Nope/X", "unknown time zone Nope/X"),
        ("europe/berlin", "unknown time zone europe/berlin"),
        ("../x", "time: invalid location name"),
    ] {
        assert_eq!(name.parse::<Location>().unwrap_err(), wanted);
    }
}

#[test]
fn ranges_are_written_as_alertmanager_writes_them() {
    let days = ["1:5", "-3:-1", "7", "5:-1", "27:-1", "+5"]
        .map(|text| text.parse::<DayRange>().unwrap().to_string());
    assert_eq!(days, ["1:5", "-3:-1", "7", "5:-1", "27:-1", "5"]);
    let months = ["january:MARCH", "5", "june:13", "0"]
        .map(|text| text.parse::<MonthRange>().unwrap().to_string());
    assert_eq!(months, ["1:3", "5", "6:13", "0"]);
    let weekdays = ["Monday:friday", "saturday", "sunday:sunday"]
        .map(|text| text.parse::<WeekdayRange>().unwrap().to_string());
    assert_eq!(weekdays, ["monday:friday", "saturday", "sunday"]);
    assert_eq!("2026:2030".parse::<YearRange>().unwrap().to_string(), "2026:2030");
    assert_eq!("".parse::<Location>().unwrap().to_string(), "UTC");
    let times = TimeRange::new("09:05", "24:00").unwrap();
    assert_eq!((times.start_time(), times.end_time()), ("09:05".to_owned(), "24:00".to_owned()));
}

#[test]
fn yaml_and_toml_say_the_same() {
    let yaml = interval(
        "{times: [{start_time: '09:00', end_time: '24:00'}], weekdays: ['monday:friday'], days_of_month: [7, '-3:-1'], \
         months: ['june:12'], years: [2026], location: Europe/Berlin}",
    );
    let toml: TimeInterval = toml::from_str(
        "times = [{ start_time = '09:00', end_time = '24:00' }]\nweekdays = ['monday:friday']\n\
         days_of_month = [7, '-3:-1']\nmonths = ['june:12']\nyears = [2026]\nlocation = 'Europe/Berlin'",
    )
    .unwrap();
    assert_eq!(yaml, toml);
    let json = serde_json::to_string(&yaml).unwrap();
    assert_eq!(
        json,
        r#"{"times":[{"start_time":"09:00","end_time":"24:00"}],"weekdays":["monday:friday"],"days_of_month":["7","-3:-1"],"months":["6:12"],"years":["2026"],"location":"Europe/Berlin"}"#
    );
    assert_eq!(serde_json::from_str::<TimeInterval>(&json).unwrap(), yaml);
    for wrong in [
        "{time_zone: UTC}",
        "{times: [{start_time: '09:00', end_time: '10:00', x: 1}]}",
        "{weekdays: [x]}",
    ] {
        assert!(serde_saphyr::from_str::<TimeInterval>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_end_of_a_time_is_outside() {
    let office = interval(
        "{times: [{start_time: '09:00', end_time: '17:00'}, {start_time: '23:59', end_time: '24:00'}]}",
    );
    for (time, inside) in [
        ("08:59:59.999", false),
        ("09:00:00", true),
        ("16:59:59.999", true),
        ("17:00:00", false),
        ("23:58:59", false),
        ("23:59:59.9", true),
        ("00:00:00", false),
    ] {
        assert_eq!(office.contains(at(&format!("2026-11-28T{time}Z"))), inside, "{time}");
    }
}

#[test]
fn everything_said_must_be_so() {
    // A Saturday.
    let now = at("2026-11-28T12:00:00Z");
    for (yaml, inside) in [
        ("{}", true),
        ("{times: []}", false),
        ("{weekdays: [saturday]}", true),
        ("{weekdays: ['monday:friday', sunday]}", false),
        ("{weekdays: ['sunday:saturday']}", true),
        ("{weekdays: [saturday], months: [december]}", false),
        ("{weekdays: [saturday], months: ['october:november']}", true),
        ("{months: ['12:13']}", false),
        ("{years: ['2020:2026']}", true),
        ("{years: [2027]}", false),
        ("{days_of_month: ['28']}", true),
        ("{days_of_month: ['-3']}", true),
        ("{days_of_month: ['-2:-1', '1:27']}", false),
        ("{days_of_month: ['25:-3']}", true),
        ("{days_of_month: ['31']}", false),
    ] {
        assert_eq!(interval(yaml).contains(now), inside, "{yaml}");
    }
}

#[test]
fn days_are_cut_at_the_month() {
    for (yaml, date, inside) in [
        ("{days_of_month: ['31']}", "2026-02-28", false),
        ("{days_of_month: ['29:31']}", "2026-02-28", false),
        ("{days_of_month: ['28:31']}", "2026-02-28", true),
        ("{days_of_month: ['-31:-1']}", "2026-02-01", true),
        ("{days_of_month: ['-31']}", "2026-02-01", false),
        ("{days_of_month: ['-1']}", "2028-02-29", true),
        ("{days_of_month: ['-1']}", "2028-02-28", false),
        ("{days_of_month: ['1:-1']}", "2026-02-28", true),
    ] {
        assert_eq!(
            interval(yaml).contains(at(&format!("{date}T12:00:00Z"))),
            inside,
            "{yaml} {date}"
        );
    }
}

#[test]
fn the_wall_clock_counts_when_it_changes() {
    // Berlin: on 2026-03-29 02:00 is 03:00, on 2026-10-25 03:00 is 02:00.
    let night =
        interval("{times: [{start_time: '02:00', end_time: '03:00'}], location: Europe/Berlin}");
    assert!(
        !night.contains(at("2026-03-29T00:59:59Z")) && !night.contains(at("2026-03-29T01:00:00Z"))
    );
    assert!(
        night.contains(at("2026-10-25T00:30:00Z")) && night.contains(at("2026-10-25T01:30:00Z"))
    );
    assert!(!night.contains(at("2026-10-25T02:00:00Z")));
    // March has 31 days there all the same, and its last one is the 31st.
    let last = interval("{days_of_month: ['-1'], location: Europe/Berlin}");
    assert!(
        last.contains(at("2026-03-31T12:00:00Z")) && !last.contains(at("2026-03-30T12:00:00Z"))
    );
    // A day begins where the zone says so.
    let sunday = interval("{weekdays: [sunday], location: Asia/Tokyo}");
    assert!(
        sunday.contains(at("2026-11-28T15:00:00Z")) && !sunday.contains(at("2026-11-29T15:00:00Z"))
    );
}

#[test]
fn intervals_in_force_are_named_in_order() {
    let defined: Vec<(Arc<str>, Vec<TimeInterval>)> = vec![
        ("never".into(), vec![interval("{years: [1999]}")]),
        ("always".into(), vec![interval("{years: [1999]}"), interval("{}")]),
        ("weekend".into(), vec![interval("{weekdays: [saturday, sunday]}")]),
    ];
    let names: Vec<Arc<str>> = ["weekend", "never", "unknown", "always"].map(Arc::from).to_vec();
    let found: Vec<&str> = in_force(&names, &defined, at("2026-11-28T12:00:00Z"))
        .into_iter()
        .map(AsRef::as_ref)
        .collect();
    assert_eq!(found, ["weekend", "always"]);
}

proptest! {
    #[test]
    fn no_range_panics(text in "[-+0-9a-z:]{0,12}|.{0,8}", seconds in -60_000_000_000_i64..200_000_000_000) {
        let now = Timestamp::from_second(seconds).unwrap();
        let _ = TimeRange::new(&text, "24:00");
        let _ = text.parse::<Location>();
        let interval = TimeInterval {
            weekdays: text.parse().ok().map(|range| vec![range]),
            days_of_month: text.parse().ok().map(|range| vec![range]),
            months: text.parse().ok().map(|range| vec![range]),
            years: text.parse().ok().map(|range| vec![range]),
            ..TimeInterval::default()
        };
        interval.contains(now);
    }

    /// What is read is written and read again as the same.
    #[test]
    fn written_and_read_again(start in -31_i64..=31, end in -31_i64..=31) {
        let text = format!("{start}:{end}");
        if let Ok(range) = text.parse::<DayRange>() {
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }
        if let Ok(range) = text.parse::<MonthRange>() {
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }
    }

    /// A day counted from the end is the one that is as far from the next month's first.
    #[test]
    fn negative_days_count_from_the_end(back in 1_i64..=28, year in 1990_i16..2090, month in 1_i8..=12) {
        let first = jiff::civil::date(year, month, 1);
        let day = first.last_of_month().checked_sub(jiff::Span::new().days(back - 1)).unwrap();
        let range: DayRange = format!("-{back}").parse().unwrap();
        for date in first.series(jiff::Span::new().days(1)).take(28) {
            prop_assert_eq!(range.contains(date), date == day);
        }
    }
}
