//! Alerts: `noroshi alertmanager` beside Alertmanager, on the same file, sent the same alerts by the same client. Ours is on
//! disk before it answers, the peer's is not.

mod alerts;
mod hook;

use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;

use self::{alerts::Alerts, hook::Hook};
use crate::{
    client::Client,
    figure::{Budget, Figure, Quantity, median, quantile},
    page::{Row, Table, thousands},
    peer,
    service::Service,
    settings::Settings,
};

/// How many alerts there are, in the small measurement and in the large one.
const FEW: usize = 10_000;
const MANY: usize = 100_000;

/// Alerts in one post: what Prometheus 3.5 sends.
const BATCH: usize = 64;

/// Lists of which the median is shown.
const READS: usize = 7;

/// Posts whose way to the receiver is timed.
const NOTICES: usize = 300;

/// Silences and rules beside which alerts are taken in.
const SILENCES: usize = 1_000;
const RULES: usize = 20;

/// Until the first notices of 100,000 alerts are sent, and what they took is given back.
const SETTLE: Duration = Duration::from_secs(5);

const HOURS: &str = "group_wait: 1s\n  group_interval: 1h\n  repeat_interval: 4h";

/// Which program.
#[derive(Clone, Copy)]
enum Who {
    Noroshi,
    Peer,
}

/// What was seen of one of them.
#[derive(Default)]
struct Seen {
    /// Processor time of one alert: new, and the same again.
    new: f64,
    known: f64,
    /// The same with silences, and with rules, beside them.
    silenced: f64,
    inhibited: f64,
    /// Wall time of all silences, one after another.
    silences: f64,
    /// Wall time of a list of few alerts, and of many, and of the groups of few.
    list_few: f64,
    list_many: f64,
    groups_few: f64,
    /// Memory with many alerts, after their first notices, and after one list of them.
    held: f64,
    listed: f64,
    /// From a post to its webhook.
    way: Vec<f64>,
}

pub(crate) async fn measure(settings: &Settings) -> anyhow::Result<Vec<Table>> {
    let ours = look(settings, Who::Noroshi).await?;
    let theirs = look(settings, Who::Peer).await.map_err(|error| format!("{error:#}"));
    Ok(vec![ingest(&ours, &theirs), reads(&ours, &theirs), way(ours, theirs)])
}

async fn look(settings: &Settings, who: Who) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    few(settings, who, &mut seen).await?;
    beside(settings, who, &mut seen).await?;
    many(settings, who, &mut seen).await?;
    notices(settings, who, &mut seen).await?;
    Ok(seen)
}

async fn start(settings: &Settings, who: Who, config: &str) -> anyhow::Result<Service> {
    match who {
        Who::Noroshi => peer::noroshi_alertmanager(settings, config).await,
        Who::Peer => peer::alertmanager(settings, config).await,
    }
}

fn config(hook: &Hook, timers: &str, more: &str) -> String {
    format!(
        "route:\n  receiver: hook\n  group_by: [alertname, cluster]\n  {timers}\nreceivers:\n- name: hook\n  \
         webhook_configs:\n  - url: http://{}/\n    max_alerts: 1\n{more}",
        hook.address
    )
}

async fn few(settings: &Settings, who: Who, seen: &mut Seen) -> anyhow::Result<()> {
    let hook = Hook::start().await?;
    let service = start(settings, who, &config(&hook, HOURS, "")).await?;
    let mut client = Client::connect(service.address).await?;
    let alerts = Alerts::new(FEW);
    seen.new = cost(&service, &mut client, &alerts).await?;
    // After the first notices, so that nothing but the alerts themselves is counted.
    tokio::time::sleep(Duration::from_secs(2)).await;
    seen.known = cost(&service, &mut client, &alerts).await?;
    seen.list_few = list(&mut client, "/api/v2/alerts").await?;
    seen.groups_few = list(&mut client, "/api/v2/alerts/groups").await?;
    Ok(())
}

/// The same beside a thousand silences, and beside twenty rules.
async fn beside(settings: &Settings, who: Who, seen: &mut Seen) -> anyhow::Result<()> {
    let hook = Hook::start().await?;
    let alerts = Alerts::new(FEW);
    let service = start(settings, who, &config(&hook, HOURS, "")).await?;
    let mut client = Client::connect(service.address).await?;
    let begun = Instant::now();
    for number in 0..SILENCES {
        client.post_json("/api/v2/silences", alerts::silence(number)).await?;
    }
    seen.silences = begun.elapsed().as_secs_f64();
    seen.silenced = cost(&service, &mut client, &alerts).await?;
    drop(service);
    let service = start(settings, who, &config(&hook, HOURS, &alerts::rules(RULES))).await?;
    let mut client = Client::connect(service.address).await?;
    seen.inhibited = cost(&service, &mut client, &alerts).await?;
    Ok(())
}

async fn many(settings: &Settings, who: Who, seen: &mut Seen) -> anyhow::Result<()> {
    let hook = Hook::start().await?;
    let service = start(settings, who, &config(&hook, HOURS, "")).await?;
    let mut client = Client::connect(service.address).await?;
    cost(&service, &mut client, &Alerts::new(MANY)).await?;
    tokio::time::sleep(SETTLE).await;
    seen.held = service.memory()?.0;
    seen.list_many = list(&mut client, "/api/v2/alerts").await?;
    seen.listed = service.memory()?.1;
    Ok(())
}

async fn notices(settings: &Settings, who: Who, seen: &mut Seen) -> anyhow::Result<()> {
    let mut hook = Hook::start().await?;
    let timers = "group_wait: 0s\n  group_interval: 1h\n  repeat_interval: 4h";
    let service = start(settings, who, &config(&hook, timers, "")).await?;
    let mut client = Client::connect(service.address).await?;
    for number in 0..NOTICES {
        let begun = Instant::now();
        client.post_json("/api/v2/alerts", alerts::single(number)).await?;
        seen.way.push(hook.next().await?.duration_since(begun).as_secs_f64());
    }
    Ok(())
}

/// Processor time of one alert, with all that is posted for it.
async fn cost(service: &Service, client: &mut Client, alerts: &Alerts) -> anyhow::Result<f64> {
    let bodies: Vec<Bytes> = alerts.batches(BATCH);
    let before = service.cpu()?;
    for body in bodies {
        client.post_json("/api/v2/alerts", body).await?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand")]
    let count = alerts.count as f64;
    Ok((service.cpu()? - before) / count)
}

/// Wall time of one list.
async fn list(client: &mut Client, path: &str) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..READS {
        let answer = client.get(path, "identity").await?;
        ensure!(answer.body.len() > FEW * 100, "{path} holds {} bytes", answer.body.len());
        took.push(answer.took.as_secs_f64());
    }
    Ok(median(took))
}

/// One figure of both, with what ours is held against.
fn row(
    what: impl Into<String>,
    ours: &Seen,
    theirs: &Result<Seen, String>,
    figure: impl Fn(&Seen) -> Quantity,
    most: Option<Quantity>,
) -> Row {
    let peer: Figure = theirs.as_ref().map(&figure).map_err(Clone::clone);
    Row {
        what: what.into(),
        ours: Ok(figure(ours)),
        peer: Some(peer),
        budget: most.map(Budget::AtMost),
    }
}

fn ingest(ours: &Seen, theirs: &Result<Seen, String>) -> Table {
    let mut table = Table::new("Alerts taken in: processor time of one");
    let seconds = |of: fn(&Seen) -> f64| move |seen: &Seen| Quantity::Seconds(of(seen));
    let us = |number: f64| Some(Quantity::Seconds(number * 1e-6));
    table.rows = vec![
        row("new", ours, theirs, seconds(|seen| seen.new), us(15.0)),
        row("known", ours, theirs, seconds(|seen| seen.known), us(8.0)),
        row(
            format!("new, beside {} silences", thousands(SILENCES)),
            ours,
            theirs,
            seconds(|seen| seen.silenced),
            None,
        ),
        row(
            format!("new, beside {RULES} inhibition rules"),
            ours,
            theirs,
            seconds(|seen| seen.inhibited),
            None,
        ),
        row(
            format!("{} silences, one after another (wall time)", thousands(SILENCES)),
            ours,
            theirs,
            seconds(|seen| seen.silences),
            None,
        ),
    ];
    table.notes.push(format!(
        "{} alerts of 8 labels and 3 annotations, {BATCH} in a post, in 1,000 groups; ours are on disk before the answer, \
         the peer keeps none on disk",
        thousands(FEW)
    ));
    table
}

fn reads(ours: &Seen, theirs: &Result<Seen, String>) -> Table {
    let mut table = Table::new("Alerts held and listed");
    let ms = |number: f64| Some(Quantity::Seconds(number * 1e-3));
    let bytes = |number: f64| Some(Quantity::Bytes(number));
    let few = thousands(FEW);
    let many = thousands(MANY);
    table.rows = vec![
        row(
            format!("memory with {many} alerts, told"),
            ours,
            theirs,
            |seen| Quantity::Bytes(seen.held),
            bytes(90e6),
        ),
        row(
            "the most of it after they were listed",
            ours,
            theirs,
            |seen| Quantity::Bytes(seen.listed),
            None,
        ),
        row(
            format!("GET alerts, {few}"),
            ours,
            theirs,
            |seen| Quantity::Seconds(seen.list_few),
            ms(25.0),
        ),
        row(
            format!("GET alerts/groups, {few}"),
            ours,
            theirs,
            |seen| Quantity::Seconds(seen.groups_few),
            None,
        ),
        row(
            format!("GET alerts, {many}"),
            ours,
            theirs,
            |seen| Quantity::Seconds(seen.list_many),
            ms(300.0),
        ),
    ];
    table.notes.push(format!("wall time of a whole list; the median of {READS}"));
    table
}

fn way(mut ours: Seen, theirs: Result<Seen, String>) -> Table {
    let mut table = Table::new("From a post to its webhook");
    let mut theirs = theirs;
    for (part, what, most) in [(0.5, "median", None), (0.99, "99th percentile", Some(0.015))] {
        let peer = match &mut theirs {
            Ok(seen) => Ok(Quantity::Seconds(quantile(&mut seen.way, part))),
            Err(why) => Err(why.clone()),
        };
        table.rows.push(Row {
            what: what.to_owned(),
            ours: Ok(Quantity::Seconds(quantile(&mut ours.way, part))),
            peer: Some(peer),
            budget: most.map(Quantity::Seconds).map(Budget::AtMost),
        });
    }
    table.notes.push(format!(
        "{NOTICES} alerts one after another, each a group of its own without a wait; ours is on disk before the answer and \
         before the send"
    ));
    table
}
