use super::{Seen, page::Page};
use crate::model::{Desc, Phase};

static DURATION: Desc =
    Desc::gauge("probe_icmp_duration_seconds", "Duration of icmp request by phase")
        .labels(&["phase"]);
static HOP_LIMIT: Desc =
    Desc::gauge("probe_icmp_reply_hop_limit", "Replied packet hop limit (TTL for ipv4)");

/// The three phases are there from the start, at 0.
pub(super) fn rows(seen: &Seen<'_>, page: &mut Page<'_>) {
    let resolve = if seen.has_address() { seen.seconds(&[Phase::Dns]) } else { 0.0 };
    page.phase(&DURATION, "resolve", resolve);
    page.phase(&DURATION, "setup", seen.seconds(&[Phase::Connect]));
    page.phase(&DURATION, "rtt", seen.facts.value("noroshi_icmp_rtt_min_seconds").unwrap_or(0.0));
    if let Some(limit) = seen.facts.value("noroshi_icmp_reply_hop_limit") {
        page.add(&HOP_LIMIT, limit);
    }
}
