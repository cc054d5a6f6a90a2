//! Clusters: `noroshi kube-state-metrics` beside kube-state-metrics, on the same API server with pods of 12 kB each. The
//! server is a process of its own: it makes the pods as it sends them.

use std::{
    io::{BufRead, BufReader, Write as _},
    net::TcpListener,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

use crate::{
    figure::{Budget, Figure, Quantity, median},
    kube_api::workbench,
    page::{Row, Table, thousands},
    peer,
    service::Service,
    settings::Settings,
};

/// Pods, and what is measured with them.
const SIZES: [Size; 2] = [
    Size { pods: 10_000, held: 25e6, plain: 0.060, gzip: 0.250 },
    Size { pods: 100_000, held: 120e6, plain: 0.8, gzip: 2.5 },
];

struct Size {
    pods: usize,
    /// Budgets: memory, and seconds of a scrape.
    held: f64,
    plain: f64,
    gzip: f64,
}

/// Scrapes of which the median is shown.
const SCRAPES: usize = 5;

/// Pods that change for the cost of one change.
const CHANGES: usize = 2_000;

/// A pod's state, and what the largest memory since the start may be of what is held.
const POD: f64 = 500.0;
const PEAK: f64 = 1.3;

/// A program has settled when it has used so little of a processor for so long.
const IDLE_SHARE: f64 = 0.05;
const IDLE_FOR: Duration = Duration::from_millis(1500);

/// How long a start with everything to be listed may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// What was seen of one program with one size.
struct Seen {
    started_in: f64,
    held: f64,
    peak: f64,
    scraped: f64,
    plain: Scrape,
    gzip: Scrape,
    change: f64,
}

#[derive(Clone, Copy)]
struct Scrape {
    took: f64,
    cpu: f64,
    size: f64,
    series: usize,
}

#[derive(Clone, Copy)]
enum Who {
    Noroshi,
    Peer,
}

pub(crate) async fn measure(settings: &Settings) -> anyhow::Result<Vec<Table>> {
    let mut tables = Vec::new();
    let mut held = Vec::new();
    for size in &SIZES {
        let mut api = Api::start(size.pods)?;
        let ours = look(settings, Who::Noroshi, &mut api, size.pods).await?;
        let theirs = look(settings, Who::Peer, &mut api, size.pods).await;
        let theirs = theirs.map_err(|error| format!("{error:#}"));
        held.push((size.pods, ours.held, theirs.as_ref().map(|seen| seen.held).ok()));
        tables.push(table(size, &ours, &theirs));
    }
    tables.push(of_a_pod(&held));
    Ok(tables)
}

async fn look(settings: &Settings, who: Who, api: &mut Api, pods: usize) -> anyhow::Result<Seen> {
    let begun = Instant::now();
    let mut service = start(settings, who, &api.url).await?;
    settled(&service, begun).await?;
    let started_in = begun.elapsed().saturating_sub(IDLE_FOR).as_secs_f64();
    let (held, peak) = service.memory()?;
    let plain = scrape(&mut service, "identity").await?;
    let gzip = scrape(&mut service, "gzip").await?;
    let scraped = service.memory()?.0;
    let told = service.samples().await?.of("kube_pod_info").count();
    ensure!(told == pods, "{told} of {pods} pods are shown");
    settled(&service, Instant::now()).await?;
    let before = service.cpu()?;
    api.tell(&format!("touch {CHANGES}"))?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    settled(&service, Instant::now()).await?;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let change = (service.cpu()? - before) / CHANGES as f64;
    Ok(Seen { started_in, held, peak, scraped, plain, gzip, change })
}

async fn start(settings: &Settings, who: Who, url: &str) -> anyhow::Result<Service> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let telemetry = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = match who {
        Who::Noroshi => peer::noroshi_kube_state_metrics(),
        Who::Peer => peer::kube_state_metrics(settings)?,
    };
    command.args([
        "--resources=pods",
        "--enable-gzip-encoding",
        "--host=127.0.0.1",
        "--telemetry-host=127.0.0.1",
    ]);
    command.arg(format!("--apiserver={url}"));
    command.arg(format!("--port={}", address.port()));
    command.arg(format!("--telemetry-port={}", telemetry.port()));
    Service::start_at(settings, command, address, "/healthz").await
}

/// Waits until everything is listed and taken in: until it has nothing more to do.
async fn settled(service: &Service, begun: Instant) -> anyhow::Result<()> {
    loop {
        let before = service.cpu()?;
        tokio::time::sleep(IDLE_FOR).await;
        if service.cpu()? - before < IDLE_SHARE * IDLE_FOR.as_secs_f64() {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "it did not settle within {PATIENCE:?}");
    }
}

async fn scrape(service: &mut Service, encoding: &str) -> anyhow::Result<Scrape> {
    let (mut took, mut size) = (Vec::new(), 0.0);
    let mut series = 0;
    let before = service.cpu()?;
    for at in 0..SCRAPES {
        let answer = service.metrics(encoding).await?;
        took.push(answer.took.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a size")]
        let bytes = answer.body.len() as f64;
        size = bytes;
        if at == 0 && encoding == "identity" {
            series = answer.samples()?.series();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let cpu = (service.cpu()? - before) / SCRAPES as f64;
    Ok(Scrape { took: median(took), cpu, size, series })
}

fn table(size: &Size, ours: &Seen, theirs: &Result<Seen, String>) -> Table {
    let mut table = Table::new(&format!("A cluster of {} pods", thousands(size.pods)));
    let mut row = |what: &str, of: fn(&Seen) -> Quantity, budget: Option<Budget>| {
        let peer: Figure = theirs.as_ref().map(of).map_err(Clone::clone);
        table.rows.push(Row {
            what: what.to_owned(),
            ours: Ok(of(ours)),
            peer: Some(peer),
            budget,
        });
    };
    let seconds = |most| Some(Budget::AtMost(Quantity::Seconds(most)));
    row(
        "memory, everything listed",
        |seen| Quantity::Bytes(seen.held),
        Some(Budget::AtMost(Quantity::Bytes(size.held))),
    );
    row(
        "most memory since the start, of that",
        |seen| Quantity::Share(seen.peak / seen.held),
        Some(Budget::AtMost(Quantity::Share(PEAK))),
    );
    row("memory after scrapes", |seen| Quantity::Bytes(seen.scraped), None);
    row("from the start to everything listed", |seen| Quantity::Seconds(seen.started_in), None);
    row("processor time of a changed pod", |seen| Quantity::Seconds(seen.change), None);
    row("scrape", |seen| Quantity::Seconds(seen.plain.took), seconds(size.plain));
    row("scrape, processor time", |seen| Quantity::Seconds(seen.plain.cpu), None);
    row("scrape, gzip", |seen| Quantity::Seconds(seen.gzip.took), seconds(size.gzip));
    row("scrape, gzip, processor time", |seen| Quantity::Seconds(seen.gzip.cpu), None);
    let told = |seen: &Seen| {
        format!(
            "{} series, {}, gzip {}",
            thousands(seen.plain.series),
            Quantity::Bytes(seen.plain.size),
            Quantity::Bytes(seen.gzip.size)
        )
    };
    table.notes.push(format!("ours: {}", told(ours)));
    if let Ok(theirs) = theirs {
        table.notes.push(format!("the peer's: {}", told(theirs)));
    }
    table
}

/// What one more pod costs: the difference of two sizes, so that what a program holds anyway is not in it.
fn of_a_pod(held: &[(usize, f64, Option<f64>)]) -> Table {
    let mut table = Table::new("A pod held");
    if let [(few, ours_few, theirs_few), (many, ours_many, theirs_many)] = held {
        #[expect(clippy::cast_precision_loss, reason = "a count of pods")]
        let more = (many - few) as f64;
        let peer =
            theirs_many.zip(*theirs_few).map(|(many, few)| Quantity::Bytes((many - few) / more));
        table.rows.push(Row {
            what: "memory of one more pod".to_owned(),
            ours: Ok(Quantity::Bytes((ours_many - ours_few) / more)),
            peer: Some(peer.ok_or_else(|| "not measured".to_owned())),
            budget: Some(Budget::AtMost(Quantity::Bytes(POD))),
        });
    }
    table
}

/// The API server, in a process of its own.
struct Api {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Api {
    fn start(pods: usize) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([workbench::ARGUMENT, &pods.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut api = Self { child, orders, answers, url: String::new() };
        api.url = api.line()?;
        Ok(api)
    }

    fn tell(&mut self, order: &str) -> anyhow::Result<String> {
        writeln!(self.orders, "{order}")?;
        self.line()
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the API server ended");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
