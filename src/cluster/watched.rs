//! One cluster: its collectors, its own tasks, its own budget.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::{Client, client::Body};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::{
    sync::{Notify, Semaphore},
    task::{Id, JoinSet},
};
use tracing::{error, info, warn};

use super::{
    collector::Collector,
    events::Event,
    health::Health,
    kinds::KINDS,
    spec::Cluster,
    watch::{Target, Watch},
};
use crate::{
    clock::{self, Clock, Instant},
    model::Histogram,
    net::kubernetes::{self, Connected},
};

/// Initial lists at the same time: each costs the server what all watches together cost afterwards.
const LISTS: usize = 2;

/// The pause before a cluster that cannot even be connected to is tried again.
const PAUSE: Duration = Duration::from_secs(30);

/// The pause between two looks at the server itself, and how long one may take.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_TAKES: Duration = Duration::from_secs(10);

/// After so long nothing more is waited for before noroshi calls itself ready: one lost cluster must not keep it from
/// being asked about the others.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// The largest `/version`.
const VERSION: usize = 64 << 10;

/// Bounds of the latency, in seconds: from a neighbour to another continent.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// A cluster that is watched.
pub struct Watched {
    spec: Cluster,
    members: Vec<Member>,
    server: Mutex<Server>,
    /// Once there is one.
    client: OnceLock<Client>,
    /// That there is one now.
    connected: Notify,
    /// Initial lists at the same time, of all its watches.
    lists: Arc<Semaphore>,
    begun: Instant,
}

/// One resource of it.
pub struct Member {
    /// Its objects.
    pub collector: Arc<dyn Collector>,
    /// How it goes.
    pub health: Health,
}

/// What is known of the API server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Whether it answered last.
    pub is_up: bool,
    /// Its URL; empty before there is a client.
    pub url: String,
    /// Its version, once it has told it.
    pub version: String,
    /// When our credentials expire.
    pub expire: Option<Timestamp>,
    /// How long it takes to answer.
    pub latency: Histogram,
    /// Why there is no client, or no answer.
    pub failure: Option<String>,
}

impl Watched {
    /// Its collectors, empty; nothing is asked yet.
    pub fn new(mut spec: Cluster, clock: Clock) -> Self {
        spec.settings.clock = clock;
        let wanted = |name: &str| spec.resources.iter().any(|wanted| wanted == name);
        let members = KINDS.iter().filter(|kind| wanted(kind.resource.name)).map(|kind| Member {
            collector: (kind.collector)(&spec.settings),
            health: Health::new(Arc::clone(&spec.name), spec.settings.parts(kind.resource), clock),
        });
        let server = Server {
            is_up: false,
            url: String::new(),
            version: String::new(),
            expire: None,
            latency: Histogram::new(BOUNDS.into()),
            failure: None,
        };
        Self {
            members: members.collect(),
            server: Mutex::new(server),
            client: OnceLock::new(),
            connected: Notify::new(),
            lists: Arc::new(Semaphore::new(LISTS)),
            begun: Instant::now(),
            spec,
        }
    }

    /// What is watched of it.
    pub fn spec(&self) -> &Cluster {
        &self.spec
    }

    /// Its resources, in the order in which they are written.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Its last events, newest first.
    pub fn events(&self) -> Vec<Arc<Event>> {
        self.members.iter().flat_map(|member| member.collector.events()).collect()
    }

    /// What is known of its API server.
    pub fn server(&self) -> Server {
        self.server.lock().clone()
    }

    /// Whether what is shown is all that can be: every resource was listed, or refused. A cluster out of reach is waited
    /// for no longer than a minute.
    pub fn is_ready(&self) -> bool {
        self.begun.elapsed() > READY_WITHIN
            || self.members.iter().all(|member| member.health.record().is_settled())
    }

    /// Asks the API server whether it lives.
    pub async fn lives(&self) -> bool {
        let client = self.client.get();
        let Some(client) = client else { return false };
        let Ok(request) = get("/livez") else { return false };
        client.send(request).await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Its client, as soon as there is one.
    pub(super) async fn connected(&self) -> Client {
        loop {
            let told = self.connected.notified();
            if let Some(client) = self.client.get() {
                return client.clone();
            }
            told.await;
        }
    }

    /// Who may list.
    pub(super) fn lists(&self) -> &Arc<Semaphore> {
        &self.lists
    }

    /// Why there is no client, or no answer.
    pub(super) fn failure(&self) -> Option<String> {
        self.server.lock().failure.clone()
    }

    /// Watches it until it is dropped.
    pub async fn run(self: Arc<Self>) {
        let connected = self.connect().await;
        // A second run after a panic has a client already, which is as good.
        let _ = self.client.set(connected.client.clone());
        self.connected.notify_waiters();
        info!(cluster = &*self.spec.name, server = connected.server, "watching a cluster");
        let mut tasks = JoinSet::new();
        let mut running: HashMap<Id, Watch> = HashMap::new();
        let start = |tasks: &mut JoinSet<()>, running: &mut HashMap<Id, Watch>, watch: Watch| {
            let task = tasks.spawn(watch.clone().run());
            running.insert(task.id(), watch);
        };
        for watch in self.watches(&connected.client, &self.lists) {
            start(&mut tasks, &mut running, watch);
        }
        let look = self.look(&connected.client);
        tokio::pin!(look);
        loop {
            let ended = tokio::select! {
                ended = tasks.join_next_with_id() => ended,
                () = &mut look => return,
            };
            // A cluster of which nothing is watched is still looked at.
            let Some(ended) = ended else { return look.await };
            let id = match &ended {
                Ok((id, ())) => *id,
                Err(error) => error.id(),
            };
            let Some(watch) = running.remove(&id) else { continue };
            let collector = watch.target.resource.name;
            error!(
                cluster = &*self.spec.name,
                collector, "a watch ended unexpectedly and is started again"
            );
            clock::sleep(Duration::from_secs(1)).await;
            start(&mut tasks, &mut running, watch);
        }
    }

    /// A client; what is wrong with the files or the address is told once, and tried again.
    async fn connect(&self) -> Connected {
        loop {
            match kubernetes::connect(&self.spec.access).await {
                Ok(connected) => {
                    let mut server = self.server.lock();
                    server.url.clone_from(&connected.server);
                    server.expire = connected.expire;
                    server.failure = None;
                    return connected;
                }
                Err(why) => {
                    if self.server.lock().failure.replace(why.clone()).is_none() {
                        warn!(
                            cluster = &*self.spec.name,
                            "no client for the cluster, tried again: {why}"
                        );
                    }
                    clock::sleep(PAUSE).await;
                }
            }
        }
    }

    fn watches(&self, client: &Client, lists: &Arc<Semaphore>) -> Vec<Watch> {
        let each = self.members.iter().flat_map(|member| {
            let targets = self.targets(member.collector.resource());
            targets.into_iter().enumerate().map(|(part, target)| Watch {
                client: client.clone(),
                target,
                collector: Arc::clone(&member.collector) as _,
                part,
                health: member.health.clone(),
                lists: Arc::clone(lists),
            })
        });
        each.collect()
    }

    fn targets(&self, resource: &'static super::kind::Resource) -> Vec<Target> {
        if !resource.namespaced {
            let (fields, labels) = Default::default();
            return vec![Target { resource, namespace: None, fields, labels }];
        }
        let fields = self.spec.fields();
        let target = |namespace: Option<&String>| Target {
            resource,
            namespace: namespace.cloned(),
            fields: fields.clone(),
            labels: String::new(),
        };
        match &*self.spec.settings.namespaces {
            [] => vec![target(None)],
            namespaces => namespaces.iter().map(|namespace| target(Some(namespace))).collect(),
        }
    }

    /// Looks at the server itself, for ever.
    async fn look(&self, client: &Client) {
        loop {
            let begun = Instant::now();
            let version = clock::timeout_at(begun + LOOK_TAKES, version(client)).await;
            let version = version.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            self.seen(version, begun.elapsed());
            clock::sleep(LOOK).await;
        }
    }

    fn seen(&self, version: Result<Option<String>, String>, took: Duration) {
        let mut server = self.server.lock();
        let was_up = std::mem::replace(&mut server.is_up, version.is_ok());
        match version {
            Ok(version) => {
                server.latency.observe(took.as_secs_f64());
                server.version = version.unwrap_or_default();
                server.failure = None;
            }
            Err(why) => {
                if was_up || server.failure.is_none() {
                    let url = &server.url;
                    warn!(cluster = &*self.spec.name, url, "the API server does not answer: {why}");
                }
                server.failure = Some(why);
            }
        }
    }
}

fn get(path: &str) -> http::Result<Request<Body>> {
    Request::builder().method(Method::GET).uri(path).body(Body::empty())
}

/// The server's version; `None` if it answers and does not tell it.
async fn version(client: &Client) -> Result<Option<String>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        git_version: String,
    }
    let request = get("/version").map_err(|error| error.to_string())?;
    let answer = client.send(request).await.map_err(|error| kubernetes::chain(&error))?;
    if answer.status().is_server_error() {
        return Err(answer.status().to_string());
    }
    let body = http_body_util::Limited::new(answer.into_body(), VERSION).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok(serde_json::from_slice(&body).ok().map(|info: Info| info.git_version))
}

#[cfg(test)]
mod tests {
    use super::{
        super::spec::{Access, Settings},
        *,
    };
    use crate::cluster::watch::{Failure, Why};

    #[tokio::test(start_paused = true)]
    async fn a_cluster_out_of_reach_is_waited_for_no_longer_than_the_limit() {
        let spec = Cluster {
            name: "one".into(),
            access: Access::InCluster,
            resources: vec!["pods".to_owned(), "nodes".to_owned()],
            namespaces_denylist: Vec::new(),
            node: None,
            settings: Settings::default(),
        };
        let watched = Watched::new(spec, Clock::system());
        let [pods, nodes] = watched.members() else { panic!("two") };
        assert!(!watched.is_ready());
        let failure = |why| Failure { why, message: String::new(), retry_after: None };
        pods.health.failed(0, &failure(Why::Forbidden));
        nodes.health.failed(0, &failure(Why::Unreachable));
        clock::sleep(Duration::from_secs(59)).await;
        assert!(!watched.is_ready(), "nodes may still come");
        clock::sleep(Duration::from_secs(2)).await;
        assert!(watched.is_ready());
    }
}
