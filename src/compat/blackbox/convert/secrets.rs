//! Secrets leave the table: what was written in the `blackbox.yml` becomes a reference to the environment.

use toml::{Table, Value};

use super::{is_secret, put};
use crate::model::sensitive::login;

/// What became of the secrets.
pub(super) struct Secrets {
    /// Whether they stay where they are.
    kept: bool,
    /// What a person has to set, one sentence each.
    pub(super) notes: Vec<String>,
}

impl Secrets {
    pub(super) fn new(kept: bool) -> Self {
        Self { kept, notes: Vec::new() }
    }

    /// Replaces the secrets of a kind's table; gives sentences for comments.
    pub(super) fn take(&mut self, module: &str, table: &mut Table) -> Vec<String> {
        if self.kept {
            return Vec::new();
        }
        let mut taken = Taken { module, said: Vec::new(), notes: Vec::new() };
        taken.credentials(table, "");
        if let Some(oauth2) = super::inner(table, "oauth2") {
            taken.credentials(oauth2, "oauth2");
            taken.parameters(oauth2);
        }
        taken.metadata(table);
        taken.dialogue(table);
        for note in taken.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        taken.said
    }
}

struct Taken<'m> {
    module: &'m str,
    said: Vec<String>,
    notes: Vec<String>,
}

impl Taken<'_> {
    /// The name of a variable: `HTTP_2XX_BASIC_AUTH_PASSWORD`.
    fn variable(&mut self, path: &str) -> String {
        let name: String = format!("{}_{path}", self.module)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        // A name does not begin with a digit.
        let name =
            if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name };
        self.notes.push(format!("set {name} to what module {:?} has in `{path}`", self.module));
        name
    }

    fn left_out(&mut self, path: &str, what: &str) {
        self.said.push(format!("`{path}` is left out: it may be a secret, and {what}."));
        self.notes.push(format!(
            "`{path}` of module {:?} was left out: it may be a secret, and {what}",
            self.module
        ));
    }

    /// Passwords, tokens, keys and headers of a table.
    fn credentials(&mut self, table: &mut Table, at: &str) {
        let path = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
        for (inner, key) in [
            ("basic_auth", "password"),
            ("proxy_basic_auth", "password"),
            ("authorization", "credentials"),
        ] {
            if let Some(own) = super::inner(table, inner)
                && own.remove(key).is_some()
            {
                let variable = self.variable(&path(&format!("{inner}.{key}")));
                put(own, &format!("{key}_env"), variable);
            }
        }
        if table.remove("client_secret").is_some() {
            let variable = self.variable(&path("client_secret"));
            put(table, "client_secret_env", variable);
        }
        if let Some(tls) = super::inner(table, "tls")
            && tls.remove("key").is_some()
        {
            let file = format!("/run/secrets/{}.key", self.module.replace(['/', '\0'], "_"));
            self.notes.push(format!(
                "put the key that module {:?} has in `tls_config.key` into {file}",
                self.module
            ));
            put(tls, "key_file", file);
        }
        for key in ["headers", "proxy_connect_headers"] {
            if let Some(headers) = super::inner(table, key) {
                self.headers(headers, &path(key));
            }
        }
    }

    fn headers(&mut self, headers: &mut Table, at: &str) {
        for (name, value) in headers.iter_mut() {
            match value {
                Value::String(_) if is_secret(name) => {
                    let mut own = Table::new();
                    put(&mut own, "env", vec![self.variable(&format!("{at}.{name}"))]);
                    *value = own.into();
                }
                Value::Table(own) => {
                    let hidden =
                        if is_secret(name) { &["values", "secrets"][..] } else { &["secrets"] };
                    let mut env = Vec::new();
                    for key in hidden {
                        let count = own.remove(*key).and_then(|list| list.as_array().map(Vec::len));
                        for number in 1..=count.unwrap_or_default() {
                            let end =
                                if number == 1 { String::new() } else { format!(".{number}") };
                            env.push(self.variable(&format!("{at}.{name}.{key}{end}")));
                        }
                    }
                    if !env.is_empty() {
                        put(own, "env", env);
                    }
                }
                _ => {}
            }
        }
    }

    /// Parameters of a token's request: nothing but their names tells which of them are secrets.
    fn parameters(&mut self, oauth2: &mut Table) {
        let Some(parameters) = super::inner(oauth2, "endpoint_params") else { return };
        let secret: Vec<String> =
            parameters.keys().filter(|name| is_secret(name)).cloned().collect();
        for name in secret {
            parameters.remove(&name);
            self.left_out(
                &format!("oauth2.endpoint_params.{name}"),
                "a parameter has no form for secrets",
            );
        }
        if parameters.is_empty() {
            oauth2.remove("endpoint_params");
        }
    }

    fn metadata(&mut self, table: &mut Table) {
        let Some(metadata) = super::inner(table, "metadata") else { return };
        let secret: Vec<String> = metadata.keys().filter(|name| is_secret(name)).cloned().collect();
        for name in secret {
            metadata.remove(&name);
            self.left_out(&format!("metadata.{name}"), "metadata has no form for secrets");
        }
        if metadata.is_empty() {
            table.remove("metadata");
        }
    }

    /// `PASS hunter2` becomes three steps: the command, the secret, the end of the line.
    fn dialogue(&mut self, table: &mut Table) {
        let Some(Value::Array(steps)) = table.get_mut("dialogue") else { return };
        let mut out = Vec::with_capacity(steps.len());
        for (at, step) in std::mem::take(steps).into_iter().enumerate() {
            let Value::Table(mut step) = step else { continue };
            let said = step.get("send").and_then(Value::as_str).map(str::to_owned);
            let secret =
                said.as_deref().and_then(|text| login(text).map(|from| (text.to_owned(), from)));
            match secret {
                // What a group caught is no secret of the file.
                Some((text, from)) if !text[from..].contains("${") => {
                    let end = text.trim_end_matches(['\r', '\n']).len().max(from);
                    let starttls = step.remove("starttls");
                    put(&mut step, "send", text[..from].to_owned());
                    let variable = self.variable(&format!("dialogue[{at}].send"));
                    let one = |key: &str, value: String| {
                        let mut table = Table::new();
                        put(&mut table, key, value);
                        table
                    };
                    let mut last = one("send", text[end..].to_owned());
                    if let Some(starttls) = starttls {
                        put(&mut last, "starttls", starttls);
                    }
                    let steps = [step, one("send_env", variable), last];
                    out.extend(steps.into_iter().map(Value::from));
                }
                _ => out.push(step.into()),
            }
        }
        *steps = out;
    }
}
