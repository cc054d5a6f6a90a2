//! Diagnostics for people: what, where, the line itself, and how to mend it.

use std::{collections::HashSet, fmt::Write as _};

use super::{codes::Code, files::SourceFile, finding::Path, sensitive, suggest, syntax::Mark};
use crate::model::{Diagnostic, Secret, Severity, sensitive::login};

/// How many of the known keys are listed; JSON output has all.
const MAX_KNOWN: usize = 24;
/// The longest piece of a line that is shown, in characters.
const MAX_LINE: usize = 160;

const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const BLUE: &str = "\u{1b}[1;34m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// All diagnostics, one paragraph each, and a line that counts them. `outcome` ends that line if there are errors:
/// "nothing was started".
pub(super) fn human(
    diagnostics: &[Diagnostic],
    files: &[SourceFile],
    colour: bool,
    outcome: &str,
) -> String {
    let mut page = Page { out: String::new(), colour, files, secrets: Vec::new() };
    if !diagnostics.is_empty() {
        let misspelt = misspelt_secrets(diagnostics);
        page.secrets = files.iter().map(|file| secrets(file, &misspelt)).collect();
    }
    for diagnostic in diagnostics {
        page.paragraph(diagnostic);
    }
    page.out.push_str(&summary(diagnostics, outcome));
    page.out
}

/// `config.toml: 2 errors, 1 warning; nothing was started`
fn summary(diagnostics: &[Diagnostic], outcome: &str) -> String {
    let count = |severity| diagnostics.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let plural =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let mut files: Vec<_> = diagnostics
        .iter()
        .filter_map(|one| one.span.as_ref())
        .map(|span| span.file.display().to_string())
        .collect();
    files.dedup();
    let place = match files.as_slice() {
        [] => String::new(),
        [file] => format!("{file}: "),
        several => format!("{} files: ", several.len()),
    };
    let mut line = format!("{place}{}, {}", plural(errors, "error"), plural(warnings, "warning"));
    if errors > 0 && !outcome.is_empty() {
        let _ = write!(line, "; {outcome}");
    }
    line.push('\n');
    line
}

struct Page<'a> {
    out: String,
    colour: bool,
    files: &'a [SourceFile],
    /// Of each file, the byte ranges whose text is a secret.
    secrets: Vec<Vec<std::ops::Range<usize>>>,
}

impl Page<'_> {
    fn paragraph(&mut self, diagnostic: &Diagnostic) {
        let (word, colour) = match diagnostic.severity {
            Severity::Error => ("error", RED),
            Severity::Warning => ("warning", YELLOW),
        };
        let head = self.painted(colour, &format!("{word}[{}]", diagnostic.code));
        let message = self.painted(BOLD, &format!(": {}", printable(&diagnostic.message)));
        let _ = writeln!(self.out, "{head}{message}");
        let hint = self.place(diagnostic, colour);
        let margin = margin(diagnostic);
        let mut note = |words: &str| {
            let equals = self.painted(BLUE, "=");
            let _ = writeln!(self.out, "{margin} {equals} {words}");
        };
        if let Some(hint) = hint {
            note(&format!("help: {}", printable(&hint)));
        }
        if !diagnostic.known.is_empty() {
            let shown = diagnostic.known.iter().take(MAX_KNOWN).cloned().collect::<Vec<_>>();
            let more = if diagnostic.known.len() > MAX_KNOWN { ", ..." } else { "" };
            let what =
                if diagnostic.code == Code::UnknownKey.word() { "known keys" } else { "known" };
            note(&format!("{what}: {}{more}", shown.join(", ")));
        }
        note(&format!("more: noroshi explain {}", diagnostic.code));
        self.out.push('\n');
    }

    /// Where it is, with the line if there is one. Gives the hint back if it could not stand under the caret.
    fn place(&mut self, diagnostic: &Diagnostic, colour: &str) -> Option<String> {
        let margin = margin(diagnostic);
        let arrow = self.painted(BLUE, "-->");
        let beside = diagnostic.origin.as_deref().map(printable);
        let Some(span) = &diagnostic.span else {
            if let Some(origin) = &beside {
                let _ = writeln!(self.out, "{margin}{arrow} {origin}");
            }
            return diagnostic.hint.clone();
        };
        let origin = beside.map_or_else(String::new, |origin| format!(" ({origin})"));
        let (file, line, column) = (span.file.display(), span.line, span.column);
        let _ = writeln!(self.out, "{margin}{arrow} {file}:{line}:{column}{origin}");
        let Some(at) = self.files.iter().position(|file| file.path == span.file) else {
            return diagnostic.hint.clone();
        };
        let (text, from, width) =
            snippet(&self.files[at].text, span.start, span.end, &self.secrets[at]);
        let bar = self.painted(BLUE, "|");
        let number = self.painted(BLUE, &line.to_string());
        let caret = self.painted(colour, &"^".repeat(width));
        let hint = diagnostic
            .hint
            .as_deref()
            .map_or_else(String::new, |hint| format!(" {}", printable(hint)));
        let _ = writeln!(self.out, "{margin} {bar}");
        let _ = writeln!(self.out, "{number} {bar} {text}");
        let _ = writeln!(self.out, "{margin} {bar} {}{caret}{hint}", " ".repeat(from));
        None
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    }
}

/// A value may hold characters that a terminal obeys.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// As wide as the line's number.
fn margin(diagnostic: &Diagnostic) -> String {
    let digits = diagnostic.span.as_ref().map_or(1, |span| span.line.to_string().len());
    " ".repeat(digits)
}

/// The line a span begins in, without secrets and tabs; where the caret begins, and how wide it is, in characters.
fn snippet(
    text: &str,
    start: usize,
    end: usize,
    secrets: &[std::ops::Range<usize>],
) -> (String, usize, usize) {
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = &text[line_start..line_end];
    let mut hidden: Vec<_> = sensitive::ranges(line)
        .into_iter()
        .map(|range| range.start + line_start..range.end + line_start)
        .chain(
            secrets
                .iter()
                .filter(|range| range.start < line_end && range.end > line_start)
                .cloned(),
        )
        .collect();
    hidden.sort_by_key(|range| range.start);
    let (mut shown, mut from, mut to) = (String::new(), None, None);
    let mut masked_until = line_start;
    for (at, character) in line.char_indices().map(|(at, c)| (at + line_start, c)) {
        let secret = hidden.iter().find(|range| range.contains(&at));
        if at >= start && from.is_none() {
            from = Some(shown.chars().count());
        }
        if at >= end && to.is_none() {
            to = Some(shown.chars().count());
        }
        match secret {
            Some(range) if at >= masked_until => {
                shown.push_str(Secret::MASK);
                masked_until = range.end;
            }
            Some(_) => {}
            None if character.is_control() => shown.push(' '),
            None => shown.push(character),
        }
    }
    let whole = shown.chars().count();
    let from = from.unwrap_or(whole);
    let to = to.unwrap_or(whole).max(from + 1);
    cut(&shown, from, to)
}

/// A long line is cut around the caret.
fn cut(line: &str, from: usize, to: usize) -> (String, usize, usize) {
    let length = line.chars().count();
    if length <= MAX_LINE {
        return (line.trim_end().to_owned(), from, to - from);
    }
    let skip = if from > MAX_LINE / 2 { from - MAX_LINE / 4 } else { 0 };
    let kept: String = line.chars().skip(skip).take(MAX_LINE).collect();
    (kept, from - skip, (to - from).min(MAX_LINE - (from - skip)))
}

/// The code of a `blackbox.yml` for what [`Code::UnknownKey`] is here.
const UNKNOWN_FIELD: &str = "B005";

/// Unknown keys that look like a secret one: `pasword`.
fn misspelt_secrets(diagnostics: &[Diagnostic]) -> HashSet<&str> {
    let codes = [Code::UnknownKey.word(), UNKNOWN_FIELD];
    let unknown = diagnostics.iter().filter(|one| codes.contains(&one.code));
    let misspelt = unknown.filter(|one| {
        let key = one.path.rsplit('.').next().unwrap_or_default();
        let meant = suggest::nearest(key, one.known.iter().map(String::as_str));
        meant.is_some_and(sensitive::is_secret_key)
    });
    misspelt.map(|one| one.path.as_str()).collect()
}

/// Values of secret keys, which may reach over several lines.
fn secrets(file: &SourceFile, misspelt: &HashSet<&str>) -> Vec<std::ops::Range<usize>> {
    let marks: Mark = file.format.marks(&file.text);
    let hidden = |path: &Path| {
        sensitive::is_secret_path(path)
            || sensitive::is_table_of_secrets(path)
            || (!misspelt.is_empty() && misspelt.contains(path.to_string().as_str()))
    };
    let leaves = marks.leaves().into_iter();
    let said = |path: &Path, range: &std::ops::Range<usize>| {
        let text = file.text.get(range.clone()).unwrap_or_default();
        let is_said = path.last_key() == "send" && login(text).is_some();
        is_said || sensitive::has_login(path, text)
    };
    leaves
        .filter(|(path, range)| hidden(path) || said(path, range))
        .map(|(_, range)| range)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_line_has_its_caret(text in "[a-zü\\n\\t =\"]{0,400}", from in 0_usize..400, width in 0_usize..90) {
            let start = (0..=from.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let (shown, from, width) = snippet(&text, start, (start + width).min(text.len()), &[]);
            proptest::prop_assert!(from <= shown.chars().count() + text.len() && width > 0);
        }
    }

    #[test]
    fn the_caret_stays_under_what_it_means() {
        let line = "a = { password = \"hunter2\", x = 5 }\n";
        let start = line.find('5').unwrap();
        let (shown, from, width) = snippet(line, start, start + 1, &[]);
        assert_eq!(shown, "a = { password = <secret>, x = 5 }");
        assert_eq!((&shown[from..from + width], width), ("5", 1));
        let long = format!("{}x = 5", " ".repeat(500));
        let (shown, from, width) = snippet(&long, 504, 505, &[]);
        assert_eq!(&shown[from..from + width], "5");
        assert_eq!(snippet("", 0, 0, &[]), (String::new(), 0, 1));
    }
}
