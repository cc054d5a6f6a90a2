use std::{fmt::Write as _, sync::LazyLock};

use gotmpl::{Template, TemplateError, Value};

use super::{
    super::{
        lookup::count,
        render::{Render, VALUE, current, error},
        show::plain,
        value::{Go, text},
    },
    Made, Table, string,
};

pub(super) const TABLE: Table = &[("printf", printf)];

/// The engine's widest field.
const WIDEST: usize = u16::MAX as usize;

fn printf(args: &[Value]) -> Made {
    let [format, args @ ..] = args else { return Err(count("printf", 1, args)) };
    let verbs = Verbs::of(string(format)?, args);
    let mut plain_args = vec![text(&verbs.format)];
    let mut length = verbs.format.len() + verbs.widths;
    for (at, arg) in args.iter().enumerate() {
        let arg = argument(arg, verbs.verb(at))?;
        // Six: a byte that is quoted becomes `\u0001` at most.
        length += arg.len().unwrap_or(32) * 6 * verbs.uses(at);
        plain_args.push(arg);
    }
    if length > VALUE {
        return Err(current(Render::too_long)?);
    }
    Ok(text(&engine(plain_args)?))
}

/// As the engine's `printf` takes it: our types by their text, or by their number where a number is asked for.
fn argument(arg: &Value, verb: char) -> Made {
    match Go::of(arg) {
        go if verb == 'T' => Ok(text(match go {
            Go::Plain(Value::Nil) => "<nil>",
            go => go.type_name(),
        })),
        Go::Span(span) if is_of_numbers(verb) => Ok(Value::Int(span.0)),
        Go::Month(number) | Go::Weekday(number) if is_of_numbers(verb) => {
            Ok(Value::Int(number.into()))
        }
        Go::Plain(Value::List(items)) if verb == 'q' => Ok(text(&quoted(items)?)),
        Go::Plain(Value::List(_) | Value::Map(_)) => Ok(text(&plain(arg)?)),
        Go::Plain(Value::Float(_)) if verb == 'v' => Ok(text(&plain(arg)?)),
        Go::Plain(Value::Float(_)) if is_of_numbers(verb) => {
            Ok(text(&format!("%!{verb}(float64={})", plain(arg)?)))
        }
        Go::Plain(_) | Go::Markup(_) => Ok(arg.clone()),
        _ => Ok(text(&plain(arg)?)),
    }
}

/// Each item in quotes.
fn quoted(items: &[Value]) -> Result<String, TemplateError> {
    let quoted = items.iter().map(|item| engine(vec![text("%q"), text(&plain(item)?)]));
    Ok(format!("[{}]", quoted.collect::<Result<Vec<_>, _>>()?.join(" ")))
}

const fn is_of_numbers(verb: char) -> bool {
    matches!(verb, 'd' | 'b' | 'o' | 'O' | 'c' | 'U')
}

/// The engine's own `printf` can be reached by a template alone.
fn engine(args: Vec<Value>) -> Result<String, TemplateError> {
    const KEPT: usize = 9;
    static TEMPLATES: LazyLock<Vec<Option<Template>>> =
        LazyLock::new(|| (0..KEPT).map(|count| template(count).ok()).collect());
    let count = args.len();
    let data = Value::List(args.into());
    match TEMPLATES.get(count) {
        Some(Some(kept)) => kept.execute_to_string(&data),
        _ => template(count)?.execute_to_string(&data),
    }
}

/// `{{printf (index . 0) (index . 1)}}` for two.
fn template(count: usize) -> Result<Template, TemplateError> {
    let mut source = "{{printf".to_owned();
    for at in 0..count {
        // Writing to a string cannot fail.
        let _ = write!(source, " (index . {at})");
    }
    Template::new("").parse(&(source + "}}"))
}

/// Which argument is printed by which verb.
struct Verbs {
    /// The format, with `%s` where the argument is made into the text that is meant.
    format: String,
    used: Vec<(usize, char)>,
    /// The sum of widths and precisions.
    widths: usize,
}

impl Verbs {
    fn of(format: &str, args: &[Value]) -> Self {
        let mut verbs =
            Self { format: String::with_capacity(format.len()), used: Vec::new(), widths: 0 };
        let (mut next, mut chars) = (0, format.chars().peekable());
        while let Some(char) = chars.next() {
            verbs.format.push(char);
            if char != '%' {
                continue;
            }
            let (mut number, mut sharp) = (0_usize, None);
            for char in chars.by_ref() {
                match char {
                    '[' => number = 0,
                    ']' => next = std::mem::take(&mut number).saturating_sub(1),
                    '0'..='9' => {
                        number =
                            number.saturating_mul(10).saturating_add(char as usize - '0' as usize);
                    }
                    '*' => {
                        verbs.widths += WIDEST.min(args.get(next).map_or(0, width));
                        next += 1;
                    }
                    '#' => sharp = Some(verbs.format.len()),
                    '+' | '-' | ' ' => {}
                    '.' => verbs.widths += WIDEST.min(std::mem::take(&mut number)),
                    verb => {
                        verbs.widths += WIDEST.min(number);
                        // As Go would write it: in quotes, which the engine leaves out.
                        let verb = match (verb, sharp, args.get(next)) {
                            ('v', Some(at), Some(Value::String(_))) => {
                                verbs.format.remove(at);
                                'q'
                            }
                            _ => verb,
                        };
                        let is_text = match args.get(next) {
                            Some(Value::List(_)) => matches!(verb, 'q' | 'T'),
                            Some(Value::Float(_)) => is_of_numbers(verb) || verb == 'T',
                            _ => verb == 'T',
                        };
                        verbs.format.push(if is_text { 's' } else { verb });
                        if verb != '%' {
                            verbs.used.push((next, verb));
                            next += 1;
                        }
                        break;
                    }
                }
                verbs.format.push(char);
            }
        }
        verbs
    }

    fn verb(&self, at: usize) -> char {
        self.used.iter().find(|(used, _)| *used == at).map_or('v', |(_, verb)| *verb)
    }

    fn uses(&self, at: usize) -> usize {
        // What no verb takes is shown as extra.
        self.used.iter().filter(|(used, _)| *used == at).count().max(1)
    }
}

fn width(value: &Value) -> usize {
    match value {
        Value::Int(number) => usize::try_from(number.unsigned_abs()).unwrap_or(WIDEST),
        _ => 0,
    }
}

/// `%.4g`, for humans.
pub(super) fn four_digits(number: f64) -> Result<String, TemplateError> {
    engine(vec![text("%.4g"), Value::Float(number)]).map_err(|_| error("not a number"))
}
