//! One table of the file: a check, a receiver, a maintenance window.

use std::time::Duration;

use toml::{Table, Value};

use super::{exposed::exposed, window};
use crate::{
    compat::{client::options::put, page::Page},
    model::{CheckId, CheckSettings, PromDuration, Threshold},
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
    pub(in crate::compat) fn put(&mut self, key: &str, value: impl Into<Value>) {
        put(&mut self.table, key, value);
    }

    /// A rule more in a list of the kind's table.
    pub(in crate::compat) fn push(&mut self, key: &str, value: impl Into<Value>) {
        let mut table = &mut self.table;
        let mut steps = key.split('.').peekable();
        while let Some(step) = steps.next() {
            let is_last = steps.peek().is_none();
            let empty = if is_last { Value::Array(Vec::new()) } else { Table::new().into() };
            match table.entry(step).or_insert(empty) {
                Value::Array(list) => return list.push(value.into()),
                Value::Table(inner) => table = inner,
                _ => return,
            }
        }
    }

    pub(in crate::compat) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    /// Brings it within what a configuration permits, and finds out whether it can be in force.
    pub(super) fn settle(&mut self, section: &'static str) {
        if section == "checks" {
            self.bound();
        }
        for remark in exposed(section, &self.table) {
            self.remark(remark);
        }
        if let (None, Err(why)) = (&self.off, self.loads(section)) {
            let why = match section {
                "maintenance" => why,
                _ => format!("what it says makes nothing that could be in force here: {why}"),
            };
            self.off = Some(why);
        }
    }

    /// Keys beside the kind's that have bounds: what is outside becomes the bound, and is told.
    fn bound(&mut self) {
        let mut remarks = Vec::new();
        if let Some(Value::String(group)) = self.common.get_mut("group")
            && group.len() > CheckId::LONGEST
        {
            group.truncate(group.floor_char_boundary(CheckId::LONGEST));
            remarks.push(format!("its group is cut to {} bytes", CheckId::LONGEST));
        }
        let longest = CheckSettings::LONGEST_INTERVAL;
        for (key, least) in [
            ("interval", CheckSettings::SHORTEST_INTERVAL),
            ("timeout", Duration::from_millis(1)),
            ("retry_interval", CheckSettings::SHORTEST_INTERVAL),
        ] {
            let Some(written) = duration(&self.common, key) else { continue };
            let bound = written.clamp(least, longest);
            if bound != written {
                remarks.push(format!("`{key}` of {} is {} here", words(written), words(bound)));
                put(&mut self.common, key, words(bound));
            }
        }
        if let Some(Value::Integer(failures)) = self.common.get_mut("failures")
            && *failures > i64::from(Threshold::MAX_WINDOW)
        {
            let most = Threshold::MAX_WINDOW;
            remarks.push(format!("`failures` of {failures} is {most} here, the most there are"));
            *failures = most.into();
        }
        self.remarks.extend(remarks);
    }

    pub(super) fn write(&self, section: &'static str, page: &mut Page, notes: &mut Vec<String>) {
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
        match &self.off {
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

    /// Whether the loader takes it.
    fn loads(&self, section: &str) -> Result<(), String> {
        let value =
            figment::value::Value::serialize(&self.table).map_err(|_| "it cannot be passed on")?;
        let said = |error: figment::Error| match error.kind {
            figment::error::Kind::Message(message) => message,
            // What was found instead might be a secret.
            _ => format!("`{}` cannot be said so", error.path.join(".")),
        };
        let problem = match section {
            "checks" => {
                let kind = KINDS.iter().find(|kind| kind.word == self.kind);
                let kind = kind.ok_or("noroshi has no check of that kind")?;
                let spec = (kind.parse)(&value).map_err(said)?;
                let (least, timeout) = (spec.least_duration(), self.timeout());
                if !least.is_zero() && least >= timeout {
                    let (least, timeout) = (words(least), words(timeout));
                    return Err(format!("it takes {least}, and has to end within {timeout}"));
                }
                spec.problems().into_iter().next()
            }
            "receivers" if !self.kind.is_empty() => {
                let kind = PROVIDERS.iter().find(|kind| kind.word == self.kind);
                let kind = kind.ok_or("noroshi has no such provider")?;
                (kind.parse)(&value).map_err(said)?.problems().into_iter().next()
            }
            "maintenance" => return window::loads(&self.common),
            _ => None,
        };
        problem.map_or(Ok(()), |own| Err(format!("`{}`: {}", own.path, own.message)))
    }

    /// The longest that a run of the check takes.
    fn timeout(&self) -> Duration {
        let interval = duration(&self.common, "interval").unwrap_or(INTERVAL);
        duration(&self.common, "timeout").unwrap_or(TIMEOUT.min(interval))
    }
}

/// What a check has that says nothing of it: the interval of `[defaults]`, and the built-in timeout.
const INTERVAL: Duration = Duration::from_mins(1);
const TIMEOUT: Duration = Duration::from_secs(10);

fn duration(table: &Table, key: &str) -> Option<Duration> {
    let text = table.get(key)?.as_str()?;
    text.parse().ok().map(|own: PromDuration| own.0)
}

/// A sentence of its own, made of what stood behind a colon.
pub(in crate::compat) fn first_upper(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// A duration as the configuration writes it, to the millisecond.
pub(in crate::compat) fn words(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    PromDuration(Duration::from_millis(millis)).to_string()
}
