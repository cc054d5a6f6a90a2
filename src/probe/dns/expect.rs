//! What an answer is to be, and whether it is.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    message::{Message, Record},
    question,
    rcode::Rcode,
    rdata,
    rules::Sections,
    words::QueryType,
};
use crate::{
    model::{Expectation, Failure, PromDuration, Reason, Trace},
    probe::Problem,
    re2::Regex,
};

/// What the answer is to be; everything that is set must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Response codes that pass, such as `NOERROR` or `NXDOMAIN`; only `NOERROR` by default.
    pub rcode: Vec<Rcode>,
    /// The data of the answer's records of the asked type; records of other types, such as the CNAME in front of an
    /// address, are not looked at. An entry is the data as `dig +short` prints it, such as `192.0.2.1` or `10
    /// mail.example.org.`, for TXT the content alone; case of names, leading zeros and the final dot do not matter. Or it
    /// is `{ regex = "..." }`, found anywhere in that text, names in lower case with their final dot.
    #[serde(skip_serializing_if = "Records::is_empty")]
    pub answer: Records,
    /// Patterns for whole records, of every type, section by section. They are matched against the text that
    /// blackbox_exporter matches: owner, TTL, class, type and data with TABs between them, names with their final dot and
    /// in the case in which they were sent, strings in quotes. A TAB is `\t` in a pattern: `'\tMX\t10 mail\.'`.
    #[serde(skip_serializing_if = "Sections::is_empty")]
    pub records: Sections,
    /// Bounds for the TTL of every record of the answer section.
    #[serde(skip_serializing_if = "Ttl::is_empty")]
    pub ttl: Ttl,
    /// How many records each section holds at least.
    #[serde(skip_serializing_if = "Counts::is_empty")]
    pub counts: Counts,
    /// Whether the answer is to be validated by DNSSEC: the AD bit, set by a validating resolver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticated: Option<bool>,
    /// Whether the answer is to be authoritative: the AA bit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authoritative: Option<bool>,
    /// How long every certificate of the chain is to be valid still. Needs `transport = "tls"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity: Option<PromDuration>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            rcode: vec![Rcode(0)],
            answer: Records::default(),
            records: Sections::default(),
            ttl: Ttl::default(),
            counts: Counts::default(),
            authenticated: None,
            authoritative: None,
            certificate_validity: None,
        }
    }
}

/// Which data the answer's records are to have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// At least one of these is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<Data>>,
    /// Each of these is there; others may be too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<Data>>,
    /// None of these is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none: Option<Vec<Data>>,
    /// Each of these is there and nothing else; an empty list means no record at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exactly: Option<Vec<Data>>,
}

impl Records {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn lists(&self) -> [(&'static str, Option<&[Data]>); 4] {
        [
            ("any", self.any.as_deref()),
            ("all", self.all.as_deref()),
            ("none", self.none.as_deref()),
            ("exactly", self.exactly.as_deref()),
        ]
    }
}

/// The data of one record: its text or a pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// The data itself; case of names, leading zeros and the final dot do not matter.
    Text(Box<str>),
    /// Found anywhere in the canonical text, where names are in lower case with their final dot.
    Pattern(Regex),
}

impl Data {
    fn is(&self, record_type: u16, text: &str) -> bool {
        match self {
            Self::Pattern(regex) => regex.is_match(text.as_bytes()),
            Self::Text(written) => {
                rdata::canonical(record_type, written).is_ok_and(|wanted| wanted == text)
            }
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Pattern(regex) => write!(f, "{regex:?}"),
        }
    }
}

/// `{ regex = ".." }`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pattern {
    /// A regular expression in RE2 syntax, unanchored.
    regex: Regex,
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Pattern(regex) => Pattern { regex: regex.clone() }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Data;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the data of a record as text, or { regex = \"...\" }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Data, E> {
                Ok(Data::Text(text.into()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Data, A::Error> {
                Pattern::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(|pattern| Data::Pattern(pattern.regex))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Data {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DnsData".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let pattern = generator.subschema_for::<Pattern>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, pattern] })
    }
}

/// Bounds for times to live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ttl {
    /// No record lives shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<PromDuration>,
    /// No record lives longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<PromDuration>,
}

impl Ttl {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn holds(self, ttl: Duration) -> bool {
        self.min.is_none_or(|min| ttl >= min.0) && self.max.is_none_or(|max| ttl <= max.0)
    }
}

/// Least numbers of records per section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Counts {
    /// In the answer section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<u16>,
    /// In the authority section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<u16>,
    /// In the additional section; the OPT record counts only with `edns = false`, where nobody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional: Option<u16>,
}

impl Counts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Expect {
    /// Mistakes that no single value shows.
    pub(super) fn problems(&self, asked: QueryType) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |path: String, message: String, hint: &str| {
            problems.push(Problem { path, message, hint: Some(hint.into()) });
        };
        if self.rcode.is_empty() {
            let message = "no response code passes".into();
            problem("expect.rcode".into(), message, "leave it out, or name one: `[\"NOERROR\"]`");
        }
        if let (Some(min), Some(max)) = (self.ttl.min, self.ttl.max)
            && min > max
        {
            let message = format!("`min` ({min}) is longer than `max` ({max})");
            problem("expect.ttl".into(), message, "no TTL can be within these bounds");
        }
        for (list, entries) in self.answer.lists() {
            let Some(entries) = entries else { continue };
            let path = format!("expect.answer.{list}");
            if entries.is_empty() && list != "exactly" {
                problem(
                    path,
                    "the list is empty".into(),
                    "leave it out, or use `exactly = []` for no record at all",
                );
                continue;
            }
            for (at, entry) in entries.iter().enumerate() {
                if let Data::Text(written) = entry
                    && asked != QueryType::ANY
                    && let Err(why) = rdata::canonical(asked.0, written)
                {
                    let message =
                        format!("`{written}` can never be the data of type {asked}: {why}");
                    problem(
                        format!("{path}[{at}]"),
                        message,
                        "write the data alone, as `dig +short` prints it",
                    );
                }
            }
        }
        problems.extend(self.records.problems());
        problems
    }

    /// Looks at every expectation; the first that does not hold is the failure.
    pub(super) fn judge(
        &self,
        message: &Message,
        asked: QueryType,
        counts_opt: bool,
        trace: &mut Trace,
    ) -> Result<(), Failure> {
        let mut judge = Judge { trace, failure: None };
        let rcode = Rcode(message.rcode);
        let codes = self.rcode.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        judge.look(self.rcode.contains(&rcode), Reason::DnsRcode, "response code", &codes, || {
            rcode.to_string()
        });
        self.judge_flags(message, &mut judge);
        self.judge_counts(message, counts_opt, &mut judge);
        self.judge_ttl(message, &mut judge);
        if !self.answer.is_empty() {
            let records = message.answers.iter().filter(|one| question::is_asked(asked, one.kind));
            let found: Vec<Found> = records.map(Found::of).collect();
            self.answer.judge(&found, &mut judge);
        }
        self.records.judge(message, counts_opt, &mut judge);
        judge.failure.map_or(Ok(()), Err)
    }

    fn judge_flags(&self, message: &Message, judge: &mut Judge<'_>) {
        let word = |set: bool| if set { "set" } else { "not set" };
        if let Some(wanted) = self.authenticated {
            let (got, reason) = (message.is_authenticated(), Reason::DnsNotAuthenticated);
            judge.look(got == wanted, reason, "AD bit", word(wanted), || word(got).into());
        }
        if let Some(wanted) = self.authoritative {
            let (got, reason) = (message.is_authoritative(), Reason::DnsNotAuthoritative);
            judge.look(got == wanted, reason, "AA bit", word(wanted), || word(got).into());
        }
    }

    fn judge_counts(&self, message: &Message, counts_opt: bool, judge: &mut Judge<'_>) {
        for (subject, least, got) in [
            ("answer records", self.counts.answer, message.answers.len()),
            ("authority records", self.counts.authority, message.authorities.len()),
            ("additional records", self.counts.additional, message.additional_count(counts_opt)),
        ] {
            if let Some(least) = least {
                let held = got >= usize::from(least);
                let wanted = format!("at least {least}");
                judge.look(held, Reason::DnsCount, subject, &wanted, || got.to_string());
            }
        }
    }

    fn judge_ttl(&self, message: &Message, judge: &mut Judge<'_>) {
        let wanted = match (self.ttl.min, self.ttl.max) {
            (None, None) => return,
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (Some(min), Some(max)) => format!("{min} to {max}"),
        };
        let ttls = message.answers.iter().map(|record| Duration::from_secs(record.ttl.into()));
        let broken = ttls.clone().find(|ttl| !self.ttl.holds(*ttl));
        judge.look(broken.is_none(), Reason::DnsTtl, "TTL", &wanted, || {
            broken
                .or_else(|| ttls.clone().min())
                .map_or("no record".into(), |ttl| PromDuration(ttl).to_string())
        });
    }
}

/// A record of the answer as it is compared.
struct Found {
    record_type: u16,
    text: String,
}

impl Found {
    fn of(record: &Record) -> Self {
        let record_type = record.kind;
        Self { record_type, text: rdata::text(record_type, &record.data) }
    }

    fn is(&self, wanted: &Data) -> bool {
        wanted.is(self.record_type, &self.text)
    }
}

impl Records {
    fn judge(&self, found: &[Found], judge: &mut Judge<'_>) {
        let is_there = |wanted: &Data| found.iter().any(|record| record.is(wanted));
        for (list, entries) in self.lists() {
            let Some(entries) = entries else { continue };
            let held = match list {
                "any" => entries.iter().any(is_there),
                "none" => !entries.iter().any(is_there),
                "all" => entries.iter().all(is_there),
                _ => {
                    let is_wanted = |record: &Found| entries.iter().any(|one| record.is(one));
                    entries.iter().all(is_there) && found.iter().all(is_wanted)
                }
            };
            let wanted = format!("{list} of {}", listed(entries.iter()));
            let got = || listed(found.iter().map(|record| &record.text));
            judge.look(held, Reason::DnsAnswerMismatch, "answer", &wanted, got);
        }
    }
}

/// The most records a message for people names.
const LISTED: usize = 8;

pub(super) fn listed<T: fmt::Display>(items: impl ExactSizeIterator<Item = T>) -> String {
    let more = items.len().saturating_sub(LISTED);
    let mut shown: Vec<String> = items.take(LISTED).map(|item| format!("`{item}`")).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    if shown.is_empty() { "no record".into() } else { shown.join(", ") }
}

/// Notes expectations and keeps the first that did not hold.
pub(super) struct Judge<'a> {
    trace: &'a mut Trace,
    failure: Option<Failure>,
}

impl Judge<'_> {
    pub(super) fn look(
        &mut self,
        held: bool,
        reason: Reason,
        subject: &str,
        wanted: &str,
        got: impl Fn() -> String,
    ) {
        self.trace.expectation(|| Expectation {
            subject: subject.into(),
            wanted: wanted.into(),
            got: got(),
            held,
        });
        if !held && self.failure.is_none() {
            let detail = format!("{subject}: wanted {wanted}, got {}", got());
            self.failure = Some(Failure::new(reason, detail));
        }
    }
}
