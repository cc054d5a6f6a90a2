use std::path::PathBuf;

use serde::Serialize;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing starts, nothing is applied.
    Error,
    /// Applied, but probably not what was meant.
    Warning,
}

/// A place in a file. Lines and columns count from 1, columns in characters; bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The file as the user named it.
    pub file: PathBuf,
    /// Line of the first character.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Where the text begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// One mistake in a configuration, with all it takes to mend it. Never holds a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable: `C001`, ... `noroshi explain C001` tells more.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// The key's path, such as `checks.web.http.url`; empty for a whole file.
    pub path: String,
    /// Where, if it is in a file.
    pub span: Option<Span>,
    /// Where else to look: the environment variable or flag it came from, the other half of a conflict.
    pub origin: Option<String>,
    /// Under the caret: "did you mean `interval`?".
    pub hint: Option<String>,
    /// What would have been right here.
    pub known: Vec<String>,
}
