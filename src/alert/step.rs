//! What goes into the pipeline and what comes out of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Config, SilenceDraft, SilenceError};
use crate::model::{
    AlertSource, Delivery, Notice, Pairs, PushBatch, Record, SettingsChange, SilenceId, Transition,
    Withdrawn,
};

/// An alert as somebody posted it, unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct PostedAlert {
    /// Its identity; empty values are dropped.
    pub labels: Pairs,
    /// For people; empty values are kept.
    pub annotations: Pairs,
    /// Since when it fires; Go's zero time counts as `None`.
    pub starts_at: Option<Timestamp>,
    /// Until when; Go's zero time counts as `None`.
    pub ends_at: Option<Timestamp>,
    /// Where it comes from; empty where nobody said.
    pub generator_url: Arc<str>,
}

/// One thing that happened to the pipeline.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody posted alerts.
    Post {
        /// At most what one request may hold.
        alerts: Vec<PostedAlert>,
        /// Who.
        source: AlertSource,
    },
    /// A silence is made or changed.
    SetSilence {
        /// What is wanted.
        draft: SilenceDraft,
        /// A random id, for the case that one is needed.
        fresh: SilenceId,
    },
    /// A silence is ended.
    ExpireSilence(SilenceId),
    /// A check of ours changed.
    Transition(Transition),
    /// Settings of checks came, changed or went.
    Settings(Vec<SettingsChange>),
    /// An attempt at a notice ended.
    Delivery(Delivery),
    /// Another configuration.
    Reload(Arc<Config>),
}

/// What a step leads to. Notices, pushes and the reply wait until the records are on disk.
#[derive(Debug, Default)]
pub struct Effects {
    /// In the order in which they happened.
    pub records: Vec<Record>,
    /// To be sent; each is in the records too, except after a start.
    pub notices: Vec<Arc<Notice>>,
    /// Not to be sent any more, of those before.
    pub withdrawn: Vec<Withdrawn>,
    /// To be pushed to real Alertmanagers; made anew before long if it does not arrive.
    pub pushes: Vec<PushBatch>,
    /// To whoever asked.
    pub reply: Reply,
}

impl Effects {
    /// Whether there is nothing to write and nothing to let go.
    pub fn is_empty(&self) -> bool {
        let Self { records, notices, withdrawn, pushes, reply: _ } = self;
        records.is_empty() && notices.is_empty() && withdrawn.is_empty() && pushes.is_empty()
    }

    /// Takes a notice back that was to be sent.
    pub(super) fn withdraw(&mut self, notice: &Notice) {
        self.records.push(Record::OutboxGone(notice.id));
        self.withdrawn.push(Withdrawn { lane: notice.lane.clone(), id: notice.id });
    }
}

/// The answer to an input.
#[derive(Debug, Default, Clone)]
pub enum Reply {
    /// Nothing to say.
    #[default]
    Done,
    /// Alerts were taken, all or all but some.
    Posted(Result<(), InvalidAlerts>),
    /// A silence was made or changed.
    Silenced(Result<SilenceId, SilenceError>),
    /// A silence was ended.
    Expired(Result<(), SilenceError>),
}

/// Some of the posted alerts are none; the others were taken. The text is Alertmanager's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidAlerts(pub String);
