//! Processor time of one check of each kind, beside blackbox_exporter's.
//!
//! The peer goes first, in a closed loop: as many probes as it can make. noroshi then gets as many checks as the peer
//! made probes a second, each once a second, so both are measured at the same rate and the peer in its best light: a
//! program with always something to do saves the waking up. What shows the results is in both figures: the peer's
//! answers, and a compressed scrape of noroshi in each window.

use std::{fmt::Write as _, net::Ipv4Addr, time::Duration};

use anyhow::ensure;
use tokio::time::Instant;

use crate::{
    client::Answer,
    figure::median,
    page::Table,
    peer,
    service::Service,
    settings::Settings,
    spent::{CONNECTIONS, Spent, driven, note, row},
    targets::{self, Ports, Targets},
};

/// Different questions to the peer.
pub(crate) const PATHS: usize = 600;

/// A kind of check as both programs are told it.
pub(crate) struct Kind {
    what: &'static str,
    budget: f64,
    /// The line of noroshi's configuration.
    pub(crate) check: fn(Ports, Ipv4Addr) -> String,
    /// The peer's module, and its target.
    module: &'static str,
    target: fn(Ports, Ipv4Addr) -> String,
}

pub(crate) const KINDS: [Kind; 6] = [
    Kind {
        what: "HTTP check",
        budget: 0.25,
        check: |ports, host| format!("http.url = \"http://{host}:{}/\"", ports.http),
        module: "http",
        target: |ports, host| format!("http://{host}:{}/", ports.http),
    },
    Kind {
        what: "HTTPS check, RSA-2048",
        budget: 0.5,
        check: |ports, host| https(host, ports.https_rsa),
        module: "http",
        target: |ports, host| format!("https://{host}:{}/", ports.https_rsa),
    },
    Kind {
        what: "HTTPS check, P-256",
        budget: 0.5,
        check: |ports, host| https(host, ports.https_p256),
        module: "http",
        target: |ports, host| format!("https://{host}:{}/", ports.https_p256),
    },
    Kind {
        what: "TCP check",
        budget: 0.25,
        check: |ports, host| format!("tcp.address = \"{host}:{}\"", ports.tcp),
        module: "tcp",
        target: |ports, host| format!("{host}:{}", ports.tcp),
    },
    Kind {
        what: "DNS check",
        budget: 0.25,
        check: |ports, host| {
            format!("dns = {{ server = \"{host}:{}\", name = \"noroshi.test\" }}", ports.dns)
        },
        module: "dns",
        target: |ports, host| format!("{host}:{}", ports.dns),
    },
    Kind {
        what: "ICMP check",
        budget: 0.25,
        check: |_, host| format!("icmp.host = \"{host}\""),
        module: "icmp",
        target: |_, host| host.to_string(),
    },
];

impl Kind {
    /// What the peer is asked for to probe the n-th target.
    pub(crate) fn path(&self, ports: Ports, n: usize) -> String {
        format!("/probe?module={}&target={}", self.module, (self.target)(ports, targets::host(n)))
    }
}

fn https(host: Ipv4Addr, port: u16) -> String {
    format!(
        "http = {{ url = \"https://{host}:{port}/\", tls = {{ insecure_skip_verify = true, min_version = \"TLS13\" }} }}"
    )
}

pub(crate) async fn measure(settings: &Settings) -> anyhow::Result<Vec<Table>> {
    let mut targets = Targets::start().await?;
    let mut table = Table::new("Processor time of a check");
    table.notes.push(format!(
        "the peer: blackbox_exporter, asked over {CONNECTIONS} kept connections for one probe after the other, as fast as \
         it goes; noroshi: as many checks as the peer made probes a second, each once a second, over {} hosts, and a \
         compressed scrape in each window",
        targets::HOSTS
    ));
    for kind in &KINDS {
        let peer = peers(settings, &mut targets, kind).await;
        // Without the peer a rate it would have had.
        let rate = peer.as_ref().map_or(1000.0, |peer| peer.rate);
        let ours = own(settings, &mut targets, kind, rate).await;
        table.notes.extend(note(kind.what, &ours, &peer));
        table.rows.push(row(kind.what, ours, peer, kind.budget));
    }
    Ok(vec![table])
}

async fn peers(settings: &Settings, targets: &mut Targets, kind: &Kind) -> anyhow::Result<Spent> {
    let peer = peer::blackbox(settings).await?;
    let paths: Vec<_> = (0..PATHS).map(|n| kind.path(targets.ports, n)).collect();
    driven(&peer, &paths, targets, settings).await
}

async fn own(
    settings: &Settings,
    targets: &mut Targets,
    kind: &Kind,
    rate: f64,
) -> anyhow::Result<Spent> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
    let checks = rate.max(1.0) as usize;
    let mut service = Service::noroshi(settings, &config(targets.ports, kind, checks)).await?;
    // Every check has had its first run, and a second one.
    tokio::time::sleep(Duration::from_secs(2).max(settings.window / 2)).await;
    targets.served().await?;
    let mut looks = vec![look(&mut service).await?];
    for _ in 0..Settings::WINDOWS {
        tokio::time::sleep(settings.window).await;
        looks.push(look(&mut service).await?);
    }
    let served = targets.served().await?;
    drop(service);
    let (mut each, mut rates) = (Vec::new(), Vec::new());
    // Only now are the scrapes read: that takes a while, in which checks would run on.
    let runs = |look: &Look| anyhow::Ok(look.scrape.samples()?.sum("noroshi_check_runs_total"));
    for pair in looks.windows(2) {
        let done = runs(&pair[1])? - runs(&pair[0])?;
        each.push((pair[1].cpu - pair[0].cpu) / done);
        rates.push(done / (pair[1].at - pair[0].at).as_secs_f64());
    }
    if let Some(last) = looks.last() {
        let failed = last.scrape.samples()?.sum("noroshi_check_failures_total");
        let all = runs(last)?;
        ensure!(failed * 100.0 <= all, "{failed} of {all} runs failed");
    }
    Ok(Spent { each: median(each), rate: median(rates), served })
}

/// One end of a window.
struct Look {
    scrape: Answer,
    cpu: f64,
    at: Instant,
}

async fn look(service: &mut Service) -> anyhow::Result<Look> {
    let scrape = service.metrics("gzip").await?;
    Ok(Look { scrape, cpu: service.cpu()?, at: Instant::now() })
}

fn config(ports: Ports, kind: &Kind, checks: usize) -> String {
    let mut config = head(Duration::from_secs(1));
    for n in 0..checks {
        let check = (kind.check)(ports, targets::host(n));
        let _ = writeln!(config, "[checks.check-{n}]\n{check}");
    }
    config
}

/// What all checks have in common. The limit per host is about strangers' hosts.
pub(crate) fn head(interval: Duration) -> String {
    format!(
        "[schedule]\nper_host = 100\n[defaults]\ninterval = \"{0}ms\"\ntimeout = \"{0}ms\"\n",
        interval.as_millis()
    )
}
