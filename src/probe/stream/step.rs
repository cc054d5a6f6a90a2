use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::listen::Wanted;
use crate::{
    probe::{
        Problem,
        dialogue::{self, Said},
        hex::Hex,
    },
    re2::Regex,
};

/// One step: what to wait for, then what to send, then perhaps TLS. At most one key of each sort.
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
    /// Beside `expect`: facts by name; in their values `${1}` and `${name}` stand for what its groups caught, and `$$` for a
    /// dollar sign: `labels = { version = "${1}" }`. `/probe` shows them as `probe_expect_info`.
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
    /// Then change to TLS, by the options in `tls`; the steps after this one are spoken inside it. What came before TLS and
    /// was not asked for is dropped. For protocols that the key `starttls` beside the dialogue does not know.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub starttls: bool,
}

impl Step {
    /// What it waits for; lines count only when they are whole if `whole` says so.
    pub(super) fn wanted(&self, whole: bool) -> Option<Wanted<'_>> {
        let pattern = self.expect.as_ref().map(|pattern| Wanted::Line { pattern, whole });
        let text = self.expect_text.as_ref().map(|text| Wanted::Text(text));
        let bytes = self.expect_hex.as_ref().map(|hex| Wanted::Bytes(&hex.0));
        pattern.or(text).or(bytes)
    }

    /// What to send after `line` was received.
    pub(super) fn to_send(&self, line: &[u8]) -> Option<Vec<u8>> {
        match (&self.send, &self.expect, &self.send_hex) {
            (Some(template), Some(pattern), _) => pattern.expand(line, &template.0),
            (Some(text), None, _) => Some(text.0.clone().into_bytes()),
            (None, _, hex) => hex.as_ref().map(|hex| hex.0.clone()),
        }
    }

    fn expects(&self) -> [(&'static str, bool); 3] {
        [
            ("expect", self.expect.is_some()),
            ("expect_text", self.expect_text.is_some()),
            ("expect_hex", self.expect_hex.is_some()),
        ]
    }

    fn sends(&self) -> [(&'static str, bool); 4] {
        [
            ("send", self.send.is_some()),
            ("send_hex", self.send_hex.is_some()),
            ("send_file", self.send_file.is_some()),
            ("send_env", self.send_env.is_some()),
        ]
    }
}

/// Steps that say nothing, or two things at once. `secure` where TLS begins before the first of them.
pub(super) fn problems(steps: &[Step], secure: bool) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut is_secure = secure;
    for (at, step) in steps.iter().enumerate() {
        let mut add = |key: &str, message: &str, hint: &str| {
            found.push(Problem {
                path: format!("dialogue[{at}]{key}"),
                message: message.into(),
                hint: Some(hint.into()),
            });
        };
        of_step(step, &mut add);
        if step.starttls && is_secure {
            let hint = "TLS begins once: by one step, or by the key `starttls` of the check";
            add(".starttls", "TLS has begun before this step", hint);
        }
        is_secure |= step.starttls;
    }
    found
}

fn of_step(step: &Step, add: &mut impl FnMut(&str, &str, &str)) {
    let (expects, sends) = (step.expects(), step.sends());
    if let Some(second) = dialogue::second(&expects) {
        add(&format!(".{second}"), "a step expects one thing", "make it two steps");
    }
    if let Some(second) = dialogue::second(&sends) {
        add(&format!(".{second}"), "a step sends one thing", "make it two steps");
    }
    if !step.starttls && expects.iter().chain(&sends).all(|(_, is_set)| !is_set) {
        let hint = "give it one of the `expect` keys, one of the `send` keys, or both";
        add("", "the step neither expects nor sends anything", hint);
    }
    if step.expect_text.as_ref().is_some_and(String::is_empty) {
        add(".expect_text", "an empty text always comes", "leave it out");
    }
    if step.expect_hex.as_ref().is_some_and(|hex| hex.0.is_empty()) {
        add(".expect_hex", "no bytes always come", "leave it out");
    }
    if step.expect.is_none() && !step.labels.is_empty() {
        add(".labels", "there is no pattern whose match they could show", "add `expect`");
    }
    for name in step.labels.keys().filter(|name| !is_label(name)) {
        let hint = "letters, digits and underscores, not beginning with a digit or `__`";
        add(&format!(".labels.{name}"), &format!("`{name}` is no name of a label"), hint);
    }
    let labels = step.labels.iter().map(|(name, template)| (format!(".labels.{name}"), template));
    let send = step.send.iter().map(|said| (".send".to_owned(), &said.0));
    let Some(pattern) = &step.expect else { return };
    for (key, template) in send.chain(labels) {
        for group in pattern.unknown_groups(template) {
            let message = format!("`{group}` is no group of the pattern `{}`", pattern.as_str());
            add(&key, &message, "braces end a name: `${1}x`; `$$` is a dollar sign");
        }
    }
}

fn is_label(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter)
        && !name.starts_with("__")
        && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}
