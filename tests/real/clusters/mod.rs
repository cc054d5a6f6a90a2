//! Clusters: the real binary watches a real API server, beside the real kube-state-metrics where they are compared.
//! Contract: [`world::World`] is a populated cluster; [`differential`] tells every series in which the two differ, and
//! [`mixin`] that alerts and dashboards find what they look for. [`changes`], [`rights`] and [`outages`] are what happens
//! to clusters, and [`foundations`] proves that the cluster behaves as these tests take for granted.

mod changes;
mod differential;
mod exporter;
mod foundations;
mod kubelet;
mod mixin;
mod outages;
mod rights;
mod scrape;
mod troubles;
mod world;

/// One world for both: it takes a third of what they take.
#[test]
fn noroshi_takes_the_place_of_kube_state_metrics() {
    let Some(mut world) = world::World::populate() else { return };
    world.still();
    differential::noroshi_shows_what_kube_state_metrics_shows(&world);
    mixin::its_expressions_find_data(&world);
}
