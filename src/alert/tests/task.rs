use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::world::{config, mins, posted, route, secs, start};
use crate::{
    alert::{
        CallError, Handle, Options, Outputs, Pipeline, PostedAlert, channel, run,
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
    room: Arc<AtomicUsize>,
    running: tokio::task::JoinHandle<()>,
}

fn task() -> Task {
    let restored = Restored::default();
    let (pipeline, first) =
        Pipeline::new(config(route("ops")).into(), Options::default(), &restored, start());
    let (handle, inbox) = channel();
    let (commits, taken) = mpsc::channel(8);
    let notices = Arc::<Mutex<Vec<Arc<Notice>>>>::default();
    let room = Arc::new(AtomicUsize::new(usize::MAX));
    let (offered, left) = (Arc::clone(&notices), Arc::clone(&room));
    let offer = move |notice| {
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
    Task { handle, commits: taken, notices, room, running }
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
    let delivery = Delivery {
        notice: notice.id,
        lane: notice.lane.clone(),
        kind: Arc::clone(&notice.kind),
        at: start() + mins(1),
        seconds: 0.0,
        attempt: 1,
        result: DeliveryResult::Delivered(None),
    };
    deliveries.send(delivery).await.unwrap();
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
