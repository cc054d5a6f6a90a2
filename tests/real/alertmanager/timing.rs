//! Random stories of groups, lived through by both programs at the same time: the same notices, in the same order, at the same
//! ticks.

use std::{
    sync::{Arc, Mutex},
    thread::sleep,
    time::{Duration, Instant},
};

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::peers::{Peer, Side};
use crate::{
    server::itself,
    support::{peer::Peer as Hook, web},
};

/// Groups, each with a story of its own, and what each has of alerts.
const GROUPS: u64 = 24;
const ALERTS: usize = 3;

/// Seconds in which something may happen. It happens at whole seconds, and ticks are at half ones.
const SECONDS: u64 = 13;

const ROUTE: &str = "route:\n  receiver: hook\n  group_by: [seed]\n  group_wait: 1500ms\n  group_interval: 2s\n  repeat_interval: 1h\n\
    \x20 routes: [{ receiver: none, matchers: [alertname=source] }]\n\
    inhibit_rules: [{ source_matchers: [alertname=source], target_matchers: [alertname=target], equal: [seed] }]\n";

/// Something that happens to a group.
#[derive(Debug, Clone, Copy)]
enum Event {
    Fires(usize),
    Ends(usize),
    Silenced(usize),
    Unsilenced(usize),
    Inhibited,
    Uninhibited,
}

/// A notice: of which group, what it says of which alerts, and when it came.
#[derive(Debug, Clone)]
struct Told {
    seed: String,
    alerts: Vec<String>,
    at: Duration,
}

/// Both programs, each with a webhook of its own that writes down what it is told.
struct Pair {
    peers: [Peer; 2],
    told: [Arc<Mutex<Vec<Told>>>; 2],
    _hook: Hook,
}

impl Pair {
    async fn start(route: &str) -> Option<Self> {
        let told: [Arc<Mutex<Vec<Told>>>; 2] = Default::default();
        let begun = Instant::now();
        let kept = told.clone();
        let hook = web::serve(move |request| {
            let side = usize::from(request.path() == "/ours");
            kept[side].lock().unwrap().push(heard(&request.body, begun.elapsed()));
            web::reply(200, &[], b"")
        })
        .await;
        let config = |side: &str| {
            let url = format!("http://{}/{side}", hook.address());
            let hook = format!("{{ name: hook, webhook_configs: [{{ url: '{url}' }}] }}");
            format!("{route}receivers: [{{ name: none }}, {hook}]\n")
        };
        let theirs = Side::Theirs.start(&config("theirs"), &[])?;
        let ours = Side::Ours.start(&config("ours"), &[])?;
        Some(Self { peers: [theirs, ours], told, _hook: hook })
    }

    /// What each side has been told of a group, in order.
    fn told(&self, seed: u64) -> [Vec<Told>; 2] {
        self.told.each_ref().map(|told| {
            let told = told.lock().unwrap();
            told.iter().filter(|told| told.seed == seed.to_string()).cloned().collect()
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_stories_are_told_alike() {
    let Some(pair) = Pair::start(ROUTE).await else { return };
    let stories: Vec<_> = (0..GROUPS).map(|seed| story(&mut Rng::with_seed(seed))).collect();
    tokio::task::block_in_place(|| live(&pair.peers, &stories));
    let (mut complaints, mut compared) = (Vec::new(), 0);
    for (seed, story) in (0..).zip(&stories) {
        let [wanted, got] = pair.told(seed);
        compared += wanted.len();
        let same = wanted.len() == got.len()
            && wanted.iter().zip(&got).all(|(wanted, got)| {
                wanted.alerts == got.alerts && wanted.at.abs_diff(got.at).as_millis() < 900
            });
        if !same {
            complaints.push(format!("{seed}: {story:?}\ntheirs {wanted:#?}\nours {got:#?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(compared > 3 * stories.len(), "{compared}");
}

/// With 2 s between ticks and 3 s between repeats: theirs waits for a tick, ours does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_come_at_a_tick_of_theirs_and_when_due_of_ours() {
    let route = ROUTE.replace("repeat_interval: 1h", "repeat_interval: 3s");
    let Some(pair) = Pair::start(&route).await else { return };
    for peer in &pair.peers {
        let answer = peer.daemon.post("/api/v2/alerts", &json!([alert(0, "target", 0, false)]));
        assert_eq!(answer.unwrap().status, 200);
    }
    // Both are processes: their clocks cannot be paused, and when nothing comes is looked at too.
    tokio::time::sleep(Duration::from_millis(10_200)).await;
    for (told, between) in pair.told(0).iter().zip([4, if itself() { 4 } else { 3 }]) {
        assert!(told.len() >= 3, "{told:?}");
        assert!(told.iter().all(|told| told.alerts == [r#""0" "firing""#]), "{told:?}");
        for two in told.windows(2) {
            let gap = two[1].at.abs_diff(two[0].at);
            assert!(gap.abs_diff(Duration::from_secs(between)).as_millis() < 600, "{told:?}");
        }
    }
}

fn heard(body: &[u8], at: Duration) -> Told {
    let body: Value = serde_json::from_slice(body).unwrap();
    let alerts = body["alerts"].as_array().unwrap().iter();
    let alerts = alerts.map(|alert| format!("{} {}", alert["labels"]["instance"], alert["status"]));
    let seed = body["groupLabels"]["seed"].as_str().unwrap().to_owned();
    Told { seed, alerts: alerts.collect(), at }
}

/// What happens when. Nothing begins or ends while something is hidden, and nothing is hidden before its group was told of it:
/// there the two mean to differ, as the documents say.
fn story(rng: &mut Rng) -> Vec<(u64, Event)> {
    let mut fires = [false; ALERTS];
    let mut hidden: Option<Event> = None;
    let (mut changed, mut story) = (0, Vec::new());
    for second in 0..=SECONDS {
        let at = rng.usize(0..ALERTS);
        let rests = second - changed >= 3;
        let event = match (hidden, rng.u8(0..6)) {
            (Some(by), 0..4) => {
                hidden = None;
                changed = second;
                by.undone()
            }
            (None, 0..2) if rests => {
                let event = if rng.bool() { Event::Inhibited } else { Event::Silenced(at) };
                hidden = Some(event);
                event
            }
            (None, roll) if second == 0 || (2..5).contains(&roll) => {
                fires[at] = !fires[at];
                changed = second;
                if fires[at] { Event::Fires(at) } else { Event::Ends(at) }
            }
            _ => continue,
        };
        story.push((second, event));
    }
    story
}

impl Event {
    /// What shows again what this one hides.
    fn undone(self) -> Self {
        match self {
            Self::Silenced(at) => Self::Unsilenced(at),
            _ => Self::Uninhibited,
        }
    }
}

/// Tells both of everything, second by second, and waits for the last ticks.
fn live(peers: &[Peer; 2], stories: &[Vec<(u64, Event)>]) {
    let mut silences: Vec<[Vec<Option<String>>; 2]> =
        vec![[vec![None; ALERTS], vec![None; ALERTS]]; stories.len()];
    let begun = Instant::now();
    for second in 0..=SECONDS {
        sleep(Duration::from_secs(second).saturating_sub(begun.elapsed()));
        let mut alerts = Vec::new();
        for (seed, story) in stories.iter().enumerate() {
            for (_, event) in story.iter().filter(|(at, _)| *at == second) {
                match *event {
                    Event::Fires(at) => alerts.push(alert(seed, "target", at, false)),
                    Event::Ends(at) => alerts.push(alert(seed, "target", at, true)),
                    Event::Inhibited => alerts.push(alert(seed, "source", 0, false)),
                    Event::Uninhibited => alerts.push(alert(seed, "source", 0, true)),
                    Event::Silenced(at) => {
                        for (peer, ids) in peers.iter().zip(&mut silences[seed]) {
                            ids[at] = Some(silence(peer, seed, at));
                        }
                    }
                    Event::Unsilenced(at) => {
                        for (peer, ids) in peers.iter().zip(&mut silences[seed]) {
                            let path = format!("/api/v2/silence/{}", ids[at].take().unwrap());
                            assert_eq!(peer.daemon.ask("DELETE", &path, &[]).status, 200);
                        }
                    }
                }
            }
        }
        for peer in peers {
            let answer = peer.daemon.post("/api/v2/alerts", &json!(alerts)).unwrap();
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
    sleep(Duration::from_millis(4700));
}

fn alert(seed: usize, name: &str, instance: usize, ends: bool) -> Value {
    let labels =
        json!({ "alertname": name, "seed": seed.to_string(), "instance": instance.to_string() });
    if ends {
        json!({ "labels": labels, "endsAt": Timestamp::now() })
    } else {
        json!({ "labels": labels })
    }
}

fn silence(peer: &Peer, seed: usize, instance: usize) -> String {
    let now = Timestamp::now();
    let matcher = |name: &str, value: usize| json!({ "name": name, "value": value.to_string(), "isRegex": false });
    let draft = json!({
        "matchers": [matcher("seed", seed), matcher("instance", instance)],
        "startsAt": now, "endsAt": now + jiff::SignedDuration::from_hours(1), "createdBy": "me", "comment": "a story",
    });
    let answer = peer.daemon.post("/api/v2/silences", &draft).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str::<Value>(&answer.body).unwrap()["silenceID"].as_str().unwrap().to_owned()
}
