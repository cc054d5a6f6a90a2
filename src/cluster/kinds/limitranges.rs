//! Limit ranges: what containers, pods and claims of a namespace may ask for.

use serde::Deserialize;

use crate::cluster::{
    family::{Family, Stability::Stable},
    kind::{Kind, Part, Resource},
    object::{Body, Object},
    pool::Word,
    quantity::Quantity,
    rows::Rows,
    wire::{List, Map},
};

/// What is kept of a limit range.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct LimitRange {
    spec: Spec,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Spec {
    limits: List<Limit>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Limit {
    #[serde(rename = "type")]
    of: Word,
    min: Quantities,
    max: Quantities,
    default: Quantities,
    default_request: Quantities,
    max_limit_request_ratio: Quantities,
}

type Quantities = Map<Word, Quantity>;

impl Body for LimitRange {}

impl Kind for LimitRange {
    const RESOURCE: Resource = Resource::namespaced("limitranges", "", "v1", "LimitRange");
    const IDENTITY: &'static [(&'static str, Part<Self>)] =
        &[("namespace", Part::Namespace), ("limitrange", Part::Name)];
    const FAMILIES: &'static [Family<Self>] = &[
        Family::stable(
            "kube_limitrange",
            "Limits by resource and by what they apply to, in the resource's own unit: cores, bytes, pieces.",
            limits,
        ),
        Family::created(Stable, "kube_limitrange_created"),
    ];
}

fn limits(range: &Object<LimitRange>, rows: &mut Rows<'_>) {
    for limit in &range.body.spec.limits {
        let constraints = [
            ("min", &limit.min),
            ("max", &limit.max),
            ("default", &limit.default),
            ("defaultRequest", &limit.default_request),
            ("maxLimitRequestRatio", &limit.max_limit_request_ratio),
        ];
        for (constraint, quantities) in constraints {
            for (resource, quantity) in quantities {
                rows.row(
                    &[("resource", resource), ("type", &limit.of), ("constraint", constraint)],
                    quantity.fine,
                );
            }
        }
    }
}
