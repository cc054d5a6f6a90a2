//! The reading side: everything at one moment, for as many questions as there are.

use std::sync::Arc;

use jiff::Timestamp;

use super::Config;
use crate::model::{Alert, Fingerprint, Pairs, Silence, SilenceId, SilenceState};

/// How everything stood at one moment. Never changes; the next one is another value.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The moment.
    pub at: Timestamp,
    /// Grows with every change of what a snapshot shows: good for an `ETag`.
    pub version: u64,
    /// What was in force.
    pub config: Arc<Config>,
    /// Those that fire, by fingerprint.
    pub alerts: Vec<AlertView>,
    /// Those with an alert that fires, by Alertmanager's order of their labels, then by receiver.
    pub groups: Vec<GroupView>,
    /// In no order; maintenance windows among them.
    pub silences: Vec<Arc<Silence>>,
}

/// An alert that fires, and how it stands.
#[derive(Debug, Clone)]
pub struct AlertView {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// The alert. While a check of ours is down, [`AlertView::ends_at`] is what to show.
    pub alert: Arc<Alert>,
    /// Until when, for people: always a moment that is near.
    pub ends_at: Timestamp,
    /// Names of the receivers its routes lead to, in the order of the routes, repeated if they are.
    pub receivers: Arc<[Arc<str>]>,
    /// Active silences that hide it, sorted.
    pub silenced_by: Arc<[SilenceId]>,
    /// The first alert that inhibits it; at most one, as Alertmanager reports it.
    pub inhibited_by: Option<Fingerprint>,
}

impl AlertView {
    /// Whether a silence, an inhibition or an overlay of its check hides it.
    pub fn is_suppressed(&self) -> bool {
        !self.silenced_by.is_empty()
            || self.inhibited_by.is_some()
            || self.alert.overlays != crate::model::Overlays::default()
    }
}

/// A group of alerts that are told together.
#[derive(Debug, Clone)]
pub struct GroupView {
    /// Alertmanager's group key.
    pub key: Arc<str>,
    /// Alertmanager's route id: the route's key and its place among its siblings.
    pub route_id: Arc<str>,
    /// The labels that make the group.
    pub labels: Pairs,
    /// Who is told.
    pub receiver: Arc<str>,
    /// Labels of the route.
    pub route_labels: Pairs,
    /// Names of the intervals that muted it at its last flush.
    pub muted_by: Arc<[Arc<str>]>,
    /// Positions in [`Snapshot::alerts`], in Alertmanager's order of alerts.
    pub alerts: Vec<u32>,
}

impl Snapshot {
    /// The alert of that fingerprint.
    pub fn alert(&self, fingerprint: Fingerprint) -> Option<&AlertView> {
        let at = self.alerts.binary_search_by_key(&fingerprint, |view| view.fingerprint).ok()?;
        self.alerts.get(at)
    }

    /// The alerts of a group.
    pub fn alerts_of<'s>(&'s self, group: &'s GroupView) -> impl Iterator<Item = &'s AlertView> {
        group.alerts.iter().filter_map(|at| self.alerts.get(usize::try_from(*at).ok()?))
    }

    /// The silence of that name.
    pub fn silence(&self, id: SilenceId) -> Option<&Arc<Silence>> {
        self.silences.iter().find(|silence| silence.id == id)
    }

    /// Where a silence is in its life at the snapshot's moment.
    pub fn state(&self, silence: &Silence) -> SilenceState {
        silence.state(self.at)
    }
}
