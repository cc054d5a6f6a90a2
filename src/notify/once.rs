use jiff::Timestamp;

use super::{
    Parts, Setup,
    setback::Setback,
    worker::{Attempted, attempt},
};
use crate::model::{Delivery, DeliveryResult, Notice, SendReason};

/// One attempt at a notice, now and by nobody's queue: `noroshi notify test`. Nothing is reported or counted.
pub async fn once(notice: &Notice, setup: &Setup, parts: &Parts) -> Delivery {
    let receiver = setup.receivers.get(&notice.lane.receiver);
    let integration = receiver.and_then(|own| own.integrations.get(own.position(&notice.lane)?));
    let attempted = match integration {
        Some(own) => attempt(&own.provider, notice, &setup.words(), parts).await,
        None => Attempted {
            result: Err(Setback::refused(SendReason::Other, "there is no such integration")),
            took: std::time::Duration::ZERO,
        },
    };
    let at = parts.clock.now();
    let result = match attempted.result {
        Ok(handle) => DeliveryResult::Delivered(handle),
        Err(Setback::Refused(failure)) => DeliveryResult::Dead(failure),
        Err(Setback::Retry { failure, after }) => {
            let wait = after.and_then(|wait| jiff::SignedDuration::try_from(wait).ok());
            let next_at = at.saturating_add(wait.unwrap_or_default()).unwrap_or(Timestamp::MAX);
            DeliveryResult::Retry { failure, next_at }
        }
    };
    Delivery {
        notice: notice.id,
        lane: notice.lane.clone(),
        at,
        seconds: attempted.took.as_secs_f64(),
        attempt: 1,
        result,
    }
}
