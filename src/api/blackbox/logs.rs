use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{super::go_server::refused, Blackbox, request::pairs};

/// `/logs?id=N` or `?target=T[&module=M]`: the story of a probe that is kept; by target the newest.
pub(in crate::api) fn logs(blackbox: &Blackbox, query: Option<&str>) -> Response {
    let value = |name: &str| {
        let found = pairs(query).find(|(own, _)| own == name);
        found.map(|(_, value)| value).unwrap_or_default()
    };
    // What is no number is as good as absent.
    let id: Option<i64> = value("id").parse().ok();
    let (target, module) = (value("target"), value("module"));
    let bad = |why: &str| refused(StatusCode::BAD_REQUEST, &why);
    let found = match (id, &*target) {
        (Some(_), target) if !target.is_empty() => {
            return bad("Probe id and target can't be defined at the same time");
        }
        (None | Some(-1), "") => {
            return bad("Probe id or target must be defined as http query parameters");
        }
        (_, "") if !module.is_empty() => {
            return bad("Probe module filter only works in conjunction with target parameter");
        }
        (Some(id), _) => blackbox.history.by_id(id).ok_or("Probe id not found"),
        (None, target) => blackbox.history.newest(target, &module).ok_or("Probe target not found"),
    };
    match found {
        Ok(entry) => {
            let text = entry.debug(blackbox.options.format);
            ([(header::CONTENT_TYPE, "text/plain")], text).into_response()
        }
        Err(why) => refused(StatusCode::NOT_FOUND, &why),
    }
}
