//! The text of the file: one table per check, a line per key, comments.

use std::{fmt::Write as _, path::Path};

use toml::{Table, Value};

/// The longest line of a comment.
const WIDTH: usize = 118;

/// The file so far.
#[derive(Default)]
pub(super) struct Page {
    pub(super) text: String,
}

impl Page {
    /// What is true of every check.
    pub(super) fn head(&mut self, file: &Path) {
        self.comment(&format!(
            "Checks of noroshi, made from {} by `noroshi generate config --from-blackbox`.",
            file.display()
        ));
        self.comment("");
        self.comment("What is different from probes by /probe:");
        for line in [
            "noroshi runs the checks itself, every 30s by default; Prometheus scrapes /metrics once for all of them.",
            "A check is DOWN after 3 failures in a row and UP after 2 passes; `failures` and `successes` change that.",
            "Where a name has addresses of both families and the first cannot be reached, the other family is tried; `ip_protocol_fallback = false` forbids it.",
            "The User-Agent is noroshi's own; `http.headers.User-Agent` changes it.",
            "A body of more than 10MiB fails; `http.body_size_limit` and `http.decompressed_size_limit` change that.",
            "A truncated DNS answer is asked for again over TCP; `dns.tcp_on_truncation = false` forbids it.",
        ] {
            self.comment(&format!("- {line}"));
        }
    }

    /// An empty line, unless there is one.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A comment, in lines that fit a screen.
    pub(super) fn comment(&mut self, text: &str) {
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
    pub(super) fn commented_out(&mut self, toml: &str) {
        for line in toml.lines() {
            let _ = writeln!(self.text, "# {line}");
        }
    }

    /// One check: the common keys, then the kind's.
    pub(super) fn check(&mut self, name: &str, kind: &str, common: &Table, table: &Table) {
        let _ = writeln!(self.text, "[checks.{}]", key(name));
        for (word, value) in common {
            let _ = writeln!(self.text, "{word} = {}", inline(value));
        }
        // The target first, then as the kind's documentation has it.
        let target = ["url", "address", "server", "host", "path"];
        let own = target.iter().find_map(|key| table.get_key_value(*key));
        for (word, value) in
            own.into_iter().chain(table.iter().filter(|(word, _)| !target.contains(&word.as_str())))
        {
            self.entry(&format!("{kind}.{}", key(word)), value);
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
