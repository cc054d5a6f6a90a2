//! Logs to stderr: one line per event, logfmt or JSON, with the level changeable while running.

use std::{
    fmt::{self, Write as _},
    sync::OnceLock,
};

use tracing::{
    Event, Subscriber, error,
    field::{Field, Visit},
    warn,
};
use tracing_subscriber::{
    EnvFilter, Registry,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{DefaultFields, Writer},
    },
    layer::{Layered, SubscriberExt},
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

use crate::{
    clock::Clock,
    config::{LogFormat, LogLevel, LogOptions},
    model::{Diagnostic, Severity},
};

static LEVEL: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Starts logging; a second call only changes the level, so that a test may start several apps.
pub fn start(LogOptions { level, format }: LogOptions) {
    let (filter, handle) = reload::Layer::new(filter(level));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let begun = match format {
        LogFormat::Logfmt => registry.with(lines.event_format(Logfmt)).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    if begun.is_ok() {
        let _ = LEVEL.set(handle);
    } else {
        set_level(level);
    }
}

/// Most lines about one file: who made more mistakes mends some and asks again.
const MOST_DIAGNOSTICS: usize = 50;

/// A line for each mistake, with its place.
pub fn diagnostics(found: &[Diagnostic]) {
    for one in found.iter().take(MOST_DIAGNOSTICS) {
        let at = one
            .span
            .as_ref()
            .map(|span| format!("{}:{}:{}", span.file.display(), span.line, span.column));
        let (code, path, at, hint) = (one.code, &*one.path, at.as_deref(), one.hint.as_deref());
        match one.severity {
            Severity::Error => error!(code, path, at, hint, "{}", one.message),
            Severity::Warning => warn!(code, path, at, hint, "{}", one.message),
        }
    }
}

/// What a page of diagnostics ends with, which counts them; the whole of a text of one line.
pub(super) fn last_line(page: &str) -> &str {
    page.trim_end().lines().next_back().unwrap_or_default()
}

/// What lines are made of once their level is known.
type Levelled = Layered<reload::Layer<EnvFilter, Registry>, Registry>;

/// The same in a shape of its own, for a process that stands in another program's place.
pub fn start_shaped<S>(level: LogLevel, shape: S)
where
    S: FormatEvent<Levelled, DefaultFields> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let registry = tracing_subscriber::registry().with(filter);
    if registry.with(lines.event_format(shape)).try_init().is_ok() {
        let _ = LEVEL.set(handle);
    }
}

/// A panic is one line of the log like everything else; what it means for a check or a task is told by its owner.
pub fn take_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, words, "a panic: please report this line");
    }));
}

/// Changes the level of a running process.
pub fn set_level(level: LogLevel) {
    if let Some(handle) = LEVEL.get() {
        // Fails only when the subscriber is gone, at the very end of the process.
        let _ = handle.modify(|current| *current = filter(level));
    }
}

/// Our own lines at the level asked for; those of libraries only where somebody must act.
fn filter(level: LogLevel) -> EnvFilter {
    let libraries = if level == LogLevel::Trace { "debug" } else { "warn" };
    // hickory and quinn warn about every broken answer, which is an outcome to us and not an event; kube's client calls every
    // request that fails an error, which the watch it belongs to says once.
    EnvFilter::new(format!(
        "{libraries},hickory_net=error,hickory_proto=error,quinn=off,quinn_proto=off,kube_client=off,noroshi={}",
        level.word()
    ))
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
        write!(writer, "ts={:.3} level={level} target={}", Clock::system().now(), meta.target())?;
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
