use std::fmt::Write as _;

use toml::{Table, Value};

use super::{Native, put};
use crate::compat::blackbox::{
    codes,
    file::{QueryResponse, Tcp, Tls, Unix},
};

impl Native {
    pub(super) fn tcp(&mut self, own: &Tcp) {
        let source = &own.source_ip_address;
        self.address(&own.preferred_ip_protocol, own.ip_protocol_fallback, source);
        self.conversation(&own.query_response, own.tls, &own.tls_config);
    }

    pub(super) fn unix(&mut self, own: &Unix) {
        self.conversation(&own.query_response, own.tls, &own.tls_config);
    }

    fn conversation(&mut self, steps: &[QueryResponse], tls: bool, options: &Tls) {
        let starts = steps.iter().filter(|step| step.starttls).count() + usize::from(tls);
        if starts > 1 {
            self.broken(
                "query_response",
                "TLS begins twice: inside of TLS nobody answers a second handshake",
            );
        }
        // Without TLS nobody looks at its options.
        if starts > 0 {
            let options = self.tls(options, "tls_config").unwrap_or_default();
            self.put("tls", options);
        }
        let dialogue: Vec<Value> = steps
            .iter()
            .enumerate()
            .filter_map(|(at, step)| {
                let table = self.step(step, &format!("query_response[{at}]"), Ending::Newline);
                (!table.is_empty()).then(|| table.into())
            })
            .collect();
        if !dialogue.is_empty() {
            self.put("dialogue", dialogue);
            self.put("whole_lines", true);
        }
    }

    /// One step. A step that does nothing gives an empty table.
    pub(super) fn step(&mut self, step: &QueryResponse, at: &str, ending: Ending) -> Table {
        let mut table = Table::new();
        if let Some(regex) = &step.expect.0 {
            put(&mut table, "expect", regex.as_str());
        }
        if !step.expect_bytes.is_empty() {
            put(&mut table, "expect_hex", hex(&step.expect_bytes.0));
        }
        self.labels(&mut table, step, at);
        if !step.send.is_empty() {
            let mut bytes = step.send.0.clone();
            if ending == Ending::Newline {
                bytes.push(b'\n');
            }
            match String::from_utf8(bytes) {
                Ok(text) => put(&mut table, "send", text),
                Err(error) => {
                    let bytes = error.into_bytes();
                    if step.expect.0.is_some() && bytes.contains(&b'$') {
                        let message = "bytes that are no UTF-8 are sent as they are: `$` begins no reference in them";
                        self.remark(codes::DIFFERENT, &format!("{at}.send"), message);
                    }
                    put(&mut table, "send_hex", hex(&bytes));
                }
            }
        }
        if step.starttls && ending == Ending::Newline {
            put(&mut table, "starttls", true);
        }
        table
    }

    fn labels(&mut self, table: &mut Table, step: &QueryResponse, at: &str) {
        if step.labels.is_empty() {
            return;
        }
        if step.expect.0.is_none() {
            let message = "labels are shown when `expect` matches; without it they have no effect";
            return self.remark(codes::IGNORED, &format!("{at}.labels"), message);
        }
        let mut labels = Table::new();
        for label in &step.labels {
            let name = label.name.lossy().into_owned();
            labels.insert(name, label.value.lossy().into_owned().into());
        }
        put(table, "labels", labels);
    }
}

/// What follows everything that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// A line feed, always: scripts write the `\r` before it themselves.
    Newline,
    /// Nothing.
    Nothing,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
