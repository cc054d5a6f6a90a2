//! What the configuration may say about routing: Alertmanager's own model, with every default filled in. An
//! `alertmanager.yml` and our TOML compile to these values.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::model::{Lane, MaintenanceWindow, Matcher, Pairs, matcher::Syntax};

pub use super::interval::{
    DayRange, Location, MonthRange, TimeInterval, TimeRange, WeekdayRange, YearRange,
};

/// Everything the pipeline is configured by. Checked: every name that is used is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The root of the tree; it matches everything.
    pub route: Route,
    /// By name, in the order of the file.
    pub receivers: Vec<Receiver>,
    /// In the order of the file.
    pub inhibit_rules: Vec<InhibitRule>,
    /// What mute and active intervals name.
    pub time_intervals: Vec<(Arc<str>, Vec<TimeInterval>)>,
    /// `[maintenance.*]`: windows that hide alerts, shown as silences.
    pub maintenance: Vec<Maintenance>,
    /// How long an alert fires whose sender did not say until when.
    pub resolve_timeout: Duration,
    /// Holds alerts of others that change too often; off where there is none.
    pub flap_hold: Option<FlapHold>,
    /// How long the resolve of a check waits that notifies by Prometheus too.
    pub resolve_hold: Duration,
    /// Real Alertmanagers that our own alerts are pushed to.
    pub alertmanagers: Vec<Push>,
}

impl Config {
    /// The receiver of that name.
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| *receiver.name == *name)
    }

    /// The lanes of a group to a receiver, and whether resolves are told there.
    pub fn lanes<'c>(
        &'c self,
        group: &'c Arc<str>,
        receiver: &'c Arc<str>,
    ) -> impl Iterator<Item = (Lane, bool)> + 'c {
        let ways = self.receiver(receiver).into_iter().flat_map(Receiver::ways);
        ways.map(|(integration, own)| {
            let (group, receiver) = (Arc::clone(group), Arc::clone(receiver));
            (Lane { group, receiver, kind: Arc::clone(&own.kind), integration }, own.send_resolved)
        })
    }

    /// Whether there is an integration that a lane leads to.
    pub fn leads_somewhere(&self, lane: &Lane) -> bool {
        let mut ways = self.receiver(&lane.receiver).into_iter().flat_map(Receiver::ways);
        ways.any(|(integration, own)| integration == lane.integration && own.kind == lane.kind)
    }
}

/// A node of the route tree; what it inherits is filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Who is told.
    pub receiver: Arc<str>,
    /// All must match; empty at the root. `match`, `match_re` and `matchers` joined and sorted as Alertmanager does.
    pub matchers: Arc<[Matcher]>,
    /// Whether its siblings are looked at after it matched.
    pub continues: bool,
    /// What makes a group.
    pub group_by: GroupBy,
    /// From a group's first alert to its first notice.
    pub group_wait: Duration,
    /// From a notice to the next that tells of changes.
    pub group_interval: Duration,
    /// From a notice to the same again.
    pub repeat_interval: Duration,
    /// Muted during these; not inherited.
    pub mute_time_intervals: Vec<Arc<str>>,
    /// Muted outside these, if there are any; not inherited.
    pub active_time_intervals: Vec<Arc<str>>,
    /// Labels of the route (0.34); inherited.
    pub labels: Pairs,
    /// Children.
    pub routes: Vec<Self>,
}

/// What makes a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// `['...']`: every label.
    All,
    /// These labels; none of them: one group.
    Labels(BTreeSet<Arc<str>>),
}

/// Who is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// Its name.
    pub name: Arc<str>,
    /// Labels of the receiver (0.33), without `name`.
    pub labels: Pairs,
    /// In Alertmanager's order of kinds, then of the file.
    pub integrations: Vec<Integration>,
    /// At most so many notices in a time; more are held back and told in a summary.
    pub rate_limit: Option<RateLimit>,
}

impl Receiver {
    /// Its integrations, each with its place among those of its kind.
    pub fn ways(&self) -> impl Iterator<Item = (u16, &Integration)> {
        self.integrations.iter().enumerate().map(|(at, own)| {
            let before = self.integrations.iter().take(at).filter(|other| other.kind == own.kind);
            (u16::try_from(before.count()).unwrap_or(u16::MAX), own)
        })
    }
}

/// One way of telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// `webhook`, `slack`, ...
    pub kind: Arc<str>,
    /// Whether resolves are told too.
    pub send_resolved: bool,
}

/// At most `notices` in `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub notices: u32,
    /// In what time.
    pub per: Duration,
}

/// While a source fires, its targets are hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct InhibitRule {
    /// Its name (0.30); may be empty.
    pub name: Arc<str>,
    /// Which alerts inhibit.
    pub source: Arc<[Matcher]>,
    /// Which are inhibited.
    pub target: Arc<[Matcher]>,
    /// Labels that must be equal in both; a missing one is empty.
    pub equal: BTreeSet<Arc<str>>,
}

/// A planned time of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Maintenance {
    /// Its key in the configuration.
    pub name: Arc<str>,
    /// Which alerts are hidden.
    pub matchers: Arc<[Matcher]>,
    /// When.
    pub window: MaintenanceWindow,
    /// Why, for people.
    pub comment: Arc<str>,
}

/// When an alert of another source flaps: it changed `changes` times within `window`. It is then held firing until it has
/// been quiet for `hold`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlapHold {
    /// Changes between firing and resolved.
    pub changes: u32,
    /// In what time.
    pub window: Duration,
    /// Quiet time until it may resolve.
    pub hold: Duration,
}

/// `[alertmanagers.NAME]`: where our own alerts are pushed to.
#[derive(Debug, Clone, PartialEq)]
pub struct Push {
    /// Its key.
    pub name: Arc<str>,
    /// From one send of a firing alert to the next.
    pub resend: Duration,
    /// Added to every alert pushed there.
    pub external_labels: Pairs,
}

/// What flags say about the pipeline, beside the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// `--alerts.gc-interval`: how often resolved alerts are forgotten.
    pub gc_interval: Duration,
    /// `--alerts.per-alertname-limit`: how many alerts of one name may fire at once; 0 for any number.
    pub per_alertname_limit: usize,
    /// `--dispatch.start-delay`: no notice earlier than this after a start.
    pub start_delay: Duration,
    /// How long alerts that were restored are given to be told again before they expire.
    pub start_grace: Duration,
    /// `--data.retention`: how long ended silences and what was told are kept.
    pub retention: Duration,
    /// `--silences.max-silences`: 0 for any number.
    pub max_silences: usize,
    /// `--silences.max-silence-size-bytes`: 0 for any size.
    pub max_silence_size: usize,
    /// Which label names there are: `--enable-feature=classic-mode` and `utf8-strict-mode`.
    pub syntax: Syntax,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gc_interval: Duration::from_mins(30),
            per_alertname_limit: 0,
            start_delay: Duration::ZERO,
            start_grace: Duration::from_mins(5),
            retention: Duration::from_hours(120),
            max_silences: 0,
            max_silence_size: 0,
            syntax: Syntax::default(),
        }
    }
}
