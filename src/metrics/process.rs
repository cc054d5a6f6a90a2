//! `process_*` by the names every Prometheus client library gives them, from Linux' /proc; nothing elsewhere but the
//! start time.

use std::{fmt, fs};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

use crate::clock;

/// Reads the process' figures at each scrape.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut metric = |name, help, metric: &dyn EncodeMetric| {
            let kind = metric.metric_type();
            metric.encode(encoder.encode_descriptor(name, help, None, kind)?)
        };
        metric(
            "process_start_time_seconds",
            "When the process started, as seconds since the epoch.",
            &ConstGauge::new(clock::epoch_seconds(clock::process_start())),
        )?;
        if let Some(stat) = Stat::read() {
            metric(
                "process_cpu_seconds",
                "Processor time spent, in user and system mode.",
                &ConstCounter::new(stat.cpu_seconds),
            )?;
            metric(
                "process_resident_memory_bytes",
                "Memory in RAM.",
                &ConstGauge::new(stat.resident_bytes),
            )?;
            metric(
                "process_virtual_memory_bytes",
                "Address space.",
                &ConstGauge::new(stat.virtual_bytes),
            )?;
            metric("process_threads", "Threads of this process.", &ConstGauge::new(stat.threads))?;
        }
        if let Some(open) = open_fds() {
            metric("process_open_fds", "Open file descriptors.", &ConstGauge::new(open))?;
        }
        if let Some(max) = max_fds() {
            metric("process_max_fds", "File descriptors it may open.", &ConstGauge::new(max))?;
        }
        Ok(())
    }
}

struct Stat {
    cpu_seconds: f64,
    resident_bytes: u64,
    virtual_bytes: u64,
    threads: u64,
}

impl Stat {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?, &Units::read())
    }

    /// By proc_pid_stat(5), whose fields count from 1. The second is the program's name in parentheses and may hold
    /// anything, so the rest is found from its end.
    fn parse(text: &str, units: &Units) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let ticks = field(14)?.checked_add(field(15)?)?;
        #[expect(clippy::cast_precision_loss, reason = "a counter of hundredths of seconds")]
        let cpu_seconds = ticks as f64 / units.ticks_per_second as f64;
        Some(Self {
            cpu_seconds,
            threads: field(20)?,
            virtual_bytes: field(23)?,
            resident_bytes: field(24)?.saturating_mul(units.page_bytes),
        })
    }
}

/// The units of /proc, as the kernel hands them to each process in its auxiliary vector (getauxval(3)).
struct Units {
    page_bytes: u64,
    ticks_per_second: u64,
}

impl Units {
    fn read() -> Self {
        let vector = fs::read("/proc/self/auxv").unwrap_or_default();
        let words: Vec<u64> = vector
            .chunks_exact(size_of::<usize>())
            .filter_map(|word| Some(usize::from_ne_bytes(word.try_into().ok()?) as u64))
            .collect();
        let entry = |key| words.chunks_exact(2).find(|pair| pair[0] == key).map(|pair| pair[1]);
        let (page, clock_ticks) = (6, 17);
        Self {
            page_bytes: entry(page).unwrap_or(4096),
            ticks_per_second: entry(clock_ticks).filter(|ticks| *ticks > 0).unwrap_or(100),
        }
    }
}

fn open_fds() -> Option<u64> {
    // One of them is the directory we are reading.
    Some((fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1))
}

fn max_fds() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(f64::INFINITY),
        soft => soft.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_move_the_fields() {
        let text =
            "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 9 0 100 8192 3 1844 1";
        let stat = Stat::parse(text, &Units { page_bytes: 4096, ticks_per_second: 100 }).unwrap();
        assert!((stat.cpu_seconds - 3.0).abs() < 1e-9);
        assert_eq!((stat.threads, stat.virtual_bytes, stat.resident_bytes), (9, 8192, 12_288));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_figures() {
        let stat = Stat::read().unwrap();
        assert!(stat.resident_bytes > 100_000 && stat.threads >= 1);
        assert!(open_fds().unwrap() > 0 && max_fds().unwrap() > 0.0);
    }
}
