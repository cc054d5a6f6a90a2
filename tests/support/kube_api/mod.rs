//! A Kubernetes API server in memory: lists, watches, discovery and rights of any resource, with every fault a client
//! has to bear.
//!
//! It knows no types: an object is its text. What it answers has the shapes of a kube-apiserver 1.36. Objects come from
//! the test alone: nobody may write over HTTP. Contract: names nothing of `tests/support`, so that the benches may take
//! it in too.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::format_push_string,
    clippy::print_stdout,
    clippy::unused_async,
    clippy::needless_pass_by_value,
    reason = "every theme takes the parts it needs, and a test says what went wrong by panicking"
)]

mod answer;
mod blank;
mod discovery;
mod fault;
mod listing;
pub mod pods;
mod request;
mod resource;
mod rights;
mod seen;
mod selector;
mod server;
mod shape;
mod status;
mod store;
mod watch;
pub mod workbench;

use std::{collections::BTreeMap, net::SocketAddr, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use socket2::Socket;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

pub use fault::{Behaviour, Failure, Streaming, Wrong};
pub use resource::Resource;
pub use rights::Rule;
pub use seen::Request;
pub use store::Seed;

use fault::{Cut, Order};
use server::Shared;
use status::Status;
use store::{Body, Key};

/// A running server, and all its strings. It ends when dropped.
pub struct KubeApi {
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    task: Mutex<Option<AbortHandle>>,
    _reserved: Socket,
}

/// Starting and ending.
impl KubeApi {
    /// Over plain HTTP, serving what servers of today do, empty, and everything allowed to everybody.
    pub async fn start() -> Self {
        Self::start_with(None)
    }

    /// Over TLS; HTTP/2 too if the acceptor says so to its clients.
    pub async fn start_tls(tls: TlsAcceptor) -> Self {
        Self::start_with(Some(tls))
    }

    fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let (reserved, address) = server::reserve();
        let shared = Arc::new(Shared::new(resource::known(), about("v1.36.4")));
        let server = Self { address, tls, shared, task: Mutex::default(), _reserved: reserved };
        server.up();
        server
    }

    /// Nobody listens any more, and every connection is reset.
    pub fn down(&self) {
        self.cut_all();
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }

    /// Listens again, on the same port, with the same objects.
    pub fn up(&self) {
        self.down();
        let listener = server::listen(self.address);
        let work = server::serve(Arc::clone(&self.shared), listener, self.tls.clone());
        *self.task.lock() = Some(tokio::spawn(work).abort_handle());
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For `--apiserver`, and `server` in a kubeconfig.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl Drop for KubeApi {
    fn drop(&mut self) {
        self.down();
    }
}

/// What is served, and to whom.
impl KubeApi {
    /// Serves one more resource, or another in place of the one at its path.
    pub fn declare(&self, resource: Resource) {
        let mut resources = self.shared.resources.lock();
        resources.retain(|own| own.path() != resource.path());
        resources.push(Arc::new(resource));
    }

    /// Serves a resource no longer; its open watches end. Its objects are there again when it is declared again.
    pub fn undeclare(&self, name: &str) {
        let path = self.resource(name).path();
        self.shared.resources.lock().retain(|own| own.path() != path);
        self.order(Some(path), None, true);
    }

    /// What `/version` says, such as `v1.20.15`.
    pub fn set_version(&self, version: &str) {
        *self.shared.about.lock() = about(version);
    }

    /// Answers those alone who have this token; others get 401, as where nobody may be anonymous.
    pub fn require_token(&self, token: &str) {
        *self.shared.token.lock() = Some(token.to_owned());
    }

    /// Allows what these rules do, and nothing else; what was taken is given back.
    pub fn allow_only(&self, rules: Vec<Rule>) {
        let mut rights = self.shared.rights.lock();
        (rights.granted, rights.taken) = (rules, Vec::new());
    }

    /// Forbids what a rule allows. Open watches go on: see [`end_watches`](Self::end_watches).
    pub fn take(&self, rule: Rule) {
        self.shared.rights.lock().taken.push(rule);
    }

    /// Undoes a [`take`](Self::take).
    pub fn give_back(&self, rule: &Rule) {
        self.shared.rights.lock().taken.retain(|taken| taken != rule);
    }
}

/// Objects. A resource is named by its plural, such as `pods`, by `pods.metrics.k8s.io`, or by its path.
impl KubeApi {
    /// Creates an object, or replaces the one of its namespace and name; returns its `resourceVersion`.
    ///
    /// A `uid` and a `creationTimestamp` are added if they are missing, as a server would.
    pub fn put(&self, resource: &str, object: Value) -> u64 {
        let resource = self.resource(resource);
        let version = self.put_into(&resource.path(), object);
        self.changed();
        version
    }

    /// The same for many, told at once.
    pub fn put_many(&self, resource: &str, objects: impl IntoIterator<Item = Value>) {
        let path = self.resource(resource).path();
        for object in objects {
            self.put_into(&path, object);
        }
        self.changed();
    }

    fn put_into(&self, path: &str, mut object: Value) -> u64 {
        let word = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        let key = (word("namespace"), word("name"));
        assert!(!key.1.is_empty(), "an object without a name has to be put raw: {object}");
        let metadata = object["metadata"].as_object_mut().unwrap();
        let uid = || pods::uid(&format!("{path} {} {}", key.0, key.1)).into();
        metadata.entry("uid").or_insert_with(uid);
        metadata.entry("creationTimestamp").or_insert_with(|| "2026-01-02T03:04:05Z".into());
        self.put_at(path, key, object)
    }

    /// Puts anything at all, as it is: a string where a map belongs, no metadata, no uid. Only a `metadata` that is a map
    /// gets its `resourceVersion`, without which nobody could watch.
    pub fn put_raw(&self, resource: &str, namespace: &str, name: &str, object: Value) -> u64 {
        let path = self.resource(resource).path();
        let version = self.put_at(&path, (namespace.to_owned(), name.to_owned()), object);
        self.changed();
        version
    }

    fn put_at(&self, path: &str, key: Key, mut object: Value) -> u64 {
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("kind");
            fields.shift_remove("apiVersion");
        }
        self.shared.store.lock().put(path, key, |version| {
            store::stamp(&mut object, version);
            Some(Body::Text(object.to_string().into()))
        })
    }

    /// Puts objects that are made anew whenever somebody wants them, those of `range` of so many: `key` says the
    /// namespace and name of the n-th.
    pub fn put_generated(
        &self,
        resource: &str,
        (range, count): (Range<usize>, usize),
        key: fn(usize) -> (String, String),
        render: fn(Seed) -> String,
    ) {
        let path = self.resource(resource).path();
        let mut store = self.shared.store.lock();
        for index in range {
            store.put(&path, key(index), |version| {
                let seed = Seed { index, count, revision: 0, version };
                Some(Body::Generated { seed, render })
            });
        }
        drop(store);
        self.changed();
    }

    /// So many pods of about 10 kB each: [`pods::pod`].
    pub fn put_pods(&self, count: usize) {
        self.put_generated("pods", (0..count, count), pods::key, pods::pod);
    }

    /// Changes a generated object: its renderer gets the next revision.
    pub fn touch(&self, resource: &str, namespace: &str, name: &str) -> u64 {
        let path = self.resource(resource).path();
        let key = (namespace.to_owned(), name.to_owned());
        let mut store = self.shared.store.lock();
        let Some(Body::Generated { mut seed, render }) = store.get(&path, &key) else {
            panic!("{name} is not generated");
        };
        seed.revision += 1;
        let version = store.put(&path, key, |version| {
            Some(Body::Generated { seed: Seed { version, ..seed }, render })
        });
        drop(store);
        self.changed();
        version
    }

    /// An object as it is now; `None` if it is not there.
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let path = self.resource(resource).path();
        let key = (namespace.to_owned(), name.to_owned());
        let body = self.shared.store.lock().get(&path, &key)?;
        Some(serde_json::from_slice(&body.text()).unwrap())
    }

    /// Deletes an object; whether it was there.
    pub fn delete(&self, resource: &str, namespace: &str, name: &str) -> bool {
        let path = self.resource(resource).path();
        let key = (namespace.to_owned(), name.to_owned());
        let mut store = self.shared.store.lock();
        let was_there = store.get(&path, &key).is_some();
        if was_there {
            store.put(&path, key, |_| None);
        }
        drop(store);
        self.changed();
        was_there
    }

    /// The `resourceVersion` of now.
    pub fn version(&self) -> u64 {
        self.shared.store.lock().version()
    }

    /// How many changes of each resource are remembered; older versions are gone. 10,000 if it is not said.
    pub fn remember(&self, changes: usize) {
        self.shared.store.lock().history = changes;
    }

    fn resource(&self, name: &str) -> Arc<Resource> {
        let resources = self.shared.resources.lock();
        let found = resources.iter().find(|resource| resource.is_named(name)).cloned();
        found.unwrap_or_else(|| panic!("{name} is not declared"))
    }

    fn changed(&self) {
        self.shared.changed.send_replace(self.version());
    }
}

/// Faults.
impl KubeApi {
    /// Every version told so far is too old from now on, and so is every list half read: 410. Open watches go on.
    pub fn expire(&self) {
        self.shared.store.lock().expire();
        self.changed();
    }

    /// Resets every connection that carries a watch.
    pub fn cut(&self) {
        let _ = self.shared.cuts.send(Cut::Watches);
    }

    /// Resets every connection.
    pub fn cut_all(&self) {
        let _ = self.shared.cuts.send(Cut::All);
    }

    /// Changes how the server behaves: `server.behave(|b| b.stalled = true)`.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        self.shared.behaviour.send_modify(change);
    }

    /// Open watches stay open and say nothing, not even bookmarks; until told otherwise, when all comes at once.
    pub fn stall(&self, stalled: bool) {
        self.behave(|behaviour| behaviour.stalled = stalled);
    }

    /// Requests are taken and not answered, until told otherwise.
    pub fn mute(&self, mute: bool) {
        self.behave(|behaviour| behaviour.mute = mute);
    }

    /// Watches say a byte, and pause so long; `None` ends that.
    pub fn drip(&self, pause: Option<Duration>) {
        self.behave(|behaviour| behaviour.drip = pause);
    }

    /// Bookmarks come so often; in open watches, after the next one.
    pub fn bookmark_every(&self, interval: Duration) {
        self.behave(|behaviour| behaviour.bookmarks = interval);
    }

    pub fn streaming(&self, streaming: Streaming) {
        self.behave(|behaviour| behaviour.streaming = streaming);
    }

    /// Answers requests wrongly, the first failure that fits: see [`Failure`].
    pub fn fail(&self, failure: Failure) {
        self.shared.failures.lock().push(failure);
    }

    /// Answers requests of a verb (any if `None`) whose path contains this with a Status.
    pub fn fail_with(&self, verb: Option<&str>, path: &str, code: u16, retry_after: Option<u64>) {
        let wrong = Wrong::Status(code, retry_after);
        let (verb, path) = (verb.map(str::to_owned), path.to_owned());
        self.fail(Failure { verb, path, wrong, times: None });
    }

    /// Ends every [`fail`](Self::fail).
    pub fn fail_no_more(&self) {
        self.shared.failures.lock().clear();
    }

    /// Ends the open watches of a resource (of all if `None`) as their timeout would.
    pub fn end_watches(&self, resource: Option<&str>) {
        self.order(resource.map(|name| self.resource(name).path()), None, true);
    }

    /// An ERROR event in open watches, which then end: 410, 429 or 500 with `retryAfterSeconds`, ...
    pub fn error_event(&self, resource: Option<&str>, code: u16, retry_after: Option<u64>) {
        let path = resource.map(|name| self.resource(name).path());
        self.order(path, Some(Status::fault(code, retry_after).event().into()), true);
    }

    /// Any bytes in open watches, which go on. Say `\n` if it is to be a line.
    pub fn say(&self, resource: Option<&str>, words: &str) {
        let path = resource.map(|name| self.resource(name).path());
        self.order(path, Some(Bytes::copy_from_slice(words.as_bytes())), false);
    }

    fn order(&self, path: Option<String>, line: Option<Bytes>, ends: bool) {
        let _ = self.shared.orders.send(Order { path, line, ends });
    }
}

/// What was asked.
impl KubeApi {
    /// Every request so far, the first 100,000.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.seen.requests()
    }

    /// How many, by verb (`list`, `watch`, `get`, `create`) and path.
    pub fn counts(&self) -> BTreeMap<(String, String), u64> {
        self.shared.seen.counts()
    }

    /// How many of a verb at a path.
    pub fn count(&self, verb: &str, path: &str) -> u64 {
        let counts = self.counts();
        counts.get(&(verb.to_owned(), path.to_owned())).copied().unwrap_or_default()
    }

    /// Forgets requests, counts, and the greatest number of lists.
    pub fn forget_requests(&self) {
        self.shared.seen.forget();
    }

    /// The greatest number of lists at once: by pages from the first to the last, streaming ones to their bookmark.
    pub fn most_lists_at_once(&self) -> usize {
        self.shared.seen.most_lists()
    }

    /// Watches open now, of a resource or of all.
    pub fn watches(&self, resource: Option<&str>) -> usize {
        let path = resource.map(|name| self.resource(name).path());
        self.shared.seen.watches(path.as_deref().unwrap_or_default())
    }
}

fn about(version: &str) -> Value {
    let mut numbers = version.trim_start_matches('v').split('.');
    json!({
        "major": numbers.next(),
        "minor": numbers.next(),
        "gitVersion": version,
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.26.0",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}
