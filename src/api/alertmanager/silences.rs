//! `/api/v2/silences` and `/api/v2/silence/{id}`.

use std::{cmp::Reverse, sync::Arc};

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;

use super::{
    Alertmanager, alerts, content, dispatch,
    json::{self, Array},
    list::{self, Part, Place, Rows},
    ours, posted,
    query::Query,
    refusal::Refusal,
};
use crate::{
    alert::{CallError, DraftMatcher, SilenceDraft, SilenceError, filter, silence_matchers},
    model::{MatchOp, Silence, SilenceId, SilenceState},
};

impl Alertmanager {
    /// `active`, `pending` and `expired` are Alertmanager 0.34's, `createdBy` is ours.
    pub(super) async fn get_silences(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        place: Option<Place>,
    ) -> Result<Response, Refusal> {
        let asked = Query::new(query);
        let syntax = self.options.syntax;
        let read = move |asked: &Query<'_>| {
            let bad = |why| Refusal::told(StatusCode::BAD_REQUEST, why);
            asked.matchers("filter", syntax).map_err(bad)
        };
        let matchers = self.asked(query, read).await?;
        let part = Part::read(&asked)?;
        let states = SilenceState::ALL.map(|state| (state, asked.flag(state.word(), true)));
        let creator = asked.get("createdBy");
        let snapshot = self.snapshot().await?;
        let now = self.clock.now();
        let wanted = |silence: &&Arc<Silence>| {
            let state = silence.state(now);
            states.contains(&(state, true))
                && creator.is_none_or(|creator| *silence.created_by == *creator)
                && filter::names(&matchers, &silence.matchers)
        };
        // Time alone moves a silence on, from pending to active to expired.
        let count = |state| snapshot.silences.iter().filter(|s| s.state(now) == state).count();
        let stand = (count(SilenceState::Pending), count(SilenceState::Expired));
        let tag = list::tag(("silences", self.started, snapshot.version, stand, query));
        let mut silences: Vec<_> = snapshot.silences.iter().filter(wanted).cloned().collect();
        silences.sort_by_cached_key(|silence| order(silence, now));
        list::answer(Silences { silences, now }, part, query, (headers, tag), place).await
    }

    pub(super) async fn get_silence(&self, id: &str) -> Result<Response, Refusal> {
        let id = named(id)?;
        let snapshot = self.snapshot().await?;
        let silence = snapshot.silence(id).ok_or_else(Refusal::missing)?;
        let mut out = Vec::with_capacity(1024);
        write(&mut out, silence, self.clock.now());
        out.push(b'\n');
        Ok(([(header::CONTENT_TYPE, super::JSON)], out).into_response())
    }

    pub(super) async fn post_silence(&self, request: Request) -> Result<Response, Refusal> {
        let body = self.posted(request, "silence").await?;
        let text = json::lossy(body.as_ref());
        let posted = posted::silence(&text).map_err(|why| why.refusal("silence"))?;
        let matchers = posted.matchers.iter().map(|matcher| DraftMatcher {
            name: (&*matcher.name).into(),
            op: MatchOp::from_flags(matcher.is_regex, matcher.is_equal),
            value: (&*matcher.value).into(),
        });
        let matchers: Vec<_> = matchers.collect();
        let syntax = self.options.syntax;
        let matchers = self.apart(move || silence_matchers(&matchers, syntax)).await?;
        let draft = SilenceDraft {
            id: (&*posted.id).into(),
            matchers,
            starts_at: Some(posted.starts_at),
            ends_at: posted.ends_at,
            created_by: (&*posted.created_by).into(),
            comment: (&*posted.comment).into(),
            annotations: posted.annotations,
        };
        match self.within(self.handle.set_silence(draft)).await? {
            Ok(id) => {
                let mut out = Vec::from(b"{\"silenceID\":");
                alerts::uuid(&mut out, id.0);
                out.extend_from_slice(b"}\n");
                Ok(([(header::CONTENT_TYPE, super::JSON)], out).into_response())
            }
            Err(CallError::Refused(why)) => Err(refused(&why)),
            Err(error) => Err(ours(&error)),
        }
    }

    pub(super) async fn delete_silence(
        &self,
        id: &str,
        headers: &HeaderMap,
    ) -> Result<Response, Refusal> {
        content::takes_json(headers)?;
        let id = named(id)?;
        match self.within(self.handle.expire_silence(id)).await? {
            Ok(()) => Ok(StatusCode::OK.into_response()),
            Err(CallError::Refused(SilenceError::NotFound)) => Err(Refusal::missing()),
            Err(CallError::Refused(why)) => Err(refused(&why)),
            Err(error) => Err(ours(&error)),
        }
    }
}

fn refused(why: &SilenceError) -> Refusal {
    let status = match why {
        SilenceError::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal::told(status, why.to_string())
}

/// The id in a path, in any form of a UUID.
fn named(segment: &str) -> Result<SilenceId, Refusal> {
    let text = dispatch::decoded(segment);
    text.parse().map_err(|_| {
        let words = format!("silenceID in path must be of type uuid: {}", posted::quoted(&text));
        Refusal::unprocessable(601, words)
    })
}

/// Active ones by their end, pending ones by their begin, expired ones from the last to the first.
fn order(
    silence: &Silence,
    now: Timestamp,
) -> (u8, Timestamp, Reverse<Timestamp>, Timestamp, SilenceId) {
    let (state, up, down) = match silence.state(now) {
        SilenceState::Active => (0, silence.ends_at, Timestamp::MIN),
        SilenceState::Pending => (1, silence.starts_at, Timestamp::MIN),
        SilenceState::Expired => (2, Timestamp::MIN, silence.ends_at),
    };
    (state, up, Reverse(down), silence.updated_at, silence.id)
}

struct Silences {
    silences: Vec<Arc<Silence>>,
    now: Timestamp,
}

impl Rows for Silences {
    fn count(&self) -> usize {
        self.silences.len()
    }

    fn is_wanted(&self, _: usize) -> bool {
        true
    }

    fn name(&self, at: usize) -> u64 {
        self.silences.get(at).map_or(0, |silence| silence.id.0.as_u64_pair().1)
    }

    fn write(&self, at: usize, out: &mut Vec<u8>) {
        if let Some(silence) = self.silences.get(at) {
            write(out, silence, self.now);
        }
    }
}

/// A `gettableSilence`.
fn write(out: &mut Vec<u8>, silence: &Silence, now: Timestamp) {
    out.extend_from_slice(b"{\"id\":");
    alerts::uuid(out, silence.id.0);
    out.extend_from_slice(b",\"status\":{\"state\":\"");
    out.extend_from_slice(silence.state(now).word().as_bytes());
    out.extend_from_slice(b"\"},\"updatedAt\":");
    json::time(out, silence.updated_at);
    if !silence.annotations.is_empty() {
        out.extend_from_slice(b",\"annotations\":");
        alerts::pairs(out, &silence.annotations, json::string);
    }
    out.extend_from_slice(b",\"comment\":");
    json::string(out, &silence.comment);
    out.extend_from_slice(b",\"createdBy\":");
    json::string(out, &silence.created_by);
    out.extend_from_slice(b",\"endsAt\":");
    json::time(out, silence.ends_at);
    out.extend_from_slice(b",\"matchers\":[");
    let mut list = Array::default();
    for matcher in silence.matchers.iter() {
        list.next(out);
        let flags: &[u8] = match matcher.op {
            MatchOp::Equal => b"{\"isEqual\":true,\"isRegex\":false,\"name\":",
            MatchOp::NotEqual => b"{\"isEqual\":false,\"isRegex\":false,\"name\":",
            MatchOp::Regex => b"{\"isEqual\":true,\"isRegex\":true,\"name\":",
            MatchOp::NotRegex => b"{\"isEqual\":false,\"isRegex\":true,\"name\":",
        };
        out.extend_from_slice(flags);
        json::string(out, &matcher.name);
        out.extend_from_slice(b",\"value\":");
        json::string(out, &matcher.value);
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"startsAt\":");
    json::time(out, silence.starts_at);
    out.push(b'}');
}
