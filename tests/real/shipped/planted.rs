//! A dashboard with a mistake of each kind: whoever judges dashboards finds these, and no others.

use std::{collections::BTreeSet, time::Duration};

use super::{dashboards, panels::Judge, prometheus::SCRAPE, world::World};

/// What is complained of, as it begins.
const COMPLAINTS: [&str; 10] = [
    "noroshi-planted/A variable nobody has: A: nobody knows [\"$chek\"]",
    "noroshi-planted/Many to many: A: ",
    "noroshi-planted/No counter: A: PromQL info: metric might not be a counter",
    "noroshi-planted/Well: the link /d/noroshi-elsewhere: nobody ships noroshi-elsewhere",
    "noroshi-planted/Well: the link /d/noroshi-planted?var-check=${__data.fields.kind}: nobody knows",
    "noroshi-planted/Well: the link /d/noroshi-planted?var-check=nobody: noroshi-planted by",
    "noroshi-planted/Well: the link /d/noroshi-planted?var-colour=red: noroshi-planted by",
    "noroshi-planted: 1 dashboards have the tags",
    "noroshi-planted: the annotation wrong: ",
    "noroshi-empty: the variable nothing: no value of",
];

/// One that cannot even be opened.
const EMPTY: &str = r#"{
  "uid": "noroshi-empty", "time": { "from": "now-1h" },
  "templating": { "list": [{ "name": "nothing", "type": "query", "query": "label_values(noroshi_nothing, check)" }] }
}"#;

/// Before every Prometheus.
pub(super) fn are_found(world: &World) {
    let dashboards = [include_str!("planted.json"), EMPTY].map(dashboards::read);
    for prometheus in &world.prometheus {
        // What has no data here never has any.
        let wait = Duration::from_secs(SCRAPE);
        let judge = Judge { prometheus, dashboards: &dashboards, born: world.born, wait };
        let findings = judge.findings();
        for wanted in COMPLAINTS {
            let is_there = findings.complaints.iter().any(|told| told.starts_with(wanted));
            assert!(is_there, "{}: not found: {wanted}\n{findings:#?}", prometheus.name);
        }
        let others = findings
            .complaints
            .iter()
            .filter(|told| !COMPLAINTS.iter().any(|wanted| told.starts_with(wanted)));
        let others: Vec<_> = others.collect();
        assert!(others.is_empty(), "{}: {others:#?}", prometheus.name);
        let empty: BTreeSet<_> = findings.empty.keys().map(String::as_str).collect();
        let mut wanted = BTreeSet::from([
            "noroshi-planted/A variable nobody has",
            "noroshi-planted/Many to many",
            "noroshi-planted/Misspelt",
        ]);
        if prometheus.name != "classic" {
            wanted.insert("noroshi-planted/Classic alone");
        }
        assert_eq!(empty, wanted, "{}", prometheus.name);
        assert_eq!((findings.panels, findings.queries, findings.links), (7, 7, 5));
    }
}
