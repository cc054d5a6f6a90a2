//! The retry stage under paused time: a provider that follows a script, and what is reported of it.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    clock::Clock,
    model::{Delivery, DeliveryResult, Lane, PromDuration, SendReason},
    net::Net,
    notify::{
        Provider,
        setback::Setback,
        spec::{Integration, Limits, Rate},
        template::Templates,
        testing::notice,
        unbuilt::Unbuilt,
    },
};

type Answer = Result<Option<crate::model::Handle>, Setback>;

/// A worker whose provider does what a script says, and when it was asked.
struct Stage {
    notices: mpsc::Sender<Arc<Notice>>,
    withdrawn: mpsc::Sender<Withdrawn>,
    orders: mpsc::Sender<Order>,
    deliveries: mpsc::Receiver<Delivery>,
    asked: Arc<Mutex<Vec<(f64, u64)>>>,
    words: Words,
    worker: JoinHandle<()>,
}

fn limits() -> Limits {
    Limits { breaker_failures: 0, ..Limits::default() }
}

fn seconds(seconds: u64) -> PromDuration {
    PromDuration(Duration::from_secs(seconds))
}

fn duty(limits: Limits) -> Duty {
    let provider = Provider::Unbuilt(Unbuilt { kind: "sns", send_resolved: true });
    let shared = limits.rate.map(|rate| Budget::new(rate, Instant::now()));
    Duty::new(&Integration::from(provider), limits, shared.as_ref())
}

fn told(id: u64, group: &str) -> Arc<Notice> {
    let notice = notice(group, "r");
    let lane = Lane { kind: "sns".into(), ..notice.lane.clone() };
    Arc::new(Notice { id, lane, ..notice })
}

impl Stage {
    /// `script` is given the notice and how often anything was asked before.
    fn open(
        limits: Limits,
        script: impl Fn(&Notice, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let script = Arc::new(script);
        Self::open_with(limits, move |notice, nth| {
            let script = Arc::clone(&script);
            Box::pin(async move { script(&notice, nth) })
        })
    }

    fn open_with(
        limits: Limits,
        script: impl Fn(Arc<Notice>, usize) -> futures_util::future::BoxFuture<'static, Answer>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let (deliveries, told) = mpsc::channel(64);
        let parts = Parts {
            net: Net::new(),
            clock: Clock::anchored(notice("a", "r").at),
            deliveries,
            metrics: Metrics::default(),
            pushes: crate::notify::PushMetrics::default(),
            heartbeats: crate::notify::DeadmanMetrics::default(),
            alive: Arc::new(|| true),
        };
        let templates = Arc::new(Templates::parse(&[]).unwrap());
        let words = Words { templates, external_url: "http://noroshi.example".into() };
        let asked = Arc::<Mutex<Vec<(f64, u64)>>>::default();
        let (begun, log) = (Instant::now(), Arc::clone(&asked));
        let tries: Try = Arc::new(move |_, notice, _, _| {
            let nth = log.lock().len();
            log.lock().push((begun.elapsed().as_secs_f64(), notice.id));
            let answer = script(notice, nth);
            Box::pin(async move { Attempted { result: answer.await, took: Duration::ZERO } })
        });
        let place = Place::new("r", "sns", 0);
        let worker = Worker::new(place, duty(limits), words.clone(), parts, tries);
        let (notices, incoming) = mpsc::channel(QUEUE);
        let (withdrawn, taken_back) = mpsc::channel(QUEUE);
        let (orders, ordered) = mpsc::channel(4);
        let inbox = Inbox { notices: incoming, withdrawn: taken_back, orders: ordered };
        let worker = tokio::spawn(worker.run(inbox));
        Self { notices, withdrawn, orders, deliveries: told, asked, words, worker }
    }

    async fn tell(&self, notice: Arc<Notice>) {
        self.notices.send(notice).await.unwrap();
    }

    async fn next(&mut self) -> Delivery {
        self.deliveries.recv().await.unwrap()
    }

    /// Until the notice is over; how many attempts that took.
    async fn over(&mut self) -> (u32, DeliveryResult) {
        loop {
            let delivery = self.next().await;
            if !matches!(delivery.result, DeliveryResult::Retry { .. }) {
                return (delivery.attempt, delivery.result);
            }
        }
    }

    fn asked(&self) -> Vec<(f64, u64)> {
        self.asked.lock().clone()
    }
}

fn down() -> Answer {
    Err(Setback::retry(SendReason::ServerError, "down"))
}

fn busy(seconds: u64) -> Answer {
    let failure = crate::notify::setback::failure(SendReason::RateLimited, Some(429), "busy");
    Err(Setback::Retry { failure, after: Some(Duration::from_secs(seconds)) })
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_at_growing_distances_until_they_are_given_up() {
    let mut stage = Stage::open(Limits { give_up_after: seconds(600), ..limits() }, |_, _| down());
    stage.tell(told(1, "a")).await;
    let (attempts, result) = stage.over().await;
    assert!(matches!(result, DeliveryResult::Dead(_)), "{result:?}");
    let asked = stage.asked();
    assert_eq!(asked.len(), attempts as usize);
    let waits: Vec<_> = asked.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    for (nth, wait) in (1..).zip(&waits) {
        let longest = (0.5 * 1.5_f64.powi(nth - 1)).min(60.0) * 1.5;
        assert!(*wait >= longest / 3.0 - 0.01 && *wait <= longest + 0.01, "{nth}: {wait}");
    }
    let last = asked.last().unwrap().0;
    assert!((500.0..=600.0).contains(&last), "given up after {last} s");
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_was_asked_to_wait_is_never_given_up() {
    let limits = Limits { give_up_after: seconds(10), ..limits() };
    let mut stage = Stage::open(limits, |_, nth| if nth < 20 { busy(3600) } else { Ok(None) });
    stage.tell(told(1, "a")).await;
    let (attempts, result) = stage.over().await;
    assert_eq!((attempts, result), (21, DeliveryResult::Delivered(None)));
    for pair in stage.asked().windows(2) {
        assert!(pair[1].0 - pair[0].0 >= 3600.0, "{pair:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_integration_that_wants_to_be_left_alone_is_left_alone_by_every_lane() {
    let mut stage = Stage::open(limits(), |notice, nth| match nth {
        0 => busy(60),
        _ if notice.id < 4 => Ok(None),
        _ => down(),
    });
    stage.tell(told(1, "a")).await;
    stage.next().await;
    stage.tell(told(2, "b")).await;
    stage.tell(told(3, "c")).await;
    for _ in 0..3 {
        assert_eq!(stage.next().await.result, DeliveryResult::Delivered(None));
    }
    assert!(stage.asked()[1..].iter().all(|(at, _)| *at >= 60.0), "{:?}", stage.asked());
}

#[tokio::test(start_paused = true)]
async fn the_breaker_lets_one_through_until_it_works() {
    let limits = Limits { breaker_failures: 5, breaker_pause: seconds(30), ..limits() };
    let mut stage = Stage::open(limits, |_, nth| if nth < 7 { down() } else { Ok(None) });
    for id in 1..=5 {
        stage.tell(told(id, &format!("g{id}"))).await;
    }
    for _ in 0..12 {
        stage.next().await;
    }
    let asked: Vec<_> = stage.asked().iter().map(|(at, _)| at.round()).collect();
    // Five at once open it for 30 s; one after 30 s and one after 60 s more find it still down; then all are let go.
    assert_eq!(asked[..5], [0.0; 5]);
    assert_eq!(asked[5..7], [30.0, 90.0]);
    assert!((200.0..=215.0).contains(&asked[7]), "{asked:?}");
    assert!(asked[8..].iter().all(|at| *at <= asked[7] + 1.0), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept() {
    let rate = Rate { messages: NonZeroU32::new(2).unwrap(), per: seconds(10) };
    let mut stage = Stage::open(Limits { rate: Some(rate), ..limits() }, |_, _| Ok(None));
    for id in 1..=5 {
        stage.tell(told(id, &format!("g{id}"))).await;
    }
    for _ in 0..5 {
        stage.next().await;
    }
    let asked: Vec<_> = stage.asked().iter().map(|(at, _)| at.round()).collect();
    assert_eq!(asked, [0.0, 0.0, 5.0, 10.0, 15.0]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_notice_takes_the_waiting_ones_place() {
    let mut stage =
        Stage::open(limits(), |notice, _| if notice.id == 1 { down() } else { Ok(None) });
    stage.tell(told(1, "a")).await;
    assert!(matches!(stage.next().await.result, DeliveryResult::Retry { .. }));
    stage.tell(told(2, "a")).await;
    let delivery = stage.next().await;
    assert_eq!((delivery.notice, delivery.attempt), (2, 1));
    assert!(stage.asked()[1].0 >= 0.25, "it waits as long as the older one would have");
    // What its sender offers once more before it has heard of it is not told twice.
    stage.tell(told(2, "a")).await;
    stage.tell(told(3, "a")).await;
    assert_eq!(stage.next().await.notice, 3);
    assert_eq!(stage.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_attempt() {
    let mut stage = Stage::open_with(limits(), |_, nth| {
        Box::pin(async move {
            assert!(nth > 0, "the first one crashes");
            Ok(None)
        })
    });
    stage.tell(told(1, "a")).await;
    let DeliveryResult::Retry { failure, .. } = stage.next().await.result else {
        panic!("no retry");
    };
    assert!(failure.detail.contains("crashed: the first one crashes"), "{failure:?}");
    assert_eq!(stage.over().await, (2, DeliveryResult::Delivered(None)));
}

/// Not in the attempt's own task, but where the worker begins it.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_worker_itself_is_a_failed_attempt_and_it_goes_on() {
    let limits = Limits { breaker_failures: 1, ..limits() };
    let mut stage = Stage::open_with(limits, |notice, nth| {
        assert!(notice.id != 1 || nth > 1, "the worker crashes");
        Box::pin(async { Ok(None) })
    });
    stage.tell(told(1, "a")).await;
    stage.tell(told(2, "b")).await;
    let mut retried = 0;
    let mut over = Vec::new();
    while over.len() < 2 {
        let delivery = stage.next().await;
        match delivery.result {
            DeliveryResult::Retry { failure, .. } => {
                assert!(failure.detail.contains("internal_panic"), "{failure:?}");
                assert_eq!(delivery.notice, 1);
                retried += 1;
            }
            result => over.push((delivery.notice, delivery.attempt, result)),
        }
    }
    over.sort_by_key(|(id, ..)| *id);
    let delivered = DeliveryResult::Delivered(None);
    assert_eq!(over, [(1, retried + 1, delivered.clone()), (2, 1, delivered)]);
    assert!(retried > 0 && !stage.worker.is_finished());
}

#[tokio::test(start_paused = true)]
async fn what_is_withdrawn_between_two_attempts_is_not_tried_again() {
    let mut stage =
        Stage::open(limits(), |notice, _| if notice.id == 1 { down() } else { Ok(None) });
    stage.tell(told(1, "a")).await;
    assert!(matches!(stage.next().await.result, DeliveryResult::Retry { .. }));
    let withdrawn = Withdrawn { lane: told(1, "a").lane.clone(), id: 1 };
    stage.withdrawn.send(withdrawn).await.unwrap();
    clock::sleep(Duration::from_hours(1)).await;
    assert_eq!(stage.asked().len(), 1);
    stage.tell(told(2, "a")).await;
    assert_eq!(stage.over().await, (1, DeliveryResult::Delivered(None)));
    assert_eq!(stage.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_tried_once_more_after_a_start() {
    let mut stage = Stage::open(Limits { give_up_after: seconds(60), ..limits() }, |_, _| down());
    let at = notice("a", "r").at.saturating_sub(jiff::SignedDuration::from_hours(5)).unwrap();
    stage.tell(Arc::new(Notice { at, ..(*told(1, "a")).clone() })).await;
    assert!(matches!(stage.over().await, (1, DeliveryResult::Dead(_))));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_to_wait_before_a_start_waits_after_it_and_goes_on_counting() {
    let mut stage = Stage::open(limits(), |_, nth| if nth == 0 { down() } else { Ok(None) });
    let next_at = told(1, "a").at.saturating_add(jiff::SignedDuration::from_mins(20)).unwrap();
    let tried = Some(Tried { attempts: 4, next_at });
    stage.tell(Arc::new(Notice { tried, ..(*told(1, "a")).clone() })).await;
    let past = Some(Tried { attempts: 2, next_at: told(1, "a").at });
    stage.tell(Arc::new(Notice { tried: past, ..(*told(2, "b")).clone() })).await;
    let first = stage.next().await;
    assert_eq!((first.notice, first.attempt), (2, 3), "its time was over");
    assert_eq!(stage.next().await.attempt, 4);
    // A newer notice of the lane waits as long as the one in whose place it comes.
    stage.tell(told(3, "a")).await;
    let last = stage.next().await;
    assert_eq!((last.notice, last.result), (3, DeliveryResult::Delivered(None)));
    let asked = stage.asked();
    assert!(asked[..2].iter().all(|(at, _)| *at < 2.0), "{asked:?}");
    assert!(asked[2].0 >= 1199.0, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_is_on_its_way_and_then_cuts_it() {
    let mut stage = Stage::open_with(limits(), |notice, _| {
        Box::pin(async move {
            clock::sleep(Duration::from_secs(if notice.id == 1 { 5 } else { 500 })).await;
            Ok(None)
        })
    });
    stage.tell(told(1, "a")).await;
    stage.tell(told(2, "b")).await;
    while stage.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    stage.orders.send(Order::Finish(Instant::now() + Duration::from_secs(10))).await.unwrap();
    let first = stage.next().await;
    assert_eq!((first.notice, first.result), (1, DeliveryResult::Delivered(None)));
    let second = stage.next().await;
    let DeliveryResult::Retry { failure, .. } = second.result else { panic!("{second:?}") };
    assert_eq!((second.notice, failure.reason), (2, SendReason::Cancelled));
    stage.worker.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reload_lets_what_is_on_its_way_end() {
    let mut stage = Stage::open_with(limits(), |_, nth| {
        Box::pin(async move {
            clock::sleep(Duration::from_secs(5)).await;
            if nth == 0 { down() } else { Ok(None) }
        })
    });
    stage.tell(told(1, "a")).await;
    while stage.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let changed = duty(Limits { give_up_after: seconds(1), ..limits() });
    stage.orders.send(Order::Change(changed, stage.words.clone())).await.unwrap();
    // It began under the old limits and ended under the new ones, which give up sooner.
    assert!(matches!(stage.over().await, (1, DeliveryResult::Dead(_))));
}

#[tokio::test(start_paused = true)]
async fn an_integration_holds_so_much_and_the_rest_stays_with_whoever_offers_it() {
    let stage = Stage::open_with(limits(), |_, _| Box::pin(std::future::pending()));
    let mut held = 0;
    for id in 1.. {
        if stage.notices.try_send(told(id, &format!("g{id}"))).is_err() {
            break;
        }
        held += 1;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(held, LANES + QUEUE);
    assert_eq!(stage.asked().len(), AT_ONCE);
}
