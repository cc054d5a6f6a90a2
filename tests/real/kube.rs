//! A Kubernetes API server with its etcd, on loopback: everything of a cluster that answers requests, and no node.
//!
//! Objects are validated, admitted (Pod Security included), stored and watched as in any cluster. Nothing acts on them: no
//! controller turns a Deployment into Pods. It takes some six seconds and 400 MB, so a theme's tests share one.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::server::{Server, free_port, part};

/// Two users: one who may do everything, and one whom nobody has given any right.
const TOKENS: &str = "admin-token,admin,1,\"system:masters\"\nviewer-token,viewer,2\n";

/// A running cluster. It ends, and its files vanish, when it is dropped: the API server before its etcd.
pub(crate) struct Cluster {
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    _apiserver: Server,
    _etcd: Server,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// A new one, with the right of everything; `None` after saying which part is missing.
    pub(crate) fn start() -> Option<Self> {
        let (etcd, apiserver, kubectl) = (part("etcd"), part("kube-apiserver"), part("kubectl"));
        let (etcd, apiserver, kubectl) = (etcd?, apiserver?, kubectl?);
        let folder = tempfile::tempdir().unwrap();
        let (etcd, client) = start_etcd(&etcd, folder.path());
        let port = free_port();
        let kubeconfig = folder.path().join("admin.kubeconfig");
        let certificate = folder.path().join("pki/apiserver.crt");
        write_kubeconfig(&kubeconfig, port, &certificate, "admin-token");
        let ready = || {
            let mut asked = with_kubeconfig(&kubectl, &kubeconfig);
            let asked = asked.args(["get", "--raw", "/readyz"]).stderr(Stdio::null());
            asked.output().unwrap().status.success()
        };
        let mut command = apiserver_command(&apiserver, folder.path(), &client, port);
        let apiserver = Server::start(&mut command, folder.path(), "kube-apiserver", ready);
        Some(Self { kubectl, kubeconfig, _apiserver: apiserver, _etcd: etcd, folder })
    }

    /// For `--kubeconfig` or `$KUBECONFIG`: the user who may do everything.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A file in a folder that lives as long as the cluster.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `kubectl`, by its words; what it printed.
    pub(crate) fn kubectl(&self, words: &str) -> Result<String, String> {
        let mut command = with_kubeconfig(&self.kubectl, &self.kubeconfig);
        said(command.args(words.split_ascii_whitespace()))
    }

    /// An object as the server has it.
    pub(crate) fn get(&self, words: &str) -> Value {
        let text = self.kubectl(&format!("get {words} --output json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Hands objects to `kubectl create`, strictly: a field nobody knows is an error.
    pub(crate) fn create(&self, name: &str, object: &Value, more: &str) -> Result<String, String> {
        let file = self.file(&format!("{name}.json"), &object.to_string());
        self.kubectl(&format!("create --validate=strict --filename {} {more}", file.display()))
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

/// An etcd that keeps nothing, and the URL for its clients.
fn start_etcd(program: &Path, folder: &Path) -> (Server, String) {
    let client = format!("http://127.0.0.1:{}", free_port());
    let peer = format!("http://127.0.0.1:{}", free_port());
    let mut command = Command::new(program);
    command
        .args(["--name=one", "--unsafe-no-fsync", "--log-level=warn"])
        .arg(format!("--data-dir={}", folder.join("etcd").display()))
        .arg(format!("--listen-client-urls={client}"))
        .arg(format!("--advertise-client-urls={client}"))
        .arg(format!("--listen-peer-urls={peer}"))
        .arg(format!("--initial-advertise-peer-urls={peer}"))
        .arg(format!("--initial-cluster=one={peer}"));
    let address = client.trim_start_matches("http://").parse().unwrap();
    let healthy = || crate::server::get(address, "/health").is_some();
    (Server::start(&mut command, folder, "etcd", healthy), client)
}

fn apiserver_command(program: &Path, folder: &Path, etcd: &str, port: u16) -> Command {
    let tokens = folder.join("tokens.csv");
    std::fs::write(&tokens, TOKENS).unwrap();
    let (signs, verifies) = (folder.join("accounts.key"), folder.join("accounts.pub"));
    let key = KeyPair::generate().unwrap();
    std::fs::write(&signs, key.serialize_pem()).unwrap();
    std::fs::write(&verifies, key.public_key_pem()).unwrap();
    let mut command = Command::new(program);
    command
        .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
        .arg(format!("--secure-port={port}"))
        .arg(format!("--etcd-servers={etcd}"))
        // It signs itself a certificate there.
        .arg(format!("--cert-dir={}", folder.join("pki").display()))
        .arg(format!("--token-auth-file={}", tokens.display()))
        .arg("--authorization-mode=RBAC")
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg(format!("--service-account-key-file={}", verifies.display()))
        .arg(format!("--service-account-signing-key-file={}", signs.display()))
        .arg("--service-cluster-ip-range=10.96.0.0/16")
        // Nobody makes the account `default` of a namespace, without which no pod would be let in.
        .arg("--disable-admission-plugins=ServiceAccount")
        .arg("--endpoint-reconciler-type=none");
    command
}

fn write_kubeconfig(file: &Path, port: u16, certificate: &Path, token: &str) {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": certificate,
        }}],
        "users": [{ "name": "test", "user": { "token": token } }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        "current-context": "test",
    });
    std::fs::write(file, config.to_string()).unwrap();
}
