//! Findings to diagnostics: where in which file, or in which variable.

use std::{collections::HashMap, ops::Range, path::Path as FilePath};

use super::{
    codes::Code,
    files::SourceFile,
    finding::{Finding, Part, Path},
    layers::{Origin, Values},
    syntax::{Mark, SyntaxError},
};
use crate::model::{Diagnostic, Span};

/// What makes a place of a path: positions, and where lines begin.
struct Indexed {
    marks: Mark,
    lines: Vec<usize>,
}

impl Indexed {
    fn new(file: &SourceFile) -> Self {
        Self { marks: file.format.marks(&file.text), lines: line_starts(&file.text) }
    }
}

/// Finds places. Positions of a file are computed when they are first asked for: nothing is wrong with most.
pub(super) struct Places<'a> {
    values: &'a Values,
    files: &'a [SourceFile],
    indexed: HashMap<usize, Indexed>,
}

impl<'a> Places<'a> {
    pub(super) fn new(values: &'a Values, files: &'a [SourceFile]) -> Self {
        Self { values, files, indexed: HashMap::new() }
    }

    /// A finding with its place.
    pub(super) fn diagnostic(&mut self, finding: Finding) -> Diagnostic {
        let finding = self.in_order(finding);
        let (span, word) = self.locate(&finding.path, finding.part);
        let other = finding.other.map(|(words, path)| self.other(&words, &path));
        let origin = match (word, other) {
            (Some(word), Some(other)) => Some(format!("{word}; {other}")),
            (word, other) => word.or(other),
        };
        Diagnostic {
            code: finding.code.word(),
            severity: finding.code.severity(),
            message: finding.message,
            path: finding.path.to_string(),
            span,
            origin,
            hint: finding.hint,
            known: finding.known,
        }
    }

    /// Of two tables that exclude each other, the one that comes later is the surprise.
    fn in_order(&mut self, mut finding: Finding) -> Finding {
        let (Code::SeveralKinds, Some((_, other))) = (finding.code, &finding.other) else {
            return finding;
        };
        let here = self.locate(&finding.path, finding.part).0;
        let there = self.locate(other, finding.part).0;
        if let (Some(here), Some(there)) = (here, there)
            && here.file == there.file
            && here.start < there.start
        {
            let before = std::mem::replace(&mut finding.path, other.clone());
            finding.other = Some((format!("`{}`", before.last_key()), before));
        }
        finding
    }

    /// `from FILE:LINE` or the variable a value came from; nothing for a built-in default.
    pub(super) fn source(&mut self, path: &Path) -> Option<String> {
        let path = self.values.spelling(path)?;
        match self.locate(&path, Part::Value) {
            (Some(span), _) => Some(format!("from {}:{}", span.file.display(), span.line)),
            (None, word) => word,
        }
    }

    /// Whether somebody said anything at a path.
    pub(super) fn is_set(&self, path: &Path) -> bool {
        self.values.spelling(path).is_some()
    }

    fn other(&mut self, words: &str, path: &Path) -> String {
        if path.0.is_empty() {
            return format!("{words} is the default");
        }
        match self.locate(path, Part::Value) {
            (Some(span), _) => {
                format!("{words} is set at {}:{}:{}", span.file.display(), span.line, span.column)
            }
            (None, Some(word)) => format!("{words} comes from {word}"),
            (None, None) => words.to_owned(),
        }
    }

    /// The place of an entry, or of the nearest one around it.
    fn locate(&mut self, path: &Path, part: Part) -> (Option<Span>, Option<String>) {
        match self.values.origin(path) {
            Some(Origin::Word { name, .. }) => (None, Some(name.clone())),
            Some(Origin::File(file)) => {
                let named = self.files.iter().rposition(|own| own.path == *file);
                (named.and_then(|named| self.span(named, path, part)), None)
            }
            None => (None, None),
        }
    }

    /// In the file named, or in the last other one that has the entry: a table may be spread over several.
    fn span(&mut self, named: usize, path: &Path, part: Part) -> Option<Span> {
        let mut path = path.clone();
        loop {
            let others = (0..self.files.len()).rev().filter(|other| *other != named);
            for at in [named].into_iter().chain(others).collect::<Vec<_>>() {
                let file = &self.files[at];
                let Indexed { marks, lines } =
                    self.indexed.entry(at).or_insert_with(|| Indexed::new(file));
                if let Some(mark) = marks.find(&path).filter(|_| !path.0.is_empty()) {
                    return Some(span(&file.path, &file.text, lines, mark.range(part)));
                }
            }
            path = path.parent()?;
        }
    }
}

/// A syntax error as a diagnostic.
pub(super) fn syntax(file: &SourceFile, error: SyntaxError) -> Diagnostic {
    Diagnostic {
        code: Code::Syntax.word(),
        severity: Code::Syntax.severity(),
        message: super::sensitive::mask(&error.message),
        path: String::new(),
        span: Some(span(&file.path, &file.text, &line_starts(&file.text), error.range)),
        origin: None,
        hint: None,
        known: Vec::new(),
    }
}

/// The place of an entry of one file, or of the nearest one around it.
pub(super) fn within(file: &SourceFile, path: &Path) -> Option<Span> {
    let Indexed { marks, lines } = Indexed::new(file);
    let mut path = path.clone();
    loop {
        if let Some(mark) = marks.find(&path) {
            return Some(span(&file.path, &file.text, &lines, mark.range(Part::Value)));
        }
        path = path.parent().filter(|path| !path.0.is_empty())?;
    }
}

/// A line and a column of a text, both from 1, to the end of the line.
pub(super) fn at(file: &FilePath, text: &str, line: usize, column: usize) -> Span {
    let lines = line_starts(text);
    let start = lines.get(line - 1).copied().unwrap_or(text.len());
    let end = lines.get(line).map_or(text.len(), |next| next - 1);
    let before = text[start..end].chars().take(column - 1).map(char::len_utf8).sum::<usize>();
    span(file, text, &lines, start + before..end)
}

/// A mistake that is in no file.
pub(super) fn nowhere(code: Code, message: String) -> Diagnostic {
    Diagnostic {
        code: code.word(),
        severity: code.severity(),
        message,
        path: String::new(),
        span: None,
        origin: None,
        hint: None,
        known: Vec::new(),
    }
}

/// By file in the order they were read, then by line; what is in no file comes last.
pub(super) fn sort(diagnostics: &mut [Diagnostic], files: &[SourceFile]) {
    diagnostics.sort_by_cached_key(|diagnostic| {
        let place = diagnostic
            .span
            .as_ref()
            .map(|span| (files.iter().position(|file| file.path == span.file), span.start));
        (
            place.is_none(),
            place,
            diagnostic.origin.clone(),
            diagnostic.path.clone(),
            diagnostic.code,
        )
    });
}

fn span(file: &FilePath, text: &str, lines: &[usize], range: Range<usize>) -> Span {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line = lines.partition_point(|line| *line <= start).max(1);
    Span {
        file: file.to_owned(),
        line,
        column: text[lines[line - 1]..start].chars().count() + 1,
        start,
        end: range.end.clamp(start, text.len()),
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}
