//! `tcp` and `unix`: a connection and what was said over it.

use std::collections::BTreeMap;

use super::{
    Seen, certificate, flag,
    http::FAILED_DUE_TO_REGEX,
    page::{Labels, Page, text},
};
use crate::model::Desc;

static FAILED_DUE_TO_BYTES: Desc =
    Desc::gauge("probe_failed_due_to_bytes", "Indicates if probe failed due to bytes");
static EXPECT_INFO: Desc = Desc::gauge("probe_expect_info", "Explicit content matched");

/// The step of a dialogue that did not come as expected, by the sort of its expectation.
pub(super) const UNMATCHED: &str = "noroshi_dialogue_unmatched_info";

pub(super) fn rows<'a>(seen: &Seen<'a>, page: &mut Page<'a>) {
    // blackbox_exporter has these two only once there is a connection to talk over.
    if seen.passed || seen.facts.value(steps_completed(seen)).is_some() {
        page.add(&FAILED_DUE_TO_REGEX, flag(seen.facts.has(UNMATCHED, "by", "regex")));
        page.add(&FAILED_DUE_TO_BYTES, flag(seen.facts.has(UNMATCHED, "by", "bytes")));
    }
    certificate::rows(seen.facts, page);
    certificate::chain(seen.facts, page);
    expected(seen, page);
}

/// Each kind with a dialogue counts its steps in a family of its own.
fn steps_completed<'a>(seen: &Seen<'a>) -> &'a str {
    let found = seen.facts.0.iter().find(|fact| fact.desc.name.ends_with("_steps_completed"));
    found.map_or("", |fact| fact.desc.name)
}

/// One series for each step that has labels; blackbox_exporter crashes on the second.
fn expected<'a>(seen: &Seen<'a>, page: &mut Page<'a>) {
    let mut steps: BTreeMap<u32, Labels<'a>> = BTreeMap::new();
    for fact in seen.facts.all("noroshi_dialogue_label_info") {
        let step = text(fact, "step").and_then(|step| step.parse().ok()).unwrap_or_default();
        let (Some(name), Some(value)) = (text(fact, "name"), text(fact, "value")) else { continue };
        let labels = steps.entry(step).or_default();
        if labels.iter().all(|(known, _)| *known != name) {
            labels.push((name, value));
        }
    }
    for mut labels in steps.into_values() {
        labels.sort_unstable();
        page.labelled(&EXPECT_INFO, labels, 1.0);
    }
}
