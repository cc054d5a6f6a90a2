//! The steps of a dialogue: expect something, then send something.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Hex, Problem, Run, Wire,
    listen::{Wanted, listen},
};
use crate::{
    model::{Desc, Expectation, Fact, Failure},
    probe::{
        dialogue::{self, Said, unknown_groups},
        stream::{Stream, escaped},
    },
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
    /// Beside `expect`: facts by name, each value with `${1}` and `${name}` as in `send`: `labels = { version = "${1}" }`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Sent exactly as written: write the `\r\n` that the protocol wants. Beside `expect`, `${1}` and `${name}` stand for what
    /// its groups caught, and `$$` for a dollar sign.
    /// What follows AUTH, PASS, LOGIN and the like is hidden where the configuration is shown; better is one of the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub send: Option<Said>,
    /// A file whose content is sent, read at each run, without the line break at its end: `{ send = "PASS " }`,
    /// `{ send_file = "/run/secrets/password" }` and `{ send = "\r\n" }` make one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_file: Option<PathBuf>,
    /// The environment variable whose value is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_env: Option<String>,
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
            (Some(template), Some(pattern), _) => pattern.expand(line, &template.0),
            (Some(text), None, _) => Some(text.0.clone().into_bytes()),
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
            got: match &heard {
                Ok(got) => escaped(got),
                Err(unheard) => unheard.failure.detail.clone(),
            },
            held: heard.is_ok(),
        });
        line = heard.map_err(|unheard| {
            if let Some(by) = unheard.by {
                dialogue::unmatched(by, &mut run.facts);
            }
            unheard.failure
        })?;
    }
    if let Some(pattern) = &step.expect {
        keep(pattern, &line, number, &mut run.facts);
        dialogue::expand_labels(&step.labels, pattern, &line, number, &mut run.facts);
    }
    let deadline = run.attempt.deadline();
    let secret =
        dialogue::secret(deadline, step.send_file.as_ref(), step.send_env.as_ref()).await?;
    if let Some(secret) = secret {
        return wire.send_secret(&mut run.attempt, &secret).await;
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
        if let Some(second) = dialogue::second(&expects) {
            problem(&format!(".{second}"), "a step expects one thing", "make it two steps");
        }
        let sends = [
            ("send", step.send.is_some()),
            ("send_hex", step.send_hex.is_some()),
            ("send_file", step.send_file.is_some()),
            ("send_env", step.send_env.is_some()),
        ];
        if let Some(second) = dialogue::second(&sends) {
            problem(&format!(".{second}"), "a step sends one thing", "make it two steps");
        }
        if expects.iter().chain(&sends).all(|(_, is_set)| !is_set) {
            let hint = "give it one of the `expect` keys, one of the `send` keys, or both";
            problem("", "the step neither expects nor sends anything", hint);
        }
        if let (Some(template), Some(pattern)) = (&step.send, &step.expect) {
            for group in unknown_groups(&template.0, pattern) {
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
