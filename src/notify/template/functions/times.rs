use gotmpl::{TemplateError, Value};

use super::{
    super::{
        data::ZERO,
        lookup::{a_moment, count, wrong},
        render::{current, error, error_of_data},
        time::{self, Moment, SECOND, Zone},
        value::{Go, moment, span, text},
    },
    Table,
    printf::four_digits,
    string, strings,
};

pub(super) const TABLE: Table = &[
    ("now", |args| {
        if args.is_empty() { now().map(|now| moment(&now)) } else { Err(count("now", 0, args)) }
    }),
    ("since", |args| match args {
        [then] => Ok(span(now()?.since(&a_moment(then)?))),
        _ => Err(count("since", 1, args)),
    }),
    ("date", |args| match args {
        [layout, at] => Ok(text(&a_moment(at)?.format(string(layout)?))),
        _ => Err(count("date", 2, args)),
    }),
    ("tz", |args| match args {
        [name, at] => {
            let name = string(name)?;
            let zone = Zone::load(name)
                .ok_or_else(|| error_of_data(format!("unknown time zone {name}")))?;
            Ok(moment(&a_moment(at)?.within(zone)))
        }
        _ => Err(count("tz", 2, args)),
    }),
    ("toDate", |args| {
        let [layout, written] = strings("toDate", args)?;
        Ok(moment(&time::parse(layout, written).unwrap_or_else(|_| Moment::utc(ZERO))))
    }),
    ("mustToDate", |args| {
        let [layout, written] = strings("mustToDate", args)?;
        time::parse(layout, written).map(|read| moment(&read)).map_err(error_of_data)
    }),
    ("humanizeDuration", |args| match args {
        [value] => Ok(text(&humanized(seconds(value)?)?)),
        _ => Err(count("humanizeDuration", 1, args)),
    }),
];

fn now() -> Result<Moment, TemplateError> {
    current(|render| Moment::utc(render.now))
}

#[allow(
    clippy::cast_precision_loss,
    reason = "as Go: a number of seconds beyond 2^53 loses its last digits"
)]
fn seconds(value: &Value) -> Result<f64, TemplateError> {
    match Go::of(value) {
        Go::Plain(Value::Float(number)) => Ok(*number),
        Go::Plain(Value::Int(number)) => Ok(*number as f64),
        Go::Plain(Value::Uint(number)) => Ok(*number as f64),
        Go::Plain(Value::String(written)) => written.parse().map_err(|_| {
            error_of_data(format!("strconv.ParseFloat: parsing {written:?}: invalid syntax"))
        }),
        Go::Span(span) => Ok(span.in_units_of(SECOND)),
        Go::Plain(Value::Nil) => Err(error("can't convert <nil> to float")),
        _ => Err(wrong("a number", value)),
    }
}

/// `1d 2h 3m 4s` from a minute on, with four digits below, and down to `ns` below a second.
fn humanized(seconds: f64) -> Result<String, TemplateError> {
    if !seconds.is_finite() {
        return four_digits(seconds);
    }
    if seconds == 0.0 {
        return Ok("0s".to_owned());
    }
    if seconds.abs() < 1.0 {
        let (mut scaled, mut prefix) = (seconds, "");
        for smaller in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            if scaled.abs() >= 1.0 {
                break;
            }
            prefix = smaller;
            scaled *= 1000.0;
        }
        return Ok(format!("{}{prefix}s", four_digits(scaled)?));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "as Go: whole seconds, at most an i64 of them"
    )]
    let whole = seconds.abs() as i64;
    let (days, hours, minutes, rest) =
        (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    Ok(match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", four_digits(seconds.abs())?),
        (0, 0, _) => format!("{sign}{minutes}m {rest}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {rest}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {rest}s"),
    })
}
