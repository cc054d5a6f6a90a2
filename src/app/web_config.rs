//! A web configuration's mistakes, as the configuration's own are told.

use std::path::Path;

use crate::{
    api::web_config::{self, Problem},
    config::Code,
    model::{Diagnostic, Severity, Span},
};

/// All that is wrong with a web configuration and the files it names; its warnings too. Blocks.
pub fn web_config_diagnostics(file: &Path) -> Vec<Diagnostic> {
    let all = |problems: Vec<Problem>, severity| {
        problems.into_iter().map(move |problem| diagnostic(file, problem, severity)).collect()
    };
    match web_config::check(file) {
        Ok(warnings) => all(warnings, Severity::Warning),
        Err(refused) => all(refused.problems, Severity::Error),
    }
}

fn diagnostic(file: &Path, problem: Problem, severity: Severity) -> Diagnostic {
    let Problem { place, message } = problem;
    let span =
        place.map(|(line, column)| Span { file: file.to_owned(), line, column, start: 0, end: 0 });
    Diagnostic {
        code: Code::WebConfig.word(),
        severity,
        message: match span {
            Some(_) => message,
            None => format!("{}: {message}", file.display()),
        },
        path: "web.config_file".to_owned(),
        span,
        origin: None,
        hint: None,
        known: Vec::new(),
    }
}
