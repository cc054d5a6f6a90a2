//! One table of the file: a check, a receiver, a maintenance window.

use figment::value::Value;
use toml::Table;

use crate::{
    compat::{client::options::put, page::Page},
    model::PromDuration,
    notify::spec::PROVIDERS,
    probe::spec::KINDS,
};

/// A table with what is to be said of it.
#[derive(Debug, Default)]
pub(in crate::compat) struct Piece {
    /// How notes call it: `endpoint "core/api"`.
    pub(in crate::compat) subject: String,
    pub(in crate::compat) name: String,
    /// The keys beside the kind's table.
    pub(in crate::compat) common: Table,
    /// The kind of check or the provider; empty where there is none.
    pub(in crate::compat) kind: &'static str,
    /// The kind's table.
    pub(in crate::compat) table: Table,
    /// What has no equivalent: a sentence each.
    pub(in crate::compat) remarks: Vec<String>,
    /// What the other program's own words say of it, as comments alone.
    pub(in crate::compat) comments: Vec<String>,
    /// Why it is written, but not in force.
    pub(in crate::compat) off: Option<String>,
}

impl Piece {
    pub(in crate::compat) fn put(&mut self, key: &str, value: impl Into<toml::Value>) {
        put(&mut self.table, key, value);
    }

    /// A rule more in a list of the kind's table.
    pub(in crate::compat) fn push(&mut self, key: &str, value: impl Into<toml::Value>) {
        let mut table = &mut self.table;
        let mut steps = key.split('.').peekable();
        while let Some(step) = steps.next() {
            let is_last = steps.peek().is_none();
            let empty = if is_last { toml::Value::Array(Vec::new()) } else { Table::new().into() };
            match table.entry(step).or_insert(empty) {
                toml::Value::Array(list) => return list.push(value.into()),
                toml::Value::Table(inner) => table = inner,
                _ => return,
            }
        }
    }

    pub(in crate::compat) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    pub(super) fn write(&self, section: &'static str, page: &mut Page, notes: &mut Vec<String>) {
        let off = self.off.clone().or_else(|| {
            let why = self.loads(section).err()?;
            Some(format!("what it says makes nothing that could be in force here: {why}"))
        });
        page.gap();
        for comment in &self.comments {
            page.comment(comment);
        }
        for remark in &self.remarks {
            page.comment(&format!("{}.", first_upper(remark)));
            notes.push(format!("{}: {remark}", self.subject));
        }
        let mut toml = Page::default();
        if self.kind.is_empty() {
            toml.table(section, Some(&self.name), &self.common);
        } else {
            toml.section(section, &self.name, self.kind, &self.common, &self.table);
        }
        match off {
            None => page.text.push_str(&toml.text),
            Some(why) => {
                page.comment(&format!("{} is not in force: {why}.", first_upper(&self.subject)));
                notes.push(format!("{}: not in force: {why}", self.subject));
                if !self.table.is_empty() || !self.common.is_empty() {
                    page.commented_out(&toml.text);
                }
                // The routes that lead to it stay.
                if section == "receivers" {
                    page.table(section, Some(&self.name), &Table::new());
                }
            }
        }
    }

    /// Whether the kind's own parser takes the table.
    fn loads(&self, section: &str) -> Result<(), String> {
        let value = Value::serialize(&self.table).map_err(|_| "it cannot be passed on")?;
        let said = |error: figment::Error| match error.kind {
            figment::error::Kind::Message(message) => message,
            // What was found instead might be a secret.
            _ => format!("`{}` cannot be said so", error.path.join(".")),
        };
        let problem = match section {
            "checks" => {
                let kind = KINDS.iter().find(|kind| kind.word == self.kind);
                let kind = kind.ok_or("noroshi has no check of that kind")?;
                (kind.parse)(&value).map_err(said)?.problems().into_iter().next()
            }
            "receivers" if !self.kind.is_empty() => {
                let kind = PROVIDERS.iter().find(|kind| kind.word == self.kind);
                let kind = kind.ok_or("noroshi has no such provider")?;
                (kind.parse)(&value).map_err(said)?.problems().into_iter().next()
            }
            _ => None,
        };
        problem.map_or(Ok(()), |own| Err(format!("`{}`: {}", own.path, own.message)))
    }
}

fn first_upper(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// A duration as the configuration writes it, to the millisecond.
pub(in crate::compat) fn words(duration: std::time::Duration) -> String {
    let millis = u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    PromDuration(std::time::Duration::from_millis(millis)).to_string()
}
