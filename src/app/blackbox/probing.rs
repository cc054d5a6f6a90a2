//! How a request's probe is run.

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    api::blackbox::{Run, Say},
    clock::Clock,
    compat::blackbox::families,
    net::Net,
    probe,
};

/// On the runtime that answers the request.
pub(in crate::app) fn here(net: Net, clock: Clock) -> Run {
    Arc::new(move |check, trace| {
        let net = net.clone();
        async move { Some(probe::run(&check, &net, clock, trace).await) }.boxed()
    })
}

/// On the runtime of the scheduled probes; cut when nobody waits for it any more.
pub(in crate::app) fn on(runtime: Handle, net: Net, clock: Clock) -> Run {
    Arc::new(move |check, trace| {
        let net = net.clone();
        let run = async move { probe::run(&check, &net, clock, trace).await };
        // A run does not panic: that its task ended otherwise means that everything stops.
        let running = AbortOnDropHandle::new(runtime.spawn(run));
        async move { running.await.ok() }.boxed()
    })
}

/// One line in noroshi's own log for each probe that failed.
pub(in crate::app) fn failures_to_log() -> Say {
    Arc::new(|told| {
        if families::passed(told.outcome) {
            return;
        }
        let reason = told.outcome.reason.map_or("", crate::model::Reason::word);
        let detail = &*told.outcome.detail;
        tracing::warn!(module = told.module, of = told.target, reason, detail, "probe failed");
    })
}
