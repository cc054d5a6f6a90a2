//! What a program spent on its runs, how it is driven in a closed loop, and how two programs stand side by side.

use tokio::time::Instant;

use crate::{
    figure::{Budget, Figure, Quantity, median},
    page::{Row, thousands},
    peer,
    service::Service,
    settings::Settings,
    targets::{Served, Targets},
};

/// Kept connections over which probes are asked for, one after the other on each.
pub(crate) const CONNECTIONS: usize = 8;

/// What one program did.
pub(crate) struct Spent {
    /// Processor time of a check or probe, in seconds.
    pub(crate) each: f64,
    /// So many a second.
    pub(crate) rate: f64,
    pub(crate) served: Served,
}

/// As many probes as a program can make.
pub(crate) async fn driven(
    service: &Service,
    paths: &[String],
    targets: &mut Targets,
    settings: &Settings,
) -> anyhow::Result<Spent> {
    // A Go program has the size of its heap to find first.
    peer::drive(service, paths, CONNECTIONS, settings.window / 2).await?;
    targets.served().await?;
    let (mut each, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..Settings::WINDOWS {
        let (begun, before) = (Instant::now(), service.cpu()?);
        let probes = float(peer::drive(service, paths, CONNECTIONS, settings.window).await?);
        each.push((service.cpu()? - before) / probes);
        rates.push(probes / begun.elapsed().as_secs_f64());
    }
    Ok(Spent { each: median(each), rate: median(rates), served: targets.served().await? })
}

/// Ours beside the peer's.
pub(crate) fn row(
    what: &str,
    ours: anyhow::Result<Spent>,
    peer: anyhow::Result<Spent>,
    budget: f64,
) -> Row {
    let figure = |spent: anyhow::Result<Spent>| -> Figure {
        spent.map(|spent| Quantity::Seconds(spent.each)).map_err(|error| format!("{error:#}"))
    };
    Row {
        what: what.to_owned(),
        ours: figure(ours),
        peer: Some(figure(peer)),
        budget: Some(Budget::OfPeer(budget)),
    }
}

/// At what rates, and what was agreed on in the handshakes.
pub(crate) fn note(
    what: &str,
    ours: &anyhow::Result<Spent>,
    peer: &anyhow::Result<Spent>,
) -> Option<String> {
    let (ours, peer) = (ours.as_ref().ok()?, peer.as_ref().ok()?);
    let list = |served: &Served| served.tls.iter().cloned().collect::<Vec<_>>().join(", ");
    let agreed = match (list(&ours.served), list(&peer.served)) {
        (own, _) if own.is_empty() => String::new(),
        (own, other) if own == other => format!("; both agreed on {own}"),
        (own, other) => format!("; noroshi agreed on {own}, the peer on {other}"),
    };
    let (own, other) = (whole(ours.rate), whole(peer.rate));
    Some(format!("{what}: {own} a second by noroshi, {other} by the peer{agreed}"))
}

/// A rate as people read it.
fn whole(rate: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
    thousands(rate.round() as usize)
}

#[expect(clippy::cast_precision_loss, reason = "counts of some thousand")]
fn float(count: u64) -> f64 {
    count as f64
}
