//! What a server says it serves: resources with their group, version, kind and verbs.

use serde_json::{Value, json};

/// One served resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Empty for the core group.
    pub group: String,
    pub version: String,
    pub plural: String,
    pub kind: String,
    pub namespaced: bool,
    /// Objects of custom resources say their kind in lists too.
    pub custom: bool,
    /// `metrics.k8s.io` cannot be watched.
    pub watchable: bool,
}

impl Resource {
    /// A resource of the server's own kind: its `apiVersion`, plural name and kind.
    pub fn new(api_version: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
            namespaced,
            custom: false,
            watchable: true,
        }
    }

    /// The same as a CustomResourceDefinition would declare it.
    pub fn custom(api_version: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        Self { custom: true, ..Self::new(api_version, plural, kind, namespaced) }
    }

    /// `v1`, or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Where it is listed in all namespaces, such as `/apis/apps/v1/deployments`.
    pub fn path(&self) -> String {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        format!("/{root}/{}/{}", self.api_version(), self.plural)
    }

    /// Whether a test means this one: `pods`, `pods.metrics.k8s.io`, or its path.
    pub fn is_named(&self, name: &str) -> bool {
        let full = || format!("{}.{}", self.plural, self.group);
        name == self.plural || name == full() || name == self.path()
    }

    /// The fields a selector may name beside `metadata.name` and `metadata.namespace`.
    pub fn fields(&self) -> &'static [&'static str] {
        match (self.group.as_str(), self.plural.as_str()) {
            ("", "pods") => &[
                "spec.nodeName",
                "spec.restartPolicy",
                "spec.schedulerName",
                "spec.serviceAccountName",
                "spec.hostNetwork",
                "status.phase",
                "status.podIP",
                "status.nominatedNodeName",
            ],
            ("", "secrets") => &["type"],
            ("", "nodes") => &["spec.unschedulable"],
            ("", "namespaces") => &["status.phase"],
            ("", "events") => &[
                "involvedObject.kind",
                "involvedObject.namespace",
                "involvedObject.name",
                "involvedObject.uid",
                "reason",
                "reportingComponent",
                "source",
                "type",
            ],
            _ => &[],
        }
    }

    /// Its row in an `APIResourceList`.
    pub fn row(&self) -> Value {
        let all =
            ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
        let verbs = if self.watchable { all.as_slice() } else { &["get", "list"] };
        json!({
            "name": self.plural,
            "singularName": self.kind.to_lowercase(),
            "namespaced": self.namespaced,
            "kind": self.kind,
            "verbs": verbs,
        })
    }
}

/// What a server of today has that somebody watches: `apiVersion`, then each plural, kind, and `*` if it is namespaced.
const KNOWN: &[(&str, &str)] = &[
    (
        "v1",
        "configmaps ConfigMap *, endpoints Endpoints *, events Event *, limitranges LimitRange *, \
         namespaces Namespace, nodes Node, persistentvolumeclaims PersistentVolumeClaim *, \
         persistentvolumes PersistentVolume, pods Pod *, replicationcontrollers ReplicationController *, \
         resourcequotas ResourceQuota *, secrets Secret *, serviceaccounts ServiceAccount *, services Service *",
    ),
    (
        "admissionregistration.k8s.io/v1",
        "mutatingwebhookconfigurations MutatingWebhookConfiguration, \
         validatingadmissionpolicies ValidatingAdmissionPolicy, \
         validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding, \
         validatingwebhookconfigurations ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io/v1", "customresourcedefinitions CustomResourceDefinition"),
    ("apiregistration.k8s.io/v1", "apiservices APIService"),
    (
        "apps/v1",
        "controllerrevisions ControllerRevision *, daemonsets DaemonSet *, deployments Deployment *, \
         replicasets ReplicaSet *, statefulsets StatefulSet *",
    ),
    ("autoscaling/v2", "horizontalpodautoscalers HorizontalPodAutoscaler *"),
    ("batch/v1", "cronjobs CronJob *, jobs Job *"),
    ("certificates.k8s.io/v1", "certificatesigningrequests CertificateSigningRequest"),
    ("coordination.k8s.io/v1", "leases Lease *"),
    ("discovery.k8s.io/v1", "endpointslices EndpointSlice *"),
    ("events.k8s.io/v1", "events Event *"),
    (
        "networking.k8s.io/v1",
        "ingressclasses IngressClass, ingresses Ingress *, networkpolicies NetworkPolicy *",
    ),
    ("policy/v1", "poddisruptionbudgets PodDisruptionBudget *"),
    (
        "rbac.authorization.k8s.io/v1",
        "clusterrolebindings ClusterRoleBinding, clusterroles ClusterRole, rolebindings RoleBinding *, roles Role *",
    ),
    ("scheduling.k8s.io/v1", "priorityclasses PriorityClass"),
    (
        "storage.k8s.io/v1",
        "csidrivers CSIDriver, csinodes CSINode, storageclasses StorageClass, volumeattachments VolumeAttachment",
    ),
];

/// All of [`KNOWN`].
pub fn known() -> Vec<Resource> {
    let rows = KNOWN.iter().flat_map(|(api, text)| text.split(", ").map(move |row| (api, row)));
    rows.map(|(api, row)| {
        let mut words = row.split_whitespace();
        let (plural, kind) = (words.next().unwrap(), words.next().unwrap());
        Resource::new(api, plural, kind, words.next() == Some("*"))
    })
    .collect()
}
