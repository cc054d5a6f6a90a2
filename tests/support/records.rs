//! Records of every kind, made from a number.

use std::sync::{Arc, mpsc};

use jiff::{SignedDuration, Timestamp};
use noroshi::{
    model::{
        Alert, AlertSource, BaseState, CheckId, CheckState, Commit, CommitError, Delivery,
        DeliveryResult, Fingerprint, Incident, Lane, MatchOp, Matcher, Notice, NoticeAlert,
        NoticeReason, Notified, Overlays, Pairs, Reason, Record, SendFailure, SendReason, Silence,
        SilenceId,
    },
    store::Store,
};

pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-01-01T00:00:00.123456Z".parse().unwrap();
    start.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

pub(crate) fn alert(number: u64) -> Arc<Alert> {
    Arc::new(Alert {
        labels: Pairs::new([
            ("alertname", "Down"),
            ("nth", &number.to_string()),
            ("狼", "\"煙\"\n"),
        ]),
        annotations: Pairs::new([("summary", "it's down")]),
        starts_at: at(1),
        ends_at: at(301),
        updated_at: at(2),
        generator_url: "http://prometheus.example.com/graph".into(),
        timeout: true,
        source: AlertSource::Hook,
        overlays: Overlays { maintenance: true, flapping: false, suppressed: true },
        pushed: true,
    })
}

pub(crate) fn silence(number: u128) -> Arc<Silence> {
    let matcher = |name, op, value| Matcher::new(name, op, value).unwrap();
    Arc::new(Silence {
        id: SilenceId(uuid::Uuid::from_u128(number)),
        matchers: Arc::new([
            matcher("a", MatchOp::Equal, "1"),
            matcher("b", MatchOp::NotEqual, ""),
            matcher("c", MatchOp::Regex, "x|y"),
            matcher("d", MatchOp::NotRegex, "z.*"),
        ]),
        starts_at: at(10),
        ends_at: at(20),
        updated_at: at(5),
        created_by: "somebody".into(),
        comment: "because".into(),
        annotations: Pairs::new([("ticket", "42")]),
    })
}

pub(crate) fn lane(number: u16) -> Lane {
    Lane {
        group: format!("{{}}:{{nth=\"{number}\"}}").into(),
        receiver: "ops".into(),
        kind: "webhook".into(),
        integration: number % 2,
    }
}

pub(crate) fn notice(id: u64, lane: Lane) -> Arc<Notice> {
    let alert = alert(id);
    Arc::new(Notice {
        id,
        lane,
        idempotency_key: format!("key-{id}").into(),
        reason: NoticeReason::SomeResolved,
        at: at(30),
        since: at(29),
        group_labels: Pairs::new([("nth", "1")]),
        alerts: Arc::new([NoticeAlert {
            fingerprint: alert.fingerprint(),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            starts_at: alert.starts_at,
            ends_at: Some(alert.ends_at),
            generator_url: Arc::clone(&alert.generator_url),
        }]),
        handle: Some(Pairs::new([("ts", "1.2")])),
        held_back: 3,
        route_labels: Pairs::new([("team", "web")]),
        tried: None,
    })
}

pub(crate) fn delivery(notice: u64, seconds: i64, result: DeliveryResult) -> Delivery {
    Delivery { notice, lane: lane(1), at: at(seconds), seconds: 0.25, attempt: 2, result }
}

pub(crate) fn failure() -> SendFailure {
    SendFailure { reason: SendReason::RateLimited, status: Some(429), detail: "slow down".into() }
}

pub(crate) fn notified(number: u16) -> Notified {
    Notified {
        lane: lane(number),
        at: at(31),
        expires_at: at(1000),
        firing: Arc::new([Fingerprint(1), Fingerprint(u64::MAX)]),
        resolved: Arc::new([]),
        owed: Arc::new([Fingerprint(3)]),
        handle: None,
    }
}

pub(crate) fn check(name: &str) -> CheckState {
    CheckState {
        check: CheckId::new(name),
        kind: "http".into(),
        base: BaseState::Recovering,
        overlays: Overlays { flapping: true, ..Overlays::default() },
        up: Some(false),
        changed: at(40),
        machine: "1 recovering".into(),
    }
}

pub(crate) fn incident(name: &str, seconds: i64) -> Incident {
    Incident {
        check: CheckId::new(name),
        group: "web".into(),
        began: at(seconds),
        ended: None,
        reason: Some(Reason::ConnectRefused),
        detail: "refused".into(),
    }
}

/// Commits the records and waits until they are on disk, or are not.
pub(crate) async fn commit(store: &Store, records: Vec<Record>) -> Result<(), CommitError> {
    let (told, answer) = tokio::sync::oneshot::channel();
    let release = Box::new(move |result| {
        let _ = told.send(result);
    });
    assert!(store.commits.send(Commit { records, release }).await.is_ok(), "the store is gone");
    answer.await.unwrap()
}

/// Lets everything come to the disk.
pub(crate) async fn close(store: Store) {
    drop(store.commits);
    store.ended.wait().await;
}

/// A commit that nobody waits for: what it was answered goes into a channel.
pub(crate) fn told(records: Vec<Record>, to: mpsc::Sender<Result<(), CommitError>>) -> Commit {
    let release = Box::new(move |result| {
        let _ = to.send(result);
    });
    Commit { records, release }
}
