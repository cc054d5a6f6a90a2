//! Silences: what people, and planned maintenance, hide from notices.
//!
//! Contract: Alertmanager 0.33's rules and sentences. [`Silences`] is owned by the pipeline; a change returns the
//! [`Record`]s that must be on disk before it is answered. [`Silences::matching`] is asked for each alert of a flush, and
//! [`Silences::tick`] is called when [`Silences::next_due`] has come. Times and new ids are given; nothing random, no clock.

mod agenda;
mod draft;
mod listing;
mod maintenance;
mod size;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use tracing::warn;

use self::{agenda::Agenda, maintenance::Planned, size::stored_size};
pub use self::{
    draft::{DraftMatcher, SilenceDraft, silence_matchers},
    listing::SilenceCounts,
    maintenance::MAINTENANCE_ANNOTATION,
};
use super::{index::MatcherIndex, spec::Maintenance};
use crate::model::{
    Pairs, Record, Silence, SilenceId, SilenceState,
    matcher::{Matcher, try_all_match},
};

/// Why a silence could not be set or expired.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SilenceError {
    /// There is none of that id; the API answers 404.
    #[error("silence not found")]
    NotFound,
    /// What was asked for cannot be; the API answers 400 with this sentence, which is Alertmanager's.
    #[error("{0}")]
    Invalid(String),
    /// It is a window of the configuration and is changed there; the API answers 400.
    #[error(
        "silence {id} is an occurrence of maintenance.{name}, which the configuration plans; it can only be changed there"
    )]
    Planned {
        /// The silence.
        id: SilenceId,
        /// The window's name.
        name: Arc<str>,
    },
}

/// What silences are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long an ended silence is kept: `--data.retention`.
    pub retention: Duration,
    /// The most silences, ended ones included; 0 is no limit: `--silences.max-silences`.
    pub max_silences: usize,
    /// The largest silence in bytes; 0 is no limit: `--silences.max-silence-size-bytes`.
    pub max_size: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { retention: Duration::from_hours(120), max_silences: 0, max_size: 0 }
    }
}

/// What all silences that have not ended may take: their texts and their compiled patterns. Thousands of silences take a
/// few MiB. Patterns work in at most two times as much on top.
const TOGETHER: usize = 64 << 20;

/// What may be spent on one alert: a tenth of a second. A thousand usual patterns that have not seen its values take a
/// thirtieth of it, and next to nothing once they have.
const EFFORT: usize = 16 << 20;

/// All silences.
#[derive(Debug, Clone, Default)]
pub struct Silences {
    settings: Settings,
    /// Those that people made.
    held: HashMap<SilenceId, Arc<Silence>>,
    /// Those that the configuration plans.
    planned: Planned,
    /// Of both, those that have not ended.
    live: MatcherIndex<SilenceId>,
    version: u64,
    /// What each that people made and that has not ended takes, and all of them.
    weights: HashMap<SilenceId, usize>,
    load: usize,
    /// Of those that people made.
    agenda: Agenda,
    /// When the next planned one begins or ends.
    planned_due: Option<Timestamp>,
    given_up: Counter,
}

impl Silences {
    /// From what was on disk and what is planned.
    pub fn new(
        settings: Settings,
        restored: impl IntoIterator<Item = Arc<Silence>>,
        planned: &[Maintenance],
        now: Timestamp,
    ) -> Self {
        let mut silences = Self { settings, ..Self::default() };
        for silence in restored {
            let silence = match silence.state(now) {
                SilenceState::Expired => silence,
                SilenceState::Active | SilenceState::Pending => {
                    revived(silence, TOGETHER.saturating_sub(silences.load))
                }
            };
            silences.put(silence, now);
        }
        silences.plan(planned, now);
        silences
    }

    /// Takes the windows of a new configuration.
    pub fn plan(&mut self, planned: &[Maintenance], now: Timestamp) {
        self.planned.configure(planned);
        self.refresh_planned(now);
    }

    /// Sets a silence: makes one, changes one in place, or ends one and puts another in its place. `fresh` is a new random
    /// id, for the case that one is needed. Returns the silence's id and what must be on disk before it is told.
    ///
    /// # Errors
    /// Why it cannot be, in Alertmanager's order of checks; nothing has changed then.
    pub fn set(
        &mut self,
        draft: &SilenceDraft,
        fresh: SilenceId,
        now: Timestamp,
    ) -> Result<(SilenceId, Vec<Record>), SilenceError> {
        let mut silence = draft.checked(now)?;
        let previous = match draft.id.as_ref() {
            "" => None,
            written => {
                let id = written.parse().map_err(|_| SilenceError::NotFound)?;
                self.refuse_planned(id)?;
                Some(Arc::clone(self.held.get(&id).ok_or(SilenceError::NotFound)?))
            }
        };
        silence.updated_at = now;
        if let Some(previous) = previous.as_ref().filter(|one| may_become(one, &silence, now)) {
            silence.id = previous.id;
            self.check_size(&silence)?;
            self.check_room(&silence, Some(previous.id))?;
            return Ok((silence.id, vec![self.put(Arc::new(silence), now)]));
        }
        let (count, most) = (self.held.len(), self.settings.max_silences);
        if most > 0 && count >= most {
            return Err(SilenceError::Invalid(format!(
                "exceeded maximum number of silences: {count} (limit: {most})"
            )));
        }
        silence.id = fresh;
        silence.starts_at = silence.starts_at.max(now);
        self.check_size(&silence)?;
        self.check_room(&silence, previous.as_ref().map(|previous| previous.id))?;
        let mut records: Vec<Record> =
            previous.map(|previous| self.end(&previous, now)).unwrap_or_default();
        records.push(self.put(Arc::new(silence), now));
        Ok((fresh, records))
    }

    /// Ends a silence now. One that has ended already is left as it is.
    ///
    /// # Errors
    /// When there is none of that id, or it is planned.
    pub fn expire(&mut self, id: SilenceId, now: Timestamp) -> Result<Vec<Record>, SilenceError> {
        self.refuse_planned(id)?;
        let silence = Arc::clone(self.held.get(&id).ok_or(SilenceError::NotFound)?);
        Ok(self.end(&silence, now))
    }

    /// The silences that hide an alert now, in the order of their ids. One whose patterns take too much effort does not.
    pub fn matching(&self, labels: &Pairs, now: Timestamp) -> Vec<SilenceId> {
        let candidates = self.live.candidates(labels).filter_map(|id| self.get(id));
        let mut active: Vec<&Arc<Silence>> =
            candidates.filter(|one| one.state(now) == SilenceState::Active).collect();
        if active.len() > 1 {
            // Whoever writes what takes effort takes none from the others.
            active.sort_by_key(|silence| self.weights.get(&silence.id));
        }
        let mut effort = EFFORT;
        let hides = |silence: &&&Arc<Silence>| {
            let tried = try_all_match(&silence.matchers, labels, &mut effort);
            tried.unwrap_or_else(|| {
                self.given_up.inc();
                false
            })
        };
        let mut found: Vec<SilenceId> = active.iter().filter(hides).map(|one| one.id).collect();
        found.sort_unstable();
        found
    }

    /// How often a silence was not tried to the end, so that an alert which it may mean is shown.
    pub fn given_up(&self) -> &Counter {
        &self.given_up
    }

    /// Whether it is a maintenance window's.
    pub fn is_planned(&self, id: SilenceId) -> bool {
        self.planned.get(id).is_some()
    }

    /// One of them.
    pub fn get(&self, id: SilenceId) -> Option<&Arc<Silence>> {
        self.held.get(&id).or_else(|| self.planned.get(id))
    }

    /// Counts up with every change: what was matched under the same number still holds, but for the states that time alone
    /// changes.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the next silence begins, ends or is forgotten.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next().into_iter().chain(self.planned_due).min()
    }

    /// Does what time has made due: forgets ended silences whose retention is over, and plans on.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Record> {
        if self.next_due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        // What has begun or ended hides others than before.
        self.version += 1;
        let mut records = Vec::new();
        while let Some(id) = self.agenda.take(now) {
            let Some(silence) = self.held.get(&id).cloned() else { continue };
            if silence.ends_at <= now {
                self.live.remove(id, &silence.matchers);
                self.weigh(id, None);
                self.held.insert(id, Arc::new(at_rest(&silence)));
            }
            let next = self.moment(&silence, now);
            if next.is_some_and(|next| next <= now) {
                self.held.remove(&id);
                records.push(Record::SilenceGone(id));
            } else {
                self.agenda.set(id, next);
            }
        }
        if self.planned_due.is_some_and(|due| due <= now) {
            self.refresh_planned(now);
        }
        records
    }

    /// When something next happens to a silence that somebody made; that is in the past only where it is to be forgotten.
    fn moment(&self, silence: &Silence, now: Timestamp) -> Option<Timestamp> {
        match silence.state(now) {
            SilenceState::Pending => Some(silence.starts_at),
            SilenceState::Active => Some(silence.ends_at),
            SilenceState::Expired => silence.ends_at.checked_add(self.settings.retention).ok(),
        }
    }

    /// Keeps a silence in place of an older one of its id.
    fn put(&mut self, silence: Arc<Silence>, now: Timestamp) -> Record {
        if let Some(old) = self.held.insert(silence.id, Arc::clone(&silence)) {
            self.live.remove(old.id, &old.matchers);
        }
        let is_live = silence.ends_at > now;
        if is_live {
            self.live.insert(silence.id, &silence.matchers);
        }
        self.weigh(silence.id, is_live.then(|| weight(&silence)));
        self.version += 1;
        self.agenda.set(silence.id, self.moment(&silence, now));
        Record::Silence(silence)
    }

    /// Notes what a silence takes.
    fn weigh(&mut self, id: SilenceId, weight: Option<usize>) {
        let old = match weight {
            Some(weight) => self.weights.insert(id, weight),
            None => self.weights.remove(&id),
        };
        self.load = self.load - old.unwrap_or_default() + weight.unwrap_or_default();
    }

    fn end(&mut self, silence: &Silence, now: Timestamp) -> Vec<Record> {
        if silence.state(now) == SilenceState::Expired {
            return Vec::new();
        }
        let ended = Silence {
            // One that has not begun never did.
            starts_at: silence.starts_at.min(now),
            ends_at: now,
            updated_at: now,
            ..at_rest(silence)
        };
        vec![self.put(Arc::new(ended), now)]
    }

    fn refuse_planned(&self, id: SilenceId) -> Result<(), SilenceError> {
        match self.planned.name_of(id) {
            Some(name) => Err(SilenceError::Planned { id, name }),
            None => Ok(()),
        }
    }

    fn check_size(&self, silence: &Silence) -> Result<(), SilenceError> {
        let (most, size) = (self.settings.max_size, stored_size(silence, self.settings.retention));
        if most > 0 && size > most {
            return Err(SilenceError::Invalid(format!(
                "silence exceeded maximum size: {size} bytes (limit: {most} bytes)"
            )));
        }
        Ok(())
    }

    /// Refuses what would be too much beside the others; the one that it replaces makes room.
    fn check_room(
        &self,
        silence: &Silence,
        replaced: Option<SilenceId>,
    ) -> Result<(), SilenceError> {
        let room = replaced.and_then(|id| self.weights.get(&id)).copied().unwrap_or_default();
        if self.load - room + weight(silence) > TOGETHER {
            return Err(SilenceError::Invalid(format!(
                "all silences would take more than {TOGETHER} bytes with this one: expire some, or write simpler patterns"
            )));
        }
        Ok(())
    }

    fn refresh_planned(&mut self, now: Timestamp) {
        for silence in self.planned.shown() {
            self.live.remove(silence.id, &silence.matchers);
        }
        self.planned.refresh(now);
        for silence in self.planned.shown() {
            self.live.insert(silence.id, &silence.matchers);
        }
        let due = self.planned.shown().map(|silence| match silence.state(now) {
            SilenceState::Pending => silence.starts_at,
            SilenceState::Active | SilenceState::Expired => silence.ends_at,
        });
        self.planned_due = due.min();
        self.version += 1;
    }
}

/// What a silence takes in memory.
fn weight(silence: &Silence) -> usize {
    let texts = [&silence.created_by, &silence.comment].map(|text| text.len());
    let annotations = silence.annotations.iter().map(|(name, value)| name.len() + value.len());
    let matchers = silence.matchers.iter().map(Matcher::size);
    size_of::<Silence>() + texts.into_iter().chain(annotations).chain(matchers).sum::<usize>()
}

/// A silence that is only shown any more.
fn at_rest(silence: &Silence) -> Silence {
    let matchers = silence.matchers.iter().map(Matcher::uncompiled).collect();
    Silence { matchers, ..silence.clone() }
}

/// A silence from the disk with its patterns compiled. One that does not fit is kept and shown, and hides nothing: people
/// are told too much rather than too little.
fn revived(silence: Arc<Silence>, room: usize) -> Arc<Silence> {
    let revived = draft::restored_matchers(&silence.matchers)
        .map(|matchers| Silence { matchers, ..Silence::clone(&silence) })
        .filter(|revived| weight(revived) <= room);
    let Some(revived) = revived else {
        warn!(silence = %silence.id, "its patterns are too large, so this silence hides nothing: set it anew with simpler ones");
        return silence;
    };
    Arc::new(revived)
}

/// Whether the change rewrites no history, so that the silence keeps its id.
fn may_become(old: &Silence, new: &Silence, now: Timestamp) -> bool {
    old.matchers == new.matchers
        && match old.state(now) {
            SilenceState::Active => {
                old.starts_at.as_second() == new.starts_at.as_second() && new.ends_at >= now
            }
            SilenceState::Pending => new.starts_at >= now,
            SilenceState::Expired => false,
        }
}
