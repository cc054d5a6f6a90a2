use std::cmp::Ordering;

use gotmpl::{TemplateError, Value};

use super::{
    super::{lookup::count, render::error, value::Go},
    Made, Table,
};

pub(super) const TABLE: Table = &[
    ("eq", |args| match args {
        [first, others @ ..] if !others.is_empty() => {
            for other in others {
                if equal(first, other)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        _ => Err(count("eq", 2, args)),
    }),
    ("ne", |args| two("ne", args).and_then(|(one, other)| Ok(Value::Bool(!equal(one, other)?)))),
    ("lt", |args| ordered("lt", args, Ordering::is_lt)),
    ("le", |args| ordered("le", args, Ordering::is_le)),
    ("gt", |args| ordered("gt", args, Ordering::is_gt)),
    ("ge", |args| ordered("ge", args, Ordering::is_ge)),
];

/// Go's basic kinds. Durations, months and weekdays are numbers.
#[derive(PartialEq)]
enum Basic<'v> {
    Nil,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(&'v str),
    Other,
}

impl<'v> Basic<'v> {
    fn of(value: &'v Value) -> Self {
        match Go::of(value) {
            Go::Plain(Value::Nil) => Self::Nil,
            Go::Plain(Value::Bool(bool)) => Self::Bool(*bool),
            Go::Plain(Value::Int(number)) => Self::Integer((*number).into()),
            Go::Plain(Value::Uint(number)) => Self::Integer((*number).into()),
            Go::Plain(Value::Float(number)) => Self::Float(*number),
            Go::Plain(Value::String(text)) => Self::Text(text),
            Go::Markup(text) => Self::Text(text),
            Go::Span(span) => Self::Integer(span.0.into()),
            Go::Month(number) | Go::Weekday(number) => Self::Integer(number.into()),
            _ => Self::Other,
        }
    }
}

#[allow(clippy::float_cmp, reason = "it is what the template asks for")]
fn equal(one: &Value, other: &Value) -> Result<bool, TemplateError> {
    match (Basic::of(one), Basic::of(other)) {
        (Basic::Nil, other) => Ok(other == Basic::Nil),
        (_, Basic::Nil) => Ok(false),
        (Basic::Bool(one), Basic::Bool(other)) => Ok(one == other),
        (Basic::Integer(one), Basic::Integer(other)) => Ok(one == other),
        (Basic::Float(one), Basic::Float(other)) => Ok(one == other),
        (Basic::Text(one), Basic::Text(other)) => Ok(one == other),
        (Basic::Other, Basic::Other) => match (Go::of(one), Go::of(other)) {
            (Go::Moment(one), Go::Moment(other)) => Ok(one == other),
            (go, _) => Err(error(format!("non-comparable type {}", go.type_name()))),
        },
        _ => Err(incompatible()),
    }
}

fn ordered(name: &str, args: &[Value], wanted: fn(Ordering) -> bool) -> Made {
    let (one, other) = two(name, args)?;
    let order = match (Basic::of(one), Basic::of(other)) {
        (Basic::Integer(one), Basic::Integer(other)) => one.cmp(&other),
        (Basic::Text(one), Basic::Text(other)) => one.cmp(other),
        (Basic::Float(one), Basic::Float(other)) => match one.partial_cmp(&other) {
            Some(order) => order,
            None => return Ok(Value::Bool(false)),
        },
        (Basic::Bool(_) | Basic::Nil | Basic::Other, _)
        | (_, Basic::Bool(_) | Basic::Nil | Basic::Other) => {
            return Err(error("invalid type for comparison"));
        }
        _ => return Err(incompatible()),
    };
    Ok(Value::Bool(wanted(order)))
}

fn incompatible() -> TemplateError {
    error("incompatible types for comparison")
}

fn two<'a>(name: &str, args: &'a [Value]) -> Result<(&'a Value, &'a Value), TemplateError> {
    match args {
        [one, other] => Ok((one, other)),
        _ => Err(count(name, 2, args)),
    }
}
