//! The store from outside: what is written is read again, what is asked is answered, what cannot work says so.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

#[path = "store/faults.rs"]
mod faults;
#[path = "store/history.rs"]
mod history;
#[path = "support/records.rs"]
mod records;

use std::{path::Path, sync::Arc};

use noroshi::{
    clock::Clock,
    model::{Notice, Record, Restored, Tried},
    store::{self, IncidentQuery, Metrics, OpenError, Store, spec::Options},
};
use prometheus_client::registry::Registry;
use records::{
    alert, at, check, close, commit, delivery, failure, incident, lane, notice, notified, silence,
};

/// Retention counts from here: a day behind the times of [`records`].
fn clock() -> Clock {
    Clock::anchored(at(86_400))
}

fn in_file(path: &Path) -> Options {
    Options { path: Some(path.to_owned()), ..Options::default() }
}

fn open(options: &Options) -> Result<(Store, Restored), OpenError> {
    store::open(options, clock(), Metrics::default())
}

/// A store and the numbers it shows.
struct Counted {
    store: Store,
    registry: Registry,
}

impl Counted {
    fn open(options: &Options) -> Self {
        let (metrics, mut registry) = (Metrics::default(), Registry::default());
        metrics.register(&mut registry);
        let (store, _) = store::open(options, clock(), metrics).unwrap();
        Self { store, registry }
    }

    fn value(&self, family: &str) -> f64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let start = format!("{family} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {family} in\n{text}")).parse().unwrap()
    }
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    // The folder is made too.
    let options = in_file(&folder.path().join("deep/noroshi.db"));
    let (store, restored) = open(&options).unwrap();
    assert!(restored.alerts.is_empty() && restored.last_notice == 0);
    let records = vec![
        Record::Alert(alert(1)),
        Record::Alert(alert(2)),
        Record::AlertGone(alert(2).fingerprint()),
        Record::Silence(silence(1)),
        Record::Silence(silence(2)),
        Record::SilenceGone(silence(2).id),
        Record::Outbox(notice(7, lane(1))),
        Record::Notified(notified(1)),
        Record::Notified(notified(2)),
        Record::NotifiedGone(lane(2)),
        Record::Check(check("a")),
        Record::Check(check("b")),
        Record::CheckGone(check("b").check),
        Record::IncidentOpened(incident("a", 1)),
        Record::IncidentOpened(incident("b", 2)),
        Record::IncidentClosed { check: check("b").check, began: at(2), ended: at(3) },
    ];
    commit(&store, records).await.unwrap();
    close(store).await;

    let (store, restored) = open(&options).unwrap();
    assert_eq!(restored.alerts, [alert(1)]);
    assert_eq!(restored.silences, [silence(1)]);
    assert_eq!(restored.outbox, [notice(7, lane(1))]);
    assert_eq!(restored.notified, [notified(1)]);
    assert_eq!(restored.checks, [check("a")]);
    assert_eq!(restored.incidents, [incident("a", 1)]);
    assert_eq!(restored.last_notice, 7);
    close(store).await;
}

#[tokio::test]
async fn a_second_writing_changes_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let options = in_file(&folder.path().join("noroshi.db"));
    let (store, _) = open(&options).unwrap();
    let mut told = (*alert(1)).clone();
    told.annotations = noroshi::model::Pairs::new([("summary", "and worse")]);
    told.ends_at = at(9_999_999);
    let mut ended = (*silence(1)).clone();
    ended.ends_at = at(11);
    let mut worse = incident("a", 1);
    worse.reason = None;
    let first = vec![
        Record::Alert(alert(1)),
        Record::Silence(silence(1)),
        Record::IncidentOpened(incident("a", 1)),
    ];
    commit(&store, first).await.unwrap();
    let second = vec![
        Record::Alert(told.clone().into()),
        Record::Silence(ended.clone().into()),
        Record::IncidentOpened(worse.clone()),
    ];
    commit(&store, second).await.unwrap();
    close(store).await;
    let (store, restored) = open(&options).unwrap();
    assert_eq!(restored.alerts, [told.into()]);
    assert_eq!(restored.silences, [ended.into()]);
    assert_eq!(restored.incidents, [worse]);
    close(store).await;
}

#[tokio::test]
async fn the_outbox_holds_the_newest_of_each_lane_until_it_is_sent() {
    use noroshi::model::DeliveryResult::{Dead, Delivered, Retry};
    let folder = tempfile::tempdir().unwrap();
    let options = in_file(&folder.path().join("noroshi.db"));
    let (store, _) = open(&options).unwrap();
    let put = (1..=6).map(|id| Record::Outbox(notice(id, lane(u16::try_from(id).unwrap()))));
    commit(&store, put.collect()).await.unwrap();
    let after = vec![
        // A newer one of the lane of the first, whose own attempt ends only now.
        Record::Outbox(notice(7, lane(1))),
        Record::Delivery(delivery(1, 50, Delivered(None))),
        Record::Delivery(delivery(2, 51, Delivered(Some(noroshi::model::Pairs::default())))),
        Record::Delivery(delivery(3, 52, Retry { failure: failure(), next_at: at(60) })),
        Record::Delivery(delivery(4, 53, Dead(failure()))),
        Record::OutboxGone(5),
        Record::Outbox(notice(8, lane(8))),
        Record::OutboxGone(8),
        // The one that takes the place of the third waits as long as that would have.
        Record::Outbox(notice(9, lane(9))),
        Record::Delivery(delivery(9, 54, Retry { failure: failure(), next_at: at(90) })),
        Record::Outbox(notice(10, lane(9))),
    ];
    commit(&store, after).await.unwrap();
    let tried = |notice: Arc<Notice>, attempts, seconds| {
        Arc::new(Notice {
            tried: Some(Tried { attempts, next_at: at(seconds) }),
            ..(*notice).clone()
        })
    };
    close(store).await;
    let (store, restored) = open(&options).unwrap();
    let left = [
        tried(notice(3, lane(3)), 2, 60),
        notice(6, lane(6)),
        notice(7, lane(1)),
        tried(notice(10, lane(9)), 0, 90),
    ];
    assert_eq!(restored.outbox, left);
    // No id is used twice.
    assert_eq!(restored.last_notice, 10);
    close(store).await;
}

#[tokio::test]
async fn without_a_file_it_works_until_it_ends() {
    let (store, _) = open(&Options::default()).unwrap();
    let (other, _) = open(&Options::default()).unwrap();
    commit(&store, vec![Record::IncidentOpened(incident("a", 1))]).await.unwrap();
    let query = || IncidentQuery { limit: 10, ..IncidentQuery::default() };
    assert_eq!(store.reader.incidents(query()).await.unwrap().rows.len(), 1);
    assert_eq!(other.reader.incidents(query()).await.unwrap().rows.len(), 0);
    close(store).await;
    close(other).await;
}

#[tokio::test]
async fn numbers_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let counted = Counted::open(&in_file(&folder.path().join("noroshi.db")));
    commit(&counted.store, vec![Record::Outbox(notice(1, lane(1))), Record::Alert(alert(1))])
        .await
        .unwrap();
    commit(&counted.store, Vec::new()).await.unwrap();
    assert!((counted.value("noroshi_store_commits_total") - 2.0).abs() < 0.1);
    assert!((counted.value("noroshi_store_records_total") - 2.0).abs() < 0.1);
    assert!(counted.value("noroshi_store_degraded").abs() < 0.1);
    support::eventually!(counted.value("noroshi_outbox_pending") > 0.5);
    assert!(counted.value("noroshi_outbox_oldest_timestamp_seconds") > 1.7e9);
    assert!(counted.value("noroshi_store_size_bytes") > 4096.0);
    assert!(counted.value("noroshi_store_commit_duration_seconds_count") > 0.5);
}

#[tokio::test]
async fn commits_that_come_together_share_a_sync() {
    let folder = tempfile::tempdir().unwrap();
    let counted = Counted::open(&in_file(&folder.path().join("noroshi.db")));
    let (told, answers) = std::sync::mpsc::channel();
    for nth in 0..500 {
        let commit = records::told(vec![Record::Alert(alert(nth))], told.clone());
        assert!(counted.store.commits.send(commit).await.is_ok());
    }
    let registry = counted.registry;
    close(counted.store).await;
    assert_eq!(answers.try_iter().flatten().count(), 500);
    let (store, restored) = open(&in_file(&folder.path().join("noroshi.db"))).unwrap();
    assert_eq!(restored.alerts.len(), 500);
    let counted = Counted { store, registry };
    let transactions = counted.value("noroshi_store_commit_duration_seconds_count");
    assert!((1.0..250.0).contains(&transactions), "{transactions} transactions of 500 commits");
    close(counted.store).await;
}

/// What people do with the file while it is in use.
#[tokio::test]
async fn people_can_ask_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noroshi.db");
    let (store, _) = open(&in_file(&path)).unwrap();
    commit(&store, vec![Record::Alert(alert(1)), Record::IncidentOpened(incident("a", 1))])
        .await
        .unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    let ask = |sql: &str| db.query_row(sql, (), |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(ask("SELECT labels ->> 'nth' FROM alerts"), "1");
    assert_eq!(ask("SELECT fingerprint FROM readable_alerts"), alert(1).fingerprint().to_string());
    assert_eq!(ask("SELECT began FROM readable_incidents"), "2026-01-01T00:00:01.123Z");
    assert_eq!(
        ask("SELECT datetime(starts_at / 1000000, 'unixepoch') FROM alerts"),
        "2026-01-01 00:00:01"
    );
    close(store).await;
}
