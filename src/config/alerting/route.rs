//! `[route]`: Alertmanager's tree in TOML.

use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compile::Compile;
use crate::{
    alert::spec::{GroupBy, Route},
    config::{
        codes::Code,
        finding::{Finding, Path},
        reading,
    },
    model::{Pairs, PromDuration},
};

/// A node of the tree. What it leaves out it has from the node around it, but for the matchers and the intervals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RouteKeys {
    /// Who is told: the name of a `[receivers.NAME]`. Needed at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// Which alerts: all of them must match, such as `'severity="critical"'`. None at the root.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matchers: Vec<String>,
    /// Whether the nodes behind this one are looked at although it matched.
    #[serde(skip_serializing_if = "is_false")]
    pub r#continue: bool,
    /// Labels whose values make a group; `["..."]` for all of them. One group when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<Vec<String>>,
    /// From a group's first alert to its first notice. 30s at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_wait: Option<PromDuration>,
    /// From a notice to the next that tells of changes. 5m at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_interval: Option<PromDuration>,
    /// From a notice to the same again. 4h at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_interval: Option<PromDuration>,
    /// Nothing is told during these `[time_intervals.NAME]`. Not inherited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mute_time_intervals: Vec<String>,
    /// Nothing is told outside these, if there are any. Not inherited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub active_time_intervals: Vec<String>,
    /// Labels of the route, which templates see.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Nodes inside, asked in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Self>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

const GROUP_WAIT: Duration = Duration::from_secs(30);
const GROUP_INTERVAL: Duration = Duration::from_mins(5);
const REPEAT_INTERVAL: Duration = Duration::from_hours(4);

/// How deep nodes may lie inside each other: the tree is walked recursively.
const MAX_DEPTH: usize = 64;

impl RouteKeys {
    /// The tree with everything that is inherited filled in.
    pub(super) fn compile(&self, at: &Path, compile: &mut Compile<'_>) -> Route {
        let receiver = self.receiver.as_deref().unwrap_or_default();
        if receiver.is_empty() {
            compile.found(if self.receiver.is_some() {
                let message = "the root of `[route]` needs a `receiver`";
                Finding::new(Code::MissingKey, at.key("receiver"), message).at_key()
            } else {
                reading::missing_key(at, "receiver")
            });
        }
        if !self.matchers.is_empty() {
            let message =
                "the root of `[route]` matches everything: `matchers` belong to a node inside";
            let hint = "move them to a `[[route.routes]]`".to_owned();
            let path = at.key("matchers");
            compile.found(Finding::new(Code::Contradiction, path, message).at_key().hint(hint));
        }
        for (key, names) in [
            ("mute_time_intervals", &self.mute_time_intervals),
            ("active_time_intervals", &self.active_time_intervals),
        ] {
            if !names.is_empty() {
                let message = format!("the root of `[route]` must not have `{key}`");
                let hint = "write it at a `[[route.routes]]`".to_owned();
                let finding = Finding::new(Code::Contradiction, at.key(key), message);
                compile.found(finding.at_key().hint(hint));
            }
        }
        let root = Route {
            receiver: receiver.into(),
            matchers: Arc::from([]),
            continues: false,
            group_by: GroupBy::Labels(BTreeSet::new()),
            group_wait: GROUP_WAIT,
            group_interval: GROUP_INTERVAL,
            repeat_interval: REPEAT_INTERVAL,
            mute_time_intervals: Vec::new(),
            active_time_intervals: Vec::new(),
            labels: Pairs::default(),
            routes: Vec::new(),
        };
        let root = Route { continues: self.r#continue, ..self.node(&root, at, compile, 0) };
        if root.continues {
            let message = "the root of `[route]` has nothing behind it to `continue` with";
            compile.found(Finding::new(Code::Contradiction, at.key("continue"), message).at_key());
        }
        root
    }

    fn node(&self, above: &Route, at: &Path, compile: &mut Compile<'_>, depth: usize) -> Route {
        let own = |value: Option<PromDuration>, above| value.map_or(above, |value| value.0);
        for (key, value) in
            [("group_interval", self.group_interval), ("repeat_interval", self.repeat_interval)]
        {
            if value.is_some_and(|value| value.0.is_zero()) {
                let path = at.key(key);
                let message = format!("{} must be more than 0", path.subject());
                compile.found(Finding::new(Code::BadValue, path, message));
            }
        }
        if let Some(receiver) = self.receiver.as_deref().filter(|name| !name.is_empty()) {
            compile.receiver(&at.key("receiver"), receiver);
        }
        let mut node = Route {
            receiver: match self.receiver.as_deref() {
                None | Some("") => Arc::clone(&above.receiver),
                Some(name) => name.into(),
            },
            matchers: compile.matchers(&at.key("matchers"), &self.matchers),
            continues: self.r#continue,
            group_by: self.group_by(above, at, compile),
            group_wait: own(self.group_wait, above.group_wait),
            group_interval: own(self.group_interval, above.group_interval),
            repeat_interval: own(self.repeat_interval, above.repeat_interval),
            mute_time_intervals: compile
                .intervals(&at.key("mute_time_intervals"), &self.mute_time_intervals),
            active_time_intervals: compile
                .intervals(&at.key("active_time_intervals"), &self.active_time_intervals),
            labels: Pairs::new(
                above
                    .labels
                    .iter()
                    .chain(self.labels.iter().map(|(n, v)| (n.as_str(), v.as_str()))),
            ),
            routes: Vec::new(),
        };
        self.warn_of_timers(&node, at, compile);
        if depth >= MAX_DEPTH && !self.routes.is_empty() {
            let message = format!("routes lie more than {MAX_DEPTH} deep inside each other");
            compile.found(Finding::new(Code::BadValue, at.key("routes"), message));
            return node;
        }
        let inside = at.key("routes");
        let routes = self.routes.iter().enumerate();
        node.routes = routes
            .map(|(index, keys)| keys.node(&node, &inside.index(index), compile, depth + 1))
            .collect();
        compile.unreachable(&inside, &self.routes, &node.routes);
        node
    }

    fn group_by(&self, above: &Route, at: &Path, compile: &mut Compile<'_>) -> GroupBy {
        let Some(names) = &self.group_by else { return above.group_by.clone() };
        let at = at.key("group_by");
        let all = names.iter().any(|name| name == "...");
        if all && names.len() > 1 {
            let message = "`group_by` is either `[\"...\"]` or names of labels, not both";
            compile.found(Finding::new(Code::Contradiction, at.clone(), message));
        }
        let mut labels = BTreeSet::new();
        for (index, name) in names.iter().enumerate() {
            if !all && !compile.is_label_name(name) {
                let message = format!("{name:?} is not a label's name");
                compile.found(Finding::new(Code::BadValue, at.index(index), message));
            } else if !labels.insert(Arc::from(name.as_str())) {
                let message = format!("`{name}` stands twice in `group_by`");
                compile.found(Finding::new(Code::BadValue, at.index(index), message));
            }
        }
        if all { GroupBy::All } else { GroupBy::Labels(labels) }
    }

    /// Told once, where one of the two was written.
    fn warn_of_timers(&self, node: &Route, at: &Path, compile: &mut Compile<'_>) {
        let key = match (self.repeat_interval, self.group_interval) {
            (Some(_), _) => "repeat_interval",
            (None, Some(_)) => "group_interval",
            (None, None) => return,
        };
        if node.repeat_interval < node.group_interval {
            let message = format!(
                "repeat_interval {} is below group_interval {}: nothing is repeated sooner than that",
                PromDuration(node.repeat_interval),
                PromDuration(node.group_interval)
            );
            compile.found(Finding::new(Code::RepeatBelowGroup, at.key(key), message));
        }
    }
}
