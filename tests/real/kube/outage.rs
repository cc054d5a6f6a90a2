//! What goes wrong with a cluster: its API server or its store dies and comes back, and history is thrown away.

use serde_json::{Value, json};

use super::Cluster;
use crate::support::daemon::exchange;

impl Cluster {
    /// `kill -9`: nothing is said to anybody, connections are reset.
    pub(crate) fn kill_apiserver(&mut self) {
        self.apiserver = None;
    }

    /// On the port and with the keys that it had, until it is ready: some five seconds.
    pub(crate) fn start_apiserver(&mut self) {
        assert!(self.apiserver.is_none(), "the API server runs");
        let started = self.plane.start_apiserver(|| self.is_ready());
        self.apiserver = Some(started);
    }

    /// `kill -9` of the store: the API server lives on and cannot read.
    pub(crate) fn kill_etcd(&mut self) {
        self.etcd = None;
    }

    /// On everything that was in it.
    pub(crate) fn start_etcd(&mut self) {
        assert!(self.etcd.is_none(), "etcd runs");
        self.etcd = Some(self.store.start());
    }

    /// Throws away the history up to now, and says where "now" is. The API server remembers what it has seen itself: it is
    /// one started after this that answers 410 to lists continued and watches begun before.
    pub(crate) fn compact(&self) -> u64 {
        let header = self.etcd("/v3/kv/range", &json!({ "key": "AA==" }))["header"].take();
        let revision = header["revision"].as_str().unwrap().parse().unwrap();
        self.etcd("/v3/kv/compaction", &json!({ "revision": revision, "physical": true }));
        revision
    }

    /// etcd by its gateway for HTTP and JSON.
    fn etcd(&self, path: &str, request: &Value) -> Value {
        let address = self.store.address().to_string();
        let body = request.to_string();
        let answer = exchange(&address, ("POST", path), &[], body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}
