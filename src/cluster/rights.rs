//! What somebody who watches a cluster needs there, and in which namespaces.
//!
//! It is asked of the same code as the watches: where collectors look is [`Settings::places`], where a check of an object
//! looks is its kind's.

use std::collections::BTreeMap;

use super::{
    checks,
    kind::Resource,
    rules::{Need, Rule, is_sensitive, rules},
    spec::Settings,
};
use crate::probe::spec::kubernetes::Spec;

/// What is needed in each namespace; with `None`, in all of them and beyond.
#[derive(Debug, Default)]
pub struct Rights {
    needs: BTreeMap<Option<String>, Vec<Need<'static>>>,
    /// Whether secrets can be read with them.
    are_sensitive: bool,
}

impl Rights {
    /// Adds what the collectors of these resources ask for.
    pub fn collect(
        &mut self,
        resources: impl IntoIterator<Item = &'static Resource>,
        settings: &Settings,
    ) {
        for resource in resources {
            for namespace in settings.places(resource) {
                self.add(resource, namespace.cloned());
            }
        }
    }

    /// Adds what a check of an object asks for.
    pub fn judge(&mut self, check: &Spec) {
        for (resource, namespace) in checks::places(check) {
            self.add(resource, namespace);
        }
    }

    fn add(&mut self, resource: &Resource, namespace: Option<String>) {
        self.are_sensitive |= is_sensitive(resource);
        self.needs.entry(namespace).or_default().push(resource.into());
    }

    /// Whether whoever has them may read what is nobody's business.
    pub fn are_sensitive(&self) -> bool {
        self.are_sensitive
    }

    /// The rules of a role in each namespace, those of all namespaces last. What they permit stands in no other role.
    pub fn roles(&self) -> Vec<(Option<&str>, Vec<Rule<'static>>)> {
        let everywhere = self.needs.get(&None).map(Vec::as_slice).unwrap_or_default();
        let inside = self.needs.iter().filter_map(|(namespace, needs)| {
            let more = needs.iter().filter(|need| !everywhere.contains(need)).copied();
            Some((Some(namespace.as_deref()?), rules(more)))
        });
        let all = inside.chain([(None, rules(everywhere.iter().copied()))]);
        all.filter(|(_, rules)| !rules.is_empty()).collect()
    }
}
