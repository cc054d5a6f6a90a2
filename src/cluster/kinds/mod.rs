//! The kinds of objects that are watched, one file each.
//!
//! Contract: a file says where its kind stands in the API, what is kept of an object, what identifies its rows, and its
//! families as a table. It decodes and writes; it neither fetches nor stores. A new kind is a file and two lines here.

mod deployments;
mod leases;
mod limitranges;
mod namespaces;
mod nodes;
mod pods;
mod resourcequotas;

use super::kind::Entry;

/// All kinds, by the names of their resources: the order in which they are written.
pub static KINDS: &[Entry] = &[
    Entry::of::<deployments::Deployment>(),
    Entry::of::<leases::Lease>(),
    Entry::of::<limitranges::LimitRange>(),
    Entry::of::<namespaces::Namespace>(),
    Entry::of::<nodes::Node>(),
    Entry::of::<pods::Pod>(),
    Entry::of::<resourcequotas::ResourceQuota>(),
];
