use std::sync::Arc;

use rusqlite::{Connection, Result, Row};

use crate::{
    model::{Alert, AlertSource, Fingerprint},
    store::column::{Json, Micros, Words, by_word},
};

/// An update in its place: a replacement would be a new row elsewhere.
const PUT: &str = "INSERT INTO alerts (fingerprint, labels, annotations, starts_at, ends_at, updated_at, generator_url, \
                   timeout, source, overlays, pushed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE \
                   SET annotations = excluded.annotations, starts_at = excluded.starts_at, ends_at = excluded.ends_at, \
                   updated_at = excluded.updated_at, generator_url = excluded.generator_url, \
                   timeout = excluded.timeout, source = excluded.source, overlays = excluded.overlays, \
                   pushed = excluded.pushed";

pub(super) fn put(db: &Connection, alert: &Alert) -> Result<()> {
    db.prepare_cached(PUT)?.execute((
        alert.fingerprint().0.cast_signed(),
        Json(&alert.labels),
        Json(&alert.annotations),
        Micros(alert.starts_at),
        Micros(alert.ends_at),
        Micros(alert.updated_at),
        &*alert.generator_url,
        alert.timeout,
        alert.source.word(),
        Words(alert.overlays),
        alert.pushed,
    ))?;
    Ok(())
}

pub(super) fn remove(db: &Connection, fingerprint: Fingerprint) -> Result<()> {
    let mut remove = db.prepare_cached("DELETE FROM alerts WHERE fingerprint = ?")?;
    remove.execute((fingerprint.0.cast_signed(),))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<Arc<Alert>>> {
    let mut all = db.prepare(
        "SELECT labels, annotations, starts_at, ends_at, updated_at, generator_url, timeout, source, overlays, \
         pushed FROM alerts",
    )?;
    all.query_map((), |row| read(row).map(Arc::new))?.collect()
}

fn read(row: &Row<'_>) -> Result<Alert> {
    Ok(Alert {
        labels: row.get::<_, Json<_>>(0)?.0,
        annotations: row.get::<_, Json<_>>(1)?.0,
        starts_at: row.get::<_, Micros>(2)?.0,
        ends_at: row.get::<_, Micros>(3)?.0,
        updated_at: row.get::<_, Micros>(4)?.0,
        generator_url: row.get(5)?,
        timeout: row.get(6)?,
        source: by_word(row.get_ref(7)?.as_str()?, |word| {
            AlertSource::ALL.into_iter().find(|source| source.word() == word)
        })?,
        overlays: row.get::<_, Words>(8)?.0,
        pushed: row.get(9)?,
    })
}
