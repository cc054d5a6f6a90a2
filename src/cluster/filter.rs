//! Which families are written: kube-state-metrics' allow, deny and opt-in lists, and our profiles.

use regex::Regex;

use super::{family::Info, profile::Profile};

/// Patterns of names of families; a pattern that matches anywhere in the name matches.
#[derive(Debug, Clone, Default)]
pub struct Patterns(Vec<Regex>);

impl Patterns {
    /// Compiles them.
    ///
    /// # Errors
    /// The pattern that is none, and why.
    pub fn new<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, BadPattern> {
        let compiled = patterns.into_iter().map(|pattern| {
            let pattern = pattern.as_ref();
            Regex::new(pattern)
                .map_err(|error| BadPattern { pattern: pattern.to_owned(), why: error.to_string() })
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn match_name(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(name))
    }
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is no pattern: {why}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// Why not.
    pub why: String,
}

/// What is written of all families.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these, if there is one.
    pub allow: Patterns,
    /// All but these.
    pub deny: Patterns,
    /// These too, of those that are written only where they are asked for.
    pub opt_in: Patterns,
    /// What our profile leaves.
    pub profile: Profile,
}

impl Filter {
    /// Whether a family is written.
    pub fn has(&self, family: &Info) -> bool {
        let name = family.name;
        self.lets(name)
            && (!family.opt_in || self.opt_in.match_name(name))
            && self.profile.has(name)
    }

    /// Whether the lists let a family be. Profiles are about what kube-state-metrics shows: ours go by the lists alone.
    pub fn lets(&self, name: &str) -> bool {
        (self.allow.is_empty() || self.allow.match_name(name)) && !self.deny.match_name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::family::{Family, Stability};

    fn info(name: &'static str) -> Info {
        let family: Family<()> = Family::alpha(name, "", |_, _| ());
        assert_eq!(family.info.stability, Stability::Alpha);
        family.info
    }

    #[test]
    fn patterns_match_anywhere() {
        let filter = |allow: &[&str], deny: &[&str]| Filter {
            allow: Patterns::new(allow).unwrap(),
            deny: Patterns::new(deny).unwrap(),
            ..Filter::default()
        };
        assert!(filter(&[], &[]).has(&info("kube_pod_info")));
        assert!(filter(&["kube_resourcequota"], &[]).has(&info("kube_resourcequota_created")));
        assert!(!filter(&["^kube_node"], &[]).has(&info("kube_pod_info")));
        assert!(!filter(&[], &["_info$"]).has(&info("kube_pod_info")));
        assert!(Patterns::new(["("]).unwrap_err().to_string().starts_with("\"(\" is no pattern"));
    }

    #[test]
    fn what_must_be_asked_for_is_written_only_then() {
        let family: Family<()> = Family::alpha("kube_pod_nodeselectors", "", |_, _| ()).opt_in();
        assert!(!Filter::default().has(&family.info));
        let asked =
            Filter { opt_in: Patterns::new(["nodeselectors"]).unwrap(), ..Filter::default() };
        assert!(asked.has(&family.info));
    }
}
