//! The kinds of objects that are watched, one file each.
//!
//! Contract: a file says where its kind stands in the API, what is kept of an object, what identifies its rows, and its
//! families as a table. It decodes and writes; it neither fetches nor stores. A new kind is a file and two lines here.

mod certificatesigningrequests;
mod clusterrolebindings;
mod clusterroles;
mod configmaps;
mod deployments;
mod endpoints;
mod endpointslices;
mod ingressclasses;
mod ingresses;
mod leases;
mod limitranges;
mod mutatingadmissionpolicies;
mod mutatingadmissionpolicybindings;
mod mutatingwebhookconfigurations;
mod namespaces;
mod networkpolicies;
mod nodes;
mod pods;
mod resourcequotas;
mod rolebindings;
mod roles;
mod secrets;
mod serviceaccounts;
mod services;
mod validatingadmissionpolicies;
mod validatingadmissionpolicybindings;
mod validatingwebhookconfigurations;

use super::kind::Entry;

/// All kinds, by the names of their resources: the order in which they are written.
pub static KINDS: &[Entry] = &[
    Entry::of::<certificatesigningrequests::CertificateSigningRequest>(),
    Entry::of::<clusterrolebindings::ClusterRoleBinding>(),
    Entry::of::<clusterroles::ClusterRole>(),
    Entry::of::<configmaps::ConfigMap>(),
    Entry::of::<deployments::Deployment>(),
    Entry::of::<endpoints::Endpoints>(),
    Entry::of::<endpointslices::EndpointSlice>(),
    Entry::of::<ingressclasses::IngressClass>(),
    Entry::of::<ingresses::Ingress>(),
    Entry::of::<leases::Lease>(),
    Entry::of::<limitranges::LimitRange>(),
    Entry::of::<mutatingadmissionpolicies::MutatingAdmissionPolicy>(),
    Entry::of::<mutatingadmissionpolicybindings::MutatingAdmissionPolicyBinding>(),
    Entry::of::<mutatingwebhookconfigurations::MutatingWebhookConfiguration>(),
    Entry::of::<namespaces::Namespace>(),
    Entry::of::<networkpolicies::NetworkPolicy>(),
    Entry::of::<nodes::Node>(),
    Entry::of::<pods::Pod>(),
    Entry::of::<resourcequotas::ResourceQuota>(),
    Entry::of::<rolebindings::RoleBinding>(),
    Entry::of::<roles::Role>(),
    Entry::of::<secrets::Secret>(),
    Entry::of::<serviceaccounts::ServiceAccount>(),
    Entry::of::<services::Service>(),
    Entry::of::<validatingadmissionpolicies::ValidatingAdmissionPolicy>(),
    Entry::of::<validatingadmissionpolicybindings::ValidatingAdmissionPolicyBinding>(),
    Entry::of::<validatingwebhookconfigurations::ValidatingWebhookConfiguration>(),
];
