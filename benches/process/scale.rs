//! Memory with many checks while they are scraped, and what a scrape of them costs.

use std::{fmt::Write as _, time::Duration};

use anyhow::ensure;
use tokio::time::Instant;

use crate::{
    check_cpu::{self, KINDS},
    figure::{Budget, Figure, Quantity, median},
    page::{Row, Table, thousands},
    peer,
    service::Service,
    settings::Settings,
    targets::{self, Ports, Targets},
};

/// Checks, what they may hold, and the peer's probes at a time whose memory stands beside it.
const SIZES: [(usize, f64, usize); 2] = [(1_000, 30e6, 8), (10_000, 100e6, 64)];

/// What a daemon without checks may hold.
const IDLE: f64 = 16e6;

/// Between two scrapes of Prometheus.
const SCRAPE_INTERVAL: Duration = Duration::from_secs(5);

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(250);

/// Scrapes of which the median is shown.
const SCRAPES: usize = 20;

pub(crate) async fn measure(settings: &Settings) -> anyhow::Result<Vec<Table>> {
    let targets = Targets::start().await?;
    let mut memory = Table::new("Memory (resident) while scraped");
    let peers = peers(settings, targets.ports).await;
    let peer = |at| -> Figure { peers.as_ref().map(|all| all[at]).map_err(|e| format!("{e:#}")) };
    let mut idle = Service::noroshi(settings, "[checks]\n").await?;
    let (held, _) = watched(&mut idle, settings.window).await?;
    drop(idle);
    let row = |what, ours: f64, budget, peer| Row {
        what,
        ours: Ok(Quantity::Bytes(ours)),
        peer: Some(peer),
        budget: Some(Budget::AtMost(Quantity::Bytes(budget))),
    };
    memory.rows.push(row("no checks".to_owned(), held, IDLE, peer(0)));
    memory.notes.push(format!(
        "the peer: at rest, then with {} and with {} probes at a time",
        SIZES[0].2, SIZES[1].2
    ));
    let mut scrapes = None;
    for (at, (checks, budget, _)) in SIZES.into_iter().enumerate() {
        // Not so short that the checks' own work is in the way of the scrapes.
        let interval = (settings.window * 3).max(Duration::from_secs(5));
        let config = config(targets.ports, checks, interval);
        let mut service = Service::noroshi(settings, &config).await?;
        settled(&mut service, checks, interval).await?;
        let (held, peak) = watched(&mut service, interval.max(SCRAPE_INTERVAL * 2)).await?;
        memory.rows.push(row(format!("{} checks", thousands(checks)), held, budget, peer(at + 1)));
        memory.notes.push(format!(
            "{} checks of all kinds, each every {interval:?}: {} at most since the start",
            thousands(checks),
            Quantity::Bytes(peak)
        ));
        if at + 1 == SIZES.len() {
            scrapes = Some(scrape(settings, &mut service, checks).await?);
            service.reload().await?;
            let (held, _) = watched(&mut service, SCRAPE_INTERVAL * 2).await?;
            let what = format!("{} checks, after a reload", thousands(checks));
            memory.own(what, Quantity::Bytes(held), Some(Quantity::Bytes(budget)));
        }
    }
    Ok([memory].into_iter().chain(scrapes).collect())
}

/// The peer's memory at rest and with so many probes at a time as [`SIZES`] says.
async fn peers(settings: &Settings, ports: Ports) -> anyhow::Result<[Quantity; 3]> {
    let peer = peer::blackbox(settings).await?;
    tokio::time::sleep(settings.window / 2).await;
    let mut all = [Quantity::Bytes(peer.memory()?.0); 3];
    let paths: Vec<_> =
        (0..check_cpu::PATHS).map(|n| KINDS[n % KINDS.len()].path(ports, n)).collect();
    for (figure, (_, _, connections)) in all[1..].iter_mut().zip(SIZES) {
        peer::drive(&peer, &paths, connections, settings.window).await?;
        *figure = Quantity::Bytes(peer.memory()?.0);
    }
    Ok(all)
}

/// Checks of every kind in turn.
fn config(ports: Ports, checks: usize, interval: Duration) -> String {
    let mut config = check_cpu::head(interval);
    for n in 0..checks {
        let check = (KINDS[n % KINDS.len()].check)(ports, targets::host(n));
        let _ = writeln!(config, "[checks.check-{n}]\n{check}");
    }
    config
}

/// Waits until every check has run.
async fn settled(service: &mut Service, checks: usize, interval: Duration) -> anyhow::Result<()> {
    let until = Instant::now() + interval * 4;
    loop {
        tokio::time::sleep(interval / 4).await;
        let samples = service.samples().await?;
        let passed = samples.of("noroshi_check_success").filter(|(_, value)| *value > 0.0).count();
        if passed == checks {
            return Ok(());
        }
        ensure!(Instant::now() < until, "only {passed} of {checks} checks have passed");
    }
}

/// The memory held, as a median, and at most, over a time in which it is scraped.
async fn watched(service: &mut Service, time: Duration) -> anyhow::Result<(f64, f64)> {
    let begun = Instant::now();
    let mut next_scrape = begun;
    let mut held = Vec::new();
    while begun.elapsed() < time {
        if Instant::now() >= next_scrape {
            service.metrics("gzip").await?;
            next_scrape += SCRAPE_INTERVAL;
        }
        tokio::time::sleep(LOOK).await;
        held.push(service.memory()?.0);
    }
    Ok((median(held), service.memory()?.1))
}

/// Scrapes one after another. What the checks themselves cost in that time is taken off.
async fn scrape(
    settings: &Settings,
    service: &mut Service,
    checks: usize,
) -> anyhow::Result<Table> {
    let mut table = Table::new(&format!("A scrape of {} checks", thousands(checks)));
    let before = service.cpu()?;
    let begun = Instant::now();
    tokio::time::sleep(settings.window).await;
    let rest = (service.cpu()? - before) / begun.elapsed().as_secs_f64();
    for encoding in ["identity", "gzip"] {
        let (mut took, mut first, mut size) = (Vec::new(), Vec::new(), 0);
        let begun = Instant::now();
        let before = service.cpu()?;
        for _ in 0..SCRAPES {
            let answer = service.metrics(encoding).await?;
            took.push(answer.took.as_secs_f64());
            first.push(answer.first_byte.as_secs_f64());
            size = answer.body.len();
        }
        let cpu = service.cpu()? - before - rest * begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "twenty, and some megabytes")]
        let (count, size) = (SCRAPES as f64, size as f64);
        let name = if encoding == "gzip" { "gzip" } else { "plain" };
        table.own(format!("{name}: whole"), Quantity::Seconds(median(took)), None);
        let most = Some(Quantity::Seconds(0.020));
        table.own(format!("{name}: first byte"), Quantity::Seconds(median(first)), most);
        table.own(format!("{name}: processor time"), Quantity::Seconds(cpu / count), None);
        table.own(format!("{name}: size"), Quantity::Bytes(size), None);
    }
    let series = service.samples().await?.series();
    table.notes.push(format!(
        "{} series over one kept connection; medians of {SCRAPES} scrapes one after another; the checks go on meanwhile, \
         and the {} a second that they cost are taken off",
        thousands(series),
        Quantity::Seconds(rest)
    ));
    Ok(table)
}
