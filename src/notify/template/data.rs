use std::sync::{Arc, OnceLock};

use gotmpl::Value;
use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::model::{Notice, NoticeAlert, NoticeReason, Pairs};

/// What a notice itself does not know.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where people find us: the base of links.
    pub external_url: Arc<str>,
    /// Labels of the route that led here.
    pub route_labels: Pairs,
    /// What `now` and `since` go by.
    pub now: Timestamp,
}

/// What templates are rendered with, and the body of a webhook: Alertmanager's template data.
#[derive(Debug)]
pub struct Data {
    receiver: String,
    status: &'static str,
    alerts: Vec<DataAlert>,
    notification_reason: &'static str,
    group_labels: Pairs,
    common_labels: Pairs,
    common_annotations: Pairs,
    held_back: u64,
    around: Surroundings,
    /// The same as the engine takes it; made once, however many templates a message has.
    pub(super) value: OnceLock<Value>,
}

/// One alert of the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataAlert {
    /// `firing` or `resolved`.
    pub status: &'static str,
    /// Its labels.
    pub labels: Pairs,
    /// Its annotations.
    pub annotations: Pairs,
    /// Since when it fires.
    pub starts_at: Timestamp,
    /// When it ended; the year 1 while it fires, as Go's zero time.
    pub ends_at: Timestamp,
    /// Where it comes from.
    #[serde(rename = "generatorURL")]
    pub generator_url: Arc<str>,
    /// Its identity, 16 hexadecimal digits.
    pub fingerprint: String,
}

impl Data {
    /// All alerts of a notice.
    pub fn new(notice: &Notice, around: Surroundings) -> Self {
        Self::of(notice, &notice.alerts, around)
    }

    /// Some alerts of a notice, for a message that is cut (`max_alerts`).
    pub fn of(notice: &Notice, alerts: &[NoticeAlert], around: Surroundings) -> Self {
        Self {
            receiver: quoted(&notice.lane.receiver),
            status: status(alerts.iter().any(NoticeAlert::is_firing)),
            alerts: alerts.iter().map(DataAlert::new).collect(),
            notification_reason: reason(notice.reason),
            group_labels: notice.group_labels.clone(),
            common_labels: common(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
            held_back: notice.held_back,
            around,
            value: OnceLock::new(),
        }
    }

    /// The receiver's name, with a backslash before what a regular expression would take for its own, as Alertmanager
    /// gives it to templates and webhooks.
    pub fn receiver(&self) -> &str {
        &self.receiver
    }

    /// `firing` while any alert fires, else `resolved`.
    pub fn status(&self) -> &'static str {
        self.status
    }

    /// The alerts, in the notice's order.
    pub fn alerts(&self) -> &[DataAlert] {
        &self.alerts
    }

    /// Why it is sent.
    pub fn notification_reason(&self) -> &'static str {
        self.notification_reason
    }

    /// What makes the group.
    pub fn group_labels(&self) -> &Pairs {
        &self.group_labels
    }

    /// Labels that all alerts have.
    pub fn common_labels(&self) -> &Pairs {
        &self.common_labels
    }

    /// Annotations that all alerts have.
    pub fn common_annotations(&self) -> &Pairs {
        &self.common_annotations
    }

    /// Alerts that the receiver's rate limit held back since its last message.
    pub fn held_back(&self) -> u64 {
        self.held_back
    }

    /// Where people find us.
    pub fn external_url(&self) -> &str {
        &self.around.external_url
    }

    /// Labels of the route.
    pub fn route_labels(&self) -> &Pairs {
        &self.around.route_labels
    }

    /// What `now` is.
    pub fn now(&self) -> Timestamp {
        self.around.now
    }
}

/// Alertmanager's keys in its order; a webhook's body is this and a few keys more. `routeLabels` (0.34) and
/// `heldBack` (ours) only where there are some.
impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

impl Data {
    /// Writes the keys into a larger object.
    pub fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("receiver", &self.receiver)?;
        map.serialize_entry("status", self.status)?;
        map.serialize_entry("alerts", &self.alerts)?;
        map.serialize_entry("notification_reason", self.notification_reason)?;
        map.serialize_entry("groupLabels", &self.group_labels)?;
        map.serialize_entry("commonLabels", &self.common_labels)?;
        map.serialize_entry("commonAnnotations", &self.common_annotations)?;
        if !self.around.route_labels.is_empty() {
            map.serialize_entry("routeLabels", &self.around.route_labels)?;
        }
        map.serialize_entry("externalURL", &self.around.external_url)?;
        if self.held_back > 0 {
            map.serialize_entry("heldBack", &self.held_back)?;
        }
        Ok(())
    }
}

impl DataAlert {
    fn new(alert: &NoticeAlert) -> Self {
        Self {
            status: status(alert.is_firing()),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            starts_at: alert.starts_at,
            ends_at: alert.ends_at.unwrap_or(ZERO),
            generator_url: alert.generator_url.clone(),
            fingerprint: alert.fingerprint.to_string(),
        }
    }
}

/// Go's zero time, 0001-01-01T00:00:00Z.
pub(super) const ZERO: Timestamp = Timestamp::constant(-62_135_596_800, 0);

const fn status(firing: bool) -> &'static str {
    if firing { "firing" } else { "resolved" }
}

const fn reason(reason: NoticeReason) -> &'static str {
    match reason {
        NoticeReason::First => "first notification",
        NoticeReason::New => "new alerts added",
        NoticeReason::SomeResolved => "some alerts resolved",
        NoticeReason::AllResolved => "all alerts resolved",
        NoticeReason::Repeat => "repeat interval elapsed",
    }
}

/// The pairs that all have with the same value.
fn common<'p>(mut all: impl Iterator<Item = &'p Pairs>) -> Pairs {
    let Some(first) = all.next() else { return Pairs::default() };
    let mut common: Vec<(&str, &str)> = first.iter().collect();
    for other in all {
        if common.is_empty() {
            break;
        }
        common.retain(|(name, value)| other.get(name) == Some(value));
    }
    Pairs::new(common)
}

/// Go's `regexp.QuoteMeta`.
fn quoted(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for char in name.chars() {
        if r"\.+*?()|[]{}^$".contains(char) {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted
}
