//! The load program: the real binary as a process, measured from outside, beside the programs it is meant to replace.
//!
//! `make bench` starts it in release mode; it writes `docs/performance.md`. Each section is one file: it starts what it
//! measures, on loopback, and returns tables. A section that fails says so on the page instead of taking the others
//! with it. The variables it reads are in [`settings`].

#![expect(clippy::print_stderr, clippy::expect_used, reason = "a bench tells how far it is")]

mod alerting;
mod check_cpu;
mod client;
mod clusters;
mod figure;
mod functions;
#[path = "../../tests/support/kube_api/mod.rs"]
mod kube_api;
mod page;
mod peer;
mod ping;
mod probe_cpu;
mod proc;
#[path = "../support/processor_time.rs"]
mod processor_time;
mod scale;
mod service;
mod settings;
mod spent;
mod start;
mod targets;

use std::{future::Future, time::Instant};

use page::Table;
use settings::Settings;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if std::env::args().nth(1).as_deref() == Some(targets::ARGUMENT) {
        return runtime.block_on(targets::serve());
    }
    if std::env::args().nth(1).as_deref() == Some(kube_api::workbench::ARGUMENT) {
        return Ok(runtime.block_on(kube_api::workbench::serve_arguments())?);
    }
    runtime.block_on(measure(&Settings::from_env()?))
}

async fn measure(settings: &Settings) -> anyhow::Result<()> {
    let begun = Instant::now();
    let machine = proc::Machine::look()?;
    let mut tables = Vec::new();
    let mut add = |section: Vec<Table>| tables.extend(section);
    add(section(settings, "start", start::measure(settings)).await);
    add(section(settings, "functions", async { functions::measure() }).await);
    add(section(settings, "cpu", check_cpu::measure(settings)).await);
    add(section(settings, "probe", probe_cpu::measure(settings)).await);
    add(section(settings, "scale", scale::measure(settings)).await);
    add(section(settings, "ping", ping::measure(settings)).await);
    add(section(settings, "alerting", alerting::measure(settings)).await);
    add(section(settings, "clusters", clusters::measure(settings)).await);
    let page = page::page(&machine, settings, &tables, begun.elapsed());
    std::fs::write(&settings.page, page)?;
    eprintln!("{}: written after {:.0?}", settings.page.display(), begun.elapsed());
    // A missed budget is told on the page; a figure that is not there is a bench that does not work.
    anyhow::ensure!(tables.iter().all(Table::is_whole), "not all figures could be measured");
    Ok(())
}

/// One section; its error becomes its table.
async fn section(
    settings: &Settings,
    name: &str,
    work: impl Future<Output = anyhow::Result<Vec<Table>>>,
) -> Vec<Table> {
    if !settings.wants(name) {
        return Vec::new();
    }
    eprintln!("{name} ...");
    match work.await {
        Ok(tables) => {
            for table in &tables {
                eprintln!("{table}");
            }
            tables
        }
        Err(error) => {
            eprintln!("{name}: {error:#}");
            vec![Table::failed(name, &error)]
        }
    }
}
