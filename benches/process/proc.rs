//! What the kernel says of a process and of the machine.

use std::{fs, thread};

use anyhow::Context;

/// Clock ticks a second in `/proc`: part of Linux' interface, whatever the kernel's own timer does.
const TICKS: f64 = 100.0;

/// Processor time a process has used, in user and in kernel mode, in seconds. Its children are not in it.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold spaces and parentheses: what follows its last one is plain.
    let (_, rest) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
    let ticks: Result<Vec<f64>, _> =
        rest.split_whitespace().skip(11).take(2).map(str::parse).collect();
    Ok(ticks?.iter().sum::<f64>() / TICKS)
}

/// Memory a process holds now and held at most, in bytes.
pub(crate) fn memory(pid: u32) -> anyhow::Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let bytes = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        number.map(|kibibytes| kibibytes * 1024.0).context("no memory in /proc/PID/status")
    };
    Ok((bytes("VmRSS:")?, bytes("VmHWM:")?))
}

/// What the figures were taken on.
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) kernel: String,
    pub(crate) memory_gb: f64,
    /// Programs that wanted a core before this one began, as a mean over a minute.
    pub(crate) load: String,
}

impl Machine {
    pub(crate) fn look() -> anyhow::Result<Self> {
        let field = |file: &str, name: &str| {
            let text = fs::read_to_string(file).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let first = |file: &str, end: char| {
            let text = fs::read_to_string(file)?;
            anyhow::Ok(text.trim().split(end).next().unwrap_or_default().to_owned())
        };
        let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
        let kibibytes: f64 = memory.split(' ').next().unwrap_or_default().parse()?;
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()),
            // What follows the number names the builder, not the kernel.
            kernel: first("/proc/sys/kernel/osrelease", '-')?,
            memory_gb: kibibytes * 1024.0 / 1e9,
            load: first("/proc/loadavg", ' ')?,
        })
    }
}
