//! A populated cluster: something of every kind that is watched, in every state that it can be in without a kubelet.
//! What is created stands in `world/*.yaml`, a file for each theme; what controllers make of it, they make.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use super::kubelet::{self, THEN};
use crate::{kube::Cluster, server::wait_until};

/// Nodes of a world are not heard of again, and live as long as a test does.
const GRACE: Duration = Duration::from_hours(1);

const NODES: [(&str, &str, bool); 3] =
    [("beacon", "amd64", true), ("harbour", "arm64", true), ("wreck", "amd64", false)];

/// Objects that go, and are held by a finalizer or by the lack of a kubelet.
const LEAVING: [&str; 12] = [
    "node/wreck",
    "namespace/ending",
    "persistentvolume/share",
    "persistentvolumeclaim/leaving --namespace shop",
    "deployment/paused --namespace edge",
    "statefulset/leaving --namespace edge",
    "daemonset/leaving --namespace edge",
    "service/gate --namespace edge",
    "poddisruptionbudget/leaving --namespace edge",
    "horizontalpodautoscaler/leaving --namespace edge",
    "serviceaccount/robot --namespace edge",
    "pod/leaving --namespace edge",
];

/// Those that come to be run: web 3, stuck 2, store 2, agent 3, ancient 1, the jobs' 4, and of `pods.yaml` 5.
const PODS: usize = 20;

/// What has come true once the controllers have done their part.
const SETTLED: [&str; 14] = [
    "--for=condition=Available deployment/web --namespace shop",
    "--for=condition=Progressing=False deployment/stuck --namespace shop",
    "--for=jsonpath={.status.availableReplicas}=2 statefulset/store --namespace shop",
    "--for=jsonpath={.status.numberAvailable}=3 daemonset/agent --namespace edge",
    "--for=jsonpath={.status.availableReplicas}=1 replicationcontroller/ancient --namespace edge",
    "--for=condition=Complete job/done --namespace batch",
    "--for=condition=Failed job/failed --namespace batch",
    "--for=jsonpath={.status.ready}=2 job/running --namespace batch",
    "--for=condition=Suspended job/suspended --namespace batch",
    "--for=jsonpath={.status.phase}=Bound persistentvolumeclaim/data --namespace edge",
    "--for=jsonpath={.status.currentHealthy}=3 poddisruptionbudget/web --namespace shop",
    "--for=condition=PodScheduled=False pod/waiting --namespace shop",
    "--for=condition=NamespaceFinalizersRemaining namespace/ending",
    "--for=jsonpath={.spec.taints[?(@.effect==\"NoExecute\")].key}=node.kubernetes.io/unreachable node/wreck",
];

/// What [`World::change`] does by words alone.
const CHANGES: [&str; 22] = [
    "label node/beacon example.com/rack-row=9 --overwrite",
    "annotate node/harbour example.com/camelCase=new",
    "patch node/harbour --type=merge --patch {\"spec\":{\"unschedulable\":true,\"taints\":[]}}",
    "create namespace late",
    "label namespace/shop team-",
    "scale deployment/web --replicas=5 --namespace shop",
    "scale statefulset/store --replicas=4 --namespace shop",
    "delete --wait=false pod/gated --namespace shop --grace-period=0 --force",
    "delete --wait=false job/failed --namespace batch --cascade=orphan",
    "patch cronjob/asleep --namespace batch --type=merge --patch {\"spec\":{\"suspend\":false}}",
    "delete --wait=false configmap/settings --namespace shop",
    "create secret generic fresh --namespace shop --from-literal=key=value",
    "delete --wait=false networkpolicy/only-web --namespace shop",
    "patch ingress/rest --namespace edge --type=merge --patch {\"spec\":{\"tls\":[{\"hosts\":[\"a\"],\"secretName\":\"b\"}]}}",
    "patch service/web --namespace shop --type=merge --patch {\"spec\":{\"externalIPs\":[\"192.0.2.9\"]}}",
    "delete --wait=false endpointslice/by-hand --namespace edge",
    "patch horizontalpodautoscaler/web --namespace shop --type=merge --patch {\"spec\":{\"maxReplicas\":12}}",
    "patch poddisruptionbudget/web --namespace shop --type=merge --patch {\"spec\":{\"minAvailable\":1}}",
    "patch lease/leader --namespace edge --type=merge --patch {\"spec\":{\"holderIdentity\":\"robot_2\"}}",
    "delete --wait=false storageclass/standing",
    "delete --wait=false validatingwebhookconfiguration/strict",
    "certificate approve unseen",
];

/// A cluster with all this in it.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
}

impl World {
    /// Some fifteen seconds; its controllers and its scheduler go on. `None` after saying which part is missing.
    pub(crate) fn populate() -> Option<Self> {
        let world = Self { cluster: Cluster::acting(GRACE)? };
        world.lay_the_ground();
        for theme in ["storage", "limits", "configuration", "network", "admission"] {
            world.create(theme);
        }
        world.wait("--for=jsonpath={.status.hard.pods}=20 resourcequota/most --namespace edge");
        for theme in ["workloads", "pods", "jobs"] {
            world.create(theme);
        }
        world.request_certificates();
        world.report_what_nobody_runs();
        world.run_the_pods();
        for object in LEAVING {
            world.kubectl(&format!("delete --wait=false {object}"));
        }
        for condition in SETTLED {
            world.wait(condition);
        }
        Some(world)
    }

    /// Ends the controllers, and writes what they would undo: from here on nothing changes by itself but the API server's
    /// own lease.
    pub(crate) fn still(&mut self) {
        self.cluster.stop_acting();
        let condition = |kind: &str, status: &str, reason: &str| json!({ "type": kind, "status": status, "reason": reason, "lastTransitionTime": THEN });
        let measured = |kind: &str, what: Value| {
            let field = format!("{}{}", kind[..1].to_lowercase(), &kind[1..]);
            json!({ "type": kind, field: what })
        };
        let status = json!({
            "conditions": [
                condition("AbleToScale", "True", "ReadyForNewScale"),
                condition("ScalingActive", "True", "ValidMetricFound"),
                condition("ScalingLimited", "False", "DesiredWithinRange"),
            ],
            "currentReplicas": 3,
            "desiredReplicas": 4,
            "currentMetrics": [
                measured("Resource", json!({
                    "name": "cpu",
                    "current": { "averageUtilization": 91, "averageValue": "227500u" },
                })),
                measured("Resource", json!({ "name": "memory", "current": { "averageValue": "180Mi" } })),
                measured("ContainerResource", json!({
                    "name": "cpu", "container": "web",
                    "current": { "averageUtilization": 60, "averageValue": "150m" },
                })),
                measured("Pods", json!({
                    "metric": { "name": "orders_per_second" },
                    "current": { "averageValue": "1200m" },
                })),
                measured("Object", json!({
                    "metric": { "name": "hits" }, "current": { "value": "1900" },
                    "describedObject": { "kind": "Ingress", "name": "web" },
                })),
                measured("External", json!({
                    "metric": { "name": "queue_length" },
                    "current": { "averageValue": "12500m", "value": "25" },
                })),
            ],
        });
        self.report("horizontalpodautoscaler/web --namespace shop", &status);
    }

    /// Changes something of most kinds, as people and controllers would: settings, figures, what is there at all.
    pub(crate) fn change(&self) {
        for words in CHANGES {
            self.kubectl(words);
        }
        let restarted = json!({ "containerStatuses": [kubelet::crashed(8)] });
        self.report("pod/crashing --namespace shop", &restarted);
        let rolled = json!({ "replicas": 4, "readyReplicas": 2, "availableReplicas": 1, "unavailableReplicas": 3 });
        self.report("deployment/web --namespace shop", &rolled);
        self.report("persistentvolume/spare", &json!({ "phase": "Failed", "message": "no disk" }));
        self.report("resourcequota/most --namespace edge", &json!({ "used": { "pods": "19" } }));
    }

    /// Nodes and namespaces, until pods may be created in them.
    fn lay_the_ground(&self) {
        self.create("nodes");
        self.create("namespaces");
        for (number, (name, architecture, alive)) in NODES.into_iter().enumerate() {
            self.report(&format!("node/{name}"), &kubelet::node(number, architecture, alive));
        }
        for namespace in ["shop", "batch", "edge"] {
            self.wait(&format!("--for=create serviceaccount/default --namespace {namespace}"));
        }
    }

    /// One that is granted, one that is denied, and one that nobody has looked at.
    fn request_certificates(&self) {
        for name in ["granted", "denied", "unseen"] {
            let mut wanted = CertificateParams::default();
            wanted.distinguished_name.push(DnType::CommonName, name);
            let request = wanted.serialize_request(&KeyPair::generate().unwrap()).unwrap();
            let request = STANDARD.encode(request.pem().unwrap());
            let object = json!({
                "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
                "metadata": {
                    "name": name,
                    "labels": { "app": name },
                    "annotations": { "example.com/for": name },
                },
                "spec": {
                    "request": request,
                    "signerName": "example.com/signer",
                    "usages": ["digital signature"],
                },
            });
            self.cluster.create(name, &object, "").unwrap();
        }
        self.kubectl("certificate approve granted");
        self.kubectl("certificate deny denied");
    }

    /// The status of objects whose controllers live outside of Kubernetes, or wait for a year.
    fn report_what_nobody_runs(&self) {
        let gates = json!([{ "ip": "192.0.2.40" }, { "hostname": "gate.example.com" }]);
        let reached = json!({ "loadBalancer": { "ingress": gates } });
        self.report("service/gate --namespace edge", &reached);
        self.report("ingress/web --namespace shop", &reached);
        let places = json!({ "devicePath": "/dev/sdb", "example.com/lun": "4" });
        let attached = json!({ "attached": true, "attachmentMetadata": places });
        self.report("volumeattachment/disk-to-harbour", &attached);
        let ran = json!({
            "lastScheduleTime": "2024-02-29T03:30:00Z",
            "lastSuccessfulTime": "2024-02-29T03:31:00Z",
        });
        self.report("cronjob/yearly --namespace batch", &ran);
        let condition = json!({
            "type": "FileSystemResizePending", "status": "True", "lastTransitionTime": THEN,
        });
        let resizing = json!({ "conditions": [condition] });
        self.report("persistentvolumeclaim/hopeless --namespace shop", &resizing);
    }

    /// Reports of pods until no controller makes another one: a StatefulSet's come one by one.
    fn run_the_pods(&self) {
        let what = format!("{PODS} pods to be run");
        wait_until(&what, || (kubelet::report(&self.cluster) == PODS).then_some(()));
    }

    pub(crate) fn create(&self, theme: &str) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/clusters/world");
        self.kubectl(&format!("create --validate=strict --filename {folder}/{theme}.yaml"));
    }

    pub(crate) fn report(&self, object: &str, status: &Value) {
        self.cluster.patch_status(object, status).unwrap_or_else(|error| panic!("{error}"));
    }

    pub(crate) fn wait(&self, condition: &str) {
        self.kubectl(&format!("wait --timeout=60s {condition}"));
    }

    pub(crate) fn kubectl(&self, words: &str) {
        self.cluster.kubectl(words).unwrap_or_else(|error| panic!("{error}"));
    }
}
