use rusqlite::{Connection, Result, TransactionBehavior};

/// `nrsh`: marks a database as ours, in its header.
pub(super) const APPLICATION: u32 = 0x6e72_7368;

/// What leads from each version of the schema to the next. A released one is never changed.
const MIGRATIONS: &[&str] = &[include_str!("migrations/1.sql")];

/// The newest version there is.
pub(super) const VERSION: u32 = {
    assert!(MIGRATIONS.len() < 1000);
    #[expect(clippy::cast_possible_truncation, reason = "a few")]
    let version = MIGRATIONS.len() as u32;
    version
};

/// Brings an empty or older database to the newest version, as a whole or not at all.
pub(super) fn migrate(db: &mut Connection) -> Result<()> {
    by(db, MIGRATIONS)
}

fn by(db: &mut Connection, migrations: &[&str]) -> Result<()> {
    let done = version(db)?;
    let missing: Vec<(u32, &str)> =
        (1..).zip(migrations.iter().copied()).filter(|(version, _)| *version > done).collect();
    let Some((newest, _)) = missing.last() else { return Ok(()) };
    let change = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    for (_, migration) in &missing {
        change.execute_batch(migration)?;
    }
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", newest)?;
    change.commit()
}

/// The version of the schema that a database has; 0 of an empty one.
pub(super) fn version(db: &Connection) -> Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE letters (text TEXT) STRICT";
    const SECOND: &str = "ALTER TABLE letters ADD COLUMN read INTEGER NOT NULL DEFAULT 0";

    fn written() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        by(&mut db, &[FIRST]).unwrap();
        db.execute("INSERT INTO letters VALUES ('dear')", ()).unwrap();
        db
    }

    #[test]
    fn an_older_version_is_brought_up_to_date_with_what_it_holds() {
        let mut db = written();
        for _ in 0..2 {
            by(&mut db, &[FIRST, SECOND]).unwrap();
            assert_eq!(version(&db), Ok(2));
            let row: (String, i64) =
                db.query_row("SELECT * FROM letters", (), |row| row.try_into()).unwrap();
            assert_eq!(row, ("dear".into(), 0));
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before() {
        let mut db = written();
        assert!(by(&mut db, &[FIRST, SECOND, "DROP TABLE nothing"]).is_err());
        assert_eq!(version(&db), Ok(1));
        assert!(db.query_row("SELECT read FROM letters", (), |_| Ok(())).is_err());
    }
}
