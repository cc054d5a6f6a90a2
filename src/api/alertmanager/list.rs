//! Lists: whole or in pages, with a tag that says whether they have changed.

use std::{
    cell::Cell,
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::{sync::OwnedSemaphorePermit, task};

use super::{cursor::Cursor, json::Array, metrics::Reading, query::Query, refusal::Refusal};
use crate::{api::stream, clock::Instant, metrics::Emit};

/// A place among the GETs that go on at once, kept until the last byte is written.
pub(super) type Place = (OwnedSemaphorePermit, Reading);

/// Bytes are given away when so many have gathered.
const CHUNK: usize = 64 << 10;

/// A list so short is written at once; a longer one by a thread of its own.
const SHORT: usize = 100;

/// How long it may take to go through the rows. Patterns of a stranger, tried on everything there is, could take an hour.
const SEARCH: Duration = Duration::from_secs(30);

/// The most rows of one page.
const PAGE: usize = 100_000;

/// What can be listed: rows in a fixed order.
pub(super) trait Rows: Send + 'static {
    /// How many there are before any filter.
    fn count(&self) -> usize;
    /// Whether the row at a position is wanted.
    fn is_wanted(&self, at: usize) -> bool;
    /// What names the row wherever it will stand.
    fn name(&self, at: usize) -> u64;
    /// Its JSON.
    fn write(&self, at: usize, out: &mut Vec<u8>);
    /// How much there is to go through, for a row may hold many.
    fn count_in(&self) -> usize {
        self.count()
    }
    /// Whether it may take long to tell whether a row is wanted.
    fn is_slow(&self) -> bool {
        false
    }
    /// Where to go on behind a row; by default where it is, or where it was if it is gone.
    fn behind(&self, cursor: Cursor) -> usize {
        let found = (0..self.count()).find(|at| self.name(*at) == cursor.name);
        found.map_or(cursor.position, |at| at + 1)
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    limit: Option<usize>,
    cursor: Option<Cursor>,
}

impl Part {
    /// `limit` and `cursor`, which Alertmanager does not have.
    pub(super) fn read(query: &Query<'_>) -> Result<Self, Refusal> {
        let bad = |words: String| Refusal::told(StatusCode::BAD_REQUEST, words);
        let limit = query.get("limit").map(|text| {
            let limit = text.parse().ok().filter(|limit| (1..=PAGE).contains(limit));
            limit.ok_or_else(|| bad(format!("`limit` is not a number from 1 to {PAGE}: {text:?}")))
        });
        let cursor = query.get("cursor").map(|text| {
            text.parse().map_err(|()| bad(format!("`cursor` is not one of ours: {text:?}")))
        });
        Ok(Self { limit: limit.transpose()?, cursor: cursor.transpose()? })
    }
}

/// Names what a list was made from: the same tag, the same list.
pub(super) fn tag(parts: impl Hash) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    let text = format!("W/\"{:016x}\"", hasher.finish());
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Whether the client has that list already.
pub(super) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let tag = tag.to_str().unwrap_or_default();
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value.split(',').map(str::trim).any(|known| known == "*" || known == tag)
        })
    })
}

/// Answers with the rows.
pub(super) async fn answer(
    rows: impl Rows,
    part: Part,
    query: Option<&str>,
    (headers, tag): (&HeaderMap, HeaderValue),
    place: Option<Place>,
) -> Result<Response, Refusal> {
    if is_known(headers, &tag) {
        let mut answer = StatusCode::NOT_MODIFIED.into_response();
        answer.headers_mut().insert(header::ETAG, tag);
        return Ok(answer);
    }
    let short = rows.count_in() <= SHORT && !rows.is_slow();
    let (body, next) = match part.limit {
        None if short => (Body::from(whole(&rows, part)), None),
        None => {
            let body = stream::body(stream::DEADLINE, move |emit| {
                let _place = place;
                let late = Cell::new(false);
                write(&rows, wanted(&rows, part, &late), emit)?;
                // One that was cut short is not to be taken for whole.
                if late.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            (body, None)
        }
        Some(limit) => {
            let found = move || (page(rows, part, limit), place);
            let paged = task::spawn_blocking(found).await.map_err(|_| gone_wrong())?;
            let (Some((rows, page, next)), place) = paged else {
                let words = format!("not found within {} s, ask for less", SEARCH.as_secs());
                return Err(Refusal::told(StatusCode::SERVICE_UNAVAILABLE, words));
            };
            let body = stream::body(stream::DEADLINE, move |emit| {
                let _place = place;
                write(&rows, page.into_iter(), emit)
            });
            (body, next)
        }
    };
    let mut answer = body.into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, super::JSON);
    answer.headers_mut().insert(header::ETAG, tag);
    if let Some(link) = next.and_then(|next| next.link(query)) {
        answer.headers_mut().insert(header::LINK, link);
    }
    Ok(answer)
}

/// A thread of ours panicked.
pub(super) fn gone_wrong() -> Refusal {
    Refusal::told(StatusCode::INTERNAL_SERVER_ERROR, "internal error, see the log")
}

/// The positions of the rows that are wanted. It ends early where that takes too long, and says so.
fn wanted<'r>(
    rows: &'r impl Rows,
    part: Part,
    late: &'r Cell<bool>,
) -> impl Iterator<Item = usize> + 'r {
    let begin = part.cursor.map_or(0, |cursor| rows.behind(cursor));
    let until = Instant::now() + SEARCH;
    let in_time = move |_: &usize| {
        late.set(Instant::now() > until);
        !late.get()
    };
    (begin..rows.count()).take_while(in_time).filter(|at| rows.is_wanted(*at))
}

/// A page: its rows, their positions, and where the next one begins.
type Page<R> = (R, Vec<usize>, Option<Cursor>);

/// One page; `None` where it takes too long to find its rows.
fn page<R: Rows>(rows: R, part: Part, limit: usize) -> Option<Page<R>> {
    let late = Cell::new(false);
    let mut wanted = wanted(&rows, part, &late);
    let page: Vec<usize> = wanted.by_ref().take(limit).collect();
    let more = wanted.next().is_some();
    drop(wanted);
    if late.get() {
        return None;
    }
    let last = page.last().copied().filter(|_| more);
    let next = last.map(|at| Cursor { position: at + 1, name: rows.name(at) });
    Some((rows, page, next))
}

fn whole(rows: &impl Rows, part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 << 10);
    let _ = write(rows, wanted(rows, part, &Cell::new(false)), &mut |chunk| {
        out.extend_from_slice(&chunk);
        ControlFlow::Continue(())
    });
    out
}

fn write(rows: &impl Rows, wanted: impl Iterator<Item = usize>, emit: Emit<'_>) -> ControlFlow<()> {
    let mut out = Vec::with_capacity(CHUNK + 4096);
    out.push(b'[');
    let mut list = Array::default();
    for at in wanted {
        list.next(&mut out);
        rows.write(at, &mut out);
        if out.len() >= CHUNK {
            emit(std::mem::replace(&mut out, Vec::with_capacity(CHUNK + 4096)))?;
        }
    }
    out.extend_from_slice(b"]\n");
    emit(out)
}
