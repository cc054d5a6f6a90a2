//! Fields and methods: what `.Alerts.Firing` and `.StartsAt.Format "15:04"` mean.

use gotmpl::{TemplateError, Value};

use super::{
    functions::{integer, string},
    render::{error, error_of_data},
    show::plain,
    time::{Moment, SECOND, Span, Zone},
    value::{
        Go, Map, Struct, entries, int, kv, moment, month, pairs, sorted, span, text, weekday, zone,
    },
};

type Found = Result<Value, TemplateError>;

/// Follows a chain of names from a value. Arguments go to the last of them, which must then be a method.
pub(super) fn follow(base: &Value, chain: &str, args: &[Value]) -> Found {
    let mut value = base.clone();
    let mut names = chain.split('.').peekable();
    let mut missing = false;
    while let Some(name) = names.next() {
        let args = if names.peek().is_none() { args } else { &[] };
        if missing && matches!(value, Value::Nil) {
            return Err(error_of_data(format!("nil pointer evaluating interface {{}}.{name}")));
        }
        missing = matches!(Go::of(&value), Go::Plain(Value::Map(_)));
        value = member(&value, name, args)?;
    }
    Ok(value)
}

/// A method, or else a field or a key: in this order, as in Go.
fn member(receiver: &Value, name: &str, args: &[Value]) -> Found {
    let go = Go::of(receiver);
    if let Some(result) = method(&go, receiver, name, args) {
        return result;
    }
    let no_args =
        |what: &str| if args.is_empty() { Ok(()) } else { Err(error(format!("{name} {what}"))) };
    match go {
        Go::Plain(Value::Nil) => Ok(Value::Nil),
        Go::Kv(map) => {
            no_args("is not a method but has arguments")?;
            Ok(entries(map)
                .find(|(own, _)| &***own == name)
                .map_or_else(|| text(""), |(_, value)| value.clone()))
        }
        Go::Plain(Value::Map(map)) => {
            no_args("is not a method but has arguments")?;
            Ok(map.get(name).cloned().unwrap_or(Value::Nil))
        }
        Go::Struct(kind, map) if kind.fields().contains(&name) => {
            no_args("has arguments but cannot be invoked as function")?;
            Ok(map.get(name).cloned().unwrap_or(Value::Nil))
        }
        other => Err(error(format!("can't evaluate field {name} in type {}", other.type_name()))),
    }
}

/// `None` where there is no such method.
fn method(go: &Go<'_>, receiver: &Value, name: &str, args: &[Value]) -> Option<Found> {
    match go {
        Go::Kv(map) => kv_method(map, receiver, name, args),
        Go::Pairs(items) => match name {
            "Names" => Some(none(name, args).map(|()| parts(items, "Name"))),
            "Values" => Some(none(name, args).map(|()| parts(items, "Value"))),
            "String" => {
                Some(none(name, args).and_then(|()| plain(receiver)).map(|shown| text(&shown)))
            }
            _ => None,
        },
        Go::Plain(Value::List(items)) => list_method(items, name, args),
        Go::Moment(own) => moment_method(own, name, args),
        Go::Span(own) => span_method(*own, name, args),
        Go::Month(_) | Go::Weekday(_) | Go::Zone(_) if name == "String" => {
            Some(none(name, args).and_then(|()| plain(receiver)).map(|shown| text(&shown)))
        }
        _ => None,
    }
}

fn kv_method(map: &Map, receiver: &Value, name: &str, args: &[Value]) -> Option<Found> {
    let names = || sorted(map).map(|(name, _)| text(name)).collect::<Vec<_>>();
    Some(match name {
        "SortedPairs" => none(name, args).map(|()| {
            pairs(
                sorted(map)
                    .map(|(name, value)| Struct::Pair.value([text(name), value.clone()]))
                    .collect(),
            )
        }),
        "Names" => none(name, args).map(|()| Value::List(names().into())),
        "Values" => none(name, args)
            .map(|()| Value::List(sorted(map).map(|(_, value)| value.clone()).collect())),
        "String" => none(name, args).and_then(|()| plain(receiver)).map(|shown| text(&shown)),
        "Remove" => one(name, args).and_then(|unwanted| {
            let Go::Plain(Value::List(unwanted)) = Go::of(unwanted) else {
                return Err(wrong("[]string", unwanted));
            };
            let unwanted = unwanted.iter().map(string).collect::<Result<Vec<_>, _>>()?;
            let kept = entries(map).filter(|(name, _)| !unwanted.contains(&&***name));
            Ok(kv(kept.map(|(name, value)| (name.clone(), value.clone()))))
        }),
        _ => return None,
    })
}

fn parts(pairs: &[Value], part: &str) -> Value {
    let parts = pairs.iter().filter_map(|pair| match Go::of(pair) {
        Go::Struct(_, fields) => fields.get(part).cloned(),
        _ => None,
    });
    Value::List(parts.collect())
}

/// `template.Alerts` and, of 0.34, `template.Strings`. What is empty may be either.
fn list_method(items: &[Value], name: &str, args: &[Value]) -> Option<Found> {
    let all = |of: fn(&Go<'_>) -> bool| items.iter().all(|item| of(&Go::of(item)));
    match name {
        "Firing" | "Resolved" if all(|item| matches!(item, Go::Struct(Struct::Alert, _))) => {
            let wanted = if name == "Firing" { "firing" } else { "resolved" };
            let is_wanted = |alert: &&Value| matches!(alert.field("Status"), Some(Value::String(status)) if &**status == wanted);
            Some(
                none(name, args)
                    .map(|()| Value::List(items.iter().filter(is_wanted).cloned().collect())),
            )
        }
        "Join" if all(|item| matches!(item, Go::Plain(Value::String(_)))) => Some(
            one(name, args)
                .and_then(string)
                .and_then(|separator| super::functions::joined(separator, items)),
        ),
        _ => None,
    }
}

fn moment_method(own: &Moment, name: &str, args: &[Value]) -> Option<Found> {
    if let Some(number) = moment_number(own, name) {
        return Some(none(name, args).map(|()| Value::Int(number)));
    }
    let other = || one(name, args).and_then(a_moment);
    let step = || one(name, args).and_then(a_span);
    let simple = |value: Value| none(name, args).map(|()| value);
    Some(match name {
        "Format" => one(name, args).and_then(string).map(|layout| text(&own.format(layout))),
        "String" | "GoString" => simple(text(&own.to_string())),
        "UTC" => simple(moment(&own.within(Zone::Utc))),
        "Local" => simple(moment(&own.within(Zone::load("Local").unwrap_or(Zone::Utc)))),
        "In" => one(name, args).and_then(|to| match Go::of(to) {
            Go::Zone(zone) => Ok(moment(&own.within(zone))),
            _ => Err(wrong("*time.Location", to)),
        }),
        "Location" => simple(zone(&own.zone)),
        "Month" => simple(month(own.civil().month())),
        "Weekday" => simple(weekday(own.civil().weekday().to_sunday_zero_offset())),
        "IsZero" => simple(Value::Bool(own.at == super::data::ZERO)),
        "IsDST" => simple(Value::Bool(own.zone.is_dst(own.at))),
        "Before" => other().map(|other| Value::Bool(own.at < other.at)),
        "After" => other().map(|other| Value::Bool(own.at > other.at)),
        "Equal" => other().map(|other| Value::Bool(own.at == other.at)),
        "Compare" => other().map(|other| Value::Int(own.at.cmp(&other.at) as i64)),
        "Sub" => other().map(|other| span(own.since(&other))),
        "Add" => step().map(|step| moment(&own.plus(step))),
        "Round" => step().map(|to| moment(&own.round(to))),
        "Truncate" => step().map(|to| moment(&own.truncate(to))),
        "AddDate" => add_date(own, args),
        "MarshalText" | "MarshalJSON" | "Date" | "Clock" | "ISOWeek" | "Zone" | "ZoneBounds" => {
            Err(error(format!("{name} does not give one value that a template could print")))
        }
        _ => return None,
    })
}

fn moment_number(own: &Moment, name: &str) -> Option<i64> {
    let civil = own.civil();
    Some(match name {
        "Year" => civil.year().into(),
        "Day" => civil.day().into(),
        "YearDay" => civil.day_of_year().into(),
        "Hour" => civil.hour().into(),
        "Minute" => civil.minute().into(),
        "Second" => civil.second().into(),
        "Nanosecond" => civil.subsec_nanosecond().into(),
        // Before 1970 jiff rounds towards zero, and Go down.
        "Unix" => own.at.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(i64::MIN),
        "UnixMilli" => own.at.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(i64::MIN),
        "UnixMicro" => own.at.as_nanosecond().div_euclid(1_000).try_into().unwrap_or(i64::MIN),
        "UnixNano" => own.at.as_nanosecond().try_into().unwrap_or(i64::MIN),
        _ => return None,
    })
}

fn add_date(own: &Moment, args: &[Value]) -> Found {
    let [years, months, days] = args else { return Err(count("AddDate", 3, args)) };
    own.plus_date(integer(years)?, integer(months)?, integer(days)?)
        .map(|moved| moment(&moved))
        .ok_or_else(|| error("AddDate: no such date"))
}

fn span_method(own: Span, name: &str, args: &[Value]) -> Option<Found> {
    let step = || one(name, args).and_then(a_span);
    let simple = |value: Value| none(name, args).map(|()| value);
    Some(match name {
        "Hours" => simple(Value::Float(own.in_units_of(3600 * SECOND))),
        "Minutes" => simple(Value::Float(own.in_units_of(60 * SECOND))),
        "Seconds" => simple(Value::Float(own.in_units_of(SECOND))),
        "Milliseconds" => simple(Value::Int(own.0 / 1_000_000)),
        "Microseconds" => simple(Value::Int(own.0 / 1_000)),
        "Nanoseconds" => simple(Value::Int(own.0)),
        "Abs" => simple(span(Span(own.0.saturating_abs()))),
        "String" => simple(text(&own.to_string())),
        "Round" => step().map(|to| span(own.round(to))),
        "Truncate" => step().map(|to| span(own.truncate(to))),
        _ => return None,
    })
}

pub(super) fn a_moment(value: &Value) -> Result<Moment, TemplateError> {
    match Go::of(value) {
        Go::Moment(moment) => Ok(moment),
        _ => Err(wrong("time.Time", value)),
    }
}

/// A duration, or a number of nanoseconds.
fn a_span(value: &Value) -> Result<Span, TemplateError> {
    match (Go::of(value), value) {
        (Go::Span(span), _) => Ok(span),
        (_, Value::Int(nanoseconds)) => Ok(Span(*nanoseconds)),
        _ => Err(wrong("time.Duration", value)),
    }
}

fn none(name: &str, args: &[Value]) -> Result<(), TemplateError> {
    if args.is_empty() { Ok(()) } else { Err(count(name, 0, args)) }
}

fn one<'a>(name: &str, args: &'a [Value]) -> Result<&'a Value, TemplateError> {
    match args {
        [arg] => Ok(arg),
        _ => Err(count(name, 1, args)),
    }
}

/// Too many or too few arguments.
pub(super) fn count(name: &str, want: usize, args: &[Value]) -> TemplateError {
    error(format!("wrong number of args for {name}: want {want} got {}", args.len()))
}

pub(super) fn wrong(want: &str, got: &Value) -> TemplateError {
    error(format!("wrong type for value; expected {want}; got {}", Go::of(got).type_name()))
}

/// The length of what has one.
pub(super) fn length(value: &Value) -> Found {
    match Go::of(value) {
        Go::Kv(map) => Ok(int(entries(map).count())),
        Go::Pairs(items) => Ok(int(items.len())),
        Go::Markup(text) => Ok(int(text.len())),
        Go::Plain(plain @ (Value::String(_) | Value::List(_) | Value::Map(_))) => {
            Ok(int(plain.len().unwrap_or(0)))
        }
        Go::Plain(Value::Nil) => Err(error_of_data("len of nil pointer")),
        other => Err(error(format!("len of type {}", other.type_name()))),
    }
}
