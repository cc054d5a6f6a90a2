//! Processor time of one `/probe`, and the memory of many in flight: `noroshi blackbox` beside the program whose place it
//! takes, on the same file, asked the same questions by the same client, which is a process of its own and not counted.

use std::{net::Ipv4Addr, time::Duration};

use tokio::time::Instant;

use crate::{
    check_cpu,
    figure::{Budget, Figure, Quantity, median},
    page::{Row, Table},
    peer,
    service::Service,
    settings::Settings,
    spent::{CONNECTIONS, Spent, driven, note, row},
    targets::{self, Ports, Targets},
};

/// Probes in flight whose memory is measured.
const IN_FLIGHT: usize = 256;

/// Part of the peer's figure that ours may be.
const BUDGET: f64 = 0.5;

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(250);

/// A kind of probe.
struct Kind {
    what: &'static str,
    module: &'static str,
    target: fn(Ports, Ipv4Addr) -> String,
    /// Whether the peer offers the key exchange that noroshi offers beside X25519.
    hybrid: bool,
}

const KINDS: [Kind; 7] = [
    Kind {
        what: "HTTP",
        module: "http",
        target: |ports, host| format!("http://{host}:{}/", ports.http),
        hybrid: false,
    },
    Kind {
        what: "HTTPS, both offer X25519MLKEM768, X25519 is agreed on",
        module: "http",
        target: |ports, host| format!("https://{host}:{}/", ports.https_p256),
        hybrid: true,
    },
    Kind {
        what: "HTTPS, X25519MLKEM768 is agreed on",
        module: "http",
        target: |ports, host| format!("https://{host}:{}/", ports.https_hybrid),
        hybrid: true,
    },
    Kind {
        what: "HTTPS, the peer offers X25519 alone",
        module: "http",
        target: |ports, host| format!("https://{host}:{}/", ports.https_p256),
        hybrid: false,
    },
    Kind {
        what: "TCP",
        module: "tcp",
        target: |ports, host| format!("{host}:{}", ports.tcp),
        hybrid: false,
    },
    Kind {
        what: "DNS",
        module: "dns",
        target: |ports, host| format!("{host}:{}", ports.dns),
        hybrid: false,
    },
    Kind { what: "ICMP", module: "icmp", target: |_, host| host.to_string(), hybrid: false },
];

/// Which program.
#[derive(Clone, Copy)]
enum Who {
    Noroshi,
    Peer,
    HybridPeer,
}

impl Who {
    async fn start(self, settings: &Settings) -> anyhow::Result<Service> {
        match self {
            Self::Noroshi => peer::noroshi_blackbox(settings).await,
            Self::Peer => peer::blackbox(settings).await,
            Self::HybridPeer => peer::blackbox_hybrid(settings).await,
        }
    }
}

pub(crate) async fn measure(settings: &Settings) -> anyhow::Result<Vec<Table>> {
    let mut targets = Targets::start().await?;
    let mut table = Table::new("Processor time of a /probe");
    table.notes.push(format!(
        "`noroshi blackbox` beside blackbox_exporter on one file, each asked over {CONNECTIONS} kept connections for one \
         probe after the other, as fast as it goes"
    ));
    for kind in &KINDS {
        let peer = if kind.hybrid { Who::HybridPeer } else { Who::Peer };
        let theirs = spent(settings, &mut targets, kind, peer).await;
        let ours = spent(settings, &mut targets, kind, Who::Noroshi).await;
        table.notes.extend(note(kind.what, &ours, &theirs));
        table.rows.push(row(kind.what, ours, theirs, BUDGET));
    }
    Ok(vec![table, memory(settings, targets.ports).await])
}

async fn spent(
    settings: &Settings,
    targets: &mut Targets,
    kind: &Kind,
    who: Who,
) -> anyhow::Result<Spent> {
    let service = who.start(settings).await?;
    let ports = targets.ports;
    let path = |n| {
        format!("/probe?module={}&target={}", kind.module, (kind.target)(ports, targets::host(n)))
    };
    let paths: Vec<_> = (0..check_cpu::PATHS).map(path).collect();
    driven(&service, &paths, targets, settings).await
}

/// At rest, and with probes in flight whose targets stay silent.
async fn memory(settings: &Settings, ports: Ports) -> Table {
    let mut table = Table::new("Memory (resident) of the drop-in");
    let ours = held(settings, ports, Who::Noroshi).await;
    let theirs = held(settings, ports, Who::Peer).await;
    let rows: [(&str, Budget); 2] = [
        ("at rest", Budget::AtMost(Quantity::Bytes(16e6))),
        ("256 probes in flight", Budget::OfPeer(BUDGET)),
    ];
    for (at, (what, budget)) in rows.into_iter().enumerate() {
        let figure = |held: &anyhow::Result<[f64; 2]>| -> Figure {
            held.as_ref().map(|held| Quantity::Bytes(held[at])).map_err(|why| format!("{why:#}"))
        };
        table.rows.push(Row {
            what: what.to_owned(),
            ours: figure(&ours),
            peer: Some(figure(&theirs)),
            budget: Some(budget),
        });
    }
    table.notes.push(format!(
        "{IN_FLIGHT} probes of http and tcp, whose targets take the connection and say nothing until the probe gives up \
         after 2 s; the median of looks at it"
    ));
    table
}

/// Bytes at rest and with many probes in flight.
async fn held(settings: &Settings, ports: Ports, who: Who) -> anyhow::Result<[f64; 2]> {
    let service = who.start(settings).await?;
    tokio::time::sleep(settings.window / 2).await;
    let rest = service.memory()?.0;
    let path = |n: usize| {
        let target = format!("{}:{}", targets::host(n), ports.held);
        let module = if n.is_multiple_of(2) { "held_http" } else { "held_tcp" };
        format!("/probe?module={module}&target={target}")
    };
    let paths: Vec<_> = (0..check_cpu::PATHS).map(path).collect();
    let time = (settings.window * 2).max(Duration::from_secs(4));
    let load = peer::hold(service.address, &paths, IN_FLIGHT, time);
    let watch = async {
        let (begun, mut looks) = (Instant::now(), Vec::new());
        // The first second is for the connections.
        tokio::time::sleep(Duration::from_secs(1)).await;
        while begun.elapsed() < time {
            looks.push(service.memory()?.0);
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(median(looks))
    };
    let ((), many) = tokio::try_join!(load, watch)?;
    Ok([rest, many])
}
