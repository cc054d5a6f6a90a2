use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row};
use serde::{Deserialize, Serialize};

use crate::{
    model::{Delivery, DeliveryResult, Fingerprint, Lane, Notice, NoticeAlert, Pairs, Tried},
    store::column::{Json, Micros, Word},
};

/// A newer row replaces the unsent one of its lane, which is unique. The other side is no better for it: it waits as long.
const PUT: &str = "INSERT OR REPLACE INTO outbox (id, receiver, kind, integration, group_key, idempotency_key, reason, \
                   at, since, group_labels, alerts, handle, held_back, route_labels, next_at) \
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT next_at FROM outbox \
                   WHERE receiver = ?2 AND kind = ?3 AND integration = ?4 AND group_key = ?5))";

const COLUMNS: &str = "SELECT id, receiver, kind, integration, group_key, idempotency_key, reason, at, since, \
                       group_labels, alerts, handle, held_back, route_labels, attempts, next_at FROM outbox";

pub(super) fn put(db: &Connection, notice: &Notice) -> Result<()> {
    let alerts: Vec<Written<'_>> = notice.alerts.iter().map(Written::from).collect();
    db.prepare_cached(PUT)?.execute((
        notice.id.cast_signed(),
        &*notice.lane.receiver,
        &*notice.lane.kind,
        notice.lane.integration,
        &*notice.lane.group,
        &*notice.idempotency_key,
        Word(notice.reason),
        Micros(notice.at),
        Micros(notice.since),
        Json(&notice.group_labels),
        Json(alerts),
        notice.handle.as_ref().map(Json),
        notice.held_back.cast_signed(),
        Json(&notice.route_labels),
    ))?;
    Ok(())
}

pub(super) fn remove(db: &Connection, id: u64) -> Result<()> {
    db.prepare_cached("DELETE FROM outbox WHERE id = ?")?.execute((id.cast_signed(),))?;
    Ok(())
}

/// The row of a notice after an attempt: it waits for the next one, or goes.
pub(super) fn attempted(db: &Connection, delivery: &Delivery) -> Result<()> {
    let DeliveryResult::Retry { next_at, .. } = &delivery.result else {
        return remove(db, delivery.notice);
    };
    db.prepare_cached("UPDATE outbox SET attempts = ?, next_at = ? WHERE id = ?")?.execute((
        delivery.attempt,
        Micros(*next_at),
        delivery.notice.cast_signed(),
    ))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<Arc<Notice>>> {
    let mut all = db.prepare(&[COLUMNS, "ORDER BY id"].join(" "))?;
    all.query_map((), |row| read(row).map(Arc::new))?.collect()
}

/// How many rows wait, and since when the oldest does.
pub(in crate::store) fn waiting(db: &Connection) -> Result<(i64, Option<Timestamp>)> {
    let mut waiting = db.prepare_cached("SELECT count(*), min(at) FROM outbox")?;
    waiting.query_row((), |row| Ok((row.get(0)?, row.get::<_, Option<Micros>>(1)?.map(|at| at.0))))
}

/// The highest id that ever was.
pub(super) fn last_id(db: &Connection) -> Result<u64> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'";
    let last: Option<i64> = db.query_row(sql, (), |row| row.get(0)).optional()?;
    Ok(last.unwrap_or_default().cast_unsigned())
}

fn read(row: &Row<'_>) -> Result<Notice> {
    let alerts: Json<Vec<Held>> = row.get(10)?;
    Ok(Notice {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        lane: Lane {
            receiver: row.get(1)?,
            kind: row.get(2)?,
            integration: row.get(3)?,
            group: row.get(4)?,
        },
        idempotency_key: row.get(5)?,
        reason: row.get::<_, Word<_>>(6)?.0,
        at: row.get::<_, Micros>(7)?.0,
        since: row.get::<_, Micros>(8)?.0,
        group_labels: row.get::<_, Json<_>>(9)?.0,
        alerts: alerts.0.into_iter().map(NoticeAlert::from).collect(),
        handle: row.get::<_, Option<Json<_>>>(11)?.map(|handle| handle.0),
        held_back: row.get::<_, i64>(12)?.cast_unsigned(),
        route_labels: row.get::<_, Json<_>>(13)?.0,
        tried: tried(row.get(14)?, row.get(15)?),
    })
}

fn tried(attempts: u32, next_at: Option<Micros>) -> Option<Tried> {
    next_at.map(|Micros(next_at)| Tried { attempts, next_at })
}

/// An alert of a notice as it is written. Its fingerprint follows from its labels.
#[derive(Serialize)]
struct Written<'n> {
    labels: &'n Pairs,
    annotations: &'n Pairs,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    generator_url: &'n str,
}

/// The same as it is read.
#[derive(Deserialize)]
struct Held {
    labels: Pairs,
    annotations: Pairs,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    generator_url: Arc<str>,
}

impl<'n> From<&'n NoticeAlert> for Written<'n> {
    fn from(alert: &'n NoticeAlert) -> Self {
        Self {
            labels: &alert.labels,
            annotations: &alert.annotations,
            starts_at: alert.starts_at,
            ends_at: alert.ends_at,
            generator_url: &alert.generator_url,
        }
    }
}

impl From<Held> for NoticeAlert {
    fn from(held: Held) -> Self {
        let Held { labels, annotations, starts_at, ends_at, generator_url } = held;
        let fingerprint = Fingerprint(labels.fingerprint());
        Self { fingerprint, labels, annotations, starts_at, ends_at, generator_url }
    }
}
