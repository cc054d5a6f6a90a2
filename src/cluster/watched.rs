//! One cluster: its collectors, its own tasks, its own budget.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::{Id, JoinSet},
};
use tracing::error;

use super::{
    collector::Collector,
    events::Event,
    health::Health,
    server::ApiServer,
    spec::Cluster,
    watch::{Target, Watch},
};
use crate::clock::{self, Clock, Instant};

/// Initial lists at the same time: each costs the server what all watches together cost afterwards.
const LISTS: usize = 2;

/// After so long nothing more is waited for before noroshi calls itself ready: one lost cluster must not keep it from
/// being asked about the others.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// A cluster that is watched.
pub struct Watched {
    spec: Cluster,
    members: Vec<Member>,
    server: Arc<ApiServer>,
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

impl Watched {
    /// Its collectors, empty; nothing is asked yet.
    pub fn new(mut spec: Cluster, clock: Clock) -> Self {
        spec.settings.clock = clock;
        let server = Arc::new(ApiServer::new(Arc::clone(&spec.name), clock));
        let members = spec.kinds().map(|kind| Member {
            collector: (kind.collector)(&spec.settings),
            health: Health::new(&server, spec.settings.parts(kind.resource), clock),
        });
        Self {
            members: members.collect(),
            server,
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

    /// Its API server.
    pub fn server(&self) -> &Arc<ApiServer> {
        &self.server
    }

    /// Whether what is shown is all that can be: every resource was listed, or refused. A cluster out of reach is waited
    /// for no longer than a minute.
    pub fn is_ready(&self) -> bool {
        self.begun.elapsed() > READY_WITHIN
            || self.members.iter().all(|member| member.health.record().is_settled())
    }

    /// Asks the API server whether it lives.
    pub async fn lives(&self) -> bool {
        self.server.lives().await
    }

    /// Who may list.
    pub(super) fn lists(&self) -> &Arc<Semaphore> {
        &self.lists
    }

    /// Watches it until it is dropped.
    pub async fn run(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        let mut running: HashMap<Id, Watch> = HashMap::new();
        let start = |tasks: &mut JoinSet<()>, running: &mut HashMap<Id, Watch>, watch: Watch| {
            let task = tasks.spawn(watch.clone().run());
            running.insert(task.id(), watch);
        };
        for watch in self.watches() {
            start(&mut tasks, &mut running, watch);
        }
        let server =
            async { tokio::join!(self.server.connect(&self.spec.access), self.server.look()) };
        tokio::pin!(server);
        loop {
            let ended = tokio::select! {
                ended = tasks.join_next_with_id() => ended,
                _ = &mut server => return,
            };
            // A cluster of which nothing is watched is still looked at.
            let Some(ended) = ended else {
                server.await;
                return;
            };
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

    fn watches(&self) -> Vec<Watch> {
        let each = self.members.iter().flat_map(|member| {
            let targets = self.targets(member.collector.resource());
            targets.into_iter().enumerate().map(|(part, target)| Watch {
                target,
                collector: Arc::clone(&member.collector) as _,
                part,
                health: member.health.clone(),
                lists: Arc::clone(&self.lists),
            })
        });
        each.collect()
    }

    fn targets(&self, resource: &'static super::kind::Resource) -> Vec<Target> {
        let fields = if resource.namespaced { self.spec.fields() } else { String::new() };
        let target = |namespace: Option<&String>| Target {
            resource,
            namespace: namespace.cloned(),
            fields: fields.clone(),
            labels: String::new(),
        };
        self.spec.settings.places(resource).into_iter().map(target).collect()
    }
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
