//! What can be asked about the history, and the SQL of it.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, ToSql, params_from_iter};

use super::{
    column::Micros,
    table::{deliveries, incidents},
};
use crate::model::{Delivery, Incident};

/// Some rows, the newest first, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Behind the last of them; `None` when there are no more.
    pub next: Option<Cursor>,
}

/// A place between two rows of a history. Opaque to whoever gets it: it stays right when rows come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    at: i64,
    id: i64,
}

/// Why a text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no cursor of this server; take it from `next` of the answer before")]
pub struct UnknownCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.at.to_be_bytes(), self.id.to_be_bytes()].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = UnknownCursor;

    fn from_str(text: &str) -> std::result::Result<Self, UnknownCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| UnknownCursor)?;
        let bytes: [u8; 16] = bytes.try_into().map_err(|_| UnknownCursor)?;
        let both = u128::from_be_bytes(bytes);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of it")]
        let (at, id) = ((both >> 64) as u64, both as u64);
        Ok(Self { at: at.cast_signed(), id: id.cast_signed() })
    }
}

/// Which incidents are wanted; all that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentQuery {
    /// Of this check.
    pub check: Option<String>,
    /// Of checks that were in this group.
    pub group: Option<String>,
    /// Still open, or closed.
    pub open: Option<bool>,
    /// Not over before this.
    pub since: Option<Timestamp>,
    /// Begun before this.
    pub until: Option<Timestamp>,
    /// Behind this place.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
}

/// Which deliveries are wanted; all that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// To this receiver.
    pub receiver: Option<String>,
    /// By this kind of integration.
    pub provider: Option<String>,
    /// With one of these results, by [their words](crate::model::DeliveryResult::WORDS); any where there is none.
    pub results: Vec<&'static str>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Behind this place.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
}

impl IncidentQuery {
    pub(super) fn ask(self, db: &Connection) -> Result<Page<Incident>> {
        let mut asked = Select::default();
        asked.equal("check_name", self.check);
        asked.equal("check_group", self.group);
        match self.open {
            Some(true) => asked.condition("ended IS NULL", []),
            Some(false) => asked.condition("ended IS NOT NULL", []),
            None => {}
        }
        if let Some(since) = self.since {
            asked.condition("(ended IS NULL OR ended >= ?)", [Box::new(Micros(since)) as Value]);
        }
        if let Some(until) = self.until {
            asked.condition("began < ?", [Box::new(Micros(until)) as Value]);
        }
        asked.behind("began", self.after);
        let place = |incident: &Incident| incident.began;
        asked.page(
            db,
            ("incidents", incidents::COLUMNS, "began"),
            self.limit,
            place,
            incidents::read,
        )
    }
}

impl DeliveryQuery {
    pub(super) fn ask(self, db: &Connection) -> Result<Page<Delivery>> {
        let mut asked = Select::default();
        asked.equal("receiver", self.receiver);
        asked.equal("provider", self.provider);
        if !self.results.is_empty() {
            let places = vec!["?"; self.results.len()].join(", ");
            let words = self.results.into_iter().map(|word| Box::new(word) as Value);
            asked.condition(&format!("result IN ({places})"), words);
        }
        if let Some(since) = self.since {
            asked.condition("at >= ?", [Box::new(Micros(since)) as Value]);
        }
        if let Some(until) = self.until {
            asked.condition("at < ?", [Box::new(Micros(until)) as Value]);
        }
        asked.behind("at", self.after);
        let place = |delivery: &Delivery| delivery.at;
        asked.page(
            db,
            ("deliveries", deliveries::COLUMNS, "at"),
            self.limit,
            place,
            deliveries::read,
        )
    }
}

type Value = Box<dyn ToSql>;

/// Conditions with their values; what a stranger says only ever becomes a value.
#[derive(Default)]
struct Select {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Select {
    fn condition(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(sql.to_owned());
        self.values.extend(values);
    }

    fn equal(&mut self, column: &str, value: Option<String>) {
        if let Some(value) = value {
            self.condition(&format!("{column} = ?"), [Box::new(value) as Value]);
        }
    }

    fn behind(&mut self, column: &str, after: Option<Cursor>) {
        if let Some(Cursor { at, id }) = after {
            let values: [Value; 2] = [Box::new(at), Box::new(id)];
            self.condition(&format!("({column}, id) < (?, ?)"), values);
        }
    }

    /// Reads one row more than wanted, to know whether there is one.
    fn page<T>(
        self,
        db: &Connection,
        (table, columns, time): (&str, &str, &str),
        limit: usize,
        place: impl Fn(&T) -> Timestamp,
        read: impl Fn(&Row<'_>) -> Result<(i64, T)>,
    ) -> Result<Page<T>> {
        let conditions = match self.conditions.as_slice() {
            [] => String::new(),
            conditions => ["WHERE ", &conditions.join(" AND ")].concat(),
        };
        let sql = format!(
            "SELECT {columns} FROM {table} {conditions} ORDER BY {time} DESC, id DESC LIMIT {}",
            limit.saturating_add(1)
        );
        let mut select = db.prepare_cached(&sql)?;
        let rows = select.query_map(params_from_iter(self.values), |row| read(row))?;
        let mut rows: Vec<(i64, T)> = rows.collect::<Result<_>>()?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|(id, row)| Cursor { at: place(row).as_microsecond(), id: *id });
        Ok(Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(at: i64, id: i64) {
            let cursor = Cursor { at, id };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Cursor>();
        }
    }
}
