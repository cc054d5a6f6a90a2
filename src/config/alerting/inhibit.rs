//! `[[inhibit_rules]]`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compile::Compile;
use crate::{
    alert::spec::InhibitRule,
    config::{
        codes::Code,
        finding::{Finding, Path},
    },
};

/// While an alert of the one kind fires, those of the other are hidden.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct InhibitKeys {
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which alerts hide others: all must match.
    pub source_matchers: Vec<String>,
    /// Which are hidden: all must match.
    pub target_matchers: Vec<String>,
    /// Labels that must have the same value in both; a missing one is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<String>,
}

impl InhibitKeys {
    pub(super) fn compile(&self, at: &Path, compile: &mut Compile<'_>) -> InhibitRule {
        for (index, name) in self.equal.iter().enumerate() {
            if !compile.is_label_name(name) {
                let message = format!("{name:?} is not a label's name");
                let at = at.key("equal").index(index);
                compile.found(Finding::new(Code::BadValue, at, message));
            }
        }
        for (key, matchers) in
            [("source_matchers", &self.source_matchers), ("target_matchers", &self.target_matchers)]
        {
            if matchers.is_empty() {
                let message = format!("`{key}` is missing: the rule would match every alert");
                compile.found(Finding::new(Code::MissingKey, at.clone(), message));
            }
        }
        InhibitRule {
            name: self.name.as_str().into(),
            source: compile.matchers(&at.key("source_matchers"), &self.source_matchers),
            target: compile.matchers(&at.key("target_matchers"), &self.target_matchers),
            equal: self.equal.iter().map(|name| Arc::from(name.as_str())).collect(),
        }
    }
}
