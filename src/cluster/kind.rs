//! What a kind of objects is: where it stands in the API, what identifies an object, which families it has.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::{
    collector::{Collector, Shelf},
    family::{Family, Info},
    object::{Body, Object},
    own::Own,
    spec::Settings,
};
use crate::model::Desc;

/// A resource of the API.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// Its name, in lower case and plural: `pods`.
    pub name: &'static str,
    /// Its name in a path; another one only where two groups have resources of one name.
    pub path: &'static str,
    /// Its group; empty for the core.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its kind: `Pod`.
    pub kind: &'static str,
    /// Whether its objects stand in namespaces.
    pub namespaced: bool,
    /// Who shows it.
    pub shown: Shown,
    /// Whether only the metadata are fetched, because nothing else is shown.
    pub metadata_only: bool,
    /// How often it is listed, where it cannot be watched.
    pub polled: Option<Duration>,
}

/// Who shows a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// kube-state-metrics, without being asked.
    ByDefault,
    /// kube-state-metrics, where it is named.
    OnRequest,
    /// We alone: kube-state-metrics does not know it.
    Ours,
}

impl Resource {
    /// A resource whose objects stand in namespaces, shown by default.
    pub const fn namespaced(
        name: &'static str,
        group: &'static str,
        version: &'static str,
        kind: &'static str,
    ) -> Self {
        Self {
            name,
            path: name,
            group,
            version,
            kind,
            namespaced: true,
            shown: Shown::ByDefault,
            metadata_only: false,
            polled: None,
        }
    }

    /// A resource of the whole cluster, shown by default.
    pub const fn cluster_wide(
        name: &'static str,
        group: &'static str,
        version: &'static str,
        kind: &'static str,
    ) -> Self {
        let mut resource = Self::namespaced(name, group, version, kind);
        resource.namespaced = false;
        resource
    }

    /// One that the configuration names. It is held for the life of the process, each once: nobody writes down many.
    pub(super) fn custom(
        group: &str,
        version: &str,
        name: &str,
        namespaced: bool,
    ) -> &'static Self {
        static KNOWN: Mutex<Vec<&'static Resource>> = Mutex::new(Vec::new());
        let mut known = KNOWN.lock();
        let is_it = |own: &&&'static Self| {
            (own.group, own.version, own.name, own.namespaced) == (group, version, name, namespaced)
        };
        if let Some(known) = known.iter().find(is_it) {
            return known;
        }
        let kept = |text: &str| -> &'static str { Box::leak(text.into()) };
        let own =
            Self { namespaced, ..Self::namespaced(kept(name), kept(group), kept(version), "") };
        let own: &'static Self = Box::leak(Box::new(own.on_request()));
        known.push(own);
        own
    }

    /// The same, shown only where it is named.
    #[must_use]
    pub const fn on_request(mut self) -> Self {
        self.shown = Shown::OnRequest;
        self
    }

    /// The same, which kube-state-metrics does not know.
    #[must_use]
    pub const fn ours(mut self) -> Self {
        self.shown = Shown::Ours;
        self
    }

    /// The same, which stands under another name in a path, and is listed again and again.
    #[must_use]
    pub const fn polled(mut self, path: &'static str, each: Duration) -> Self {
        self.path = path;
        self.polled = Some(each);
        self
    }

    /// The same, of which only the metadata are fetched.
    #[must_use]
    pub const fn metadata_only(mut self) -> Self {
        self.metadata_only = true;
        self
    }
}

/// A kind of objects. One file each under `kinds/`.
pub trait Kind: Body + PartialEq + Send + Sync + Sized + 'static {
    /// Where it stands in the API.
    const RESOURCE: Resource;
    /// The labels with which every row of an object begins.
    const IDENTITY: &'static [(&'static str, Part<Self>)];
    /// Its families, in the order in which they are written.
    const FAMILIES: &'static [Family<Self>];
    /// What no peer shows of all its objects, written after its families.
    const OWN: &'static [Own<Self>] = &[];
    /// Whether one of the families shows `resourceVersion`: then every update is seen.
    const SHOWS_REVISION: bool = false;
    /// Takes over from what was known of the object before what only the past can tell.
    fn succeed(_object: &mut Object<Self>, _before: Option<&Object<Self>>, _now: Timestamp) {}
}

/// Where a label of an object's identity comes from.
pub enum Part<B> {
    /// Its namespace.
    Namespace,
    /// Its name.
    Name,
    /// Its UID.
    Uid,
    /// Something else of it.
    Of(fn(&Object<B>) -> &str),
}

/// A kind as the registry has it: what can be known without its type.
pub struct Entry {
    /// Where it stands in the API.
    pub resource: &'static Resource,
    /// Its families.
    pub families: fn() -> Vec<Info>,
    /// What no peer shows.
    pub own: fn() -> Vec<&'static Desc>,
    /// A collector of its objects.
    pub collector: fn(&Settings) -> Arc<dyn Collector>,
}

impl Entry {
    /// The entry of a kind.
    pub const fn of<B: Kind>() -> Self {
        Self {
            resource: &B::RESOURCE,
            families: || B::FAMILIES.iter().map(|family| family.info).collect(),
            own: || B::OWN.iter().map(|own| &own.desc).collect(),
            collector: |settings| Arc::new(Shelf::<B>::new(settings)),
        }
    }
}
