use std::sync::Arc;

use rusqlite::{Connection, Result, Row, types::FromSqlError};

use crate::{
    model::{Fingerprint, Lane, Notified},
    store::column::{Json, Micros},
};

const PUT: &str = "INSERT OR REPLACE INTO notified (receiver, kind, integration, group_key, at, expires_at, firing, \
                   resolved, owed, handle) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(super) fn put(db: &Connection, notified: &Notified) -> Result<()> {
    db.prepare_cached(PUT)?.execute((
        &*notified.lane.receiver,
        &*notified.lane.kind,
        notified.lane.integration,
        &*notified.lane.group,
        Micros(notified.at),
        Micros(notified.expires_at),
        Json(texts(&notified.firing)),
        Json(texts(&notified.resolved)),
        Json(texts(&notified.owed)),
        notified.handle.as_ref().map(Json),
    ))?;
    Ok(())
}

pub(super) fn remove(db: &Connection, lane: &Lane) -> Result<()> {
    let sql = "DELETE FROM notified WHERE receiver = ? AND kind = ? AND integration = ? AND group_key = ?";
    db.prepare_cached(sql)?.execute((
        &*lane.receiver,
        &*lane.kind,
        lane.integration,
        &*lane.group,
    ))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<Notified>> {
    let mut all = db.prepare(
        "SELECT receiver, kind, integration, group_key, at, expires_at, firing, resolved, owed, handle FROM notified",
    )?;
    all.query_map((), read)?.collect()
}

fn read(row: &Row<'_>) -> Result<Notified> {
    Ok(Notified {
        lane: Lane {
            receiver: row.get(0)?,
            kind: row.get(1)?,
            integration: row.get(2)?,
            group: row.get(3)?,
        },
        at: row.get::<_, Micros>(4)?.0,
        expires_at: row.get::<_, Micros>(5)?.0,
        firing: fingerprints(row.get(6)?)?,
        resolved: fingerprints(row.get(7)?)?,
        owed: fingerprints(row.get(8)?)?,
        handle: row.get::<_, Option<Json<_>>>(9)?.map(|handle| handle.0),
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
