//! Shell patterns as regular expressions.

/// A text, word for word.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// What a shell pattern means as a regular expression, without anchors: `*` is any text, `?` any character, `[a-z]` one of
/// these, `\` takes the next one as it is. `None` for a pattern that no text matches, as its brackets do not close.
pub(in crate::compat) fn glob(pattern: &str) -> Option<String> {
    let mut out = String::from("(?s:");
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '\\' => out.push_str(&escaped(&rest.next()?.to_string())),
            '[' => out.push_str(&class(&mut rest)?),
            other => out.push_str(&escaped(&other.to_string())),
        }
    }
    out.push(')');
    Some(out)
}

/// `a-z]` of `[a-z]`.
fn class(rest: &mut std::str::Chars<'_>) -> Option<String> {
    let mut out = String::from("[");
    let mut is_empty = true;
    loop {
        match rest.next()? {
            ']' if !is_empty => break,
            '^' if is_empty && out == "[" => {
                out.push('^');
                continue;
            }
            '-' => out.push('-'),
            '\\' => out.extend(['\\', rest.next()?]),
            other if r"[]^&~|".contains(other) => out.extend(['\\', other]),
            other => out.push(other),
        }
        is_empty = false;
    }
    out.push(']');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::re2::Regex;

    #[test]
    fn patterns_match_what_a_shell_matches() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("*john*", "a\njohn\nb", true),
            ("john*", "ajohn", false),
            ("192.168.*.*", "192.168.0.1", true),
            ("192.168.*.*", "192x168.0.1", false),
            ("?b", "ab", true),
            ("[a-c]1", "b1", true),
            ("[^a-c]1", "b1", false),
            (r"\*", "*", true),
            (r"\*", "x", false),
        ] {
            let regex: Regex = format!("^{}$", glob(pattern).unwrap()).parse().unwrap();
            assert_eq!(regex.is_match(text.as_bytes()), wanted, "{pattern} {text}");
        }
        assert_eq!(glob("[a"), None);
        assert_eq!(glob("\\"), None);
    }

    proptest::proptest! {
        #[test]
        fn every_pattern_is_an_expression(pattern in "[\\PC\\[\\]*?^\\\\-]{0,12}", text in "\\PC{0,8}") {
            if let Some(regex) = glob(&pattern) {
                // A range that runs backwards is no expression, and no pattern either.
                let _ = regex.parse::<Regex>();
            }
            let exact: Regex = format!("^{}$", escaped(&text)).parse().unwrap();
            proptest::prop_assert!(exact.is_match(text.as_bytes()));
        }
    }
}
