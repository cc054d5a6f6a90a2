//! The differences that are meant, and the judgement over those that were found.

use std::{collections::BTreeSet, fmt::Write as _};

use super::exporter::itself;

/// Rows of `case | metric or field | reason`; lines that begin with `#` are for the reader.
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
    // Where the statuses differ, nothing else can be the same.
    let refused: BTreeSet<_> =
        unmeant.iter().filter(|it| it.field == "status").map(|it| it.case.as_str()).collect();
    for Difference { case, field, theirs, ours } in &unmeant {
        if !refused.contains(case.as_str()) || ["status", "body"].contains(&field.as_str()) {
            let (theirs, ours) = (theirs.replace('\n', "\\n"), ours.replace('\n', "\\n"));
            let _ = writeln!(complaints, "{case} | {field}\n  theirs: {theirs}\n  ours:   {ours}");
        }
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
    let lines = FILE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = lines.map(|line| {
        let [case, field, reason] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("not of the form `case | field | reason`: {line}");
        };
        assert!(!line.contains('*'), "a wildcard: {line}");
        assert!(reason.len() > 10, "no reason: {line}");
        Row { case, field }
    });
    rows.collect()
}

#[test]
fn no_row_is_there_twice() {
    let rows = rows();
    let different: BTreeSet<_> = rows.iter().map(|row| (row.case, row.field)).collect();
    assert_eq!(different.len(), rows.len());
}
