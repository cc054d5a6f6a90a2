use rusqlite::{Connection, Result, Row};

use crate::{
    model::{BaseState, CheckId, CheckState},
    store::column::{Micros, Words, by_word},
};

const PUT: &str = "INSERT OR REPLACE INTO checks (name, kind, base, overlays, up, changed, machine) \
                   VALUES (?, ?, ?, ?, ?, ?, ?)";

pub(super) fn put(db: &Connection, check: &CheckState) -> Result<()> {
    db.prepare_cached(PUT)?.execute((
        check.check.as_str(),
        &*check.kind,
        check.base.word(),
        Words(check.overlays),
        check.up,
        Micros(check.changed),
        &*check.machine,
    ))?;
    Ok(())
}

pub(super) fn remove(db: &Connection, check: &CheckId) -> Result<()> {
    db.prepare_cached("DELETE FROM checks WHERE name = ?")?.execute((check.as_str(),))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<CheckState>> {
    let mut all =
        db.prepare("SELECT name, kind, base, overlays, up, changed, machine FROM checks")?;
    all.query_map((), read)?.collect()
}

fn read(row: &Row<'_>) -> Result<CheckState> {
    Ok(CheckState {
        check: CheckId::new(row.get_ref(0)?.as_str()?),
        kind: row.get(1)?,
        base: by_word(row.get_ref(2)?.as_str()?, BaseState::of_word)?,
        overlays: row.get::<_, Words>(3)?.0,
        up: row.get(4)?,
        changed: row.get::<_, Micros>(5)?.0,
        machine: row.get(6)?,
    })
}
