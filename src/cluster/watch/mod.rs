//! A list, and from then on what changes, for ever: one task for each resource, or for each namespace of it.
//!
//! Contract: what the collector holds is what the API server last told. A list comes as a stream where the server offers
//! that, in pages elsewhere. A watch that ends goes on from its last version; one whose version is gone lists anew, while
//! what was known stays. Every wait has a limit, and what fails is tried again, later each time. This is our own and not
//! kube's watcher, which has no way back from a server without streaming lists, does not tell of bookmarks (our measure
//! of freshness), and reads a page of objects into a list of all their fields.

mod failure;
mod lines;
mod list;
mod pauses;
mod request;

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tracing::{debug, info, warn};

pub use self::failure::Why;
pub(super) use self::{failure::Failure, request::Target};
use self::{lines::Lines, pauses::Pauses, request::Question};
use super::{
    collector::{Keeper, Malformed, Seen},
    health::Health,
};
use crate::clock::{self, Instant};

/// How long a watch is asked to last; each is up to a third shorter, so that those of a cluster do not end together.
const LASTING: u64 = 300;

/// A server sends a bookmark each minute: without a whole line for so long the connection is taken for dead.
const IDLE: Duration = Duration::from_secs(150);

/// How long the server may take to begin an answer, or to send the next part of a list.
const ANSWER: Duration = Duration::from_mins(1);

/// A watch that ends sooner has failed, in whatever order it ends: who asks again at once asks without end.
const BRIEF: Duration = Duration::from_secs(1);

/// A watch that has lasted so long runs well, even if something cuts each of them after a while: whatever failed before
/// is over.
const STEADY: Duration = Duration::from_secs(5);

/// Objects that are read before other tasks may go on: about two milliseconds' work.
const AT_ONCE: usize = 64;

/// One resource of one cluster, watched.
#[derive(Clone)]
pub(super) struct Watch {
    /// What is watched.
    pub target: Target,
    /// Who keeps the objects.
    pub collector: Arc<dyn Keeper>,
    /// Which part of them.
    pub part: usize,
    /// How it goes.
    pub health: Health,
    /// Lists at the same time: they cost the server and us the most.
    pub lists: Arc<Semaphore>,
}

/// How the first list comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// As events of a watch.
    Streamed,
    /// Once more as events: the last stream was refused or had no end, which may have been the server's bad minute.
    Doubted,
    /// In pages: the server does not know streams.
    Paged,
}

impl Listing {
    /// How the next one comes, where pages came in the place of a stream.
    fn after(self, failure: &Failure) -> Self {
        match self {
            _ if failure.why != Why::BadRequest => self,
            Self::Streamed => Self::Doubted,
            Self::Doubted | Self::Paged => Self::Paged,
        }
    }
}

/// An event of a watch.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
    #[serde(other)]
    Unknown,
}

/// The object of a bookmark.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Bookmark {
    metadata: BookmarkMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BookmarkMetadata {
    resource_version: String,
    annotations: Option<std::collections::BTreeMap<String, String>>,
}

/// The annotation of the bookmark that ends a streamed list. No other bookmark comes before it.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

impl BookmarkMetadata {
    fn ends_list(&self) -> bool {
        let annotation = self.annotations.as_ref().and_then(|all| all.get(INITIAL_EVENTS_END));
        annotation.is_some_and(|value| value == "true")
    }
}

impl Watch {
    /// Watches until it is dropped.
    pub(super) async fn run(self) {
        if let Some(each) = self.target.resource.polled {
            return self.poll(each).await;
        }
        let mut listing = Listing::Streamed;
        let mut pauses = Pauses::default();
        loop {
            // Nothing is lost: what was known stays until the new list is complete.
            let Err(failure) = self.list_and_watch(&mut listing, &mut pauses).await;
            self.failed(&failure);
            pauses.rest(&failure).await;
        }
    }

    /// Lists again and again what cannot be watched.
    async fn poll(&self, each: Duration) {
        let mut pauses = Pauses::default();
        loop {
            if let Err(failure) = self.pages().await {
                self.failed(&failure);
                pauses.rest(&failure).await;
                continue;
            }
            self.health.up(self.part);
            self.health.steady(self.part);
            self.working(&mut pauses);
            clock::sleep(each).await;
        }
    }

    /// What is to be told once it works again.
    fn working(&self, pauses: &mut Pauses) {
        pauses.over();
        if self.health.recovered() {
            let (cluster, collector) = (self.health.cluster(), self.target.resource.name);
            info!(cluster, collector, "watched again");
        }
    }

    /// Counts a failure, and tells of it if nobody knows yet.
    fn failed(&self, failure: &Failure) {
        let (cluster, collector) = (self.health.cluster(), self.target.resource.name);
        let (path, reason) = (self.target.path(), failure.why.as_str());
        if self.health.failed(self.part, failure) {
            warn!(
                cluster,
                collector, path, reason, "cannot be watched and is tried again: {failure}"
            );
        } else {
            debug!(cluster, collector, path, reason, "failed: {failure}");
        }
    }

    /// Lists, then follows the changes as long as the server can tell them.
    async fn list_and_watch(
        &self,
        listing: &mut Listing,
        pauses: &mut Pauses,
    ) -> Result<std::convert::Infallible, Failure> {
        let (mut version, mut open) = self.list(listing).await?;
        loop {
            let seconds = LASTING - fastrand::u64(..=LASTING / 3);
            // The connection of a streamed list goes on with what changes, and after its end the next one from there.
            let lines = match open.take() {
                Some(lines) => Ok(lines),
                None => self.ask(Question::Changes { since: &version, seconds }).await,
            };
            match lines {
                Ok(mut lines) => self.follow(&mut lines, &mut version, pauses).await?,
                Err(failure) => self.ended(failure, pauses).await?,
            }
        }
    }

    /// Lists; the version from which changes are to be followed, and the watch that tells them if there is one already.
    async fn list(&self, listing: &mut Listing) -> Result<(String, Option<Lines>), Failure> {
        if *listing == Listing::Paged {
            return Ok((self.pages().await?, None));
        }
        match self.stream().await {
            // An old server does not know what is meant, a proxy or its etcd may fail at it: pages may still come.
            Err(failure)
                if matches!(failure.why, Why::BadRequest | Why::ServerError | Why::Gone) =>
            {
                debug!(path = self.target.path(), "no streamed list: {failure}");
                let version = self.pages().await?;
                *listing = listing.after(&failure);
                Ok((version, None))
            }
            Err(failure) => Err(failure),
            Ok((version, lines)) => {
                *listing = Listing::Streamed;
                Ok((version, Some(lines)))
            }
        }
    }

    /// After a watch that failed: waits. An error where everything has to be listed again.
    async fn ended(&self, failure: Failure, pauses: &mut Pauses) -> Result<(), Failure> {
        if failure.why.ends_version() {
            return Err(failure);
        }
        self.failed(&failure);
        pauses.rest(&failure).await;
        Ok(())
    }

    /// Lists by a watch that begins with everything.
    async fn stream(&self) -> Result<(String, Lines), Failure> {
        let _permit = self.lists.acquire().await;
        let mut lines = self.ask(Question::Stream { seconds: LASTING }).await?;
        self.begin();
        let version = self.initial(&mut lines).await?;
        self.complete();
        Ok((version, lines))
    }

    /// Reads a streamed list; the version it ends with. What changes while it comes is told in it too.
    async fn initial(&self, lines: &mut Lines) -> Result<String, Failure> {
        let (part, collector) = (self.part, &self.collector);
        let mut read = 0;
        // A server that does not know what is meant tells what there is, too, and then only what changes.
        let mut due = answer_due();
        loop {
            let line = lines.next(due).await.map_err(|failure| match failure.why {
                Why::Timeout => Failure::new(Why::BadRequest, "the list has no end"),
                _ => failure,
            })?;
            let Some(line) = line else {
                return Err(Failure::new(Why::BadRequest, "the list ended without saying so"));
            };
            let event = event(line)?;
            let object = event.object.get();
            match event.kind {
                Kind::Added => {
                    self.take(collector.listed(part, object), None);
                    due = answer_due();
                }
                Kind::Modified => self.take(collector.listed(part, object), None),
                Kind::Deleted => self.take(collector.gone(part, object), None),
                Kind::Bookmark => {
                    let bookmark = self.bookmark(object)?;
                    if bookmark.ends_list() && !bookmark.resource_version.is_empty() {
                        return Ok(bookmark.resource_version);
                    }
                    return Err(Failure::new(Why::BadRequest, "the list's end is not marked"));
                }
                Kind::Error => return Err(Failure::told(object)),
                Kind::Unknown => debug!(path = self.target.path(), "an event of an unknown type"),
            }
            read += 1;
            if read % AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    fn begin(&self) {
        // Where nothing can be watched, every list but the first would count as one too many.
        if self.target.resource.polled.is_none() {
            self.health.lists(self.part);
        }
        self.collector.begin(self.part);
    }

    fn complete(&self) {
        self.collector.end(self.part);
        if self.health.synced(self.part) {
            let (cluster, collector) = (self.health.cluster(), self.target.resource.name);
            let objects = self.collector.objects();
            info!(cluster, collector, objects, "watched");
        }
    }

    fn bookmark(&self, object: &str) -> Result<BookmarkMetadata, Failure> {
        let Bookmark { metadata } = serde_json::from_str(object).map_err(no_answer)?;
        self.health.heard();
        Ok(metadata)
    }

    /// Follows a watch until its end, and waits if it failed. An error where everything has to be listed again.
    async fn follow(
        &self,
        lines: &mut Lines,
        version: &mut String,
        pauses: &mut Pauses,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        self.health.up(self.part);
        let followed = self.changes(lines, version, pauses).await;
        if begun.elapsed() >= STEADY {
            pauses.over();
            self.health.steady(self.part);
        }
        match followed {
            Ok(()) if begun.elapsed() >= BRIEF => Ok(()),
            Ok(()) => {
                let failure = Failure::new(Why::ConnectionLost, "the watch ended at once");
                self.ended(failure, pauses).await
            }
            Err(failure) => self.ended(failure, pauses).await,
        }
    }

    /// Reads the changes that a watch tells, until its end.
    async fn changes(
        &self,
        lines: &mut Lines,
        version: &mut String,
        pauses: &mut Pauses,
    ) -> Result<(), Failure> {
        let (part, collector, begun) = (self.part, &self.collector, Instant::now());
        let mut read = 0;
        while let Some(line) = lines.next(Instant::now() + IDLE).await? {
            let event = event(line)?;
            let object = event.object.get();
            match event.kind {
                Kind::Added | Kind::Modified => {
                    self.take(collector.changed(part, object), Some(version));
                }
                Kind::Deleted => self.take(collector.gone(part, object), Some(version)),
                Kind::Bookmark => {
                    let reached = self.bookmark(object)?.resource_version;
                    if !reached.is_empty() {
                        *version = reached;
                    }
                }
                Kind::Error => return Err(Failure::told(object)),
                Kind::Unknown => debug!(path = self.target.path(), "an event of an unknown type"),
            }
            if begun.elapsed() >= STEADY {
                self.health.steady(self.part);
            }
            self.working(pauses);
            read += 1;
            if read % AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Counts what an object brought; the watch goes on from its version.
    fn take(&self, seen: Result<Seen, Malformed>, version: Option<&mut String>) {
        let reached = match seen {
            Ok(seen) => {
                self.health.event(seen.is_news);
                seen.version
            }
            Err(malformed) => {
                let (cluster, collector) = (self.health.cluster(), self.target.resource.name);
                if self.health.malformed() {
                    warn!(cluster, collector, "an object cannot be read: {malformed}");
                } else {
                    debug!(cluster, collector, "an object cannot be read: {malformed}");
                }
                malformed.version
            }
        };
        if let Some(version) = version.filter(|_| !reached.is_empty()) {
            *version = reached;
        }
    }

    /// Asks for events.
    async fn ask(&self, question: Question<'_>) -> Result<Lines, Failure> {
        let answer =
            list::answer(&self.health.client().await, self.target.request(question)?).await;
        self.health.asked(self.part, "watch", answer.is_ok());
        answer.map(|answer| Lines::new(answer.into_body()))
    }
}

fn event(line: &str) -> Result<Event<'_>, Failure> {
    serde_json::from_str(line).map_err(no_answer)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_answer(error: serde_json::Error) -> Failure {
    Failure::unusable(format!("no event of a watch: {error}"))
}

/// When an answer must have begun.
fn answer_due() -> Instant {
    Instant::now() + ANSWER
}
