use std::sync::Arc;

use jiff::Timestamp;

use super::{CheckId, Reason};

/// What the state machine believes of a check (`spec` section "States of a check" in ARCHITECTURE.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseState {
    /// Failed often enough.
    Down,
    /// Passes.
    Up,
    /// Failed, but not often enough yet.
    Pending,
    /// Passes, but a `warn` rule is broken.
    Degraded,
    /// No verdict: not run yet, or we could not tell.
    Unknown,
    /// Passes again, but not often enough yet.
    Recovering,
}

impl BaseState {
    /// The state of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Down, Self::Up, Self::Pending, Self::Degraded, Self::Unknown, Self::Recovering];

    /// The word used as label value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::Pending => "pending",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Recovering => "recovering",
        }
    }

    /// The value of `noroshi_check_state`. A code, never to be compared with `>`; 3 is left to maintenance.
    pub const fn code(self) -> u8 {
        match self {
            Self::Down => 0,
            Self::Up => 1,
            Self::Pending => 2,
            Self::Degraded => 4,
            Self::Unknown => 5,
            Self::Recovering => 6,
        }
    }

    /// The machine's verdict: up until it is DOWN, down until it is UP again; none in UNKNOWN.
    pub const fn is_up(self) -> Option<bool> {
        match self {
            Self::Up | Self::Pending | Self::Degraded => Some(true),
            Self::Down | Self::Recovering => Some(false),
            Self::Unknown => None,
        }
    }

    /// Whether `retry_interval` applies.
    pub const fn is_troubled(self) -> bool {
        matches!(self, Self::Pending | Self::Down)
    }
}

/// What lies over a base state. Overlays mute alerts only: measuring goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Overlays {
    /// A planned time of work.
    pub maintenance: bool,
    /// It changes too often.
    pub flapping: bool,
    /// A parent or the guard is in trouble.
    pub suppressed: bool,
}

impl Overlays {
    /// The words of those that are on.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [
            ("maintenance", self.maintenance),
            ("flapping", self.flapping),
            ("suppressed", self.suppressed),
        ]
        .into_iter()
        .filter_map(|(word, on)| on.then_some(word))
    }

    /// Whether one of them is on.
    pub const fn any(self) -> bool {
        self.maintenance || self.flapping || self.suppressed
    }

    /// Those whose words are given; a word of none of them is passed over.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut overlays = Self::default();
        for word in words {
            match word {
                "maintenance" => overlays.maintenance = true,
                "flapping" => overlays.flapping = true,
                "suppressed" => overlays.suppressed = true,
                _ => {}
            }
        }
        overlays
    }
}

/// What the state tells the schedule: whether `retry_interval` applies to a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Whose.
    pub id: CheckId,
    /// PENDING or DOWN.
    pub troubled: bool,
}

/// A change of a check's state or overlays; never between two equal ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// Whose.
    pub id: CheckId,
    /// When.
    pub at: Timestamp,
    /// Before.
    pub from: (BaseState, Overlays),
    /// After.
    pub to: (BaseState, Overlays),
    /// Why, where the last run failed.
    pub reason: Option<Reason>,
    /// The last run's own words; may hold a stranger's text.
    pub detail: Arc<str>,
}
