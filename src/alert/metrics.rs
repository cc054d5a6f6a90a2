//! What the pipeline counts of itself.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::silences::SilenceCounts;
use crate::model::{AlertSource, NoticeReason, SilenceState};

/// What hides an alert from a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hides {
    /// Another alert.
    Inhibition,
    /// The route is outside its active intervals.
    ActiveInterval,
    /// The route is inside a mute interval.
    MuteInterval,
    /// A silence, or planned maintenance.
    Silence,
    /// An overlay of our own check.
    Overlay,
}

impl Hides {
    /// Every one, in the order of the stages.
    pub const ALL: [Self; 5] =
        [Self::Inhibition, Self::ActiveInterval, Self::MuteInterval, Self::Silence, Self::Overlay];

    /// The word used as label value: Alertmanager's, where it has one.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Inhibition => "inhibition",
            Self::ActiveInterval => "active_time_interval",
            Self::MuteInterval => "mute_time_interval",
            Self::Silence => "silence",
            Self::Overlay => "overlay",
        }
    }
}

/// Why a notice that was wanted is not sent at this flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The receiver's rate limit.
    RateLimit,
    /// The same was refused before, and it is too early to try again.
    Refused,
    /// Taken back between two attempts: everything in it is hidden now.
    Hidden,
    /// Taken back between two attempts: everything in it is over, and resolves are not told there.
    Over,
}

impl Withheld {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::RateLimit, Self::Refused, Self::Hidden, Self::Over];

    /// The word used as label value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Refused => "refused",
            Self::Hidden => "hidden",
            Self::Over => "over",
        }
    }
}

/// The pipeline's own metrics. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    alerts: Family<ByState, Gauge>,
    received: Family<BySource, Counter>,
    invalid: Counter,
    limited: Counter,
    hidden: Family<ByReason, Counter>,
    withheld: Family<ByReason, Counter>,
    notices: Family<ByReason, Counter>,
    groups: Gauge,
    silences: Family<ByState, Gauge>,
    given_up: Counter,
    reloads: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySource {
    source: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    reason: &'static str,
}

const FIRING: &str = "firing";
const RESOLVED: &str = "resolved";

/// Words of [`NoticeReason`] for a label.
const REASONS: [(NoticeReason, &str); 5] = [
    (NoticeReason::First, "first"),
    (NoticeReason::New, "new"),
    (NoticeReason::SomeResolved, "some_resolved"),
    (NoticeReason::AllResolved, "all_resolved"),
    (NoticeReason::Repeat, "repeat"),
];

impl Metrics {
    /// With what silences count themselves.
    pub(super) fn new(given_up: Counter) -> Self {
        Self { given_up, ..Self::default() }
    }

    /// Puts the families into a registry, every series that can be at 0 from the start.
    pub fn register(&self, registry: &mut Registry) {
        self.create();
        registry.register(
            "noroshi_alerts",
            "Alerts that fire, by whether something hides them",
            self.alerts.clone(),
        );
        registry.register(
            "noroshi_alerts_received",
            "Alerts that came in, by who told them and whether they fired",
            self.received.clone(),
        );
        registry.register(
            "noroshi_alerts_invalid",
            "Posted alerts that were none",
            self.invalid.clone(),
        );
        registry.register(
            "noroshi_alerts_limited",
            "Alerts that were not taken because too many of their name fire",
            self.limited.clone(),
        );
        registry.register(
            "noroshi_alerts_hidden",
            "Alerts hidden from a flush of their group, by what hid them",
            self.hidden.clone(),
        );
        registry.register(
            "noroshi_notices",
            "Notices put into the outbox, by why they were sent",
            self.notices.clone(),
        );
        registry.register(
            "noroshi_notices_withheld",
            "Notices that were due and not sent, by why not",
            self.withheld.clone(),
        );
        registry.register("noroshi_alert_groups", "Groups of alerts", self.groups.clone());
        registry.register(
            "noroshi_silences",
            "Silences by state; planned maintenance among them",
            self.silences.clone(),
        );
        registry.register(
            "noroshi_silences_given_up",
            "Silences that did not hide an alert because their patterns take too much effort for it",
            self.given_up.clone(),
        );
    }

    fn create(&self) {
        for state in ["active", "suppressed"] {
            let _ = self.alerts.get_or_create(&ByState { state });
        }
        for source in AlertSource::ALL {
            for status in [FIRING, RESOLVED] {
                let _ = self.received.get_or_create(&BySource { source: source.word(), status });
            }
        }
        for hides in Hides::ALL {
            let _ = self.hidden.get_or_create(&ByReason { reason: hides.word() });
        }
        for withheld in Withheld::ALL {
            let _ = self.withheld.get_or_create(&ByReason { reason: withheld.word() });
        }
        for (_, reason) in REASONS {
            let _ = self.notices.get_or_create(&ByReason { reason });
        }
        for state in SilenceState::ALL {
            let _ = self.silences.get_or_create(&ByState { state: state.word() });
        }
    }

    /// Alerts that came in from a source, firing or resolved.
    pub fn received_from(&self, source: AlertSource, resolved: bool) -> u64 {
        self.received.get_or_create(&BySource::new(source, resolved)).get()
    }

    /// Posted alerts that were none.
    pub fn invalid_total(&self) -> u64 {
        self.invalid.get()
    }

    /// Alerts that were not taken because too many of their name fire.
    pub fn limited_total(&self) -> u64 {
        self.limited.get()
    }

    /// Alerts hidden from flushes.
    pub fn hidden_by(&self, hides: Hides) -> u64 {
        self.hidden.get_or_create(&ByReason { reason: hides.word() }).get()
    }

    /// Notices put into the outbox for a reason.
    pub fn notices_for(&self, reason: NoticeReason) -> u64 {
        self.notices.get_or_create(&ByReason { reason: word(reason) }).get()
    }

    /// Notices that were due and not sent.
    pub fn withheld_by(&self, withheld: Withheld) -> u64 {
        self.withheld.get_or_create(&ByReason { reason: withheld.word() }).get()
    }

    /// Configurations taken after the first.
    pub fn reloads_total(&self) -> u64 {
        self.reloads.get()
    }

    pub(super) fn received(&self, source: AlertSource, resolved: bool) {
        self.received.get_or_create(&BySource::new(source, resolved)).inc();
    }

    pub(super) fn invalid(&self) {
        self.invalid.inc();
    }

    pub(super) fn limited(&self) {
        self.limited.inc();
    }

    pub(super) fn hidden(&self, hides: Hides, alerts: usize) {
        if alerts > 0 {
            let alerts = u64::try_from(alerts).unwrap_or(u64::MAX);
            self.hidden.get_or_create(&ByReason { reason: hides.word() }).inc_by(alerts);
        }
    }

    pub(super) fn withheld(&self, withheld: Withheld) {
        self.withheld.get_or_create(&ByReason { reason: withheld.word() }).inc();
    }

    pub(super) fn notice(&self, reason: NoticeReason) {
        self.notices.get_or_create(&ByReason { reason: word(reason) }).inc();
    }

    pub(super) fn reloaded(&self) {
        self.reloads.inc();
    }

    /// Takes how everything stands: alerts shown and hidden, groups, silences.
    pub(super) fn stands(&self, alerts: [usize; 2], groups: usize, silences: SilenceCounts) {
        let [active, suppressed] = alerts;
        for (state, count) in [("active", active), ("suppressed", suppressed)] {
            self.alerts.get_or_create(&ByState { state }).set(gauge(count));
        }
        for state in SilenceState::ALL {
            let count = match state {
                SilenceState::Active => silences.active,
                SilenceState::Pending => silences.pending,
                SilenceState::Expired => silences.expired,
            };
            self.silences.get_or_create(&ByState { state: state.word() }).set(gauge(count));
        }
        self.groups.set(gauge(groups));
    }
}

impl BySource {
    const fn new(source: AlertSource, resolved: bool) -> Self {
        Self { source: source.word(), status: if resolved { RESOLVED } else { FIRING } }
    }
}

fn word(reason: NoticeReason) -> &'static str {
    REASONS.iter().find(|(own, _)| *own == reason).map_or("other", |(_, word)| word)
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
