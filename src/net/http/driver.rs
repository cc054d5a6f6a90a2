use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use hyper::{
    client::conn::{http1, http2},
    rt::{Executor, Read, Write},
};
use parking_lot::Mutex;

use super::{failure, meter::Outgoing};
use crate::model::Failure;

pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// What hyper wants polled while a request is on its way. It lives in the probe's own future, so it dies with it.
pub(super) struct Driver {
    connection: Option<Connection>,
    background: Option<Background>,
    broke: Option<hyper::Error>,
}

/// HTTP/2 and QUIC hand their work to an executor; this one keeps it until the driver fetches it.
#[derive(Clone, Default)]
pub(super) struct Inbox(Arc<Mutex<Vec<Work>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Inbox {
    fn execute(&self, work: F) {
        self.keep(Box::pin(work));
    }
}

impl Inbox {
    pub(super) fn keep(&self, work: Work) {
        self.0.lock().push(work);
    }
}

/// Work that an executor was handed, and that is done where this is polled.
pub(super) struct Background {
    inbox: Inbox,
    running: FuturesUnordered<Work>,
}

impl Driver {
    pub(super) fn http1<T: Read + Write + Unpin + Send + 'static>(
        connection: http1::Connection<T, Outgoing>,
    ) -> Self {
        Self { connection: Some(Box::pin(connection)), background: None, broke: None }
    }

    pub(super) fn http2<T: Read + Write + Unpin + Send + 'static>(
        connection: http2::Connection<T, Outgoing, Inbox>,
        inbox: Inbox,
    ) -> Self {
        let background = Some(Background::new(inbox));
        Self { connection: Some(Box::pin(connection)), background, broke: None }
    }

    /// Moves everything as far as it goes.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && let Poll::Ready(ended) = connection.as_mut().poll(cx)
        {
            self.connection = None;
            self.broke = ended.err();
        }
        if let Some(background) = &mut self.background {
            background.poll(cx);
        }
    }

    /// What an error of a request or a body means; the connection's own error is nearer to the cause.
    pub(super) fn failure(&self, error: &hyper::Error) -> Failure {
        match &self.broke {
            Some(broke) if error.is_canceled() || error.is_closed() => failure::of(broke),
            _ => failure::of(error),
        }
    }
}

impl Background {
    pub(super) fn new(inbox: Inbox) -> Self {
        Self { inbox, running: FuturesUnordered::new() }
    }

    /// Moves everything as far as it goes.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        loop {
            let fresh = std::mem::take(&mut *self.inbox.0.lock());
            let none_new = fresh.is_empty();
            self.running.extend(fresh);
            while let Poll::Ready(Some(())) = self.running.poll_next_unpin(cx) {}
            if none_new {
                return;
            }
        }
    }
}
