//! What a check looks at, as it is at one moment.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    keep::{Held, Keep},
    subject::Kept,
};
use crate::{
    cluster::object::Object,
    model::{Failure, Reason},
    probe::spec::kubernetes::Spec,
};

/// Whether an object is as it should be.
pub(super) type Verdict = Result<(), Failure>;

/// What a check looks at.
pub(super) struct Scene<'s> {
    pub(super) now: Timestamp,
    /// In the order in which its kind names them.
    pub(super) keeps: &'s [Arc<Keep>],
}

impl Scene<'_> {
    /// The object that the check names.
    pub(super) fn object(&self, spec: &Spec) -> Result<Arc<Object<Kept>>, Failure> {
        let name = spec.name.as_deref().unwrap_or_default();
        self.find(0, name)?.ok_or_else(|| missing(spec))
    }

    /// The object of a name, of those that were named at this place.
    pub(super) fn find(&self, at: usize, name: &str) -> Result<Option<Arc<Object<Kept>>>, Failure> {
        let found = self.keeps.get(at).and_then(|keep| keep.get(name));
        found.map(readable).transpose()
    }

    /// All objects that were named at this place, however many.
    pub(super) fn all(&self, at: usize) -> Vec<Held> {
        self.keeps.get(at).map(|keep| keep.all()).unwrap_or_default()
    }
}

/// That the object is not there.
pub(super) fn missing(spec: &Spec) -> Failure {
    Failure::new(Reason::ObjectMissing, format!("there is no {} {}", spec.what(), spec.place()))
}

/// The object, if it could be read.
pub(super) fn readable(held: Held) -> Result<Arc<Object<Kept>>, Failure> {
    let unreadable = || Failure::new(Reason::ObjectUnreadable, "what the API server says of it");
    held.object.ok_or_else(unreadable)
}

/// That the code and its table disagree: every kind reads what it names.
pub(super) fn of_another_kind() -> Failure {
    Failure::new(Reason::ObjectUnreadable, "it is an object of another kind")
}
