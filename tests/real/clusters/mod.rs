//! Clusters: the real binary watches a real API server, beside the real kube-state-metrics where they are compared.
//! Contract: [`world::World`] is a populated cluster; [`differential`] tells every series in which the two differ, and
//! [`mixin`] that alerts and dashboards find what they look for. [`own`] and [`happened`] compare what no peer shows with
//! what kubectl prints; [`judged`] and [`definitions`] are objects as checks. [`changes`], [`rights`] and [`outages`] are
//! what happens to clusters, and [`foundations`] proves that the cluster behaves as these tests take for granted.

mod changes;
mod definitions;
mod differential;
mod exporter;
mod foundations;
mod happened;
pub(crate) mod judged;
pub(crate) mod kubelet;
mod mixin;
mod outages;
mod own;
mod printed;
mod rights;
mod scrape;
mod troubles;
mod watcher;
mod words;
pub(crate) mod world;

/// One world for both: it takes a third of what they take.
#[test]
fn noroshi_takes_the_place_of_kube_state_metrics() {
    let Some(mut world) = world::World::populate() else { return };
    world.still();
    differential::noroshi_shows_what_kube_state_metrics_shows(&world);
    mixin::its_expressions_find_data(&world);
}

/// One world for all of them, whose controllers go on.
#[test]
fn noroshi_judges_and_shows_what_kubectl_shows() {
    let Some(mut world) = world::World::populate() else { return };
    judged::before(&world);
    words::before(&world);
    definitions::before(&world);
    let objects = judged::CHECKS.map(|(check, object, _)| (check, object));
    let checks = objects.into_iter().chain(definitions::CHECKS);
    let watcher = watcher::Watcher::start(world.cluster.kubeconfig(), checks);
    definitions::come_and_go(&world, &watcher);
    judged::each_kind_is_judged(&watcher);
    own::is_as_printed(&world, &watcher, own::VIEWS);
    words::are_many(&watcher);
    let begun = happened::so_far(&world, &watcher);
    judged::changes_are_seen(&world, &watcher);
    own::changes_are_told(&world, &watcher);
    happened::since(&begun, &world, &watcher);
    judged::an_outage_is_no_failure(&mut world, &watcher);
}
