//! What pods are together: by node, by namespace, by how they are.

use std::{borrow::Cow, collections::HashMap};

use super::{
    kept::{PHASES, Pod},
    requested::{self, Requested},
    state,
    template::Template,
};
use crate::cluster::{
    object::Object,
    own::{All, Own, Sums},
    rows::Rows,
};

pub(super) const OWN: &[Own<Pod>] = &[
    Own::gauge(
        "noroshi_kube_pod_state",
        "Pods of the namespace by kubectl's word for how they are, as its column STATUS has it.",
        &["namespace", "state"],
        states,
    ),
    Own::gauge(
        "noroshi_kube_node_pods",
        "Pods on the node by their phase. Those that are on none have an empty `node`.",
        &["node", "phase"],
        phases,
    ),
    Own::gauge(
        "noroshi_kube_node_pods_in_error",
        "Pods on the node with which something is wrong: they or a container of theirs crash, are refused, evicted or lost.",
        &["node"],
        errors,
    ),
    Own::gauge(
        "noroshi_kube_node_requested",
        "What pods on the node that are not finished ask for, as the scheduler counts it, in the unit that the row names.",
        &["node", "resource", "unit"],
        |pods, rows| {
            let on_nodes = |pod: &'_ Object<Pod>| !pod.body.place.node.is_empty();
            let all = sums(pods, on_nodes, |pod| &pod.body.place.node);
            all.write(["node", "resource", "unit"], rows);
        },
    ),
    Own::gauge(
        "noroshi_kube_namespace_requested",
        "What pods of the namespace that are not finished ask for, as the scheduler counts it, in the unit that the row names.",
        &["namespace", "resource", "unit"],
        |pods, rows| {
            let all = sums(pods, |_| true, |pod| &pod.meta.namespace);
            all.write(["namespace", "resource", "unit"], rows);
        },
    ),
];

fn states(pods: &All<'_, Pod>, rows: &mut Rows<'_>) {
    let mut all = Sums::new();
    for pod in pods.objects {
        all.add([Cow::Borrowed(&*pod.meta.namespace), state::word(pod)], 1.0);
    }
    all.write(["namespace", "state"], rows);
}

fn phase(pod: &Pod) -> &'static str {
    pod.look.phase.text(PHASES).unwrap_or_default()
}

fn phases(pods: &All<'_, Pod>, rows: &mut Rows<'_>) {
    let mut all = Sums::new();
    for pod in pods.objects {
        all.add([Cow::Borrowed(&*pod.body.place.node), Cow::Borrowed(phase(&pod.body))], 1.0);
    }
    all.write(["node", "phase"], rows);
}

/// A row for each node with pods: 0 where all of them are well.
fn errors(pods: &All<'_, Pod>, rows: &mut Rows<'_>) {
    let mut all = Sums::new();
    for pod in pods.objects {
        let is_error = state::is_error(&state::word(pod));
        all.add([Cow::Borrowed(&*pod.body.place.node)], f64::from(u8::from(is_error)));
    }
    all.write(["node"], rows);
}

/// What pods that are not finished ask for, by something.
fn sums<'a>(
    pods: &All<'a, Pod>,
    counts: impl Fn(&Object<Pod>) -> bool,
    by: impl Fn(&'a Object<Pod>) -> &'a str,
) -> Sums<'a, 3> {
    let mut all = Sums::new();
    // Many pods have one template.
    let mut known: HashMap<*const Template, Requested<'a>> = HashMap::new();
    let objects: &'a [_] = pods.objects;
    for pod in objects.iter().filter(|pod| counts(pod)) {
        if matches!(phase(&pod.body), "Succeeded" | "Failed") {
            continue;
        }
        let template: &'a Template = &pod.body.look.template;
        let requested = known.entry(template).or_insert_with(|| requested::of(template));
        for (resource, unit, value) in requested {
            let words = [by(pod), *resource, unit.text()];
            all.add(words.map(Cow::Borrowed), *value);
        }
    }
    all
}
