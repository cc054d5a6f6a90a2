//! What the schedule and the state cost per run, at 100,000 checks: whole simulated minutes on paused time.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a bench ends by panicking where it cannot go on"
)]

#[path = "support/processor_time.rs"]
mod processor_time;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use noroshi::{
    clock::{self, Clock},
    model::{
        CheckId, CheckSettings, Observation, Outcome, Reason, Restored, SettingsChange, Verdict,
    },
    probe::spec::{Change, Check, KINDS},
    schedule::{Inputs, Limits, Metrics, Runner, Schedule},
    state::State,
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

const CHECKS: usize = 100_000;

fn checks() -> Vec<Check> {
    let kind = KINDS.iter().find(|kind| kind.word == "tcp").expect("tcp is a kind");
    let value = figment::value::Value::serialize(BTreeMap::from([("address", "127.0.0.1:1")]));
    let spec = Arc::new((kind.parse)(&value.expect("a map")).expect("a spec"));
    let one = |n| {
        let name = format!("check-{n}");
        let settings = CheckSettings::new(CheckId::new(name.as_str()), "tcp", "127.0.0.1:1", &name);
        Check { settings: Arc::new(settings), spec: Arc::clone(&spec) }
    };
    (0..CHECKS).map(one).collect()
}

fn passed() -> Outcome {
    let mut outcome = Outcome::unknown(Reason::InternalPanic, "", Duration::from_millis(3));
    outcome.verdict = Verdict::Pass;
    outcome.reason = None;
    outcome
}

/// One simulated second of 100,000 checks every 30 s: 3,333 runs started, ended and observed.
async fn seconds(checks: Vec<Check>, count: u64) -> Duration {
    let runner: Runner = Arc::new(|_| std::future::ready(passed()).boxed());
    let clock = Clock::anchored(jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1));
    let schedule = Schedule::new(clock, runner, Metrics::default());
    let (changes, changes_out) = mpsc::channel(1);
    let (_paces, paced) = mpsc::channel(1);
    let (_limits, limits) = watch::channel(Limits { concurrency: 10_000, per_host: 8 });
    let (observations, mut observed) = mpsc::channel(4096);
    let stop = CancellationToken::new();
    let inputs = Inputs { changes: changes_out, paces: paced, limits };
    let task =
        tokio::spawn(schedule.run(inputs, observations, stop.clone(), Duration::from_secs(1)));
    let drain = tokio::spawn(async move { while observed.recv().await.is_some() {} });
    let all = checks.into_iter().map(Change::Set).collect();
    changes.send(all).await.expect("the schedule runs");
    clock::sleep(Duration::from_secs(1)).await;
    let before = processor_time::used();
    clock::sleep(Duration::from_secs(count)).await;
    let took = processor_time::used().saturating_sub(before);
    stop.cancel();
    task.await.expect("the schedule ends");
    drain.await.expect("the drain ends");
    took
}

fn schedule(criterion: &mut Criterion) {
    let checks = checks();
    criterion.bench_function("schedule: one second of 100,000 checks every 30 s", |bench| {
        bench.iter_custom(|count| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            runtime.block_on(seconds(checks.clone(), count))
        });
    });
}

fn state(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let _inside = runtime.enter();
    let checks = checks();
    let mut state = State::new(Clock::system(), &Restored::default());
    let set = |check: &Check| SettingsChange::Set(Arc::clone(&check.settings));
    state.apply(checks.iter().map(set).collect());
    let mut next = checks.iter().cycle();
    criterion.bench_function("state: one outcome among 100,000 checks", |bench| {
        bench.iter_custom(|times| {
            processor_time::of(times, || {
                let check = next.next().expect("a cycle never ends");
                let at = jiff::Timestamp::now();
                let id = check.settings.id.clone();
                state.observe(Observation { id, kind: "tcp", at, outcome: passed(), missed: 0 })
            })
        });
    });
}

criterion_group!(benches, schedule, state);
criterion_main!(benches);
