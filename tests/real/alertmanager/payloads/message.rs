//! A message as its peer got it, taken apart into fields that are compared by name.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

/// The name of what goes to Slack's own API.
pub(super) const SLACK_API: &str = "slack-api";

/// What differs from run to run (ports, dates, boundaries) is replaced by its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message {
    /// The integration: the first part of its path or of its address.
    pub(super) name: String,
    /// `request`, `header NAME`, `body`, and of JSON each value by its pointer; of a letter its parts by their type.
    pub(super) fields: BTreeMap<String, String>,
}

impl Message {
    pub(super) fn of_web(
        name: String,
        request: String,
        headers: BTreeMap<String, String>,
        body: &[u8],
    ) -> Self {
        let mut fields = BTreeMap::from([("request".to_owned(), request)]);
        for (name, value) in headers {
            // It follows from the body.
            if name != "content-length" {
                fields.insert(format!("header {name}"), value);
            }
        }
        let body = String::from_utf8(body.to_vec()).unwrap();
        let is_telegram = name.starts_with("telegram");
        if let Ok(value) = serde_json::from_str::<Value>(&body) {
            leaves("body ", &value, is_telegram, &mut fields);
        }
        // These two read values by their names; whatever else listens may know the text alone.
        if !is_telegram && name != SLACK_API {
            fields.insert("body".into(), body);
        }
        Self { name, fields }
    }

    /// A letter whose lines came by SMTP, and the dialogue before it.
    pub(super) fn of_mail(envelope: &str, mail: &str) -> Self {
        let mail = mail.strip_suffix(".\r\n").unwrap().replace("\r\n.", "\r\n");
        let (headers, body) = entity(&mail);
        let mut fields = BTreeMap::from([("request".to_owned(), envelope.to_owned())]);
        let kind = headers.get("content-type").cloned().unwrap_or_default();
        match kind.split_once("boundary=") {
            Some((_, boundary)) => {
                let boundary = boundary.split(';').next().unwrap().trim_matches('"');
                parts(boundary, body, &mut fields);
                let kind = kind.replace(boundary, "BOUNDARY").replace(['"', ' '], "");
                fields.insert("header content-type".into(), kind);
            }
            None => drop(fields.insert("part".into(), decoded(&headers, body))),
        }
        for (name, value) in headers {
            let value = match &*name {
                "date" | "message-id" => shape(&value),
                "content-type" => continue,
                _ => words(&value),
            };
            fields.insert(format!("header {name}"), value);
        }
        let to = envelope.split_once("RCPT TO:<").map_or("", |(_, to)| to);
        let name = to.split('@').next().unwrap_or_default().to_owned();
        Self { name, fields }
    }

    pub(super) fn mask(&mut self, found: &str, name: &str) {
        for text in self.fields.values_mut() {
            *text = text.replace(found, name);
        }
    }
}

/// Each value by its place; `bare` without the quotes of strings: Telegram takes numbers as such and as strings, and theirs
/// sends strings only.
fn leaves(at: &str, value: &Value, bare: bool, fields: &mut BTreeMap<String, String>) {
    let mut below = |key: &str, value| leaves(&format!("{at}/{key}"), value, bare, fields);
    match value {
        Value::Object(object) if !object.is_empty() => {
            object.iter().for_each(|(key, value)| below(key, value));
        }
        Value::Array(array) if !array.is_empty() => {
            array.iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value));
        }
        Value::String(text) if bare => drop(fields.insert(at.to_owned(), text.clone())),
        _ => drop(fields.insert(at.to_owned(), value.to_string())),
    }
}

/// The parts in their order, each decoded, and what it says of itself.
fn parts(boundary: &str, body: &str, fields: &mut BTreeMap<String, String>) {
    let mut order = Vec::new();
    for part in body.split(&format!("--{boundary}")).skip(1) {
        if part.starts_with("--") {
            break;
        }
        let (headers, body) = entity(part.trim_start_matches("\r\n"));
        let kind = headers.get("content-type").cloned().unwrap_or_default().to_ascii_lowercase();
        let text = decoded(&headers, body.strip_suffix("\r\n").unwrap_or(body));
        fields.insert(format!("part {}", kind.split(';').next().unwrap()), text);
        order.push(kind.replace(['"', ' '], ""));
    }
    fields.insert("parts".into(), order.join(", "));
}

fn entity(text: &str) -> (BTreeMap<String, String>, &str) {
    let (head, body) = text.split_once("\r\n\r\n").expect("headers and a body");
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    (headers.collect(), body)
}

/// A part's text, whatever its encoding, with lines that end as in a template.
fn decoded(headers: &BTreeMap<String, String>, body: &str) -> String {
    let text = match headers.get("content-transfer-encoding").map(String::as_str) {
        Some("quoted-printable") => quoted(body, false),
        Some("base64") => {
            String::from_utf8(BASE64_STANDARD.decode(body.replace("\r\n", "")).unwrap()).unwrap()
        }
        _ => body.to_owned(),
    };
    text.replace("\r\n", "\n")
}

/// A header with its encoded words (RFC 2047) read.
fn words(value: &str) -> String {
    let (mut text, mut rest) = (String::new(), value);
    while let Some((before, word)) = rest.split_once("=?") {
        let mut pieces = word.splitn(4, '?');
        let (Some(_), Some(kind), Some(told), Some(after)) =
            (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            break;
        };
        // Space between two encoded words is not part of either.
        if !before.trim().is_empty() || text.is_empty() {
            text.push_str(before);
        }
        text.push_str(&match kind {
            "b" | "B" => String::from_utf8(BASE64_STANDARD.decode(told).unwrap()).unwrap(),
            _ => quoted(told, true),
        });
        rest = after.strip_prefix('=').unwrap();
    }
    text + rest
}

/// Quoted-printable; in a header `_` is a space.
fn quoted(text: &str, in_header: bool) -> String {
    let text = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'=' => {
                let digits = std::str::from_utf8(&rest[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            }
            b'_' if in_header => bytes.push(b' '),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// What a value looks like: letters and digits replaced by one of their kind.
fn shape(value: &str) -> String {
    let mut shape = String::new();
    for char in value.chars() {
        let kind = match char {
            'a'..='z' | 'A'..='Z' => 'a',
            '0'..='9' => '0',
            other => other,
        };
        if !shape.ends_with(kind) {
            shape.push(kind);
        }
    }
    shape
}
