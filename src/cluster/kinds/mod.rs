//! The kinds of objects that are watched, one file each.
//!
//! Contract: a file says where its kind stands in the API, what is kept of an object, what identifies its rows, and its
//! families as a table. It decodes and writes; it neither fetches nor stores. A new kind is a file and two lines here.
//! Events are no objects to keep, and have a folder of their own.

mod apiservices;
mod certificatesigningrequests;
mod clusterrolebindings;
mod clusterroles;
mod configmaps;
mod cronjobs;
mod customresourcedefinitions;
mod daemonsets;
mod deployments;
mod endpoints;
mod endpointslices;
mod horizontalpodautoscalers;
mod ingressclasses;
mod ingresses;
mod jobs;
mod leases;
mod limitranges;
mod mutatingadmissionpolicies;
mod mutatingadmissionpolicybindings;
mod mutatingwebhookconfigurations;
mod namespaces;
mod networkpolicies;
mod nodes;
mod persistentvolumeclaims;
mod persistentvolumes;
mod poddisruptionbudgets;
mod pods;
mod replicasets;
mod replicationcontrollers;
mod resourcequotas;
mod rolebindings;
mod roles;
mod secrets;
mod serviceaccounts;
mod services;
mod statefulsets;
mod storageclasses;
mod usage;
mod validatingadmissionpolicies;
mod validatingadmissionpolicybindings;
mod validatingwebhookconfigurations;
mod volumeattachments;

use super::{events, kind::Entry};

/// All kinds, by the names of their resources: the order in which they are written.
pub static KINDS: &[Entry] = &[
    Entry::of::<apiservices::ApiService>(),
    Entry::of::<certificatesigningrequests::CertificateSigningRequest>(),
    Entry::of::<clusterrolebindings::ClusterRoleBinding>(),
    Entry::of::<clusterroles::ClusterRole>(),
    Entry::of::<configmaps::ConfigMap>(),
    Entry::of::<cronjobs::CronJob>(),
    Entry::of::<customresourcedefinitions::CustomResourceDefinition>(),
    Entry::of::<daemonsets::DaemonSet>(),
    Entry::of::<deployments::Deployment>(),
    Entry::of::<endpoints::Endpoints>(),
    Entry::of::<endpointslices::EndpointSlice>(),
    events::ENTRY,
    Entry::of::<horizontalpodautoscalers::HorizontalPodAutoscaler>(),
    Entry::of::<ingressclasses::IngressClass>(),
    Entry::of::<ingresses::Ingress>(),
    Entry::of::<jobs::Job>(),
    Entry::of::<leases::Lease>(),
    Entry::of::<limitranges::LimitRange>(),
    Entry::of::<mutatingadmissionpolicies::MutatingAdmissionPolicy>(),
    Entry::of::<mutatingadmissionpolicybindings::MutatingAdmissionPolicyBinding>(),
    Entry::of::<mutatingwebhookconfigurations::MutatingWebhookConfiguration>(),
    Entry::of::<namespaces::Namespace>(),
    Entry::of::<networkpolicies::NetworkPolicy>(),
    Entry::of::<usage::NodeUsage>(),
    Entry::of::<nodes::Node>(),
    Entry::of::<persistentvolumeclaims::PersistentVolumeClaim>(),
    Entry::of::<persistentvolumes::PersistentVolume>(),
    Entry::of::<poddisruptionbudgets::PodDisruptionBudget>(),
    Entry::of::<usage::PodUsage>(),
    Entry::of::<pods::Pod>(),
    Entry::of::<replicasets::ReplicaSet>(),
    Entry::of::<replicationcontrollers::ReplicationController>(),
    Entry::of::<resourcequotas::ResourceQuota>(),
    Entry::of::<rolebindings::RoleBinding>(),
    Entry::of::<roles::Role>(),
    secrets::ENTRY,
    Entry::of::<serviceaccounts::ServiceAccount>(),
    Entry::of::<services::Service>(),
    Entry::of::<statefulsets::StatefulSet>(),
    Entry::of::<storageclasses::StorageClass>(),
    Entry::of::<validatingadmissionpolicies::ValidatingAdmissionPolicy>(),
    Entry::of::<validatingadmissionpolicybindings::ValidatingAdmissionPolicyBinding>(),
    Entry::of::<validatingwebhookconfigurations::ValidatingWebhookConfiguration>(),
    Entry::of::<volumeattachments::VolumeAttachment>(),
];
