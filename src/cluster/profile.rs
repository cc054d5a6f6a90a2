//! Profiles: how much of what kube-state-metrics shows is written.

use serde::{Deserialize, Serialize};

/// How much is written.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Every family, as kube-state-metrics.
    #[default]
    Full,
    /// The families that the dashboards and alerts in common use read: kubernetes-mixin, kube-prometheus and their kin.
    Mixin,
    /// The same without the rows that are 0 because another row of the same object is 1. Alerts that compare such a row
    /// with 0 do not work with it.
    Lean,
}

impl Profile {
    /// Whether a family is written.
    pub fn has(self, family: &str) -> bool {
        self == Self::Full || MIXIN.binary_search(&family).is_ok()
    }

    /// Whether rows that say what is not are left out.
    pub fn is_lean(self) -> bool {
        self == Self::Lean
    }
}

/// What is read by kubernetes-mixin, kube-prometheus, dotdc's dashboards, krr and OpenCost; sorted.
const MIXIN: &[&str] = &[
    "kube_configmap_info",
    "kube_cronjob_info",
    "kube_cronjob_next_schedule_time",
    "kube_cronjob_spec_suspend",
    "kube_cronjob_status_active",
    "kube_cronjob_status_last_schedule_time",
    "kube_cronjob_status_last_successful_time",
    "kube_daemonset_created",
    "kube_daemonset_labels",
    "kube_daemonset_metadata_generation",
    "kube_daemonset_status_current_number_scheduled",
    "kube_daemonset_status_desired_number_scheduled",
    "kube_daemonset_status_number_available",
    "kube_daemonset_status_number_misscheduled",
    "kube_daemonset_status_number_ready",
    "kube_daemonset_status_number_unavailable",
    "kube_daemonset_status_observed_generation",
    "kube_daemonset_status_updated_number_scheduled",
    "kube_deployment_created",
    "kube_deployment_labels",
    "kube_deployment_metadata_generation",
    "kube_deployment_spec_paused",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_condition",
    "kube_deployment_status_observed_generation",
    "kube_deployment_status_replicas",
    "kube_deployment_status_replicas_available",
    "kube_deployment_status_replicas_ready",
    "kube_deployment_status_replicas_unavailable",
    "kube_deployment_status_replicas_updated",
    "kube_endpoint_info",
    "kube_endpointslice_endpoints",
    "kube_endpointslice_info",
    "kube_horizontalpodautoscaler_info",
    "kube_horizontalpodautoscaler_labels",
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "kube_horizontalpodautoscaler_spec_min_replicas",
    "kube_horizontalpodautoscaler_spec_target_metric",
    "kube_horizontalpodautoscaler_status_condition",
    "kube_horizontalpodautoscaler_status_current_replicas",
    "kube_horizontalpodautoscaler_status_desired_replicas",
    "kube_horizontalpodautoscaler_status_target_metric",
    "kube_ingress_info",
    "kube_ingress_path",
    "kube_job_complete",
    "kube_job_created",
    "kube_job_failed",
    "kube_job_info",
    "kube_job_owner",
    "kube_job_status_active",
    "kube_job_status_completion_time",
    "kube_job_status_failed",
    "kube_job_status_start_time",
    "kube_job_status_succeeded",
    "kube_limitrange",
    "kube_namespace_annotations",
    "kube_namespace_created",
    "kube_namespace_labels",
    "kube_namespace_status_phase",
    "kube_networkpolicy_labels",
    "kube_node_created",
    "kube_node_info",
    "kube_node_labels",
    "kube_node_role",
    "kube_node_spec_taint",
    "kube_node_spec_unschedulable",
    "kube_node_status_allocatable",
    "kube_node_status_capacity",
    "kube_node_status_condition",
    "kube_persistentvolume_capacity_bytes",
    "kube_persistentvolume_claim_ref",
    "kube_persistentvolume_info",
    "kube_persistentvolume_status_phase",
    "kube_persistentvolumeclaim_access_mode",
    "kube_persistentvolumeclaim_info",
    "kube_persistentvolumeclaim_labels",
    "kube_persistentvolumeclaim_resource_requests_storage_bytes",
    "kube_persistentvolumeclaim_status_phase",
    "kube_pod_annotations",
    "kube_pod_container_info",
    "kube_pod_container_resource_limits",
    "kube_pod_container_resource_requests",
    "kube_pod_container_status_last_terminated_exitcode",
    "kube_pod_container_status_last_terminated_reason",
    "kube_pod_container_status_ready",
    "kube_pod_container_status_restarts_total",
    "kube_pod_container_status_running",
    "kube_pod_container_status_terminated",
    "kube_pod_container_status_terminated_reason",
    "kube_pod_container_status_waiting",
    "kube_pod_container_status_waiting_reason",
    "kube_pod_created",
    "kube_pod_info",
    "kube_pod_init_container_resource_limits",
    "kube_pod_init_container_resource_requests",
    "kube_pod_init_container_status_restarts_total",
    "kube_pod_init_container_status_waiting_reason",
    "kube_pod_labels",
    "kube_pod_owner",
    "kube_pod_spec_volumes_persistentvolumeclaims_info",
    "kube_pod_start_time",
    "kube_pod_status_phase",
    "kube_pod_status_qos_class",
    "kube_pod_status_ready",
    "kube_pod_status_reason",
    "kube_pod_status_scheduled",
    "kube_pod_status_unschedulable",
    "kube_poddisruptionbudget_status_current_healthy",
    "kube_poddisruptionbudget_status_desired_healthy",
    "kube_poddisruptionbudget_status_expected_pods",
    "kube_poddisruptionbudget_status_pod_disruptions_allowed",
    "kube_replicaset_owner",
    "kube_replicaset_spec_replicas",
    "kube_replicaset_status_ready_replicas",
    "kube_resourcequota",
    "kube_secret_info",
    "kube_service_info",
    "kube_service_spec_type",
    "kube_statefulset_created",
    "kube_statefulset_labels",
    "kube_statefulset_metadata_generation",
    "kube_statefulset_replicas",
    "kube_statefulset_status_current_revision",
    "kube_statefulset_status_observed_generation",
    "kube_statefulset_status_replicas",
    "kube_statefulset_status_replicas_available",
    "kube_statefulset_status_replicas_current",
    "kube_statefulset_status_replicas_ready",
    "kube_statefulset_status_replicas_updated",
    "kube_statefulset_status_update_revision",
    "kube_storageclass_info",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_names_real_families() {
        assert!(MIXIN.is_sorted());
        let table = include_str!("../../tests/fixtures/ksm-families.tsv");
        let known: Vec<&str> = table.lines().filter_map(|line| line.split('\t').nth(2)).collect();
        for name in MIXIN {
            assert!(known.contains(name), "{name}");
        }
        assert!(Profile::Mixin.has("kube_pod_info") && !Profile::Mixin.has("kube_pod_ips"));
    }
}
