//! Which texts may hold a secret, so that no diagnostic, snippet or `/config` page shows one.

use std::ops::Range;

use super::finding::Path;
use crate::model::{
    Secret,
    sensitive::{WORDS, is_secret_name},
};

/// Whether the value of a key, or of a header of this name, is a secret. `*_file` and `*_env` only say where one is.
pub(super) fn is_secret_key(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let place = lower.ends_with("_file") || lower.ends_with("_env");
    !place && (is_secret_name(key) || lower == "webhook_url")
}

/// Sections whose entries the user names.
const NAMED: [&str; 7] = [
    "checks",
    "clusters",
    "receivers",
    "time_intervals",
    "maintenance",
    "alertmanagers",
    "deadman",
];

/// Whether one of the keys on the way is that of a secret.
pub(super) fn is_secret_path(path: &Path) -> bool {
    // What the user names himself, a check or a label, says nothing about the value.
    match path.keys().collect::<Vec<_>>().as_slice() {
        ["receivers", _, "webhook", "url"] | ["deadman", _, "url"] => true,
        [section, _, rest @ ..] if NAMED.contains(section) => {
            rest.iter().any(|key| is_secret_key(key))
        }
        keys => keys.iter().any(|key| is_secret_key(key)),
    }
}

/// Whether the address of an API server has user and password in it, in whatever form: no URL is recognized in most.
pub(super) fn has_login(path: &Path, value: &str) -> bool {
    let keys: Vec<_> = path.keys().collect();
    matches!(keys[..], ["clusters", _, "server"]) && value.contains('@')
}

/// Whether a plain value stands where a table with secrets belongs, or among parameters that may be any.
pub(super) fn is_table_of_secrets(path: &Path) -> bool {
    let tables = [
        "basic_auth",
        "proxy_basic_auth",
        "oauth2",
        "endpoint_params",
        "proxy_connect_header",
        "http_headers",
        "headers",
        "metadata",
    ];
    let keys: Vec<_> = path.keys().collect();
    tables.contains(&path.last_key()) || keys.contains(&"endpoint_params")
}

/// The text with everything that looks like a secret replaced.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut shown = 0;
    for range in ranges(text) {
        masked.push_str(&text[shown..range.start]);
        masked.push_str(Secret::MASK);
        shown = range.end;
    }
    masked.push_str(&text[shown..]);
    masked
}

/// Where a line holds secrets: values behind telling keys, and userinfo in URLs. Ordered, disjoint.
pub(super) fn ranges(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<_> = WORDS
        .iter()
        .chain(&["webhook_url"])
        .flat_map(|word| lower.match_indices(word))
        .filter_map(|(at, word)| value_behind(text, at, at + word.len()))
        .chain(text.match_indices("://").filter_map(|(at, _)| userinfo(text, at + 3)))
        .chain(text.match_indices("://").flat_map(|(at, _)| query(text, at + 3)))
        .filter(|range| !range.is_empty())
        .collect();
    found.sort_by_key(|range| range.start);
    let mut disjoint: Vec<Range<usize>> = Vec::new();
    for range in found {
        match disjoint.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => disjoint.push(range),
        }
    }
    disjoint
}

/// The value of the `key = value` or `key: value` whose key holds the word at `start..end`.
fn value_behind(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name_start = text[..start].trim_end_matches(in_name).len();
    let after_name = text[end..].trim_start_matches(in_name);
    let name = &text[name_start..text.len() - after_name.len()];
    // Our own sentences speak of keys: `not a URL for this key: ...`.
    if name == "key" || !is_secret_key(name) {
        return None;
    }
    let after = after_name.trim_start_matches(['"', '\'']).trim_start();
    let after = after.strip_prefix('=').or_else(|| after.strip_prefix(':'))?.trim_start();
    let begin = text.len() - after.len();
    let length = match after.chars().next()? {
        quote @ ('"' | '\'') => quoted(after, quote),
        '{' => return None, // a table: its own keys tell
        _ if text[..name_start].ends_with(['?', '&']) => {
            after.find(['&', '#', '"', '\'', ' ']).unwrap_or(after.len())
        }
        _ => after.len(),
    };
    Some(begin..begin + length)
}

/// The length of a quoted text with its quotes; the whole rest if it never ends.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' && quote == '"' {
            escaped = true;
        } else if character == quote && at > 1 {
            return at + 1;
        } else if character == quote {
            // Two quotes: empty, or the start of a text over several lines.
            return if text[2..].starts_with(quote) { text.len() } else { 2 };
        }
    }
    text.len()
}

/// The values of the query of a URL whose authority begins at `start`: what their names say tells too little.
fn query(text: &str, start: usize) -> Vec<Range<usize>> {
    let url = &text[start..];
    let url = &url[..url.find(['#', '"', '\'', '`', ' ', '\n']).unwrap_or(url.len())];
    let Some((before, query)) = url.split_once('?') else {
        return Vec::new();
    };
    let mut at = start + before.len() + 1;
    let mut values = Vec::new();
    for parameter in query.split('&') {
        let value = parameter.find('=').map_or(0, |equals| equals + 1);
        values.push(at + value..at + parameter.len());
        at += parameter.len() + 1;
    }
    values
}

/// `user:password` of a URL whose authority begins at `start`.
fn userinfo(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let end = rest.find(['/', '?', '#', '"', '\'', '`', ' ']).unwrap_or(rest.len());
    rest[..end].rfind('@').map(|at| start..start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for key in ["password", "PASS", "bearer_token", "X-Api-Key", "Authorization", "Set-Cookie"]
        {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["password_file", "token_env", "key_file", "url", "interval"] {
            assert!(!is_secret_key(key), "{key}");
        }
        assert!(is_secret_path(&Path::of(["checks", "a", "http", "headers", "Authorization"])));
        assert!(!is_secret_path(&Path::of(["checks", "token-service", "http", "url"])));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_masked_without_harm(text in "(password|token|://|[=:@'\"?& \\\\ü]|[a-z]){0,40}") {
            let masked = mask(&text);
            proptest::prop_assert_eq!(mask(&format!("x = 1 # {masked}")).contains("hunter2"), false);
            let secret = format!("{text}\npassword = \"hunter2\"");
            proptest::prop_assert!(!mask(secret.lines().last().unwrap_or_default()).contains("hunter2"));
        }
    }

    #[test]
    fn lines() {
        for (line, shown) in [
            (r#"password = "hunter2" # mine"#, "password = <secret> # mine"),
            (
                r#"auth = { password = "a\"b", user = "x" }"#,
                r#"auth = { password = <secret>, user = "x" }"#,
            ),
            ("password: hunter2 with words", "password: <secret>"),
            ("password = 'hunter2", "password = <secret>"),
            (r#"password = """hunter2"#, "password = <secret>"),
            (r#"password = """#, "password = <secret>"),
            (
                r#"url = "https://u:p@h/x?token=abc&b=1""#,
                r#"url = "https://<secret>@h/x?token=<secret>&b=<secret>""#,
            ),
            (r#"headers = { "X-Api-Key" = "k" }"#, r#"headers = { "X-Api-Key" = <secret> }"#),
            (r#"password_file = "/run/x""#, r#"password_file = "/run/x""#),
            ("[checks.token]", "[checks.token]"),
            (r#"url = "https://example.org/@user""#, r#"url = "https://example.org/@user""#),
        ] {
            assert_eq!(mask(line), shown, "{line}");
        }
    }
}
