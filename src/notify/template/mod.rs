//! Go templates, as Alertmanager has them.
//!
//! Contract: parsed once, rendered often; a template never sees more than its data.

use std::sync::Arc;

/// The text of a template.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Template(pub Arc<str>);

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Template {
    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
