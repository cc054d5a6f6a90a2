//! Go templates with Alertmanager's data, methods and functions.
//!
//! Contract: pure. Text, data and time go in, text comes out; everything is parsed and tried at load, so that a mistake
//! fails a reload and not a page at night. A template is configuration, but what it renders is strangers' data: the
//! length of the output, the steps and the depth are bounded, and HTML is escaped by context.
//!
//! `gotmpl` parses and walks templates. It knows no methods and no types of ours, so `rewrite` turns every field chain
//! (`.Alerts.Firing`, `.StartsAt.Format "15:04"`) into a call of one lookup function, and `value` says how our types
//! travel through its untyped values.

mod compiled;
mod data;
mod functions;
mod json;
mod lookup;
mod render;
mod rewrite;
mod sample;
mod set;
mod show;
mod structure;
#[cfg(test)]
mod tests;
mod time;
mod value;

use std::{fmt, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use data::{Data, DataAlert, Surroundings};
pub use set::{Mistake, RenderError, Templates};

/// A template's text, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Template(Arc<str>);

impl Template {
    /// Takes the text; [`Templates::check`] says whether it is one.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it renders to nothing because it is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for Template {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
