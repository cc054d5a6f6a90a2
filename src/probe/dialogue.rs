//! What the steps of a dialogue have in common, whatever carries it: texts to send, secrets to send, their mistakes.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use super::credential;
use crate::{
    clock::Instant,
    model::{Failure, Secret, sensitive},
    re2::Regex,
};

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
