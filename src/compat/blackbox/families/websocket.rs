use super::{Seen, flag, page::Page, stream::UNMATCHED};
use crate::model::{Desc, Phase};

static DURATION: Desc =
    Desc::gauge("probe_websocket_duration_seconds", "Duration of websocket probe by phase")
        .labels(&["phase"]);
static STATUS: Desc = Desc::gauge("probe_websocket_status_code", "Response HTTP status code");
static UPGRADED: Desc = Desc::gauge(
    "probe_websocket_connection_upgraded",
    "Indicates if the websocket connection was successfully upgraded",
);
static FAILED_DUE_TO_REGEX: Desc =
    Desc::gauge("probe_websocket_failed_due_to_regex", "Indicates if probe failed due to regex");

pub(super) fn rows(seen: &Seen<'_>, page: &mut Page<'_>) {
    let of = |family| seen.facts.value(family).unwrap_or_default();
    page.phase(&DURATION, "resolve", seen.seconds(&[Phase::Dns]));
    page.phase(&DURATION, "connect", seen.seconds(&[Phase::Connect, Phase::Tls]));
    page.phase(&DURATION, "processing", seen.seconds(&[Phase::Send, Phase::Wait]));
    page.phase(&DURATION, "transfer", seen.seconds(&[Phase::Receive]));
    page.add(&STATUS, of("noroshi_websocket_status_code"));
    page.add(&UPGRADED, of("noroshi_websocket_upgraded"));
    page.add(&FAILED_DUE_TO_REGEX, flag(seen.facts.has(UNMATCHED, "by", "regex")));
}
