//! exporter-toolkit's web configuration in force: who may connect, who may ask, how often, and what every answer carries.
//!
//! Contract: the file and the PEM files it names are looked at again for every handshake, and at most once a second for
//! requests, always off the runtime and within a second. What changed is in force from then on. A file that became wrong
//! leaves the one before in force and is logged once: exporter-toolkit answers every request 500 and fails every
//! handshake from then on, so that one slip of an editor takes the monitoring away. Whether TLS is spoken is decided at
//! the start and never changes, so that no edit serves passwords in plain text.

mod bucket;
mod client_auth;
mod gate;
mod load;
mod p521;
mod tls;
mod users;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::http::{HeaderName, HeaderValue};
use prometheus_client::{metrics::gauge::Gauge, registry::Registry};
use rustls::ServerConfig;
use tokio::sync::Mutex;
use tracing::{error, info, warn};

use crate::clock::{self, Instant};

use self::{
    bucket::Bucket,
    load::{Fingerprint, Loaded},
    users::Users,
};
pub(super) use gate::protected;

/// How long a request goes by what was known before it looks again.
const FRESH: Duration = Duration::from_secs(1);

/// How long a look may take before we go on with what is known: a mount may hang.
const PATIENCE: Duration = Duration::from_secs(1);

/// The web configuration of a server, always the newest that is right.
pub struct WebConfig {
    file: PathBuf,
    has_tls: bool,
    in_force: ArcSwap<InForce>,
    /// Held by whoever looks.
    seen: Arc<Mutex<Seen>>,
    begun: Instant,
    /// When a request looked last, in milliseconds since `begun`.
    looked: AtomicU64,
    /// Whether the files did not answer the last time, so that it is told once.
    hangs: AtomicBool,
    /// Whether what was read last is in force.
    right: Gauge,
}

/// One reading of the files.
struct InForce {
    tls: Option<Arc<ServerConfig>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    users: Arc<Users>,
    limit: Option<Arc<Bucket>>,
}

/// What the files were when they were read last, right or wrong.
struct Seen {
    fingerprint: Fingerprint,
    named: Vec<PathBuf>,
}

/// Why a web configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file.
    pub file: PathBuf,
    /// All that is wrong with it.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong, or probably not meant. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line and column, from 1, of what stands in the web configuration itself.
    pub place: Option<(usize, usize)>,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            let between = if at > 0 { "; " } else { "" };
            let colon = if problem.place.is_some() { ":" } else { ": " };
            write!(f, "{between}{}{colon}{problem}", self.file.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// All that is wrong with a web configuration and the files it names, and what is probably not meant. Blocks.
///
/// # Errors
/// What is wrong.
pub fn check(file: &Path) -> Result<Vec<Problem>, Refused> {
    let Loaded { result, .. } = load::load(file);
    result
        .map(|ready| ready.warnings)
        .map_err(|problems| Refused { file: file.to_owned(), problems })
}

/// Puts what there is to know of a server's web configuration into noroshi's registry.
pub fn register(web: Option<&WebConfig>, registry: &mut Registry) {
    registry.register(
        "noroshi_web_config_last_reload_successful",
        "Whether the file of `--web.config.file` is in force as it is now (1), or as it was before a mistake (0); 1 without one",
        web.map_or_else(right, |web| web.right.clone()),
    );
}

fn right() -> Gauge {
    let right = Gauge::default();
    right.set(1);
    right
}

impl WebConfig {
    /// Reads a web configuration for the first time; what is probably not meant goes to the log. Blocks.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn open(file: &Path) -> Result<Arc<Self>, Refused> {
        let Loaded { fingerprint, named, result } = load::load(file);
        let ready = result.map_err(|problems| Refused { file: file.to_owned(), problems })?;
        tell(file, &ready.warnings);
        let in_force = InForce::of(ready, None);
        Ok(Arc::new(Self {
            file: file.to_owned(),
            has_tls: in_force.tls.is_some(),
            in_force: ArcSwap::from_pointee(in_force),
            seen: Arc::new(Mutex::new(Seen { fingerprint, named })),
            begun: Instant::now(),
            looked: AtomicU64::new(0),
            hangs: AtomicBool::new(false),
            right: right(),
        }))
    }

    /// Whether TLS is spoken.
    pub fn has_tls(&self) -> bool {
        self.has_tls
    }

    /// TLS by the files as they are now.
    pub(super) async fn tls(self: &Arc<Self>) -> Option<Arc<ServerConfig>> {
        self.look().await;
        self.in_force.load().tls.clone()
    }

    /// By the files as they were at most a second ago.
    async fn recent(self: &Arc<Self>) -> Arc<InForce> {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let now = milliseconds(self.begun.elapsed());
        let looked = self.looked.load(Ordering::Relaxed);
        let due = now.saturating_sub(looked) >= milliseconds(FRESH);
        // Of all requests that find it due one looks, and the others do not wait.
        if due
            && self
                .looked
                .compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.look().await;
        }
        self.in_force.load_full()
    }

    /// Reads the files if they are others than before.
    async fn look(self: &Arc<Self>) {
        let seen = Arc::clone(&self.seen);
        let looked = async {
            let mut seen = seen.lock_owned().await;
            let own = Arc::clone(self);
            tokio::task::spawn_blocking(move || own.compare(&mut seen)).await
        };
        match clock::timeout_at(Instant::now() + PATIENCE, looked).await {
            Ok(Ok(())) => self.hangs.store(false, Ordering::Relaxed),
            Ok(Err(error)) => error!(%error, "reading the web configuration failed"),
            // Whoever looks goes on, and what it finds is in force then.
            Err(_) if self.hangs.swap(true, Ordering::Relaxed) => {}
            Err(_) => {
                let file = self.file.display();
                warn!(%file, "the web configuration's files do not answer; what was read holds");
            }
        }
    }

    fn compare(&self, seen: &mut Seen) {
        if load::fingerprint(&self.file, &seen.named) == seen.fingerprint {
            return;
        }
        let Loaded { fingerprint, named, result } = load::load(&self.file);
        *seen = Seen { fingerprint, named };
        let refuse = |problems| {
            let refused = Refused { file: self.file.clone(), problems };
            self.right.set(0);
            error!("the web configuration before stays in force: {refused}");
        };
        match result {
            Ok(ready) if ready.tls.is_some() == self.has_tls => {
                tell(&self.file, &ready.warnings);
                self.in_force.store(Arc::new(InForce::of(ready, Some(&self.in_force.load()))));
                self.right.set(1);
                info!(file = %self.file.display(), "the web configuration was read again");
            }
            Ok(_) => {
                refuse(vec![Problem::whole("TLS can only be switched on or off by a restart")]);
            }
            Err(problems) => refuse(problems),
        }
    }
}

impl InForce {
    /// What a reading puts in force; what it says as the one before goes on: tokens that were spent, passwords that were
    /// checked.
    fn of(ready: load::Ready, before: Option<&Self>) -> Self {
        let users = before.map(|before| &before.users).filter(|users| users.are(&ready.users));
        let limit = before.and_then(|before| before.limit.as_ref());
        let limit = limit.filter(|bucket| Some(bucket.limit()) == ready.limit);
        Self {
            tls: ready.tls,
            headers: ready.headers,
            users: Arc::clone(users.unwrap_or(&ready.users)),
            limit: limit.cloned().or_else(|| ready.limit.map(Bucket::new).map(Arc::new)),
        }
    }
}

impl Problem {
    /// Of the whole file, or of one it names.
    fn whole(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }
}

fn tell(file: &Path, warnings: &[Problem]) {
    for warning in warnings {
        warn!("{}:{warning}", file.display());
    }
}

#[cfg(test)]
mod tests;
