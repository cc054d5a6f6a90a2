use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use crate::{
    clock::{self, Instant},
    model::{Handle, Notice, SendReason},
    notify::{
        Provider,
        message::Message,
        runtime::{Parts, Words},
        setback::Setback,
        template::{Data, Surroundings},
    },
};

/// What came of an attempt, and how long it took.
pub(in crate::notify) struct Attempted {
    /// The provider's word.
    pub result: Result<Option<Handle>, Setback>,
    /// From its begin to its end.
    pub took: Duration,
}

/// Makes an attempt in a task of its own.
pub(in crate::notify) type Try = Arc<
    dyn Fn(Arc<Provider>, Arc<Notice>, Words, Parts) -> BoxFuture<'static, Attempted> + Send + Sync,
>;

/// The attempt that the provider makes.
pub(in crate::notify) fn real() -> Try {
    Arc::new(|provider, notice, words, parts| {
        Box::pin(async move { attempt(&provider, &notice, &words, &parts).await })
    })
}

/// How much longer than its deadline an attempt may take before it is cut from outside.
const SLACK: Duration = Duration::from_millis(250);

/// The shortest time of an attempt, whatever the configuration says: 0 would try nothing.
const SHORTEST: Duration = Duration::from_millis(1);

/// One attempt at a notice, within the provider's timeout.
pub(in crate::notify) async fn attempt(
    provider: &Provider,
    notice: &Notice,
    words: &Words,
    parts: &Parts,
) -> Attempted {
    let begun = Instant::now();
    let deadline = begun + provider.timeout().0.max(SHORTEST);
    let around = Surroundings {
        external_url: words.external_url.clone(),
        route_labels: notice.route_labels.clone(),
        now: parts.clock.now(),
    };
    let data = Data::new(notice, around.clone());
    let message = Message {
        notice,
        data: &data,
        around: &around,
        templates: &words.templates,
        net: &parts.net,
        clock: parts.clock,
        deadline,
    };
    let sent = clock::timeout_at(deadline + SLACK, provider.send(&message)).await;
    let late = |_| {
        let detail = "not over at its deadline, and no part of it noticed";
        Err(Setback::retry(SendReason::DeadlineExceeded, detail))
    };
    Attempted { result: sent.unwrap_or_else(late), took: begun.elapsed() }
}
