use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use prometheus_client::{encoding::text, registry::Registry};
use tokio::sync::mpsc;

use super::world::{config, mins, posted, route, secs, start};
use crate::{
    alert::{
        CallError, Handle, Metrics, Options, Outputs, Pipeline, PostedAlert, channel, run,
        silences::SilenceError,
    },
    clock::{self, Clock},
    model::{
        AlertSource, Commit, CommitError, Delivery, DeliveryResult, Notice, Record, Restored,
        SilenceId,
    },
};

/// A pipeline's task, with its ends in the test's hands.
struct Task {
    handle: Handle,
    commits: mpsc::Receiver<Commit>,
    notices: Arc<Mutex<Vec<Arc<Notice>>>>,
    /// How many more are taken, and how many were offered.
    room: Arc<AtomicUsize>,
    offers: Arc<AtomicUsize>,
    metrics: Metrics,
    running: tokio::task::JoinHandle<()>,
}

fn task() -> Task {
    let restored = Restored::default();
    let (pipeline, first) =
        Pipeline::new(config(route("ops")).into(), Options::default(), &restored, start());
    let metrics = pipeline.metrics().clone();
    let (handle, inbox) = channel();
    let (commits, taken) = mpsc::channel(8);
    let notices = Arc::<Mutex<Vec<Arc<Notice>>>>::default();
    let room = Arc::new(AtomicUsize::new(usize::MAX));
    let (offered, left) = (Arc::clone(&notices), Arc::clone(&room));
    let offers = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&offers);
    let offer = move |notice| {
        counted.fetch_add(1, Ordering::SeqCst);
        let taken =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if taken.is_err() {
            return Err(notice);
        }
        offered.lock().push(notice);
        Ok(())
    };
    let outputs = Outputs {
        commits,
        notices: Arc::new(offer),
        withdrawn: Arc::new(|_| true),
        pushes: Arc::new(|_| ()),
    };
    let running = tokio::spawn(run(pipeline, first, inbox, outputs, Clock::anchored(start())));
    Task { handle, commits: taken, notices, room, offers, metrics, running }
}

impl Task {
    /// Takes the next commit and says how writing it went.
    async fn write(&mut self, how: Result<(), CommitError>) -> Vec<Record> {
        let commit = self.commits.recv().await.unwrap();
        (commit.release)(how);
        commit.records
    }

    fn post(&self, labels: &str) -> tokio::task::JoinHandle<Result<(), String>> {
        let (handle, alert) = (self.handle.clone(), posted(labels));
        tokio::spawn(async move {
            handle.post(vec![alert], AlertSource::Api).await.map_err(|error| error.to_string())
        })
    }
}

fn delivered(notice: &Notice) -> Delivery {
    Delivery {
        notice: notice.id,
        lane: notice.lane.clone(),
        at: start() + mins(1),
        seconds: 0.0,
        attempt: 1,
        result: DeliveryResult::Delivered(None),
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_until_it_is_on_disk() {
    let mut task = task();
    let answer = task.post("alertname=X");
    let commit = task.commits.recv().await.unwrap();
    clock::sleep(secs(10)).await;
    assert!(!answer.is_finished());
    // Nothing new in it, but it must not overtake what it repeats.
    let again = task.post("alertname=X");
    clock::sleep(secs(1)).await;
    assert!(!again.is_finished());
    (commit.release)(Ok(()));
    assert_eq!(answer.await.unwrap(), Ok(()));
    assert!(task.write(Ok(())).await.is_empty());
    assert_eq!(again.await.unwrap(), Ok(()));
    // With nothing under way there is nothing to wait for.
    assert_eq!(task.post("alertname=X").await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_on_disk_is_not_promised_but_people_are_told() {
    let mut task = task();
    let answer = task.post("alertname=X");
    task.write(Err(CommitError("disk full".into()))).await;
    assert_eq!(answer.await.unwrap(), Err("not on disk: disk full".to_owned()));
    task.write(Err(CommitError("disk full".into()))).await;
    clock::sleep(secs(1)).await;
    assert_eq!(task.notices.lock().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_notice_waits_for_its_row() {
    let mut task = task();
    let answer = task.post("alertname=X");
    task.write(Ok(())).await;
    answer.await.unwrap().unwrap();
    let commit = task.commits.recv().await.unwrap();
    assert!(matches!(commit.records[..], [Record::Outbox(_)]));
    assert!(task.notices.lock().is_empty());
    (commit.release)(Ok(()));
    assert_eq!(task.notices.lock().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_no_queue_had_room_for_is_offered_again() {
    let mut task = task();
    task.room.store(0, Ordering::SeqCst);
    let answer = task.post("alertname=X");
    task.write(Ok(())).await;
    answer.await.unwrap().unwrap();
    task.write(Ok(())).await;
    clock::sleep(secs(10)).await;
    assert!(task.notices.lock().is_empty());
    task.room.store(1, Ordering::SeqCst);
    clock::sleep(secs(2)).await;
    assert_eq!(task.notices.lock().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_are_the_callers_or_ours() {
    let mut task = task();
    let nothing = PostedAlert { labels: crate::model::Pairs::default(), ..posted("") };
    let refused = task.handle.post(vec![nothing], AlertSource::Api).await.unwrap_err();
    assert!(matches!(refused, CallError::Refused(_)));
    assert_eq!(refused.to_string(), "at least one label pair required");
    let unknown = SilenceId(uuid::Uuid::nil());
    let error = task.handle.expire_silence(unknown).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(SilenceError::NotFound)));
    task.commits.close();
    let lost = task.post("alertname=X").await.unwrap();
    assert_eq!(lost, Err("not on disk: the store has stopped".to_owned()));
    task.running.abort();
    let _ = task.running.await;
    let stopped = task.handle.snapshot().await.unwrap_err();
    assert_eq!(stopped, CallError::Stopped);
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_written_even_after_the_last_handle_is_gone() {
    let mut task = task();
    let deliveries = task.handle.deliveries();
    let answer = task.post("alertname=X");
    task.write(Ok(())).await;
    answer.await.unwrap().unwrap();
    task.write(Ok(())).await;
    let notice = task.notices.lock()[0].clone();
    drop(task.handle);
    clock::sleep(secs(1)).await;
    deliveries.send(delivered(&notice)).await.unwrap();
    let commit = task.commits.recv().await.unwrap();
    assert!(matches!(commit.records[..], [Record::Delivery(_), Record::Notified(_)]));
    drop(deliveries);
    task.running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_answered_without_the_disk() {
    let mut task = task();
    let answer = task.post("alertname=X");
    task.write(Ok(())).await;
    answer.await.unwrap().unwrap();
    let view = task.handle.snapshot().await.unwrap();
    assert_eq!(view.alerts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn gauges_are_up_to_date_for_whoever_reads_them() {
    let Task { handle, mut commits, metrics, .. } = task();
    tokio::spawn(async move {
        while let Some(commit) = commits.recv().await {
            (commit.release)(Ok(()));
        }
    });
    let active = async || {
        handle.measure().await.unwrap();
        let (mut registry, mut page) = (Registry::default(), String::new());
        metrics.register(&mut registry);
        text::encode(&mut page, &registry).unwrap();
        let line =
            page.lines().find_map(|line| line.strip_prefix("noroshi_alerts{state=\"active\"} "));
        line.unwrap().parse::<usize>().unwrap()
    };
    let post = async |labels| handle.post(vec![posted(labels)], AlertSource::Api).await.unwrap();
    post("alertname=X").await;
    assert_eq!(active().await, 1);
    // All alerts are looked at, so not for each of many readers.
    post("alertname=Y").await;
    assert_eq!(active().await, 1);
    clock::sleep(secs(1)).await;
    assert_eq!(active().await, 2);
    // Nothing happens but that time passes: nobody tells them again.
    clock::sleep(mins(5)).await;
    assert_eq!(active().await, 0);
}

/// Five thousand groups at once, and a receiver whose queue holds a few of them and is slow.
#[tokio::test(start_paused = true)]
async fn a_storm_is_told_as_a_whole_and_once_and_waiting_costs_a_delivery_nothing() {
    const GROUPS: usize = 5_000;
    const QUEUE: usize = 256;
    let Task { handle, mut commits, notices, room, offers, .. } = task();
    tokio::spawn(async move {
        while let Some(commit) = commits.recv().await {
            (commit.release)(Ok(()));
        }
    });
    let offered = || offers.load(Ordering::SeqCst);
    room.store(QUEUE, Ordering::SeqCst);
    let alerts = (0..GROUPS).map(|nth| posted(&format!("alertname=X{nth}"))).collect();
    handle.post(alerts, AlertSource::Api).await.unwrap();
    // Between two of the moments at which all that waits is offered.
    clock::sleep(Duration::from_millis(35_500)).await;
    assert_eq!(notices.lock().len(), QUEUE);

    // What waits is what had no room: no less, and no more however long it lasts.
    let before = offered();
    clock::sleep(secs(10)).await;
    assert_eq!(offered() - before, 10 * (GROUPS - QUEUE));

    // No time passes from here on, so what is offered is offered because of a delivery.
    let deliveries = handle.deliveries();
    for nth in 0..GROUPS {
        let before = offered();
        let notice = Arc::clone(&notices.lock()[nth]);
        room.fetch_add(1, Ordering::SeqCst);
        deliveries.send(delivered(&notice)).await.unwrap();
        // Asked behind it, so answered after it.
        handle.measure().await.unwrap();
        let waiting = (GROUPS - QUEUE).saturating_sub(nth);
        assert_eq!(offered() - before, run::OFFERS.min(waiting), "delivery {nth} of a storm");
    }
    let mut lanes: Vec<_> = notices.lock().iter().map(|notice| notice.lane.clone()).collect();
    assert_eq!(lanes.len(), GROUPS);
    lanes.sort_by(|one, other| one.group.cmp(&other.group));
    lanes.dedup();
    assert_eq!(lanes.len(), GROUPS, "some were told twice, others never");
    // Before the first of them ends.
    clock::sleep(mins(3)).await;
    assert_eq!(notices.lock().len(), GROUPS);
}
