//! What the steps of a dialogue have in common, whatever carries it: texts to send, secrets to send, their mistakes.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    clock::Instant,
    model::{Desc, Fact, Failure, Secret, sensitive},
    net::credential,
    re2::Regex,
};

/// What the `labels` of a step stand for once its pattern has matched: `probe_expect_info` in blackbox_exporter.
pub(in crate::probe) static LABEL: Desc = Desc::gauge(
    "noroshi_dialogue_label_info",
    "A label of a step whose pattern matched, with what its value expanded to; always 1.",
)
.labels(&["step", "name", "value"])
.internal();

/// Where blackbox_exporter sets `probe_failed_due_to_regex` or `probe_failed_due_to_bytes`: what came ended, or was
/// whole, and was not what was wanted. A timeout, a reset or a line without end are not that.
pub(in crate::probe) static UNMATCHED: Desc = Desc::gauge(
    "noroshi_dialogue_unmatched_info",
    "The dialogue failed because what came did not match, by `regex` or by `bytes`; always 1.",
)
.labels(&["by"])
.internal();

/// The longest value of a label, in bytes: a stranger wrote it.
const LABEL_LIMIT: usize = 1024;

/// The labels of a step, expanded from the text its pattern was found in.
pub(in crate::probe) fn expand_labels(
    labels: &BTreeMap<String, String>,
    pattern: &Regex,
    matched: &[u8],
    step: u32,
    facts: &mut Vec<Fact>,
) {
    for (name, template) in labels {
        let Some(value) = pattern.expand(matched, template) else {
            return;
        };
        let value = String::from_utf8_lossy(&value);
        let value = &value[..value.floor_char_boundary(LABEL_LIMIT)];
        facts.push(Fact::labelled(&LABEL, [&step.to_string(), name, value], 1.0));
    }
}

/// What did not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) enum By {
    Regex,
    Bytes,
}

/// Notes that the dialogue failed because of what came, and not because nothing did.
pub(in crate::probe) fn unmatched(by: By, facts: &mut Vec<Fact>) {
    let by = match by {
        By::Regex => "regex",
        By::Bytes => "bytes",
    };
    facts.push(Fact::labelled(&UNMATCHED, [by], 1.0));
}

/// A text to send. What follows a login in it is hidden wherever the configuration is shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Said(pub String);

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", sensitive::without_login(&self.0))
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&sensitive::without_login(&self.0))
    }
}

/// The secret a step sends, read now.
///
/// # Errors
/// `local_file` when it cannot be had by `deadline`.
pub(super) async fn secret(
    deadline: Instant,
    file: Option<&PathBuf>,
    variable: Option<&String>,
) -> Result<Option<Secret>, Failure> {
    credential::read(deadline, None, file.map(PathBuf::as_path), variable.map(String::as_str)).await
}

/// The second of the keys that are set, where only one may be.
pub(super) fn second<'a>(keys: &[(&'a str, bool)]) -> Option<&'a str> {
    keys.iter().filter(|(_, is_set)| *is_set).nth(1).map(|(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_shown() {
        let said = Said("AUTH PLAIN aHVudGVyMg==\r\n".into());
        let shown = format!("{said:?} {}", serde_json::to_string(&said).unwrap());
        assert!(!shown.contains("aHVud") && shown.contains("AUTH <secret>"), "{shown}");
    }
}
