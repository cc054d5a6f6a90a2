use super::{
    Seen, certificate, flag,
    page::{Facts, Page},
};
use crate::model::{Desc, Outcome, Phase, Reason};

static DURATION: Desc = Desc::gauge(
    "probe_http_duration_seconds",
    "Duration of http request by phase, summed over all redirects",
)
.labels(&["phase"]);
static CONTENT_LENGTH: Desc =
    Desc::gauge("probe_http_content_length", "Length of http content response");
static UNCOMPRESSED: Desc =
    Desc::gauge("probe_http_uncompressed_body_length", "Length of uncompressed response body");
static REDIRECTS: Desc = Desc::gauge("probe_http_redirects", "The number of redirects");
static SSL: Desc =
    Desc::gauge("probe_http_ssl", "Indicates if SSL was used for the final redirect");
static STATUS: Desc = Desc::gauge("probe_http_status_code", "Response HTTP status code");
static VERSION: Desc =
    Desc::gauge("probe_http_version", "Returns the version of HTTP of the probe response");
static LAST_MODIFIED: Desc = Desc::gauge(
    "probe_http_last_modified_timestamp_seconds",
    "Returns the Last-Modified HTTP response header in unixtime",
);
pub(super) static FAILED_DUE_TO_REGEX: Desc =
    Desc::gauge("probe_failed_due_to_regex", "Indicates if probe failed due to regex");
static FAILED_DUE_TO_CEL: Desc = Desc::gauge(
    "probe_failed_due_to_cel",
    "Indicates if probe failed due to CEL expression not matching",
);

/// Of the body after decompression, where one was read.
const BODY_LENGTH: &str = "noroshi_http_uncompressed_body_bytes";

/// The rule that failed a run, by its sort.
const FAILED_RULE: &str = "noroshi_http_failed_rule_info";

pub(super) fn rows<'a>(seen: &Seen<'a>, has_cel: bool, page: &mut Page<'a>) {
    let facts = seen.facts;
    phases(seen, page);
    // Of an answer that leads nowhere Go's client tells nothing, but how often it was sent away.
    let answered = |family| facts.value(family).filter(|_| !leads_nowhere(seen.outcome));
    let of = |family| answered(family).unwrap_or_default();
    let status = of("noroshi_http_status_code");
    page.add(&STATUS, status);
    page.add(&CONTENT_LENGTH, content_length(seen, status));
    let redirects = facts.value("noroshi_http_redirects").unwrap_or_default();
    page.add(&REDIRECTS, redirects);
    // Of an answer from which a redirect was not followed Go's client has closed the body.
    let closed = redirects > 0.0 && [301.0, 302.0, 303.0, 307.0, 308.0].iter().any(is(status));
    let length = if closed { 0.0 } else { of(BODY_LENGTH) };
    page.add(&UNCOMPRESSED, length);
    page.add(&SSL, of("noroshi_http_tls"));
    page.add(&VERSION, of("noroshi_http_version"));
    page.add(&FAILED_DUE_TO_REGEX, flag(facts.has(FAILED_RULE, "by", "regex")));
    let failed_by_cel = facts.has(FAILED_RULE, "by", "cel");
    if has_cel || failed_by_cel {
        page.add(&FAILED_DUE_TO_CEL, flag(failed_by_cel));
    }
    if let Some(at) = answered("noroshi_http_last_modified_timestamp_seconds") {
        page.add(&LAST_MODIFIED, at);
    }
    certificate::rows(facts, page);
    certificate::chain(facts, page);
    certificate::cipher(facts, page);
}

/// Whether the last answer was a redirect that nobody can follow: its body is not read then.
pub(in crate::compat) fn leads_nowhere(outcome: &Outcome) -> bool {
    let has_body = Facts(&outcome.facts).value(BODY_LENGTH).is_some();
    outcome.reason == Some(Reason::HttpRedirect) && !has_body
}

/// Only `resolve` where no address was found, none where the target is not even a URL.
fn phases(seen: &Seen<'_>, page: &mut Page<'_>) {
    if seen.was_looked_up() {
        page.phase(&DURATION, "resolve", seen.seconds(&[Phase::Dns]));
    }
    if !seen.has_address() {
        return;
    }
    // A connection that never came to the request has no times there, nor has a request without an answer.
    let reached = |phase| seen.outcome.phases.of(phase).is_some();
    let times = |known, phases| if known { seen.seconds(phases) } else { 0.0 };
    let connected = reached(Phase::Send);
    let answered = reached(Phase::Receive);
    page.phase(&DURATION, "connect", times(connected, &[Phase::Connect]));
    page.phase(&DURATION, "tls", times(connected, &[Phase::Tls]));
    page.phase(&DURATION, "processing", times(answered, &[Phase::Send, Phase::Wait]));
    page.phase(&DURATION, "transfer", times(answered, &[Phase::Receive]));
}

/// As Go's client has it: -1 where the answer does not say, but 0 where no answer came or its status permits no body.
fn content_length(seen: &Seen<'_>, status: f64) -> f64 {
    if status < 200.0 || [204.0, 304.0].iter().any(is(status)) {
        return 0.0;
    }
    seen.facts.value("noroshi_http_content_length_bytes").unwrap_or(-1.0)
}

/// Whether a number is this status.
fn is(status: f64) -> impl Fn(&f64) -> bool {
    move |code| (status - code).abs() < 0.5
}
