use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::model::{
    BaseState, CheckSettings, Histogram, LabelSet, Outcome, Overlays, Phase, Reason,
};

/// How many [`COUNTED_STATES`] there are. Lengths are told by this: by those of the array's own the compiler goes in a circle
/// where it optimizes.
pub const COUNTED: usize = BaseState::ALL.len() + 1;

/// What time is counted by: the base states, and maintenance, which takes it from whatever lies under it.
pub const COUNTED_STATES: [&str; COUNTED] = {
    let mut words = ["maintenance"; COUNTED];
    let mut at = 0;
    while at < BaseState::ALL.len() {
        words[at] = BaseState::ALL[at].word();
        at += 1;
    }
    words
};

/// Everything readers see, by name. The list is replaced when checks come or go; each slot when its check changes.
pub type Views = ArcSwap<Vec<Arc<Slot>>>;

/// A check's place in the list: its labels, rendered once, and its latest view.
pub struct Slot {
    /// The settings the view was made under.
    pub settings: Arc<CheckSettings>,
    /// `check`, `group`, `kind` and the exported labels: on every series.
    pub labels: LabelSet,
    /// The same with `target`, `notify` and the user's other labels, for `noroshi_check_info`.
    pub info: LabelSet,
    view: ArcSwap<View>,
}

/// A check at one moment. Never changed, only replaced.
#[derive(Debug, Clone)]
pub struct View {
    /// What the machine believes.
    pub base: BaseState,
    /// What lies over it.
    pub overlays: Overlays,
    /// The machine's verdict; in UNKNOWN the last one. `None` before the first.
    pub up: Option<bool>,
    /// The last run.
    pub last: Option<Arc<Outcome>>,
    /// When it ended.
    pub last_run: Option<Timestamp>,
    /// When the base state was entered, maybe by the process before this one.
    pub changed: Timestamp,
    /// Up to when time is counted in [`Counters::state_seconds`].
    pub counted: Timestamp,
    /// Numbers that only grow.
    pub counters: Counters,
    /// Failures since the last pass.
    pub consecutive_failures: u64,
}

/// What a check has counted since it was added.
#[derive(Debug, Clone)]
pub struct Counters {
    /// Runs with any verdict.
    pub runs: u64,
    /// Runs that failed.
    pub failures: u64,
    /// Failures and unknowns by reason, in order of first appearance.
    pub reasons: Vec<(Reason, u64)>,
    /// Slots that passed without a run.
    pub missed: u64,
    /// Seconds in each of [`COUNTED_STATES`] up to [`View::counted`].
    pub state_seconds: [f64; COUNTED],
    /// Durations of all runs.
    pub durations: Histogram,
    /// Durations of each phase, where the check asks for it.
    pub phases: Vec<(Phase, Histogram)>,
}

impl Slot {
    /// A place for a check that has not run yet.
    pub fn new(settings: Arc<CheckSettings>, view: View) -> Self {
        let own = [
            ("check", settings.id.name()),
            ("group", Arc::clone(&settings.group)),
            ("kind", Arc::from(settings.kind)),
        ];
        let own: Vec<(Arc<str>, Arc<str>)> =
            own.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let exported = settings.export_labels.clone();
        let rest: Vec<_> = settings
            .labels
            .iter()
            .filter(|(name, _)| !exported.contains_key(*name))
            .map(|(name, value)| (Arc::clone(name), Arc::clone(value)))
            .collect();
        let about = [
            (Arc::from("target"), Arc::clone(&settings.target)),
            (Arc::from("notify"), Arc::from(settings.notify.word())),
        ];
        let labels = LabelSet::new(own.clone().into_iter().chain(exported.clone()));
        let info = LabelSet::new(own.into_iter().chain(exported).chain(about).chain(rest));
        Self { settings, labels, info, view: ArcSwap::from_pointee(view) }
    }

    /// The latest view.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Only the state's own task replaces it.
    pub(super) fn publish(&self, view: View) {
        self.view.store(Arc::new(view));
    }
}
