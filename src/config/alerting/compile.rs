//! What all parts of `[route]` and its neighbours share while they are compiled: the names there are, how matchers are
//! read, and where findings go.

use std::{collections::BTreeSet, sync::Arc};

use super::RouteKeys;
use crate::{
    alert::spec::Route,
    config::{
        codes::Code,
        finding::{Finding, Path},
    },
    model::{Matcher, matcher::Syntax, suggest},
};

/// Hands findings on and resolves names.
pub(super) struct Compile<'a> {
    pub(super) syntax: Syntax,
    pub(super) receivers: BTreeSet<&'a str>,
    pub(super) intervals: BTreeSet<&'a str>,
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Compile<'_> {
    /// Notes a mistake or a warning.
    pub(super) fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// A receiver's name must be one.
    pub(super) fn receiver(&mut self, at: &Path, name: &str) {
        if self.receivers.contains(name) {
            return;
        }
        let message = format!("{}: there is no receiver {name:?}", at.subject());
        let finding = Finding::new(Code::UnknownReceiver, at.clone(), message)
            .hint(suggest::did_you_mean(name, self.receivers.iter().copied()))
            .known(self.receivers.iter().copied());
        self.found(finding);
    }

    /// Each of the names must be an interval's.
    pub(super) fn intervals(&mut self, at: &Path, names: &[String]) -> Vec<Arc<str>> {
        for (index, name) in names.iter().enumerate() {
            if self.intervals.contains(name.as_str()) {
                continue;
            }
            let at = at.index(index);
            let message = format!("{}: there is no time interval {name:?}", at.subject());
            let finding = Finding::new(Code::UnknownInterval, at, message)
                .hint(suggest::did_you_mean(name, self.intervals.iter().copied()))
                .known(self.intervals.iter().copied());
            self.found(finding);
        }
        names.iter().map(|name| name.as_str().into()).collect()
    }

    /// Whether a label may have this name.
    pub(super) fn is_label_name(&self, name: &str) -> bool {
        self.syntax.accepts_name(name)
    }

    /// The matchers, each text one or several of them, sorted as Alertmanager sorts them.
    pub(super) fn matchers(&mut self, at: &Path, texts: &[String]) -> Arc<[Matcher]> {
        let mut all = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let at = at.index(index);
            match self.syntax.matchers(text) {
                Ok(read) => {
                    all.extend(read.value);
                    if let Some(remark) = read.remark {
                        let message = format!("{}: {remark}", at.subject());
                        self.found(Finding::new(Code::DoubtfulMatcher, at, message));
                    }
                }
                Err(why) => {
                    let message = format!("{}: {why}", at.subject());
                    self.found(Finding::new(Code::BadMatcher, at, message));
                }
            }
        }
        all.sort();
        all.into()
    }

    /// Warns of nodes that no alert reaches, because one before them takes all that they would match.
    pub(super) fn unreachable(&mut self, at: &Path, keys: &[RouteKeys], routes: &[Route]) {
        // One with a matcher that could not be read may be meant to take less.
        let whole = |at: &usize| routes[*at].matchers.len() >= keys[*at].matchers.len();
        for (index, route) in routes.iter().enumerate() {
            let mut before = (0..index).filter(whole).filter(|_| whole(&index));
            if let Some(before) = before.find(|before| takes_all_of(&routes[*before], route)) {
                let message = format!("no alert reaches {}", at.index(index).subject());
                let words = format!("`{}`, which takes them all,", at.index(before));
                let hint = "`continue = true` there lets them go on".to_owned();
                let finding = Finding::new(Code::UnreachableRoute, at.index(index), message);
                self.found(finding.other(words, at.index(before)).hint(hint));
            }
        }
    }
}

/// Whether every alert that `after` would match stops at `before`: it asks for no more, and does not continue.
fn takes_all_of(before: &Route, after: &Route) -> bool {
    !before.continues && before.matchers.iter().all(|own| after.matchers.contains(own))
}
