//! The alert pipeline between the store and delivery: the same in the daemon and in Alertmanager's place.
//!
//! Contract: what is [`prepared`] can be applied. A start and a reload first prepare, which may refuse, and then apply,
//! which may not.

mod memory;
mod silence_log;
mod transitions;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;

pub(super) use self::{memory::Memory, transitions::tell};
use super::Supervisor;
use crate::{
    alert::{self, Outputs, Pipeline},
    api::alertmanager::HookToken,
    clock::Clock,
    config::{Alerting, Code, Config, DEFAULT_PORT},
    model::{Commit, Delivery, Diagnostic, Restored, Secret, SettingsChange},
    net::Net,
    notify::{
        self, Setup,
        template::{Mistake, Templates},
    },
};

/// Deliveries on their way to be counted: a burst of one per integration's worker, of which there are a few hundred at most.
const DELIVERIES: usize = 256;

/// What was found wrong with a configuration of alerting that could be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", words(.0))]
pub struct Refused(pub Vec<Diagnostic>);

fn words(all: &[Diagnostic]) -> String {
    all.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// A configuration that can be applied.
pub(super) struct Prepared {
    pipeline: Arc<alert::Config>,
    setup: Setup,
    original: Arc<str>,
    fingerprint: u64,
    hook_token: Option<Secret>,
}

/// Reads the files of templates, and looks for receivers nobody can tell.
///
/// # Errors
/// Why it cannot be applied.
pub(super) fn prepared(alerting: &Alerting) -> Result<Prepared, Refused> {
    let missing = missing_providers(alerting);
    if !missing.is_empty() && !alerting.allow_missing_providers {
        return Err(Refused(missing));
    }
    let templates = templates(alerting)?;
    Ok(Prepared {
        pipeline: Arc::clone(&alerting.pipeline),
        setup: Setup { receivers: (*alerting.receivers).clone(), templates: Arc::new(templates) },
        original: Arc::clone(&alerting.original),
        fingerprint: alerting.fingerprint,
        hook_token: alerting.hook_token.clone(),
    })
}

/// The same for the daemon, whose page of alerts stands below its own: links in notices lead there.
///
/// # Errors
/// Why it cannot be applied.
pub(super) fn prepared_for(config: &Config) -> Result<Option<Prepared>, Refused> {
    let Some(alerting) = &config.alerting else { return Ok(None) };
    let mut prepared = prepared(alerting)?;
    let told = config.web.external_url.as_ref().map(ToString::to_string);
    let place = told.unwrap_or_else(|| {
        let port = config.web.listen_address.iter().find_map(|address| address.port());
        let host = super::blackbox::hostname();
        format!("http://{host}:{}{}", port.unwrap_or(DEFAULT_PORT), config.web.prefix().as_str())
    });
    let page = format!("{}/alerts", place.trim_end_matches('/'));
    prepared.setup.receivers.external_url = page.into();
    Ok(Some(prepared))
}

/// The files of templates, parsed. Whether they and the receivers' own templates are right was asked when they were read.
pub(super) fn templates(alerting: &Alerting) -> Result<Templates, Refused> {
    let told = |mistakes: Vec<Mistake>| {
        let message = mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        Refused(vec![diagnostic(Code::BadTemplate, message, String::new())])
    };
    Templates::parse(&alerting.template_texts()).map_err(told)
}

fn diagnostic(code: Code, message: String, path: String) -> Diagnostic {
    Diagnostic {
        code: code.word(),
        severity: code.severity(),
        message,
        path,
        span: None,
        origin: None,
        hint: None,
        known: Vec::new(),
    }
}

/// Receivers that are reached, by a route or a heartbeat, but tell by a provider that is not built.
fn missing_providers(alerting: &Alerting) -> Vec<Diagnostic> {
    let mut reached = Vec::new();
    reach(&alerting.pipeline.route, &mut reached);
    let hearts = alerting.receivers.deadmen.iter().filter_map(|one| one.receiver.clone());
    reached.extend(hearts);
    let receivers = alerting.receivers.receivers.iter();
    let receivers = receivers.filter(|receiver| reached.contains(&receiver.name));
    receivers
        .flat_map(|receiver| {
            let unbuilt = receiver.integrations.iter().map(|one| &one.provider);
            unbuilt.filter(|provider| !provider.is_built()).map(|provider| {
                let message = format!(
                    "receiver {:?} tells by {}, which this build cannot do; --allow-missing-providers starts all the same",
                    &*receiver.name,
                    provider.kind()
                );
                let path = format!("receivers.{}.{}", receiver.name, provider.kind());
                diagnostic(Code::MissingProvider, message, path)
            })
        })
        .collect()
}

fn reach(route: &alert::spec::Route, reached: &mut Vec<Arc<str>>) {
    reached.push(Arc::clone(&route.receiver));
    route.routes.iter().for_each(|inside| reach(inside, reached));
}

/// Counts an attempt at a notice.
pub(super) type Count = Box<dyn Fn(&Delivery) + Send>;

/// What the pipeline is connected with.
pub(super) struct Around<'a> {
    /// Its tasks end after everything that gives it something.
    pub(super) late: &'a mut Supervisor,
    pub(super) registry: &'a mut Registry,
    pub(super) net: Net,
    pub(super) clock: Clock,
    pub(super) commits: mpsc::Sender<Commit>,
    /// Whether the schedule and the store are alive.
    pub(super) alive: notify::Alive,
    /// Told of every attempt at a notice.
    pub(super) count: Option<Count>,
    /// Whether each change of a silence is a line in the log.
    pub(super) log_silences: bool,
}

/// The running pipeline.
#[derive(Clone)]
pub(super) struct Alerts {
    pub(super) handle: alert::Handle,
    notify: notify::Handle,
    original: Arc<ArcSwap<Arc<str>>>,
    /// That of the file in force.
    pub(super) fingerprint: Arc<AtomicU64>,
    /// What `/hooks/alertmanager` wants.
    pub(super) hook_token: HookToken,
    /// What the pipeline counts of itself.
    pub(super) metrics: alert::Metrics,
}

impl Alerts {
    /// Starts delivery, and then the pipeline with what was on disk.
    pub(super) fn start(
        prepared: Prepared,
        options: alert::Options,
        restored: &Restored,
        around: Around<'_>,
    ) -> Self {
        let Around { late, registry, net, clock, commits, alive, count, log_silences } = around;
        let (pipeline, first) = Pipeline::new(prepared.pipeline, options, restored, clock.now());
        let metrics = pipeline.metrics().clone();
        metrics.register(registry);
        let (handle, inbox) = alert::channel();
        let (notify, orders) = notify::channel();

        let deliveries = match count {
            Some(count) => counted(late, count, handle.deliveries()),
            None => handle.deliveries(),
        };
        let parts = notify::Parts {
            net,
            clock,
            deliveries,
            metrics: notify::Metrics::default(),
            pushes: notify::PushMetrics::default(),
            heartbeats: notify::DeadmanMetrics::default(),
            alive: {
                let pipeline = handle.is_alive();
                Arc::new(move || alive() && pipeline())
            },
        };
        parts.metrics.register(registry);
        parts.pushes.register(registry);
        parts.heartbeats.register(registry);
        late.essential("notify", notify::run(orders, prepared.setup, parts));

        let commits = if log_silences { silence_log::tap(late, commits) } else { commits };
        let (offers, withdrawals, pushes) = (notify.clone(), notify.clone(), notify.clone());
        let outputs = Outputs {
            commits,
            notices: Arc::new(move |notice| offers.offer(notice)),
            withdrawn: Arc::new(move |withdrawn| withdrawals.withdraw(withdrawn)),
            pushes: Arc::new(move |batch| pushes.push(&batch)),
        };
        late.essential("alerts", alert::run(pipeline, first, inbox, outputs, clock));
        let original = Arc::new(ArcSwap::from_pointee(prepared.original));
        let fingerprint = Arc::new(AtomicU64::new(prepared.fingerprint));
        let hook_token = HookToken::new(prepared.hook_token);
        Self { handle, notify, original, fingerprint, hook_token, metrics }
    }

    /// Goes on with another configuration: new receivers can be told before the first route leads to them.
    pub(super) async fn reload(&self, prepared: Prepared) {
        self.notify.reload(prepared.setup).await;
        // It fails only when everything stops.
        let _ = self.handle.reload(prepared.pipeline).await;
        self.original.store(Arc::new(prepared.original));
        self.fingerprint.store(prepared.fingerprint, Ordering::Relaxed);
        self.hook_token.set(prepared.hook_token);
    }

    /// Tells the pipeline of checks that came, changed or went.
    pub(super) async fn settings(&self, changes: Vec<SettingsChange>) {
        // It fails only when everything stops, or when the disk is full: then it is in force all the same.
        let _ = self.handle.settings(changes).await;
    }

    /// The configuration in force, as Alertmanager would show it.
    pub(super) fn original(&self) -> Arc<dyn Fn() -> Arc<str> + Send + Sync> {
        let original = Arc::clone(&self.original);
        Arc::new(move || Arc::clone(&original.load()))
    }

    /// Begins no more sends; those on their way may take so long.
    pub(super) async fn stop_sending(&self, within: std::time::Duration) {
        self.notify.stop(within).await;
    }
}

/// Lets each delivery be counted on its way to the pipeline.
fn counted(
    late: &mut Supervisor,
    count: Count,
    to: mpsc::Sender<Delivery>,
) -> mpsc::Sender<Delivery> {
    let (deliveries, mut told) = mpsc::channel(DELIVERIES);
    late.essential("deliveries", async move {
        while let Some(delivery) = told.recv().await {
            count(&delivery);
            if to.send(delivery).await.is_err() {
                return;
            }
        }
    });
    deliveries
}
