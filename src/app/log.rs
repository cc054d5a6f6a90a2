//! Logs to stderr: one line per event, logfmt or JSON, with the level changeable while running.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    sync::OnceLock,
};

use jiff::Timestamp;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Registry,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `ts=... level=... target=... msg=... key=value`
    Logfmt,
    /// One JSON object per line.
    Json,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "logfmt" => Ok(Self::Logfmt),
            "json" => Ok(Self::Json),
            other => Err(format!("`{other}` is neither logfmt nor json")),
        }
    }
}

static LEVEL: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Starts logging; a second call only changes the level, so that a test may start several apps.
pub fn start(level: Level, format: Format) {
    let (filter, handle) = reload::Layer::new(filter(level));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let begun = match format {
        Format::Logfmt => registry.with(lines.event_format(Logfmt)).try_init(),
        Format::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    if begun.is_ok() {
        let _ = LEVEL.set(handle);
    } else {
        set_level(level);
    }
}

/// Changes the level of a running process.
pub fn set_level(level: Level) {
    if let Some(handle) = LEVEL.get() {
        // Fails only when the subscriber is gone, at the very end of the process.
        let _ = handle.modify(|current| *current = filter(level));
    }
}

/// Our own lines at the level asked for; those of libraries only where somebody must act.
fn filter(level: Level) -> EnvFilter {
    let libraries = if level == Level::TRACE { "debug" } else { "warn" };
    // hickory warns about every broken answer, which is an outcome to us and not an event.
    EnvFilter::new(format!("{libraries},hickory_net=error,hickory_proto=error,noroshi={level}"))
}

struct Logfmt;

impl<S, N> FormatEvent<S, N> for Logfmt
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let meta = event.metadata();
        let level = meta.level().as_str().to_ascii_lowercase();
        write!(writer, "ts={:.3} level={level} target={}", Timestamp::now(), meta.target())?;
        let mut pairs = Pairs { message: String::new(), others: String::new() };
        event.record(&mut pairs);
        writeln!(writer, " msg={}{}", pairs.message, pairs.others)
    }
}

/// The event's fields, each already as `key=value`.
struct Pairs {
    message: String,
    others: String,
}

impl Pairs {
    fn add(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            quote(value, &mut self.message);
        } else {
            let _ = write!(self.others, " {}=", field.name());
            quote(value, &mut self.others);
        }
    }
}

impl Visit for Pairs {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

/// Quotes where needed. A stranger's newline or escape sequence must not make a line of its own.
fn quote(value: &str, out: &mut String) {
    let plain = |c: char| c.is_alphanumeric() || "-_.:/@%+,".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        out.push_str(value);
        return;
    }
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_never_breaks_its_line() {
        for (value, quoted) in [
            ("plain-1.2", "plain-1.2"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a\nlevel=error \"x\" \u{1b}[31m", "\"a\\nlevel=error \\\"x\\\" \\u001b[31m\""),
        ] {
            let mut out = String::new();
            quote(value, &mut out);
            assert_eq!(out, quoted);
        }
    }
}
