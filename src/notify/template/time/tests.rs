//! Against what Go's own program prints.

use super::{Moment, Span, Zone, parse};

fn moment(at: &str) -> Moment {
    Moment::utc(at.parse().unwrap())
}

fn named(at: &str, zone: &str) -> Moment {
    moment(at).within(Zone::load(zone).unwrap())
}

#[test]
fn layouts_read_as_in_go() {
    let at = moment("2009-02-05T05:00:57.0123456Z");
    for (layout, text) in [
        ("Mon Jan _2 15:04:05 2006", "Thu Feb  5 05:00:57 2009"),
        ("02 Jan 06 15:04 MST", "05 Feb 09 05:00 UTC"),
        ("Monday, 02-Jan-06 15:04:05 MST", "Thursday, 05-Feb-09 05:00:57 UTC"),
        ("Mon, 02 Jan 2006 15:04:05 -0700", "Thu, 05 Feb 2009 05:00:57 +0000"),
        ("2006-01-02T15:04:05.999999999Z07:00", "2009-02-05T05:00:57.0123456Z"),
        ("3:04PM", "5:00AM"),
        ("3:04pm", "5:00am"),
        ("06 01 02", "09 02 05"),
        (".000 .000000 .999 .99", ".012 .012345 .012 .01"),
        ("002 __2", "036  36"),
        ("Janet Month Jan.", "Janet Month Feb."),
        ("_2006", "_2009"),
        ("2006010215", "2009020505"),
    ] {
        assert_eq!(at.format(layout), text, "{layout}");
    }
}

#[test]
fn zones_have_abbreviations_and_offsets() {
    assert_eq!(
        named("2024-07-01T12:00:00Z", "Europe/Berlin").to_string(),
        "2024-07-01 14:00:00 +0200 CEST"
    );
    assert_eq!(
        named("2024-01-01T00:00:00Z", "America/St_Johns").format("-07:00 MST"),
        "-03:30 NST"
    );
    // Before there were zones there was local time, to the second.
    assert_eq!(named("1850-01-01T00:00:00Z", "Europe/Berlin").format("-07:00:00"), "+00:53:28");
    let fixed = parse("2006-01-02T15:04:05Z07:00", "2024-02-03T04:05:06+05:30").unwrap();
    assert_eq!(fixed.to_string(), "2024-02-03 04:05:06 +0530 +0530");
    assert!(Zone::load("Nowhere/At_All").is_none());
}

#[test]
fn times_are_read_as_in_go() {
    for (layout, text, expected) in [
        ("2006-01-02", "2024-02-29", "2024-02-29 00:00:00 +0000 UTC"),
        ("2006-01-02 15:04:05", "2024-02-29 07:08:09.25", "2024-02-29 07:08:09.25 +0000 UTC"),
        ("Jan _2 2006 3:04PM", "feb  9 2024 12:30AM", "2024-02-09 00:30:00 +0000 UTC"),
        ("Monday, January 2, 2006", "Thursday, February 29, 2024", "2024-02-29 00:00:00 +0000 UTC"),
        ("2006 002", "2024 060", "2024-02-29 00:00:00 +0000 UTC"),
        ("06", "69", "1969-01-01 00:00:00 +0000 UTC"),
        ("06", "68", "2068-01-01 00:00:00 +0000 UTC"),
        ("15:04:05.000 MST", "01:02:03.456 UTC", "0000-01-01 01:02:03.456 +0000 UTC"),
        ("15:04 MST", "01:02 CET", "0000-01-01 01:02:00 +0000 CET"),
        ("15:04 MST", "01:02 GMT+3", "0000-01-01 01:02:00 +0300 GMT+3"),
        ("2006-01-02T15:04:05Z07:00", "2024-02-03T04:05:06Z", "2024-02-03 04:05:06 +0000 UTC"),
        ("a 2 b", "a 7   b", "0000-01-07 00:00:00 +0000 UTC"),
    ] {
        let read = parse(layout, text).map(|read| read.to_string());
        assert_eq!(read.as_deref(), Ok(expected), "{text} as {layout}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for (layout, text) in [
        ("2006-01-02", "2024-02-30"),
        ("2006-01-02", "2024-13-01"),
        ("2006-01-02", "24-01-01"),
        ("2006-01-02", "2024-01-01x"),
        ("2006-01-02", ""),
        ("15:04", "24:00"),
        ("15:04", "1:60"),
        ("3:04PM", "13:04PM"),
        ("3:04PM", "1:04XM"),
        ("Jan", "Foo"),
        ("MST", "x"),
        ("Z07:00", "+1:00"),
        (".000", ".12"),
        ("2006 002", "2023 366"),
        ("2006", "狼煙狼煙"),
        ("PM", "狼"),
    ] {
        let read = parse(layout, text);
        assert!(read.is_err(), "{text} as {layout}: {read:?}");
    }
}

#[test]
fn dates_move_by_the_calendar() {
    let leap = moment("2024-02-29T01:02:03Z");
    assert_eq!(leap.plus_date(1, 0, 0).unwrap().to_string(), "2025-03-01 01:02:03 +0000 UTC");
    assert_eq!(
        moment("2024-01-31T00:00:00Z").plus_date(0, 1, 0).unwrap().to_string(),
        "2024-03-02 00:00:00 +0000 UTC"
    );
    assert_eq!(leap.plus_date(0, 0, -60).unwrap().to_string(), "2023-12-31 01:02:03 +0000 UTC");
    assert_eq!(leap.plus_date(i64::MAX, 0, 0), None);
    assert_eq!(leap.plus(Span(i64::MAX)).plus(Span(i64::MAX)).since(&leap), Span(i64::MAX));
}
