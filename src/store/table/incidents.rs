use jiff::Timestamp;
use rusqlite::{Connection, Result, Row};

use crate::{
    model::{CheckId, Incident},
    store::column::Micros,
};

const PUT: &str = "INSERT INTO incidents (check_name, check_group, began, ended, reason, detail) \
                   VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (check_name, began) DO UPDATE SET \
                   check_group = excluded.check_group, ended = excluded.ended, reason = excluded.reason, \
                   detail = excluded.detail";

/// What [`read`] reads, behind the row's own id.
pub(in crate::store) const COLUMNS: &str =
    "id, check_name, check_group, began, ended, reason, detail";

pub(super) fn put(db: &Connection, incident: &Incident) -> Result<()> {
    db.prepare_cached(PUT)?.execute((
        incident.check.as_str(),
        &*incident.group,
        Micros(incident.began),
        incident.ended.map(Micros),
        incident.reason.map(crate::model::Reason::word),
        &*incident.detail,
    ))?;
    Ok(())
}

pub(super) fn close(
    db: &Connection,
    check: &CheckId,
    began: Timestamp,
    ended: Timestamp,
) -> Result<()> {
    let sql = "UPDATE incidents SET ended = ? WHERE check_name = ? AND began = ?";
    db.prepare_cached(sql)?.execute((Micros(ended), check.as_str(), Micros(began)))?;
    Ok(())
}

pub(super) fn open(db: &Connection) -> Result<Vec<Incident>> {
    let sql = format!("SELECT {COLUMNS} FROM incidents WHERE ended IS NULL ORDER BY began");
    db.prepare(&sql)?.query_map((), |row| Ok(read(row)?.1))?.collect()
}

/// A row of the history with its id.
pub(in crate::store) fn read(row: &Row<'_>) -> Result<(i64, Incident)> {
    let incident = Incident {
        check: CheckId::new(row.get_ref(1)?.as_str()?),
        group: row.get(2)?,
        began: row.get::<_, Micros>(3)?.0,
        ended: row.get::<_, Option<Micros>>(4)?.map(|ended| ended.0),
        // A reason of another version is none of ours; the detail still says it in words.
        reason: row.get_ref(5)?.as_str_or_null()?.and_then(|word| word.parse().ok()),
        detail: row.get(6)?,
    };
    Ok((row.get(0)?, incident))
}
