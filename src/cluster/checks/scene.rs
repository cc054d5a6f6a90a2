//! What a check looks at, as it is at one moment.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    history::History,
    keep::{Held, Keep},
    selection::Pick,
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
        found.map(|held| held.object.map_err(|unread| unread.failure())).transpose()
    }

    /// All objects that were named at this place, however many; a failure where one cannot be read that may be picked.
    pub(super) fn all(&self, at: usize, pick: &Pick) -> Result<Vec<Looked>, Failure> {
        let all = self.keeps.get(at).map(|keep| keep.all()).unwrap_or_default().into_iter();
        let looked = all.filter_map(|Held { object, history }| match object {
            Ok(object) => Some(Ok((object, history))),
            Err(unread) => pick.may_mean(&unread).then(|| Err(unread.failure())),
        });
        looked.collect()
    }
}

/// An object, and when its containers were started anew if it is a pod.
type Looked = (Arc<Object<Kept>>, History);

/// That the object is not there.
pub(super) fn missing(spec: &Spec) -> Failure {
    Failure::new(Reason::ObjectMissing, format!("there is no {} {}", spec.what(), spec.place()))
}

/// That the code and its table disagree: every kind reads what it names.
pub(super) fn of_another_kind() -> Failure {
    Failure::new(Reason::ObjectUnreadable, "it is an object of another kind")
}
