//! A pipeline, a disk that remembers what it was told to, and a provider that does as the test wants.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    alert::{
        Config, Effects, Input, Options, Pipeline, PostedAlert, Reply, SilenceDraft,
        spec::{GroupBy, InhibitRule, Integration, Receiver, Route},
    },
    model::{
        Alert, AlertSource, Delivery, DeliveryResult, Fingerprint, Lane, MatchOp, Matcher, Notice,
        NoticeReason, Notified, Pairs, PushBatch, Record, Restored, SendFailure, SendReason,
        Silence, SilenceId, matcher::Syntax,
    },
};

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn mins(minutes: u64) -> Duration {
    secs(60 * minutes)
}

/// A Monday.
pub(super) fn start() -> Timestamp {
    "2026-01-05T10:00:00Z".parse().unwrap()
}

pub(super) fn pairs(text: &str) -> Pairs {
    text.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
}

pub(super) fn matchers(text: &str) -> Arc<[Matcher]> {
    Syntax::default().matchers(text).unwrap().value.into()
}

/// A route with Alertmanager's timers that groups by `alertname`.
pub(super) fn route(receiver: &str) -> Route {
    Route {
        receiver: receiver.into(),
        matchers: Arc::default(),
        continues: false,
        group_by: GroupBy::Labels(["alertname".into()].into()),
        group_wait: secs(30),
        group_interval: mins(5),
        repeat_interval: mins(240),
        mute_time_intervals: Vec::new(),
        active_time_intervals: Vec::new(),
        labels: Pairs::default(),
        routes: Vec::new(),
    }
}

pub(super) fn child(receiver: &str, text: &str) -> Route {
    Route { matchers: matchers(text), ..route(receiver) }
}

/// A receiver with a webhook for each of the flags.
pub(super) fn receiver(name: &str, send_resolved: &[bool]) -> Receiver {
    let integration = |send_resolved: &bool| Integration {
        kind: "webhook".into(),
        send_resolved: *send_resolved,
    };
    Receiver {
        name: name.into(),
        labels: Pairs::default(),
        integrations: send_resolved.iter().map(integration).collect(),
        rate_limit: None,
    }
}

/// A configuration with a receiver for every name in the tree.
pub(super) fn config(root: Route) -> Config {
    fn names(route: &Route, into: &mut Vec<Arc<str>>) {
        into.push(Arc::clone(&route.receiver));
        route.routes.iter().for_each(|route| names(route, into));
    }
    let mut all = Vec::new();
    names(&root, &mut all);
    all.sort();
    all.dedup();
    Config {
        route: root,
        receivers: all.iter().map(|name| receiver(name, &[true])).collect(),
        inhibit_rules: Vec::new(),
        time_intervals: Vec::new(),
        maintenance: Vec::new(),
        resolve_timeout: mins(5),
        flap_hold: None,
        resolve_hold: mins(2),
        alertmanagers: Vec::new(),
    }
}

pub(super) fn inhibit(source: &str, target: &str, equal: &[&str]) -> InhibitRule {
    InhibitRule {
        name: "".into(),
        source: matchers(source),
        target: matchers(target),
        equal: equal.iter().map(|name| Arc::from(*name)).collect(),
    }
}

pub(super) fn posted(labels: &str) -> PostedAlert {
    PostedAlert {
        labels: pairs(labels),
        annotations: Pairs::default(),
        starts_at: None,
        ends_at: None,
        generator_url: "".into(),
    }
}

/// What the provider does with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Takes,
    /// Tries again ten seconds later.
    Fails,
    Refuses,
    /// Never ends.
    Hangs,
}

/// A notice on its way.
struct Queued {
    notice: Arc<Notice>,
    attempt: u32,
    /// Attempts that ended.
    failed: u32,
    next_at: Timestamp,
    /// A newer one, that came during an attempt.
    newer: Option<Arc<Notice>>,
    /// It was taken back during an attempt.
    withdrawn: bool,
}

impl Queued {
    fn new(notice: Arc<Notice>, now: Timestamp) -> Self {
        Self { notice, attempt: 0, failed: 0, next_at: now, newer: None, withdrawn: false }
    }
}

pub(super) struct World {
    pub(super) pipeline: Pipeline,
    pub(super) now: Timestamp,
    pub(super) provider: Provider,
    /// What got through, and when.
    pub(super) sent: Vec<(Timestamp, Arc<Notice>)>,
    pub(super) pushed: Vec<(Timestamp, PushBatch)>,
    pub(super) disk: Disk,
    /// For how long an attempt may have hung, at most.
    pub(super) hangs: Duration,
    pub(super) records: Vec<Record>,
    queue: BTreeMap<Lane, Queued>,
    options: Options,
}

/// The store, as far as a restart can see it.
#[derive(Default)]
pub(super) struct Disk {
    pub(super) alerts: HashMap<Fingerprint, Arc<Alert>>,
    silences: HashMap<SilenceId, Arc<Silence>>,
    pub(super) outbox: BTreeMap<u64, Arc<Notice>>,
    pub(super) notified: HashMap<Lane, Notified>,
    last_notice: u64,
}

impl World {
    pub(super) fn new(config: Config) -> Self {
        Self::with(config, Options::default())
    }

    pub(super) fn with(config: Config, options: Options) -> Self {
        let now = start();
        let (pipeline, _) = Pipeline::new(config.into(), options, &Restored::default(), now);
        Self {
            pipeline,
            now,
            provider: Provider::Takes,
            sent: Vec::new(),
            pushed: Vec::new(),
            disk: Disk::default(),
            hangs: Duration::ZERO,
            records: Vec::new(),
            queue: BTreeMap::new(),
            options,
        }
    }

    /// Ends the process without a word and starts it again a while later.
    pub(super) fn crash(&mut self, config: Config, away: Duration) {
        self.crash_with(config, away, |_| ());
    }

    pub(super) fn crash_with(
        &mut self,
        config: Config,
        away: Duration,
        change: impl FnOnce(&mut Restored),
    ) {
        self.now += away;
        let mut restored = Restored {
            alerts: self.disk.alerts.values().cloned().collect(),
            silences: self.disk.silences.values().cloned().collect(),
            outbox: self.disk.outbox.values().cloned().collect(),
            notified: self.disk.notified.values().cloned().collect(),
            last_notice: self.disk.last_notice,
            ..Restored::default()
        };
        change(&mut restored);
        let (pipeline, effects) = Pipeline::new(config.into(), self.options, &restored, self.now);
        self.pipeline = pipeline;
        self.queue.clear();
        self.take(effects);
        self.work();
    }

    pub(super) fn input(&mut self, input: Input) -> Reply {
        let effects = self.pipeline.apply(input, self.now);
        let reply = self.take(effects);
        self.work();
        reply
    }

    pub(super) fn post(&mut self, alerts: Vec<PostedAlert>) -> Result<(), String> {
        match self.input(Input::Post { alerts, source: AlertSource::Api }) {
            Reply::Posted(result) => result.map_err(|error| error.to_string()),
            other => panic!("{other:?}"),
        }
    }

    /// An alert that fires for an hour from now on.
    pub(super) fn fire(&mut self, labels: &str) {
        let ends_at = Some(self.now + mins(60));
        self.post(vec![PostedAlert { starts_at: Some(self.now), ends_at, ..posted(labels) }])
            .unwrap();
    }

    pub(super) fn resolve(&mut self, labels: &str) {
        self.post(vec![PostedAlert { ends_at: Some(self.now), ..posted(labels) }]).unwrap();
    }

    pub(super) fn silence(&mut self, label: (&str, &str), length: Duration) -> SilenceId {
        let draft = SilenceDraft {
            id: "".into(),
            matchers: Ok([Matcher::written(label.0, MatchOp::Equal, label.1)].into()),
            starts_at: None,
            ends_at: self.now + length,
            created_by: "me".into(),
            comment: "".into(),
            annotations: Pairs::default(),
        };
        let fresh = SilenceId(uuid::Uuid::new_v4());
        match self.input(Input::SetSilence { draft, fresh }) {
            Reply::Silenced(result) => result.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Lets time pass; whatever is due happens at its moment.
    pub(super) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let retry = self.queue.values().map(|queued| queued.next_at).min();
            let due = [self.pipeline.next_due(), retry].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= end) else { break };
            self.now = self.now.max(due);
            self.work();
        }
        self.now = end;
        self.work();
    }

    /// Everything that is due now.
    fn work(&mut self) {
        loop {
            let effects = self.pipeline.tick(self.now);
            self.take(effects);
            let ready = |queued: &&Queued| queued.next_at <= self.now;
            let Some(queued) = self.queue.values().find(ready) else {
                if self.pipeline.next_due().is_none_or(|due| due > self.now) {
                    return;
                }
                continue;
            };
            let lane = queued.notice.lane.clone();
            self.attempt(&lane);
        }
    }

    fn attempt(&mut self, lane: &Lane) {
        let queued = self.queue.get_mut(lane).unwrap();
        queued.attempt += 1;
        let (notice, attempt) = (Arc::clone(&queued.notice), queued.attempt);
        let failure =
            SendFailure { reason: SendReason::ServerError, status: Some(500), detail: "no".into() };
        let result = match self.provider {
            Provider::Takes => {
                self.sent.push((self.now, Arc::clone(&notice)));
                DeliveryResult::Delivered(Some(Pairs::new([("message", notice.id.to_string())])))
            }
            Provider::Fails => {
                queued.failed += 1;
                queued.next_at = self.now + secs(10);
                DeliveryResult::Retry { failure, next_at: queued.next_at }
            }
            Provider::Refuses => DeliveryResult::Dead(failure),
            Provider::Hangs => {
                queued.next_at = Timestamp::MAX;
                return;
            }
        };
        let is_over = queued.withdrawn || !matches!(result, DeliveryResult::Retry { .. });
        match queued.newer.take() {
            Some(newer) => *queued = Queued::new(newer, self.now),
            None if is_over => drop(self.queue.remove(lane)),
            None => {}
        }
        self.deliver(&notice, attempt, result);
    }

    /// Tells the pipeline how an attempt ended.
    pub(super) fn deliver(&mut self, notice: &Notice, attempt: u32, result: DeliveryResult) {
        let delivery = Delivery {
            notice: notice.id,
            lane: notice.lane.clone(),
            at: self.now,
            seconds: 0.1,
            attempt,
            result,
        };
        let effects = self.pipeline.apply(Input::Delivery(delivery), self.now);
        self.take(effects);
    }

    /// The notices under way.
    pub(super) fn under_way(&self) -> Vec<Arc<Notice>> {
        self.queue.values().map(|queued| Arc::clone(&queued.notice)).collect()
    }

    /// Ends an attempt that hangs, well.
    pub(super) fn let_through(&mut self) {
        for queued in self.queue.values_mut() {
            queued.next_at = self.now;
        }
        self.provider = Provider::Takes;
        self.hangs = Duration::ZERO;
        self.work();
    }

    fn take(&mut self, effects: Effects) -> Reply {
        for record in &effects.records {
            self.disk.write(record);
        }
        self.records.extend(effects.records);
        for withdrawn in effects.withdrawn {
            assert!(
                !self.disk.outbox.contains_key(&withdrawn.id),
                "it would be sent after a start"
            );
            let queued = self.queue.get_mut(&withdrawn.lane);
            match queued.filter(|queued| queued.notice.id == withdrawn.id) {
                // The attempt that hangs ends as it may; what would come after it does not.
                Some(queued) if queued.next_at == Timestamp::MAX => queued.withdrawn = true,
                Some(_) => drop(self.queue.remove(&withdrawn.lane)),
                None => {}
            }
        }
        for notice in effects.notices {
            assert!(self.disk.outbox.contains_key(&notice.id), "sent before it is on disk");
            match self.queue.get_mut(&notice.lane) {
                None => {
                    let queued = Queued::new(Arc::clone(&notice), self.now);
                    self.queue.insert(notice.lane.clone(), queued);
                }
                Some(old) => {
                    assert!(old.failed > 0, "only what failed before may be replaced");
                    if old.next_at == Timestamp::MAX {
                        old.newer = Some(notice);
                    } else {
                        *old = Queued::new(notice, self.now);
                    }
                }
            }
        }
        self.pushed.extend(effects.pushes.into_iter().map(|push| (self.now, push)));
        effects.reply
    }

    /// What got through since the last look: seconds since the start, reason, alerts (`-` for resolved ones).
    pub(super) fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
            .into_iter()
            .map(|(at, notice)| {
                let alerts: Vec<String> = notice.alerts.iter().map(named).collect();
                let at = at.duration_since(start()).as_secs();
                format!("{at} {} {}", word(notice.reason), alerts.join(","))
            })
            .collect()
    }
}

fn named(alert: &crate::model::NoticeAlert) -> String {
    let name = alert.labels.get("n").or_else(|| alert.labels.get("alertname")).unwrap_or_default();
    format!("{}{name}", if alert.is_firing() { "" } else { "-" })
}

fn word(reason: NoticeReason) -> &'static str {
    match reason {
        NoticeReason::First => "first",
        NoticeReason::New => "new",
        NoticeReason::SomeResolved => "some",
        NoticeReason::AllResolved => "all",
        NoticeReason::Repeat => "repeat",
    }
}

impl Disk {
    fn write(&mut self, record: &Record) {
        match record {
            Record::Alert(alert) => {
                self.alerts.insert(alert.fingerprint(), Arc::clone(alert));
            }
            Record::AlertGone(fingerprint) => {
                self.alerts.remove(fingerprint);
            }
            Record::Silence(silence) => {
                self.silences.insert(silence.id, Arc::clone(silence));
            }
            Record::SilenceGone(id) => {
                self.silences.remove(id);
            }
            Record::Outbox(notice) => {
                self.outbox.retain(|_, old| old.lane != notice.lane);
                self.last_notice = self.last_notice.max(notice.id);
                self.outbox.insert(notice.id, Arc::clone(notice));
            }
            Record::OutboxGone(id) => {
                self.outbox.remove(id);
            }
            Record::Delivery(delivery) => {
                if !matches!(delivery.result, DeliveryResult::Retry { .. }) {
                    self.outbox.remove(&delivery.notice);
                }
            }
            Record::Notified(told) => {
                self.notified.insert(told.lane.clone(), told.clone());
            }
            Record::NotifiedGone(lane) => {
                self.notified.remove(lane);
            }
            other => panic!("not the pipeline's: {other:?}"),
        }
    }
}
