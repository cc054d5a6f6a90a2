//! A heartbeat out while all is well, so that somebody else notices when we are not.
//!
//! Contract: it stops by itself as soon as scheduler, store or delivery is not alive; silence is the alarm. A heart has a
//! task of its own and takes a receiver's integrations past its queue: what waits there must not hold it up.

mod metrics;
pub(super) mod spec;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::join_all};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tracing::{error, warn};

pub use metrics::Metrics;

use self::spec::Deadman;
use super::{
    Provider, answer,
    masked::Masked,
    retry::backoff,
    runtime::{Parts, Setup, Words},
    secret::places,
    setback::Setback,
    spec::Receiver,
    worker::attempt,
};
use crate::{
    clock::{self, Instant},
    model::{Fingerprint, Lane, Notice, NoticeAlert, NoticeReason, Pairs, SendReason},
    net::web::client::{self, Request, Target},
};

/// Attempts at one heartbeat: one lost packet is no silence.
const ATTEMPTS: u32 = 3;

/// How long something may seem dead before the heartbeat is withheld: bursts are over sooner, what is stuck stays so.
const BURST: Duration = Duration::from_secs(5);

/// The shortest time between two heartbeats.
const SHORTEST: Duration = Duration::from_secs(1);

/// Every heart; they stop when this goes.
#[derive(Default)]
pub(super) struct Hearts {
    beating: JoinSet<()>,
    /// When each is due, by name.
    due: HashMap<Arc<str>, (Arc<Deadman>, Due)>,
}

/// The time of the next heartbeat, also for the heart that takes the place of this one.
type Due = Arc<Mutex<Instant>>;

/// Starts every heart. One that beat before under the same keys goes on in step, however often something else is reloaded.
pub(super) fn start(setup: &Setup, parts: &Parts, before: &Hearts) -> Hearts {
    let mut hearts = Hearts::default();
    for deadman in &setup.receivers.deadmen {
        let receiver =
            deadman.receiver.as_ref().and_then(|name| setup.receivers.get(name)).cloned();
        let known = before.due.get(&deadman.name).filter(|(old, _)| old == deadman);
        let due = known.map_or_else(Instant::now, |(_, due)| *due.lock());
        let due = Arc::new(Mutex::new(due));
        let heart = Heart {
            deadman: Arc::clone(deadman),
            receiver,
            words: setup.words(),
            parts: parts.clone(),
            beats: 0,
            due: Arc::clone(&due),
        };
        parts.heartbeats.born(&deadman.name);
        hearts.beating.spawn(heart.until_it_crashes());
        hearts.due.insert(Arc::clone(&deadman.name), (Arc::clone(deadman), due));
    }
    hearts
}

/// Somebody who is to hear a heartbeat.
#[derive(Clone, Copy)]
enum Listener<'h> {
    /// Whoever answers the deadman's own URL.
    Url,
    /// One of the receiver's, at its place among those of its kind.
    Integration(&'h Receiver, u16, &'h Provider),
}

struct Heart {
    deadman: Arc<Deadman>,
    receiver: Option<Arc<Receiver>>,
    words: Words,
    parts: Parts,
    beats: u64,
    due: Due,
}

impl Heart {
    /// Nobody starts it again: that its heartbeat stops is the alarm.
    async fn until_it_crashes(self) {
        let (name, metrics) = (Arc::clone(&self.deadman.name), self.parts.heartbeats.clone());
        if AssertUnwindSafe(self.run()).catch_unwind().await.is_err() {
            metrics.crashed(&name);
            error!(deadman = %name, "its heart has crashed: no heartbeat goes out until the next reload");
        }
    }

    async fn run(mut self) {
        let interval = self.deadman.interval.0.max(SHORTEST);
        let mut due = *self.due.lock();
        let mut was_silent = false;
        loop {
            clock::sleep_until(due).await;
            let (name, metrics) = (Arc::clone(&self.deadman.name), self.parts.heartbeats.clone());
            self.beats += 1;
            let silent = if !self.is_alive().await {
                metrics.withheld(&name);
                Some("something of noroshi's is not alive".into())
            } else if let Err(setback) = self.beat(interval).await {
                metrics.failed(&name);
                Some(setback.failure().detail.clone())
            } else {
                metrics.sent(&name);
                None
            };
            if let Some(detail) = silent.as_ref().filter(|_| !was_silent) {
                warn!(deadman = %name, %detail, "no heartbeat went out");
            }
            was_silent = silent.is_some();
            // In step with the first one, however long this one took.
            due = (due + interval).max(Instant::now());
            *self.due.lock() = due;
        }
    }

    /// One heartbeat, within the interval. All of its listeners must hear it: each may be the one that somebody listens to.
    async fn beat(&self, interval: Duration) -> Result<(), Setback> {
        let end = Instant::now() + interval;
        let each: Vec<_> =
            self.listeners().into_iter().map(|listener| self.insist(listener, end)).collect();
        if each.is_empty() {
            return Err(Setback::refused(SendReason::Other, "the receiver has no integration"));
        }
        join_all(each).await.into_iter().collect()
    }

    fn listeners(&self) -> Vec<Listener<'_>> {
        let Some(receiver) = &self.receiver else { return vec![Listener::Url] };
        let all = receiver.ways();
        all.map(|(_, nth, own)| Listener::Integration(receiver, nth, &own.provider)).collect()
    }

    /// Tries to be heard by one of them.
    async fn insist(&self, listener: Listener<'_>, end: Instant) -> Result<(), Setback> {
        let mut tried = 1;
        loop {
            let sent = clock::timeout_at(end, self.once(listener)).await.unwrap_or_else(|_| {
                Err(Setback::retry(SendReason::DeadlineExceeded, "not over within its interval"))
            });
            let Err(Setback::Retry { .. }) = &sent else {
                return sent;
            };
            let next = Instant::now() + backoff(tried, 0.5);
            tried += 1;
            if tried > ATTEMPTS || next >= end {
                return sent;
            }
            clock::sleep_until(next).await;
            if !self.is_alive().await {
                return sent;
            }
        }
    }

    /// Whether all is alive. A queue that is full for a moment is a burst, and no end: it is asked again for a while.
    async fn is_alive(&self) -> bool {
        let until = Instant::now() + BURST.min(self.deadman.interval.0 / 2);
        while !(self.parts.alive)() {
            if Instant::now() >= until {
                return false;
            }
            clock::sleep(BURST / 50).await;
        }
        true
    }

    async fn once(&self, listener: Listener<'_>) -> Result<(), Setback> {
        match listener {
            Listener::Url => self.get().await,
            Listener::Integration(receiver, nth, provider) => {
                let notice = self.notice(receiver, provider.kind(), nth);
                attempt(provider, &notice, &self.words, &self.parts).await.result.map(drop)
            }
        }
    }

    async fn get(&self) -> Result<(), Setback> {
        let deadman = &*self.deadman;
        let deadline = Instant::now() + deadman.timeout.0;
        let url = places!(deadman, url, url_file, url_env).needed(deadline).await?;
        let target: Target = url
            .expose()
            .parse()
            .map_err(|why: String| Setback::refused(SendReason::Other, format!("`url`: {why}")))?;
        let secrets = Masked::of(&target.url);
        let request = Request::get(&target);
        let answer = client::send(&self.parts.net, deadline, &deadman.http, request).await?;
        answer::judge(&answer, &secrets, self.parts.clock.now())
    }

    /// What a receiver is told: an alert that always fires, as Prometheus' own `Watchdog`.
    fn notice(&self, receiver: &Receiver, kind: &str, integration: u16) -> Notice {
        let (name, at) = (&*self.deadman.name, self.parts.clock.now());
        let labels =
            Pairs::new([("alertname", "NoroshiDeadman"), ("deadman", name), ("severity", "none")]);
        let summary = "noroshi is alive; its silence is the alarm";
        let lane = Lane {
            group: format!("deadman/{name}").into(),
            receiver: Arc::clone(&receiver.name),
            kind: kind.into(),
            integration,
        };
        Notice {
            id: self.beats,
            lane,
            idempotency_key: format!("deadman/{name}/{kind}/{integration}/{at}").into(),
            reason: NoticeReason::Repeat,
            at,
            since: at,
            group_labels: Pairs::new([("alertname", "NoroshiDeadman")]),
            alerts: [NoticeAlert {
                fingerprint: Fingerprint(labels.fingerprint()),
                labels,
                annotations: Pairs::new([("summary", summary)]),
                starts_at: at,
                ends_at: None,
                generator_url: "".into(),
            }]
            .into(),
            handle: None,
            held_back: 0,
            route_labels: Pairs::default(),
            tried: None,
        }
    }
}
