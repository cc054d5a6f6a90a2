//! Expressions with Grafana's variables, parsed, and what is inside them.

use std::time::Duration;

use promql_parser::parser::{self, Expr, VectorSelector};

/// What stands for `$__rate_interval`: a duration that nobody writes.
const RATE_INTERVAL: (&str, Duration) = ("1234567s", Duration::from_secs(1_234_567));

/// A selector inside an expression, with what is around it.
#[derive(Debug)]
pub(crate) struct Selector {
    pub(crate) name: Option<String>,
    /// Label, operator, value.
    pub(crate) matchers: Vec<(String, String, String)>,
    /// The function that it is an argument of, where it is one's.
    pub(crate) function: Option<&'static str>,
    /// Whether it is a range, and of `$__rate_interval`.
    pub(crate) range: Option<bool>,
}

/// The expression with durations in the place of variables; those inside matchers may stay.
pub(crate) fn parsed(expr: &str) -> Result<Expr, String> {
    let expr = expr
        .replace("$__rate_interval", RATE_INTERVAL.0)
        .replace("$__range", "7654321s")
        .replace("$__interval", "60s");
    parser::parse(&expr)
}

/// All selectors of an expression.
pub(crate) fn selectors(expr: &str) -> Result<Vec<Selector>, String> {
    let mut found = Vec::new();
    walk(&parsed(expr)?, None, &mut found);
    Ok(found)
}

/// All labels that an expression groups by or joins on.
pub(crate) fn grouped_by(expr: &str) -> Vec<String> {
    let words = |keyword: &str| {
        expr.match_indices(keyword)
            .map(|(at, _)| {
                let rest = &expr[at + keyword.len()..];
                rest[..rest.find(')').unwrap_or(0)].to_owned()
            })
            .collect::<Vec<_>>()
    };
    let lists = ["by (", "on (", "group_left (", "group_right ("].map(words).concat();
    let labels = lists.iter().flat_map(|list| list.split(',')).map(|label| label.trim().to_owned());
    labels.filter(|label| !label.is_empty()).collect()
}

fn walk(expr: &Expr, function: Option<&'static str>, found: &mut Vec<Selector>) {
    match expr {
        Expr::Aggregate(aggregate) => walk(&aggregate.expr, None, found),
        Expr::Unary(unary) => walk(&unary.expr, None, found),
        Expr::Binary(binary) => {
            walk(&binary.lhs, None, found);
            walk(&binary.rhs, None, found);
        }
        Expr::Paren(paren) => walk(&paren.expr, function, found),
        Expr::Subquery(subquery) => walk(&subquery.expr, None, found),
        Expr::Call(call) => {
            for argument in &call.args.args {
                walk(argument, Some(call.func.name), found);
            }
        }
        Expr::VectorSelector(selector) => found.push(seen(selector, function, None)),
        Expr::MatrixSelector(matrix) => {
            let is_rate_interval = matrix.range == RATE_INTERVAL.1;
            found.push(seen(&matrix.vs, function, Some(is_rate_interval)));
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn seen(
    selector: &VectorSelector,
    function: Option<&'static str>,
    range: Option<bool>,
) -> Selector {
    let matchers = selector.matchers.matchers.iter();
    let matchers = matchers
        .map(|matcher| (matcher.name.clone(), matcher.op.to_string(), matcher.value.clone()))
        .collect();
    Selector { name: selector.name.clone(), matchers, function, range }
}
