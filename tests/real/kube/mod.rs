//! A Kubernetes cluster without a node, on loopback: its real API server and etcd, and on demand the controllers and the
//! scheduler. Contract: [`Cluster::start`] is everything that answers requests, and nothing acts on what it stores;
//! [`Cluster::acting`] turns a Deployment into Pods and binds them to the Nodes that a test makes up. No kubelet runs
//! them: what one would report is written with [`Cluster::patch_status`].
//!
//! Objects are validated, admitted (Pod Security included), stored and watched as in any cluster. It takes some six
//! seconds and 400 MB, three seconds and 200 MB more where it acts, so a theme's tests share one.

mod outage;
mod servers;
mod users;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::AtomicUsize,
    time::Duration,
};

use serde_json::{Value, json};

use crate::server::{Server, free_port, part};
use servers::{ControlPlane, Etcd};

/// A running cluster. It ends, and its files vanish, when it is dropped: whoever asks before whoever is asked.
pub(crate) struct Cluster {
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    guests: AtomicUsize,
    actors: Vec<Server>,
    apiserver: Option<Server>,
    etcd: Option<Server>,
    plane: ControlPlane,
    store: Etcd,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// A new one, with the right of everything; `None` after saying which part is missing.
    pub(crate) fn start() -> Option<Self> {
        Self::started(false)
    }

    /// The same with its controllers and its scheduler. A node that has not been heard of for as long as `grace` is taken
    /// for dead, as in any cluster, and no node of a test is heard of by itself.
    pub(crate) fn acting(grace: Duration) -> Option<Self> {
        let (manager, scheduler) = (part("kube-controller-manager"), part("kube-scheduler"));
        let (manager, scheduler) = (manager?, scheduler?);
        let mut cluster = Self::started(true)?;
        let kubeconfig = &cluster.kubeconfig;
        cluster.actors = vec![
            cluster.plane.start_controllers(&manager, kubeconfig, grace),
            cluster.plane.start_scheduler(&scheduler, kubeconfig),
        ];
        Some(cluster)
    }

    /// Ends controllers and scheduler: what stands now stays as it is.
    pub(crate) fn stop_acting(&mut self) {
        self.actors.clear();
    }

    fn started(acts: bool) -> Option<Self> {
        let (etcd, apiserver, kubectl) = (part("etcd"), part("kube-apiserver"), part("kubectl"));
        let (etcd, apiserver, kubectl) = (etcd?, apiserver?, kubectl?);
        let folder = tempfile::tempdir().unwrap();
        let store = Etcd::new(etcd, folder.path());
        let plane = ControlPlane::new(apiserver, folder.path(), &store, acts);
        users::write(folder.path());
        let kubeconfig = folder.path().join("admin.kubeconfig");
        write_kubeconfig(&kubeconfig, &plane.url(), &plane.certificate(), users::ADMIN);
        let mut cluster = Self {
            kubectl,
            kubeconfig,
            guests: AtomicUsize::new(0),
            actors: Vec::new(),
            apiserver: None,
            etcd: None,
            plane,
            store,
            folder,
        };
        cluster.start_etcd();
        cluster.start_apiserver();
        Some(cluster)
    }

    /// For `--kubeconfig` or `$KUBECONFIG`: the user who may do everything.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where the API server answers: `https://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        self.plane.url()
    }

    /// What the API server's certificate is signed by.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.plane.certificate()
    }

    /// A file in a folder that lives as long as the cluster.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `kubectl`, by its words; what it printed.
    pub(crate) fn kubectl(&self, words: &str) -> Result<String, String> {
        self.kubectl_as(&self.kubeconfig, words)
    }

    /// The same with another user's file.
    pub(crate) fn kubectl_as(&self, kubeconfig: &Path, words: &str) -> Result<String, String> {
        let mut command = with_kubeconfig(&self.kubectl, kubeconfig);
        said(command.args(words.split_ascii_whitespace()))
    }

    /// An object, or a list of them, as the server has it.
    pub(crate) fn get(&self, words: &str) -> Value {
        let text = self.kubectl(&format!("get {words} --output json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Hands objects to `kubectl create`, strictly: a field nobody knows is an error.
    pub(crate) fn create(&self, name: &str, object: &Value, more: &str) -> Result<String, String> {
        let file = self.file(&format!("{name}.json"), &object.to_string());
        self.kubectl(&format!("create --validate=strict --filename {} {more}", file.display()))
    }

    /// Writes what only a controller or a kubelet would write: fields of the status of `object`, which is what `kubectl`
    /// calls it, as in `pod/web --namespace shop`.
    pub(crate) fn patch_status(&self, object: &str, status: &Value) -> Result<String, String> {
        let patch = json!({ "status": status }).to_string();
        let mut command = with_kubeconfig(&self.kubectl, &self.kubeconfig);
        command.arg("patch").args(object.split_ascii_whitespace());
        said(command.args(["--subresource=status", "--type=merge", "--patch", &patch]))
    }

    /// Whether the API server says that it is ready.
    fn is_ready(&self) -> bool {
        let mut asked = with_kubeconfig(&self.kubectl, &self.kubeconfig);
        let asked = asked.args(["get", "--raw", "/readyz"]).stderr(Stdio::null());
        asked.output().unwrap().status.success()
    }
}

/// Runs a command to its end: what it printed, or everything it said when it failed.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    Err(format!("{command:?}\n{printed}{}", String::from_utf8_lossy(&output.stderr)))
}

fn with_kubeconfig(kubectl: &Path, kubeconfig: &Path) -> Command {
    let mut command = Command::new(kubectl);
    // Its cache of what the server offers would be shared by clusters that happen to get the same port.
    let cache = kubeconfig.with_file_name("kubectl-cache");
    command.arg("--kubeconfig").arg(kubeconfig).arg("--cache-dir").arg(cache);
    command
}

fn write_kubeconfig(file: &Path, url: &str, certificate: &Path, token: &str) {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": {
            "server": url,
            "certificate-authority": certificate,
        }}],
        "users": [{ "name": "test", "user": { "token": token } }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        "current-context": "test",
    });
    std::fs::write(file, config.to_string()).unwrap();
}
