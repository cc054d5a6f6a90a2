//! `toJson`: Go's `json.Marshal`.

use std::fmt::{self, Write};

use gotmpl::{TemplateError, Value};

use super::{
    render::{Bounded, VALUE, error},
    show::digits,
    value::{Go, Struct, entries, is_unseen},
};

pub(super) fn json(value: &Value) -> Result<String, TemplateError> {
    let mut out = Bounded::new(VALUE);
    match write(&mut out, value) {
        Err(Refused::Number) => Err(error("json: unsupported value")),
        Err(Refused::Function) => Err(error("json: unsupported type")),
        Ok(()) | Err(Refused::Full) => out.finish(),
    }
}

enum Refused {
    Full,
    Number,
    Function,
}

impl From<fmt::Error> for Refused {
    fn from(_: fmt::Error) -> Self {
        Self::Full
    }
}

fn write(out: &mut impl Write, value: &Value) -> Result<(), Refused> {
    match Go::of(value) {
        Go::Plain(Value::Nil) => out.write_str("null")?,
        Go::Plain(Value::Float(number)) if !number.is_finite() => return Err(Refused::Number),
        Go::Plain(Value::Float(number)) => out.write_str(&number_of(*number))?,
        Go::Plain(Value::String(text)) => string(out, text)?,
        Go::Plain(Value::List(items)) => list(out, items)?,
        Go::Plain(Value::Map(map)) => object(out, map.iter().map(|(key, value)| (&**key, value)))?,
        Go::Plain(Value::Function(_)) => return Err(Refused::Function),
        Go::Plain(plain) => write!(out, "{plain}")?,
        Go::Markup(text) => string(out, text)?,
        Go::Kv(map) => object(out, entries(map).map(|(name, value)| (&**name, value)))?,
        Go::Struct(kind, map) => {
            let fields = kind.fields().iter().filter_map(|field| Some((*field, map.get(*field)?)));
            object(
                out,
                fields.filter_map(|(field, value)| Some((key(kind, field, value)?, value))),
            )?;
        }
        Go::Pairs(pairs) => list(out, pairs)?,
        Go::Moment(moment) => string(out, &moment.format("2006-01-02T15:04:05.999999999Z07:00"))?,
        Go::Span(span) => write!(out, "{}", span.0)?,
        Go::Month(number) | Go::Weekday(number) => write!(out, "{number}")?,
        Go::Zone(_) => out.write_str("{}")?,
    }
    Ok(())
}

/// The key of a field; `None` for what 0.33 would not show.
fn key(kind: Struct, field: &'static str, value: &Value) -> Option<&'static str> {
    if kind == Struct::Pair {
        return Some(field);
    }
    if is_unseen(field, value) {
        return None;
    }
    Some(match field {
        "Receiver" => "receiver",
        "Status" => "status",
        "Alerts" => "alerts",
        "NotificationReason" => "notification_reason",
        "GroupLabels" => "groupLabels",
        "CommonLabels" => "commonLabels",
        "CommonAnnotations" => "commonAnnotations",
        "RouteLabels" => "routeLabels",
        "ExternalURL" => "externalURL",
        "HeldBack" => "heldBack",
        "Labels" => "labels",
        "Annotations" => "annotations",
        "StartsAt" => "startsAt",
        "EndsAt" => "endsAt",
        "GeneratorURL" => "generatorURL",
        "Fingerprint" => "fingerprint",
        other => other,
    })
}

fn list(out: &mut impl Write, items: &[Value]) -> Result<(), Refused> {
    out.write_char('[')?;
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.write_char(',')?;
        }
        write(out, item)?;
    }
    Ok(out.write_char(']')?)
}

fn object<'v>(
    out: &mut impl Write,
    pairs: impl Iterator<Item = (&'v str, &'v Value)>,
) -> Result<(), Refused> {
    out.write_char('{')?;
    for (at, (key, value)) in pairs.enumerate() {
        if at > 0 {
            out.write_char(',')?;
        }
        string(out, key)?;
        out.write_char(':')?;
        write(out, value)?;
    }
    Ok(out.write_char('}')?)
}

/// Go escapes what HTML or JavaScript could take for its own.
fn string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                write!(out, "\\u{:04x}", u32::from(char))?;
            }
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

/// An exponent below 1e-6 and from 1e21, and of `e-09` no zero.
fn number_of(number: f64) -> String {
    digits(number, -6..21).replace("e-0", "e-")
}
