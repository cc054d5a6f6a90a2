//! `noroshi kube-state-metrics`: its place, taken. One cluster, its series on one port, its own metrics on another; no
//! checks, no alerts.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{Cause, Front, Patience, SLACK, StartError, Supervisor, serve};
use crate::{
    api::{
        self,
        kube::{Durations, Pages},
    },
    clock::{Clock, Instant},
    cluster::{
        Watched,
        spec::{Access, Cluster},
    },
    compat::kube_state_metrics::VERSION,
    metrics::Telemetry,
    net::kubernetes,
};

/// The program whose place is taken, as its metrics name it.
const PROGRAM: &str = "kube_state_metrics";

/// What the personality is started with: its flags.
pub struct Options {
    /// The cluster, and what is shown of it.
    pub cluster: Cluster,
    /// Where the objects are shown.
    pub objects: Front,
    /// Where the program's own metrics are shown.
    pub telemetry: Front,
    /// Whether answers are compressed.
    pub gzip: bool,
    /// How long it waits for its clients.
    pub patience: Patience,
    /// The calendar.
    pub clock: Clock,
}

impl Options {
    /// Whether the files and the address make a client. The program whose place is taken ends where they do not: whoever
    /// starts it looks at how it ended, and nobody comes by later to write the file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub async fn check_access(&self) -> Result<(), StartError> {
        let access = &self.cluster.access;
        let Err(why) = kubernetes::connect(access).await else { return Ok(()) };
        Err(StartError::Cluster(match access {
            Access::InCluster => format!(
                "neither --kubeconfig nor --apiserver is given, and it does not run inside a cluster: {why}"
            ),
            _ => format!("the cluster cannot be asked: {why}"),
        }))
    }
}

/// A running personality.
pub struct Personality {
    addresses: Vec<SocketAddr>,
    supervisor: Supervisor,
    stop: CancellationToken,
}

impl Personality {
    /// Starts. A cluster out of reach is no reason not to: it is tried again, and `/readyz` tells.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let (objects, own) = (serve::open(&options.objects)?, serve::open(&options.telemetry)?);
        let addresses = [objects.addresses(), own.addresses()].concat();
        let stop = CancellationToken::new();
        let mut supervisor = Supervisor::new(stop.clone());
        let mut telemetry = Telemetry::without_configuration(PROGRAM, VERSION);
        supervisor.register(telemetry.registry());
        let (scrapes, durations) = (api::Metrics::default(), Durations::default());
        scrapes.register(telemetry.registry());
        durations.register(telemetry.registry());

        let shard = options.cluster.settings.shard;
        let watched = Arc::new(Watched::new(options.cluster, options.clock));
        let clusters = Arc::new(ArcSwap::from_pointee(vec![Arc::clone(&watched)]));
        supervisor.restarting("cluster", move || Arc::clone(&watched).run());
        let pages = Pages {
            clusters,
            shard,
            telemetry: Arc::new(telemetry),
            scrapes,
            durations,
            gzip: options.gzip,
            write_timeout: options.patience.answer,
        };
        let (objects_pages, own_pages) = api::kube::personality(pages);
        let patience = options.patience;
        supervisor.essential("server", serve::here(objects, &objects_pages, &stop, patience)?);
        supervisor.essential("telemetry-server", serve::here(own, &own_pages, &stop, patience)?);
        for address in &addresses {
            info!(%address, "Listening on");
        }
        Ok(Self { addresses, supervisor, stop })
    }

    /// Where it listens: first the objects, then its own metrics; port 0 is already a real one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Waits until a task that cannot be replaced ends unexpectedly.
    pub async fn failed(&mut self) -> Cause {
        self.supervisor.failed().await
    }

    /// Answers what was asked, for so long at most. Says whether all ended by itself.
    pub async fn stop(self, grace: Duration) -> bool {
        self.stop.cancel();
        self.supervisor.drain(Instant::now() + grace + SLACK).await
    }
}
