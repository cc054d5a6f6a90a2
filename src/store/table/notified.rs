use std::sync::Arc;

use rusqlite::{Connection, Result, Row, types::FromSqlError};

use crate::{
    model::{Fingerprint, Lane, Notified},
    store::column::{Json, Micros},
};

const PUT: &str = "INSERT OR REPLACE INTO notified (receiver, integration, group_key, at, expires_at, firing, resolved, \
                   generation, handle) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(super) fn put(db: &Connection, notified: &Notified) -> Result<()> {
    db.prepare_cached(PUT)?.execute((
        &*notified.lane.receiver,
        notified.lane.integration,
        &*notified.lane.group,
        Micros(notified.at),
        Micros(notified.expires_at),
        Json(texts(&notified.firing)),
        Json(texts(&notified.resolved)),
        notified.generation.cast_signed(),
        notified.handle.as_ref().map(Json),
    ))?;
    Ok(())
}

pub(super) fn remove(db: &Connection, lane: &Lane) -> Result<()> {
    let sql = "DELETE FROM notified WHERE receiver = ? AND integration = ? AND group_key = ?";
    db.prepare_cached(sql)?.execute((&*lane.receiver, lane.integration, &*lane.group))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<Notified>> {
    let mut all = db.prepare(
        "SELECT receiver, integration, group_key, at, expires_at, firing, resolved, generation, handle FROM notified",
    )?;
    all.query_map((), read)?.collect()
}

fn read(row: &Row<'_>) -> Result<Notified> {
    Ok(Notified {
        lane: Lane { receiver: row.get(0)?, integration: row.get(1)?, group: row.get(2)? },
        at: row.get::<_, Micros>(3)?.0,
        expires_at: row.get::<_, Micros>(4)?.0,
        firing: fingerprints(row.get(5)?)?,
        resolved: fingerprints(row.get(6)?)?,
        generation: row.get::<_, i64>(7)?.cast_unsigned(),
        handle: row.get::<_, Option<Json<_>>>(8)?.map(|handle| handle.0),
    })
}

/// As the API shows them.
fn texts(fingerprints: &[Fingerprint]) -> Vec<String> {
    fingerprints.iter().map(ToString::to_string).collect()
}

fn fingerprints(Json(texts): Json<Vec<String>>) -> Result<Arc<[Fingerprint]>> {
    let parsed = texts.into_iter().map(|text| u64::from_str_radix(&text, 16).map(Fingerprint));
    Ok(parsed.collect::<std::result::Result<_, _>>().map_err(FromSqlError::other)?)
}
