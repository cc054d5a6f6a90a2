use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::FutureExt;
use parking_lot::Mutex;

use super::*;
use crate::{
    model::{CheckSettings, Reason},
    probe::spec::KINDS,
};

fn check(name: &str, change: impl FnOnce(&mut CheckSettings)) -> Check {
    let mut settings = CheckSettings::new(CheckId::new(name), "tcp", "127.0.0.1:1", name);
    change(&mut settings);
    let kind = KINDS.iter().find(|kind| kind.word == "tcp").unwrap();
    let value = figment::value::Value::serialize(BTreeMap::from([("address", "127.0.0.1:1")]));
    Check { settings: Arc::new(settings), spec: Arc::new((kind.parse)(&value.unwrap()).unwrap()) }
}

/// A schedule on paused time, with a runner that takes `takes` per run and notes when each began.
struct Bench {
    changes: mpsc::Sender<Vec<Change>>,
    paces: mpsc::Sender<Pace>,
    observed: mpsc::Receiver<Observation>,
    begun: Arc<Mutex<Vec<(String, Nanos)>>>,
    most: Arc<AtomicUsize>,
    stop: CancellationToken,
    limits: watch::Sender<Limits>,
    clock: Clock,
    task: tokio::task::JoinHandle<()>,
}

fn bench(limits: Limits, takes: Duration) -> Bench {
    let clock = Clock::anchored("2026-01-01T00:00:00Z".parse().unwrap());
    let begun = Arc::new(Mutex::new(Vec::new()));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (notes, peak) = (Arc::clone(&begun), Arc::clone(&most));
    let runner: Runner = Arc::new(move |check: Check| {
        let (notes, now, peak) = (Arc::clone(&notes), Arc::clone(&now), Arc::clone(&peak));
        async move {
            let name = check.settings.id.as_str().to_owned();
            notes.lock().push((name, slot::nanos(clock.now())));
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            clock::sleep(takes).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Outcome::unknown(Reason::ConnectRefused, "", takes)
        }
        .boxed()
    });
    let schedule = Schedule::new(clock, runner, Metrics::default());
    let ((changes, changes_out), (paces, paces_out)) = (mpsc::channel(8), mpsc::channel(8));
    let (observations, observed) = mpsc::channel(100_000);
    let stop = CancellationToken::new();
    let (limits, limited) = watch::channel(limits);
    let inputs = Inputs { changes: changes_out, paces: paces_out, limits: limited };
    let task =
        tokio::spawn(schedule.run(inputs, observations, stop.clone(), Duration::from_secs(5)));
    Bench { changes, paces, observed, begun, most, stop, limits, clock, task }
}

impl Bench {
    async fn set(&self, checks: Vec<Check>) {
        self.changes.send(checks.into_iter().map(Change::Set).collect()).await.unwrap();
    }

    fn begun(&self) -> Vec<(String, Nanos)> {
        self.begun.lock().clone()
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_check_runs_at_its_slots() {
    let bench = bench(Limits::default(), Duration::from_millis(10));
    bench.set(vec![check("a", |_| {})]).await;
    clock::sleep(SECOND * 300).await;
    let begun = bench.begun();
    assert_eq!(begun.len(), 10);
    let jitter = slot::jitter("a", SECOND * 30);
    for (_, at) in begun {
        // Paused time moves in milliseconds.
        assert!((at - jitter) % 30_000_000_000 < 2_000_000, "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_checks_start_spread_over_one_interval() {
    let bench = bench(Limits::default(), Duration::from_millis(10));
    bench.set((0..10_000).map(|n| check(&format!("c{n}"), |_| {})).collect()).await;
    clock::sleep(SECOND * 31).await;
    let mut per_second = [0_u32; 31];
    let start = slot::nanos("2026-01-01T00:00:00Z".parse().unwrap());
    for (_, at) in bench.begun() {
        per_second[usize::try_from((at - start) / 1_000_000_000).unwrap().min(30)] += 1;
    }
    assert!(per_second[..30].iter().all(|runs| (230..440).contains(runs)), "{per_second:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_longer_than_its_interval_misses_slots_and_never_overlaps() {
    let mut bench = bench(Limits::default(), SECOND * 75);
    bench.set(vec![check("a", |_| {})]).await;
    clock::sleep(SECOND * 400).await;
    assert_eq!(bench.most.load(Ordering::SeqCst), 1);
    let mut missed = Vec::new();
    while let Ok(observation) = bench.observed.try_recv() {
        missed.push(observation.missed);
    }
    assert_eq!(missed, [0, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn limits_hold_overall_and_per_host() {
    let all = bench(Limits { concurrency: 7, per_host: 100 }, SECOND * 9);
    all.set((0..100).map(|n| check(&format!("c{n}"), |_| {})).collect()).await;
    clock::sleep(SECOND * 60).await;
    assert_eq!(all.most.load(Ordering::SeqCst), 7);
    let host = bench(Limits { concurrency: 100, per_host: 3 }, SECOND * 9);
    let same = |n| check(&format!("c{n}"), |settings| settings.host = "one".into());
    host.set((0..100).map(same).collect()).await;
    clock::sleep(SECOND * 60).await;
    assert_eq!(host.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn limits_change_while_running() {
    let bench = bench(Limits { concurrency: 2, per_host: 100 }, SECOND * 9);
    bench.set((0..100).map(|n| check(&format!("c{n}"), |_| {})).collect()).await;
    clock::sleep(SECOND * 31).await;
    assert_eq!(bench.most.load(Ordering::SeqCst), 2);
    bench.limits.send(Limits { concurrency: 50, per_host: 100 }).unwrap();
    clock::sleep(SECOND * 60).await;
    assert!(bench.most.load(Ordering::SeqCst) > 10);
}

#[tokio::test(start_paused = true)]
async fn trouble_sets_the_pace() {
    let bench = bench(Limits::default(), Duration::from_millis(10));
    bench.set(vec![check("a", |settings| settings.retry_interval = Some(SECOND * 5))]).await;
    let pace = |troubled| Pace { id: CheckId::new("a"), troubled };
    bench.paces.send(pace(true)).await.unwrap();
    clock::sleep(SECOND * 60).await;
    assert_eq!(bench.begun().len(), 12);
    bench.paces.send(pace(false)).await.unwrap();
    clock::sleep(SECOND * 60).await;
    assert_eq!(bench.begun().len(), 14);
}

#[tokio::test(start_paused = true)]
async fn a_removed_check_never_runs_again_and_its_run_is_cut() {
    let mut bench = bench(Limits::default(), SECOND * 20);
    bench.set(vec![check("a", |_| {})]).await;
    clock::sleep(SECOND * 31).await;
    assert_eq!(bench.begun().len(), 1);
    bench.changes.send(vec![Change::Removed(CheckId::new("a"))]).await.unwrap();
    clock::sleep(SECOND * 120).await;
    assert_eq!(bench.begun().len(), 1);
    let observed = std::iter::from_fn(|| bench.observed.try_recv().ok()).count();
    let ended_before = usize::from(slot::jitter("a", SECOND * 30) < 11_000_000_000);
    assert_eq!(observed, ended_before);
}

#[tokio::test(start_paused = true)]
async fn stop_waits_for_runs_in_flight_up_to_the_grace() {
    let bench = bench(Limits::default(), SECOND * 600);
    bench.set(vec![check("a", |settings| settings.interval = SECOND)]).await;
    clock::sleep(SECOND * 3).await;
    let asked = bench.clock.now();
    bench.stop.cancel();
    bench.task.await.unwrap();
    assert_eq!(clock::between(asked, bench.clock.now()).as_secs(), 5);
}
