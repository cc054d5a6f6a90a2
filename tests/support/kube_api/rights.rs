//! Who may do what: rules as a role has them, and what a test has taken away since.

use serde_json::Value;

/// A rule as in a ClusterRole; `*` is everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub verbs: Vec<String>,
    pub groups: Vec<String>,
    pub resources: Vec<String>,
    /// Only objects of these names; any if empty.
    pub names: Vec<String>,
    /// As bound by a RoleBinding there; everywhere if `None`.
    pub namespace: Option<String>,
}

impl Rule {
    /// These verbs on these resources of these groups, everywhere.
    pub fn new(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            verbs: owned(verbs),
            groups: owned(groups),
            resources: owned(resources),
            names: Vec::new(),
            namespace: None,
        }
    }

    /// In one namespace only.
    pub fn within(self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    /// The `rules` of a Role or ClusterRole.
    pub fn of_role(role: &Value) -> Vec<Self> {
        let words = |rule: &Value, part: &str| {
            let words = rule[part].as_array().into_iter().flatten();
            words.map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        let rules = role["rules"].as_array().into_iter().flatten();
        rules
            .map(|rule| Self {
                verbs: words(rule, "verbs"),
                groups: words(rule, "apiGroups"),
                resources: words(rule, "resources"),
                names: words(rule, "resourceNames"),
                namespace: None,
            })
            .collect()
    }

    fn covers(&self, act: &Act<'_>) -> bool {
        let has = |words: &[String], word: &str| words.iter().any(|own| own == "*" || own == word);
        let name_fits = || act.name.is_some_and(|name| self.names.iter().any(|own| own == name));
        has(&self.verbs, act.verb)
            && has(&self.groups, act.group)
            && has(&self.resources, act.resource)
            && (self.names.is_empty() || name_fits())
            && (self.namespace.is_none() || self.namespace.as_deref() == act.namespace)
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub namespace: Option<&'a str>,
    pub name: Option<&'a str>,
}

/// At first everything may be done.
pub struct Rights {
    pub granted: Vec<Rule>,
    pub taken: Vec<Rule>,
}

impl Default for Rights {
    fn default() -> Self {
        Self { granted: vec![Rule::new(&["*"], &["*"], &["*"])], taken: Vec::new() }
    }
}

impl Rights {
    pub fn allow(&self, act: &Act<'_>) -> bool {
        let covered = |rules: &[Rule]| rules.iter().any(|rule| rule.covers(act));
        covered(&self.granted) && !covered(&self.taken)
    }
}
