//! Installed with real Helm in a real API server.

use serde_json::{Value, json};

use super::{CHART, Helm, ci, file_of, helms};
use crate::{kube::Cluster, server::part};

/// A cluster with a strict namespace for each of what follows, and the operator's definitions.
fn cluster() -> Option<Cluster> {
    let definitions = part("kube-apiserver")?.parent()?.parent()?.join("definitions");
    let cluster = Cluster::start()?;
    let monitors = definitions.join("monitoring.coreos.com_servicemonitors.yaml");
    cluster.kubectl(&format!("create --filename {}", monitors.display())).unwrap();
    let established = "wait --for=condition=Established crd/servicemonitors.monitoring.coreos.com";
    cluster.kubectl(established).unwrap();
    for name in ["towers", "monitoring", "four", "three"] {
        cluster.kubectl(&format!("create namespace {name}")).unwrap();
        let strict = "pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted";
        cluster.kubectl(&format!("label namespace {name} {strict}")).unwrap();
    }
    Some(cluster)
}

#[test]
fn a_real_cluster_takes_it() {
    let helms = helms();
    let [four, three] = helms.as_slice() else { return };
    let Some(cluster) = cluster() else { return };
    every_field_is_known(&cluster, four);
    for (helm, namespace) in [(four, "four"), (three, "three")] {
        let release = Release { helm, cluster: &cluster, namespace };
        release.install();
        release.pods_are_let_in();
        release.upgrade_and_roll_back();
        release.uninstall();
    }
}

/// The server knows every field of every object, for every file of values; what it would refuse it refuses here.
fn every_field_is_known(cluster: &Cluster, helm: &Helm) {
    let files = ci();
    for values in files.iter().map(|name| Some(name.as_str())).chain([None]) {
        for ((kind, name), object) in helm.render(values, &[]) {
            let done = cluster.create(&format!("{kind}-{name}"), &object, "--dry-run=server");
            done.unwrap_or_else(|error| panic!("{values:?}: {error}"));
        }
    }
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
        let template = &self.deployment()["spec"]["template"];
        let mut pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": "watch", "namespace": self.namespace },
            "spec": template["spec"],
        });
        self.cluster.create("pod", &pod, "--dry-run=server").unwrap();
        pod["spec"]["containers"][0]["securityContext"]["capabilities"] =
            json!({ "add": ["NET_RAW"] });
        let refused = self.cluster.create("pod", &pod, "--dry-run=server").unwrap_err();
        assert!(refused.contains("violates PodSecurity \"restricted:latest\""), "{refused}");
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
        self.helm(&["rollback", "watch", "1"]);
        let deployment = self.deployment();
        assert_eq!(deployment["spec"]["replicas"], 1);
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["ports"].as_array().unwrap().len(), 1, "{container}");
        assert_eq!(container["ports"][0]["containerPort"], 10070);
        let history: Value =
            serde_json::from_str(&self.helm(&["history", "watch", "--output", "json"])).unwrap();
        assert_eq!(history.as_array().unwrap().len(), 5, "{history}");
    }

    fn uninstall(&self) {
        self.helm(&["uninstall", "watch"]);
        // What protects claims that are in use is a controller of which there is none here: it is on its way out.
        let claims = format!("get persistentvolumeclaims --namespace {}", self.namespace);
        let claims = self.cluster.kubectl(&claims).unwrap();
        assert!(claims.lines().skip(1).all(|line| line.contains("Terminating")), "{claims}");
        let kinds = "deployments,services,configmaps,serviceaccounts,servicemonitors,secrets";
        let chosen = "--selector app.kubernetes.io/instance=watch --ignore-not-found";
        let left =
            self.cluster.kubectl(&format!("get {kinds} {chosen} --namespace {}", self.namespace));
        assert_eq!(left.unwrap(), "");
    }
}
