//! Installed with real Helm in a real API server.

use serde_json::{Value, json};

use super::{CHART, Helm, file_of, helms, rendered_files, workload};
use crate::{kube::Cluster, server::part};

/// Makes a namespace in which the server lets in what is `restricted` and nothing else.
pub(super) fn strict_namespace(cluster: &Cluster, name: &str) {
    cluster.kubectl(&format!("create namespace {name}")).unwrap();
    let strict =
        "pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted";
    cluster.kubectl(&format!("label namespace {name} {strict}")).unwrap();
}

/// A cluster with a strict namespace for each of what follows, and the definitions of others' objects.
fn cluster() -> Option<Cluster> {
    let definitions = part("kube-apiserver")?.parent()?.parent()?.join("definitions");
    let cluster = Cluster::start()?;
    let (mut files, mut names) = (String::new(), String::new());
    for definition in [
        "monitoring.coreos.com_servicemonitors",
        "monitoring.coreos.com_podmonitors",
        "monitoring.coreos.com_prometheusrules",
        "gateway.networking.k8s.io_httproutes",
    ] {
        let file = definitions.join(format!("{definition}.yaml"));
        files += &format!(" --filename {}", file.display());
        let (group, plural) = definition.rsplit_once('_').unwrap();
        names += &format!(" crd/{plural}.{group}");
    }
    cluster.kubectl(&format!("create{files}")).unwrap();
    cluster.kubectl(&format!("wait --for=condition=Established{names}")).unwrap();
    for name in ["towers", "monitoring", "four", "three"] {
        strict_namespace(&cluster, name);
    }
    Some(cluster)
}

#[test]
fn a_real_cluster_takes_it() {
    let helms = helms();
    let [four, three] = helms.as_slice() else { return };
    let Some(cluster) = cluster() else { return };
    every_field_is_known(&cluster);
    every_pod_is_let_in(&cluster);
    for (helm, namespace) in [(four, "four"), (three, "three")] {
        let release = Release { helm, cluster: &cluster, namespace };
        release.install();
        release.pods_are_let_in();
        release.brings_dashboards_and_rules();
        release.upgrade_and_roll_back();
        release.uninstall();
    }
}

/// The server knows every field of every object, for every file of values; what it would refuse it refuses here.
fn every_field_is_known(cluster: &Cluster) {
    for (values, all) in rendered_files() {
        let items: Vec<&Value> = all.values().collect();
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
        let done = cluster.create("objects", &list, "--dry-run=server");
        let lines = done.unwrap_or_else(|error| panic!("{values:?}: {error}"));
        assert_eq!(lines.lines().count(), all.len(), "{lines}");
    }
}

/// The server, which enforces `restricted` in that namespace, lets in the pod of every file of values in whichever mode; but
/// for those on the node's network, and of those it says that this is why.
fn every_pod_is_let_in(cluster: &Cluster) {
    for (values, all) in rendered_files() {
        let workload = workload(all);
        let pod = pod_of(workload, "towers");
        let done = cluster.create("pod", &pod, "--dry-run=server");
        if pod["spec"]["hostNetwork"] == true {
            let refused = done.expect_err("hostNetwork");
            assert!(refused.contains("(hostNetwork=true"), "{refused}");
            assert_eq!(
                refused.matches(" != ").count() + refused.matches("must ").count(),
                0,
                "{refused}"
            );
        } else {
            done.unwrap_or_else(|error| panic!("{values:?}: {error}"));
        }
    }
}

/// The pod that a controller would make of a workload, in this namespace.
fn pod_of(workload: &Value, namespace: &str) -> Value {
    let template = &workload["spec"]["template"];
    let mut spec = template["spec"].clone();
    // What a StatefulSet's controller adds.
    for claim in workload["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
        let name = claim["metadata"]["name"].as_str().unwrap();
        let claim = json!({ "claimName": format!("{name}-0") });
        let volume = json!({ "name": name, "persistentVolumeClaim": claim });
        spec["volumes"].as_array_mut().unwrap().push(volume);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "watch", "namespace": namespace, "labels": template["metadata"]["labels"] },
        "spec": spec,
    })
}

/// A release called `watch` in a namespace of its own.
struct Release<'a> {
    helm: &'a Helm,
    cluster: &'a Cluster,
    namespace: &'a str,
}

impl Release<'_> {
    /// Helm's words, in this namespace. Whatever the server warns of is a failure.
    fn helm(&self, words: &[&str]) -> String {
        let mut command = self.helm.command();
        command.args(words).args(["--namespace", self.namespace]);
        command.arg("--kubeconfig").arg(self.cluster.kubeconfig());
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !errors.contains("arning"), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn deployment(&self) -> Value {
        self.cluster.get(&format!("deployment watch-noroshi --namespace {}", self.namespace))
    }

    fn install(&self) {
        let notes = self.helm(&["install", "watch", CHART]);
        assert!(notes.contains("watch-noroshi runs as noroshi."), "{notes}");
        // The cluster has the operator's definitions, and the notes say so.
        assert!(notes.contains("serviceMonitor.enabled=true"), "{notes}");
        assert_eq!(self.deployment()["spec"]["replicas"], 1);
    }

    /// Under `restricted`, the pod a controller would make of the Deployment; and not if it asked for more.
    fn pods_are_let_in(&self) {
        let mut pod = pod_of(&self.deployment(), self.namespace);
        self.cluster.create("pod", &pod, "--dry-run=server").unwrap();
        pod["spec"]["containers"][0]["securityContext"]["capabilities"] =
            json!({ "add": ["NET_RAW"] });
        let refused = self.cluster.create("pod", &pod, "--dry-run=server").unwrap_err();
        assert!(refused.contains("violates PodSecurity \"restricted:latest\""), "{refused}");
    }

    /// The dashboards arrive byte for byte, and all of it fits into what Helm keeps of a release, which is one Secret.
    fn brings_dashboards_and_rules(&self) {
        let set = "dashboards.enabled=true,prometheusRule.enabled=true";
        self.helm(&["upgrade", "watch", CHART, "--set", set]);
        let chosen = "--selector grafana_dashboard=1";
        let maps = self.cluster.get(&format!("configmaps {chosen} --namespace {}", self.namespace));
        let files = super::observed::dashboards();
        assert_eq!(maps["items"].as_array().unwrap().len(), files.len());
        for map in maps["items"].as_array().unwrap() {
            for (name, text) in map["data"].as_object().unwrap() {
                assert!(files[name] == text.as_str().unwrap(), "{name}");
            }
            assert_eq!(map["metadata"]["annotations"]["grafana_folder"], "noroshi");
        }
        let rules = format!("prometheusrule watch-noroshi --namespace {}", self.namespace);
        let groups = &self.cluster.get(&rules)["spec"]["groups"];
        assert_eq!(*groups, super::observed::groups());
        let kept = format!("secret sh.helm.release.v1.watch.v2 --namespace {}", self.namespace);
        let bytes = self.cluster.get(&kept)["data"]["release"].as_str().unwrap().len() * 3 / 4;
        assert!(bytes < 700_000, "{bytes} of a Secret's 1,048,576");
    }

    fn upgrade_and_roll_back(&self) {
        self.helm(&["upgrade", "watch", CHART, "--values", &file_of("noroshi")]);
        assert_eq!(self.deployment()["spec"]["replicas"], 2);
        let monitor = format!("servicemonitor watch-noroshi --namespace {}", self.namespace);
        assert_eq!(self.cluster.get(&monitor)["spec"]["endpoints"][0]["interval"], "30s");
        // The other personality is one value.
        self.helm(&["upgrade", "watch", CHART, "--set", "personality=blackbox"]);
        let container = &self.deployment()["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["ports"][0]["containerPort"], 9115);
        // And the third; a claim comes with it, and stays out of the way when it goes.
        self.helm(&["upgrade", "watch", CHART, "--set", "personality=alertmanager"]);
        let deployment = self.deployment();
        assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["ports"][0]["containerPort"], 9093);
        let claim = format!("persistentvolumeclaim watch-noroshi --namespace {}", self.namespace);
        assert_eq!(self.cluster.get(&claim)["spec"]["resources"]["requests"]["storage"], "1Gi");
        // In another mode another kind of object takes its place, whatever the personality was.
        for (mode, kind) in [("statefulset", "StatefulSet"), ("daemonset", "DaemonSet")] {
            self.helm(&["upgrade", "watch", CHART, "--values", &file_of(mode)]);
            let labelled = "--selector app.kubernetes.io/instance=watch";
            let kinds = "deployments,statefulsets,daemonsets";
            let all =
                self.cluster.get(&format!("{kinds} {labelled} --namespace {}", self.namespace));
            let kinds: Vec<&Value> =
                all["items"].as_array().unwrap().iter().map(|own| &own["kind"]).collect();
            assert_eq!(kinds, [kind]);
        }
        self.helm(&["rollback", "watch", "1"]);
        let deployment = self.deployment();
        assert_eq!(deployment["spec"]["replicas"], 1);
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["ports"].as_array().unwrap().len(), 1, "{container}");
        assert_eq!(container["ports"][0]["containerPort"], 10070);
        let history: Value =
            serde_json::from_str(&self.helm(&["history", "watch", "--output", "json"])).unwrap();
        assert_eq!(history.as_array().unwrap().len(), 8, "{history}");
    }

    fn uninstall(&self) {
        self.helm(&["uninstall", "watch"]);
        // What protects claims that are in use is a controller of which there is none here: it is on its way out.
        let claims = format!("get persistentvolumeclaims --namespace {}", self.namespace);
        let claims = self.cluster.kubectl(&claims).unwrap();
        assert!(claims.lines().skip(1).all(|line| line.contains("Terminating")), "{claims}");
        let kinds = "deployments,statefulsets,daemonsets,services,configmaps,serviceaccounts,servicemonitors,podmonitors,prometheusrules,secrets";
        let chosen = "--selector app.kubernetes.io/instance=watch --ignore-not-found";
        let left =
            self.cluster.kubectl(&format!("get {kinds} {chosen} --namespace {}", self.namespace));
        assert_eq!(left.unwrap(), "");
    }
}
