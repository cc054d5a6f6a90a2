//! A configuration of our own in the making, from what another program was configured with.
//!
//! Contract: what is written loads; what has no equivalent is never dropped in silence: it stands as a comment beside what
//! it belongs to, and is told once more in a note. A secret is a reference unless it was asked for.

mod exposed;
mod glob;
mod json;
mod labels;
mod piece;
mod route;
mod secrets;
mod section;
mod window;

pub(in crate::compat) use self::{
    exposed::exposed,
    glob::glob,
    json::{Comparison, Operator, Path, Rule, any_of},
    labels::label_name,
    piece::{Piece, first_upper, words},
    route::{Telling, matcher},
    secrets::{Secret, Secrets},
    section::{Section, Url, go_duration, mark_variables, variables},
};

pub use section::Environment;

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;

use crate::{
    compat::{client::options::put, page::Page},
    model::CheckId,
};

/// A file of our own, and what a person has to know of it.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The file, TOML.
    pub toml: String,
    /// What has no equivalent, and what has to be done by hand: a sentence each, without any secret.
    pub notes: Vec<String>,
}

/// The configuration so far.
pub(in crate::compat) struct Draft {
    /// What stands at the top, as comments.
    head: Vec<String>,
    /// `[defaults]`
    defaults: Table,
    checks: Vec<Piece>,
    receivers: Vec<Piece>,
    tellings: Vec<Telling>,
    maintenance: Vec<Piece>,
    /// What belongs to nothing that is written.
    lost: Vec<(String, Vec<String>)>,
    /// Names of each section that are taken.
    names: BTreeMap<&'static str, BTreeSet<String>>,
    pub(in crate::compat) secrets: Secrets,
}

/// The receiver at the root of the tree.
const NOBODY: &str = "nobody";
/// The longest name, in bytes.
const MAX_NAME: usize = CheckId::LONGEST;

impl Draft {
    pub(in crate::compat) fn new(head: Vec<String>, defaults: Table, with_secrets: bool) -> Self {
        Self {
            head,
            defaults,
            checks: Vec::new(),
            receivers: Vec::new(),
            tellings: Vec::new(),
            maintenance: Vec::new(),
            lost: Vec::new(),
            names: BTreeMap::from([("receivers", BTreeSet::from([NOBODY.to_owned()]))]),
            secrets: Secrets::new(with_secrets),
        }
    }

    /// A name for a table of this section that no other has.
    pub(in crate::compat) fn name(&mut self, section: &'static str, wanted: &str) -> String {
        let taken = self.names.entry(section).or_default();
        let printable: String =
            wanted.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let printable = if printable.trim().is_empty() { "unnamed" } else { printable.trim() };
        let cut = |length: usize| &printable[..printable.floor_char_boundary(length)];
        let mut name = cut(MAX_NAME).to_owned();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            let suffix = format!(" ({number})");
            name = format!("{}{suffix}", cut(MAX_NAME - suffix.len()));
            number += 1;
        }
        if section == "checks" && name != wanted {
            let shown: String = wanted.chars().take(40).collect();
            self.lost("Names", vec![format!("the check {shown:?} is called {name:?} here")]);
        }
        name
    }

    pub(in crate::compat) fn check(&mut self, piece: Piece) {
        self.checks.push(piece);
    }

    pub(in crate::compat) fn receiver(&mut self, piece: Piece) {
        self.receivers.push(piece);
    }

    pub(in crate::compat) fn maintenance(&mut self, piece: Piece) {
        self.maintenance.push(piece);
    }

    /// Whose alerts go to which receiver.
    pub(in crate::compat) fn telling(&mut self, telling: Telling) {
        self.tellings.push(telling);
    }

    /// What has no table of its own here: the subject, and a sentence for each thing.
    pub(in crate::compat) fn lost(&mut self, subject: impl Into<String>, remarks: Vec<String>) {
        if remarks.is_empty() {
            return;
        }
        let subject = subject.into();
        match self.lost.iter_mut().find(|(own, _)| *own == subject) {
            Some((_, told)) => told.extend(remarks),
            None => self.lost.push((subject, remarks)),
        }
    }

    /// The file.
    pub(in crate::compat) fn finish(mut self) -> Converted {
        for (section, pieces) in [
            ("checks", &mut self.checks),
            ("receivers", &mut self.receivers),
            ("maintenance", &mut self.maintenance),
        ] {
            for piece in pieces {
                piece.settle(section);
            }
        }
        let in_force: BTreeSet<String> = self.in_force().map(|check| check.name.clone()).collect();
        self.tellings.retain(|telling| in_force.contains(&telling.check));
        let mut page = Page::default();
        let mut notes = Vec::new();
        for line in &self.head {
            page.comment(line);
        }
        for (subject, remarks) in &self.lost {
            page.gap();
            page.comment(&format!("{subject}:"));
            for remark in remarks {
                page.comment(&format!("- {remark}."));
                notes.push(format!("{subject}: {remark}"));
            }
        }
        for (section, keys) in self.tables() {
            page.gap();
            page.table(section, None, &keys);
        }
        for piece in &self.checks {
            piece.write("checks", &mut page, &mut notes);
        }
        for piece in &self.receivers {
            piece.write("receivers", &mut page, &mut notes);
        }
        route::write(&self.tellings, !self.receivers.is_empty(), &mut page);
        for piece in &self.maintenance {
            piece.write("maintenance", &mut page, &mut notes);
        }
        notes.extend(self.secrets.notes);
        Converted { toml: page.text, notes }
    }

    /// The checks that are more than a comment.
    fn in_force(&self) -> impl Iterator<Item = &Piece> {
        self.checks.iter().filter(|check| check.off.is_none())
    }

    /// The tables that are there once. Both programs have labels on all series of a check.
    fn tables(&self) -> Vec<(&'static str, Table)> {
        let mut metrics = Table::new();
        let labels: BTreeSet<&String> = self
            .in_force()
            .filter_map(|check| check.common.get("labels")?.as_table())
            .flat_map(Table::keys)
            .collect();
        if !labels.is_empty() {
            put(&mut metrics, "export_labels", labels.into_iter().cloned().collect::<Vec<_>>());
        }
        let all = vec![("defaults", self.defaults.clone()), ("metrics", metrics)];
        all.into_iter().filter(|(_, keys)| !keys.is_empty()).collect()
    }
}
