use super::{Seen, flag, page::Page};
use crate::model::{Desc, Phase};

static DURATION: Desc =
    Desc::gauge("probe_dns_duration_seconds", "Duration of DNS request by phase")
        .labels(&["phase"]);
static ANSWER: Desc = Desc::gauge(
    "probe_dns_answer_rrs",
    "Returns number of entries in the answer resource record list",
);
static AUTHORITY: Desc = Desc::gauge(
    "probe_dns_authority_rrs",
    "Returns number of entries in the authority resource record list",
);
static ADDITIONAL: Desc = Desc::gauge(
    "probe_dns_additional_rrs",
    "Returns number of entries in the additional resource record list",
);
static SUCCEEDED: Desc = Desc::gauge(
    "probe_dns_query_succeeded",
    "Displays whether or not the query was executed successfully",
);
static SERIAL: Desc = Desc::gauge("probe_dns_serial", "Returns the serial number of the zone");

/// Every family is there from the start, at 0; the serial number comes with the answer to a question for SOA.
pub(super) fn rows(seen: &Seen<'_>, asks_soa: bool, page: &mut Page<'_>) {
    let resolve = if seen.has_address() { seen.seconds(&[Phase::Dns]) } else { 0.0 };
    page.phase(&DURATION, "resolve", resolve);
    page.phase(&DURATION, "connect", seen.seconds(&[Phase::Connect, Phase::Tls]));
    let request = seen.seconds(&[Phase::Send, Phase::Wait, Phase::Receive]);
    page.phase(&DURATION, "request", request);
    let of = |family| seen.facts.value(family);
    let answered = of("noroshi_dns_rcode").is_some();
    page.add(&ANSWER, of("noroshi_dns_answer_records").unwrap_or_default());
    page.add(&AUTHORITY, of("noroshi_dns_authority_records").unwrap_or_default());
    page.add(&ADDITIONAL, of("noroshi_dns_additional_records").unwrap_or_default());
    page.add(&SUCCEEDED, flag(answered));
    if answered && asks_soa {
        page.add(&SERIAL, of("noroshi_dns_serial").unwrap_or_default());
    }
}
