//! What the steps of a dialogue have in common, whatever carries it: texts to send, secrets to send, their mistakes.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use super::credential;
use crate::{
    clock::Instant,
    model::{Desc, Fact, Failure, Secret, sensitive},
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

/// References of a template to groups that the pattern does not have: they would silently be empty.
pub(super) fn unknown_groups(template: &str, pattern: &Regex) -> Vec<String> {
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
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_shown() {
        let said = Said("AUTH PLAIN aHVudGVyMg==\r\n".into());
        let shown = format!("{said:?} {}", serde_json::to_string(&said).unwrap());
        assert!(!shown.contains("aHVud") && shown.contains("AUTH <secret>"), "{shown}");
    }

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
