//! Watches: what there is, if asked for, then what happens, an event a line.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::{Response, body::Frame};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    answer::{Answer, Call},
    fault::{Order, Streaming},
    request::Form,
    seen::{List, Open},
    server::{OnWire, Wire},
    shape,
    status::Status,
    store::{Change, From, Item},
};

/// Events rendered at a time.
const BATCH: usize = 100;

/// An open watch.
struct Watch {
    call: Call,
    form: Form,
    /// Everything up to here has been told.
    cursor: u64,
    /// What is still to be told of what there was at the beginning.
    initial: Option<std::vec::IntoIter<Item>>,
    bookmarks: bool,
    /// Whether the end of that is to be marked.
    streams: bool,
    next_bookmark: Instant,
    deadline: Instant,
    ready: VecDeque<Bytes>,
    is_over: bool,
    changed: watch::Receiver<u64>,
    orders: broadcast::Receiver<Order>,
    /// Held until the initial events are told.
    begun: Option<List>,
    _open: Open,
    _on_wire: OnWire,
}

/// Answers a watch.
pub fn open(call: Call, begun: Option<List>, wire: &Arc<Wire>) -> Result<Answer, Status> {
    let accept = call.asked.accept.replace(";stream=watch", "");
    let form = Form::accepted(&accept, "PartialObjectMetadata");
    let form = form.ok_or_else(Status::not_acceptable)?;
    let query = &call.asked.query;
    let streams = streams(&call)?;
    let version = query.version()?;
    let seconds = query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0).unwrap_or(1800);
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let path = call.resource.path();
    let changed = call.shared.changed.subscribe();
    let (current, oldest, items) = {
        let store = call.shared.store.lock();
        let current = store.version();
        let from = From { namespace: call.namespace.as_deref(), version: current, after: None };
        // Whoever names no version is told what there is too.
        let whole = streams || version.unwrap_or_default() == 0;
        (current, store.oldest(&path), whole.then(|| store.page(&path, &from, usize::MAX)))
    };
    let mut watch = Watch {
        form,
        cursor: if items.is_some() { current } else { version.unwrap_or(current) },
        initial: items.map(Vec::into_iter),
        bookmarks: query.is_set("allowWatchBookmarks"),
        streams,
        next_bookmark: Instant::now(),
        deadline,
        ready: VecDeque::new(),
        is_over: false,
        changed,
        orders: call.shared.orders.subscribe(),
        begun: begun.filter(|_| streams),
        _open: call.shared.seen.watch(&path),
        _on_wire: wire.watch(),
        call,
    };
    watch.expect_bookmark();
    if watch.initial.is_none() && watch.cursor < oldest {
        watch.ready.push_back(Status::version_too_old(watch.cursor, oldest).event().into());
        watch.is_over = true;
    }
    let frames = stream::unfold(watch, |mut watch| async move {
        let frame = watch.next().await?;
        Some((Ok(Frame::data(frame)), watch))
    });
    let body = StreamBody::new(frames).boxed_unsync();
    Ok(Response::builder().header("Content-Type", "application/json").body(body).unwrap())
}

/// Whether it is a streaming list; or what is wrong with it.
fn streams(call: &Call) -> Result<bool, Status> {
    let query = &call.asked.query;
    let matching = query.get("resourceVersionMatch");
    if query.get("sendInitialEvents").is_empty() {
        if !matching.is_empty() {
            let why =
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            return Err(Status::option_forbidden("resourceVersionMatch", why));
        }
        return Ok(false);
    }
    match call.shared.behaviour().streaming {
        Streaming::Offered if matching == "NotOlderThan" => Ok(query.is_set("sendInitialEvents")),
        Streaming::Offered => {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            Err(Status::option_forbidden("resourceVersionMatch", why))
        }
        Streaming::Unknown => {
            let why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            Err(Status::option_forbidden("sendInitialEvents", why))
        }
        Streaming::Refused(code) => Err(Status::fault(code, None)),
        Streaming::Ignored => Ok(false),
    }
}

impl Watch {
    /// The next bytes to send; `None` is the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.call.shared.until_flowing().await;
            if let Some(bytes) = self.ready.pop_front() {
                let Some(pause) = self.call.shared.behaviour().drip else { return Some(bytes) };
                let (first, rest) = (bytes.slice(..1), bytes.slice(1..));
                if !rest.is_empty() {
                    self.ready.push_front(rest);
                }
                sleep(pause).await;
                return Some(first);
            }
            if self.is_over {
                return None;
            }
            self.fill().await;
        }
    }

    /// Waits for something to say.
    async fn fill(&mut self) {
        if self.initial.is_some() {
            return self.fill_initial();
        }
        self.changed.mark_unchanged();
        let path = self.call.resource.path();
        let changes = self.call.shared.store.lock().changes(&path, self.cursor, BATCH);
        let Some((changes, cursor)) = changes else {
            let oldest = self.call.shared.store.lock().oldest(&path);
            self.ready.push_back(Status::version_too_old(self.cursor, oldest).event().into());
            self.is_over = true;
            return;
        };
        self.cursor = cursor;
        let mut lines = Vec::new();
        let is_whole = changes.len() < BATCH;
        for change in &changes {
            self.tell(change, &mut lines);
        }
        if !lines.is_empty() {
            self.ready.push_back(lines.into());
        } else if is_whole {
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        let (bookmark, deadline) = (self.next_bookmark, self.deadline);
        tokio::select! {
            biased;
            Ok(order) = self.orders.recv() => self.obey(order),
            _ = self.changed.changed() => {}
            () = sleep_until(deadline) => self.is_over = true,
            () = sleep_until(bookmark), if self.bookmarks => {
                let line = shape::bookmark(&self.call.resource, self.form, self.cursor, false);
                self.ready.push_back(line.into());
                self.expect_bookmark();
            }
        }
    }

    /// After the interval, and once more when the end is near.
    fn expect_bookmark(&mut self) {
        let regular = Instant::now() + self.call.shared.behaviour().bookmarks;
        let last = self.deadline.checked_sub(Duration::from_secs(2));
        let last = last.filter(|last| *last > Instant::now());
        self.next_bookmark = last.map_or(regular, |last| last.min(regular));
    }

    fn obey(&mut self, order: Order) {
        if order.path.is_some_and(|path| path != self.call.resource.path()) {
            return;
        }
        self.ready.extend(order.line);
        self.is_over = order.ends;
    }

    fn fill_initial(&mut self) {
        let Some(initial) = &mut self.initial else { return };
        let mut lines = Vec::new();
        for item in initial.by_ref().take(BATCH) {
            let text = item.body.text();
            if self.call.selector.matches(&item.key, || text.clone()) {
                shape::event(&self.call.resource, self.form, "ADDED", &text, &mut lines);
            }
        }
        if initial.len() == 0 {
            self.initial = None;
            self.begun = None;
            if self.bookmarks && self.streams {
                lines.extend(shape::bookmark(&self.call.resource, self.form, self.cursor, true));
            }
        }
        if !lines.is_empty() {
            self.ready.push_back(lines.into());
        }
    }

    /// An object is told to whoever selects it, and its leaving as its deletion.
    fn tell(&self, change: &Change, lines: &mut Vec<u8>) {
        let inside =
            self.call.namespace.as_ref().is_none_or(|namespace| *namespace == change.key.0);
        if !inside {
            return;
        }
        let selected =
            |body: &super::store::Body| self.call.selector.matches(&change.key, || body.text());
        let before = change.before.as_ref().filter(|body| selected(body));
        let now = change.now.as_ref().filter(|body| selected(body));
        let (word, body) = match (before, now) {
            (None, Some(now)) => ("ADDED", now.clone()),
            (Some(_), Some(now)) => ("MODIFIED", now.clone()),
            (Some(before), None) => ("DELETED", before.at(change.version)),
            (None, None) => return,
        };
        shape::event(&self.call.resource, self.form, word, &body.text(), lines);
    }
}
