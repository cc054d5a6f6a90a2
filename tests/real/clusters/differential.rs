//! kube-state-metrics and `noroshi kube-state-metrics`, started with the same flags on the same cluster: the same series
//! with the same values and types, or a list of those that differ.

use std::{
    collections::BTreeSet,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    exporter::{Exporter, POLL},
    world::World,
};
use crate::{
    server::{itself, part},
    support::daemon::noroshi,
};

/// So long the two may see different things of one cluster.
const SETTLING: Duration = Duration::from_secs(20);

/// Flags, and what is asked for with them.
const CASES: [(&[&str], &[&str]); 13] = [
    (
        &[],
        &[
            "/metrics",
            "/metrics?resources=pods,nodes",
            "/metrics?exclude_resources=pods,%20jobs&exclude_resources=secrets",
            "/metrics?resources=leases&resources=pods&exclude_resources=pods,unknown",
            "/metrics?resources=",
        ],
    ),
    (&["--metric-labels-allowlist=*=[*]", "--metric-annotations-allowlist=*=[*]"], &["/metrics"]),
    (
        &[
            "--metric-labels-allowlist=nodes=[example.com/rack*,kubernetes.io/arch],pods=[app],namespaces=[]",
            "--metric-annotations-allowlist=services=[*],nodes=[example.com/camelCase]",
        ],
        &["/metrics"],
    ),
    (&["--resources=pods,nodes", "--namespaces=shop,edge"], &["/metrics"]),
    (&["--namespaces=edge"], &["/metrics"]),
    (&["--namespaces-denylist=edge,kube-system"], &["/metrics"]),
    (
        &["--metric-allowlist=kube_pod_status_.*,kube_node_info,^kube_deployment,ingress_path$"],
        &["/metrics"],
    ),
    (&["--metric-denylist=kube_.*_created,kube_secret,kube_lease"], &["/metrics"]),
    (&["--shard=0", "--total-shards=3"], &["/metrics"]),
    (&["--shard=1", "--total-shards=3"], &["/metrics"]),
    (&["--shard=2", "--total-shards=3"], &["/metrics"]),
    (&["--resources=pods", "--node=beacon"], &["/metrics"]),
    (&["--enable-gzip-encoding", "--resources=jobs,cronjobs"], &["/metrics"]),
];

/// Families that nothing in a real cluster can bring about without more than there is here.
const UNREACHABLE: [&str; 1] = [
    // The API server refuses such a schedule.
    "kube_cronjob_schedule_invalid",
];

/// Compares them on a world that stands still; it has changed afterwards.
pub(super) fn noroshi_shows_what_kube_state_metrics_shows(world: &World) {
    if part("kube-state-metrics").is_none() {
        return;
    }
    every_family_has_a_row(world);
    let mut found: Vec<_> = CASES.iter().filter_map(|case| differing(world, *case)).collect();
    found.extend(changes_are_seen(world));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is never shown is never compared: the world has something for every family of the table.
fn every_family_has_a_row(world: &World) {
    let table = include_str!("../../fixtures/ksm-families.tsv");
    let rows = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let rows: Vec<_> = rows.map(|row| (row[0], row[2])).collect();
    let resources: BTreeSet<_> = rows.iter().map(|(resource, _)| *resource).collect();
    let resources: Vec<_> = resources.into_iter().collect();
    let resources = format!("--resources={}", resources.join(","));
    let flags = [
        resources.as_str(),
        "--metric-labels-allowlist=*=[*]",
        "--metric-annotations-allowlist=*=[*]",
        "--metric-opt-in-list=kube_pod_nodeselectors,kube_persistentvolume_csi_attributes",
    ];
    let peer = Side::Theirs.start(world, &flags);
    let scrape = peer.settled("/metrics");
    let shown = scrape.families();
    let wanted =
        rows.iter().map(|(_, family)| *family).filter(|family| !UNREACHABLE.contains(family));
    let missing: Vec<_> = wanted.filter(|family| !shown.contains(family)).collect();
    assert!(missing.is_empty(), "nothing in the world brings about {missing:#?}");
}

/// How the two differ with these flags; the whole patience is given to each path.
fn differing(world: &World, (flags, paths): (&[&str], &[&str])) -> Option<String> {
    let (theirs, ours) = (Side::Theirs.start(world, flags), Side::Ours.start(world, flags));
    let mut text = String::new();
    for path in paths {
        let asked = format!("{} {path}", flags.join(" "));
        let (count, difference) = compared(&theirs, &ours, path);
        eprintln!("{count} series compared: {asked}");
        if !difference.is_empty() {
            text.push_str(&format!("{asked}\n{difference}"));
        }
    }
    (!text.is_empty()).then_some(text)
}

/// How the two differ after they have seen the world as it was, and then it changes.
fn changes_are_seen(world: &World) -> Option<String> {
    let flags = ["--metric-labels-allowlist=*=[*]", "--metric-annotations-allowlist=*=[*]"];
    let (theirs, ours) = (Side::Theirs.start(world, &flags), Side::Ours.start(world, &flags));
    let before = theirs.settled("/metrics");
    let (_, known) = compared(&theirs, &ours, "/metrics");
    world.change();
    let (count, difference) = compared(&theirs, &ours, "/metrics");
    let changed = before.difference(&theirs.settled("/metrics")).lines().count();
    assert!(changed > 100, "too little has changed: {changed} lines");
    eprintln!("{count} series compared after {changed} lines of changes");
    (difference != known && !difference.is_empty()).then(|| format!("after changes\n{difference}"))
}

/// How many series theirs has, and in what ours differs after everybody has had time to see everything.
fn compared(theirs: &Exporter, ours: &Exporter, path: &str) -> (usize, String) {
    let until = Instant::now() + SETTLING;
    loop {
        let settled = theirs.settled(path);
        let difference = match ours.scrape(path) {
            Some(scrape) => settled.difference(&scrape),
            None => String::from("  no answer\n"),
        };
        if difference.is_empty() || Instant::now() > until {
            return (settled.len(), difference);
        }
        // Another program's answer: there is nothing to be told by.
        std::thread::sleep(POLL);
    }
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Theirs,
    Ours,
}

impl Side {
    /// The program alone, with nothing in its environment.
    fn command(self) -> Command {
        if self == Self::Ours && !itself() {
            return noroshi(&["kube-state-metrics"]);
        }
        let mut command = Command::new(part("kube-state-metrics").unwrap());
        command.env_clear();
        command
    }

    fn start(self, world: &World, flags: &[&str]) -> Exporter {
        Exporter::start(self.command(), &format!("{self:?}"), world.cluster.kubeconfig(), flags)
    }
}
