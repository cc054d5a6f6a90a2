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
mod request;

use std::{sync::Arc, time::Duration};

use kube::Client;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tracing::{debug, info, warn};

pub use self::failure::Why;
pub(super) use self::{failure::Failure, request::Target};
use self::{lines::Lines, request::Question};
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

/// The first pause after a failure; each is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause where only somebody who changes the cluster can help. The first ones are as short as any: a server
/// that has just started refuses everybody until it has read its own rules.
const LONGEST_LASTING_PAUSE: Duration = Duration::from_mins(1);

/// Objects that are read before other tasks may go on: about two milliseconds' work.
const AT_ONCE: usize = 64;

/// One resource of one cluster, watched.
#[derive(Clone)]
pub(super) struct Watch {
    /// How the server is reached.
    pub client: Client,
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
    /// In pages: the server has refused a stream.
    Paged,
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
            self.working(&mut pauses);
            clock::sleep(each).await;
        }
    }

    /// What is to be told once it works again.
    fn working(&self, pauses: &mut Pauses) {
        if pauses.over() && self.health.recovered() {
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
        let mut version = match listing {
            Listing::Streamed => match self.stream(pauses).await {
                // An old server does not know what is meant, a proxy or its etcd may fail at it: pages may still come.
                Err(failure) if matches!(failure.why, Why::BadRequest | Why::ServerError) => {
                    debug!(path = self.target.path(), "no streamed list: {failure}");
                    if failure.why == Why::BadRequest {
                        *listing = Listing::Paged;
                    }
                    self.pages().await?
                }
                version => version?,
            },
            Listing::Paged => self.pages().await?,
        };
        loop {
            let seconds = LASTING - fastrand::u64(..=LASTING / 3);
            let question = Question::Changes { since: &version, seconds };
            let followed = match self.ask(question).await {
                Ok(mut lines) => self.follow(&mut lines, &mut version, pauses).await,
                Err(failure) => Err(failure),
            };
            self.ended(followed, pauses).await?;
        }
    }

    /// After a watch: waits if it failed. An error where everything has to be listed again.
    async fn ended(
        &self,
        followed: Result<(), Failure>,
        pauses: &mut Pauses,
    ) -> Result<(), Failure> {
        match followed {
            Ok(()) => {}
            Err(failure) if failure.why.ends_version() => return Err(failure),
            Err(failure) => {
                self.failed(&failure);
                pauses.rest(&failure).await;
            }
        }
        Ok(())
    }

    /// Lists by a watch that begins with everything, and follows it to its end.
    async fn stream(&self, pauses: &mut Pauses) -> Result<String, Failure> {
        let permit = self.lists.acquire().await;
        let mut lines = self.ask(Question::Stream { seconds: LASTING }).await?;
        self.begin();
        let mut version = self.initial(&mut lines).await?;
        drop(permit);
        self.complete();
        // The same connection goes on with what changes, and after its end the next one from there.
        let followed = self.follow(&mut lines, &mut version, pauses).await;
        self.ended(followed, pauses).await?;
        Ok(version)
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
                    if bookmark.ends_list() {
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

    /// Follows a watch until its end.
    async fn follow(
        &self,
        lines: &mut Lines,
        version: &mut String,
        pauses: &mut Pauses,
    ) -> Result<(), Failure> {
        self.health.up(self.part);
        let (part, collector) = (self.part, &self.collector);
        let mut read = 0;
        while let Some(line) = lines.next(Instant::now() + IDLE).await? {
            let event = event(line)?;
            let object = event.object.get();
            match event.kind {
                Kind::Added | Kind::Modified => {
                    self.take(collector.changed(part, object), Some(version));
                }
                Kind::Deleted => self.take(collector.gone(part, object), Some(version)),
                Kind::Bookmark => *version = self.bookmark(object)?.resource_version,
                Kind::Error => return Err(Failure::told(object)),
                Kind::Unknown => debug!(path = self.target.path(), "an event of an unknown type"),
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
        let answer = list::answer(&self.client, self.target.request(question)?).await;
        self.health.asked("watch", answer.is_ok());
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

/// Pauses after failures, longer each time until something succeeds.
#[derive(Default)]
struct Pauses {
    last: Option<Duration>,
    /// Whether the last was for a version that is gone.
    was_gone: bool,
}

impl Pauses {
    /// Something came again. Whether it is the first after a failure.
    fn over(&mut self) -> bool {
        self.last.take().is_some()
    }

    async fn rest(&mut self, failure: &Failure) {
        clock::sleep(self.next(failure)).await;
    }

    fn next(&mut self, failure: &Failure) -> Duration {
        let longest = if failure.why.is_lasting() { LONGEST_LASTING_PAUSE } else { LONGEST_PAUSE };
        // Who says that a version is gone is there again, however long that took: what is shown grows old meanwhile.
        let is_gone = failure.why == Why::Gone;
        let last = self.last.filter(|_| self.was_gone || !is_gone);
        self.was_gone = is_gone;
        let pause = last.map_or(FIRST_PAUSE, |last| (last * 2).min(longest));
        self.last = Some(pause);
        let pause = failure.retry_after.map_or(pause, |asked| asked.max(pause));
        // Apart from each other, and never sooner than asked.
        pause + pause.mul_f64(fastrand::f64() / 4.0)
    }
}

/// When an answer must have begun.
fn answer_due() -> Instant {
    Instant::now() + ANSWER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(pauses: &mut Pauses, failure: &Failure) -> f64 {
        pauses.next(failure).as_secs_f64()
    }

    #[test]
    fn pauses_grow_until_something_comes() {
        let failure = Failure::new(Why::ServerError, "");
        let mut pauses = Pauses::default();
        for least in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let pause = seconds(&mut pauses, &failure);
            assert!((least..=least * 1.25).contains(&pause), "{pause} of {least}");
        }
        assert!(pauses.over() && !pauses.over());
        assert!(seconds(&mut pauses, &failure) < 1.3);
    }

    #[test]
    fn a_version_that_is_gone_is_no_outage() {
        let (down, gone) = (Failure::new(Why::Unreachable, ""), Failure::new(Why::Gone, ""));
        let mut pauses = Pauses::default();
        for _ in 0..5 {
            pauses.next(&down);
        }
        for least in [1.0, 2.0, 4.0] {
            let pause = seconds(&mut pauses, &gone);
            assert!((least..=least * 1.25).contains(&pause), "{pause} of {least}");
        }
        assert!(seconds(&mut pauses, &down) >= 8.0);
    }

    #[test]
    fn pauses_are_as_long_as_the_server_wants() {
        let mut pauses = Pauses::default();
        let asked = Some(Duration::from_secs(20));
        let failure = Failure { retry_after: asked, ..Failure::new(Why::TooManyRequests, "") };
        assert!((20.0..=25.0).contains(&seconds(&mut pauses, &failure)));
        let forbidden = Failure::new(Why::Forbidden, "");
        for least in [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            let pause = seconds(&mut pauses, &forbidden);
            assert!((least..=least * 1.25).contains(&pause), "{pause} of {least}");
        }
        let failure = Failure { retry_after: Some(Duration::from_secs(1)), ..failure };
        assert!(seconds(&mut pauses, &failure) >= 4.0, "no sooner than after any other failure");
    }
}
