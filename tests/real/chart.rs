//! The chart with real Helm, of both generations: linted, rendered, installed in a real API server, and what it renders
//! is started here as the kubelet would start it.

use std::{
    collections::BTreeMap,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    kube::{Cluster, said},
    server::part,
    support::daemon::{Daemon, noroshi},
};

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/noroshi");

/// The files of `ci/`, which between them set every value.
const VALUES: [&str; 5] = ["noroshi", "text", "existing", "blackbox", "blackbox-modules"];

/// One of the Helms, with a folder for what it keeps.
struct Helm {
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// Helm 4 and Helm 3; none after saying which is missing.
fn helms() -> Vec<Helm> {
    let found: Vec<_> = ["helm", "helm3"].into_iter().filter_map(part).collect();
    let helms =
        found.into_iter().map(|program| Helm { program, folder: tempfile::tempdir().unwrap() });
    helms.collect()
}

impl Helm {
    /// Helm with these words; what it printed, or everything it said when it failed.
    fn run(&self, words: &[&str]) -> Result<String, String> {
        said(self.command().args(words))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().stdin(Stdio::null());
        for kept in ["HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(kept, self.folder.path());
        }
        command
    }

    /// The objects of the chart for a file of `ci/` (or none) and more arguments, by kind and name.
    fn render(&self, values: Option<&str>, more: &[&str]) -> BTreeMap<(String, String), Value> {
        let file = values.map(file_of);
        let mut words = vec!["template", "watch", CHART, "--namespace", "towers"];
        words.extend(file.iter().flat_map(|file| ["--values", file.as_str()]));
        words.extend(more);
        objects(&self.run(&words).unwrap_or_else(|error| panic!("{error}")))
    }
}

fn file_of(values: &str) -> String {
    format!("{CHART}/ci/{values}-values.yaml")
}

fn objects(text: &str) -> BTreeMap<(String, String), Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    let named = documents.into_iter().filter(Value::is_object).map(|object| {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        ((word(&object["kind"]), word(&object["metadata"]["name"])), object)
    });
    named.collect()
}

/// The one object of a kind.
fn only<'a>(objects: &'a BTreeMap<(String, String), Value>, kind: &str) -> &'a Value {
    let found: Vec<_> = objects.iter().filter(|((of, _), _)| of == kind).collect();
    assert_eq!(found.len(), 1, "{kind} in {:?}", objects.keys());
    found[0].1
}

#[test]
fn lint_has_nothing_to_say() {
    for helm in helms() {
        for values in VALUES {
            helm.run(&["lint", "--strict", CHART, "--values", &file_of(values)]).unwrap();
        }
        helm.run(&["lint", "--strict", CHART]).unwrap();
    }
}

#[test]
fn both_helms_render_the_same() {
    let helms = helms();
    let [four, three] = helms.as_slice() else { return };
    for values in VALUES.map(Some).into_iter().chain([None]) {
        assert_eq!(four.render(values, &[]), three.render(values, &[]), "{values:?}");
    }
}

#[test]
fn typos_and_contradictions_are_refused() {
    for helm in helms() {
        for (set, words) in [
            ("replcas=2", "'replcas' not allowed"),
            ("image.tga=1", "'tga' not allowed"),
            ("icmp.mode=netRaw", "'sysctl', 'none'"),
            ("personality=alertmanager", "'noroshi', 'blackbox'"),
            ("serviceMonitor.interval=soon", "/serviceMonitor/interval"),
            ("service.port=70000", "/service/port"),
            ("replicas=two", "/replicas"),
            ("hostNetwork=true", "icmp.mode=none"),
        ] {
            let refused = helm.run(&["template", CHART, "--set", set]).expect_err(set);
            assert!(refused.contains(words), "{set}: {refused}");
        }
        // What a parent chart and Helm itself hand down is no typo.
        helm.run(&["template", CHART, "--set", "global.a=1,enabled=true"]).unwrap();
    }
}

/// Every option arrives where it belongs.
#[test]
fn options_arrive() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("noroshi"), &[]);
    let pod = "/spec/template/spec";
    for (kind, pointer, wanted) in [
        ("Deployment", "/metadata/labels/team".to_owned(), json!("observability")),
        ("Deployment", "/metadata/annotations/a".into(), json!("b")),
        ("Deployment", "/spec/replicas".into(), json!(2)),
        ("Deployment", "/spec/strategy/type".into(), json!("Recreate")),
        ("Deployment", "/spec/template/metadata/annotations/c".into(), json!("d")),
        ("Deployment", "/spec/template/metadata/labels/e".into(), json!("f")),
        ("Deployment", format!("{pod}/serviceAccountName"), json!("watcher")),
        ("Deployment", format!("{pod}/automountServiceAccountToken"), json!(false)),
        ("Deployment", format!("{pod}/enableServiceLinks"), json!(false)),
        ("Deployment", format!("{pod}/imagePullSecrets/0/name"), json!("registry")),
        ("Deployment", format!("{pod}/securityContext/sysctls/0/value"), json!("0 2147483647")),
        ("Deployment", format!("{pod}/nodeSelector/kubernetes.io~1os"), json!("linux")),
        ("Deployment", format!("{pod}/tolerations/0/operator"), json!("Exists")),
        ("Deployment", format!("{pod}/topologySpreadConstraints/0/maxSkew"), json!(1)),
        ("Deployment", format!("{pod}/priorityClassName"), json!("system-cluster-critical")),
        ("Deployment", format!("{pod}/dnsConfig/options/0/name"), json!("ndots")),
        ("Deployment", format!("{pod}/hostAliases/0/ip"), json!("192.0.2.1")),
        ("Deployment", format!("{pod}/volumes/0/configMap/name"), json!("watch-noroshi")),
        ("Deployment", format!("{pod}/volumes/1/name"), json!("secrets")),
        ("Deployment", format!("{pod}/containers/0/volumeMounts/1/name"), json!("secrets")),
        ("Deployment", format!("{pod}/containers/0/args/2"), json!("--log.level=debug")),
        ("Deployment", format!("{pod}/containers/0/env/0/value"), json!("7")),
        ("Deployment", format!("{pod}/containers/0/envFrom/0/secretRef/name"), json!("tokens")),
        ("Service", "/spec/type".into(), json!("NodePort")),
        ("Service", "/spec/ports/0/port".into(), json!(80)),
        ("Service", "/spec/ports/0/targetPort".into(), json!("http")),
        ("Service", "/spec/ipFamilyPolicy".into(), json!("SingleStack")),
        ("Service", "/metadata/labels/c".into(), json!("d")),
        ("ServiceAccount", "/automountServiceAccountToken".into(), json!(false)),
        ("ServiceMonitor", "/metadata/labels/release".into(), json!("kube-prometheus-stack")),
        ("ServiceMonitor", "/spec/endpoints/0/interval".into(), json!("30s")),
        ("ServiceMonitor", "/spec/endpoints/0/relabelings/0/targetLabel".into(), json!("node")),
        ("ServiceMonitor", "/spec/sampleLimit".into(), json!(50000)),
        ("ServiceMonitor", "/spec/scrapeProtocols/0".into(), json!("PrometheusProto")),
    ] {
        assert_eq!(only(&all, kind).pointer(&pointer), Some(&wanted), "{kind} {pointer}");
    }
    let image = &only(&all, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"];
    assert!(
        image.as_str().unwrap().starts_with("registry.example.org/noroshi@sha256:0"),
        "{image}"
    );
}

#[test]
fn names_texts_and_what_is_left_out_arrive() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("text"), &[]);
    let kinds: Vec<&str> = all.keys().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["ConfigMap", "Deployment", "Service"]);
    assert!(all.keys().all(|(_, name)| name == "tower"));
    let text = only(&all, "ConfigMap")["data"]["config.toml"].as_str().unwrap();
    assert!(text.starts_with("# A comment that stays.\n[checks.loopback]\n"), "{text}");
    let container = &only(&all, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["livenessProbe"], Value::Null);
    assert_eq!(container["readinessProbe"]["tcpSocket"]["port"], "http");
    assert_eq!(container["readinessProbe"]["httpGet"], Value::Null);

    let all = helm.render(Some("existing"), &[]);
    assert!(!all.keys().any(|(kind, _)| kind == "ConfigMap"));
    let pod = &only(&all, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], "theirs");
    assert_eq!(
        (&pod["hostNetwork"], &pod["dnsPolicy"]),
        (&json!(true), &json!("ClusterFirstWithHostNet"))
    );
    assert_eq!(pod["securityContext"]["sysctls"], Value::Null);

    let all = helm.render(Some("blackbox-modules"), &[]);
    let text = only(&all, "ConfigMap")["data"]["config.yml"].as_str().unwrap();
    assert!(text.contains("!!binary AAAACATSFi8="), "{text}");
}

/// A pod's volume of a ConfigMap, as the kubelet lays it out: a change is a swapped link.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn new(data: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Self(folder);
        mounted.swap("..first", data);
        for key in data.as_object().unwrap().keys() {
            symlink(format!("..data/{key}"), mounted.0.path().join(key)).unwrap();
        }
        mounted
    }

    fn swap(&self, name: &str, data: &Value) {
        let folder = self.0.path();
        std::fs::create_dir(folder.join(name)).unwrap();
        for (key, text) in data.as_object().unwrap() {
            std::fs::write(folder.join(name).join(key), text.as_str().unwrap()).unwrap();
        }
        symlink(name, folder.join("..data_tmp")).unwrap();
        std::fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    }
}

/// The container of a Deployment as a process, with the volume of its configuration in another place and a free port.
fn started(deployment: &Value, config: &Path) -> Daemon {
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["command"], json!(["/bin/noroshi"]));
    let mounted = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    let arguments = container["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap().replace(mounted, config.to_str().unwrap()));
    let mut command = noroshi(&[]);
    command.args(arguments).arg("--web.listen-address=127.0.0.1:0");
    for variable in container["env"].as_array().into_iter().flatten() {
        command.env(variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
    }
    let daemon = Daemon::spawn(&mut command);
    for probe in ["livenessProbe", "readinessProbe"] {
        if let Some(path) = container[probe]["httpGet"]["path"].as_str() {
            daemon.until(path, "a good answer", |_| daemon.get(path).status == 200);
        }
    }
    daemon
}

/// The pod of `helm test` asks what runs here instead of the Service.
fn asked_by_the_test_pod(all: &BTreeMap<(String, String), Value>, daemon: &Daemon) {
    let container = &only(all, "Pod")["spec"]["containers"][0];
    let arguments = container["args"].as_array().unwrap().iter().map(|argument| {
        let argument = argument.as_str().unwrap();
        let Some((_, path)) = argument.split_once(".towers.svc:") else {
            return argument.to_owned();
        };
        format!("{}{}", daemon.url(), &path[path.find('/').unwrap()..])
    });
    said(noroshi(&[]).args(arguments)).unwrap();
}

#[test]
fn what_is_rendered_runs() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    for values in [None, Some("text"), Some("noroshi")] {
        let all = helm.render(values, &[]);
        let mounted = Mounted::new(&only(&all, "ConfigMap")["data"]);
        let daemon = started(only(&all, "Deployment"), mounted.0.path());
        daemon
            .until_metrics("check", |page| page.contains("noroshi_check_info{check=\"loopback\""));
        if values != Some("text") {
            asked_by_the_test_pod(&all, &daemon);
        }
        if values == Some("noroshi") {
            assert!(daemon.get("/config").body.contains("max_requests = 7"), "the variable");
        }
        if values == Some("text") {
            continue;
        }
        // The same release with another configuration, as the kubelet brings it.
        let more = helm.render(values, &["--set", "config.checks.late.tcp.address=127.0.0.1:1"]);
        if values.is_none() {
            let file = only(&more, "ConfigMap")["data"]["config.yaml"].clone();
            mounted.swap("..second", &json!({ "config.toml": "", "config.yaml": file }));
            symlink("..data/config.yaml", mounted.0.path().join("config.yaml")).unwrap();
        } else {
            mounted.swap("..second", &only(&more, "ConfigMap")["data"]);
        }
        daemon.until_metrics("late", |page| page.contains("noroshi_check_info{check=\"late\""));
    }
}

#[test]
fn what_is_rendered_runs_as_blackbox() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    for (values, module) in [("blackbox", "ssh_banner"), ("blackbox-modules", "postgresql")] {
        let all = helm.render(Some(values), &[]);
        let mounted = Mounted::new(&only(&all, "ConfigMap")["data"]);
        let daemon = started(only(&all, "Deployment"), mounted.0.path());
        assert!(daemon.get("/config").body.contains(module));
        let target = daemon.url();
        let probe = daemon.get(&format!("/probe?module=http_2xx&target={target}/-/healthy")).body;
        assert!(probe.contains("\nprobe_success 1\n"), "{probe}");
        asked_by_the_test_pod(&all, &daemon);
    }
}

/// A cluster with a strict namespace for each of what follows, and the operator's definitions.
fn cluster() -> Option<Cluster> {
    let definitions = part("kube-apiserver")?.parent()?.parent()?.join("definitions");
    let cluster = Cluster::start()?;
    let monitors = definitions.join("monitoring.coreos.com_servicemonitors.yaml");
    cluster.kubectl(&format!("create --filename {}", monitors.display())).unwrap();
    let established = "wait --for=condition=Established crd/servicemonitors.monitoring.coreos.com";
    cluster.kubectl(established).unwrap();
    for name in ["towers", "four", "three"] {
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
    for values in VALUES.map(Some).into_iter().chain([None]) {
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
        self.helm(&["rollback", "watch", "1"]);
        let deployment = self.deployment();
        assert_eq!(deployment["spec"]["replicas"], 1);
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["ports"].as_array().unwrap().len(), 1, "{container}");
        assert_eq!(container["ports"][0]["containerPort"], 10070);
        let history: Value =
            serde_json::from_str(&self.helm(&["history", "watch", "--output", "json"])).unwrap();
        assert_eq!(history.as_array().unwrap().len(), 4, "{history}");
    }

    fn uninstall(&self) {
        self.helm(&["uninstall", "watch"]);
        let kinds = "deployments,services,configmaps,serviceaccounts,servicemonitors,secrets";
        let chosen = "--selector app.kubernetes.io/instance=watch --ignore-not-found";
        let left =
            self.cluster.kubectl(&format!("get {kinds} {chosen} --namespace {}", self.namespace));
        assert_eq!(left.unwrap(), "");
    }
}
