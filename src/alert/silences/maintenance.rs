//! Planned maintenance as silences: of each window the occurrence that is on, and the next one.
//!
//! They are made of the configuration, so they are not on disk, and cannot be changed through the API. An occurrence has
//! the same id in every process, so links to it hold over a restart.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Builder;

use crate::{
    alert::spec::Maintenance,
    model::{Fnv, Pairs, Silence, SilenceId},
};

/// The annotation that names a silence's window.
pub const MAINTENANCE_ANNOTATION: &str = "noroshi_maintenance";

/// The windows, and the silences that are shown for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Planned {
    windows: Vec<Maintenance>,
    shown: Vec<(usize, Arc<Silence>)>,
}

impl Planned {
    /// Takes other windows; what was shown is shown until the next `refresh`.
    pub(super) fn configure(&mut self, windows: &[Maintenance]) {
        self.windows = windows.to_vec();
    }

    /// Shows what is on now and what comes next.
    pub(super) fn refresh(&mut self, now: Timestamp) {
        let shown = self.windows.iter().enumerate().flat_map(|(at, window)| {
            let running = window.window.occurrence_at(now);
            let occurrences = running.into_iter().chain(window.window.next_after(now));
            occurrences.map(move |occurrence| (at, Arc::new(silence(window, occurrence))))
        });
        self.shown = shown.collect();
    }

    pub(super) fn shown(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.shown.iter().map(|(_, silence)| silence)
    }

    pub(super) fn get(&self, id: SilenceId) -> Option<&Arc<Silence>> {
        self.shown().find(|silence| silence.id == id)
    }

    /// The window that a silence is of.
    pub(super) fn name_of(&self, id: SilenceId) -> Option<Arc<str>> {
        let (at, _) = self.shown.iter().find(|(_, silence)| silence.id == id)?;
        self.windows.get(*at).map(|window| Arc::clone(&window.name))
    }
}

fn silence(window: &Maintenance, (starts_at, ends_at): (Timestamp, Timestamp)) -> Silence {
    Silence {
        id: id(&window.name, starts_at),
        matchers: Arc::clone(&window.matchers),
        starts_at,
        ends_at,
        // The plan is as old as its beginning, and the same in every process.
        updated_at: starts_at,
        created_by: "noroshi".into(),
        comment: if window.comment.is_empty() {
            format!("maintenance {}", window.name).into()
        } else {
            Arc::clone(&window.comment)
        },
        annotations: Pairs::new([(MAINTENANCE_ANNOTATION, window.name.as_ref())]),
    }
}

/// A UUID of version 8 (own making): two hashes of the name and the beginning.
fn id(name: &str, starts_at: Timestamp) -> SilenceId {
    let half = |salt: &str| {
        let mut hash = Fnv::default();
        for part in [salt, name, &starts_at.to_string()] {
            hash.part(part);
        }
        hash.0
    };
    let bits = u128::from(half("maintenance")) << 64 | u128::from(half("occurrence"));
    SilenceId(Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid())
}
