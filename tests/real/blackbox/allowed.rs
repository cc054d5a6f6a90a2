//! The differences that are meant, and the judgement over those that were found.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::server::itself;

/// A reason on a line that begins with `=`; below it rows of `case | metric or field` that have this reason, where several
/// of either stand between semicolons. Lines that begin with `#` are for the reader.
const FILE: &str = include_str!("allowed.txt");

/// A difference between the two programs.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    pub(super) case: String,
    /// A metric's name, or what else was compared.
    pub(super) field: String,
    pub(super) theirs: String,
    pub(super) ours: String,
}

/// One that is meant.
struct Row {
    case: &'static str,
    field: &'static str,
}

/// Complains about each difference without a row, and each row without a difference.
///
/// `theme` is the first word of the cases that were run: other rows are another test's.
pub(super) fn judge(theme: &[&str], found: &[Difference]) {
    let rows: Vec<Row> =
        rows().into_iter().filter(|row| theme.contains(&first(row.case))).collect();
    let allowed: BTreeSet<_> = rows.iter().map(|row| (row.case, row.field)).collect();
    let met: BTreeSet<_> = found.iter().map(|it| (it.case.as_str(), it.field.as_str())).collect();
    let mut complaints = String::new();
    let unmeant: Vec<_> = found
        .iter()
        .filter(|it| itself() || !allowed.contains(&(it.case.as_str(), it.field.as_str())))
        .collect();
    for Difference { case, field, theirs, ours } in &unmeant {
        let (theirs, ours) = (theirs.replace('\n', "\\n"), ours.replace('\n', "\\n"));
        let _ = writeln!(complaints, "{case} | {field}\n  theirs: {theirs}\n  ours:   {ours}");
    }
    for (case, field) in allowed.difference(&met).filter(|_| !itself()) {
        let _ = writeln!(complaints, "{case} | {field}\n  is allowed to differ, and does not");
    }
    let cases: BTreeSet<_> = unmeant.iter().map(|it| it.case.as_str()).collect();
    assert!(
        complaints.is_empty(),
        "\n{complaints}\n{} differences in {} cases",
        unmeant.len(),
        cases.len()
    );
}

fn first(case: &str) -> &str {
    case.split(' ').next().unwrap_or_default()
}

fn rows() -> Vec<Row> {
    assert!(!FILE.contains('*'), "a wildcard");
    let (mut rows, mut reasoned) = (Vec::new(), false);
    for line in FILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(reason) = line.strip_prefix("= ") {
            assert!(reason.len() > 20, "no reason: {line}");
            reasoned = true;
            continue;
        }
        let (cases, fields) = line.split_once(" | ").unwrap_or_else(|| panic!("no row: {line}"));
        assert!(reasoned, "a row before any reason: {line}");
        // What was built in does not differ.
        let differs = |case: &&str| !cfg!(feature = "http3") || *case != "config http3";
        for case in cases.split("; ").filter(differs) {
            rows.extend(fields.split("; ").map(|field| Row { case, field }));
        }
    }
    rows
}

#[test]
fn no_row_is_there_twice() {
    let rows = rows();
    let different: BTreeSet<_> = rows.iter().map(|row| (row.case, row.field)).collect();
    assert_eq!(different.len(), rows.len());
}
