//! Secrets leave the file: what the other program had in its configuration becomes a reference to the environment.

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;

use crate::compat::client::options::put;

/// A secret, as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::compat) enum Secret {
    /// The value itself.
    Value(String),
    /// A variable of the environment that holds it.
    Variable(String),
    /// Variables among other things, which nothing puts together at run time.
    Composed(String),
}

/// What became of the secrets.
pub(in crate::compat) struct Secrets {
    /// Whether they stay where they are.
    kept: bool,
    /// Variables by what they hold, and where that stood.
    variables: BTreeMap<(Secret, String), String>,
    /// Variables that the other program's file names itself.
    named: BTreeSet<String>,
    /// What a person has to do, one sentence each.
    pub(in crate::compat) notes: Vec<String>,
}

impl Secrets {
    pub(super) fn new(kept: bool) -> Self {
        Self { kept, variables: BTreeMap::new(), named: BTreeSet::new(), notes: Vec::new() }
    }

    /// Names that mean something already.
    pub(in crate::compat) fn reserve(&mut self, named: BTreeSet<String>) {
        self.named.extend(named);
    }

    /// Puts `key`, or `key_env`. `whose` and `what` tell people where it came from.
    pub(in crate::compat) fn put(
        &mut self,
        table: &mut Table,
        key: &str,
        secret: &Secret,
        (whose, what): (&str, &str),
    ) {
        match secret {
            Secret::Value(value) if self.kept => put(table, key, value.clone()),
            secret => {
                let variable = self.variable(secret, whose, what);
                put(table, &format!("{key}_env"), variable);
            }
        }
    }

    /// Puts a header: `headers.NAME`, as a text or as a reference.
    pub(in crate::compat) fn header(
        &mut self,
        headers: &mut Table,
        name: &str,
        secret: &Secret,
        (whose, what): (&str, &str),
    ) {
        let mut table = Table::new();
        match secret {
            Secret::Value(value) if self.kept => put(&mut table, "secrets", vec![value.clone()]),
            secret => put(&mut table, "env", vec![self.variable(secret, whose, what)]),
        }
        headers.insert(name.to_owned(), table.into());
    }

    /// A key in PEM, which is a file here.
    pub(in crate::compat) fn pem(&mut self, table: &mut Table, key: &str, pem: &str, whose: &str) {
        if self.kept {
            return put(table, key, pem);
        }
        let name: String =
            whose.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let file = format!("/run/secrets/{}.pem", name.trim_matches('-').to_ascii_lowercase());
        self.note(format!("put the private key of {whose} into {file}"));
        put(table, &format!("{key}_file"), file);
    }

    pub(in crate::compat) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The variable that holds it. `whose` is a subject such as `endpoint "api"`.
    pub(in crate::compat) fn variable(
        &mut self,
        secret: &Secret,
        whose: &str,
        what: &str,
    ) -> String {
        if let Secret::Variable(name) = secret {
            return name.clone();
        }
        // The same secret of several receivers is one variable.
        let held = (secret.clone(), what.to_owned());
        if let Some(name) = self.variables.get(&held) {
            return name.clone();
        }
        let base = variable_name(whose, what);
        let mut name = base.clone();
        let mut number = 2;
        while self.named.contains(&name) || self.variables.values().any(|other| *other == name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        let (key, more) = what.split_at(what.find([',', ' ']).unwrap_or(what.len()));
        let composed = matches!(secret, Secret::Composed(_));
        let composed = if composed { ", its variables replaced" } else { "" };
        self.note(format!("set {name} to what {whose} has in `{key}`{more}{composed}"));
        self.variables.insert(held, name.clone());
        name
    }
}

/// `endpoint "api"` and `client.oauth2.client-secret` make `API_CLIENT_OAUTH2_CLIENT_SECRET`. What explains the place is no
/// part of it, and a receiver is named after its provider already.
fn variable_name(whose: &str, what: &str) -> String {
    let subject = whose.split_once(' ').map_or(whose, |(_, name)| name);
    let key = what.strip_prefix("alerting.").and_then(|rest| Some(rest.split_once('.')?.1));
    let key = key.unwrap_or(what).split(',').next().unwrap_or_default();
    let key = key.replace("(its password)", "password");
    let mut name = String::new();
    for character in format!("{subject} {key}").chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_uppercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    let is_bad = name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit());
    if is_bad { format!("_{name}") } else { name.to_owned() }
}
