//! The whole file, and its sections but the one about TLS.

use std::collections::BTreeMap;

use super::{
    Found, RateLimit, WebConfig, go, tls, users,
    values::{boolean, duration, integer, map, section, words},
    yaml::{Key, Node},
};
use crate::model::Secret;

/// Headers that may be set, with the values that may be.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

/// The whole file; `None` or a mistake in `found` when it cannot be used.
pub(super) fn config(root: &Node, found: &mut Found) -> Option<WebConfig> {
    const KEYS: [&str; 4] =
        ["tls_server_config", "http_server_config", "rate_limit", "basic_auth_users"];
    let [tls, http, rate_limit, users] = section(Some(root), "the file", KEYS, found);
    let (http2, headers) = http_section(http, found);
    let tls = tls::section(tls, found);
    let rate_limit = rate_section(rate_limit, found);
    let users = user_section(users, found);
    found.mistakes.is_empty().then_some(WebConfig { tls, http2, headers, users, rate_limit })
}

fn http_section(node: Option<&Node>, found: &mut Found) -> (bool, Vec<(&'static str, String)>) {
    let [http2, headers] = section(node, "http_server_config", ["http2", "headers"], found);
    let http2 = http2.and_then(|node| boolean(node, found)).unwrap_or(true);
    let mut set = Vec::new();
    for (key, value) in headers.map(|node| map(node, found)).unwrap_or_default() {
        set.extend(header(key, value, found));
    }
    (http2, set)
}

fn header(key: &Key, value: &Node, found: &mut Found) -> Option<(&'static str, String)> {
    let text = words(value, found)?;
    let Some((name, values)) = HEADERS.iter().find(|(name, _)| *name == key.text) else {
        let names = HEADERS.map(|(name, _)| name).join(", ");
        let message = format!("the header {:?} cannot be set here; {names} can", key.text);
        found.mistakes.push(key.place.mistake(message));
        return None;
    };
    if !values.is_empty() && !values.contains(&text.as_str()) {
        let message = format!("{name} is {text:?}, and may only be {}", values.join(" or "));
        found.mistakes.push(value.place.mistake(message));
        return None;
    }
    // As Go writes them: a line's end becomes a space, and the outermost ones go.
    let text = text.replace(['\r', '\n'], " ").trim_matches([' ', '\t']).to_owned();
    if text.chars().any(|c| c.is_ascii_control() && c != '\t') {
        found.mistakes.push(value.place.mistake(format!("{name} holds a control character")));
        return None;
    }
    (!text.is_empty()).then_some((*name, text))
}

fn rate_section(node: Option<&Node>, found: &mut Found) -> Option<RateLimit> {
    let [interval, burst] = section(node, "rate_limit", ["interval", "burst"], found);
    let spec = interval.and_then(|node| duration(node, found));
    let burst_of = burst.and_then(|node| integer(node, found)).unwrap_or(0);
    let interval = go::positive(spec.unwrap_or_default())?;
    let place = burst.or(node).map(|node| node.place).unwrap_or_default();
    let burst = u32::try_from(burst_of.clamp(0, u32::MAX.into())).unwrap_or_default();
    if burst == 0 {
        found.warnings.push(place.mistake("burst is 0: every request will be answered 429"));
    }
    Some(RateLimit { interval, burst })
}

fn user_section(node: Option<&Node>, found: &mut Found) -> BTreeMap<String, Secret> {
    let mut users = BTreeMap::new();
    for (name, node) in node.map(|node| map(node, found)).unwrap_or_default() {
        let Some(hash) = words(node, found) else { continue };
        if let Some(why) = users::refused(&hash) {
            let message = format!("the password of {:?} is no bcrypt hash: {why}", name.text);
            found.mistakes.push(node.place.mistake(message));
        } else if !users::fits_some_password(&hash) {
            let message = format!("no password fits the hash of {:?}: it is damaged", name.text);
            found.warnings.push(node.place.mistake(message));
        }
        users.insert(name.text.clone(), Secret::new(hash));
    }
    users
}
