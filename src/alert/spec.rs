//! What the configuration may say about routing: Alertmanager's own model, with every default filled in. An
//! `alertmanager.yml` and our TOML compile to these values.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::model::{MaintenanceWindow, Matcher, Pairs};

pub use super::interval::TimeInterval;

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
