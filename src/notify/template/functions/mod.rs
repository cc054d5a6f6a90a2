//! The functions of templates: Alertmanager's, and Go's own where they meet our types.
//!
//! Contract: pure, and bounded in what they make. An argument of the wrong type is an error as in Go.

mod builtins;
mod compare;
mod lists;
mod printf;
mod strings;
mod times;

use std::sync::{Arc, LazyLock};

use gotmpl::{FuncMap, TemplateError, Value};

use super::{
    lookup::{self, wrong},
    render::{Mode, current, error},
    show::{float, shown},
    value::{Go, entries, text},
};

pub(super) use lists::joined;

type Made = Result<Value, TemplateError>;
/// Names and functions.
type Table = &'static [(&'static str, fn(&[Value]) -> Made)];

/// Names that no template can write, for what `rewrite` puts into templates.
pub(super) const AT: &str = "at a place";
pub(super) const FIELD: &str = "field of";
pub(super) const PRINTED: &str = "printed";
pub(super) const ITEMS: &str = "items of";
pub(super) const NOTHING: &str = "nothing";

const OURS: Table =
    &[(AT, at), (FIELD, field), (PRINTED, printed), (ITEMS, items), (NOTHING, |_| Ok(Value::Nil))];

static FUNCTIONS: LazyLock<FuncMap> = LazyLock::new(|| {
    let tables = [
        OURS,
        builtins::TABLE,
        compare::TABLE,
        lists::TABLE,
        printf::TABLE,
        strings::TABLE,
        times::TABLE,
    ];
    let mut functions = FuncMap::new();
    for (name, function) in tables.into_iter().flatten().copied() {
        let counted = move |args: &[Value]| {
            let made = function(args)?;
            current(|render| render.produce(size(&made)))??;
            Ok(made)
        };
        functions.insert(name.to_owned(), Arc::new(counted));
    }
    functions
});

/// All of them, as the engine takes them.
pub(super) fn all() -> FuncMap {
    FUNCTIONS.clone()
}

/// Whether a template may call a function. `and` and `or` are the engine's.
pub(super) fn is_known(name: &str) -> bool {
    matches!(name, "and" | "or") || FUNCTIONS.contains_key(name)
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) | Value::Safe { s: text, .. } => text.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    }
}

fn at(args: &[Value]) -> Made {
    if let [Value::Int(place)] = args {
        let place = usize::try_from(*place).unwrap_or_default();
        current(|render| render.step(place))??;
    }
    Ok(Value::Nil)
}

fn field(args: &[Value]) -> Made {
    match args {
        [base, Value::String(chain), args @ ..] => lookup::follow(base, chain, args),
        _ => Err(error("a field without a name")),
    }
}

/// What an action prints. In HTML the engine looks itself at what JavaScript has too, and at trusted content.
fn printed(args: &[Value]) -> Made {
    let [value] = args else { return Err(lookup::count("print", 1, args)) };
    if matches!(value, Value::String(_)) {
        return Ok(value.clone());
    }
    let is_html = current(|render| render.mode == Mode::Html)?;
    if is_html && (matches!(Go::of(value), Go::Markup(_)) || is_of_the_engine(value)) {
        return Ok(value.clone());
    }
    Ok(text(&shown(value)?))
}

/// Whether the engine prints it as Go does.
fn is_of_the_engine(value: &Value) -> bool {
    match Go::of(value) {
        Go::Plain(
            Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::String(_),
        ) => true,
        Go::Plain(Value::Float(number)) => float(*number) == number.to_string(),
        Go::Plain(Value::List(items)) => items.iter().all(is_of_the_engine),
        Go::Plain(Value::Map(map)) => map.values().all(is_of_the_engine),
        _ => false,
    }
}

/// What a `range` goes over.
fn items(args: &[Value]) -> Made {
    let [value] = args else { return Err(lookup::count("range", 1, args)) };
    match Go::of(value) {
        Go::Kv(map) => Ok(Value::Map(Arc::new(
            entries(map).map(|(name, value)| (name.clone(), value.clone())).collect(),
        ))),
        Go::Pairs(pairs) => Ok(Value::List(pairs.into())),
        Go::Plain(Value::List(_) | Value::Map(_) | Value::Int(_) | Value::Uint(_) | Value::Nil) => {
            Ok(value.clone())
        }
        _ => Err(error(format!("range can't iterate over {}", shown(value)?))),
    }
}

pub(super) fn string(value: &Value) -> Result<&str, TemplateError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Nil => Err(error("invalid value; expected string")),
        other => Err(wrong("string", other)),
    }
}

pub(super) fn integer(value: &Value) -> Result<i64, TemplateError> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::Uint(number) => {
            i64::try_from(*number).map_err(|_| error(format!("{number} overflows int")))
        }
        other => Err(wrong("int", other)),
    }
}

/// So many strings.
fn strings<'a, const N: usize>(
    name: &str,
    args: &'a [Value],
) -> Result<[&'a str; N], TemplateError> {
    let mut texts = [""; N];
    if args.len() != N {
        return Err(lookup::count(name, N, args));
    }
    for (place, arg) in texts.iter_mut().zip(args) {
        *place = string(arg)?;
    }
    Ok(texts)
}
