use std::{borrow::Cow, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};

/// Go's `*time.Location`.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Zone {
    Utc,
    /// Of the database.
    Named(TimeZone),
    /// Read from a text: seconds east, and the abbreviation that stood there.
    Fixed(i32, Arc<str>),
}

impl Zone {
    /// Go's `LoadLocation`. `Local` is what our machine goes by.
    pub(in super::super) fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" => Some(Self::Utc),
            "Local" => Some(Self::Named(TimeZone::system())),
            name => TimeZone::get(name).ok().map(Self::Named),
        }
    }

    /// Seconds east of Greenwich at a moment, and the zone's abbreviation then; empty where it has none.
    pub(in super::super) fn at(&self, at: Timestamp) -> (i32, Cow<'_, str>) {
        match self {
            Self::Utc => (0, "UTC".into()),
            Self::Named(zone) => {
                let info = zone.to_offset_info(at);
                (info.offset().seconds(), info.abbreviation().to_owned().into())
            }
            Self::Fixed(seconds, name) => (*seconds, (&**name).into()),
        }
    }

    pub(in super::super) fn is_dst(&self, at: Timestamp) -> bool {
        matches!(self, Self::Named(zone) if zone.to_offset_info(at).dst().is_dst())
    }

    pub(in super::super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Named(zone) => zone.iana_name().unwrap_or("Local"),
            Self::Fixed(_, name) => name,
        }
    }

    pub(in super::super) fn encoded(&self) -> String {
        match self {
            Self::Utc => "u".to_owned(),
            Self::Named(zone) => format!("n{}", zone.iana_name().unwrap_or("Local")),
            Self::Fixed(seconds, name) => format!("f{seconds} {name}"),
        }
    }

    pub(in super::super) fn decoded(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix('n') {
            return Self::load(name);
        }
        let Some(fixed) = text.strip_prefix('f') else { return Some(Self::Utc) };
        let (seconds, name) = fixed.split_once(' ')?;
        Some(Self::Fixed(seconds.parse().ok()?, name.into()))
    }
}
