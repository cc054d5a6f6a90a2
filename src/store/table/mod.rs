//! The tables: how each kind of record is written, and what of it is read at the start.
//!
//! Contract: one file per table; statements are prepared once per connection; nothing here begins or ends a transaction.

pub(super) mod alerts;
pub(super) mod checks;
pub(super) mod deliveries;
pub(super) mod incidents;
pub(super) mod notified;
pub(super) mod outbox;
pub(super) mod silences;

use alerts::Rows;
use rusqlite::{Connection, Result};

use crate::model::{Record, Restored};

/// Statements that stay prepared; more than there are.
pub(super) const STATEMENTS: usize = 64;

/// Writes one record into the tables it concerns.
pub(super) fn write(db: &Connection, rows: &mut Rows, record: &Record) -> Result<()> {
    match record {
        Record::Alert(alert) => alerts::put(db, rows, alert),
        Record::AlertGone(fingerprint) => alerts::remove(db, rows, *fingerprint),
        Record::Silence(silence) => silences::put(db, silence),
        Record::SilenceGone(id) => silences::remove(db, *id),
        Record::Outbox(notice) => outbox::put(db, notice),
        Record::OutboxGone(id) => outbox::remove(db, *id),
        Record::Delivery(delivery) => {
            outbox::attempted(db, delivery)?;
            deliveries::add(db, delivery)
        }
        Record::Notified(notified) => notified::put(db, notified),
        Record::NotifiedGone(lane) => notified::remove(db, lane),
        Record::Check(check) => checks::put(db, check),
        Record::CheckGone(id) => checks::remove(db, id),
        Record::IncidentOpened(incident) => incidents::put(db, incident),
        Record::IncidentClosed { check, began, ended } => {
            incidents::close(db, check, *began, *ended)
        }
    }
}

/// All that a start needs.
pub(super) fn restore(db: &Connection) -> Result<Restored> {
    Ok(Restored {
        alerts: alerts::all(db)?,
        silences: silences::all(db)?,
        outbox: outbox::all(db)?,
        notified: notified::all(db)?,
        checks: checks::all(db)?,
        incidents: incidents::open(db)?,
        last_notice: outbox::last_id(db)?,
    })
}
