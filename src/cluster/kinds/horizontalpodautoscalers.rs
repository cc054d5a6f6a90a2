//! Horizontal pod autoscalers: within which bounds they scale, by which metrics, and where they stand.

use serde::Deserialize;

use crate::cluster::{
    condition::Condition,
    family::{
        Family,
        Stability::{Alpha, Stable},
    },
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    pool::Word,
    quantity::Quantity,
    rows::Rows,
    wire::List,
};

/// What is kept of an autoscaler.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct HorizontalPodAutoscaler {
    spec: Spec,
    status: Status,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    scale_target_ref: Target,
    max_replicas: i32,
    min_replicas: Option<i32>,
    metrics: Amounts,
    behavior: Option<Behavior>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Target {
    api_version: Word,
    kind: Word,
    name: Box<str>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Behavior {
    scale_down: Option<Rules>,
    scale_up: Option<Rules>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Rules {
    tolerance: Option<Quantity>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    current_metrics: Amounts,
    current_replicas: i32,
    desired_replicas: i32,
    conditions: List<Condition>,
}

/// What metrics should be or are, a row each.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(from = "List<Metric>")]
struct Amounts(Box<[Amount]>);

#[derive(Debug, PartialEq)]
struct Amount {
    metric: Word,
    container: Word,
    /// What of it: its value, its average over the pods, or how much of the request is used.
    of: &'static str,
    value: f64,
}

/// A metric in the wire: one of the sources is there, by the type.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metric {
    r#type: Word,
    object: Option<Source>,
    pods: Option<Source>,
    resource: Option<Source>,
    container_resource: Option<Source>,
    external: Option<Source>,
}

/// A source of any type: resources have their name themselves, all others a metric with a name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    name: Word,
    container: Word,
    metric: Named,
    /// What the spec wants, or what the status has.
    #[serde(rename = "target", alias = "current")]
    values: Values,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: Word,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Values {
    value: Option<Quantity>,
    average_value: Option<Quantity>,
    average_utilization: Option<i32>,
}

impl From<List<Metric>> for Amounts {
    fn from(metrics: List<Metric>) -> Self {
        Self(metrics.iter().flat_map(Metric::amounts).collect())
    }
}

impl Metric {
    /// What is shown of it: nothing where its type is not known or its source is not there.
    fn amounts(&self) -> Vec<Amount> {
        let (source, is_resource) = match &*self.r#type {
            "Object" => (&self.object, false),
            "Pods" => (&self.pods, false),
            "Resource" => (&self.resource, true),
            "ContainerResource" => (&self.container_resource, true),
            "External" => (&self.external, false),
            _ => return Vec::new(),
        };
        let Some(source) = source else { return Vec::new() };
        let name = if is_resource { &source.name } else { &source.metric.name };
        let values = &source.values;
        let parts = [
            ("value", values.value.map(|quantity| quantity.fine)),
            ("average", values.average_value.map(|quantity| quantity.fine)),
            ("utilization", values.average_utilization.map(f64::from)),
        ];
        let amount = |(of, value): (&'static str, Option<f64>)| {
            let (metric, container) = (name.clone(), source.container.clone());
            value.map(|value| Amount { metric, container, of, value })
        };
        parts.into_iter().filter_map(amount).collect()
    }
}

impl Amounts {
    fn write(&self, rows: &mut Rows<'_>) {
        for amount in &self.0 {
            let labels = [
                ("metric_name", &*amount.metric),
                ("metric_target_type", amount.of),
                ("container", &amount.container),
            ];
            rows.row(&labels, amount.value);
        }
    }
}

impl Body for HorizontalPodAutoscaler {}

impl Kind for HorizontalPodAutoscaler {
    const RESOURCE: Resource = Resource::namespaced(
        "horizontalpodautoscalers",
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
    );
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("horizontalpodautoscaler", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::alpha(
            "kube_horizontalpodautoscaler_info",
            "The autoscaler, with what it scales.",
            info,
        ),
        Family::generation(Stable, "kube_horizontalpodautoscaler_metadata_generation"),
        Family::stable(
            "kube_horizontalpodautoscaler_spec_max_replicas",
            "The most pods that the autoscaler asks for.",
            |autoscaler, rows| rows.value(autoscaler.body.spec.max_replicas),
        ),
        Family::stable(
            "kube_horizontalpodautoscaler_spec_min_replicas",
            "The fewest pods that the autoscaler asks for.",
            |autoscaler, rows| rows.value(autoscaler.body.spec.min_replicas.unwrap_or(1)),
        ),
        Family::alpha(
            "kube_horizontalpodautoscaler_spec_target_metric",
            "What the metrics should be by which the autoscaler scales; utilization in percent.",
            |autoscaler, rows| autoscaler.body.spec.metrics.write(rows),
        ),
        Family::alpha(
            "kube_horizontalpodautoscaler_spec_behavior_scale_down_tolerance",
            "By which part a metric may be too low without fewer pods being asked for, as a ratio.",
            |autoscaler, rows| {
                rows.value_of(tolerance(autoscaler, |behavior| behavior.scale_down.as_ref()));
            },
        ),
        Family::alpha(
            "kube_horizontalpodautoscaler_spec_behavior_scale_up_tolerance",
            "By which part a metric may be too high without more pods being asked for, as a ratio.",
            |autoscaler, rows| {
                rows.value_of(tolerance(autoscaler, |behavior| behavior.scale_up.as_ref()));
            },
        ),
        Family::stable(
            "kube_horizontalpodautoscaler_status_target_metric",
            "What the metrics are by which the autoscaler scales; utilization in percent.",
            |autoscaler, rows| autoscaler.body.status.current_metrics.write(rows),
        ),
        Family::stable(
            "kube_horizontalpodautoscaler_status_current_replicas",
            "Pods that there are.",
            |autoscaler, rows| rows.value(autoscaler.body.status.current_replicas),
        ),
        Family::stable(
            "kube_horizontalpodautoscaler_status_desired_replicas",
            "Pods that the autoscaler asks for.",
            |autoscaler, rows| rows.value(autoscaler.body.status.desired_replicas),
        ),
        Family::annotations(Alpha, "kube_horizontalpodautoscaler_annotations"),
        Family::labels(Stable, "kube_horizontalpodautoscaler_labels"),
        Family::stable(
            "kube_horizontalpodautoscaler_status_condition",
            "Conditions of the autoscaler, with a row for each status they may have.",
            |autoscaler, rows| rows.conditions(&autoscaler.body.status.conditions),
        ),
        Family::created(Alpha, "kube_horizontalpodautoscaler_created"),
        Family::deleted(Alpha, "kube_horizontalpodautoscaler_deletion_timestamp"),
    ];
}

/// Without a version of the API the label is left out, not empty.
fn info(autoscaler: &Object<HorizontalPodAutoscaler>, rows: &mut Rows<'_>) {
    let target = &autoscaler.body.spec.scale_target_ref;
    let labels = [
        ("scaletargetref_api_version", &*target.api_version),
        ("scaletargetref_kind", &target.kind),
        ("scaletargetref_name", &target.name),
    ];
    rows.info(&labels[usize::from(target.api_version.is_empty())..]);
}

fn tolerance(
    autoscaler: &Object<HorizontalPodAutoscaler>,
    direction: impl FnOnce(&Behavior) -> Option<&Rules>,
) -> Option<f64> {
    let rules = direction(autoscaler.body.spec.behavior.as_ref()?)?;
    rules.tolerance.map(|tolerance| tolerance.exact)
}
