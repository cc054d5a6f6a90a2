//! Rows of whole pods.

use std::{borrow::Cow, net::IpAddr};

use super::{
    container::Container,
    kept::{Condition, PHASES, Pod, QOS_CLASSES, Volume},
};
use crate::cluster::{
    object::Object,
    rows::{Number, Rows},
    wire::Time,
};

/// When the last of the containers that have ended did so.
pub(super) fn completion(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    let ended = pod.body.containers().filter_map(|container| {
        container.terminated().map(|termination| termination.finished.or_go_zero())
    });
    rows.value_of(ended.reduce(f64::max).filter(|last| *last > 0.0));
}

pub(super) fn info(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    let (place, manner) = (&pod.body.place, &pod.body.look.template.manner);
    let (kind, name) =
        pod.meta.controller().map_or(("", ""), |controller| (&controller.kind, &controller.name));
    pod.body.with_addresses(|ip, _| {
        rows.info(&[
            ("host_ip", &place.ip),
            ("pod_ip", ip),
            ("node", &place.node),
            ("created_by_kind", kind),
            ("created_by_name", name),
            ("priority_class", &manner.priority_class),
            ("host_network", if manner.host_network { "true" } else { "false" }),
        ]);
    });
}

/// All addresses that are addresses.
pub(super) fn addresses(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    pod.body.with_addresses(|_, all| {
        for ip in all {
            if let Some(family) = ip_family(ip) {
                rows.info(&[("ip", ip), ("ip_family", family)]);
            }
        }
    });
}

/// The generation of an address. One of the new kind may name its zone, and may stand for one of the old.
fn ip_family(text: &str) -> Option<&'static str> {
    let (address, zone) = text.split_once('%').unwrap_or((text, "none"));
    let is_old = match address.parse().ok()? {
        IpAddr::V4(_) if address.len() == text.len() => true,
        IpAddr::V6(address) if !zone.is_empty() => address.to_ipv4_mapped().is_some(),
        _ => return None,
    };
    Some(if is_old { "4" } else { "6" })
}

pub(super) fn overhead_cpu(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    let overhead = &pod.body.look.template.manner.overhead;
    let cpu = overhead.iter().find(|amount| &*amount.resource == "cpu");
    rows.value_of(cpu.map(|amount| amount.quantity.fine));
}

pub(super) fn overhead_memory(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    let overhead = &pod.body.look.template.manner.overhead;
    let memory = overhead.iter().find(|amount| &*amount.resource == "memory");
    rows.value_of(memory.map(|amount| amount.quantity.whole));
}

pub(super) fn runtime_class(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    if let Some(class) = &pod.body.look.template.manner.runtime_class {
        rows.info(&[("runtimeclass_name", class)]);
    }
}

pub(super) fn devices(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    for device in pod.body.devices() {
        rows.info(&[
            ("claim_name", &device.name),
            ("resourceclaim_name", &device.claim),
            ("resourceclaim_template_name", &device.template),
        ]);
    }
}

/// A row for each volume that a claim provides.
pub(super) fn volumes(pod: &Object<Pod>, rows: &mut Rows<'_>, value: fn(&Volume) -> bool) {
    for volume in pod.body.volumes() {
        // A claim that is made for the pod is named after both.
        let made = || Cow::Owned(format!("{}-{}", pod.meta.name, &*volume.name));
        let claim = volume.claim.as_deref().map_or_else(made, Cow::Borrowed);
        let labels = [
            ("volume", &*volume.name),
            ("persistentvolumeclaim", &*claim),
            ("ephemeral", if volume.claim.is_none() { "true" } else { "false" }),
        ];
        rows.row(&labels, value(volume).float());
    }
}

pub(super) fn phase(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    if let Some(phase) = pod.body.look.phase.text(PHASES) {
        rows.one_of("phase", PHASES, phase);
    }
}

pub(super) fn qos(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    if let Some(class) = pod.body.look.qos.text(QOS_CLASSES) {
        rows.one_of("qos_class", QOS_CLASSES, class);
    }
}

/// The conditions of a kind, of which there should be one.
fn conditions<'p>(pod: &'p Object<Pod>, kind: &str) -> impl Iterator<Item = (&'p Condition, Time)> {
    pod.body.conditions().filter(move |(condition, _)| *condition.kind == *kind)
}

/// A row for each status that a condition may have.
pub(super) fn condition(pod: &Object<Pod>, rows: &mut Rows<'_>, kind: &str) {
    for (condition, _) in conditions(pod, kind) {
        rows.status(&[], "condition", &condition.status);
    }
}

/// Since when a condition has a status, if it has it.
pub(super) fn since(pod: &Object<Pod>, rows: &mut Rows<'_>, kind: &str, status: &str) {
    for (_, since) in conditions(pod, kind).filter(|(condition, _)| &*condition.status == status) {
        rows.value(since.or_go_zero());
    }
}

/// A row if the pod waits for a node.
pub(super) fn unschedulable(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    for (condition, _) in conditions(pod, "PodScheduled") {
        if &*condition.status == "False" {
            rows.value(true);
        }
    }
}

/// The reasons that are told apart; any other that the pod itself has is shown as one.
const REASONS: &[&str] = &[
    "Evicted",
    "NodeAffinity",
    "NodeLost",
    "PreemptionByScheduler",
    "SchedulingGated",
    "Shutdown",
    "TerminationByKubelet",
    "UnexpectedAdmissionError",
];

/// Reasons of the pod, of its conditions, and of its containers that have ended.
pub(super) fn reasons(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    let own = pod.body.reason();
    let ended = pod.body.containers().filter_map(Container::terminated);
    let all = std::iter::once(own)
        .chain(pod.body.conditions().map(|(condition, _)| &*condition.reason))
        .chain(ended.map(|termination| &*termination.reason));
    let mut has = [false; REASONS.len()];
    for reason in all {
        if let Some(at) = REASONS.iter().position(|known| *known == reason) {
            has[at] = true;
        }
    }
    for (reason, _) in REASONS.iter().zip(has).filter(|(_, has)| *has) {
        rows.info(&[("reason", reason)]);
    }
    if !own.is_empty() && !REASONS.contains(&own) {
        rows.info(&[("reason", "Other")]);
    }
}

/// The reasons for which pods are made to go; any other is shown as one.
const DISRUPTIONS: &[&str] = &[
    "PreemptionByScheduler",
    "DeletionByTaintManager",
    "EvictionByEvictionAPI",
    "DeletionByPodGC",
    "TerminationByKubelet",
];

pub(super) fn disruptions(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    for (condition, _) in conditions(pod, "DisruptionTarget") {
        let reason = &*condition.reason;
        rows.info(&[("reason", if DISRUPTIONS.contains(&reason) { reason } else { "Other" })]);
    }
}

pub(super) fn tolerations(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    for toleration in &pod.body.look.template.manner.tolerations {
        let seconds = toleration.seconds.map(|seconds| seconds.to_string());
        rows.info(&[
            ("key", &toleration.key),
            ("operator", &toleration.operator),
            ("value", &toleration.value),
            ("effect", &toleration.effect),
            ("toleration_seconds", seconds.as_deref().unwrap_or_default()),
        ]);
    }
}
