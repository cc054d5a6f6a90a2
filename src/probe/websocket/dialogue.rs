//! The steps of a dialogue: expect a message, then send one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;

use super::conversation::{Conversation, Heard};
use crate::{
    model::{Expectation, Failure, Reason},
    net::Attempt,
    probe::{Problem, Run, hex::Hex, stream::escaped},
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
    /// A text message. Beside `expect`, `${1}` and `${name}` stand for what its groups caught, and `$$` for a dollar sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
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
        heard = listened?;
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
            (Some(template), Some(pattern)) => pattern.expand(heard, template).unwrap_or_default(),
            (Some(text), None) => text.clone().into_bytes(),
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
        let (expects, sends) = (
            (step.expect.is_some(), step.expect_hex.is_some()),
            (step.send.is_some(), step.send_hex.is_some()),
        );
        let mut problem = |key: &str, message: &str, hint: &str| {
            found.push(Problem {
                path: format!("dialogue[{at}]{key}"),
                message: message.into(),
                hint: Some(hint.into()),
            });
        };
        if expects == (true, true) {
            problem(".expect_hex", "a step expects one thing", "make it two steps");
        }
        if sends == (true, true) {
            problem(".send_hex", "a step sends one thing", "make it two steps");
        }
        if expects == (false, false) && sends == (false, false) {
            let hint = "give it `expect`, `expect_hex`, `send` or `send_hex`";
            problem("", "the step neither expects nor sends anything", hint);
        }
    }
    found
}
