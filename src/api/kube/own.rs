//! What kube-state-metrics tells of itself; four alerts of its own mixin read it.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    cluster::{Watched, spec::Shard},
    model::{LabelSet, MetricKind, Sink},
};

/// Writes it, but for the build and the durations, which are registered.
pub(super) fn write(clusters: &[Arc<Watched>], shard: Shard, sink: &mut dyn Sink) {
    let none = LabelSet::default();
    for (verb, name, help) in [
        (
            "list",
            "kube_state_metrics_list_total",
            "Lists that were asked for, by resource and result.",
        ),
        (
            "watch",
            "kube_state_metrics_watch_total",
            "Watches that were begun, by resource and result.",
        ),
    ] {
        sink.family(name, help, MetricKind::Counter);
        for ((resource, well), requests) in requests(clusters, verb) {
            let result = if well { "success" } else { "error" };
            sink.sample(&none, &[("result", result), ("resource", &resource)], requests);
        }
    }
    sink.family(
        "kube_state_metrics_total_shards",
        "Replicas that share the objects.",
        MetricKind::Gauge,
    );
    sink.sample(&none, &[], shard.total.into());
    let help = "Which of the replicas this is, from 0.";
    sink.family("kube_state_metrics_shard_ordinal", help, MetricKind::Gauge);
    let ordinal = shard.ordinal.to_string();
    sink.sample(&none, &[("shard_ordinal", &ordinal)], shard.ordinal.into());
}

/// By resource, as the Go type that the peer has for it, and by whether they went well.
fn requests(clusters: &[Arc<Watched>], verb: &str) -> BTreeMap<(String, bool), f64> {
    let mut all = BTreeMap::new();
    for member in clusters.iter().flat_map(|cluster| cluster.members()) {
        let resource = member.collector.resource();
        let go_type = format!("*{}.{}", resource.version, resource.kind);
        for ((_, well), count) in
            member.health.record().requests.iter().filter(|((own, _), _)| *own == verb)
        {
            #[expect(clippy::cast_precision_loss, reason = "a sample is an f64")]
            let count = *count as f64;
            *all.entry((go_type.clone(), *well)).or_default() += count;
        }
    }
    all
}
