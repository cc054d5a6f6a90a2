//! What is shipped, before real servers: the dashboards, the rules, and who tells of a broken target. Contract: [`world`] is
//! a demo in which every state occurs, [`panels`] asks every query of every dashboard of `grafana/`, [`rules`] evaluates
//! `prometheus-rules/`, and [`once`] counts what people are told.

mod dashboards;
mod once;
mod panels;
mod planted;
mod prometheus;
mod rules;
mod strangers;
mod world;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

use self::{
    dashboards::Dashboard,
    panels::{Findings, Judge},
    prometheus::SCRAPE,
    world::World,
};
use crate::support::patience::patience;

/// Panels of which a query can have no data in the world, and why. At most five.
const EXEMPT: [(&str, &str); 1] = [(
    "noroshi-cluster/Lists made anew, and objects that cannot be read",
    "no real API server hands out an object that cannot be read",
)];

/// One world for all of it. Three Prometheus evaluate every rule every other second, and beside other tests on two cores
/// their scrapes come too late: `make test` runs it by itself, when all others have ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the machine for itself: `make test` runs it last"]
async fn every_panel_and_every_rule_finds_data() {
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let rule_files = rules::copied(folder.path(), |text| rules::each(SCRAPE, text));
    let Some(world) = World::start(&rule_files).await else { return };
    eprintln!("everything had happened after {:?}", begun.elapsed());
    tokio::task::block_in_place(|| judged(&world));
    eprintln!("all of it took {:?}", begun.elapsed());
}

/// Everything that is wrong is told, not the first of it alone.
fn judged(world: &World) {
    let grafana = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana");
    let dashboards = dashboards::all(&grafana);
    assert!(!dashboards.is_empty(), "no dashboards in {}", grafana.display());
    let themes: [(&str, &dyn Fn()); 6] = [
        ("families", &|| world.shows_every_family()),
        ("planted mistakes", &|| planted::are_found(world)),
        ("strangers", &|| strangers::are_not_shown(world, &dashboards)),
        ("panels", &|| panels_find_data(world, &dashboards)),
        ("recording rules", &|| rules::record(world)),
        ("alerts", &|| rules::alert(world, &dashboards)),
    ];
    let fails = |(name, judge): &(&'static str, &dyn Fn())| {
        let begun = Instant::now();
        let is_wrong = catch_unwind(AssertUnwindSafe(judge)).is_err();
        eprintln!("{name}: {:?}", begun.elapsed());
        is_wrong.then_some(*name)
    };
    let failed: Vec<_> = themes.iter().filter_map(fails).collect();
    assert!(failed.is_empty(), "{failed:?} failed: see above");
}

fn panels_find_data(world: &World, dashboards: &[Dashboard]) {
    let mut empty: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut complaints = Vec::new();
    let wait = patience().max(Duration::from_secs(30));
    for prometheus in &world.prometheus {
        let findings = Judge { prometheus, dashboards, born: world.born, wait }.findings();
        let Findings { panels, queries, links, .. } = findings;
        eprintln!("{}: {panels} panels, {queries} queries, {links} links", prometheus.name);
        for (panel, queries) in findings.empty {
            let queries = queries.into_iter().map(|query| format!("{}: {query}", prometheus.name));
            empty.entry(panel).or_default().extend(queries);
        }
        let named = findings.complaints.into_iter();
        complaints.extend(named.map(|complaint| format!("{}: {complaint}", prometheus.name)));
    }
    assert!(EXEMPT.len() <= 5, "too many are exempt");
    for (panel, why) in EXEMPT {
        let was_empty = empty.remove(panel);
        assert!(was_empty.is_some(), "{panel} has data, and is excused: {why}");
        eprintln!("{panel} has no data: {why}");
    }
    assert!(
        complaints.is_empty() && empty.is_empty(),
        "{}\nno data: {empty:#?}",
        complaints.join("\n")
    );
}
