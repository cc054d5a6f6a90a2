use std::sync::Arc;

use rusqlite::{Connection, Result, Row, types::FromSqlError};
use serde::{Deserialize, Serialize};

use crate::{
    model::{MatchOp, Matcher, Silence, SilenceId},
    store::column::{Json, Micros, UnknownWord},
};

const PUT: &str = "INSERT OR REPLACE INTO silences (id, matchers, starts_at, ends_at, updated_at, created_by, comment, \
                   annotations) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

pub(super) fn put(db: &Connection, silence: &Silence) -> Result<()> {
    let matchers: Vec<Written<'_>> = silence.matchers.iter().map(Written::from).collect();
    db.prepare_cached(PUT)?.execute((
        silence.id.to_string(),
        Json(matchers),
        Micros(silence.starts_at),
        Micros(silence.ends_at),
        Micros(silence.updated_at),
        &*silence.created_by,
        &*silence.comment,
        Json(&silence.annotations),
    ))?;
    Ok(())
}

pub(super) fn remove(db: &Connection, id: SilenceId) -> Result<()> {
    db.prepare_cached("DELETE FROM silences WHERE id = ?")?.execute((id.to_string(),))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<Arc<Silence>>> {
    let mut all = db.prepare(
        "SELECT id, matchers, starts_at, ends_at, updated_at, created_by, comment, annotations FROM silences",
    )?;
    all.query_map((), |row| read(row).map(Arc::new))?.collect()
}

fn read(row: &Row<'_>) -> Result<Silence> {
    let matchers: Json<Vec<Held>> = row.get(1)?;
    let matchers: std::result::Result<Arc<[Matcher]>, _> =
        matchers.0.into_iter().map(Matcher::try_from).collect();
    Ok(Silence {
        id: row.get_ref(0)?.as_str()?.parse().map_err(FromSqlError::other)?,
        matchers: matchers.map_err(|why| FromSqlError::other(UnknownWord(why)))?,
        starts_at: row.get::<_, Micros>(2)?.0,
        ends_at: row.get::<_, Micros>(3)?.0,
        updated_at: row.get::<_, Micros>(4)?.0,
        created_by: row.get(5)?,
        comment: row.get(6)?,
        annotations: row.get::<_, Json<_>>(7)?.0,
    })
}

/// A matcher as it is written: `{"name": "job", "op": "=~", "value": "a|b"}`.
#[derive(Serialize)]
struct Written<'m> {
    name: &'m str,
    op: &'static str,
    value: &'m str,
}

/// The same as it is read.
#[derive(Deserialize)]
struct Held {
    name: String,
    op: String,
    value: String,
}

impl<'m> From<&'m Matcher> for Written<'m> {
    fn from(matcher: &'m Matcher) -> Self {
        Self { name: &matcher.name, op: matcher.op.sign(), value: &matcher.value }
    }
}

impl TryFrom<Held> for Matcher {
    type Error = String;

    fn try_from(held: Held) -> std::result::Result<Self, String> {
        let ops = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];
        let op = ops.into_iter().find(|op| op.sign() == held.op);
        let op = op.ok_or_else(|| held.op.clone())?;
        // What fits is compiled by whoever applies it.
        Ok(Self::written(held.name, op, held.value))
    }
}
