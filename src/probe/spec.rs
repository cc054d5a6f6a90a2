//! What the configuration may say about checks: the registry of kinds and their specs.

use std::sync::Arc;

pub use super::{Aim, COMMON_FAMILIES, Endpoint, KINDS, Kind, Problem, Spec};
use crate::model::{CheckId, CheckSettings};

/// The words of a `dns:` module of a `blackbox.yml`.
pub mod dns {
    pub use super::super::dns::{
        registry::{CLASSES, RCODES, TYPES},
        verbatim,
    };
}

/// What may be said of objects of Kubernetes.
pub mod kubernetes {
    pub use super::super::{
        jsonpath::{JsonPath, same},
        kubernetes::{Amount, CustomResource, FAMILIES, ObjectKind, Restarts, Spec},
    };
}

/// A configured check: what every kind has, and what its own kind needs. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Common settings.
    pub settings: Arc<CheckSettings>,
    /// The kind and its own settings.
    pub spec: Arc<Spec>,
}

/// A step from one set of checks to the next.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// New, or different from before; the name is its identity.
    Set(Check),
    /// Gone.
    Removed(CheckId),
}
