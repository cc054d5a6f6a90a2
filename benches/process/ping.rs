//! Hundreds of hosts pinged each second, beside smokeping_prober: what each reports of a loopback that loses nothing.

use std::{collections::BTreeMap, fmt::Write as _, net::Ipv4Addr, time::Duration};

use anyhow::{Context, ensure};
use tokio::time::Instant;

use crate::{
    check_cpu,
    figure::{Budget, Figure, Quantity, quantile},
    page::{Row, Table, thousands},
    peer,
    service::Service,
    settings::Settings,
};

const HOSTS: [u16; 2] = [750, 1_000];

/// Between two pings of a host.
const INTERVAL: Duration = Duration::from_secs(1);

/// A figure of a report, by name, and its budget.
type Told = (&'static str, fn(&Reported) -> Quantity, Option<Quantity>);

/// What a program reports, and what it cost.
struct Reported {
    /// Part of the requests that it saw no reply to.
    loss: f64,
    /// 99 of 100 round trips took at most this, in seconds.
    p99: f64,
    /// Processor time a second.
    cpu: f64,
    /// Pings sent a second.
    rate: f64,
}

pub(crate) async fn measure(settings: &Settings) -> anyhow::Result<Vec<Table>> {
    let mut table = Table::new("Hosts pinged each second");
    for hosts in HOSTS {
        let addresses: Vec<_> = (0..hosts).map(address).collect();
        let ours = own(settings, &addresses).await;
        let peer = smokeping(settings, &addresses).await;
        if let Ok(ours) = &ours {
            table.notes.push(format!(
                "{} hosts: noroshi sent {:.0} pings a second",
                thousands(hosts.into()),
                ours.rate
            ));
        }
        let rows: [Told; 3] = [
            ("loss", |it| Quantity::Share(it.loss), Some(Quantity::Share(0.0))),
            ("round trip, p99", |it| Quantity::Seconds(it.p99), Some(Quantity::Seconds(1e-3))),
            ("processor time a second", |it| Quantity::Seconds(it.cpu), None),
        ];
        for (what, of, budget) in rows {
            let figure = |reported: &anyhow::Result<Reported>| -> Figure {
                reported.as_ref().map(of).map_err(|error| format!("{error:#}"))
            };
            table.rows.push(Row {
                what: format!("{} hosts: {what}", thousands(hosts.into())),
                ours: figure(&ours),
                peer: Some(figure(&peer)),
                budget: budget.map(Budget::AtMost),
            });
        }
    }
    table.notes.push(
        "round trips: noroshi's from the last run of every host, read once a second; the peer's is the upper bound of the \
         histogram's bucket that holds it"
            .to_owned(),
    );
    Ok(vec![table])
}

/// An address of loopback; the kernel answers on all of them.
fn address(n: u16) -> String {
    let [high, low] = (n + 1).to_be_bytes();
    Ipv4Addr::new(127, 20, high, low).to_string()
}

async fn own(settings: &Settings, addresses: &[String]) -> anyhow::Result<Reported> {
    let mut config = check_cpu::head(INTERVAL);
    for (n, address) in addresses.iter().enumerate() {
        let _ = writeln!(config, "[checks.host-{n}]\nicmp.host = \"{address}\"");
    }
    let mut service = Service::noroshi(settings, &config).await?;
    tokio::time::sleep(INTERVAL * 2).await;
    let runs = service.samples().await?.sum("noroshi_check_runs_total");
    let (mut trips, mut lost, mut sent) = (Vec::new(), 0.0, 0.0);
    let begun = Instant::now();
    let before = service.cpu()?;
    let mut done = 0.0;
    while begun.elapsed() < settings.window * 3 {
        tokio::time::sleep(INTERVAL).await;
        let samples = service.samples().await?;
        trips.extend(samples.of("noroshi_icmp_rtt_max_seconds").map(|(_, value)| value));
        sent += samples.sum("noroshi_icmp_packets_sent");
        lost += samples.sum("noroshi_icmp_packets_sent");
        lost -= samples.sum("noroshi_icmp_packets_received");
        done = samples.sum("noroshi_check_runs_total") - runs;
    }
    let time = begun.elapsed().as_secs_f64();
    ensure!(sent > 0.0 && !trips.is_empty(), "no ping was reported");
    Ok(Reported {
        loss: lost / sent,
        p99: quantile(&mut trips, 0.99),
        cpu: (service.cpu()? - before) / time,
        rate: done / time,
    })
}

async fn smokeping(settings: &Settings, addresses: &[String]) -> anyhow::Result<Reported> {
    let mut service = peer::smokeping(settings, addresses).await?;
    tokio::time::sleep(INTERVAL * 2).await;
    let earlier = service.samples().await?;
    let begun = Instant::now();
    let before = service.cpu()?;
    tokio::time::sleep(settings.window * 3).await;
    let cpu = service.cpu()? - before;
    let time = begun.elapsed().as_secs_f64();
    let later = service.samples().await?;
    let more = |name: &str| later.sum(name) - earlier.sum(name);
    let sent = more("smokeping_requests_total");
    let answered = more("smokeping_response_duration_seconds_count");
    let buckets = |samples: &crate::client::Samples| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for (labels, value) in samples.of("smokeping_response_duration_seconds_bucket") {
            let bound = labels.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
            *sums.entry(bound.unwrap_or_default().to_owned()).or_default() += value;
        }
        sums
    };
    let (old, new) = (buckets(&earlier), buckets(&later));
    let holding = new.iter().filter_map(|(bound, count)| {
        let count = count - old.get(bound).copied().unwrap_or_default();
        (count >= answered * 0.99).then(|| bound.parse::<f64>().ok()).flatten()
    });
    let p99 = holding.min_by(f64::total_cmp).context("it reported no round trip")?;
    Ok(Reported { loss: (1.0 - answered / sent).max(0.0), p99, cpu: cpu / time, rate: sent / time })
}
