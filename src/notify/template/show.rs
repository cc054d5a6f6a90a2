//! How values are printed: Go's `%v`.

use std::fmt::{self, Write};

use gotmpl::{TemplateError, Value};

use super::{
    render::{Bounded, VALUE},
    time::{MONTHS, WEEKDAYS, named},
    value::{Go, Map, is_unseen, sorted},
};

/// As an action prints it.
pub(super) fn shown(value: &Value) -> Result<String, TemplateError> {
    match value {
        Value::Nil => Ok("<no value>".to_owned()),
        other => plain(other),
    }
}

/// As `print` prints it.
pub(super) fn plain(value: &Value) -> Result<String, TemplateError> {
    let mut out = Bounded::new(VALUE);
    // What does not fit is an error of `finish`.
    let _ = write(&mut out, value);
    out.finish()
}

pub(super) fn write(out: &mut impl Write, value: &Value) -> fmt::Result {
    match Go::of(value) {
        Go::Plain(Value::Float(number)) => out.write_str(&float(*number)),
        Go::Plain(Value::List(items)) => {
            out.write_char('[')?;
            between(out, items.iter(), " ", |out, item| write(out, item))?;
            out.write_char(']')
        }
        Go::Plain(Value::Map(map)) => {
            out.write_str("map[")?;
            between(out, map.iter(), " ", |out, (key, value)| {
                write!(out, "{key}:")?;
                write(out, value)
            })?;
            out.write_char(']')
        }
        Go::Plain(plain) => write!(out, "{plain}"),
        Go::Markup(text) => out.write_str(text),
        Go::Kv(map) => {
            between(out, sorted(map), ", ", |out, (name, value)| write!(out, "{name}={value}"))
        }
        Go::Pairs(pairs) => between(out, pairs.iter(), ", ", |out, pair| match Go::of(pair) {
            Go::Struct(_, fields) => write!(out, "{}={}", of(fields, "Name"), of(fields, "Value")),
            _ => Ok(()),
        }),
        Go::Struct(kind, map) => {
            let fields = kind.fields().iter();
            let fields =
                fields.filter(|name| !map.get(**name).is_some_and(|value| is_unseen(name, value)));
            out.write_char('{')?;
            between(out, fields, " ", |out, name| match map.get(*name) {
                Some(value) => write(out, value),
                None => Ok(()),
            })?;
            out.write_char('}')
        }
        Go::Moment(moment) => out.write_str(&moment.to_string()),
        Go::Span(span) => write!(out, "{span}"),
        Go::Month(month) => out.write_str(named(&MONTHS, month - 1)),
        Go::Weekday(weekday) => out.write_str(named(&WEEKDAYS, weekday)),
        Go::Zone(zone) => out.write_str(zone.name()),
    }
}

fn between<W: Write, I>(
    out: &mut W,
    items: impl Iterator<Item = I>,
    separator: &str,
    mut write: impl FnMut(&mut W, I) -> fmt::Result,
) -> fmt::Result {
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.write_str(separator)?;
        }
        write(out, item)?;
    }
    Ok(())
}

fn of<'m>(map: &'m Map, name: &str) -> &'m str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The shortest digits; with an exponent below 1e-4 and from 1e6, as Go's `%v`.
pub(super) fn float(number: f64) -> String {
    digits(number, -4..6)
}

/// The shortest digits; with an exponent where that is outside of a range.
pub(super) fn digits(number: f64, plain: std::ops::Range<i32>) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || plain.contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
