//! The log in the shape of blackbox_exporter's: its operators' queries name `time`, `level`, `source`, `msg`.

use std::{fmt, io::Write as _, sync::Arc};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::{
    api::blackbox::Say,
    clock::Clock,
    compat::blackbox::log::{Format, Level, Line},
};

/// The lines of probes from a level on, as they would stand in `debug=true`.
pub(super) fn to_stderr(level: Level, format: Format) -> Say {
    Arc::new(move |told| {
        if !told.reaches(level) {
            return;
        }
        let mut text = String::new();
        for line in told.lines().iter().filter(|line| line.level >= level) {
            line.write(format, &mut text);
        }
        // As with every log line, there is nobody to tell when it cannot be written.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    })
}

/// Writes our own events in that shape.
pub struct Shape(pub Format);

impl<S, N> FormatEvent<S, N> for Shape
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
        let level = match *meta.level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        };
        let file = meta.file().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let source = format!("{file}:{}", meta.line().unwrap_or_default());
        let at = Clock::system().now();
        let mut line = Line {
            at,
            level,
            source: &source,
            words: "".into(),
            module: "",
            target: "",
            pairs: Vec::new(),
        };
        event.record(&mut Fields(&mut line));
        let mut text = String::new();
        line.write(self.0, &mut text);
        writer.write_str(&text)
    }
}

struct Fields<'a, 'l>(&'a mut Line<'l>);

impl Visit for Fields<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0.words = value.to_owned().into();
        } else {
            self.0.pairs.push((field.name().into(), value.to_owned().into()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
