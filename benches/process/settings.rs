use std::{env, path::PathBuf, time::Duration};

use anyhow::Context;

/// How long and where: all of it from the environment.
pub(crate) struct Settings {
    /// `NOROSHI_BENCH_SECONDS`: one window of measuring; a figure is the median of [`Self::WINDOWS`]. Everything else
    /// scales with it.
    pub(crate) window: Duration,
    /// `NOROSHI_BENCH_PAGE`: where the page is written.
    pub(crate) page: PathBuf,
    /// `NOROSHI_BENCH_ONLY`: names of sections, with commas between them; all if empty.
    only: Vec<String>,
    /// `NOROSHI_PARTS`: where `tests/real/parts.sh` keeps the peers.
    pub(crate) parts: PathBuf,
    /// Configurations and logs of what is started.
    pub(crate) folder: tempfile::TempDir,
}

impl Settings {
    /// Windows of which a figure is the median.
    pub(crate) const WINDOWS: usize = 3;

    pub(crate) fn from_env() -> anyhow::Result<Self> {
        let text = |name| env::var(name).ok().filter(|text| !text.is_empty());
        let seconds = text("NOROSHI_BENCH_SECONDS").map_or(Ok(5.0), |text| text.parse());
        let window = seconds.ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let home = PathBuf::from(text("HOME").unwrap_or_default());
        Ok(Self {
            window: window.context("NOROSHI_BENCH_SECONDS is not a number of seconds")?,
            page: text("NOROSHI_BENCH_PAGE")
                .map_or_else(|| root.join("docs/performance.md"), PathBuf::from),
            only: text("NOROSHI_BENCH_ONLY")
                .map(|names| names.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            parts: text("NOROSHI_PARTS")
                .map_or_else(|| home.join(".cache/noroshi/parts"), PathBuf::from),
            folder: tempfile::tempdir()?,
        })
    }

    pub(crate) fn wants(&self, section: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == section)
    }
}
