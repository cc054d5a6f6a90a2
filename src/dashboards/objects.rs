//! What else there is in a cluster, and whether what is shown is fresh: sections of the cluster's page.

use super::{
    colour::{GREEN, ORANGE, RED, YELLOW},
    layout::{Section, folded, graphs, section, tall},
    panel::{Panel, Says},
    query::{Scope, increase, once, over_range, quantile},
    state::{well, words_for},
    table::Table,
    unit::Unit,
    view::{bars, columns, lines, stack},
};

const SELF: Scope = Scope::INSTANCES;
const OF_NAMESPACE: Scope = Scope::NAMESPACES;
/// What a number of events is of.
const EVENT: &str = "cluster, event_type, reason, kind, namespace, component";

pub(super) fn namespaces() -> Section {
    let ten = |family: &str, resource: &str| {
        let series = OF_NAMESPACE.with(family, &format!("resource=\"{resource}\""));
        format!("topk(10, max by (cluster, namespace) ({series}))")
    };
    let used = lines(Says(
        "Processor used, ten namespaces",
        "How many cores the pods of a namespace use, of the ten that use most.",
        "A step is a release, or a loop: compare with the rollouts.",
    ))
    .unit(Unit::Plain)
    .ask(ten("noroshi_kube_namespace_used", "cpu"), "{{namespace}}")
    .none("metrics.k8s.io is not collected");
    let memory = lines(Says(
        "Memory used, ten namespaces",
        "How much memory the pods of a namespace use, of the ten that use most.",
        "A line that climbs without end is a leak; its pods are killed next.",
    ))
    .unit(Unit::Bytes)
    .ask(ten("noroshi_kube_namespace_used", "memory"), "{{namespace}}")
    .none("metrics.k8s.io is not collected");
    let requested = lines(Says(
        "Processor requested, ten namespaces",
        "How many cores pods that are not finished ask for, of the ten namespaces that ask for most.",
        "Far more than is used is what makes nodes full that are idle.",
    ))
    .unit(Unit::Plain)
    .ask(ten("noroshi_kube_namespace_requested", "cpu"), "{{namespace}}")
    .none("No pods are seen");
    let phases = stack(Says(
        "Namespaces",
        "How many namespaces there are, by phase.",
        "Terminating ones that stay are in the table beside it.",
    ))
    .ask(
        format!(
            "sum by (phase) (max by (cluster, phase) ({}))",
            SELF.of("noroshi_kube_namespaces")
        ),
        "{{phase}}",
    )
    .none("No namespaces are seen");
    let terminating = OF_NAMESPACE.of("noroshi_kube_namespace_terminating_timestamp_seconds");
    let stuck = Table::new(Says(
        "Namespaces that are being deleted",
        "For how long each namespace is being deleted.",
        "After minutes it waits for a finalizer, or for an API service that does not answer.",
    ))
    .labels(&[("namespace", "Namespace")])
    .ask(
        format!("time() - max by (cluster, namespace) ({terminating})"),
        "For",
        Unit::Duration,
        |column| column.steps(GREEN, &[(300.0, ORANGE)]),
    )
    .labels(&[("cluster", "Cluster")])
    .none("No namespace is being deleted")
    .panel();
    section(
        "Which namespaces?",
        vec![graphs(vec![used, memory, requested]), graphs(vec![phases, stuck])],
    )
}

pub(super) fn volumes() -> Section {
    let by = "cluster, storageclass, phase";
    let count = stack(Says(
        "Volumes, by class and phase",
        "How many volumes there are.",
        "Released ones that grow are disks that somebody pays for and nobody uses.",
    ))
    .ask(
        format!("max by ({by}) ({})", SELF.of("noroshi_kube_persistentvolumes")),
        "{{storageclass}}, {{phase}}",
    )
    .none("No volumes are seen");
    let bytes = stack(Says(
        "What they hold",
        "The capacity of volumes, by class and phase.",
        "It is what they may hold, not what is written in them.",
    ))
    .unit(Unit::Bytes)
    .ask(
        format!("max by ({by}) ({})", SELF.of("noroshi_kube_persistentvolumes_capacity_bytes")),
        "{{storageclass}}, {{phase}}",
    )
    .none("No volumes are seen");
    let waiting =
        OF_NAMESPACE.with("kube_persistentvolumeclaim_status_phase", "phase=~\"Pending|Lost\"");
    let claims = Table::new(Says(
        "Claims without a volume",
        "Claims that wait for a volume, or have lost theirs.",
        "`kubectl describe pvc` says what it waits for: a class, a provisioner, or its first pod.",
    ))
    .labels(&[("namespace", "Namespace"), ("persistentvolumeclaim", "Claim"), ("phase", "Phase")])
    .ask_labels(format!(
        "max by (cluster, namespace, persistentvolumeclaim, phase) ({waiting}) == 1"
    ))
    .labels(&[("cluster", "Cluster")])
    .none("All claims have their volume")
    .panel();
    let row = "cluster, persistentvolume, storageclass, reclaim_policy, namespace, claim";
    let orphans = Table::new(Says(
        "Orphans",
        "Volumes that are released: their claim is gone, and nobody else is given them.",
        "Look whether the data is still wanted, then delete the volume and its disk.",
    ))
    .labels(&[("persistentvolume", "Volume")])
    .ask(
        format!(
            "max by ({row}) ({})",
            OF_NAMESPACE.of("noroshi_kube_persistentvolume_orphan_bytes")
        ),
        "Holds",
        Unit::Bytes,
        |column| column.steps(ORANGE, &[]),
    )
    .labels(&[
        ("storageclass", "Class"),
        ("namespace", "Namespace"),
        ("claim", "Claim that is gone"),
        ("reclaim_policy", "Policy"),
        ("cluster", "Cluster"),
    ])
    .sorted_by("Holds", true)
    .none("No volume is left over")
    .panel();
    section("Which volumes?", vec![graphs(vec![count, bytes]), graphs(vec![claims, orphans])])
}

pub(super) fn events() -> Section {
    let warnings = OF_NAMESPACE.with("noroshi_kube_events_total", "event_type=\"Warning\"");
    let over_time = columns(Says(
        "Warnings, by reason",
        "Events of the type Warning in each step, of the ten reasons with most at each moment.",
        "A reason that begins with the trouble is most often its cause: FailedMount, FailedScheduling, BackOff.",
    ))
    .ask(
        format!("topk(10, sum by (reason, kind) ({}) > 0)", once(EVENT, &increase(&warnings))),
        "{{kind}}: {{reason}}",
    )
    .none("No warning in this time")
    .weight(2);
    let namespaces = bars(Says(
        "Warnings, by namespace",
        "The ten namespaces with most events of the type Warning, in the time that is looked at.",
        "Choose the first above to see its reasons alone.",
    ))
    .decimals(0)
    .ask(
        format!("topk(10, sum by (namespace) ({}) > 0)", once(EVENT, &over_range(&warnings))),
        "{{namespace}}",
    )
    .none("No warning in this time");
    let table = Table::new(Says(
        "Events",
        "How often what was told of, in the time that is looked at, ordinary events included.",
        "Sort by the count; who tells of it is where to read on.",
    ))
    .labels(&[
        ("event_type", "Type"),
        ("reason", "Reason"),
        ("kind", "Kind"),
        ("namespace", "Namespace"),
        ("component", "Told by"),
    ])
    .ask(
        format!(
            "topk(50, {} > 0)",
            once(EVENT, &over_range(&OF_NAMESPACE.of("noroshi_kube_events_total")))
        ),
        "Times",
        Unit::Count,
        |column| column.width(90),
    )
    .labels(&[("cluster", "Cluster")])
    .sorted_by("Times", true)
    .none("No event in this time")
    .panel();
    section("What do events tell?", vec![graphs(vec![over_time, namespaces]), graphs(vec![table])])
}

pub(super) fn freshness() -> Section {
    let latency = lines(Says(
        "How soon the API server answers, p95",
        "The time to answer a question for its version that one in twenty exceeds, by cluster.",
        "If it grows, the API server or the way to it is overloaded, and watches fall behind.",
    ))
    .unit(Unit::Seconds)
    .ask(
        quantile(SELF, 0.95, "noroshi_cluster_api_latency_seconds", "cluster, instance"),
        "{{cluster}} ({{instance}})",
    )
    .none("No cluster is watched");
    let per = |family: &str| over_range(&SELF.of(family));
    let errors = columns(Says(
        "Watches that failed, by why",
        "Lists and watches that failed in each step, by resource and reason.",
        "`forbidden` is a right that noroshi lacks: `noroshi rbac` prints the role.",
    ))
    .ask(
        format!(
            "sum by (collector, reason) ({}) > 0",
            increase(&SELF.of("noroshi_cluster_collector_watch_errors_total"))
        ),
        "{{collector}}: {{reason}}",
    )
    .none("No watch failed");
    let updates = columns(Says(
        "Updates",
        "Objects that API servers told of in each step, by whether anything that is shown has changed.",
        "Very many that change nothing are a controller that writes without need.",
    ))
    .ask(
        format!(
            "sum by (visible) ({})",
            once(
                "cluster, collector, visible",
                &increase(&SELF.of("noroshi_cluster_collector_updates_total"))
            )
        ),
        "visible: {{visible}}",
    )
    .none("No cluster is watched");
    let unread = bars(Says(
        "Lists made anew, and objects that cannot be read",
        "Lists after the first, and objects of which noroshi still shows what was known before, by resource.",
        "Many lists are an API server that forgets too soon; unread objects are a bug or a newer API: the log has them.",
    ))
    .decimals(0)
    .ask(
        format!("sum by (collector) ({}) > 0", per("noroshi_cluster_collector_relists_total")),
        "listed anew: {{collector}}",
    )
    .ask(
        format!(
            "sum by (collector) ({}) > 0",
            once("cluster, collector", &per("noroshi_cluster_collector_malformed_objects_total"))
        ),
        "unread: {{collector}}",
    )
    .none("Nothing had to be listed anew");
    section(
        "Is what is shown fresh?",
        vec![tall(vec![collectors(), clusters()]), graphs(vec![latency, errors, updates, unread])],
    )
}

fn collectors() -> Panel {
    let row = "cluster, instance, collector";
    let of = |family: &str| format!("min by ({row}) ({})", SELF.of(family));
    Table::new(Says(
        "Resources",
        "Each resource that is collected: whether it is watched, when something was last heard of it, and how much is kept.",
        "Where it is not watched, series stand still: look at the reasons of failed watches.",
    ))
    .labels(&[("collector", "Resource")])
    .ask(of("noroshi_cluster_collector_up"), "Watched", Unit::Plain, |column| {
        column.words(well("yes", "no")).width(100)
    })
    .ask(of("noroshi_cluster_collector_synced"), "Listed", Unit::Plain, |column| {
        column.words(well("yes", "no")).width(90)
    })
    .ask(
        format!("time() - {}", of("noroshi_cluster_collector_last_event_timestamp_seconds")),
        "Last heard",
        Unit::Duration,
        |column| column.steps(GREEN, &[(180.0, ORANGE), (600.0, RED)]).width(140),
    )
    .ask(of("noroshi_cluster_collector_objects"), "Objects", Unit::Count, |column| column.width(100))
    .labels(&[("cluster", "Cluster"), ("instance", "Instance")])
    .sorted_by("Last heard", true)
    .none("No cluster is watched")
    .weight(2)
    .panel()
}

fn clusters() -> Panel {
    let row = "cluster, instance, server, version";
    let info = format!("max by ({row}) ({})", SELF.of("noroshi_cluster_info"));
    let credentials = SELF.of("noroshi_cluster_credentials_expire_timestamp_seconds");
    Table::new(Says(
        "Clusters",
        "Each cluster that is watched: its API server, its version, whether it answers, and for how long our credentials are valid.",
        "Credentials that end are a client certificate or a token to be replaced by hand.",
    ))
    .labels(&[("server", "API server"), ("version", "Version")])
    .ask(
        format!("max by ({row}) ({} * on (cluster, instance) group_right () {info})", SELF.of("noroshi_cluster_up")),
        "Answers",
        Unit::Plain,
        |column| column.words(well("yes", "no")).width(90),
    )
    .ask(
        format!("min by (cluster, instance) ({credentials} - time())"),
        "Credentials end in",
        Unit::Duration,
        |column| column.steps(RED, &[(86_400.0, ORANGE), (604_800.0, YELLOW), (2_592_000.0, GREEN)]),
    )
    .labels(&[("cluster", "Cluster"), ("instance", "Instance")])
    .none("No cluster is watched")
    .panel()
}

pub(super) fn api() -> Section {
    let unavailable = SELF.of("noroshi_kube_apiservice_available");
    let services = Table::new(Says(
        "API services that do not answer",
        "Groups of the API whose service does not answer, with the API server's word for why.",
        "Nothing of that group can be asked, and namespaces cannot be deleted: look at the service's pods.",
    ))
    .labels(&[("apiservice", "API service"), ("reason", "Reason"), ("service_namespace", "Namespace"), ("service", "Service")])
    .ask(
        format!("max by (cluster, apiservice, reason, service_namespace, service) ({unavailable}) == 0"),
        "Available",
        Unit::Plain,
        |column| column.words(words_for([(0.0, "no", RED)])),
    )
    .labels(&[("cluster", "Cluster")])
    .none("All answer")
    .panel();
    let conditions = SELF.with(
        "noroshi_kube_crd_condition",
        "condition=~\"Established|NamesAccepted\",status!=\"True\"",
    );
    let definitions = Table::new(Says(
        "Definitions that are not in force",
        "Definitions of custom resources that the API server has not accepted, with its word for why.",
        "Most often two definitions want the same names: delete one.",
    ))
    .labels(&[("crd", "Definition"), ("condition", "Condition"), ("status", "Status"), ("reason", "Reason")])
    .ask_labels(format!("max by (cluster, crd, condition, status, reason) ({conditions})"))
    .labels(&[("cluster", "Cluster")])
    .none("All definitions are in force")
    .panel();
    let versions = SELF.with("noroshi_kube_crd_version", "stored=\"true\",storage=\"false\"");
    let stored = Table::new(Says(
        "Stored in an old version",
        "Versions of custom resources in which objects may still be stored, though another is written now.",
        "Before the version is removed from its definition, write its objects again.",
    ))
    .labels(&[("crd", "Definition"), ("version", "Version"), ("served", "Served")])
    .ask_labels(format!("max by (cluster, crd, version, served) ({versions})"))
    .labels(&[("cluster", "Cluster")])
    .none("All is stored in the version that is written")
    .panel();
    let [leases, stale] = leases();
    folded(
        "Is the API itself whole?",
        vec![graphs(vec![services, definitions]), graphs(vec![stored, leases, stale])],
    )
}

fn leases() -> [Panel; 2] {
    let leases = stack(Says(
        "Leases, by state",
        "Leases by whether their holders renew them in time.",
        "Stale ones are holders that are gone: a controller, or a node.",
    ))
    .ask(
        format!(
            "sum by (state) (max by (cluster, namespace, state) ({}))",
            OF_NAMESPACE.of("noroshi_kube_leases")
        ),
        "{{state}}",
    )
    .none("No leases are seen");
    let expired = OF_NAMESPACE.of("noroshi_kube_lease_expired_timestamp_seconds");
    let stale = Table::new(Says(
        "Stale leases",
        "For how long the holder of each stale lease is silent.",
        "Nobody does the holder's work now, unless another waits for it: look at its pods.",
    ))
    .labels(&[("namespace", "Namespace"), ("lease", "Lease"), ("lease_holder", "Holder")])
    .ask(
        format!("time() - max by (cluster, namespace, lease, lease_holder) ({expired})"),
        "Silent for",
        Unit::Duration,
        |column| column.steps(ORANGE, &[]),
    )
    .labels(&[("cluster", "Cluster")])
    .sorted_by("Silent for", true)
    .none("All holders renew their leases")
    .panel();
    [leases, stale]
}
