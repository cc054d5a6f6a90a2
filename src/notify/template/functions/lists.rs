use std::sync::Arc;

use gotmpl::{TemplateError, Value};

use super::{
    super::{
        json::json,
        lookup::{count, wrong},
        render::{Render, VALUE, current, error},
        value::{Go, Map, text},
    },
    Made, Table, string,
};

/// How deep lists and dicts may lie in each other. Printing and dropping them recurses.
const DEPTH: usize = 32;

pub(super) const TABLE: Table = &[
    ("join", |args| match args {
        [separator, Value::List(items)] => joined(string(separator)?, items),
        [_, other] => Err(wrong("[]string", other)),
        _ => Err(count("join", 2, args)),
    }),
    ("stringSlice", |args| {
        for arg in args {
            string(arg)?;
        }
        Ok(Value::List(args.into()))
    }),
    ("list", |args| shallow(Value::List(args.into()))),
    ("append", append),
    ("dict", dict),
    ("toJson", |args| match args {
        [value] => Ok(text(&json(value)?)),
        _ => Err(count("toJson", 1, args)),
    }),
    ("routeLabels", |args| {
        let [name] = super::strings("routeLabels", args)?;
        current(|render| text(render.route_labels.get(name).unwrap_or_default()))
    }),
];

/// The strings with a separator between them.
pub(in super::super) fn joined(separator: &str, items: &[Value]) -> Made {
    let items = items.iter().map(string).collect::<Result<Vec<_>, TemplateError>>()?;
    let length = items.iter().map(|item| item.len() + separator.len()).sum::<usize>();
    if length > VALUE + separator.len() {
        return Err(current(Render::too_long)?);
    }
    Ok(text(&items.join(separator)))
}

fn append(args: &[Value]) -> Made {
    match args {
        [Value::List(items), more @ ..] => {
            shallow(Value::List(items.iter().chain(more).cloned().collect()))
        }
        [other, ..] => Err(wrong("[]interface {}", other)),
        [] => Err(count("append", 1, args)),
    }
}

fn dict(args: &[Value]) -> Made {
    if !args.len().is_multiple_of(2) {
        return Err(error("dict requires an even number of arguments"));
    }
    let mut map = Map::new();
    for pair in args.chunks_exact(2) {
        let Value::String(key) = &pair[0] else { return Err(error("dict keys must be strings")) };
        map.insert(key.clone(), pair[1].clone());
    }
    shallow(Value::Map(Arc::new(map)))
}

/// The value, unless it is too deep.
fn shallow(value: Value) -> Made {
    let mut seen = 0;
    let is_shallow = within(&value, DEPTH, &mut seen);
    current(|render| render.produce(seen))??;
    if is_shallow {
        Ok(value)
    } else {
        Err(error(format!("lists and dicts more than {DEPTH} deep")))
    }
}

/// Labels, alerts and the like are as deep as they are and end the search.
fn within(value: &Value, depth: usize, seen: &mut usize) -> bool {
    *seen += 1;
    if depth == 0 || *seen > VALUE {
        return false;
    }
    match Go::of(value) {
        Go::Plain(Value::List(items)) => items.iter().all(|item| within(item, depth - 1, seen)),
        Go::Plain(Value::Map(map)) => map.values().all(|value| within(value, depth - 1, seen)),
        _ => true,
    }
}
