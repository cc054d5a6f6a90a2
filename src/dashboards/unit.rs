//! Units of what is shown, by Grafana's ids.

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// How many.
    Count,
    /// 0 to 1, shown in percent.
    Ratio,
    /// A duration, in seconds, with the prefix that fits.
    Seconds,
    /// A long duration, in seconds, in words.
    Duration,
    /// Days.
    Days,
    /// Milliseconds since the epoch.
    Moment,
    /// Memory, disk, bodies.
    Bytes,
    /// Times a second.
    PerSecond,
    /// Cores and other plain numbers, as they are.
    Plain,
    /// A word.
    Word,
}

impl Unit {
    /// Grafana's id.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Count => "short",
            Self::Ratio => "percentunit",
            Self::Seconds => "s",
            Self::Duration => "dtdurations",
            Self::Days => "d",
            Self::Moment => "dateTimeAsIso",
            Self::Bytes => "bytes",
            Self::PerSecond => "ops",
            Self::Plain => "none",
            Self::Word => "string",
        }
    }
}
