use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, Result, Row};

use crate::{
    model::{Alert, AlertSource, Fingerprint},
    store::column::{Json, Micros, Words, by_word},
};

const INSERT: &str = "INSERT INTO alerts (fingerprint, labels, annotations, starts_at, ends_at, updated_at, \
                      generator_url, timeout, source, overlays, pushed, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE: &str = "UPDATE alerts SET fingerprint = ?, labels = ?, annotations = ?, starts_at = ?, ends_at = ?, \
                      updated_at = ?, generator_url = ?, timeout = ?, source = ?, overlays = ?, \
                      pushed = ? WHERE id = ?";

/// Where each alert is in the table. The table has no index by fingerprint: new alerts, which stand side by side, would
/// each touch a page of it somewhere else, three times as many pages as their rows are on.
#[derive(Debug, Default)]
pub(in crate::store) struct Rows {
    ids: HashMap<Fingerprint, i64>,
    last: i64,
}

impl Rows {
    pub(in crate::store) fn read(db: &Connection) -> Result<Self> {
        let mut all = db.prepare("SELECT fingerprint, id FROM alerts")?;
        let rows = all.query_map((), |row| {
            Ok((Fingerprint(row.get::<_, i64>(0)?.cast_unsigned()), row.get(1)?))
        })?;
        let ids = rows.collect::<Result<HashMap<_, i64>>>()?;
        let last = ids.values().copied().max().unwrap_or_default();
        Ok(Self { ids, last })
    }
}

pub(super) fn put(db: &Connection, rows: &mut Rows, alert: &Alert) -> Result<()> {
    let fingerprint = alert.fingerprint();
    let known = rows.ids.get(&fingerprint).copied();
    let id = known.unwrap_or(rows.last + 1);
    db.prepare_cached(if known.is_some() { UPDATE } else { INSERT })?.execute((
        fingerprint.0.cast_signed(),
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
        id,
    ))?;
    if known.is_none() {
        rows.ids.insert(fingerprint, id);
        rows.last = id;
    }
    Ok(())
}

pub(super) fn remove(db: &Connection, rows: &mut Rows, fingerprint: Fingerprint) -> Result<()> {
    let Some(id) = rows.ids.remove(&fingerprint) else { return Ok(()) };
    db.prepare_cached("DELETE FROM alerts WHERE id = ?")?.execute((id,))?;
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
