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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{AlertSource, Overlays, matcher::Syntax};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn rule(source: &str, target: &str, equal: &[&str]) -> InhibitRule {
        let matchers = |text| Syntax::Fallback.matchers(text).unwrap().value.into();
        InhibitRule {
            name: "".into(),
            source: matchers(source),
            target: matchers(target),
            equal: equal.iter().map(|name| Arc::from(*name)).collect(),
        }
    }

    fn alert(labels: &[(&str, &str)], ends_at: i64) -> Alert {
        Alert {
            labels: Pairs::new(labels.iter().copied()),
            annotations: Pairs::default(),
            starts_at: at(0),
            ends_at: at(ends_at),
            updated_at: at(0),
            generator_url: "".into(),
            timeout: false,
            source: AlertSource::Api,
            overlays: Overlays::default(),
            pushed: false,
        }
    }

    fn told(rules: &[InhibitRule], alerts: &[Alert]) -> Inhibitor {
        let mut inhibitor = Inhibitor::new(rules);
        for alert in alerts {
            inhibitor.upsert(alert);
        }
        inhibitor
    }

    fn hides(inhibitor: &Inhibitor, alert: &Alert) -> Option<Fingerprint> {
        inhibitor.inhibited_by(&alert.labels, at(0))
    }

    #[test]
    fn equal_labels_must_be_equal_and_a_missing_one_is_empty() {
        let source = alert(&[("s", "1"), ("e", "1")], 10);
        let bare = alert(&[("s", "1"), ("f", "")], 10);
        let inhibitor = told(&[rule("s=1", "t=1", &["e"])], &[source.clone(), bare.clone()]);
        let target = |labels: &[(&str, &str)]| alert(labels, 10);
        assert_eq!(
            hides(&inhibitor, &target(&[("t", "1"), ("e", "1")])),
            Some(source.fingerprint())
        );
        assert_eq!(hides(&inhibitor, &target(&[("t", "1"), ("e", "2")])), None);
        assert_eq!(hides(&inhibitor, &target(&[("t", "1")])), Some(bare.fingerprint()));
        assert_eq!(hides(&inhibitor, &target(&[("t", "1"), ("e", "")])), Some(bare.fingerprint()));
        assert_eq!(hides(&inhibitor, &target(&[("t", "2"), ("e", "1")])), None);
    }

    /// Values that run into each other are told apart.
    #[test]
    fn equal_values_are_kept_apart() {
        let source = alert(&[("s", "1"), ("e", "a"), ("f", "1:b")], 10);
        let inhibitor = told(&[rule("s=1", "t=1", &["e", "f"])], std::slice::from_ref(&source));
        assert_eq!(hides(&inhibitor, &alert(&[("t", "1"), ("e", "a3:1"), ("f", "b")], 10)), None);
        assert!(hides(&inhibitor, &alert(&[("t", "1"), ("e", "a"), ("f", "1:b")], 10)).is_some());
    }

    #[test]
    fn who_matches_both_sides_hides_only_who_does_not() {
        let rules = [rule("severity=~\"critical|page\"", "severity=~\"critical|warning\"", &["e"])];
        let both = alert(&[("severity", "critical"), ("n", "1")], 10);
        let twin = alert(&[("severity", "critical"), ("n", "2")], 20);
        let target = alert(&[("severity", "warning")], 10);
        let mut inhibitor = told(&rules, &[both.clone(), twin.clone()]);
        assert_eq!((hides(&inhibitor, &both), hides(&inhibitor, &twin)), (None, None));
        assert_eq!(hides(&inhibitor, &target), Some(twin.fingerprint()));
        // A source of one side alone hides all of them.
        let page = alert(&[("severity", "page")], 5);
        inhibitor.upsert(&page);
        assert_eq!(hides(&inhibitor, &both), Some(page.fingerprint()));
        assert_eq!(hides(&inhibitor, &target), Some(twin.fingerprint()));
        assert_eq!(hides(&inhibitor, &page), None);
    }

    #[test]
    fn resolved_sources_hide_nothing_and_the_last_to_end_is_named() {
        let rules = [rule("s=1", "t=1", &[])];
        let one = alert(&[("s", "1"), ("n", "1")], 10);
        let two = alert(&[("s", "1"), ("n", "2")], 20);
        let target = alert(&[("t", "1")], 100);
        let mut inhibitor = told(&rules, &[one.clone(), two.clone()]);
        let found =
            |inhibitor: &Inhibitor, second| inhibitor.inhibited_by(&target.labels, at(second));
        assert_eq!(found(&inhibitor, 9), Some(two.fingerprint()));
        assert_eq!((found(&inhibitor, 19), found(&inhibitor, 20)), (Some(two.fingerprint()), None));
        inhibitor.upsert(&Alert { ends_at: at(5), ..two.clone() });
        assert_eq!(found(&inhibitor, 0), Some(one.fingerprint()));
        inhibitor.remove(one.fingerprint());
        assert_eq!(found(&inhibitor, 0), Some(two.fingerprint()));
        inhibitor.remove(two.fingerprint());
        assert_eq!(found(&inhibitor, 0), None);
        assert!(inhibitor.filed.is_empty() && inhibitor.rules[0].sources.is_empty());
    }

    #[test]
    fn the_first_rule_names_its_source() {
        let rules =
            [rule("s=1", "t=~\".+\"", &[]), rule("s=2", "t=1", &[]), rule("s=3", "t=1", &[])];
        let sources = ["3", "2"].map(|value| alert(&[("s", value)], 10));
        let mut inhibitor = told(&rules, &sources);
        let target = alert(&[("t", "1")], 10);
        assert_eq!(hides(&inhibitor, &target), Some(sources[1].fingerprint()));
        let first = alert(&[("s", "1")], 10);
        inhibitor.upsert(&first);
        assert_eq!(hides(&inhibitor, &target), Some(first.fingerprint()));
    }

    fn labels() -> impl Strategy<Value = std::collections::BTreeMap<&'static str, &'static str>> {
        let names = prop::sample::select(vec!["s", "t", "e", "f"]);
        prop::collection::btree_map(names, prop::sample::select(vec!["", "1", "2"]), 0..4)
    }

    proptest! {
        /// The index says what going through all alerts says.
        #[test]
        fn as_if_all_alerts_were_tried(
            rules in prop::collection::vec((prop::sample::select(vec!["s=1", "s!=1", "s=~\"1|2\"", "t=1", "s=1,t=1"]), prop::sample::select(vec!["t=1", "t=~\".+\"", "s=1", "t!=2"]), prop::sample::subsequence(vec!["e", "f"], 0..3)), 1..4),
            alerts in prop::collection::vec((labels(), 0..30_i64), 1..8),
            again in prop::collection::vec((0..8_usize, 0..30_i64), 0..4),
        ) {
            let rules: Vec<InhibitRule> = rules.iter().map(|(source, target, equal)| rule(source, target, equal)).collect();
            let mut known: std::collections::BTreeMap<Fingerprint, Alert> = std::collections::BTreeMap::new();
            let mut inhibitor = Inhibitor::new(&rules);
            let drawn: Vec<Alert> = alerts.iter().map(|(labels, ends_at)| Alert { labels: Pairs::new(labels), ..alert(&[], *ends_at) }).collect();
            let changed = again.iter().filter_map(|(which, ends_at)| Some(Alert { ends_at: at(*ends_at), ..drawn.get(*which)?.clone() }));
            for alert in drawn.iter().cloned().chain(changed) {
                inhibitor.upsert(&alert);
                known.insert(alert.fingerprint(), alert);
            }
            for target in known.values() {
                let by_hand = rules.iter().find_map(|rule| {
                    let both = all_match(&rule.source, &target.labels);
                    let sources = known.values().filter(|source| {
                        all_match(&rule.source, &source.labels)
                            && source.ends_at > at(10)
                            && rule.equal.iter().all(|name| source.labels.get(name).unwrap_or_default() == target.labels.get(name).unwrap_or_default())
                            && !(both && all_match(&rule.target, &source.labels))
                    });
                    let last = sources.max_by_key(|source| (source.ends_at, source.fingerprint()));
                    last.filter(|_| all_match(&rule.target, &target.labels)).map(Alert::fingerprint)
                });
                prop_assert_eq!(inhibitor.inhibited_by(&target.labels, at(10)), by_hand);
                prop_assert!(by_hand != Some(target.fingerprint()));
            }
        }
    }
}
