//! Processor time instead of time: a busy machine makes a bench slower, not its work larger.

use std::{fs, time::Duration};

/// What all threads of this process have used, to the nanosecond, as Linux counts it; threads that ended are not in it.
pub(crate) fn used() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("a /proc, as Linux has it");
    let nanoseconds = tasks.filter_map(|task| {
        // A thread may end between the listing and the reading.
        let line = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        line.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// What this many repetitions use.
pub(crate) fn of<T>(times: u64, mut work: impl FnMut() -> T) -> Duration {
    let before = used();
    for _ in 0..times {
        std::hint::black_box(work());
    }
    used().saturating_sub(before)
}
