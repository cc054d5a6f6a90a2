//! The text of a configuration of our own: one table per check, a line per key, comments.

use std::fmt::Write as _;

use toml::{Table, Value};

/// The longest line of a comment.
const WIDTH: usize = 118;

/// The file so far.
#[derive(Default)]
pub(in crate::compat) struct Page {
    pub(in crate::compat) text: String,
}

impl Page {
    /// An empty line, unless there is one.
    pub(in crate::compat) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A comment, in lines that fit a screen.
    pub(in crate::compat) fn comment(&mut self, text: &str) {
        let mut line = "#".to_owned();
        let printable = |c: char| if c.is_control() { '?' } else { c };
        for word in text.split(' ') {
            if line.len() + word.len() > WIDTH && line.len() > 2 {
                let _ = writeln!(self.text, "{line}");
                "#  ".clone_into(&mut line);
            }
            line.push(' ');
            line.extend(word.chars().map(printable));
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    /// A piece of TOML that is not in force.
    pub(in crate::compat) fn commented_out(&mut self, toml: &str) {
        for line in toml.lines() {
            let _ = writeln!(self.text, "# {line}");
        }
    }

    /// One check: the common keys, then the kind's.
    pub(in crate::compat) fn check(
        &mut self,
        name: &str,
        kind: &str,
        common: &Table,
        table: &Table,
    ) {
        self.section("checks", name, kind, common, table);
    }

    /// One table with that of its kind: `[receivers.ops]` and `slack.channel = "#ops"`.
    pub(in crate::compat) fn section(
        &mut self,
        section: &str,
        name: &str,
        kind: &str,
        common: &Table,
        table: &Table,
    ) {
        self.table(section, Some(name), common);
        // The target first, then as the kind's documentation has it.
        let target = ["url", "address", "server", "host", "path"];
        let own = target.iter().find_map(|key| table.get_key_value(*key));
        for (word, value) in
            own.into_iter().chain(table.iter().filter(|(word, _)| !target.contains(&word.as_str())))
        {
            self.entry(&format!("{kind}.{}", key(word)), value);
        }
    }

    /// A table with its name and its keys, a line each: `[receivers.ops]`.
    pub(in crate::compat) fn table(&mut self, section: &str, name: Option<&str>, keys: &Table) {
        let name = name.map(|name| format!(".{}", key(name))).unwrap_or_default();
        let _ = writeln!(self.text, "[{section}{name}]");
        self.keys(keys);
    }

    /// Keys, a line each.
    pub(in crate::compat) fn keys(&mut self, keys: &Table) {
        for (word, value) in keys {
            let _ = writeln!(self.text, "{word} = {}", inline(value));
        }
    }

    /// `http.expect.status = [200]`: a line for each value, however deep.
    fn entry(&mut self, path: &str, value: &Value) {
        match value {
            Value::Table(inner) if !inner.is_empty() => {
                for (word, value) in inner {
                    self.entry(&format!("{path}.{}", key(word)), value);
                }
            }
            Value::Array(list) if list.iter().any(Value::is_table) => {
                let _ = writeln!(self.text, "{path} = [");
                for value in list {
                    let _ = writeln!(self.text, "    {},", inline(value));
                }
                let _ = writeln!(self.text, "]");
            }
            other => drop(writeln!(self.text, "{path} = {}", inline(other))),
        }
    }
}

/// A value in one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(list) => {
            format!("[{}]", list.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let entries: Vec<_> = table
                .iter()
                .map(|(word, value)| format!("{} = {}", key(word), inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// A string: in single quotes where it has backslashes, as patterns do, else in double ones.
fn quoted(text: &str) -> String {
    let literal = !text.contains('\'') && !text.chars().any(char::is_control);
    if literal && text.contains(['\\', '"']) {
        return format!("'{text}'");
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A key: bare where that is permitted.
fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(name in "\\PC{0,12}|[\"'\\\\\u{0}-\u{20}a.]{0,6}", text in "\\PC{0,12}|[\"'\\\\\u{0}-\u{20}a]{0,8}") {
            let toml = format!("{} = {}", key(&name), quoted(&text));
            let table: Table = toml::from_str(&toml).unwrap();
            proptest::prop_assert_eq!(table[&name].as_str(), Some(&*text));
        }
    }
}
