//! What an HTTP run measures.

use super::{
    body::{Body, Decode},
    date,
};
use crate::{
    clock,
    model::{Desc, Fact},
    net::tls,
    probe::certificate,
};
use hyper::{Version, header::LAST_MODIFIED, http::response};

static STATUS: Desc =
    Desc::gauge("noroshi_http_status_code", "Status code of the final answer of the last run.");
static VERSION: Desc = Desc::gauge(
    "noroshi_http_version",
    "HTTP version of the final answer of the last run, such as 1.1 or 2.",
);
static REDIRECTS: Desc =
    Desc::gauge("noroshi_http_redirects", "Redirects that the last run was answered with.");
static CONTENT_LENGTH: Desc = Desc::gauge(
    "noroshi_http_content_length_bytes",
    "Length of the body as the final answer announced it; absent where it did not.",
);
static BODY: Desc = Desc::gauge(
    "noroshi_http_body_bytes",
    "Length of the body of the final answer as it came over the wire, compressed or not.",
);
static UNCOMPRESSED: Desc = Desc::gauge(
    "noroshi_http_uncompressed_body_bytes",
    "Length of the body of the final answer after decompression.",
);
static LAST_MODIFIED_AT: Desc = Desc::gauge(
    "noroshi_http_last_modified_timestamp_seconds",
    "The Last-Modified header of the final answer, as seconds since the epoch.",
);
static TLS: Desc = Desc::gauge(
    "noroshi_http_tls",
    "Whether the final answer came over TLS (1) or in plain text (0).",
);

static FAILED_RULE: Desc = Desc::gauge(
    "noroshi_http_failed_rule_info",
    "The first thing that failed the run was a rule by regular expression (`regex`) or by CEL (`cel`); always 1.",
)
.labels(&["by"])
.internal();

/// The kind of rule that failed a run first: what blackbox_exporter has two metrics for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Regex,
    Cel,
}

impl By {
    pub(super) fn fact(self) -> Fact {
        let word = match self {
            Self::Regex => "regex",
            Self::Cel => "cel",
        };
        Fact::labelled(&FAILED_RULE, [word], 1.0)
    }
}

/// Every family of an HTTP run.
pub(super) const FAMILIES: &[&Desc] = &[
    &STATUS,
    &VERSION,
    &REDIRECTS,
    &CONTENT_LENGTH,
    &BODY,
    &UNCOMPRESSED,
    &LAST_MODIFIED_AT,
    &TLS,
    &FAILED_RULE,
    &certificate::NOT_AFTER,
    &certificate::NOT_BEFORE,
    &certificate::CERTIFICATE,
    &certificate::VERIFIED,
    &certificate::INFO,
    &certificate::CHAIN_NOT_AFTER,
    &certificate::LEAF,
];

/// What a run has met so far; what a redirect met is replaced by what the next answer brings.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Answers that sent us elsewhere.
    pub redirects: u32,
    /// The handshake of the last connection.
    pub tls: Option<tls::Report>,
    /// Which codings of the body are undone.
    pub decode: Decode,
    /// Whether the last answer is the final one, whose body was read.
    pub is_final: bool,
    /// The body of the final answer.
    pub body: Body,
    head: Option<Head>,
}

#[derive(Debug)]
struct Head {
    status: u16,
    version: f64,
    last_modified: Option<f64>,
    content_length: Option<f64>,
}

impl Seen {
    /// Takes what an answer's head says.
    pub(super) fn note(&mut self, head: &response::Parts) {
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let modified = text(LAST_MODIFIED).and_then(date::parse);
        self.head = Some(Head {
            status: head.status.as_u16(),
            version: number(head.version),
            last_modified: modified.map(clock::epoch_seconds),
            content_length: text(hyper::header::CONTENT_LENGTH)
                .and_then(|text| text.parse().ok())
                .map(float),
        });
    }

    /// Forgets an answer that was not the final one.
    pub(super) fn left_behind(&mut self) {
        self.head = None;
    }

    /// Everything, as facts.
    pub(super) fn facts(&self, facts: &mut Vec<Fact>) {
        if let Some(report) = &self.tls {
            certificate::facts(report, facts);
        }
        facts.push(Fact::new(&REDIRECTS, self.redirects.into()));
        let Some(head) = &self.head else {
            return;
        };
        facts.push(Fact::new(&STATUS, head.status.into()));
        facts.push(Fact::new(&VERSION, head.version));
        facts.push(Fact::new(&TLS, f64::from(u8::from(self.tls.is_some()))));
        if self.is_final {
            facts.push(Fact::new(&BODY, float(self.body.wire)));
            facts.push(Fact::new(&UNCOMPRESSED, float(self.body.size)));
        }
        facts.extend(head.content_length.map(|length| Fact::new(&CONTENT_LENGTH, length)));
        facts.extend(head.last_modified.map(|at| Fact::new(&LAST_MODIFIED_AT, at)));
    }
}

fn number(version: Version) -> f64 {
    match version {
        Version::HTTP_10 => 1.0,
        Version::HTTP_2 => 2.0,
        Version::HTTP_3 => 3.0,
        _ => 1.1,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a length beyond 2^53 bytes is nobody's body")]
fn float(length: u64) -> f64 {
    length as f64
}
