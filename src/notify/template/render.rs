//! One render: what its functions may know and what they may spend.
//!
//! The engine's functions get their arguments and nothing else, so what belongs to a render (the time, its budget)
//! lies in a thread-local while it runs: a render is one synchronous call.

use std::{cell::RefCell, collections::HashMap, fmt};

use gotmpl::TemplateError;
use jiff::Timestamp;

use crate::{model::Pairs, re2::Regex};

/// The longest output, in bytes; the default mail of ten thousand alerts has about ten million.
pub(super) const OUTPUT: usize = 32 << 20;
/// The longest single value, in bytes.
pub(super) const VALUE: usize = 4 << 20;
/// All bytes and elements that functions may produce.
const PRODUCED: usize = 128 << 20;
/// All actions, branches and calls that are walked: ten thousand alerts with thirty labels, several times over.
const STEPS: u64 = 5_000_000;
/// Patterns of one render that are kept compiled.
const PATTERNS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    Text,
    Html,
}

pub(super) struct Render {
    pub(super) mode: Mode,
    pub(super) now: Timestamp,
    pub(super) route_labels: Pairs,
    /// Where the engine is: an index into the places of the set.
    pub(super) place: Option<usize>,
    /// Whether what failed could succeed with other data.
    pub(super) by_data: bool,
    steps: u64,
    produced: usize,
    patterns: HashMap<String, Regex>,
}

thread_local! {
    static CURRENT: RefCell<Option<Render>> = const { RefCell::new(None) };
}

impl Render {
    pub(super) fn new(mode: Mode, now: Timestamp, route_labels: Pairs) -> Self {
        Self {
            mode,
            now,
            route_labels,
            place: None,
            by_data: false,
            steps: 0,
            produced: 0,
            patterns: HashMap::new(),
        }
    }

    /// Runs with this as the current render, and gives it back.
    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> (T, Self) {
        /// Takes the render away even when `work` unwinds.
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {
                CURRENT.with(|current| current.borrow_mut().take());
            }
        }
        let (mode, now, labels) = (self.mode, self.now, self.route_labels.clone());
        CURRENT.with(|current| *current.borrow_mut() = Some(self));
        let guard = Guard;
        let done = work();
        let left = CURRENT.with(|current| current.borrow_mut().take());
        drop(guard);
        (done, left.unwrap_or_else(|| Self::new(mode, now, labels)))
    }

    /// Counts a step to a place.
    pub(super) fn step(&mut self, place: usize) -> Result<(), TemplateError> {
        self.place = Some(place);
        self.steps += 1;
        if self.steps > STEPS {
            self.by_data = true;
            return Err(error(format!("it takes more than {STEPS} steps")));
        }
        Ok(())
    }

    /// Counts what a function produced.
    pub(super) fn produce(&mut self, size: usize) -> Result<(), TemplateError> {
        self.produced = self.produced.saturating_add(size);
        if size > VALUE || self.produced > PRODUCED {
            return Err(self.too_long());
        }
        Ok(())
    }

    pub(super) fn too_long(&mut self) -> TemplateError {
        self.by_data = true;
        error(format!(
            "it makes more text than it may ({} MiB in one value, {} MiB in all)",
            VALUE >> 20,
            PRODUCED >> 20
        ))
    }

    /// A compiled pattern.
    pub(super) fn pattern(&mut self, pattern: &str) -> Result<Regex, String> {
        if let Some(known) = self.patterns.get(pattern) {
            return Ok(known.clone());
        }
        let compiled = Regex::of_data(pattern)?;
        if self.patterns.len() >= PATTERNS {
            self.patterns.clear();
        }
        self.patterns.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

/// Asks the current render.
pub(super) fn current<T>(ask: impl FnOnce(&mut Render) -> T) -> Result<T, TemplateError> {
    CURRENT.with(|current| {
        let mut current =
            current.try_borrow_mut().map_err(|_| error("a render within a render"))?;
        current.as_mut().map(ask).ok_or_else(|| error("no render is running"))
    })
}

/// An error whatever the data.
pub(super) fn error(message: impl Into<String>) -> TemplateError {
    TemplateError::Exec(message.into())
}

/// An error that other data might not give.
pub(super) fn error_of_data(message: impl Into<String>) -> TemplateError {
    match current(|render| render.by_data = true) {
        Ok(()) => error(message),
        Err(outside) => outside,
    }
}

/// A text that takes only so many bytes.
pub(super) struct Bounded {
    pub(super) text: String,
    most: usize,
    pub(super) full: bool,
}

impl Bounded {
    pub(super) const fn new(most: usize) -> Self {
        Self { text: String::new(), most, full: false }
    }

    /// What was written, if all of it found room.
    pub(super) fn finish(self) -> Result<String, TemplateError> {
        if !self.full {
            return Ok(self.text);
        }
        Err(current(Render::too_long).unwrap_or_else(|outside| outside))
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > self.most {
            self.full = true;
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}
