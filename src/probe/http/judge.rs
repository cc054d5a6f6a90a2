//! Holds an answer against what is expected of it. All expectations are looked at; the first broken one is the failure.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hyper::{HeaderMap, http::response};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    body::Body,
    cel,
    compression::Encoding,
    expect::{BodyRule, Expect, HeaderRule, HeaderWanted, JsonRule, JsonWanted},
    facts::By,
    json::{self, Unread},
    redirect,
    room::Room,
    words::{listed, quoted, shortened},
};
use crate::{
    clock::Instant,
    model::{Expectation, Fact, Failure, PromDuration, Reason, Trace},
    probe::{certificate, jsonpath::same, offload},
    re2::Regex,
};

/// Collects what was expected and what was found. Words are only made where somebody reads them.
pub(super) struct Judge<'a> {
    trace: &'a mut Trace,
    broken: Option<Failure>,
    /// The kind of rule that broke first, and with it whatever broke later.
    by: Option<By>,
}

/// Why work on a body did not come to an end.
type Unfinished = (Reason, &'static str);

/// What was looked at, what was wanted, what was found.
type Words = (String, String, String);

impl<'a> Judge<'a> {
    pub(super) fn new(trace: &'a mut Trace) -> Self {
        Self { trace, broken: None, by: None }
    }

    /// The first broken expectation, unless all held, and whether it was a rule.
    pub(super) fn verdict(self) -> (Result<(), Failure>, Option<By>) {
        (self.broken.map_or(Ok(()), Err), self.by)
    }

    /// Status and headers. `stopped` is why no redirect was followed from here, where one was asked for.
    pub(super) fn head(
        &mut self,
        expect: &Expect,
        answer: &response::Parts,
        stopped: Option<Failure>,
    ) {
        let held = expect.accepts(answer.status.as_u16());
        if let Some(stopped) = stopped.filter(|_| !held) {
            self.broken = Some(stopped);
        }
        self.note(held, Reason::HttpStatus, None, || {
            let lost = if redirect::is_lost(answer) { " without a Location" } else { "" };
            ("status".into(), listed(&expect.status), format!("{}{lost}", answer.status))
        });
        for rule in &expect.headers {
            self.header(rule, &answer.headers);
        }
    }

    /// Version and TLS.
    pub(super) fn connection(&mut self, expect: &Expect, answer: &response::Parts, is_tls: bool) {
        if !expect.version.is_empty() {
            let held = expect.version.iter().any(|version| version.wire() == answer.version);
            self.note(held, Reason::HttpVersion, None, || {
                let wanted: Vec<_> = expect.version.iter().map(|version| version.wire()).collect();
                let wanted: Vec<_> = wanted.iter().map(|version| format!("{version:?}")).collect();
                ("version".into(), wanted.join(", "), format!("{:?}", answer.version))
            });
        }
        if let Some(wanted) = expect.tls {
            let words = |is_tls| if is_tls { "yes" } else { "no" }.to_owned();
            self.note(wanted == is_tls, Reason::TlsMismatch, None, || {
                ("TLS".into(), words(wanted), words(is_tls))
            });
        }
    }

    /// A body that could not be read, which a rule that has to look at it fails with.
    pub(super) fn unread(&mut self, expect: &Expect, body: &Body, failure: Failure) {
        if self.broken.is_some() {
            return;
        }
        let by_regex = expect.body.iter().any(BodyRule::is_regex);
        let at_once = failure.reason == Reason::BodyEncoding
            && expect.encoding == Some(Encoding::Gzip)
            && body.is_no_gzip();
        self.by = match (at_once, by_regex, expect.cel.is_empty()) {
            (false, true, _) => Some(By::Regex),
            (false, false, false) => Some(By::Cel),
            _ => None,
        };
        self.broken = Some(failure);
    }

    /// Work on the body that did not come to an end.
    fn unfinished(&mut self, what: &str, (reason, why): Unfinished, by: Option<By>) {
        if self.broken.is_none() {
            let detail = format!("the body {what}: {why}");
            self.broken = Some(Failure::new(reason, detail));
            self.by = by;
        }
    }

    fn header(&mut self, rule: &HeaderRule, headers: &HeaderMap) {
        let values = headers.get_all(&rule.name);
        let any = |test: &dyn Fn(&[u8]) -> bool| values.iter().any(|value| test(value.as_bytes()));
        let held = match &rule.wanted {
            HeaderWanted::Present => any(&|_| true),
            HeaderWanted::Absent => !any(&|_| true),
            HeaderWanted::Equals(text) => any(&|value| value == text.as_bytes()),
            HeaderWanted::Regex { optional, .. } | HeaderWanted::NotRegex { optional, .. }
                if !any(&|_| true) =>
            {
                *optional
            }
            HeaderWanted::Regex { regex, .. } => any(&|value| regex.is_match(value)),
            HeaderWanted::NotRegex { regex, .. } => !any(&|value| regex.is_match(value)),
        };
        let by = match &rule.wanted {
            HeaderWanted::Regex { .. } | HeaderWanted::NotRegex { .. } => Some(By::Regex),
            HeaderWanted::Present | HeaderWanted::Absent | HeaderWanted::Equals(_) => None,
        };
        self.note(held, Reason::HeaderMismatch, by, || {
            let got: Vec<_> = values.iter().map(|value| quoted(value.as_bytes())).collect();
            let got = if got.is_empty() { "absent".into() } else { shortened(&got.join(", ")) };
            (format!("header {}", rule.name), rule.wanted.to_string(), got)
        });
    }

    /// What is expected of the body, and of the body as JSON.
    pub(super) async fn body(&mut self, expect: &Expect, body: &Bytes, deadline: Instant) {
        for rule in &expect.body {
            let held = match rule {
                BodyRule::Contains(text) => Ok(contains(body, text)),
                BodyRule::NotContains(text) => Ok(!contains(body, text)),
                BodyRule::Regex(regex) => matches(regex, body, deadline).await,
                BodyRule::NotRegex(regex) => {
                    matches(regex, body, deadline).await.map(|found| !found)
                }
            };
            let held = match held {
                Ok(held) => held,
                Err(why) => {
                    let what = format!("was searched for {rule}");
                    return self.unfinished(&what, why, Some(By::Regex));
                }
            };
            self.note(held, Reason::BodyMismatch, rule.is_regex().then_some(By::Regex), || {
                ("body".into(), rule.to_string(), quoted(body))
            });
        }
        if expect.json.is_empty() && expect.cel.is_empty() {
            return;
        }
        let parsed = parse(body, deadline).await;
        let root = match parsed {
            Ok(Ok(root)) => Arc::new(root),
            Ok(Err(unread)) => return self.no_json(expect, body, &unread),
            Err(why) => return self.unfinished("was read as JSON", why, None),
        };
        for rule in &expect.json {
            let (own, values, all) = (Arc::clone(rule), Arc::clone(&root), self.trace.is_on());
            let looked = aside(body.len(), deadline, move || look(&own, &values, all)).await;
            match looked {
                Ok((held, got)) => self.note(held, Reason::JsonMismatch, None, || {
                    (format!("json {}", rule.path.as_str()), rule.wanted.to_string(), got)
                }),
                Err(why) => {
                    let what = format!("was searched for {}", rule.path.as_str());
                    return self.unfinished(&what, why, None);
                }
            }
        }
        self.cel(&expect.cel, root, deadline).await;
    }

    fn no_json(&mut self, expect: &Expect, body: &[u8], unread: &Unread) {
        let by = expect.json.is_empty().then_some(By::Cel);
        self.note(false, unread.reason(), by, || {
            ("body".into(), "JSON".into(), format!("{} ({unread})", quoted(body)))
        });
    }

    async fn cel(&mut self, rules: &[cel::CelRule], root: Arc<Value>, deadline: Instant) {
        // Where the verdict is clear and nobody reads the rest, the work is saved.
        if rules.is_empty() || (self.broken.is_some() && !self.trace.is_on()) {
            return;
        }
        let verdicts = cel::evaluate(rules, root, deadline).await;
        for (rule, verdict) in rules.iter().zip(verdicts) {
            self.note(verdict == Ok(true), Reason::CelMismatch, Some(By::Cel), || {
                let got = verdict.map_or_else(|why| why, |held| held.to_string());
                (format!("cel {}", shortened(rule.as_str())), "true".into(), got)
            });
        }
    }

    /// How long each certificate stays valid. An answer without TLS has none that could be.
    pub(super) fn certificate(&mut self, wanted: PromDuration, facts: &[Fact], now: Timestamp) {
        let left = certificate::validity_left(facts, now);
        let held = left.is_some_and(|left| left >= wanted.0.as_secs_f64());
        self.note(held, Reason::TlsExpiresSoon, None, || {
            let got = left.map_or_else(
                || "no certificate".into(),
                |left| format!("valid for {:.1} days more", left / 86_400.0),
            );
            ("certificate validity".into(), format!("at least {wanted}"), got)
        });
    }

    /// How long the run has taken.
    pub(super) fn latency(&mut self, wanted: PromDuration, took: Duration) {
        self.note(took <= wanted.0, Reason::LatencyExceeded, None, || {
            let got = format!("{:.3} s", took.as_secs_f64());
            ("latency".into(), format!("at most {wanted}"), got)
        });
    }

    fn note(&mut self, held: bool, reason: Reason, by: Option<By>, words: impl FnOnce() -> Words) {
        let is_first = !held && self.broken.is_none();
        if !is_first && !self.trace.is_on() {
            return;
        }
        let (subject, wanted, got) = words();
        if is_first {
            let detail = format!("{subject}: wanted {wanted}, got {got}");
            self.broken = Some(Failure::new(reason, detail));
            self.by = by;
        }
        self.trace.expectation(|| Expectation { subject, wanted, got, held });
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    text.is_empty() || memchr::memmem::find(body, text.as_bytes()).is_some()
}

/// Whether values of a document are as wanted, and what they are, where they are not or `all` is to be told.
fn look(rule: &JsonRule, root: &Value, all: bool) -> (bool, String) {
    let found = rule.path.select(root);
    let each =
        |test: &dyn Fn(&Value) -> bool| !found.is_empty() && found.iter().all(|value| test(value));
    let number = |value: &Value, test: &dyn Fn(f64) -> bool| value.as_f64().is_some_and(test);
    let held = match &rule.wanted {
        JsonWanted::Equals(wanted) => each(&|value| same(value, wanted)),
        JsonWanted::Regex(regex) => each(&|value| match value {
            Value::String(text) => regex.is_match(text.as_bytes()),
            other => regex.is_match(other.to_string().as_bytes()),
        }),
        JsonWanted::Greater(limit) => each(&|value| number(value, &|number| number > *limit)),
        JsonWanted::Less(limit) => each(&|value| number(value, &|number| number < *limit)),
        JsonWanted::Exists(wanted) => found.is_empty() != *wanted,
    };
    if held && !all {
        return (held, String::new());
    }
    let got: Vec<_> = found.iter().take(8).map(|value| shortened(&value.to_string())).collect();
    (held, if got.is_empty() { "nothing".into() } else { shortened(&got.join(", ")) })
}

/// Whether a pattern is in a body: linear in its length, but some patterns take a microsecond for each byte.
async fn matches(regex: &Regex, body: &Bytes, deadline: Instant) -> Result<bool, Unfinished> {
    let (room, length) = (room_for_copy(body, deadline).await?, body.len());
    let (regex, body) = (regex.clone(), body.clone());
    let search = move || {
        let _room = room;
        regex.is_match(&body)
    };
    aside(length, deadline, search).await
}

async fn parse(body: &Bytes, deadline: Instant) -> Result<Result<Value, Unread>, Unfinished> {
    let (room, body) = (room_for_copy(body, deadline).await?, body.clone());
    let parse = move |body: &[u8]| {
        let _room = room;
        json::parse(body)
    };
    aside(body.len(), deadline, move || parse(&body)).await
}

/// What is no UTF-8 is copied, each stray byte as a character of three.
async fn room_for_copy(body: &[u8], deadline: Instant) -> Result<Room, Unfinished> {
    let mut room = Room::default();
    if str::from_utf8(body).is_err() {
        let full = |_| (Reason::LocalResources, "other bodies leave no room for a copy of it");
        room.grow(3 * body.len() as u64, deadline).await.map_err(full)?;
    }
    Ok(room)
}

/// Bodies up to this length are looked at where we are; the slowest pattern needs milliseconds for it.
const LOOKED_AT_HERE: usize = 64 * 1024;

/// Work on a body of that length, off the runtime where it may take long.
async fn aside<T: Send + 'static>(
    length: usize,
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unfinished> {
    if length <= LOOKED_AT_HERE {
        return Ok(work());
    }
    let done = offload::run(&offload::SEARCHES, deadline, work).await;
    done.map_err(|why| (Reason::DeadlineExceeded, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn judge(
        expect: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (Option<Failure>, Option<By>, Trace) {
        let expect: Expect = serde_json::from_str(expect).unwrap();
        let mut response = hyper::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let (head, ()) = response.body(()).unwrap().into_parts();
        let mut trace = Trace::on();
        let mut judge = Judge::new(&mut trace);
        judge.head(&expect, &head, None);
        let deadline = Instant::now() + Duration::from_secs(10);
        judge.body(&expect, &Bytes::copy_from_slice(body.as_bytes()), deadline).await;
        judge.connection(&expect, &head, false);
        let (verdict, by) = judge.verdict();
        (verdict.err(), by, trace)
    }

    #[tokio::test]
    async fn expectations() {
        const BODY: &str = r#"{"db":"up","n":3,"list":[{"ok":true,"v":1.0},{"ok":true,"v":2}]}"#;
        let headers = [("etag", "abc"), ("set-cookie", "a=1"), ("set-cookie", "b=2")];
        for (expect, broken) in [
            (r"{}", None),
            (r#"{"status":["4xx"]}"#, Some(Reason::HttpStatus)),
            (r#"{"version":["HTTP/1.1"]}"#, None),
            (r#"{"version":["HTTP/2","HTTP/1.0"]}"#, Some(Reason::HttpVersion)),
            (r#"{"headers":[{"name":"ETag","present":true}]}"#, None),
            (r#"{"headers":[{"name":"ETag","absent":true}]}"#, Some(Reason::HeaderMismatch)),
            (r#"{"headers":[{"name":"x","present":true}]}"#, Some(Reason::HeaderMismatch)),
            (r#"{"headers":[{"name":"x","present":false}]}"#, None),
            (r#"{"headers":[{"name":"set-cookie","equals":"b=2"}]}"#, None),
            (r#"{"headers":[{"name":"etag","equals":"ab"}]}"#, Some(Reason::HeaderMismatch)),
            (r#"{"headers":[{"name":"set-cookie","regex":"^b="}]}"#, None),
            (
                r#"{"headers":[{"name":"set-cookie","not_regex":"^b="}]}"#,
                Some(Reason::HeaderMismatch),
            ),
            (r#"{"headers":[{"name":"x","not_regex":"a"}]}"#, None),
            (
                r#"{"headers":[{"name":"x","not_regex":"a","optional":false}]}"#,
                Some(Reason::HeaderMismatch),
            ),
            (r#"{"headers":[{"name":"x","regex":"a"}]}"#, Some(Reason::HeaderMismatch)),
            (r#"{"headers":[{"name":"x","regex":"a","optional":true}]}"#, None),
            (
                r#"{"headers":[{"name":"etag","regex":"^x","optional":true}]}"#,
                Some(Reason::HeaderMismatch),
            ),
            (r#"{"tls":false}"#, None),
            (r#"{"tls":true}"#, Some(Reason::TlsMismatch)),
            (r#"{"cel":["body.db == 'up'","size(body.list) == 2"]}"#, None),
            (r#"{"cel":["body.db == 'up'","!(body.n == 3)"]}"#, Some(Reason::CelMismatch)),
            (r#"{"cel":["body.nothing == 3"]}"#, Some(Reason::CelMismatch)),
            (r#"{"cel":["body.db"]}"#, Some(Reason::CelMismatch)),
            (
                r#"{"body":[{"contains":"\"db\""},{"not_contains":"down"},{"regex":"n.:\\d"}]}"#,
                None,
            ),
            (r#"{"body":[{"contains":"down"}]}"#, Some(Reason::BodyMismatch)),
            (r#"{"body":[{"not_contains":"up"}]}"#, Some(Reason::BodyMismatch)),
            (r#"{"body":[{"not_regex":"u."}]}"#, Some(Reason::BodyMismatch)),
            (r#"{"json":[{"path":"$.db","equals":"up"},{"path":"$.n","equals":3.0}]}"#, None),
            (r#"{"json":[{"path":"$.db","equals":"down"}]}"#, Some(Reason::JsonMismatch)),
            (r#"{"json":[{"path":"$.nothing","equals":"up"}]}"#, Some(Reason::JsonMismatch)),
            (r#"{"json":[{"path":"$.list[*].ok","equals":true}]}"#, None),
            (r#"{"json":[{"path":"$.list[*].v","greater":1}]}"#, Some(Reason::JsonMismatch)),
            (r#"{"json":[{"path":"$.list[*].v","less":2.5},{"path":"$.n","greater":2}]}"#, None),
            (r#"{"json":[{"path":"$.db","greater":2}]}"#, Some(Reason::JsonMismatch)),
            (r#"{"json":[{"path":"$.list[?@.ok == false]","exists":false}]}"#, None),
            (r#"{"json":[{"path":"$.list","exists":false}]}"#, Some(Reason::JsonMismatch)),
            (r#"{"json":[{"path":"$.list[0]","equals":{"v":1,"ok":true}}]}"#, None),
            (r#"{"json":[{"path":"$.n","regex":"^3$"},{"path":"$.db","regex":"^up$"}]}"#, None),
        ] {
            let (failure, _, trace) = judge(expect, 200, &headers, BODY).await;
            assert_eq!(
                failure.as_ref().map(|failure| failure.reason),
                broken,
                "{expect}: {failure:?}"
            );
            assert_eq!(trace.expectations.iter().all(|one| one.held), broken.is_none(), "{expect}");
        }
    }

    /// blackbox_exporter's order: status, headers, body, CEL, version, TLS; what fails first keeps the later rules silent.
    #[tokio::test]
    async fn the_first_broken_rule_says_what_kind_it_is() {
        let all = |status: &str, header: &str, body: &str, cel: &str, tls: bool| {
            format!(
                r#"{{"status":[{status}],"headers":[{header}],"body":[{body}],"cel":[{cel}],"tls":{tls}}}"#
            )
        };
        let (header, body, cel) =
            (r#"{"name":"x","regex":"a"}"#, r#"{"regex":"b"}"#, r#""body.a""#);
        for (expect, by) in [
            (all("500", header, body, cel, true), None),
            (all("200", header, body, cel, true), Some(By::Regex)),
            (all("200", "", body, cel, true), Some(By::Regex)),
            (all("200", "", "", cel, true), Some(By::Cel)),
            (all("200", r#"{"name":"x","present":true}"#, body, cel, true), None),
            (all("200", "", r#"{"contains":"b"}"#, cel, true), None),
            (all("200", "", "", "", true), None),
            (all("200", "", "", "", false), None),
        ] {
            let (failure, got, _) = judge(&expect, 200, &[], "not JSON").await;
            assert_eq!(got, by, "{expect}: {failure:?}");
        }
    }

    #[tokio::test]
    async fn all_are_looked_at_and_the_first_broken_one_counts() {
        let expect =
            r#"{"body":[{"contains":"a"},{"contains":"b"}],"json":[{"path":"$","exists":true}]}"#;
        let (failure, _, trace) = judge(expect, 503, &[], "b").await;
        assert_eq!(failure.unwrap().reason, Reason::HttpStatus);
        let held: Vec<_> = trace.expectations.iter().map(|one| one.held).collect();
        assert_eq!(held, [false, false, true, false]);
        assert_eq!(trace.expectations[0].got, "503 Service Unavailable");
    }

    #[tokio::test]
    async fn what_is_shown_of_a_body_is_short_and_readable() {
        let (failure, ..) =
            judge(r#"{"body":[{"contains":"x"}]}"#, 200, &[], &"\u{1b}ü".repeat(5000)).await;
        let detail = failure.unwrap().detail;
        assert!(detail.len() < 1000 && !detail.contains('\u{1b}'), "{detail}");
    }
}
