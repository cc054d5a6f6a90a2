//! Inhibition: while a source fires, alerts it explains are hidden.
//!
//! Every alert that is stored is told here with [`Inhibitor::upsert`], and with [`Inhibitor::remove`] when it is collected;
//! at a flush [`Inhibitor::inhibited_by`] says what hides an alert. Sources that are silenced or muted themselves still
//! inhibit, resolved ones do not. After a reload a new inhibitor is made and told all alerts again.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
};

use jiff::Timestamp;

use super::{index::MatcherIndex, spec::InhibitRule};
use crate::model::{Alert, Fingerprint, Pairs, matcher::all_match};

/// The rules and their sources.
#[derive(Debug, Clone, Default)]
pub struct Inhibitor {
    rules: Vec<Rule>,
    by_source: MatcherIndex<usize>,
    by_target: MatcherIndex<usize>,
    /// For which rules an alert is a source, and how it is filed there.
    filed: HashMap<Fingerprint, Vec<Filed>>,
}

#[derive(Debug, Clone)]
struct Rule {
    spec: InhibitRule,
    /// Sources by the values of the labels that must be equal.
    sources: HashMap<Box<str>, Sources>,
}

/// The sources of one rule with the same values, by their end: the last to end is the one that is named.
#[derive(Debug, Clone, Default)]
struct Sources {
    plain: BTreeSet<(Timestamp, Fingerprint)>,
    /// Those that match the target side too: they hide no alert that matches both sides, themselves least of all.
    two_sided: BTreeSet<(Timestamp, Fingerprint)>,
}

#[derive(Debug, Clone)]
struct Filed {
    rule: usize,
    values: Box<str>,
    ends_at: Timestamp,
    two_sided: bool,
}

impl Inhibitor {
    /// Compiles rules; no alert is known yet.
    pub fn new(rules: &[InhibitRule]) -> Self {
        let mut inhibitor = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            inhibitor.by_source.insert(at, &rule.source);
            inhibitor.by_target.insert(at, &rule.target);
            inhibitor.rules.push(Rule { spec: rule.clone(), sources: HashMap::new() });
        }
        inhibitor
    }

    /// A new alert, or one whose end has changed.
    pub fn upsert(&mut self, alert: &Alert) {
        if self.rules.is_empty() {
            return;
        }
        let fingerprint = alert.fingerprint();
        self.remove(fingerprint);
        let mut filed = Vec::new();
        for at in self.by_source.candidates(&alert.labels) {
            let rule = &mut self.rules[at];
            if !all_match(&rule.spec.source, &alert.labels) {
                continue;
            }
            let two_sided = all_match(&rule.spec.target, &alert.labels);
            let mut values = String::new();
            equal_values(&rule.spec, &alert.labels, &mut values);
            let values = values.into_boxed_str();
            let sources = rule.sources.entry(values.clone()).or_default();
            sources.side(two_sided).insert((alert.ends_at, fingerprint));
            filed.push(Filed { rule: at, values, ends_at: alert.ends_at, two_sided });
        }
        if !filed.is_empty() {
            self.filed.insert(fingerprint, filed);
        }
    }

    /// The alert is gone.
    pub fn remove(&mut self, fingerprint: Fingerprint) {
        for Filed { rule, values, ends_at, two_sided } in
            self.filed.remove(&fingerprint).unwrap_or_default()
        {
            let all = &mut self.rules[rule].sources;
            let Some(sources) = all.get_mut(&values) else { continue };
            sources.side(two_sided).remove(&(ends_at, fingerprint));
            if sources.plain.is_empty() && sources.two_sided.is_empty() {
                all.remove(&values);
            }
        }
    }

    /// What hides an alert with these labels: a source of the first rule that does, of its sources the one that ends last.
    pub fn inhibited_by(&self, labels: &Pairs, now: Timestamp) -> Option<Fingerprint> {
        let mut first: Option<(usize, Fingerprint)> = None;
        let mut values = String::new();
        for at in self.by_target.candidates(labels) {
            let rule = &self.rules[at];
            let earlier = first.is_none_or(|(known, _)| at < known);
            if !earlier || rule.sources.is_empty() || !all_match(&rule.spec.target, labels) {
                continue;
            }
            values.clear();
            equal_values(&rule.spec, labels, &mut values);
            let Some(sources) = rule.sources.get(values.as_str()) else { continue };
            let both_sides = !sources.two_sided.is_empty() && all_match(&rule.spec.source, labels);
            let two_sided = if both_sides { None } else { sources.two_sided.last() };
            let last = sources.plain.last().max(two_sided);
            if let Some((_, source)) = last.filter(|(ends_at, _)| *ends_at > now) {
                first = Some((at, *source));
            }
        }
        first.map(|(_, source)| source)
    }

    /// Whether any rule has this alert among its sources.
    pub fn is_source(&self, fingerprint: Fingerprint) -> bool {
        self.filed.contains_key(&fingerprint)
    }

    /// The rules, in their order.
    pub fn rules(&self) -> impl Iterator<Item = &InhibitRule> {
        self.rules.iter().map(|rule| &rule.spec)
    }
}

impl Sources {
    fn side(&mut self, two_sided: bool) -> &mut BTreeSet<(Timestamp, Fingerprint)> {
        if two_sided { &mut self.two_sided } else { &mut self.plain }
    }
}

/// The values that must be equal, in the order of the names, each with its length before it; a missing label is empty.
fn equal_values(rule: &InhibitRule, labels: &Pairs, out: &mut String) {
    for name in &rule.equal {
        let value = labels.get(name).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(out, "{}:{value}", value.len());
    }
}
