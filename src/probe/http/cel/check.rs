//! What cel-go's type checker refuses when a file is read, as far as it needs no types: names that mean nothing.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};

/// The only variable.
const BODY: &str = "body";

/// Names of types, which are values too: `type(body) == map`.
const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// The functions that may be called, and how many arguments each takes, a receiver among them.
const FUNCTIONS: [(&str, usize); 13] = [
    ("bool", 1),
    ("bytes", 1),
    ("contains", 2),
    ("double", 1),
    ("dyn", 1),
    ("endsWith", 2),
    ("int", 1),
    ("matches", 2),
    ("size", 1),
    ("startsWith", 2),
    ("string", 1),
    ("type", 1),
    ("uint", 1),
];

/// The macros, expanded by the parser where they are called as they have to be.
const MACROS: [&str; 6] = ["all", "exists", "exists_one", "filter", "has", "map"];

/// What cel-go has for calendar time, which JSON has no type for.
const OF_TIME: [&str; 12] = [
    "duration",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "timestamp",
];

/// The deepest nesting of what the parser made: a long sum is nested as deep as it has terms.
const DEPTH_LIMIT: usize = 100;

/// Whether every variable and every function is known and nothing is nested too deeply.
pub(super) fn names(expression: &IdedExpr, source: &SourceInfo) -> Result<(), String> {
    Walk { source, bound: Vec::new() }.expression(expression, 0)
}

struct Walk<'e> {
    source: &'e SourceInfo,
    /// The variables of the loops around.
    bound: Vec<&'e str>,
}

impl<'e> Walk<'e> {
    fn expression(&mut self, expression: &'e IdedExpr, depth: usize) -> Result<(), String> {
        if depth > DEPTH_LIMIT {
            return Err(format!("it is nested deeper than {DEPTH_LIMIT} levels"));
        }
        let below = depth + 1;
        match &expression.expr {
            Expr::Ident(name) => self.variable(name, expression.id),
            Expr::Call(call) => {
                let arguments = call.args.len() + usize::from(call.target.is_some());
                self.function(&call.func_name, arguments, expression.id)?;
                let all = call.target.as_deref().into_iter().chain(&call.args);
                self.each(all, below)
            }
            Expr::Select(select) => self.expression(&select.operand, below),
            Expr::List(list) => self.each(&list.elements, below),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.each([&entry.key, &entry.value], below),
                EntryExpr::StructField(field) => self.expression(&field.value, below),
            }),
            Expr::Struct(made) => {
                Err(self.at(expression.id, &format!("there is no type `{}`", made.type_name)))
            }
            Expr::Comprehension(looped) => {
                self.each([&looped.iter_range, &looped.accu_init], below)?;
                let outside = self.bound.len();
                self.bound.extend([looped.iter_var.as_str(), &looped.accu_var]);
                self.bound.extend(looped.iter_var2.as_deref());
                self.each([&looped.loop_cond, &looped.loop_step, &looped.result], below)?;
                self.bound.truncate(outside);
                Ok(())
            }
            Expr::Literal(_) => Ok(()),
            Expr::Unspecified => Err("a part of it is missing".into()),
        }
    }

    fn each(
        &mut self,
        expressions: impl IntoIterator<Item = &'e IdedExpr>,
        depth: usize,
    ) -> Result<(), String> {
        expressions.into_iter().try_for_each(|one| self.expression(one, depth))
    }

    fn variable(&self, name: &str, id: u64) -> Result<(), String> {
        let bare = name.strip_prefix('.').unwrap_or(name);
        if self.bound.contains(&name) || bare == BODY || TYPES.contains(&bare) {
            return Ok(());
        }
        Err(self.at(id, &format!("there is no `{name}`; the JSON is the variable `{BODY}`")))
    }

    fn function(&self, name: &str, arguments: usize, id: u64) -> Result<(), String> {
        // Operators are named by the parser alone: `_==_`, `!_`, `@in`.
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Ok(());
        }
        if OF_TIME.contains(&name) {
            let why = format!("`{name}()` is not built: times and durations are not served");
            return Err(self.at(id, &why));
        }
        if MACROS.contains(&name) {
            let why =
                format!("`{name}` is called in another way, such as `body.list.all(x, x > 0)`");
            return Err(self.at(id, &why));
        }
        match FUNCTIONS.iter().find(|(known, _)| *known == name) {
            Some((_, wanted)) if *wanted == arguments => Ok(()),
            Some((_, wanted)) => Err(self.at(
                id,
                &format!(
                    "`{name}` takes {wanted} arguments, its receiver among them, not {arguments}"
                ),
            )),
            None => Err(self.at(id, &format!("there is no function `{name}`"))),
        }
    }

    fn at(&self, id: u64, why: &str) -> String {
        let Some((start, _)) = self.source.offset_for(id) else {
            return why.to_owned();
        };
        let text = self.source.source.as_bytes();
        let before = &text[..text.len().min(start as usize)];
        let mut lines = before.split(|byte| *byte == b'\n');
        let column = lines.next_back().map_or(0, <[u8]>::len) + 1;
        let line = lines.count() + 1;
        format!("{why} (line {line}, column {column})")
    }
}
