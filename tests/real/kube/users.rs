//! Users and their rights. The API server reads its tokens once, when it starts: so there are guests in it whom nobody has
//! given any right yet.

use std::{
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use serde_json::{Value, json};

use super::{Cluster, write_kubeconfig};

/// The token of the user who may do everything.
pub(super) const ADMIN: &str = "admin-token";

/// A test of rights takes one for each of its cases, or changes the rights of one.
const GUESTS: usize = 64;

/// Somebody whom a test gives rights.
pub(crate) struct Guest {
    name: String,
    /// What it shows to the API server.
    pub(crate) token: String,
    /// For `--kubeconfig`.
    pub(crate) kubeconfig: PathBuf,
}

/// The file of tokens. `viewer` stays without any right.
pub(super) fn write(folder: &Path) {
    let mut tokens = format!("{ADMIN},admin,1,\"system:masters\"\nviewer-token,viewer,2\n");
    for guest in 0..GUESTS {
        tokens.push_str(&format!("guest-{guest}-token,guest-{guest},guest-{guest}\n"));
    }
    std::fs::write(folder.join("tokens.csv"), tokens).unwrap();
}

impl Cluster {
    /// Somebody new who may do this and nothing else: rules as they stand in a ClusterRole, for every namespace.
    pub(crate) fn guest(&self, rules: &Value) -> Guest {
        let number = self.guests.fetch_add(1, Ordering::Relaxed);
        assert!(number < GUESTS, "more guests than there are tokens for");
        let (name, token) = (format!("guest-{number}"), format!("guest-{number}-token"));
        let kubeconfig = self.folder.path().join(format!("{name}.kubeconfig"));
        write_kubeconfig(&kubeconfig, &self.url(), &self.ca_file(), &token);
        let guest = Guest { name, token, kubeconfig };
        self.allow(&guest, rules);
        let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": guest.name });
        let who = json!([{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": guest.name }]);
        self.apply(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": { "name": guest.name },
            "roleRef": role,
            "subjects": who,
        }));
        guest
    }

    /// For `--kubeconfig`: an account that may do everything, for an hour. Its token says so itself, as an admin's does not.
    pub(crate) fn account(&self, name: &str) -> PathBuf {
        let kubectl =
            |words: String| self.kubectl(&words).unwrap_or_else(|error| panic!("{error}"));
        kubectl(format!("create serviceaccount {name} --namespace default"));
        kubectl(format!(
            "create clusterrolebinding {name} --clusterrole=cluster-admin --serviceaccount=default:{name}"
        ));
        let token = kubectl(format!("create token {name} --namespace default --duration=1h"));
        let kubeconfig = self.folder.path().join(format!("{name}.kubeconfig"));
        write_kubeconfig(&kubeconfig, &self.url(), &self.ca_file(), token.trim());
        kubeconfig
    }

    /// Gives a guest these rights in place of those it had. The API server hears of it by a watch of its own, so it takes a
    /// moment until it acts on it.
    pub(crate) fn allow(&self, guest: &Guest, rules: &Value) {
        self.apply(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": { "name": guest.name },
            "rules": rules,
        }));
    }

    /// Creates an object, or makes it what it is here.
    pub(crate) fn apply(&self, object: &Value) {
        let file = self.file("applied.json", &object.to_string());
        let words = format!("apply --server-side --force-conflicts --filename {}", file.display());
        self.kubectl(&words).unwrap();
    }
}
