//! The programs of a cluster's control plane, each with its flags, on ports of their own.

use std::{
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rcgen::KeyPair;

use super::free_port;
use crate::server::{Server, get};

/// The controllers that need neither a cloud nor a kubelet. Left out are those that would only complain, or would undo
/// what a test makes up: the one for attached volumes takes away attachments that no pod asks for, and those for
/// certificates sign and clean up what is to stay as it is.
const CONTROLLERS: [&str; 26] = [
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "ephemeral-volume-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "job-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "persistentvolume-binder-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "taint-eviction-controller",
    "ttl-after-finished-controller",
];

/// An etcd that a crash of the machine may take anything from, and a crash of its own nothing.
pub(super) struct Etcd {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    peers: u16,
}

impl Etcd {
    pub(super) fn new(program: PathBuf, folder: &Path) -> Self {
        Self { program, folder: folder.to_owned(), port: free_port(), peers: free_port() }
    }

    /// Where its clients ask.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Starts it on what it had, and waits until it answers.
    pub(super) fn start(&self) -> Server {
        let client = format!("http://{}", self.address());
        let peer = format!("http://127.0.0.1:{}", self.peers);
        let mut command = Command::new(&self.program);
        command
            .args(["--name=one", "--unsafe-no-fsync", "--log-level=warn"])
            .arg(format!("--data-dir={}", self.folder.join("etcd").display()))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=one={peer}"));
        let healthy = || get(self.address(), "/health").is_some();
        Server::start(&mut command, &self.folder, "etcd", healthy)
    }
}

/// The API server's port and keys, which it keeps when it is started again, and those who act on what it stores.
pub(super) struct ControlPlane {
    apiserver: PathBuf,
    folder: PathBuf,
    etcd: SocketAddr,
    port: u16,
    acts: bool,
}

impl ControlPlane {
    pub(super) fn new(apiserver: PathBuf, folder: &Path, etcd: &Etcd, acts: bool) -> Self {
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.join("accounts.key"), key.serialize_pem()).unwrap();
        std::fs::write(folder.join("accounts.pub"), key.public_key_pem()).unwrap();
        let (folder, port) = (folder.to_owned(), free_port());
        Self { apiserver, folder, etcd: etcd.address(), port, acts }
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The API server signs itself one when it is first started.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.join("pki/apiserver.crt")
    }

    pub(super) fn start_apiserver(&self, ready: impl Fn() -> bool) -> Server {
        let in_folder = |name: &str| self.folder.join(name).display().to_string();
        let mut command = Command::new(&self.apiserver);
        command
            .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
            .arg(format!("--secure-port={}", self.port))
            .arg(format!("--etcd-servers=http://{}", self.etcd))
            .arg(format!("--cert-dir={}", in_folder("pki")))
            .arg(format!("--token-auth-file={}", in_folder("tokens.csv")))
            .arg("--authorization-mode=RBAC")
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg(format!("--service-account-key-file={}", in_folder("accounts.pub")))
            .arg(format!("--service-account-signing-key-file={}", in_folder("accounts.key")))
            .arg("--service-cluster-ip-range=10.96.0.0/16")
            .arg("--allow-privileged=true")
            .arg("--endpoint-reconciler-type=none");
        if !self.acts {
            // Nobody makes the account `default` of a namespace, without which no pod would be let in.
            command.arg("--disable-admission-plugins=ServiceAccount");
        }
        Server::start(&mut command, &self.folder, "kube-apiserver", ready)
    }

    pub(super) fn start_controllers(
        &self,
        program: &Path,
        kubeconfig: &Path,
        grace: Duration,
    ) -> Server {
        let in_folder = |name: &str| self.folder.join(name).display().to_string();
        let mut command = Command::new(program);
        command
            .arg(format!("--controllers={}", CONTROLLERS.join(",")))
            .arg(format!("--service-account-private-key-file={}", in_folder("accounts.key")))
            .arg(format!("--root-ca-file={}", self.certificate().display()))
            .arg(format!("--node-monitor-grace-period={}s", grace.as_secs()))
            .arg("--node-monitor-period=1s");
        self.start_actor(command, kubeconfig, "kube-controller-manager")
    }

    pub(super) fn start_scheduler(&self, program: &Path, kubeconfig: &Path) -> Server {
        self.start_actor(Command::new(program), kubeconfig, "kube-scheduler")
    }

    /// What the two have in common: there is one of each, and it asks nobody who its visitors are.
    fn start_actor(&self, mut command: Command, kubeconfig: &Path, name: &str) -> Server {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        command
            .args(["--bind-address=127.0.0.1", "--leader-elect=false"])
            .arg(format!("--secure-port={}", address.port()))
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .arg("--authentication-skip-lookup=true");
        let listens = || TcpStream::connect(address).is_ok();
        Server::start(&mut command, &self.folder, name, listens)
    }
}
