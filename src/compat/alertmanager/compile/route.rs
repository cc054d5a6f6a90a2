use std::{sync::Arc, time::Duration};

use crate::{
    alert::spec::{self, GroupBy},
    compat::{
        alertmanager::file::{InhibitRule, Matchers, Regexps, Route, Values},
        decode::Text,
    },
    model::{Matcher, Pairs},
};

/// The tree, with what a route inherits filled in.
pub(super) fn compile(root: &Route) -> spec::Route {
    let parent = spec::Route {
        receiver: "".into(),
        matchers: Arc::default(),
        continues: false,
        group_by: GroupBy::Labels(std::collections::BTreeSet::new()),
        group_wait: Duration::from_secs(30),
        group_interval: Duration::from_mins(5),
        repeat_interval: Duration::from_hours(4),
        mute_time_intervals: Vec::new(),
        active_time_intervals: Vec::new(),
        labels: Pairs::default(),
        routes: Vec::new(),
    };
    below(root, &parent)
}

fn below(own: &Route, parent: &spec::Route) -> spec::Route {
    let inherited = |own: &Text, parent: &Arc<str>| {
        if own.is_empty() { Arc::clone(parent) } else { own.lossy().into() }
    };
    let mut route = spec::Route {
        receiver: inherited(&own.receiver, &parent.receiver),
        matchers: matchers(&own.r#match, &own.match_re, &own.matchers),
        continues: own.r#continue,
        group_by: group_by(own).unwrap_or_else(|| parent.group_by.clone()),
        group_wait: own.group_wait.map_or(parent.group_wait, |own| own.0),
        group_interval: own.group_interval.map_or(parent.group_interval, |own| own.0),
        repeat_interval: own.repeat_interval.map_or(parent.repeat_interval, |own| own.0),
        mute_time_intervals: names(&own.mute_time_intervals),
        active_time_intervals: names(&own.active_time_intervals),
        labels: parent.labels.clone(),
        routes: Vec::new(),
    };
    route.routes = own.routes.iter().flatten().map(|child| below(child, &route)).collect();
    route
}

/// What a route says itself; an empty list says that there is one group.
fn group_by(own: &Route) -> Option<GroupBy> {
    let labels = own.group_by.given()?;
    if labels.iter().any(|label| label.lossy() == "...") {
        return Some(GroupBy::All);
    }
    Some(GroupBy::Labels(labels.iter().map(|label| label.lossy().into()).collect()))
}

fn names(list: &[Text]) -> Vec<Arc<str>> {
    list.iter().map(|name| name.lossy().into()).collect()
}

/// All three forms, in Alertmanager's order.
pub(in crate::compat::alertmanager) fn matchers(
    values: &Values,
    regexps: &Regexps,
    matchers: &Matchers,
) -> Arc<[Matcher]> {
    let mut all: Vec<Matcher> = values.matchers().chain(regexps.matchers()).collect();
    all.extend(matchers.read.iter().cloned());
    all.sort();
    all.into()
}

/// A rule with its two sides.
pub(super) fn inhibit_rule(own: &InhibitRule) -> spec::InhibitRule {
    spec::InhibitRule {
        name: own.name.lossy().into(),
        source: matchers(&own.source_match, &own.source_match_re, &own.source_matchers),
        target: matchers(&own.target_match, &own.target_match_re, &own.target_matchers),
        equal: own.equal.iter().map(|label| label.lossy().into()).collect(),
    }
}
