//! The order of a template's branches, before the engine parses it.
//!
//! The engine takes an `{{end}}` too many for the end of the text and a missing one as given, and follows a chain of
//! `{{else if}}` by recursion. Here both are mistakes with a place.

use super::set::Mistake;

/// The longest text of one template or file.
const TEXT: usize = 1 << 20;
/// The longest chain of `{{else if}}`; each link is a level of nesting to the engine, which has 200.
const CHAIN: usize = 100;

/// What is open, and where it began.
struct Open<'t> {
    word: &'t str,
    at: usize,
    /// Links of `{{else if}}` so far.
    chain: usize,
    /// Whether its `{{else}}` was there.
    otherwise: bool,
}

pub(super) fn check(text: &str) -> Result<(), Mistake> {
    if text.len() > TEXT {
        return Err(Mistake::at(text, 0, format!("a template of more than {} KiB", TEXT >> 10)));
    }
    let mut open: Vec<Open<'_>> = Vec::new();
    for (at, action) in actions(text) {
        let (word, rest) = word(action);
        match word {
            "if" | "range" | "with" | "block" | "define" => {
                if word == "define" && !open.is_empty() {
                    return Err(Mistake::at(text, at, "unexpected {{define}}".to_owned()));
                }
                open.push(Open { word, at, chain: 0, otherwise: false });
            }
            "else" => follow(open.last_mut(), rest).map_err(|why| Mistake::at(text, at, why))?,
            "end" if open.pop().is_none() => {
                return Err(Mistake::at(text, at, "unexpected {{end}}".to_owned()));
            }
            "break" | "continue"
                if rest.is_empty() && !open.iter().any(|open| open.word == "range") =>
            {
                return Err(Mistake::at(text, at, format!("{{{{{word}}}}} outside {{{{range}}}}")));
            }
            _ => {}
        }
    }
    match open.last() {
        None => Ok(()),
        Some(Open { word, at, .. }) => Err(Mistake::at(
            text,
            *at,
            format!("unexpected EOF: {{{{{word}}}}} without {{{{end}}}}"),
        )),
    }
}

fn follow(open: Option<&mut Open<'_>>, rest: &str) -> Result<(), String> {
    let Some(open) = open.filter(|open| matches!(open.word, "if" | "range" | "with")) else {
        return Err("unexpected {{else}}".to_owned());
    };
    if open.otherwise {
        return Err("expected end; found {{else}}".to_owned());
    }
    match word(rest).0 {
        "" => open.otherwise = true,
        _ => open.chain += 1,
    }
    if open.chain > CHAIN {
        return Err(format!("a chain of more than {CHAIN} {{{{else if}}}}"));
    }
    Ok(())
}

/// The first word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim())
}

/// What stands between `{{` and `}}`, without trim marks, and where it begins; comments left out.
fn actions(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text.get(at..)?.find("{{")?;
            let mut inside = start + 2;
            let rest = text.get(inside..)?;
            if rest.starts_with('-')
                && rest[1..].starts_with(|next: char| next.is_ascii_whitespace())
            {
                inside += 1;
            }
            let rest = text.get(inside..)?;
            let blanks = rest.len() - rest.trim_start().len();
            if let Some(comment) = rest[blanks..].strip_prefix("/*") {
                // What follows a comment must be its end; the engine says so if it is not.
                at = inside + blanks + 2 + comment.find("*/")? + 2;
                continue;
            }
            let end = inside + length(rest);
            at = end + 2;
            let action = text.get(inside..end)?.trim_end();
            return Some((start, action.strip_suffix('-').unwrap_or(action).trim()));
        }
    })
}

/// How far it is to `}}` outside of quotes.
fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut quote) = (0, None);
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(b'"' | b'\''), b'\\') => at += 1,
            (Some(open), byte) if *byte == open => quote = None,
            (None, b'"' | b'\'' | b'`') => quote = Some(*byte),
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wrong(text: &str, line: usize, column: usize, message: &str) {
        let mistake = check(text).unwrap_err();
        assert_eq!((mistake.line, mistake.column), (line, Some(column)), "{mistake}");
        assert_eq!(mistake.message, message);
    }

    #[test]
    fn branches_are_closed_and_nothing_else_is() {
        check(r#"{{ if eq .X "}}{{ end" }}{{/* {{ if */}}{{- else if `}}` -}}{{ else }}{{end}}"#)
            .unwrap();
        check("{{define \"a\"}}{{range .}}{{break}}{{end}}{{end}}{{block \"b\" .}}{{end}}")
            .unwrap();
        wrong("a\n {{end}}", 2, 2, "unexpected {{end}}");
        wrong("{{ if .A }}", 1, 1, "unexpected EOF: {{if}} without {{end}}");
        wrong("{{ if .A }}{{else}}{{ else }}{{end}}", 1, 20, "expected end; found {{else}}");
        wrong("{{ else }}", 1, 1, "unexpected {{else}}");
        wrong("{{ if .A }}{{ define \"x\" }}{{end}}{{end}}", 1, 12, "unexpected {{define}}");
        wrong("{{ if .A }}{{ break }}{{end}}", 1, 12, "{{break}} outside {{range}}");
        let chain = format!("{{{{if .A}}}}{}{{{{end}}}}", "{{else if .B}}".repeat(101));
        assert!(check(&chain).unwrap_err().message.starts_with("a chain of more than 100"));
    }
}
