//! A web configuration's mistakes, as the configuration's own are told.

use std::path::Path;

use crate::{
    api::web_config::{self, Problem},
    config::Code,
    model::{Diagnostic, Span},
};

/// All that is wrong with a web configuration and the files it names; its warnings too. Blocks.
pub fn web_config_diagnostics(file: &Path) -> Vec<Diagnostic> {
    let (problems, code) = match web_config::check(file) {
        Ok(warnings) => (warnings, Code::DoubtfulWebConfig),
        Err(refused) => (refused.problems, Code::WebConfig),
    };
    problems.into_iter().map(|problem| diagnostic(file, problem, code)).collect()
}

fn diagnostic(file: &Path, problem: Problem, code: Code) -> Diagnostic {
    let Problem { place, message } = problem;
    let span =
        place.map(|(line, column)| Span { file: file.to_owned(), line, column, start: 0, end: 0 });
    Diagnostic {
        code: code.word(),
        severity: code.severity(),
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
