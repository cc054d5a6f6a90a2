use std::fmt::Write as _;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{super::go_server::refused, answer, request::Asked};
use crate::{
    compat::blackbox::families::{self, Shape},
    metrics::{Dialect, Encoder, Text},
    model::{Outcome, Reason},
    state::{Slot, View, Views},
};

/// `/probe?check=NAME`: the last scheduled result of a check, at once. `None` when the request names no check.
pub(in crate::api) fn cached(
    views: &Views,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Option<Response> {
    let asked = Asked::read(query);
    match asked.last_result() {
        Ok(true) => {}
        Ok(false) => return None,
        Err(refusal) => return Some(refused(refusal.status(), &refusal)),
    }
    let slots = views.load();
    let Some(slot) = slots.iter().find(|slot| slot.settings.id.as_str() == asked.check) else {
        let name: String = asked.check.chars().take(200).collect();
        return Some(refused(StatusCode::NOT_FOUND, &format_args!("Unknown check {name:?}")));
    };
    let view = slot.view();
    let Some(outcome) = view.last.as_deref() else {
        let why = "The check has not run yet";
        return Some(refused(StatusCode::SERVICE_UNAVAILABLE, &why));
    };
    if asked.debug {
        let plain = HeaderValue::from_static("text/plain");
        let text = told(slot, &view, outcome);
        return Some(([(header::CONTENT_TYPE, plain)], text).into_response());
    }
    Some(answer::families(headers, Shape::of_check(&slot.settings), outcome))
}

/// What is kept of a scheduled run; its steps are not.
fn told(slot: &Slot, view: &View, outcome: &Outcome) -> String {
    let mut text = String::from("Last result of the check:\n");
    // Writing into a String cannot fail.
    let mut row = |name: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{name}: {value}");
    };
    row("check", &slot.settings.id);
    row("kind", &slot.settings.kind);
    row("target", &slot.settings.target);
    row("state", &view.base.word());
    if let Some(at) = view.last_run {
        row("ended", &at);
    }
    row("reason", &outcome.reason.map_or("none", Reason::word));
    if !outcome.detail.is_empty() {
        row("detail", &outcome.detail);
    }
    for (phase, took) in outcome.phases.iter() {
        row("phase", &format_args!("{} {:.6} s", phase.word(), took.as_secs_f64()));
    }
    row("duration", &format_args!("{:.6} s", outcome.duration.as_secs_f64()));
    text.push_str("\n\n\nMetrics that would have been returned:\n");
    let mut metrics = Text::new(Dialect::Prometheus);
    families::write(Shape::of_check(&slot.settings), outcome, &mut metrics);
    text.push_str(&String::from_utf8_lossy(metrics.buffer()));
    text
}
