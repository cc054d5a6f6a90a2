use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{CheckId, Desc, Phases, Reason};

/// What one run says of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything expected was found.
    Pass,
    /// It passed, but a `warn` rule is broken.
    Warn,
    /// The target failed.
    Fail,
    /// We could not tell: no permission, no local resources, our own panic.
    Unknown,
}

/// Why a step failed: the closed word, and the details for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// From the closed vocabulary.
    pub reason: Reason,
    /// For people; may hold a stranger's text, so it is never a label.
    pub detail: String,
}

impl Failure {
    /// A failure with its details.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// One measured value. `labels` go with `desc.labels`, position by position.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The family it belongs to.
    pub desc: &'static Desc,
    /// Values of the family's own labels.
    pub labels: Box<[Box<str>]>,
    /// In base units.
    pub value: f64,
}

impl Fact {
    /// A value without labels.
    pub fn new(desc: &'static Desc, value: f64) -> Self {
        Self { desc, labels: Box::default(), value }
    }

    /// A value with a value for each of the family's labels.
    pub fn labelled<L: Into<Box<str>>>(
        desc: &'static Desc,
        labels: impl IntoIterator<Item = L>,
        value: f64,
    ) -> Self {
        let labels: Box<[Box<str>]> = labels.into_iter().map(Into::into).collect();
        debug_assert_eq!(labels.len(), desc.labels.len(), "{}", desc.name);
        Self { desc, labels, value }
    }
}

/// The result of one run. A failing target is a value, not an error.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What it says.
    pub verdict: Verdict,
    /// Why, unless it passed. For `Warn`, the rule that broke.
    pub reason: Option<Reason>,
    /// For people; empty where it passed.
    pub detail: Arc<str>,
    /// Time per phase.
    pub phases: Phases,
    /// The whole run, from admission to verdict.
    pub duration: Duration,
    /// What was measured.
    pub facts: Arc<[Fact]>,
}

impl Outcome {
    /// An outcome that says no more than why there is none: a panic, a cancelled run.
    pub fn unknown(reason: Reason, detail: impl Into<Arc<str>>, duration: Duration) -> Self {
        Self {
            verdict: Verdict::Unknown,
            reason: Some(reason),
            detail: detail.into(),
            phases: Phases::default(),
            duration,
            facts: Arc::default(),
        }
    }
}

/// What the schedule tells the state: a run ended.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Which check.
    pub id: CheckId,
    /// What kind it was when the run began; a check that became another kind has nothing to do with it.
    pub kind: &'static str,
    /// When it ended.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// Slots that passed without a run since the one before, because that one had not ended.
    pub missed: u64,
}

/// One expectation with what was wanted and what was found, for the terminal and the API.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Expectation {
    /// What was looked at: `status`, `header content-type`, `json $.db`.
    pub subject: String,
    /// What was wanted: `2xx`, `contains "ok"`.
    pub wanted: String,
    /// What was found, cut to a readable length.
    pub got: String,
    /// Whether it held.
    pub held: bool,
}

/// What a run did, step by step. Switched off for scheduled runs, where it costs nothing.
#[derive(Debug, Default)]
pub struct Trace {
    on: bool,
    /// In order: how long after the start, and what.
    pub steps: Vec<(Duration, String)>,
    /// Every expectation that was looked at.
    pub expectations: Vec<Expectation>,
}

impl Trace {
    /// A trace that keeps everything.
    pub fn on() -> Self {
        Self { on: true, ..Self::default() }
    }

    /// Whether anybody will read it.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Notes a step; `what` is only computed when somebody will read it.
    pub fn step(&mut self, after: Duration, what: impl FnOnce() -> String) {
        if self.on {
            self.steps.push((after, what()));
        }
    }

    /// Notes an expectation; `what` is only computed when somebody will read it.
    pub fn expectation(&mut self, what: impl FnOnce() -> Expectation) {
        if self.on {
            self.expectations.push(what());
        }
    }
}
