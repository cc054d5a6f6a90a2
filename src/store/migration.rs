use rusqlite::{Connection, Result, TransactionBehavior};

/// `nrsh`: marks a database as ours, in its header.
pub(super) const APPLICATION: u32 = 0x6e72_7368;

/// What leads from each version of the schema to the next. A released one is never changed.
const MIGRATIONS: &[&str] = &[include_str!("migrations/1.sql"), include_str!("migrations/2.sql")];

/// The newest version there is.
pub(super) const VERSION: u32 = {
    assert!(MIGRATIONS.len() < 1000);
    #[expect(clippy::cast_possible_truncation, reason = "a few")]
    let version = MIGRATIONS.len() as u32;
    version
};

/// Brings an empty or older database to the newest version, as a whole or not at all.
pub(super) fn migrate(db: &mut Connection) -> Result<()> {
    let version = version(db)?;
    if version >= VERSION {
        return Ok(());
    }
    let change = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        change.execute_batch(migration)?;
    }
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()
}

/// The version of the schema that a database has; 0 of an empty one.
pub(super) fn version(db: &Connection) -> Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}
