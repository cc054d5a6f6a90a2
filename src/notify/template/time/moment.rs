use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};

use super::{Span, Zone};

/// Go's `time.Time`.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Moment {
    pub(in super::super) at: Timestamp,
    pub(in super::super) zone: Zone,
}

/// How Go writes a time where nothing else is asked.
const STRING: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

impl Moment {
    pub(in super::super) fn utc(at: Timestamp) -> Self {
        Self { at, zone: Zone::Utc }
    }

    pub(in super::super) fn within(&self, zone: Zone) -> Self {
        Self { at: self.at, zone }
    }

    /// What the clock on the wall shows, and how many seconds east of Greenwich the wall is.
    pub(super) fn local(&self) -> (DateTime, i32) {
        let (seconds, _) = self.zone.at(self.at);
        let offset = Offset::from_seconds(seconds).unwrap_or(Offset::UTC);
        (offset.to_datetime(self.at), offset.seconds())
    }

    pub(in super::super) fn civil(&self) -> DateTime {
        self.local().0
    }

    pub(super) fn zone_name(&self) -> String {
        self.zone.at(self.at).1.into_owned()
    }

    /// From another moment to this one; at most what a [`Span`] holds.
    pub(in super::super) fn since(&self, earlier: &Self) -> Span {
        let nanoseconds = self.at.duration_since(earlier.at).as_nanos();
        let most = if nanoseconds < 0 { i64::MIN } else { i64::MAX };
        Span(i64::try_from(nanoseconds).unwrap_or(most))
    }

    pub(in super::super) fn plus(&self, span: Span) -> Self {
        let most = if span.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let moved = self.at.checked_add(SignedDuration::from_nanos(span.0));
        Self { at: moved.unwrap_or(most), zone: self.zone.clone() }
    }

    /// On another day of the calendar at the same hour. A day that a month does not have is one of the next month.
    pub(in super::super) fn plus_date(&self, years: i64, months: i64, days: i64) -> Option<Self> {
        let local = self.civil();
        let months = years.checked_mul(12)?.checked_add(months)?;
        let first = local.with().day(1).build().ok()?;
        let first = first.checked_add(jiff::Span::new().try_months(months).ok()?).ok()?;
        let days = i64::from(local.day() - 1).checked_add(days)?;
        let moved = first.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
        Some(Self::on_the_wall(moved, self.zone.clone()))
    }

    /// When a clock on the wall shows something; where it does so twice, the first time.
    pub(super) fn on_the_wall(local: DateTime, zone: Zone) -> Self {
        let east = |seconds| Offset::from_seconds(seconds).unwrap_or(Offset::UTC);
        let at = match &zone {
            Zone::Utc => Offset::UTC.to_timestamp(local),
            Zone::Fixed(seconds, _) => east(*seconds).to_timestamp(local),
            Zone::Named(zone) => zone.to_timestamp(local),
        };
        Self { at: at.unwrap_or(Timestamp::MIN), zone }
    }

    /// Rounded down to a multiple since the year 1, as Go counts.
    pub(in super::super) fn truncate(&self, to: Span) -> Self {
        if to.0 <= 0 {
            return self.clone();
        }
        self.plus(Span(-self.rest(to)))
    }

    /// To the nearest multiple since the year 1; up when half-way.
    pub(in super::super) fn round(&self, to: Span) -> Self {
        if to.0 <= 0 {
            return self.clone();
        }
        let rest = self.rest(to);
        let down = rest < to.0 - rest;
        self.plus(Span(if down { -rest } else { to.0 - rest }))
    }

    fn rest(&self, to: Span) -> i64 {
        let since = self.at.duration_since(crate::notify::template::data::ZERO).as_nanos();
        i64::try_from(since.rem_euclid(i128::from(to.0))).unwrap_or(0)
    }

    pub(in super::super) fn encoded(&self) -> String {
        format!("{} {}", self.at.as_nanosecond(), self.zone.encoded())
    }

    pub(in super::super) fn decoded(text: &str) -> Option<Self> {
        let (nanoseconds, zone) = text.split_once(' ')?;
        let at = Timestamp::from_nanosecond(nanoseconds.parse().ok()?).ok()?;
        Some(Self { at, zone: Zone::decoded(zone)? })
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.format(STRING))
    }
}
