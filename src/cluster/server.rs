//! The API server of a cluster: the client for it, and whether it answers, for all that watch the cluster.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use kube::{Client, client::Body};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::{
    clock::{self, Clock, Instant},
    model::Histogram,
    net::kubernetes::{self, Access, Connected},
};

/// The pause between two looks at the server, and between those that a failed watch asks for.
const LOOK: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The pause between two looks while it does not answer.
const LOOK_AWAY: Duration = Duration::from_secs(1);

/// How long one may take.
const LOOK_TAKES: Duration = Duration::from_secs(10);

/// The largest `/version`.
const VERSION: usize = 64 << 10;

/// Bounds of the latency, in seconds: from a neighbour to another continent.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The pause before the files and the command that make a client are read again.
const READ_AGAIN: Duration = Duration::from_secs(30);

/// Credentials that end sooner are read anew: whoever issues them has replaced them by now, or will.
const ENDS_SOON: SignedDuration = SignedDuration::from_mins(2);

/// An API server, and the way to it.
pub struct ApiServer {
    cluster: Arc<str>,
    clock: Clock,
    known: Mutex<Server>,
    /// Once there is one; another when the credentials have changed.
    client: ArcSwapOption<Client>,
    /// That there is one now.
    has_client: Notify,
    /// That a watch has failed as it would if the server were away.
    doubted: Notify,
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
    /// Whether the last try to make its client anew failed.
    has_old_client: bool,
}

impl ApiServer {
    /// Of which nothing is known yet.
    pub(super) fn new(cluster: Arc<str>, clock: Clock) -> Self {
        let known = Server {
            is_up: false,
            url: String::new(),
            version: String::new(),
            expire: None,
            latency: Histogram::new(BOUNDS.into()),
            failure: None,
            has_old_client: false,
        };
        Self {
            cluster,
            clock,
            known: Mutex::new(known),
            client: ArcSwapOption::empty(),
            has_client: Notify::new(),
            doubted: Notify::new(),
        }
    }

    /// What is known of it.
    pub fn known(&self) -> Server {
        self.known.lock().clone()
    }

    /// Asks it whether it lives.
    pub(super) async fn lives(&self) -> bool {
        let client = self.client.load_full();
        let (Some(client), Ok(request)) = (client, get("/livez")) else { return false };
        client.send(request).await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Its cluster's name.
    pub(super) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Why there is no client, or no answer.
    pub(super) fn failure(&self) -> Option<String> {
        self.known.lock().failure.clone()
    }

    /// Whether it answered last.
    pub(super) fn is_up(&self) -> bool {
        self.known.lock().is_up
    }

    /// It may be away: it is looked at soon.
    pub(super) fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// The client of the moment, as soon as there is one.
    pub(super) async fn client(&self) -> Client {
        loop {
            let told = self.has_client.notified();
            if let Some(client) = &*self.client.load() {
                return (**client).clone();
            }
            told.await;
        }
    }

    /// Keeps a client for it, for ever. It is made anew when the server is away, which may be for the credentials, and
    /// shortly before they end.
    pub(super) async fn connect(&self, access: &Access) {
        loop {
            let connected = kubernetes::connect(access).await;
            if let Err(why) = connected.and_then(|connected| self.connected(connected)) {
                self.has_no_client(&why);
            }
            clock::sleep(READ_AGAIN).await;
            while self.has_good_client() {
                clock::sleep(LOOK_AWAY).await;
            }
        }
    }

    fn connected(&self, connected: Connected) -> Result<(), String> {
        let cluster = self.cluster();
        let mut known = self.known.lock();
        // A kubeconfig whose current context is another one by now: that is another cluster, and not what is watched.
        if !known.url.is_empty() && known.url != connected.server {
            let other = connected.server;
            return Err(format!("they are for {other} now, which is not watched before a reload"));
        }
        if self.client.load().is_none() {
            info!(cluster, server = connected.server, "watching a cluster");
            known.failure = None;
        }
        known.url = connected.server;
        known.expire = connected.expire;
        known.has_old_client = false;
        drop(known);
        self.client.store(Some(Arc::new(connected.client)));
        self.has_client.notify_waiters();
        Ok(())
    }

    /// There is no client for it, or no newer one. Told once.
    fn has_no_client(&self, why: &str) {
        let cluster = self.cluster();
        let mut known = self.known.lock();
        if self.client.load().is_some() {
            if !std::mem::replace(&mut known.has_old_client, true) {
                warn!(cluster, "the cluster's credentials cannot be read anew, tried again: {why}");
            }
        } else if known.failure.replace(why.to_owned()).is_none() {
            warn!(cluster, "no client for the cluster, tried again: {why}");
        }
    }

    fn has_good_client(&self) -> bool {
        let known = self.known.lock();
        let ends_soon = |end: Timestamp| end.duration_since(self.clock.now()) < ENDS_SOON;
        known.is_up && !known.expire.is_some_and(ends_soon)
    }

    /// Looks at it, for ever.
    pub(super) async fn look(&self) {
        loop {
            let client = self.client().await;
            let begun = Instant::now();
            let version = clock::timeout_at(begun + LOOK_TAKES, version(&client)).await;
            let version = version.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            self.seen(version, begun.elapsed());
            clock::sleep(LOOK_AGAIN).await;
            // Checks wait for it to be there again. Elapsed or doubted, it is looked at.
            let next = begun + if self.is_up() { LOOK } else { LOOK_AWAY };
            let _ = clock::timeout_at(next, self.doubted.notified()).await;
        }
    }

    fn seen(&self, version: Result<Option<String>, String>, took: Duration) {
        let cluster = self.cluster();
        let mut known = self.known.lock();
        let was_up = std::mem::replace(&mut known.is_up, version.is_ok());
        match version {
            Ok(version) => {
                known.latency.observe(took.as_secs_f64());
                known.version = version.unwrap_or_default();
                if known.failure.take().is_some() {
                    info!(cluster, url = known.url, "the API server answers again");
                }
            }
            Err(why) => {
                if was_up || known.failure.is_none() {
                    warn!(cluster, url = known.url, "the API server does not answer: {why}");
                }
                known.failure = Some(why);
            }
        }
    }
}

fn get(path: &str) -> http::Result<Request<Body>> {
    Request::builder().method(Method::GET).uri(path).body(Body::empty())
}

/// The server's version; `None` if it answers and does not tell it. Who may not see it is answered all the same, but who
/// is not known to the server is told nothing at all.
async fn version(client: &Client) -> Result<Option<String>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        git_version: String,
    }
    let request = get("/version").map_err(|error| error.to_string())?;
    let answer = client.send(request).await.map_err(|error| kubernetes::chain(&error))?;
    match answer.status() {
        StatusCode::UNAUTHORIZED => {
            return Err("it does not accept the credentials (401 Unauthorized)".to_owned());
        }
        status if status.is_server_error() => return Err(status.to_string()),
        _ => {}
    }
    let body = http_body_util::Limited::new(answer.into_body(), VERSION).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok(serde_json::from_slice(&body).ok().map(|info: Info| info.git_version))
}
