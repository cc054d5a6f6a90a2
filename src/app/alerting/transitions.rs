//! What the state says of checks: a line in the log, and an alert.

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::{
    alert,
    model::{BaseState, Reason, Transition},
};

/// Transitions that may wait for the disk together: an outage makes a thousand of them, and one transaction takes them all.
const TOGETHER: usize = 256;

/// Logs every transition and hands it to the pipeline, if there is one, in order.
pub(in crate::app) async fn tell(
    mut transitions: mpsc::Receiver<Transition>,
    alerts: Option<alert::Handle>,
) {
    let Some(alerts) = alerts else {
        while let Some(transition) = transitions.recv().await {
            log(&transition);
        }
        return;
    };
    let mut waiting = FuturesUnordered::new();
    loop {
        tokio::select! {
            transition = transitions.recv(), if waiting.len() < TOGETHER => {
                let Some(transition) = transition else { break };
                log(&transition);
                // They are handed over one after the other, so that they stay in order; only the answers are awaited together.
                match alerts.transition(transition).await {
                    Ok(answer) => waiting.push(answer),
                    Err(error) => unsaved(Err(error)),
                }
            }
            Some(answer) = waiting.next() => unsaved(answer),
        }
    }
    while let Some(answer) = waiting.next().await {
        unsaved(answer);
    }
}

fn unsaved<E: std::error::Error>(answer: Result<(), alert::CallError<E>>) {
    if let Err(error) = answer {
        warn!(%error, "a change of a check will not survive a restart");
    }
}

/// One line per change: trouble as a warning, the rest as information.
fn log(transition: &Transition) {
    let Transition { id, from, to, reason, detail, .. } = transition;
    let reason = reason.map_or("", Reason::word);
    let overlays = to.1.words().collect::<Vec<_>>().join(",");
    let good = matches!(to.0, BaseState::Up | BaseState::Recovering);
    let (from, to) = (from.0.word(), to.0.word());
    let what = if from == to { "overlay changed" } else { "state changed" };
    if good {
        info!(check = %id, from, to, overlays, "{what}");
    } else {
        warn!(check = %id, from, to, overlays, reason, detail = &**detail, "{what}");
    }
}
