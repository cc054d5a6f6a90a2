//! What a request says about its body and about the answer it wants.

use axum::http::{HeaderMap, StatusCode, header};

use super::refusal::Refusal;

const TYPE: &str = "application/json";

/// Whether a body of that type is read. Without the header Go takes it for bytes.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Err(unsupported("application/octet-stream"));
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let text = &*text;
    let media =
        media(text).map_err(|why| Refusal::unread("Content-Type header", &slashed(text), why))?;
    if !media.contains('/') {
        let why = format!("mediatype: malformed: \"{media}\" has no subtype");
        return Err(Refusal::unread("Content-Type header", &slashed(text), &why));
    }
    if media == TYPE { Ok(()) } else { Err(unsupported(&media)) }
}

fn unsupported(media: &str) -> Refusal {
    let message = format!("unsupported media type \"{media}\", only [{TYPE}] are allowed");
    Refusal::described(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

/// Quotes and backslashes inside of quotes.
fn slashed(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The type without its parameters, in lower case; the words are those of Go's `mime`.
fn media(text: &str) -> Result<String, &'static str> {
    let (media, parameters) = text.split_once(';').unwrap_or((text, ""));
    let media = media.trim();
    let (kind, rest) = token(media);
    if kind.is_empty() {
        return Err("mime: no media type");
    }
    if !rest.is_empty() {
        let rest = rest.strip_prefix('/').ok_or("mime: expected slash after first token")?;
        let (subtype, rest) = token(rest);
        if subtype.is_empty() {
            return Err("mime: expected token after slash");
        }
        if !rest.is_empty() {
            return Err("mime: unexpected content after media subtype");
        }
    }
    let mut names: Vec<String> = Vec::new();
    for parameter in parameters.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=').ok_or("mime: invalid media parameter")?;
        let (token, rest) = token(name.trim());
        if token.is_empty() || !rest.is_empty() || value.trim().is_empty() {
            return Err("mime: invalid media parameter");
        }
        let name = token.to_ascii_lowercase();
        if names.contains(&name) {
            return Err("mime: duplicate parameter name");
        }
        names.push(name);
    }
    Ok(media.to_ascii_lowercase())
}

/// The token of RFC 2045 that a text begins with, and what follows it.
fn token(text: &str) -> (&str, &str) {
    let foreign = |char: char| !char.is_ascii_graphic() || "()<>@,;:\\\"/[]?=".contains(char);
    text.split_at(text.find(foreign).unwrap_or(text.len()))
}

/// Whether the client takes JSON: Go asks it where there is something to tell.
pub(super) fn takes_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut asked =
        headers.get_all(header::ACCEPT).iter().filter(|value| !value.is_empty()).peekable();
    let takes = |range: &str| {
        let (media, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality =
            parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        let wanted =
            quality.is_none_or(|quality| quality.trim().parse().is_ok_and(|q: f64| q > 0.0));
        wanted && matches!(&*media.trim().to_ascii_lowercase(), "*/*" | "application/*" | TYPE)
    };
    if asked.peek().is_none()
        || asked.any(|value| String::from_utf8_lossy(value.as_bytes()).split(',').any(takes))
    {
        return Ok(());
    }
    let message = format!("unsupported media type requested, only [{TYPE}] are available");
    Err(Refusal::described(StatusCode::NOT_ACCEPTABLE, message))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// Each was asked of Alertmanager 0.33.1.
    #[test]
    fn types_are_read_as_go_reads_them() {
        for text in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;",
            " application/json ",
        ] {
            assert_eq!(media(text).as_deref(), Ok("application/json"), "{text}");
        }
        for (text, why) in [
            ("application/", "mime: expected token after slash"),
            (";;", "mime: no media type"),
            ("application/json; charset", "mime: invalid media parameter"),
            ("application/json, text/plain", "mime: unexpected content after media subtype"),
            ("application/json; a=b; a=c", "mime: duplicate parameter name"),
            ("application /json", "mime: expected slash after first token"),
            ("\"x\"", "mime: no media type"),
        ] {
            assert_eq!(media(text), Err(why), "{text}");
        }
    }

    #[test]
    fn answers_are_taken_as_the_client_says() {
        let takes = |accept: &'static str| {
            let value = HeaderValue::from_static(accept);
            takes_json(&HeaderMap::from_iter([(header::ACCEPT, value)])).is_ok()
        };
        assert!(takes_json(&HeaderMap::new()).is_ok());
        for accept in ["*/*", "application/json", "application/*", "text/plain, */*;q=0.1", ""] {
            assert!(takes(accept), "{accept}");
        }
        for accept in ["text/plain", "application/json;q=0", "garbage", "text/plain;q=x"] {
            assert!(!takes(accept), "{accept}");
        }
    }
}
