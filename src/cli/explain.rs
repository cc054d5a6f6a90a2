use std::fmt::Write as _;

use super::{args, exit::Exit, page};
use crate::{
    compat::{alertmanager, blackbox},
    config::{Code, nearest},
    model::{Explanation, Reason},
};

/// `noroshi explain [WORD]`.
pub(super) fn run(options: &args::Explain) -> Exit {
    let Some(word) = options.word.as_deref() else { return page::show(&all()) };
    if let Ok(reason) = word.to_ascii_lowercase().parse::<Reason>() {
        return page::show(&one(reason.word(), reason.explanation()));
    }
    if let Some(code) = Code::ALL.iter().find(|code| code.word().eq_ignore_ascii_case(word)) {
        return page::show(&one(code.word(), code.explanation()));
    }
    let mut foreign = blackbox::CODES.iter().chain(alertmanager::CODES);
    if let Some(code) = foreign.find(|code| code.word.eq_ignore_ascii_case(word)) {
        return page::show(&one(code.word, code.explanation));
    }
    let near = near(word);
    let hint = match near.as_slice() {
        [] => "`noroshi explain` lists them all".to_owned(),
        near => format!("did you mean {}?", near.join(", ")),
    };
    eprintln!("`{word}` is neither a reason nor a code; {hint}");
    Exit::Usage
}

/// Reasons with the word inside them, `tls_expired` for `expired`; else the one it may be a typo of.
fn near(word: &str) -> Vec<&'static str> {
    let asked = word.to_ascii_lowercase();
    let words = || Reason::ALL.iter().map(|reason| reason.word());
    let inside: Vec<_> =
        words().filter(|known| asked.len() > 2 && known.contains(&asked)).collect();
    if inside.is_empty() { nearest(word, words()).into_iter().collect() } else { inside }
}

fn all() -> String {
    let reasons = Reason::ALL.iter().map(|reason| (reason.word(), reason.explanation()));
    let codes = Code::ALL.iter().map(|code| (code.word(), code.explanation()));
    let mut out = String::new();
    let foreign = blackbox::CODES.iter().chain(alertmanager::CODES);
    let foreign = foreign.map(|code| (code.word, code.explanation));
    for (word, explanation) in reasons.chain(codes).chain(foreign) {
        let _ = writeln!(out, "{word:<26} {}", explanation.meaning);
    }
    out
}

fn one(word: &str, explanation: Explanation) -> String {
    let mut out = format!("{word}: {}\n", explanation.meaning);
    for (head, lines) in [("Likely causes", explanation.causes), ("Next", explanation.next)] {
        let _ = writeln!(out, "\n{head}:");
        for line in lines {
            let _ = writeln!(out, "  - {line}");
        }
    }
    out
}
