//! What the scheduler sets aside for a pod.

use smallvec::SmallVec;

use super::template::{Container, Template};
use crate::cluster::amount::{Amount, Unit};

/// So much of each resource, as the labels `resource` and `unit` have it.
pub(super) type Requested<'t> = SmallVec<[(&'t str, Unit, f64); 4]>;

/// What all containers together ask for, or what one of the steps before them does, if that is more; and what running a pod
/// costs by itself. A container that begins before the others and goes on beside them counts with all that follow it.
pub(super) fn of(template: &Template) -> Requested<'_> {
    let mut all = Requested::new();
    for container in &template.containers {
        add(&mut all, &container.resources.requests);
    }
    let mut beside = Requested::new();
    let mut steps: Vec<Requested<'_>> = Vec::new();
    for container in &template.inits {
        let mut step = beside.clone();
        add(&mut step, &container.resources.requests);
        if stays(container) {
            add(&mut all, &container.resources.requests);
            beside.clone_from(&step);
        }
        steps.push(step);
    }
    for (resource, unit, value) in steps.into_iter().flatten() {
        let sum = entry(&mut all, resource, unit);
        *sum = sum.max(value);
    }
    for amount in &template.manner.requests {
        *entry(&mut all, &amount.resource, amount.unit) = amount.quantity.exact;
    }
    add(&mut all, &template.manner.overhead);
    all
}

fn stays(container: &Container) -> bool {
    &*container.restart_policy == "Always"
}

fn add<'t>(to: &mut Requested<'t>, amounts: &'t [Amount]) {
    for amount in amounts {
        *entry(to, &amount.resource, amount.unit) += amount.quantity.exact;
    }
}

fn entry<'r, 't>(of: &'r mut Requested<'t>, resource: &'t str, unit: Unit) -> &'r mut f64 {
    let known = of.iter().position(|(own, in_unit, _)| *own == resource && *in_unit == unit);
    let at = known.unwrap_or_else(|| {
        of.push((resource, unit, 0.0));
        of.len() - 1
    });
    &mut of[at].2
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::kinds::pods::wire;

    fn requested(spec: &Value) -> Vec<(String, f64)> {
        let text = spec.to_string();
        let spec: wire::Spec<'_> = serde_json::from_str(&text).unwrap();
        let template = Template::of(&spec);
        let mut all: Vec<_> = of(&template)
            .into_iter()
            .map(|(resource, _, value)| (resource.to_owned(), (value * 1e6).round() / 1e6))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn asks(cpu: &str, memory: &str) -> Value {
        json!({ "resources": { "requests": { "cpu": cpu, "memory": memory } } })
    }

    fn beside(cpu: &str, memory: &str) -> Value {
        let mut container = asks(cpu, memory);
        container["restartPolicy"] = json!("Always");
        container
    }

    #[test]
    fn the_most_of_all_steps() {
        let cpu_and_memory =
            |cpu: f64, memory: f64| vec![("cpu".to_owned(), cpu), ("memory".to_owned(), memory)];
        let containers = json!([asks("100m", "100"), asks("250m", "50")]);
        let table = [
            (json!({ "containers": containers }), cpu_and_memory(0.35, 150.0)),
            // One step before them is larger in one resource.
            (
                json!({ "containers": containers, "initContainers": [asks("1", "20"), asks("2", "1")] }),
                cpu_and_memory(2.0, 150.0),
            ),
            // What stays counts with the containers, and with the steps that follow it.
            (
                json!({ "containers": containers, "initContainers": [asks("1", "1"), beside("500m", "10")] }),
                cpu_and_memory(1.0, 160.0),
            ),
            (
                json!({ "containers": containers, "initContainers": [beside("500m", "10"), asks("1", "1")] }),
                cpu_and_memory(1.5, 160.0),
            ),
            (
                json!({ "containers": containers, "overhead": { "cpu": "50m", "memory": "7" } }),
                cpu_and_memory(0.4, 157.0),
            ),
            // What the pod asks for as a whole counts in place of what its containers do.
            (
                json!({ "containers": containers, "resources": { "requests": { "cpu": "3" } }, "overhead": { "cpu": "50m" } }),
                cpu_and_memory(3.05, 150.0),
            ),
            (json!({ "containers": [{ "name": "a" }] }), Vec::new()),
        ];
        for (spec, expected) in table {
            assert_eq!(requested(&spec), expected, "{spec}");
        }
    }
}
