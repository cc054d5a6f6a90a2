//! What is asked of the daemon until it is killed, and what it acknowledged.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{recorder::Recorder, support::daemon::Daemon};

/// How long the shortest round lasts, and what each later one has more, over and over: the kill meets each stage of a notice.
const SHORTEST: Duration = Duration::from_millis(60);
const STEP: Duration = Duration::from_millis(17);
const STEPS: u32 = 20;

/// Alerts in one post.
const BATCH: u32 = 5;

/// Until when alerts are said to fire: so long that no grace after a start is derived from it, and that none ends by itself.
const LONG: SignedDuration = SignedDuration::from_hours(3);

/// The same of alerts whose sender falls silent with us. It is longer than a round, so that they do not end in it.
const SHORT: Duration = Duration::from_secs(4);

/// In every so manieth round there are such alerts, and the daemon stays away until they have run out.
const AWAY_EVERY: u32 = 25;

/// All that was acknowledged so far.
#[derive(Default)]
pub(crate) struct Load {
    /// Names of alerts whose post was answered with 200.
    pub(crate) firing: BTreeSet<String>,
    /// Names of alerts that were told as firing before their resolve was answered with 200.
    pub(crate) resolved: BTreeSet<String>,
    /// Names of alerts whose resolve was sent, whatever came of it.
    pub(crate) resolves_sent: BTreeSet<String>,
    /// Ids of silences.
    pub(crate) silences: BTreeSet<String>,
}

impl Load {
    /// Posts without a pause, until the kill cuts it off. Nobody ends what runs out while nobody is there.
    pub(crate) fn run(&mut self, daemon: &Daemon, recorder: &Recorder, round: u32) {
        let (after, begun) = (SHORTEST + STEP * (round % STEPS), Instant::now());
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::park_timeout(after);
                daemon.signal("KILL");
            });
            let until = Instant::now() + after * 100;
            let mut turn = 0;
            while self.turn(daemon, recorder, (round, turn)).is_some() {
                turn += 1;
                assert!(Instant::now() < until, "round {round}: the kill had no effect");
            }
        });
        if is_away_after(round) {
            assert!(
                begun.elapsed() < SHORT,
                "round {round}: too slow, alerts may have ended in it"
            );
            // Another process goes by the calendar: alerts must really run out while nobody is there.
            thread::sleep(SHORT);
        }
    }

    /// Alerts, and now and then resolves and a silence; `None` once nobody answers.
    fn turn(&mut self, daemon: &Daemon, recorder: &Recorder, at: (u32, u32)) -> Option<()> {
        let (round, turn) = at;
        let names: Vec<String> =
            (0..BATCH).map(|n| format!("Round{round}Turn{turn}Alert{n}")).collect();
        let ends = if is_away_after(round) { SHORT.try_into().unwrap() } else { LONG };
        post_alerts(daemon, &names, ends)?;
        self.firing.extend(names);
        if turn % 3 == 0 {
            self.resolve_some(daemon, recorder)?;
        }
        if turn % 4 == 0 {
            self.silence(daemon, at)?;
        }
        Some(())
    }

    /// Some of those that were told; who was never told as firing would not be told as resolved either.
    fn resolve_some(&mut self, daemon: &Daemon, recorder: &Recorder) -> Option<()> {
        let burning = recorder.burning();
        let names: Vec<String> =
            burning.into_iter().filter(|name| !self.resolves_sent.contains(name)).take(2).collect();
        if !names.is_empty() {
            self.resolves_sent.extend(names.iter().cloned());
            post_alerts(daemon, &names, SignedDuration::from_millis(-1))?;
            self.resolved.extend(names);
        }
        Some(())
    }

    /// Of something that never happens, so that it hides nothing.
    fn silence(&mut self, daemon: &Daemon, (round, turn): (u32, u32)) -> Option<()> {
        let now = Timestamp::now();
        let body = json!({
            "matchers": [{ "name": "alertname", "value": format!("Never{round}x{turn}"), "isRegex": false }],
            "startsAt": now,
            "endsAt": now + SignedDuration::from_hours(2),
            "createdBy": "kill",
            "comment": "outlives",
        });
        let answer = post(daemon, "/api/v2/silences", &body)?;
        let answer: Value = serde_json::from_str(&answer).expect("an id");
        self.silences.insert(answer["silenceID"].as_str().unwrap().to_owned());
        Some(())
    }
}

fn is_away_after(round: u32) -> bool {
    round.is_multiple_of(AWAY_EVERY)
}

fn post_alerts(daemon: &Daemon, names: &[String], ends: SignedDuration) -> Option<()> {
    let now = Timestamp::now();
    let starts_at = now - SignedDuration::from_mins(1);
    let alerts: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({
                "labels": { "alertname": name, "severity": "critical" },
                "annotations": { "summary": "it burns" },
                "startsAt": starts_at,
                "endsAt": now + ends,
            })
        })
        .collect();
    post(daemon, "/api/v2/alerts", &json!(alerts)).map(drop)
}

/// The body of the answer; `None` once nobody answers.
fn post(daemon: &Daemon, path: &str, body: &Value) -> Option<String> {
    let answer = daemon.post(path, body)?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Some(answer.body)
}
