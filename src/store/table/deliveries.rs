use rusqlite::{Connection, Result, Row};

use crate::{
    model::{Delivery, DeliveryResult, Lane, SendFailure},
    store::column::{Json, Micros, UnknownWord, Word},
};

const ADD: &str = "INSERT INTO deliveries (notice, receiver, provider, integration, group_key, at, seconds, attempt, \
                   result, reason, status, detail, next_at, handle) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// What [`read`] reads, behind the row's own id.
pub(in crate::store) const COLUMNS: &str = "id, notice, receiver, provider, integration, group_key, at, seconds, attempt, \
                                            result, reason, status, detail, next_at, handle";

pub(super) fn add(db: &Connection, delivery: &Delivery) -> Result<()> {
    let (failure, next_at, handle) = match &delivery.result {
        DeliveryResult::Delivered(handle) => (None, None, handle.as_ref()),
        DeliveryResult::Retry { failure, next_at } => (Some(failure), Some(*next_at), None),
        DeliveryResult::Dead(failure) => (Some(failure), None, None),
    };
    db.prepare_cached(ADD)?.execute((
        delivery.notice.cast_signed(),
        &*delivery.lane.receiver,
        &*delivery.lane.kind,
        delivery.lane.integration,
        &*delivery.lane.group,
        Micros(delivery.at),
        delivery.seconds,
        delivery.attempt,
        delivery.result.word(),
        failure.map(|failure| failure.reason.word()),
        failure.and_then(|failure| failure.status),
        failure.map(|failure| &*failure.detail),
        next_at.map(Micros),
        handle.map(Json),
    ))?;
    Ok(())
}

/// A row of the history with its id.
pub(in crate::store) fn read(row: &Row<'_>) -> Result<(i64, Delivery)> {
    let failure = |row: &Row<'_>| -> Result<SendFailure> {
        Ok(SendFailure {
            reason: row.get::<_, Word<_>>(10)?.0,
            status: row.get(11)?,
            detail: row.get(12)?,
        })
    };
    let result = match row.get_ref(9)?.as_str()? {
        "delivered" => {
            DeliveryResult::Delivered(row.get::<_, Option<Json<_>>>(14)?.map(|handle| handle.0))
        }
        "retry" => {
            DeliveryResult::Retry { failure: failure(row)?, next_at: row.get::<_, Micros>(13)?.0 }
        }
        "dead" => DeliveryResult::Dead(failure(row)?),
        other => return Err(rusqlite::types::FromSqlError::other(UnknownWord(other.into())).into()),
    };
    let delivery = Delivery {
        notice: row.get::<_, i64>(1)?.cast_unsigned(),
        lane: Lane {
            receiver: row.get(2)?,
            kind: row.get(3)?,
            integration: row.get(4)?,
            group: row.get(5)?,
        },
        at: row.get::<_, Micros>(6)?.0,
        seconds: row.get(7)?,
        attempt: row.get(8)?,
        result,
    };
    Ok((row.get(0)?, delivery))
}
