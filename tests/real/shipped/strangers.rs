//! What Prometheus scrapes beside noroshi has no place on its dashboards: it cannot be chosen, and is not counted.

use std::collections::BTreeMap;

use super::{
    dashboards::{Dashboard, Scope, Window},
    prometheus::Prometheus,
    world::{STRANGERS, World},
};
use crate::server::wait_until;

/// Of which only the instance of noroshi counts that has ended.
const COUNTED: [&str; 2] =
    ["noroshi-overview/Instances not scraped", "noroshi-internals/Instances not scraped"];

/// Before every Prometheus.
pub(super) fn are_not_shown(world: &World, dashboards: &[Dashboard]) {
    for prometheus in &world.prometheus {
        let job = format!("job='{STRANGERS}'");
        let strangers = prometheus.label_values(Some(&format!("up{{{job}}}")), "instance");
        assert_eq!(strangers.len(), 2, "{strangers:?}");
        let down = prometheus.instant(&format!("up{{{job}}} == 0"));
        assert!(!down.rows.is_empty(), "nobody would be counted too much");
        let counted: usize =
            dashboards.iter().map(|dashboard| is_without(dashboard, prometheus, &strangers)).sum();
        assert_eq!(counted, COUNTED.len());
    }
}

/// How many of its panels count instances.
fn is_without(dashboard: &Dashboard, prometheus: &Prometheus, strangers: &[String]) -> usize {
    let window = Window::opened("now-1h", jiff::Timestamp::now().as_second() as f64);
    let ways = dashboard.choices(prometheus, window, &mut Vec::new());
    for choice in ways.iter().flat_map(BTreeMap::values) {
        let held = strangers.iter().map(String::as_str).chain([STRANGERS]);
        let held: Vec<_> = held.filter(|value| choice.holds(value)).collect();
        assert!(held.is_empty(), "{}: {held:?} of {choice:?}", dashboard.uid);
    }
    let panels = dashboard.panels.iter().filter(|panel| COUNTED.contains(&&*panel.name));
    panels
        .map(|panel| {
            let scope = Scope { variables: &ways[0], window, row: BTreeMap::new() };
            let expression = scope.fill(&panel.targets[0].expression).unwrap();
            // On a machine that is busy a scrape may fail now and then.
            wait_until(&format!("{} to count one", panel.name), || {
                let answer = prometheus.instant(&expression);
                (answer.rows[0]["value"][1] == "1").then_some(())
            });
        })
        .count()
}
