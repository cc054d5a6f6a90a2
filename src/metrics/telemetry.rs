use prometheus_client::{encoding::text, registry::Registry};

use super::{BUILD, Build, Reloads, openmetrics, process};
use crate::model::Sink;

/// noroshi's own metrics. Every folder that counts something registers it here; the registry is encoded once per scrape
/// and read back into the scrape's sink, so that every format has it.
#[derive(Debug)]
pub struct Telemetry {
    registry: Registry,
    /// How the last reading of the configuration went.
    pub reloads: Reloads,
}

impl Telemetry {
    /// With what concerns the process as a whole: `process_*`, the build, the configuration.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        BUILD.register(&mut registry);
        registry.register_collector(Box::new(process::Process));
        let reloads = Reloads::default();
        reloads.register(&mut registry, "noroshi");
        Self { registry, reloads }
    }

    /// In the place of another program: its build and its configuration under its name, such as `blackbox_exporter`.
    pub fn in_place_of(program: &'static str) -> Self {
        Self::speaking_as(program, BUILD.version)
    }

    /// In the place of that version of another program, for clients that choose what to say by it.
    pub fn speaking_as(program: &'static str, version: &'static str) -> Self {
        let mut registry = Registry::default();
        BUILD.register(&mut registry);
        Build { version, ..BUILD }.register_as(program, &mut registry);
        registry.register_collector(Box::new(process::Process));
        let reloads = Reloads::default();
        reloads.register(&mut registry, program);
        Self { registry, reloads }
    }

    /// Names another program's version beside our own, for clients that choose by it how to speak with a part of us.
    pub fn stands_for(&mut self, program: &str, version: &'static str) {
        Build { version, ..BUILD }.register_as(program, &mut self.registry);
    }

    /// With what concerns the process, and the build of the program whose place is taken; for one without a configuration.
    pub fn without_configuration(program: &'static str, version: &'static str) -> Self {
        let mut telemetry = Self::empty();
        BUILD.register(&mut telemetry.registry);
        telemetry.registry.register_collector(Box::new(process::Process));
        telemetry.stands_for(program, version);
        telemetry
    }

    /// Without any: for the metrics of a single run.
    pub fn empty() -> Self {
        Self { registry: Registry::default(), reloads: Reloads::default() }
    }

    /// Where the other folders register theirs, with full names: `noroshi_...` without `_total`.
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Writes all of it.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        let mut text = String::with_capacity(16 * 1024);
        // It fails for a histogram without classic buckets alone; what was written before it is still good.
        if text::encode_registry(&mut text, &self.registry).is_err() {
            tracing::error!("a metric of noroshi's own could not be written");
        }
        openmetrics::replay(&text, sink);
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Dialect, Encoder, Text};
    use jiff::Timestamp;

    #[test]
    fn the_families_operators_look_for() {
        let telemetry = Telemetry::new();
        telemetry.reloads.succeeded(Timestamp::from_second(1_700_000_000).unwrap());
        let mut sink = Text::new(Dialect::Prometheus);
        telemetry.write(&mut sink);
        let text = String::from_utf8(std::mem::take(sink.buffer())).unwrap();
        assert!(text.contains("noroshi_build_info{version=\""), "{text}");
        for label in ["revision=\"", "rustc=\"", "features=\""] {
            assert!(text.contains(label), "{text}");
        }
        assert!(text.contains("\nnoroshi_config_last_reload_successful 1\n"), "{text}");
        assert!(text.contains("_success_timestamp_seconds 1700000000\n"), "{text}");
        telemetry.reloads.failed();
        if cfg!(target_os = "linux") {
            for name in ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "threads"] {
                assert!(text.contains(&format!("\nprocess_{name} ")), "{text}");
            }
        }
    }
}
