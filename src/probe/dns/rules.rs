//! Patterns for whole records, section by section: the rules of blackbox_exporter's DNS modules under names that say
//! what they do.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    expect::{Judge, listed},
    message::{Message, Record},
    presentation,
};
use crate::{model::Reason, probe::Problem, re2::Regex};

/// Patterns for the records of each section, found anywhere in their text ([`presentation`]).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sections {
    /// The answer section.
    #[serde(skip_serializing_if = "Rules::is_empty")]
    pub answer: Rules,
    /// The authority section.
    #[serde(skip_serializing_if = "Rules::is_empty")]
    pub authority: Rules,
    /// The additional section. The OPT record is one of its records only with `edns = false`, where nobody asked for it.
    #[serde(skip_serializing_if = "Rules::is_empty")]
    pub additional: Rules,
}

/// What is to match in one section; everything that is set must hold. Each is a list of regular expressions in RE2
/// syntax.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// No record matches any of these. blackbox_exporter: `fail_if_matches_regexp`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub none_match: Vec<Regex>,
    /// There is a record, and every record matches each of these. blackbox_exporter: `fail_if_not_matches_regexp`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all_match: Vec<Regex>,
    /// Every record matches each of these; a section without records passes. blackbox_exporter:
    /// `fail_if_all_match_regexp`, which does this and not what its name says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all_match_or_empty: Vec<Regex>,
    /// At least one record matches at least one of these. blackbox_exporter: `fail_if_none_matches_regexp`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any_match: Vec<Regex>,
}

impl Sections {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn named(&self) -> [(&'static str, &Rules); 3] {
        [("answer", &self.answer), ("authority", &self.authority), ("additional", &self.additional)]
    }

    /// Sections in the order of the message.
    pub(super) fn judge(&self, message: &Message, counts_opt: bool, judge: &mut Judge<'_>) {
        let sections = [&message.answers, &message.authorities, &message.additionals];
        for ((section, rules), records) in self.named().into_iter().zip(sections) {
            if !rules.is_empty() {
                rules.judge(
                    section,
                    records.iter().filter(|one| counts_opt || !one.is_opt()),
                    judge,
                );
            }
        }
    }

    /// Rules that contradict each other.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let both = |rules: &Rules| {
            let forbidden = rules.none_match.iter().map(Regex::as_str);
            let wanted = [&rules.all_match, &rules.any_match];
            forbidden
                .filter(|one| {
                    wanted.iter().any(|list| matches!(&list[..], [only] if only.as_str() == *one))
                })
                .map(str::to_owned)
                .next()
        };
        let found = self.named().into_iter().filter_map(|(section, rules)| {
            let pattern = both(rules)?;
            Some(Problem {
                path: format!("expect.records.{section}.none_match"),
                message: format!("`{pattern}` is wanted and forbidden at once"),
                hint: Some("no answer can pass".into()),
            })
        });
        found.collect()
    }
}

impl Rules {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn judge<'a>(
        &self,
        section: &str,
        records: impl Iterator<Item = &'a Record>,
        judge: &mut Judge<'_>,
    ) {
        let lines: Vec<Line> = records.map(|record| Line(presentation::line(record))).collect();
        let subject = format!("{section} records");
        let mut look = |patterns: &[Regex], quantity: &str, broken: Option<&[Line]>| {
            if !patterns.is_empty() {
                let patterns: Vec<String> = patterns.iter().map(|one| format!("{one:?}")).collect();
                let wanted = format!("{quantity} {}", patterns.join(", "));
                let got = || listed(broken.unwrap_or(&lines).iter());
                judge.look(broken.is_none(), Reason::DnsAnswerMismatch, &subject, &wanted, got);
            }
        };
        let one =
            |holds: &dyn Fn(&Line) -> bool| lines.iter().position(holds).map(|at| &lines[at..=at]);
        let lacks = |patterns: &[Regex]| one(&|line| !patterns.iter().all(|regex| line.is(regex)));
        let empty = lines.is_empty().then_some(&lines[..]);
        let forbidden = one(&|line| self.none_match.iter().any(|regex| line.is(regex)));
        look(&self.none_match, "none to match any of", forbidden);
        look(&self.all_match, "one or more, and each to match", empty.or(lacks(&self.all_match)));
        look(&self.all_match_or_empty, "each to match", lacks(&self.all_match_or_empty));
        let found = one(&|line| self.any_match.iter().any(|regex| line.is(regex)));
        look(&self.any_match, "one to match one of", found.is_none().then_some(&lines[..]));
    }
}

/// A record's text.
struct Line(String);

impl Line {
    fn is(&self, regex: &Regex) -> bool {
        regex.is_match(self.0.as_bytes())
    }
}

/// As much of it as a message for people has room for; a TAB is shown as a pattern has it.
const SHOWN: usize = 200;

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.floor_char_boundary(SHOWN);
        f.write_str(&self.0[..end].replace('\t', "\\t"))?;
        f.write_str(if end < self.0.len() { "…" } else { "" })
    }
}
