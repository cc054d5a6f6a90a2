//! What no peer shows, beside what kubectl prints of the same cluster.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    printed::{cells, fields, quantity, seconds, table},
    scrape::{Scrape, label},
    watcher::{Watcher, until_seen},
    world::World,
};
use crate::kube::Cluster;

/// Values by some words, in millionths: sums of fractions are not exact.
type Rows = BTreeMap<Vec<String>, i64>;

/// A family, the labels that are compared, and the same by kubectl.
pub(super) type View = (&'static str, &'static [&'static str], fn(&Cluster) -> Rows);

/// Definitions of custom resources.
pub(super) const DEFINITIONS: &[View] =
    &[("noroshi_kube_crd_condition", &["crd", "condition", "status", "reason"], definitions)];

/// Everything.
pub(super) const VIEWS: &[View] = &[
    ("noroshi_kube_pod_state", &["namespace", "state"], |cluster| {
        let pods = table(cluster, "get pods --all-namespaces");
        count(pods.into_iter().map(|row| pick(&row, &[0, 3])))
    }),
    ("noroshi_kube_node_pods", &["node", "phase"], |cluster| {
        let fields = fields(cluster, "pods --all-namespaces", &[".spec.nodeName", ".status.phase"]);
        count(fields.into_iter())
    }),
    ("noroshi_kube_node_pods_in_error", &["node"], errors),
    ("noroshi_kube_node_requested", &["node", "resource"], requested),
    ("noroshi_kube_node_allocatable", &["node", "resource"], allocatable),
    (
        "noroshi_kube_node_info",
        &["node", "architecture", "os", "os_image", "kernel", "kubelet", "zone", "instance_type"],
        |cluster| {
            let names = [
                ".metadata.name",
                ".status.nodeInfo.architecture",
                ".status.nodeInfo.operatingSystem",
                ".status.nodeInfo.osImage",
                ".status.nodeInfo.kernelVersion",
                ".status.nodeInfo.kubeletVersion",
                ".metadata.labels.topology\\.kubernetes\\.io/zone",
                ".metadata.labels.node\\.kubernetes\\.io/instance-type",
            ];
            count(fields(cluster, "nodes", &names).into_iter())
        },
    ),
    ("noroshi_kube_namespaces", &["phase"], |cluster| {
        let namespaces = table(cluster, "get namespaces");
        count(namespaces.into_iter().map(|row| pick(&row, &[1])))
    }),
    ("noroshi_kube_namespace_terminating_timestamp_seconds", &["namespace"], |cluster| {
        let names = [".metadata.name", ".metadata.deletionTimestamp"];
        let rows = fields(cluster, "namespaces", &names).into_iter();
        sum(rows.filter(|row| !row[1].is_empty()).map(|row| (pick(&row, &[0]), seconds(&row[1]))))
    }),
    ("noroshi_kube_persistentvolumes", &["storageclass", "phase"], |cluster| {
        let rows = fields(cluster, "persistentvolumes", &VOLUME).into_iter();
        count(rows.map(|row| pick(&row, &[1, 6])))
    }),
    ("noroshi_kube_persistentvolumes_capacity_bytes", &["storageclass", "phase"], |cluster| {
        let rows = fields(cluster, "persistentvolumes", &VOLUME).into_iter();
        sum(rows.map(|row| (pick(&row, &[1, 6]), quantity(&row[5]))))
    }),
    ("noroshi_kube_persistentvolume_orphan_bytes", ORPHAN, |cluster| {
        let rows = fields(cluster, "persistentvolumes", &VOLUME).into_iter();
        let rows = rows.filter(|row| row[6] == "Released");
        sum(rows.map(|row| (pick(&row, &[0, 1, 2, 3, 4]), quantity(&row[5]))))
    }),
    (
        "noroshi_kube_apiservice_available",
        &["apiservice", "service_namespace", "service"],
        api_services,
    ),
    ("noroshi_kube_leases", &["namespace", "state"], |cluster| {
        count(leases(cluster).into_iter().map(|(row, state, _)| vec![row[0].clone(), state]))
    }),
    (
        "noroshi_kube_lease_expired_timestamp_seconds",
        &["namespace", "lease", "lease_holder"],
        |cluster| {
            let stale = leases(cluster).into_iter().filter(|(_, state, _)| state == "stale");
            sum(stale.map(|(row, _, due)| (pick(&row, &[0, 1, 2]), due)))
        },
    ),
    DEFINITIONS[0],
];

const ORPHAN: &[&str] =
    &["persistentvolume", "storageclass", "reclaim_policy", "namespace", "claim"];

const VOLUME: [&str; 7] = [
    ".metadata.name",
    ".spec.storageClassName",
    ".spec.persistentVolumeReclaimPolicy",
    ".spec.claimRef.namespace",
    ".spec.claimRef.name",
    ".spec.capacity.storage",
    ".status.phase",
];

/// Words for pods with which nothing is wrong; beside these there are steps as in `Init:1/2`.
const WELL: [&str; 9] = [
    "Running",
    "Completed",
    "Succeeded",
    "Pending",
    "ContainerCreating",
    "PodInitializing",
    "NotReady",
    "SchedulingGated",
    "Terminating",
];

/// Compares them, one by one.
pub(super) fn is_as_printed(world: &World, watcher: &Watcher, views: &[View]) {
    let mut rows = 0;
    for (family, labels, printed) in views {
        let mut compared = 0;
        until_seen(family, || {
            let (wanted, seen) =
                (printed(&world.cluster), shown(&watcher.objects(), family, labels));
            compared = wanted.len();
            if seen == wanted { Ok(()) } else { Err(format!("{seen:#?}\nprinted {wanted:#?}")) }
        });
        rows += compared;
    }
    eprintln!("{rows} rows of {} families are as kubectl prints them", views.len());
}

/// What only changes tell: a node is started anew, a claim is gone and leaves its volume behind.
pub(super) fn changes_are_told(world: &World, watcher: &Watcher) {
    let reboots = |node: &str| {
        let node = format!("node=\"{node}\"");
        watcher.objects().sum("noroshi_kube_node_reboots_total", &[&node])
    };
    assert_eq!(reboots("harbour"), Some(0.0));
    world.report("node/harbour", &json!({ "nodeInfo": { "bootID": "boot-again" } }));
    let seen = |node: &str, wanted| {
        let seen = reboots(node);
        if seen == Some(wanted) { Ok(()) } else { Err(format!("{seen:?}")) }
    };
    until_seen("a reboot", || seen("harbour", 1.0));
    assert_eq!(reboots("beacon"), Some(0.0));
    world.kubectl("delete persistentvolumeclaim/hopeless --namespace shop");
    world.wait("--for=jsonpath={.status.phase}=Released persistentvolume/crate");
    is_as_printed(world, watcher, VIEWS);
    let orphans = shown(&watcher.objects(), "noroshi_kube_persistentvolume_orphan_bytes", ORPHAN);
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    let broken = ["apiservice=\"v1.nowhere.example.com\"", "reason=\"ServiceNotFound\""];
    assert_eq!(watcher.objects().sum("noroshi_kube_apiservice_available", &broken), Some(0.0));
}

/// The rows of a family, by some of their labels.
fn shown(scrape: &Scrape, family: &str, labels: &[&str]) -> Rows {
    let rows = scrape.rows(family).into_iter().map(|(series, value)| {
        let word = |name: &&str| label(series, name).unwrap_or_default().to_owned();
        (labels.iter().map(word).collect(), value)
    });
    sum(rows)
}

fn pick(row: &[String], at: &[usize]) -> Vec<String> {
    at.iter().map(|at| row[*at].clone()).collect()
}

fn count(rows: impl Iterator<Item = Vec<String>>) -> Rows {
    sum(rows.map(|row| (row, 1.0)))
}

fn sum(rows: impl Iterator<Item = (Vec<String>, f64)>) -> Rows {
    let mut sums: BTreeMap<Vec<String>, f64> = BTreeMap::new();
    for (row, value) in rows {
        *sums.entry(row).or_default() += value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "nothing here has so many")]
    let millionths = |(row, sum): (_, f64)| (row, (sum * 1e6).round() as i64);
    sums.into_iter().map(millionths).collect()
}

fn errors(cluster: &Cluster) -> Rows {
    let step = |word: &str| {
        let step = word.strip_prefix("Init:").and_then(|step| step.split_once('/'));
        step.is_some_and(|(at, of)| at.parse::<u8>().is_ok() && of.parse::<u8>().is_ok())
    };
    let is_wrong = |word: &str| !WELL.contains(&word) && !step(word);
    let pods = table(cluster, "get pods --all-namespaces --output wide").into_iter();
    sum(pods.map(|row| (pick(&row, &[7]), f64::from(u8::from(is_wrong(&row[3]))))))
}

/// What `kubectl describe` adds up of each node's pods. What nobody asks for is not shown.
fn requested(cluster: &Cluster) -> Rows {
    let text = cluster.kubectl("describe nodes").unwrap();
    let (mut node, mut is_table, mut rows) = (String::new(), false, Vec::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("Name:") {
            name.trim().clone_into(&mut node);
        }
        let is_inside = line.starts_with(' ');
        is_table = line.starts_with("Allocated resources:") || is_table && is_inside;
        let cells = cells(line);
        let amount = cells.get(1).and_then(|cell| cell.split(' ').next());
        let Some(amount) = amount.filter(|amount| is_table && amount.starts_with(digit)) else {
            continue;
        };
        if quantity(amount) > 0.0 {
            rows.push((vec![node.clone(), resource(&cells[0])], quantity(amount)));
        }
    }
    sum(rows.into_iter())
}

fn digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// As labels name it.
fn resource(name: &str) -> String {
    name.replace(|character: char| !character.is_ascii_alphanumeric(), "_")
}

fn allocatable(cluster: &Cluster) -> Rows {
    let nodes = cluster.get("nodes");
    let mut rows = Vec::new();
    for node in nodes["items"].as_array().unwrap() {
        let name = node["metadata"]["name"].as_str().unwrap();
        for (of, amount) in node["status"]["allocatable"].as_object().into_iter().flatten() {
            let row = vec![name.to_owned(), resource(of)];
            rows.push((row, quantity(amount.as_str().unwrap())));
        }
    }
    sum(rows.into_iter())
}

/// `Local`, or the service; `True`, or `False` with the reason.
fn api_services(cluster: &Cluster) -> Rows {
    let rows = table(cluster, "get apiservices").into_iter().map(|row| {
        let (namespace, service) = row[1].split_once('/').unwrap_or_default();
        let is_available = f64::from(u8::from(row[2] == "True"));
        (vec![row[0].clone(), namespace.to_owned(), service.to_owned()], is_available)
    });
    sum(rows)
}

/// Namespace, name and holder; the state; and when it is due, of which noroshi keeps whole seconds.
fn leases(cluster: &Cluster) -> Vec<(Vec<String>, String, f64)> {
    let names = [
        ".metadata.namespace",
        ".metadata.name",
        ".spec.holderIdentity",
        ".spec.leaseDurationSeconds",
        ".spec.renewTime",
    ];
    let now = jiff::Timestamp::now().as_second() as f64;
    let state = |row: Vec<String>| {
        let due = if row[4].is_empty() { f64::MAX } else { seconds(&row[4]) + quantity(&row[3]) };
        let state = match row[2].as_str() {
            "" => "free",
            _ if due + 1.0 < now => "stale",
            _ => "held",
        };
        (row, state.to_owned(), due)
    };
    fields(cluster, "leases --all-namespaces", &names).into_iter().map(state).collect()
}

fn definitions(cluster: &Cluster) -> Rows {
    let definitions = cluster.get("customresourcedefinitions");
    let mut rows = Vec::new();
    for definition in definitions["items"].as_array().unwrap() {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        for condition in definition["status"]["conditions"].as_array().into_iter().flatten() {
            let words = ["type", "status", "reason"].map(|field| word(&condition[field]));
            rows.push([[word(&definition["metadata"]["name"])].as_slice(), &words].concat());
        }
    }
    count(rows.into_iter())
}
