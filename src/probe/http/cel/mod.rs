//! CEL rules on a JSON body: the variable `body`, the standard library, and a bound on the work.
//!
//! Contract: an expression is parsed and its names are looked at when the configuration is read; what cannot be served is
//! refused there. [`evaluate`] runs off the runtime, ends at the deadline or after [`STEPS_LIMIT`] steps of its loops, and a
//! panic inside is a rule that failed. As in cel-go every number of the body is a `double`.

mod check;
mod meter;
#[cfg(test)]
mod tests;
mod value;

use std::{
    borrow::Cow,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    str::FromStr,
    sync::{Arc, LazyLock},
    thread,
};

use cel::{
    Context, Env, ExecutionError, Value, add_member_overload, add_overload,
    common::{
        ast::IdedExpr,
        types::{CelBool, CelString},
    },
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use self::meter::Meter;
use crate::{clock::Instant, probe::offload, re2::Regex};

/// The longest expression, in bytes; longer ones are programs.
const LENGTH_LIMIT: usize = 16 * 1024;

/// The deepest nesting of an expression, as the parser counts it. The parser and the evaluation recurse as deep.
const DEPTH_LIMIT: u16 = 48;

/// The most steps that all loops (`all`, `exists`, `map`...) of one rule take together.
const STEPS_LIMIT: u32 = 500_000;

/// The stack on which expressions are parsed and evaluated, in bytes: the parser takes much of it per level.
const STACK: usize = 32 << 20;

/// A rule, compiled when the configuration is read. Cheap to clone.
#[derive(Clone)]
pub(super) struct CelRule(Arc<Compiled>);

struct Compiled {
    text: Box<str>,
    expression: IdedExpr,
}

/// The standard library, and `matches` with RE2's syntax.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    // Without the crate's feature `regex` the name is free; were it not, that one would serve.
    let _ = add_overload!(env, fn matches: (CelString<'_>, CelString<'_>) -> Result<CelBool>, id = "matches");
    let _ =
        add_member_overload!(env, fn matches: (CelString<'_>, CelString<'_>) -> Result<CelBool>);
    Arc::new(env)
});

fn matches(text: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    let pattern = Regex::of_data(pattern.inner())
        .map_err(|why| ExecutionError::function_error("matches", why))?;
    Ok(CelBool::from(pattern.is_match(text.inner().as_bytes())))
}

impl CelRule {
    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether it holds for a body.
    fn holds(&self, body: &Value, meter: &Meter) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        meter.install(&mut context).map_err(|error| error.to_string())?;
        context.add_variable_from_value("body", body.clone());
        let evaluated = catch_unwind(AssertUnwindSafe(|| context.resolve(&self.0.expression)))
            .map_err(|_| "the evaluation crashed".to_owned())?;
        if let Some(why) = meter.exhausted() {
            return Err(why);
        }
        match evaluated {
            Ok(Value::Bool(held)) => Ok(held),
            Ok(other) => Err(format!("it is of type {}, not true or false", other.type_of())),
            Err(error) => Err(value::words(&error)),
        }
    }
}

impl FromStr for CelRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = |why: &str| format!("`{}` is not a usable CEL expression: {why}", shown(text));
        if text.len() > LENGTH_LIMIT {
            return Err(fail(&format!("it is longer than {LENGTH_LIMIT} bytes")));
        }
        let expression = on_a_large_stack(|| parse(text)).map_err(|why| fail(&why))?;
        Ok(Self(Arc::new(Compiled { text: text.into(), expression })))
    }
}

/// Parsed, all names known, every loop metered.
fn parse(text: &str) -> Result<IdedExpr, String> {
    let parser = ENVIRONMENT.parser().max_recursion_depth(DEPTH_LIMIT);
    let (mut expression, source) = parser.parse_with_source_info(text).map_err(|errors| {
        let first = errors.errors.first();
        first.map_or_else(
            || "it does not parse".to_owned(),
            |error| {
                format!("{} (line {}, column {})", one_line(&error.msg), error.pos.0, error.pos.1)
            },
        )
    })?;
    check::names(&expression, &source)?;
    meter::every_loop(&mut expression);
    Ok(expression)
}

/// What each of the rules says of a body, in their order.
///
/// The error of a rule is one sentence: it could not be evaluated, or is neither true nor false.
pub(super) async fn evaluate(
    rules: &[CelRule],
    body: Arc<serde_json::Value>,
    deadline: Instant,
) -> Vec<Result<bool, String>> {
    let own: Vec<_> = rules.to_vec();
    let work = move || {
        on_a_large_stack(|| {
            let body = value::from_json(&body);
            let verdict = |rule: &CelRule| rule.holds(&body, &Meter::new(STEPS_LIMIT, deadline));
            Ok(own.iter().map(verdict).collect::<Vec<_>>())
        })
    };
    let failed = |why: &str| vec![Err(why.to_owned()); rules.len()];
    match offload::run(&offload::EXPRESSIONS, deadline, work).await {
        Ok(Ok(verdicts)) => verdicts,
        Ok(Err(why)) => failed(&why),
        Err(why) => failed(why),
    }
}

/// Runs what recurses as deep as an expression is nested.
fn on_a_large_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("cel".into()).stack_size(STACK);
        let spawned = thread.spawn_scoped(scope, work).map_err(|error| error.to_string())?;
        spawned.join().unwrap_or_else(|_| Err("the parser crashed".into()))
    })
}

/// Without line breaks, which the parser's messages have too.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Short, and on one line.
fn shown(text: &str) -> String {
    let cut = text.floor_char_boundary(120);
    let more = if cut < text.len() { "…" } else { "" };
    format!("{}{more}", one_line(&text[..cut]))
}

impl PartialEq for CelRule {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for CelRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for CelRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CelRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for CelRule {
    fn schema_name() -> Cow<'static, str> {
        "CelRule".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "a CEL expression that is true or false; the JSON is the variable `body`",
            "examples": ["body.status == 'ok' && size(body.nodes) >= 3"]
        })
    }
}
