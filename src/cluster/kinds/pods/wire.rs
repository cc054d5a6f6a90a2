//! Pods as they stand in the JSON. Nothing of it outlives the decoding of one pod.

use serde::Deserialize;

use crate::cluster::{
    quantity::Quantity,
    wire::{List, Map, Text, Time},
};

/// A pod without its metadata.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Pod<'a> {
    pub(super) spec: Spec<'a>,
    pub(super) status: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Spec<'a> {
    pub(super) containers: List<Container<'a>>,
    pub(super) init_containers: List<Container<'a>>,
    pub(super) node_name: Text<'a>,
    pub(super) priority_class_name: Text<'a>,
    pub(super) host_network: bool,
    pub(super) restart_policy: Text<'a>,
    pub(super) scheduler_name: Text<'a>,
    pub(super) service_account_name: Text<'a>,
    pub(super) runtime_class_name: Option<Text<'a>>,
    pub(super) tolerations: List<Toleration<'a>>,
    pub(super) node_selector: Map<Text<'a>, Text<'a>>,
    pub(super) overhead: Map<Text<'a>, Quantity>,
    pub(super) resources: Resources<'a>,
    pub(super) volumes: List<Volume<'a>>,
    pub(super) resource_claims: List<ResourceClaim<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Container<'a> {
    pub(super) name: Text<'a>,
    pub(super) image: Text<'a>,
    pub(super) restart_policy: Text<'a>,
    pub(super) resources: Resources<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Resources<'a> {
    pub(super) requests: Map<Text<'a>, Quantity>,
    pub(super) limits: Map<Text<'a>, Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Toleration<'a> {
    pub(super) key: Text<'a>,
    pub(super) operator: Text<'a>,
    pub(super) value: Text<'a>,
    pub(super) effect: Text<'a>,
    pub(super) toleration_seconds: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Volume<'a> {
    pub(super) name: Text<'a>,
    pub(super) persistent_volume_claim: Option<VolumeClaim<'a>>,
    pub(super) ephemeral: Option<Ephemeral>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct VolumeClaim<'a> {
    pub(super) claim_name: Text<'a>,
    pub(super) read_only: bool,
}

/// Only that it is there counts: its claim is named after the pod.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Ephemeral {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct ResourceClaim<'a> {
    pub(super) name: Text<'a>,
    pub(super) resource_claim_name: Option<Text<'a>>,
    pub(super) resource_claim_template_name: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Status<'a> {
    pub(super) phase: Text<'a>,
    pub(super) reason: Text<'a>,
    pub(super) qos_class: Text<'a>,
    pub(super) start_time: Time,
    #[serde(rename = "hostIP")]
    pub(super) host_ip: Text<'a>,
    #[serde(rename = "podIP")]
    pub(super) pod_ip: Text<'a>,
    #[serde(rename = "podIPs")]
    pub(super) pod_ips: List<Ip<'a>>,
    pub(super) conditions: List<Condition<'a>>,
    pub(super) container_statuses: List<ContainerStatus<'a>>,
    pub(super) init_container_statuses: List<ContainerStatus<'a>>,
    pub(super) resource_claim_statuses: List<ResourceClaim<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Ip<'a> {
    pub(super) ip: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Condition<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) status: Text<'a>,
    pub(super) reason: Text<'a>,
    pub(super) last_transition_time: Time,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct ContainerStatus<'a> {
    pub(super) name: Text<'a>,
    pub(super) image: Text<'a>,
    #[serde(rename = "imageID")]
    pub(super) image_id: Text<'a>,
    #[serde(rename = "containerID")]
    pub(super) container_id: Text<'a>,
    pub(super) state: State<'a>,
    pub(super) last_state: State<'a>,
    pub(super) ready: bool,
    pub(super) started: Option<bool>,
    pub(super) restart_count: i32,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct State<'a> {
    pub(super) waiting: Option<Waiting<'a>>,
    pub(super) running: Option<Running>,
    pub(super) terminated: Option<Terminated<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Waiting<'a> {
    pub(super) reason: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Running {
    pub(super) started_at: Time,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Terminated<'a> {
    pub(super) reason: Text<'a>,
    pub(super) exit_code: i32,
    pub(super) signal: i32,
    pub(super) started_at: Time,
    pub(super) finished_at: Time,
}
