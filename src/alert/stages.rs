//! What a flush shows of a group: the stages that hide alerts, in Alertmanager's order.
//!
//! A stage hides an alert from this flush; none takes it out of its group.

use std::sync::Arc;

use jiff::Timestamp;

use super::{interval::in_force, metrics::Hides, pipeline::Pipeline, routes::NodeId, table::Slot};
use crate::model::{Fingerprint, Overlays};

/// A group's alert at a flush.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) slot: Slot,
    pub(super) fingerprint: Fingerprint,
    pub(super) resolved: bool,
}

/// What the stages let through.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) members: Vec<Member>,
    /// Sorted.
    pub(super) hidden: Vec<Fingerprint>,
    /// The intervals that hid all of them.
    pub(super) muted_by: Option<Arc<[Arc<str>]>>,
}

impl Pipeline {
    /// Inhibition, active intervals, mute intervals, silences and maintenance; then the overlays of our own checks.
    pub(super) fn shown(&mut self, node: NodeId, members: Vec<Member>, now: Timestamp) -> Shown {
        let mut shown = Shown { members, ..Shown::default() };
        self.hide(&mut shown, Hides::Inhibition, |pipeline, member| {
            pipeline.is_inhibited(member.slot, now)
        });
        shown.muted_by = self.outside_active(node, now);
        if shown.muted_by.is_some() {
            self.hide(&mut shown, Hides::ActiveInterval, |_, _| true);
        }
        // As in Alertmanager, a stage is not asked when nothing is left.
        if !shown.members.is_empty() {
            shown.muted_by = self.inside_muted(node, now);
            if shown.muted_by.is_some() {
                self.hide(&mut shown, Hides::MuteInterval, |_, _| true);
            }
        }
        self.hide(&mut shown, Hides::Silence, |pipeline, member| {
            pipeline.is_silenced(*member, now)
        });
        self.hide(&mut shown, Hides::Overlay, |pipeline, member| pipeline.is_overlaid(*member));
        shown.hidden.sort_unstable();
        shown
    }

    fn hide(
        &mut self,
        shown: &mut Shown,
        why: Hides,
        mut hides: impl FnMut(&mut Self, &Member) -> bool,
    ) {
        let before = shown.members.len();
        let hidden = &mut shown.hidden;
        shown.members.retain(|member| {
            let hide = hides(self, member);
            if hide {
                hidden.push(member.fingerprint);
            }
            !hide
        });
        self.metrics.hidden(why, before - shown.members.len());
    }

    fn is_inhibited(&self, slot: Slot, now: Timestamp) -> bool {
        let entry = self.table.get(slot);
        entry.is_some_and(|entry| self.inhibitor.inhibited_by(&entry.alert.labels, now).is_some())
    }

    /// A silence hides all of an alert; a maintenance window hides that it fires, never that it is over.
    fn is_silenced(&mut self, member: Member, now: Timestamp) -> bool {
        let Some(entry) = self.table.get_mut(member.slot) else { return false };
        let by = entry.silenced_by(&self.silences, now);
        by.iter().any(|id| !member.resolved || !self.silences.is_planned(*id))
    }

    /// What `state` says of a check hides that it is down, never that it is up again.
    fn is_overlaid(&self, member: Member) -> bool {
        let entry = self.table.get(member.slot);
        !member.resolved && entry.is_some_and(|entry| entry.alert.overlays != Overlays::default())
    }

    /// All active intervals of a route, if it has some and is in none of them.
    fn outside_active(&self, node: NodeId, now: Timestamp) -> Option<Arc<[Arc<str>]>> {
        let names = &self.tree.node(node)?.route.active_time_intervals;
        let outside =
            !names.is_empty() && in_force(names, &self.config.time_intervals, now).is_empty();
        outside.then(|| names.as_slice().into())
    }

    /// Those mute intervals of a route that it is in.
    fn inside_muted(&self, node: NodeId, now: Timestamp) -> Option<Arc<[Arc<str>]>> {
        let names = &self.tree.node(node)?.route.mute_time_intervals;
        let inside = in_force(names, &self.config.time_intervals, now);
        (!inside.is_empty()).then(|| inside.into_iter().cloned().collect())
    }
}
