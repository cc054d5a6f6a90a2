//! The steps of a dialogue: expect a message, then send one.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;

use super::conversation::{Conversation, Heard};
use crate::{
    model::{Expectation, Failure, Reason},
    net::Attempt,
    probe::{
        Problem, Run,
        dialogue::{self, By, Said},
        hex::Hex,
        stream::escaped,
    },
    re2::Regex,
};

/// One step: what to wait for, then what to send. At most one key of each sort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Step {
    /// A pattern (RE2) found in a message. Messages without it are passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Regex>,
    /// The whole content of the next message, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect_hex: Option<Hex>,
    /// Beside `expect`: facts by name, each value with `${1}` and `${name}` as in `send`: `labels = { version = "${1}" }`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// A text message. Beside `expect`, `${1}` and `${name}` stand for what its groups caught, and `$$` for a dollar sign.
    /// What follows a login in it is hidden where the configuration is shown; better is one of the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub send: Option<Said>,
    /// A file whose content is sent as a text message, read at each run, without the line break at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_file: Option<PathBuf>,
    /// The environment variable whose value is sent as a text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_env: Option<String>,
    /// A binary message, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_hex: Option<Hex>,
}

/// The most messages passed over by one step: a server that talks without end must not keep us busy till the deadline.
const MESSAGES_LIMIT: u32 = 10_000;

/// Goes through the steps in order.
///
/// # Errors
/// `expect_mismatch` and what breaks a connection; the detail names the step, what it wanted and what it got.
pub(super) async fn hold(
    steps: &[Step],
    conversation: &mut Conversation,
    run: &mut Run<'_>,
) -> Result<(), Failure> {
    for (step, number) in steps.iter().zip(1_u32..) {
        take(step, number, conversation, run).await.map_err(|failure| {
            Failure::new(failure.reason, format!("step {number}: {}", failure.detail))
        })?;
    }
    Ok(())
}

async fn take(
    step: &Step,
    number: u32,
    conversation: &mut Conversation,
    run: &mut Run<'_>,
) -> Result<(), Failure> {
    let mut heard = Vec::new();
    if let Some(wanted) = step.wanted() {
        let listened = listen(&wanted, conversation, &mut run.attempt).await;
        run.attempt.trace.expectation(|| Expectation {
            subject: format!("step {number}"),
            wanted: wanted.words(),
            got: listened
                .as_ref()
                .map_or_else(|failure| failure.detail.clone(), |got| escaped(got)),
            held: listened.is_ok(),
        });
        heard = match listened {
            Ok(heard) => heard,
            Err(failure) => {
                // A pattern that nothing met, or a message that was another one; not a silence or a broken connection.
                if failure.reason == Reason::ExpectMismatch && step.expect.is_some() {
                    dialogue::unmatched(By::Regex, &mut run.facts);
                }
                return Err(failure);
            }
        };
    }
    if let Some(pattern) = &step.expect {
        dialogue::expand_labels(&step.labels, pattern, &heard, number, &mut run.facts);
    }
    let deadline = run.attempt.deadline();
    let secret =
        dialogue::secret(deadline, step.send_file.as_ref(), step.send_env.as_ref()).await?;
    if let Some(secret) = secret {
        return conversation.send_secret(&mut run.attempt, &secret).await;
    }
    match step.message(&heard)? {
        Some(message) => conversation.send(&mut run.attempt, message).await,
        None => Ok(()),
    }
}

/// What a step waits for.
enum Wanted<'a> {
    Match(&'a Regex),
    Exactly(&'a Hex),
}

impl Wanted<'_> {
    fn words(&self) -> String {
        match self {
            Self::Match(pattern) => format!("{pattern:?}"),
            Self::Exactly(hex) => format!("hex {}", Hex(hex.0[..hex.0.len().min(100)].to_vec())),
        }
    }

    /// Whether a message is it; `None` where the step is lost with it.
    fn meets(&self, content: &[u8]) -> Option<bool> {
        match self {
            Self::Match(pattern) => Some(pattern.is_match(content)),
            Self::Exactly(hex) => (hex.0 == content).then_some(true),
        }
    }
}

/// Hears messages until the wanted one has come, and returns it.
async fn listen(
    wanted: &Wanted<'_>,
    conversation: &mut Conversation,
    attempt: &mut Attempt,
) -> Result<Vec<u8>, Failure> {
    let mut last = None;
    let told = |last: &Option<String>, then: &str| {
        let got = last.as_deref().unwrap_or("no message");
        format!("wanted {}, got {got}{then}", wanted.words())
    };
    for _ in 0..MESSAGES_LIMIT {
        match conversation.hear(attempt).await {
            Ok(Heard::Message(content)) => match wanted.meets(&content) {
                Some(true) => return Ok(content.into()),
                Some(false) => last = Some(escaped(&content)),
                None => {
                    let detail = told(&Some(escaped(&content)), "");
                    return Err(Failure::new(Reason::ExpectMismatch, detail));
                }
            },
            Ok(Heard::Pong(_)) => {}
            Ok(Heard::Closed(closed)) => {
                let reason =
                    if last.is_some() { Reason::ExpectMismatch } else { Reason::WebsocketClose };
                return Err(Failure::new(
                    reason,
                    told(&last, &format!(", then {}", closed.words())),
                ));
            }
            Err(failure) => {
                let late = matches!(failure.reason, Reason::WaitTimeout | Reason::ReceiveTimeout);
                // A whole message that does not match, and then silence: the answer came, and it was the wrong one.
                let reason =
                    if late && last.is_some() { Reason::ExpectMismatch } else { failure.reason };
                return Err(Failure::new(reason, told(&last, &format!(": {}", failure.detail))));
            }
        }
    }
    let detail = told(&last, &format!(" and no match in {MESSAGES_LIMIT} messages"));
    Err(Failure::new(Reason::ExpectMismatch, detail))
}

impl Step {
    fn wanted(&self) -> Option<Wanted<'_>> {
        let pattern = self.expect.as_ref().map(Wanted::Match);
        pattern.or_else(|| self.expect_hex.as_ref().map(Wanted::Exactly))
    }

    /// What to send after `heard` was received.
    fn message(&self, heard: &[u8]) -> Result<Option<Message>, Failure> {
        let text = match (&self.send, &self.expect) {
            (Some(template), Some(pattern)) => {
                pattern.expand(heard, &template.0).unwrap_or_default()
            }
            (Some(text), None) => text.0.clone().into_bytes(),
            (None, _) => {
                let binary = self.send_hex.as_ref();
                return Ok(binary.map(|hex| Message::binary(hex.0.clone())));
            }
        };
        // Only a group that caught bytes of a binary message can make it anything else.
        String::from_utf8(text).map(|text| Some(Message::text(text))).map_err(|_| {
            Failure::new(Reason::ExpectMismatch, "what was caught is not text and cannot be sent")
        })
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
        let expects =
            [("expect", step.expect.is_some()), ("expect_hex", step.expect_hex.is_some())];
        let sends = [
            ("send", step.send.is_some()),
            ("send_hex", step.send_hex.is_some()),
            ("send_file", step.send_file.is_some()),
            ("send_env", step.send_env.is_some()),
        ];
        for (keys, message) in
            [(&expects[..], "a step expects one thing"), (&sends, "a step sends one thing")]
        {
            if let Some(second) = dialogue::second(keys) {
                problem(&format!(".{second}"), message, "make it two steps");
            }
        }
        if expects.iter().chain(&sends).all(|(_, is_set)| !is_set) {
            let hint = "give it one of the `expect` keys, one of the `send` keys, or both";
            problem("", "the step neither expects nor sends anything", hint);
        }
        if step.expect.is_none() && !step.labels.is_empty() {
            problem(".labels", "there is no pattern whose match they could show", "add `expect`");
        }
        let labels = step.labels.iter().map(|(name, value)| (format!(".labels.{name}"), value));
        let send = step.send.iter().map(|said| (".send".to_owned(), &said.0));
        for (key, template) in send.chain(labels) {
            for group in step.expect.iter().flat_map(|own| own.unknown_groups(template)) {
                let message = format!("`{group}` is no group of the pattern");
                problem(&key, &message, "braces end a name: `${1}x`; `$$` is a dollar sign");
            }
        }
    }
    found
}
