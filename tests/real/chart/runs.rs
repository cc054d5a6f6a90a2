//! What is rendered, started here as the kubelet would start it: its volumes are folders, its probes are asked.

use std::{collections::BTreeMap, os::unix::fs::symlink, path::Path};

use serde_json::{Value, json};

use super::{Objects, helms, only};
use crate::{
    kube::said,
    server::wait_until,
    support::daemon::{Daemon, noroshi},
};

/// In the place of the port the chart says.
const LISTENS: &str = "--web.listen-address=127.0.0.1:0";

/// Nobody knows the password.
const USERS: &str =
    "basic_auth_users: { alice: $2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu }\n";

/// A pod's volume of a ConfigMap, as the kubelet lays it out: a change is a swapped link.
pub(super) struct Mounted(tempfile::TempDir);

impl Mounted {
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn new(data: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Self(folder);
        mounted.swap("..first", data);
        for key in data.as_object().unwrap().keys() {
            symlink(format!("..data/{key}"), mounted.path().join(key)).unwrap();
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

/// What a kubelet puts in the place of a pod's own fields.
pub(super) const FIELDS: [(&str, &str); 3] = [
    ("spec.nodeName", "buoy"),
    ("status.hostIP", "127.0.0.1"),
    ("metadata.labels['apps.kubernetes.io/pod-index']", "0"),
];

/// The variables of a container, each with those before it in its value.
fn variables(container: &Value, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all = Vec::<(String, String)>::new();
    for own in container["env"].as_array().into_iter().flatten() {
        let path = &own["valueFrom"]["fieldRef"]["fieldPath"];
        let value = match own["value"].as_str() {
            Some(value) => expanded(value, &all),
            None => fields.iter().find(|(field, _)| path == field).unwrap().1.to_owned(),
        };
        all.push((own["name"].as_str().unwrap().to_owned(), value));
    }
    all
}

/// `$(NAME)` is the kubelet's to replace.
fn expanded(text: &str, variables: &[(String, String)]) -> String {
    let replaced = variables
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value));
    assert!(!replaced.contains("$("), "{replaced}: no such variable");
    replaced
}

/// The container of a workload as a process, on a free port, with its volumes in other places.
pub(super) struct Started {
    container: Value,
    pub(super) daemon: Daemon,
}

impl Started {
    /// `volumes`: by name, where they are. `more` arguments are for what would take long otherwise.
    pub(super) fn new(workload: &Value, volumes: &[(&str, &Path)], more: &[&str]) -> Self {
        Self::of_pod(&workload["spec"]["template"], &FIELDS, volumes, more)
    }

    /// The same of a pod, or its template, whose fields have these values.
    pub(super) fn of_pod(
        pod: &Value,
        fields: &[(&str, &str)],
        volumes: &[(&str, &Path)],
        more: &[&str],
    ) -> Self {
        let container = pod["spec"]["containers"][0].clone();
        let variables = variables(&container, fields);
        assert_eq!(container["command"], json!(["/bin/noroshi"]));
        let listens = format!("--web.listen-address=:{}", container["ports"][0]["containerPort"]);
        let mounts: BTreeMap<&str, &Path> = container["volumeMounts"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|mount| {
                let (_, path) = volumes.iter().find(|(name, _)| mount["name"] == *name)?;
                Some((mount["mountPath"].as_str().unwrap(), *path))
            })
            .collect();
        assert_eq!(mounts.len(), volumes.len(), "{container}");
        let mut command = noroshi(&[]);
        for argument in container["args"].as_array().unwrap() {
            // Of kube-state-metrics, `more` has the host.
            let argument = match argument.as_str().unwrap() {
                argument if argument == listens => LISTENS,
                argument if argument.starts_with("--port=") => "--port=0",
                argument if argument.starts_with("--telemetry-port=") => "--telemetry-port=0",
                argument => argument,
            };
            command.arg(moved(&expanded(argument, &variables), &mounts));
        }
        command.args(more);
        for (name, value) in variables {
            command.env(name, real(&value, &mounts).unwrap_or(value));
        }
        let daemon = Daemon::spawn(&mut command);
        let started = Self { container, daemon };
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            started.is_good_by(probe);
        }
        started
    }

    /// `HOST:PORT`
    fn address(&self) -> String {
        self.daemon.url().replace("http://", "")
    }

    /// Asks as the kubelet does, which takes any certificate and any status below 400.
    fn is_good_by(&self, probe: &str) {
        let probe = &self.container[probe];
        let http = &probe["httpGet"];
        let words = if let Some(path) = http["path"].as_str() {
            let scheme = http["scheme"].as_str().unwrap().to_lowercase();
            let mut words = vec!["http".to_owned(), format!("{scheme}://{}{path}", self.address())];
            words.extend((scheme == "https").then(|| "tls.insecure_skip_verify=true".to_owned()));
            words
        } else if probe["tcpSocket"].is_object() {
            vec!["tcp".to_owned(), self.address()]
        } else {
            return;
        };
        wait_until("a good answer", || said(noroshi(&["probe"]).args(&words)).ok());
    }

    /// The pod of `helm test` asks what runs here instead of the Service.
    pub(super) fn is_asked_by_the_test_pod(&self, all: &Objects) {
        let container = &only(all, "Pod")["spec"]["containers"][0];
        let service = only(all, "Service");
        let name = service["metadata"]["name"].as_str().unwrap();
        let namespace = service["metadata"]["namespace"].as_str().unwrap();
        let host = format!("{name}.{namespace}.svc:{}", service["spec"]["ports"][0]["port"]);
        let arguments = container["args"].as_array().unwrap().iter().map(|argument| {
            let argument = argument.as_str().unwrap();
            argument.replace(&host, &self.address())
        });
        assert_eq!(container["command"], json!(["/bin/noroshi"]));
        said(noroshi(&[]).args(arguments)).unwrap();
    }
}

/// An argument whose path is on a volume, where that volume really is.
fn moved(argument: &str, mounts: &BTreeMap<&str, &Path>) -> String {
    let inside = argument
        .split_once('=')
        .and_then(|(flag, path)| Some(format!("{flag}={}", real(path, mounts)?)));
    inside.unwrap_or_else(|| argument.to_owned())
}

/// Where a path on a volume really is.
fn real(path: &str, mounts: &BTreeMap<&str, &Path>) -> Option<String> {
    mounts.iter().find_map(|(mount, real)| {
        let rest = Path::new(path).strip_prefix(mount).ok()?;
        // Joined with nothing, a slash would be added.
        let whole = if rest.as_os_str().is_empty() { real.to_path_buf() } else { real.join(rest) };
        Some(whole.display().to_string())
    })
}

#[test]
fn what_is_rendered_runs() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    for values in [None, Some("text"), Some("noroshi")] {
        let all = helm.render(values, &[]);
        let mounted = Mounted::new(&only(&all, "ConfigMap")["data"]);
        let volumes = [("config", mounted.path())];
        let started = Started::new(only(&all, "Deployment"), &volumes, &[]);
        let daemon = &started.daemon;
        daemon
            .until_metrics("check", |page| page.contains("noroshi_check_info{check=\"loopback\""));
        if values != Some("text") {
            started.is_asked_by_the_test_pod(&all);
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
            symlink("..data/config.yaml", mounted.path().join("config.yaml")).unwrap();
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
        let volumes = [("config", mounted.path())];
        // Half a minute is long for a test.
        let soon = ["--config.auto-reload-interval=1"];
        let started = Started::new(only(&all, "Deployment"), &volumes, &soon);
        let daemon = &started.daemon;
        assert!(daemon.get("/config").body.contains(module));
        let target = daemon.url();
        let probe = daemon.get(&format!("/probe?module=http_2xx&target={target}/-/healthy")).body;
        assert!(probe.contains("\nprobe_success 1\n"), "{probe}");
        started.is_asked_by_the_test_pod(&all);
        // The same release with another module, as the kubelet brings it: noticed by itself.
        let more = helm.render(Some("blackbox"), &["--set", "config.modules.late.prober=tcp"]);
        mounted.swap("..second", &only(&more, "ConfigMap")["data"]);
        daemon.until("/config", "late", |page| page.contains("late:"));
        let probe = daemon.get("/probe?module=late&target=127.0.0.1:1").body;
        assert!(probe.contains("\nprobe_success 0\n"), "{probe}");
    }
}

/// The drop-in for Alertmanager, on a folder in the place of its volume: the file as the kubelet brings it, and again.
#[test]
fn what_is_rendered_runs_as_alertmanager() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("alertmanager"), &[]);
    let deployment = only(&all, "Deployment");
    assert_eq!(deployment["spec"]["strategy"], json!({ "type": "Recreate" }));
    let claim = only(&all, "PersistentVolumeClaim");
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][1]["persistentVolumeClaim"]["claimName"], claim["metadata"]["name"]);
    assert_eq!(claim["spec"]["accessModes"], json!(["ReadWriteOncePod"]));
    assert_eq!(claim["spec"]["storageClassName"], "fast");
    let (mounted, storage) =
        (Mounted::new(&only(&all, "ConfigMap")["data"]), tempfile::tempdir().unwrap());
    let volumes = [("config", mounted.path()), ("storage", storage.path())];
    let started = Started::new(deployment, &volumes, &["--config.auto-reload-interval=1"]);
    started.is_asked_by_the_test_pod(&all);
    assert!(started.daemon.get("/api/v2/receivers").body.contains("\"ops\""));
    assert!(storage.path().join("noroshi.db").is_file());
    let more = helm.render(
        Some("alertmanager"),
        &["--set", "config.receivers[0].name=late,config.route.receiver=late"],
    );
    mounted.swap("..second", &only(&more, "ConfigMap")["data"]);
    started.daemon.until("/api/v2/receivers", "late", |page| page.contains("\"late\""));

    let all = helm.render(Some("alertmanager-existing"), &[]);
    let pod = &only(&all, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["secret"]["secretName"], "theirs");
    assert_eq!(pod["volumes"][1]["persistentVolumeClaim"]["claimName"], "storage-alertmanager-0");
    assert!(!all.keys().any(|(kind, _)| kind == "PersistentVolumeClaim"));
    let argument = &pod["containers"][0]["args"][1];
    assert_eq!(argument, "--config.file=/etc/alertmanager/alertmanager.yaml");
}

/// The ordinary daemon with a volume: its states are in a file there.
#[test]
fn what_is_rendered_keeps_its_states() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let all = helm.render(Some("stored"), &[]);
    let deployment = only(&all, "Deployment");
    assert_eq!(deployment["spec"]["strategy"], json!({ "type": "Recreate" }));
    let variable = &deployment["spec"]["template"]["spec"]["containers"][0]["env"][0];
    assert_eq!(
        *variable,
        json!({ "name": "NOROSHI__STORE__PATH", "value": "/var/lib/noroshi/noroshi.db" })
    );
    let (mounted, storage) =
        (Mounted::new(&only(&all, "ConfigMap")["data"]), tempfile::tempdir().unwrap());
    let volumes = [("config", mounted.path()), ("storage", storage.path())];
    let started = Started::new(deployment, &volumes, &[]);
    assert!(storage.path().join("noroshi.db").is_file());
    started.is_asked_by_the_test_pod(&all);
}

/// A folder with a certificate, its key and a web configuration that begins with TLS.
fn web_config(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["probes.example.test".to_owned()]).unwrap();
    let text = format!("tls_server_config: {{ cert_file: tls.crt, key_file: tls.key }}\n{more}");
    for (name, text) in [
        ("tls.crt", own.cert.pem()),
        ("tls.key", own.signing_key.serialize_pem()),
        ("web-config.yml", text),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Probes and test follow a path and TLS. Both are the flags', wherever the configuration would listen.
#[test]
fn what_is_rendered_runs_behind_tls_and_a_path() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    let web = web_config("");
    let all = helm.render(Some("blackbox-web"), &[]);
    let mounted = Mounted::new(&only(&all, "Secret")["stringData"]);
    let volumes = [("config", mounted.path()), ("web-config", web.path())];
    let started = Started::new(only(&all, "Deployment"), &volumes, &[]);
    started.is_asked_by_the_test_pod(&all);

    let mut set =
        "web.configSecret=web,web.scheme=https,web.externalUrl=https://a.test/b/".to_owned();
    let all = helm.render(None, &["--set", &set]);
    let probe =
        &only(&all, "Deployment")["spec"]["template"]["spec"]["containers"][0]["readinessProbe"];
    assert_eq!(probe["httpGet"]["path"], "/b/-/ready");
    let text = "[web]\nlisten_address = \"127.0.0.1:1\"\nroute_prefix = \"/b\"\n";
    let mounted = Mounted::new(&json!({ "config.toml": text }));
    let volumes = [("config", mounted.path()), ("web-config", web.path())];
    Started::new(only(&all, "Deployment"), &volumes, &[]).is_asked_by_the_test_pod(&all);

    // Who needs credentials is only connected to.
    let web = web_config(USERS);
    set.push_str(",web.credentials=true");
    let all = helm.render(None, &["--set", &set]);
    let volumes = [("config", mounted.path()), ("web-config", web.path())];
    let started = Started::new(only(&all, "Deployment"), &volumes, &[]);
    started.is_asked_by_the_test_pod(&all);
    assert_eq!(started.container["livenessProbe"]["tcpSocket"], json!({ "port": "http" }));
    let url = format!("https://{}/b/-/healthy", started.address());
    let refused = noroshi(&["probe", "http", &url, "tls.insecure_skip_verify=true"]).output();
    let refused = String::from_utf8(refused.unwrap().stdout).unwrap();
    assert!(refused.contains("401"), "{refused}");
}

/// A pod that is told to end ends by itself, and with 0, well before it would be killed.
#[test]
fn the_end_comes_before_the_grace_does() {
    let helms = helms();
    let Some(helm) = helms.first() else { return };
    for values in [None, Some("blackbox")] {
        let all = helm.render(values, &[]);
        let mounted = Mounted::new(&only(&all, "ConfigMap")["data"]);
        let volumes = [("config", mounted.path())];
        let deployment = only(&all, "Deployment");
        let mut started = Started::new(deployment, &volumes, &[]);
        let began = std::time::Instant::now();
        started.daemon.signal("TERM");
        assert!(started.daemon.wait().success());
        let grace = &deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
        assert!(began.elapsed().as_secs() < grace.as_u64().unwrap());
    }
}
