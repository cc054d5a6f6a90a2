//! What is shipped, before real servers: the dashboards, the rules, and who tells of a broken target. Contract: [`world`] is
//! a demo in which every state occurs, [`panels`] asks every query of every dashboard of `grafana/`, [`rules`] evaluates
//! `prometheus-rules/`, and [`once`] counts what people are told.

mod dashboards;
mod once;
mod panels;
mod planted;
mod prometheus;
mod rules;
mod world;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Instant,
};

use self::{
    dashboards::Dashboard,
    panels::{Findings, Judge},
    world::World,
};

/// Panels of which a query has no data in the world, and why. At most five.
const EXEMPT: [(&str, &str); 0] = [];

/// One world for all of it: it takes a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_and_every_rule_finds_data() {
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let rule_files = rules::copied(folder.path(), rules::each_second);
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
    let themes: [(&str, &dyn Fn()); 5] = [
        ("families", &|| world.shows_every_family()),
        ("planted mistakes", &|| planted::are_found(world)),
        ("panels", &|| panels_find_data(world, &dashboards)),
        ("recording rules", &|| rules::record(world)),
        ("alerts", &|| rules::alert(world, &dashboards)),
    ];
    let fails = |(name, judge): &(&'static str, &dyn Fn())| {
        catch_unwind(AssertUnwindSafe(judge)).is_err().then_some(*name)
    };
    let failed: Vec<_> = themes.iter().filter_map(fails).collect();
    assert!(failed.is_empty(), "{failed:?} failed: see above");
}

fn panels_find_data(world: &World, dashboards: &[Dashboard]) {
    let mut empty: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut complaints = Vec::new();
    for prometheus in &world.prometheus {
        let findings = Judge { prometheus, dashboards, born: world.born }.findings();
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
        assert!(was_empty.is_some(), "{panel} has data, and is exempt: {why}");
    }
    assert!(
        complaints.is_empty() && empty.is_empty(),
        "{}\nno data: {empty:#?}",
        complaints.join("\n")
    );
}
