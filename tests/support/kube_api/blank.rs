//! What an object without content shows beside its metadata: a bookmark is one, and says null where lists belong.

/// By kind, as a kube-apiserver 1.36 writes them.
const BLANKS: &[(&str, &str)] = &[
    ("APIService", r#""spec":{"groupPriorityMinimum":0,"versionPriority":0},"status":{}"#),
    ("CertificateSigningRequest", r#""spec":{"request":null,"signerName":""},"status":{}"#),
    ("ClusterRole", r#""rules":null"#),
    ("ClusterRoleBinding", r#""roleRef":{"apiGroup":"","kind":"","name":""}"#),
    (
        "CronJob",
        r#""spec":{"schedule":"","jobTemplate":{"metadata":{},"spec":{"template":{"metadata":{},"spec":{"containers":null}}}}},"status":{}"#,
    ),
    (
        "CustomResourceDefinition",
        r#""spec":{"group":"","names":{"plural":"","kind":""},"scope":"","versions":null},"status":{"conditions":null,"acceptedNames":{"plural":"","kind":""},"storedVersions":null}"#,
    ),
    (
        "DaemonSet",
        r#""spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"updateStrategy":{}},"status":{"currentNumberScheduled":0,"numberMisscheduled":0,"desiredNumberScheduled":0,"numberReady":0}"#,
    ),
    (
        "Deployment",
        r#""spec":{"replicas":0,"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}"#,
    ),
    ("EndpointSlice", r#""addressType":"","endpoints":null,"ports":null"#),
    (
        "Event",
        r#""involvedObject":{},"source":{},"firstTimestamp":null,"lastTimestamp":null,"eventTime":null,"reportingComponent":"","reportingInstance":"""#,
    ),
    (
        "HorizontalPodAutoscaler",
        r#""spec":{"scaleTargetRef":{"kind":"","name":""},"maxReplicas":0},"status":{"desiredReplicas":0,"currentMetrics":null}"#,
    ),
    ("Ingress", r#""spec":{},"status":{"loadBalancer":{}}"#),
    ("Job", r#""spec":{"template":{"metadata":{},"spec":{"containers":null}}},"status":{}"#),
    ("Lease", r#""spec":{}"#),
    ("LimitRange", r#""spec":{"limits":null}"#),
    ("Namespace", r#""spec":{},"status":{}"#),
    ("NetworkPolicy", r#""spec":{"podSelector":{}}"#),
    (
        "Node",
        r#""spec":{},"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":0}},"nodeInfo":{"machineID":"","systemUUID":"","bootID":"","kernelVersion":"","osImage":"","containerRuntimeVersion":"","kubeletVersion":"","kubeProxyVersion":"","operatingSystem":"","architecture":""}}"#,
    ),
    ("PersistentVolume", r#""spec":{},"status":{}"#),
    ("PersistentVolumeClaim", r#""spec":{"resources":{}},"status":{}"#),
    ("Pod", r#""spec":{"containers":null},"status":{}"#),
    (
        "PodDisruptionBudget",
        r#""spec":{},"status":{"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":0,"expectedPods":0}"#,
    ),
    (
        "ReplicaSet",
        r#""spec":{"replicas":0,"selector":null,"template":{"metadata":{},"spec":{"containers":null}}},"status":{"replicas":0}"#,
    ),
    ("ReplicationController", r#""spec":{},"status":{"replicas":0}"#),
    ("ResourceQuota", r#""spec":{},"status":{}"#),
    ("Role", r#""rules":null"#),
    ("RoleBinding", r#""roleRef":{"apiGroup":"","kind":"","name":""}"#),
    ("Service", r#""spec":{},"status":{"loadBalancer":{}}"#),
    (
        "StatefulSet",
        r#""spec":{"replicas":0,"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"serviceName":"","updateStrategy":{}},"status":{"replicas":0,"availableReplicas":0}"#,
    ),
    ("StorageClass", r#""provisioner":"""#),
    (
        "VolumeAttachment",
        r#""spec":{"attacher":"","source":{},"nodeName":""},"status":{"attached":false}"#,
    ),
];

/// The fields of a bookmark's object after its metadata; empty if there are none.
pub fn fields(kind: &str) -> &'static str {
    BLANKS.iter().find(|(own, _)| *own == kind).map_or("", |(_, fields)| fields)
}
