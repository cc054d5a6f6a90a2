//! What is paid before the first check runs: the file, the start, the reading of a large configuration.

use std::{
    fmt::Write as _,
    fs::{self, File},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::ensure;

use crate::{
    check_cpu,
    figure::{Quantity, median},
    page::{Table, thousands},
    proc,
    service::{self, Service},
    settings::Settings,
};

/// Starts of which the median is shown.
const STARTS: usize = 20;

/// Checks of the large file.
const CHECKS: usize = 100_000;

/// Between two looks at a process that reads.
const LOOK: Duration = Duration::from_millis(2);

pub(crate) async fn measure(settings: &Settings) -> anyhow::Result<Vec<Table>> {
    let mut table = Table::new("Start");
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let size = fs::metadata(service::noroshi())?.len() as f64;
    table.own("binary", Quantity::Bytes(size), Some(Quantity::Bytes(30e6)));
    let config = config(10);
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let service = Service::noroshi(settings, &config).await?;
        starts.push(service.started_in.as_secs_f64());
    }
    let worst = starts.iter().copied().fold(0.0, f64::max);
    let most = Some(Quantity::Seconds(0.1));
    table.own("start to the end of the first scrape", Quantity::Seconds(median(starts)), most);
    table.notes.push(format!(
        "start: 10 checks, median of {STARTS}; the slowest took {}",
        Quantity::Seconds(worst)
    ));
    let (took, peak) = reading(settings).await?;
    let what = format!("reading {} checks from one file", thousands(CHECKS));
    table.own(what, Quantity::Seconds(took), Some(Quantity::Seconds(3.0)));
    table.own("memory meanwhile, at most", Quantity::Bytes(peak), None);
    Ok(vec![table])
}

/// As people write them: some labels, an expectation.
fn config(checks: usize) -> String {
    let mut config = check_cpu::head(Duration::from_secs(30));
    for n in 0..checks {
        let (team, host) = (n % 50, n % 5_000);
        let _ = writeln!(
            config,
            "\n[checks.service-{n}]\ngroup = \"shop\"\nlabels = {{ team = \"team-{team}\", tier = \"2\" }}\n\
             http.url = \"http://host-{host}.test:8080/service/{n}/health\"\n\
             http.expect = {{ status = [\"2xx\"], body = [{{ contains = \"ok\" }}] }}"
        );
    }
    config
}

/// Seconds and bytes that `check-config` takes.
async fn reading(settings: &Settings) -> anyhow::Result<(f64, f64)> {
    let file = settings.folder.path().join("large.toml");
    fs::write(&file, config(CHECKS))?;
    let log = settings.folder.path().join("check-config.log");
    let out = File::create(&log)?;
    let mut command = Command::new(service::noroshi());
    command.arg("check-config").arg(file).env_clear();
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut peak = 0.0_f64;
    loop {
        if let Some(status) = child.try_wait()? {
            let took = begun.elapsed().as_secs_f64();
            ensure!(status.success(), "{status}: {}", fs::read_to_string(log)?);
            return Ok((took, peak));
        }
        // Between its end and our notice of it there is no memory to read.
        peak = peak.max(proc::memory(child.id()).map_or(0.0, |(_, most)| most));
        tokio::time::sleep(LOOK).await;
    }
}
