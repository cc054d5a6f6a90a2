//! What is in trouble in a cluster: pods, workloads, nodes; the rest of its objects is in `objects`.

use super::{
    colour::{BLUE, GREEN, GREY, ORANGE, RED, YELLOW},
    dashboard::Dashboard,
    layout::{Section, graphs, numbers, section, tall},
    objects,
    panel::{Panel, Says},
    query::{Scope, labelled, once, or_zero, over_range, quantile},
    state::well,
    table::Table,
    unit::Unit,
    variable::{Variable, shared},
    view::{bars, lines, stack, timeline, trouble},
};

const SELF: Scope = Scope::INSTANCES;
const OF_NAMESPACE: Scope = Scope::NAMESPACES;
const OF_NODE: Scope = Scope::NODES;

/// What says that a job has objects of clusters: the two pages may be two jobs, and the program two more.
const CARRIERS: &str =
    "~noroshi_cluster_info|kube_node_info|kube_namespace_created|kube_deployment_created";

pub(super) fn dashboard() -> Dashboard {
    let mut variables = shared(CARRIERS);
    variables.extend([
        Variable::many(
            "namespace",
            "Namespace",
            "Of objects that stand in one.",
            &SELF.of("kube_namespace_status_phase"),
        ),
        Variable::many("node", "Node", "Of the panels about nodes.", &SELF.of("kube_node_info")),
    ]);
    Dashboard {
        uid: "noroshi-cluster",
        title: "noroshi / Cluster",
        description: "What is in trouble in Kubernetes clusters: pods, workloads, nodes, volumes, events, and whether what is shown is fresh.",
        variables,
        annotations: Vec::new(),
        sections: vec![
            now(),
            pods(),
            workloads(),
            nodes(),
            objects::namespaces(),
            objects::volumes(),
            objects::events(),
            objects::freshness(),
            objects::api(),
        ],
    }
}

fn count(expr: &str) -> String {
    or_zero(&format!("count({expr})"))
}

fn condition(kind: &str) -> String {
    format!(
        "max by (cluster, node) ({})",
        OF_NODE.with("kube_node_status_condition", &format!("condition{kind},status=\"true\""))
    )
}

fn now() -> Section {
    let unreached = trouble(
        Says(
            "API servers not reached",
            "Clusters whose API server answered no instance when it was last asked.",
            "If it is red, all that is below is as it was last seen.",
        ),
        RED,
    )
    .ask(
        count(&format!("{} == 0", once("cluster", &SELF.of("noroshi_cluster_up")))),
        "not reached",
    );
    let not_ready = trouble(
        Says(
            "Nodes not ready",
            "Nodes whose kubelet does not say that they are ready.",
            "If it is red, their pods are moved away soon: the table of nodes has their conditions.",
        ),
        RED,
    )
    .ask(count(&format!("{} == 0", condition("=\"Ready\""))), "not ready");
    let pressed = trouble(
        Says(
            "Nodes under pressure",
            "Nodes that are short of memory, disk or process ids.",
            "If it is orange, pods are evicted next: see what uses it.",
        ),
        ORANGE,
    )
    .ask(
        count(&format!("count by (cluster, node) ({} == 1)", condition("=~\".*Pressure\""))),
        "pressed",
    );
    let pods = trouble(
        Says(
            "Pods in error",
            "Pods that crash, are refused, evicted or lost, or a container of which is.",
            "If it is red, the table below names each with its reason.",
        ),
        RED,
    )
    .ask(
        or_zero(&format!(
            "sum(max by (cluster, node) ({}))",
            SELF.of("noroshi_kube_node_pods_in_error")
        )),
        "in error",
    );
    let behind = trouble(
        Says(
            "Resources not watched",
            "Resources that no instance watches, because the watch is broken: their series stay as they were.",
            "If it is red, the reason is in the table of freshness below: a missing right, most often.",
        ),
        RED,
    )
    .ask(
        count(&format!(
            "{} == 0",
            once("cluster, collector", &SELF.of("noroshi_cluster_collector_up"))
        )),
        "not watched",
    );
    let mut numbers_now = vec![unreached, not_ready, pressed, pods];
    numbers_now.extend(unfinished());
    numbers_now.push(behind);
    section("Is anything broken?", vec![numbers(numbers_now)])
}

/// What wants something that it does not get.
fn unfinished() -> [Panel; 3] {
    let short = trouble(
        Says(
            "Workloads short",
            "Deployments, stateful sets and daemon sets with fewer available pods than they want.",
            "If it is orange, the table below names each and how many are missing.",
        ),
        ORANGE,
    )
    .ask(count(&short_of_pods()), "short");
    let claims = trouble(
        Says(
            "Claims unbound",
            "Claims that wait for a volume, or have lost theirs.",
            "If it is orange, `kubectl describe pvc` says what it waits for.",
        ),
        ORANGE,
    )
    .ask(
        count(&format!(
            "max by (cluster, namespace, persistentvolumeclaim) ({}) == 1",
            OF_NAMESPACE.with("kube_persistentvolumeclaim_status_phase", "phase=~\"Pending|Lost\"")
        )),
        "without a volume",
    );
    let jobs = trouble(
        Says(
            "Jobs failed",
            "Jobs that have failed and are still there.",
            "If it is orange, read the log of the job's pods, then delete it.",
        ),
        ORANGE,
    )
    .ask(count(&failed_jobs()), "failed");
    [short, claims, jobs]
}

/// Containers and pods with which something is wrong, with a word for what it is.
fn pods() -> Section {
    let row = "cluster, namespace, pod, container, reason";
    let of = |family: &str, matchers: &str| {
        format!("max by ({row}) ({})", OF_NAMESPACE.with(family, matchers))
    };
    let usual = "reason!~\"ContainerCreating|PodInitializing\"";
    let troubles = [
        of("kube_pod_container_status_waiting_reason", usual),
        of("kube_pod_init_container_status_waiting_reason", usual),
        of("kube_pod_container_status_terminated_reason", "reason!=\"Completed\""),
        of("kube_pod_status_reason", "reason!=\"\""),
        format!(
            "max by ({row}) ({})",
            labelled(&OF_NAMESPACE.of("kube_pod_status_unschedulable"), "reason", "Unschedulable")
        ),
    ]
    .map(|trouble| format!("({trouble} == 1)"))
    .join(" or ");
    let restarts = over_range(&OF_NAMESPACE.of("kube_pod_container_status_restarts_total"));
    let table = Table::new(Says(
        "Pods in trouble",
        "Containers that wait for another reason than to be made, pods that were evicted or find no node, and restarts in the time that is looked at.",
        "`kubectl describe pod` has the events, `kubectl logs --previous` the last words of what crashed.",
    ))
    .labels(&[("namespace", "Namespace"), ("pod", "Pod"), ("container", "Container"), ("reason", "Reason")])
    .ask(troubles, "Now", Unit::Plain, |column| column.words(super::state::words_for([(1.0, "yes", RED)])).width(70))
    .ask(
        format!("max by (cluster, namespace, pod, container) ({restarts}) >= 1"),
        "Restarts",
        Unit::Count,
        |column| column.steps(GREEN, &[(1.0, YELLOW), (5.0, ORANGE)]).width(100),
    )
    .labels(&[("cluster", "Cluster")])
    .sorted_by("Restarts", true)
    .none("No pod is in trouble")
    .weight(2)
    .panel();
    let states = stack(Says(
        "Pods, by kubectl's word",
        "How many pods are how, by the word that `kubectl get pods` has in its column STATUS.",
        "What grows beside Running and Completed is the trouble of the day.",
    ))
    .ask(
        format!(
            "sum by (state) (max by (cluster, namespace, state) ({}))",
            OF_NAMESPACE.of("noroshi_kube_pod_state")
        ),
        "{{state}}",
    )
    .none("No pods are seen");
    section("Which pods, and why?", vec![tall(vec![table, states])])
}

/// How many pods each workload is short of.
fn short_of_pods() -> String {
    let row = "cluster, namespace, kind, workload";
    let kinds = [
        (
            "deployment",
            "kube_deployment_spec_replicas",
            "kube_deployment_status_replicas_available",
        ),
        ("statefulset", "kube_statefulset_replicas", "kube_statefulset_status_replicas_available"),
        (
            "daemonset",
            "kube_daemonset_status_desired_number_scheduled",
            "kube_daemonset_status_number_available",
        ),
    ];
    let each = kinds.map(|(kind, wanted, available)| {
        let missing = format!("{} - {} > 0", OF_NAMESPACE.of(wanted), OF_NAMESPACE.of(available));
        let named = format!("label_replace({missing}, \"workload\", \"$1\", \"{kind}\", \"(.+)\")");
        format!("max by ({row}) ({})", labelled(&named, "kind", kind))
    });
    each.join(" or ")
}

fn failed_jobs() -> String {
    let failed = OF_NAMESPACE.with("kube_job_failed", "condition=\"true\"");
    format!("max by (cluster, namespace, job_name) ({failed}) == 1")
}

fn workloads() -> Section {
    let short = Table::new(Says(
        "Workloads short of pods",
        "How many pods workloads are short of.",
        "Its pods are in the table above; none there is a quota, or a controller that does not run.",
    ))
    .labels(&[("namespace", "Namespace"), ("kind", "Kind"), ("workload", "Workload")])
    .ask(short_of_pods(), "Missing", Unit::Count, |column| column.steps(ORANGE, &[(3.0, RED)]))
    .labels(&[("cluster", "Cluster")])
    .sorted_by("Missing", true)
    .none("All have what they want")
    .panel();
    let began = OF_NAMESPACE.of("noroshi_kube_rollout_began_timestamp_seconds");
    let rollouts = Table::new(Says(
        "Rollouts under way",
        "For how long each rollout goes on, since the controller saw the new generation.",
        "One that takes far longer than usual is stuck: look at its newest pods.",
    ))
    .labels(&[("namespace", "Namespace"), ("deployment", "Deployment")])
    .ask(
        format!("time() - max by (cluster, namespace, deployment) ({began})"),
        "For",
        Unit::Duration,
        |column| column.steps(GREEN, &[(600.0, ORANGE), (1800.0, RED)]),
    )
    .labels(&[("cluster", "Cluster")])
    .sorted_by("For", true)
    .none("No rollout is under way")
    .panel();
    let took = lines(Says(
        "How long rollouts take, p95",
        "The duration that one rollout in twenty exceeds, by namespace.",
        "Compare a stuck rollout with it before you roll back.",
    ))
    .unit(Unit::Seconds)
    .ask(
        quantile(OF_NAMESPACE, 0.95, "noroshi_kube_rollout_duration_seconds", "cluster, namespace"),
        "{{namespace}}",
    )
    .none("No rollout ended in this time");
    section(
        "Do workloads have what they want?",
        vec![graphs(vec![short, rollouts]), graphs(vec![jobs(), cron_jobs(), took])],
    )
}

fn jobs() -> Panel {
    let started = OF_NAMESPACE.of("kube_job_status_start_time");
    let job = "cluster, namespace, job_name";
    Table::new(Says(
        "Jobs that failed",
        "When each failed job that is still there was started.",
        "Read the log of its pods, then delete it: it is counted until then.",
    ))
    .labels(&[("namespace", "Namespace"), ("job_name", "Job")])
    .ask(
        format!("max by ({job}) ({started}) * 1000 and on ({job}) ({})", failed_jobs()),
        "Started",
        Unit::Moment,
        |column| column,
    )
    .labels(&[("cluster", "Cluster")])
    .none("No job failed")
    .panel()
}

fn cron_jobs() -> Panel {
    let last = OF_NAMESPACE.of("kube_cronjob_status_last_successful_time");
    Table::new(Says(
        "Cron jobs",
        "How long ago each cron job last succeeded.",
        "A success that is older than the schedule is jobs that fail, hang, or are suspended.",
    ))
    .labels(&[("namespace", "Namespace"), ("cronjob", "Cron job")])
    .ask(
        format!("time() - max by (cluster, namespace, cronjob) ({last})"),
        "Last success",
        Unit::Duration,
        |column| column,
    )
    .labels(&[("cluster", "Cluster")])
    .sorted_by("Last success", true)
    .none("There are no cron jobs that have succeeded")
    .panel()
}

fn nodes() -> Section {
    let ready = timeline(Says(
        "Ready",
        "From when to when each node was ready.",
        "Nodes that are lost at the same moment share a network, a rack or a zone.",
    ))
    .words(well("ready", "not ready"))
    .ask(condition("=\"Ready\""), "{{node}}")
    .none("No nodes are seen");
    let pods = stack(Says(
        "Pods, by phase",
        "Pods by their phase, on the nodes that are chosen.",
        "Pending ones that grow find no node: compare what is requested with what can be.",
    ))
    .ask(
        format!(
            "sum by (phase) (max by (cluster, node, phase) ({}))",
            OF_NODE.of("noroshi_kube_node_pods")
        ),
        "{{phase}}",
    )
    .none("No pods are seen");
    let reboots = bars(Says(
        "Reboots",
        "How often nodes were started anew, in the time that is looked at.",
        "A node that reboots by itself is hardware, a kernel, or somebody's upgrade.",
    ))
    .ask(
        format!(
            "max by (cluster, node) ({}) > 0",
            over_range(&OF_NODE.of("noroshi_kube_node_reboots_total"))
        ),
        "{{node}}",
    )
    .none("No node was rebooted");
    section("Which nodes?", vec![tall(vec![table_of_nodes()]), graphs(vec![ready, pods, reboots])])
}

/// A share of what pods may use of a node's resource.
fn share_of_node(family: &str, resource: &str) -> String {
    let of = |family: &str| {
        let matcher = format!("resource=\"{resource}\"");
        format!("max by (cluster, node) ({})", OF_NODE.with(family, &matcher))
    };
    format!("{} / on (cluster, node) {}", of(family), of("noroshi_kube_node_allocatable"))
}

fn table_of_nodes() -> Panel {
    let row = "cluster, node, zone, instance_type, architecture, kubelet, os_image";
    let (used, requested) = ("noroshi_kube_node_used", "noroshi_kube_node_requested");
    let full = [(0.8, YELLOW), (0.95, ORANGE)];
    let ready = format!(
        "{} * on (cluster, node) group_left (zone, instance_type, architecture, kubelet, os_image) \
         max by ({row}) ({})",
        condition("=\"Ready\""),
        OF_NODE.of("noroshi_kube_node_info")
    );
    let share = |table: Table, family, resource, title| {
        table.ask(share_of_node(family, resource), title, Unit::Ratio, |column| {
            column.steps(GREEN, &full).width(120)
        })
    };
    let table = Table::new(Says(
        "Nodes",
        "Each node: whether it is ready, what it is, and which share of what pods may use is used and requested.",
        "What is requested decides where pods go; what is used decides who is evicted.",
    ))
    .labels(&[("node", "Node")])
    .ask(ready, "Ready", Unit::Plain, |column| column.words(well("yes", "no")).width(80));
    let table = share(table, used, "cpu", "Processor used");
    let table = share(table, requested, "cpu", "Processor requested");
    let table = share(table, used, "memory", "Memory used");
    let table = share(table, requested, "memory", "Memory requested");
    table
        .ask(
            format!(
                "sum by (cluster, node) (max by (cluster, node, phase) ({}))",
                OF_NODE.with("noroshi_kube_node_pods", "phase=\"Running\"")
            ),
            "Pods running",
            Unit::Count,
            |column| column.width(110),
        )
        .ask(
            format!("max by (cluster, node) ({})", OF_NODE.of("noroshi_kube_node_pods_in_error")),
            "In error",
            Unit::Count,
            |column| column.steps(GREEN, &[(1.0, RED)]).width(90),
        )
        .ask(
            format!("max by (cluster, node) ({})", OF_NODE.of("kube_node_spec_unschedulable")),
            "Cordoned",
            Unit::Plain,
            |column| {
                column
                    .words(super::state::words_for([(0.0, "no", GREY), (1.0, "yes", BLUE)]))
                    .width(100)
            },
        )
        .labels(&[
            ("zone", "Zone"),
            ("instance_type", "Type"),
            ("architecture", "Architecture"),
            ("kubelet", "Kubelet"),
            ("os_image", "System"),
            ("cluster", "Cluster"),
        ])
        .sorted_by("Node", false)
        .none("No nodes are seen")
        .panel()
}
