//! What `/metrics` of the drop-in tells of the pipeline, under Alertmanager's names.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;

use crate::{
    alert::{Hides, Metrics, Snapshot},
    model::{
        Delivery, DeliveryResult, Histogram, LabelSet, MetricKind, SendReason, SilenceState, Sink,
    },
};

/// Kinds of integrations that Alertmanager 0.33 counts from the start.
const KINDS: [&str; 18] = [
    "discord",
    "email",
    "incidentio",
    "jira",
    "mattermost",
    "msteams",
    "msteamsv2",
    "opsgenie",
    "pagerduty",
    "pushover",
    "rocketchat",
    "slack",
    "sns",
    "telegram",
    "victorops",
    "webex",
    "webhook",
    "wechat",
];

/// Reasons that Alertmanager 0.33 counts from the start; two more come with their first failure.
const REASONS: [SendReason; 5] = [
    SendReason::ClientError,
    SendReason::Cancelled,
    SendReason::DeadlineExceeded,
    SendReason::Other,
    SendReason::ServerError,
];

/// Failed attempts at one notice that make a failed notification. Alertmanager gives up after a group interval, which is
/// about so many attempts; we go on, and count again.
const FAILED: u32 = 10;

/// Bounds of `alertmanager_notification_latency_seconds`.
const LATENCY: [f64; 5] = [1.0, 5.0, 10.0, 15.0, 20.0];

/// What was delivered, counted as Alertmanager does. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Mutex<BTreeMap<Arc<str>, Count>>>);

#[derive(Debug, Clone)]
struct Count {
    notifications: u64,
    failed: BTreeMap<&'static str, u64>,
    requests: u64,
    requests_failed: u64,
    latency: Histogram,
}

impl Default for Count {
    fn default() -> Self {
        Self {
            notifications: 0,
            failed: REASONS.iter().map(|reason| (reason.word(), 0)).collect(),
            requests: 0,
            requests_failed: 0,
            latency: Histogram::classic(LATENCY.into(), Vec::new(), 0.0),
        }
    }
}

impl Counts {
    /// An attempt at a notice ended.
    pub fn delivery(&self, delivery: &Delivery) {
        let mut counts = self.0.lock();
        let count = counts.entry(Arc::clone(&delivery.lane.kind)).or_default();
        count.requests += 1;
        count.latency.observe(delivery.seconds);
        let (failure, is_over) = match &delivery.result {
            DeliveryResult::Delivered(_) => (None, true),
            DeliveryResult::Retry { failure, .. } => {
                (Some(failure), delivery.attempt.is_multiple_of(FAILED))
            }
            DeliveryResult::Dead(failure) => (Some(failure), true),
        };
        count.requests_failed += u64::from(failure.is_some());
        if is_over {
            count.notifications += 1;
            if let Some(failure) = failure {
                *count.failed.entry(failure.reason.word()).or_default() += 1;
            }
        }
    }

    fn by_kind(&self) -> BTreeMap<Arc<str>, Count> {
        let mut counts: BTreeMap<Arc<str>, Count> =
            KINDS.iter().map(|kind| (Arc::from(*kind), Count::default())).collect();
        counts.extend(self.0.lock().iter().map(|(kind, count)| (Arc::clone(kind), count.clone())));
        counts
    }
}

/// A gauge or counter without labels.
type Plain = (&'static str, &'static str, MetricKind, f64);

/// What is told of.
pub(super) struct Standing<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// Of the configuration file in force.
    pub(super) fingerprint: u64,
    /// Whether to tell of a cluster of one.
    pub(super) is_member: bool,
    /// What was delivered.
    pub(super) counts: &'a Counts,
    /// What the pipeline counts of itself.
    pub(super) pipeline: &'a Metrics,
    /// The most alerts of one name; 0 is any number.
    pub(super) per_alertname_limit: usize,
}

/// Writes the families.
pub(super) fn write(standing: &Standing<'_>, sink: &mut impl Sink) {
    states(standing.snapshot, sink);
    let configured = configured(standing.snapshot, standing.fingerprint).into_iter();
    let others = limits(standing).into_iter().chain(membership(standing.is_member)).chain(absent());
    for (name, help, kind, value) in configured.chain(others) {
        sink.family(name, help, kind);
        sink.sample(&LabelSet::default(), &[], value);
    }
    suppressed(standing.pipeline, sink);
    notifications(standing.counts, sink);
}

/// Alerts and silences by their state.
fn states(snapshot: &Snapshot, sink: &mut impl Sink) {
    let none = LabelSet::default();
    let suppressed = snapshot.alerts.iter().filter(|view| view.is_suppressed()).count();
    sink.family("alertmanager_alerts", "How many alerts by state", MetricKind::Gauge);
    for (state, count) in [
        ("active", snapshot.alerts.len() - suppressed),
        ("suppressed", suppressed),
        // Every alert is processed before it is shown.
        ("unprocessed", 0),
    ] {
        sink.sample(&none, &[("state", state)], whole(count));
    }
    sink.family("alertmanager_silences", "How many silences by state", MetricKind::Gauge);
    for state in SilenceState::ALL {
        let count = snapshot.silences.iter().filter(|s| snapshot.state(s) == state).count();
        sink.sample(&none, &[("state", state.word())], whole(count));
    }
}

/// What follows from the configuration and the groups.
fn configured(snapshot: &Snapshot, fingerprint: u64) -> [Plain; 7] {
    use MetricKind::Gauge;
    let config = &snapshot.config;
    let integrations = config.receivers.iter().map(|receiver| receiver.integrations.len()).sum();
    [
        (
            "alertmanager_config_hash",
            "Hash of the currently loaded alertmanager configuration",
            Gauge,
            number(fingerprint),
        ),
        (
            "alertmanager_receivers",
            "Number of configured receivers",
            Gauge,
            whole(config.receivers.len()),
        ),
        (
            "alertmanager_integrations",
            "Number of configured integrations",
            Gauge,
            whole(integrations),
        ),
        (
            "alertmanager_inhibition_rules",
            "Number of configured inhibition rules",
            Gauge,
            whole(config.inhibit_rules.len()),
        ),
        (
            "alertmanager_dispatcher_aggregation_groups",
            "Number of active aggregation groups",
            Gauge,
            whole(snapshot.groups.len()),
        ),
        (
            "alertmanager_silences_state_size",
            "The number of silences in the state map",
            Gauge,
            whole(snapshot.silences.len()),
        ),
        (
            "alertmanager_silences_matcher_index_size",
            "The number of entries in the matcher cache index",
            Gauge,
            whole(snapshot.silences.len()),
        ),
    ]
}

/// How many alerts of one name may fire, and how many were not taken for that.
fn limits(standing: &Standing<'_>) -> [Plain; 2] {
    [
        (
            "alertmanager_alerts_per_alert_limit",
            "Current limit on number of alerts per alert name",
            MetricKind::Gauge,
            whole(standing.per_alertname_limit),
        ),
        (
            "alertmanager_alerts_limited_total",
            "Total number of alerts that were dropped due to per alert name limit",
            MetricKind::Counter,
            number(standing.pipeline.limited_total()),
        ),
    ]
}

/// Alerts that something kept out of a notice.
fn suppressed(pipeline: &Metrics, sink: &mut impl Sink) {
    let help = "The total number of notifications suppressed for being silenced, inhibited, outside of active time \
                intervals or within muted time intervals";
    sink.family("alertmanager_notifications_suppressed_total", help, MetricKind::Counter);
    // Overlays belong to checks of our own, which are not here.
    for hides in Hides::ALL.into_iter().filter(|hides| *hides != Hides::Overlay) {
        let hidden = number(pipeline.hidden_by(hides));
        sink.sample(&LabelSet::default(), &[("reason", hides.word())], hidden);
    }
}

/// A cluster of one. Nothing is gossiped, but rules that count the replicas of a job want the names, and say then that more
/// than one of them are alone.
fn membership(is_member: bool) -> impl Iterator<Item = Plain> {
    let families = [
        (
            "alertmanager_cluster_members",
            "Number indicating current number of members in cluster",
            1,
        ),
        (
            "alertmanager_cluster_failed_peers",
            "Number indicating the current number of failed peers in the cluster",
            0,
        ),
        (
            "alertmanager_cluster_health_score",
            "Health score of the cluster. Lower values are better and zero means 'totally healthy'",
            0,
        ),
        (
            "alertmanager_peer_position",
            "Position the Alertmanager instance believes it's in. The position determines a peer's behavior in the cluster",
            0,
        ),
    ];
    let told = move |(name, help, value)| (name, help, MetricKind::Gauge, number(value));
    families.into_iter().filter(move |_| is_member).map(told)
}

/// What never happens here, because nothing is gossiped and the store is no file that is written now and then; told all
/// the same, for those whose rules want the names.
fn absent() -> impl Iterator<Item = Plain> {
    use MetricKind::{Counter, Gauge};
    [
        (
            "alertmanager_cluster_enabled",
            "Indicates whether the clustering is enabled or not",
            Gauge,
        ),
        (
            "alertmanager_dispatcher_aggregation_group_creation_given_up_total",
            "Number of times when dispatcher gave up creating an aggregation group",
            Counter,
        ),
        (
            "alertmanager_dispatcher_aggregation_group_creation_retries_total",
            "Number of times when dispatcher tried again to create an aggregation group",
            Counter,
        ),
        (
            "alertmanager_dispatcher_aggregation_group_limit_reached_total",
            "Number of times when dispatcher failed to create new aggregation group due to limit",
            Counter,
        ),
        (
            "alertmanager_nflog_gossip_messages_propagated_total",
            "Number of received gossip messages that have been further gossiped",
            Counter,
        ),
        (
            "alertmanager_nflog_maintenance_errors_total",
            "How many maintenances were executed that failed",
            Counter,
        ),
        (
            "alertmanager_nflog_query_errors_total",
            "Number notification log received queries that failed",
            Counter,
        ),
        (
            "alertmanager_silences_gossip_messages_propagated_total",
            "Number of received gossip messages that have been further gossiped",
            Counter,
        ),
        (
            "alertmanager_silences_gc_errors_total",
            "How many silence GC errors were encountered",
            Counter,
        ),
        (
            "alertmanager_silences_maintenance_errors_total",
            "How many maintenances were executed that failed",
            Counter,
        ),
        (
            "alertmanager_silences_query_errors_total",
            "How many silence received queries did not succeed",
            Counter,
        ),
    ]
    .into_iter()
    .map(|(name, help, kind)| (name, help, kind, 0.0))
}

fn notifications(counts: &Counts, sink: &mut impl Sink) {
    let none = LabelSet::default();
    let counts = counts.by_kind();
    let mut family = |name, help, value: fn(&Count) -> u64| {
        sink.family(name, help, MetricKind::Counter);
        for (kind, count) in &counts {
            sink.sample(&none, &[("integration", kind)], number(value(count)));
        }
    };
    family(
        "alertmanager_notifications_total",
        "The total number of attempted notifications",
        |count| count.notifications,
    );
    family(
        "alertmanager_notification_requests_total",
        "The total number of attempted notification requests",
        |count| count.requests,
    );
    family(
        "alertmanager_notification_requests_failed_total",
        "The total number of failed notification requests",
        |count| count.requests_failed,
    );
    let help = "The total number of failed notifications";
    sink.family("alertmanager_notifications_failed_total", help, MetricKind::Counter);
    for (kind, count) in &counts {
        for (reason, failed) in &count.failed {
            sink.sample(&none, &[("integration", kind), ("reason", reason)], number(*failed));
        }
    }
    let help = "The latency of notifications in seconds";
    sink.family("alertmanager_notification_latency_seconds", help, MetricKind::Histogram);
    for (kind, count) in &counts {
        sink.histogram(&none, &[("integration", kind)], &count.latency);
    }
}

fn whole(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
