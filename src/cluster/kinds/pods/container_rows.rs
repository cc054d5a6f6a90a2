//! Rows of containers, and of init containers.

use super::{
    container::{Container, Termination},
    kept::Pod,
    template::{self, Resources},
};
use crate::cluster::{
    amount::{Amount, Unit},
    object::Object,
    rows::{Number, Rows},
};

pub(super) fn info(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    for (wanted, container) in both(&pod.body.look.template.containers, pod.body.containers()) {
        about(wanted, container, |labels| rows.info(labels));
    }
}

pub(super) fn init_info(pod: &Object<Pod>, rows: &mut Rows<'_>) {
    for (wanted, container) in both(&pod.body.look.template.inits, pod.body.inits()) {
        about(wanted, container, |labels| {
            let [name, spec, image, image_id, id] = *labels;
            rows.info(&[
                name,
                spec,
                image,
                image_id,
                id,
                ("restart_policy", &wanted.restart_policy),
            ]);
        });
    }
}

/// Containers that are wanted beside what there is of that name.
fn both<'p>(
    wanted: &'p [template::Container],
    containers: impl Iterator<Item = Container<'p>> + Clone,
) -> impl Iterator<Item = (&'p template::Container, Container<'p>)> {
    wanted.iter().flat_map(move |wanted| {
        let same = containers.clone().filter(|container| container.about.name == wanted.name);
        same.map(move |container| (wanted, container))
    })
}

fn about(
    wanted: &template::Container,
    container: Container<'_>,
    write: impl FnOnce(&[(&str, &str); 5]),
) {
    let about = container.about;
    write(&[
        ("container", &about.name),
        ("image_spec", &wanted.image),
        ("image", &about.image),
        ("image_id", &about.image_id),
        ("container_id", &container.id()),
    ]);
}

/// Amounts of resources that containers want. All but CPUs come in whole pieces.
pub(super) fn amounts(
    pod: &Object<Pod>,
    wanted: &[template::Container],
    rows: &mut Rows<'_>,
    of: fn(&Resources) -> &[Amount],
) {
    for container in wanted {
        for amount in of(&container.resources) {
            let labels = [
                ("container", &*container.name),
                ("node", &pod.body.place.node),
                ("resource", &amount.resource),
                ("unit", amount.unit.text()),
            ];
            let quantity = &amount.quantity;
            let value = if amount.unit == Unit::Core { quantity.fine } else { quantity.whole };
            rows.row(&labels, value);
        }
    }
}

/// A row for each container.
pub(super) fn each<'p, N: Number>(
    containers: impl Iterator<Item = Container<'p>>,
    rows: &mut Rows<'_>,
    value: fn(Container<'p>) -> N,
) {
    for container in containers {
        rows.row(&[("container", &container.about.name)], value(container).float());
    }
}

pub(super) fn started<'p>(containers: impl Iterator<Item = Container<'p>>, rows: &mut Rows<'_>) {
    for container in containers {
        if let Some(started) = container.started() {
            rows.row(&[("container", &container.about.name)], started.or_go_zero());
        }
    }
}

/// A row for each container that has ended before.
pub(super) fn last<'p>(
    containers: impl Iterator<Item = Container<'p>>,
    rows: &mut Rows<'_>,
    value: fn(&Termination) -> f64,
) {
    for container in containers {
        if let Some(last) = container.last() {
            rows.row(&[("container", &container.about.name)], value(last));
        }
    }
}

/// A row for each container that has a reason.
pub(super) fn reasons<'p>(
    containers: impl Iterator<Item = Container<'p>>,
    rows: &mut Rows<'_>,
    reason: fn(Container<'p>) -> Option<&'p str>,
) {
    for container in containers {
        if let Some(reason) = reason(container) {
            rows.info(&[("container", &container.about.name), ("reason", reason)]);
        }
    }
}
