use gotmpl::{TemplateError, Value};

use super::{
    super::{
        lookup::{count, length, wrong},
        render::{VALUE, current, error, error_of_data},
        show::plain,
        value::{Go, entries, text},
    },
    Made, Table, integer,
};

pub(super) const TABLE: Table = &[
    ("len", |args| match args {
        [value] => length(value),
        _ => Err(count("len", 1, args)),
    }),
    ("index", index),
    ("slice", slice),
    ("not", |args| match args {
        [value] => Ok(Value::Bool(!value.is_truthy())),
        _ => Err(count("not", 1, args)),
    }),
    ("print", |args| Ok(text(&print(args)?))),
    ("println", |args| {
        let shown = args.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
        Ok(text(&(shown.join(" ") + "\n")))
    }),
    ("html", |args| Ok(text(&gotmpl::html_escape(&escapable(args)?)))),
    ("js", |args| Ok(text(&gotmpl::js_escape(&escapable(args)?)))),
    ("urlquery", |args| Ok(text(&gotmpl::url_encode(&escapable(args)?)))),
    // No value of ours is a function.
    ("call", |args| match args {
        [value, ..] => Err(error(format!("non-function of type {}", Go::of(value).type_name()))),
        [] => Err(count("call", 1, args)),
    }),
];

fn index(args: &[Value]) -> Made {
    let [base, keys @ ..] = args else { return Err(count("index", 1, args)) };
    keys.iter().try_fold(base.clone(), |value, key| element(&value, key))
}

fn element(value: &Value, key: &Value) -> Made {
    let at = |length: usize| {
        let at = integer(key).map_err(|_| {
            error(format!("cannot index slice/array with type {}", Go::of(key).type_name()))
        })?;
        usize::try_from(at)
            .ok()
            .filter(|at| *at < length)
            .ok_or_else(|| error_of_data(format!("index out of range: {at}")))
    };
    match Go::of(value) {
        Go::Kv(map) => {
            let key = super::string(key)?;
            Ok(entries(map)
                .find(|(name, _)| &***name == key)
                .map_or_else(|| text(""), |(_, value)| value.clone()))
        }
        Go::Pairs(items) => Ok(items.get(at(items.len())?).cloned().unwrap_or(Value::Nil)),
        Go::Plain(Value::List(items)) => {
            Ok(items.get(at(items.len())?).cloned().unwrap_or(Value::Nil))
        }
        Go::Plain(Value::Map(map)) => {
            Ok(map.get(super::string(key)?).cloned().unwrap_or(Value::Nil))
        }
        Go::Plain(Value::String(text)) => {
            Ok(Value::Uint(text.as_bytes().get(at(text.len())?).copied().unwrap_or(0).into()))
        }
        Go::Plain(Value::Nil) => Err(error_of_data("index of untyped nil")),
        other => Err(error(format!("can't index item of type {}", other.type_name()))),
    }
}

fn slice(args: &[Value]) -> Made {
    let [value, bounds @ ..] = args else { return Err(count("slice", 1, args)) };
    let bounds = bounds.iter().map(integer).collect::<Result<Vec<_>, _>>()?;
    let length = match (Go::of(value), value) {
        (_, Value::String(text)) => text.len(),
        (_, Value::List(items)) => items.len(),
        (Go::Pairs(items), _) => items.len(),
        _ => return Err(wrong("string or slice", value)),
    };
    if bounds.len() > 3 || (bounds.len() == 3 && matches!(value, Value::String(_))) {
        return Err(error("too many slice indexes"));
    }
    let bound = |at: usize, otherwise: usize| {
        bounds.get(at).map_or(Ok(otherwise), |bound| {
            usize::try_from(*bound)
                .ok()
                .filter(|bound| *bound <= length)
                .ok_or_else(|| error_of_data(format!("index out of range: {bound}")))
        })
    };
    let (from, to) = (bound(0, 0)?, bound(1, length)?);
    bound(2, length)?;
    if from > to {
        return Err(error_of_data(format!("invalid slice index: {from} > {to}")));
    }
    match value {
        // Go would cut a character in two; there is no such text here.
        Value::String(whole) => Ok(text(&String::from_utf8_lossy(&whole.as_bytes()[from..to]))),
        Value::List(items) => Ok(Value::List(items[from..to].into())),
        other => Ok(other.clone()),
    }
}

/// Go's `Sprint`: blanks only between two values that are both no strings.
pub(super) fn print(args: &[Value]) -> Result<String, TemplateError> {
    let mut out = String::new();
    let mut after_string = true;
    for (at, arg) in args.iter().enumerate() {
        let is_string = matches!(Go::of(arg), Go::Plain(Value::String(_)) | Go::Markup(_));
        if at > 0 && !is_string && !after_string {
            out.push(' ');
        }
        out.push_str(&plain(arg)?);
        after_string = is_string;
        if out.len() > VALUE {
            return Err(current(super::super::render::Render::too_long)?);
        }
    }
    Ok(out)
}

fn escapable(args: &[Value]) -> Result<String, TemplateError> {
    match args {
        [Value::Nil] => Ok("<no value>".to_owned()),
        args => print(args),
    }
}
