use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{
    answer::{self, refused},
    request::Asked,
};
use crate::{compat::blackbox::families::Shape, state::Views};

/// `/probe?check=NAME`: the last scheduled result of a check, at once. `None` when the request names no check.
pub(in crate::api) fn cached(
    views: &Views,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Option<Response> {
    let asked = Asked::read(query);
    if asked.check.is_empty() {
        return None;
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
    Some(answer::families(headers, Shape::of_check(&slot.settings), outcome))
}
