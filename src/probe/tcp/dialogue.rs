//! The steps of a dialogue: expect something, then send something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Hex, Problem, Run, Wire,
    listen::{Wanted, listen},
};
use crate::{
    model::{Desc, Expectation, Fact, Failure},
    probe::stream::{Stream, escaped},
    re2::Regex,
};

/// How far a dialogue came.
pub(super) static STEPS_COMPLETED: Desc = Desc::gauge(
    "noroshi_tcp_steps_completed",
    "Steps of the dialogue that the last run completed.",
);
/// What the patterns caught.
pub(super) static CAPTURED: Desc = Desc::gauge(
    "noroshi_tcp_captured_info",
    "What a named group of an expected pattern caught; always 1.",
)
.labels(&["step", "name", "value"])
.internal();

/// The most captures kept of one run.
const MAX_CAPTURES: usize = 16;

/// The longest capture kept, in bytes: a stranger wrote it.
const CAPTURE_LIMIT: usize = 200;

/// One step: what to wait for, then what to send. At most one key of each sort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// A pattern (RE2) that a line must match. Lines that do not match are passed over. Named groups are kept as facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Regex>,
    /// A text that must come, wherever its lines end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect_text: Option<String>,
    /// The bytes that must come next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect_hex: Option<Hex>,
    /// Sent exactly as written: write the `\r\n` that the protocol wants. Beside `expect`, `${1}` and `${name}` stand for what
    /// its groups caught, and `$$` for a dollar sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// Bytes to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_hex: Option<Hex>,
}

impl Step {
    fn wanted(&self) -> Option<Wanted<'_>> {
        let pattern = self.expect.as_ref().map(Wanted::Line);
        let text = self.expect_text.as_ref().map(|text| Wanted::Text(text));
        let bytes = self.expect_hex.as_ref().map(|hex| Wanted::Bytes(&hex.0));
        pattern.or(text).or(bytes)
    }

    /// What to send after `line` was received.
    fn to_send(&self, line: &[u8]) -> Option<Vec<u8>> {
        match (&self.send, &self.expect, &self.send_hex) {
            (Some(template), Some(pattern), _) => pattern.expand(line, template),
            (Some(text), None, _) => Some(text.clone().into_bytes()),
            (None, _, hex) => hex.as_ref().map(|hex| hex.0.clone()),
        }
    }
}

/// Goes through the steps in order.
///
/// # Errors
/// The detail names the step, what it wanted and what it got.
pub(super) async fn hold(
    steps: &[Step],
    wire: &mut Wire<Stream>,
    run: &mut Run<'_>,
) -> Result<(), Failure> {
    let mut completed = 0_u32;
    let mut result = Ok(());
    for step in steps {
        let number = completed + 1;
        result = take(step, number, wire, run).await.map_err(|failure| {
            Failure::new(failure.reason, format!("step {number}: {}", failure.detail))
        });
        if result.is_err() {
            break;
        }
        completed = number;
    }
    if !steps.is_empty() {
        run.fact(&STEPS_COMPLETED, f64::from(completed));
    }
    result
}

async fn take(
    step: &Step,
    number: u32,
    wire: &mut Wire<Stream>,
    run: &mut Run<'_>,
) -> Result<(), Failure> {
    let mut line = Vec::new();
    if let Some(wanted) = step.wanted() {
        let heard = listen(wanted, wire, &mut run.attempt).await;
        run.attempt.trace.expectation(|| Expectation {
            subject: format!("step {number}"),
            wanted: wanted.to_string(),
            got: heard.as_ref().map_or_else(|failure| failure.detail.clone(), |got| escaped(got)),
            held: heard.is_ok(),
        });
        line = heard?;
    }
    if let Some(pattern) = &step.expect {
        keep(pattern, &line, number, &mut run.facts);
    }
    match step.to_send(&line) {
        Some(bytes) => wire.send(&mut run.attempt, &bytes).await,
        None => Ok(()),
    }
}

/// The named groups, as facts.
fn keep(pattern: &Regex, line: &[u8], number: u32, facts: &mut Vec<Fact>) {
    let pattern = pattern.inner();
    let Some(captures) = pattern.captures(line) else {
        return;
    };
    for name in pattern.capture_names().flatten() {
        let kept = facts.iter().filter(|fact| std::ptr::eq(fact.desc, &raw const CAPTURED)).count();
        let Some(value) = captures.name(name).filter(|_| kept < MAX_CAPTURES) else {
            continue;
        };
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = &value[..value.floor_char_boundary(CAPTURE_LIMIT)];
        let labels = [number.to_string(), name.to_owned(), value.to_owned()];
        facts.push(Fact::labelled(&CAPTURED, labels, 1.0));
    }
}

/// Steps that say nothing, or two things at once.
pub(super) fn problems(steps: &[Step]) -> Vec<Problem> {
    let mut found = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let mut problem = |key: &str, message: &str, hint: &str| {
            found.push(Problem {
                path: format!("dialogue[{at}]{key}"),
                message: message.into(),
                hint: Some(hint.into()),
            });
        };
        let expects = [
            ("expect", step.expect.is_some()),
            ("expect_text", step.expect_text.is_some()),
            ("expect_hex", step.expect_hex.is_some()),
        ];
        let set: Vec<_> = expects.into_iter().filter(|(_, set)| *set).collect();
        if let Some((second, _)) = set.get(1) {
            problem(&format!(".{second}"), "a step expects one thing", "make it two steps");
        }
        if step.send.is_some() && step.send_hex.is_some() {
            problem(".send_hex", "a step sends one thing", "make it two steps");
        }
        if set.is_empty() && step.send.is_none() && step.send_hex.is_none() {
            let hint = "give it `expect`, `expect_text`, `expect_hex`, `send` or `send_hex`";
            problem("", "the step neither expects nor sends anything", hint);
        }
        if let (Some(template), Some(pattern)) = (&step.send, &step.expect) {
            for group in unknown_groups(template, pattern) {
                let message =
                    format!("`{group}` is no group of the pattern `{}`", pattern.as_str());
                problem(".send", &message, "braces end a name: `${1}x`; `$$` is a dollar sign");
            }
        }
        if step.expect_text.as_ref().is_some_and(String::is_empty) {
            problem(".expect_text", "an empty text always comes", "leave it out");
        }
        if step.expect_hex.as_ref().is_some_and(|hex| hex.0.is_empty()) {
            problem(".expect_hex", "no bytes always come", "leave it out");
        }
    }
    found
}

/// References of a template to groups that the pattern does not have: they would silently be empty.
fn unknown_groups(template: &str, pattern: &Regex) -> Vec<String> {
    let pattern = pattern.inner();
    let exists = |name: &str| match name.parse::<usize>() {
        Ok(number) => number < pattern.captures_len(),
        Err(_) => pattern.capture_names().flatten().any(|own| own == name),
    };
    let mut unknown = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('$') {
        rest = after;
        if let Some(literal) = after.strip_prefix('$') {
            rest = literal;
            continue;
        }
        let name = if let Some(braced) = after.strip_prefix('{') {
            braced.split_once('}').map_or("", |(name, _)| name)
        } else {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            &after[..after.find(|c| !word(c)).unwrap_or(after.len())]
        };
        // A lone `$` stands for itself.
        if !name.is_empty() && !exists(name) {
            unknown.push(name.to_owned());
        }
    }
    unknown
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn references_to_nothing_are_found() {
        let pattern: Regex = "(a)(?P<host>b)".parse().unwrap();
        for (template, unknown) in [
            ("${1} $2 ${host} $host $0", &[][..]),
            ("$1x ${3} $$9 $ ${", &["1x", "3"]),
            ("$hosts-${port}", &["hosts", "port"]),
        ] {
            assert_eq!(unknown_groups(template, &pattern), unknown, "{template}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_template_panics(template in "[$a-c{}0-3é ]{0,12}") {
            let pattern: Regex = "(a)(?P<b>b)".parse().unwrap();
            let unknown = unknown_groups(&template, &pattern);
            if unknown.is_empty() {
                pattern.expand(b"ab", &template);
            }
        }
    }
}
