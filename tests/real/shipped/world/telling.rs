//! Who is told: receivers that take everything, and others that do not; alerts of others, and silences.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    server::wait_until,
    support::{daemon::Daemon, peer::Peer, web},
};

/// How often an alert of others fires and ends: more often than one that is held.
const FLAPS: usize = 4;

/// What a webhook was told, as it came.
type Told = Arc<Mutex<Vec<String>>>;

/// Webhooks, and the sections of a configuration that name them.
pub(super) struct Telling {
    pub(super) text: String,
    told: Told,
    _peers: Vec<Peer>,
}

impl Telling {
    pub(super) async fn start(alertmanager: &str, nobody: SocketAddr) -> Self {
        let mut text = include_str!("telling.toml").to_owned();
        let mut peers = Vec::new();
        let told = Told::default();
        for (word, status, headers) in [
            ("OPS", 200, &[][..]),
            ("SORRY", 500, &[]),
            ("NO", 400, &[]),
            ("BUSY", 429, &[("Retry-After", "1")]),
        ] {
            let kept = Arc::clone(&told);
            let script = move |request: &web::Request| {
                kept.lock().push(String::from_utf8_lossy(&request.body).into_owned());
                web::reply(status, headers, b"ok")
            };
            let peer = web::serve(script).await;
            text = text.replace(&format!("@{word}@"), &peer.address().to_string());
            peers.push(peer);
        }
        let asked = AtomicUsize::new(0);
        let moody = move |_: &web::Request| {
            let is_well = asked.fetch_add(1, Ordering::Relaxed) % 3 == 2;
            web::reply(if is_well { 200 } else { 500 }, &[], b"")
        };
        let moody = web::serve(moody).await;
        text = text.replace("@MOODY@", &moody.address().to_string());
        peers.push(moody);
        text = text.replace("@ALERTMANAGER@", alertmanager);
        text = text.replace("@NOBODY@", &nobody.to_string());
        assert!(!text.contains('@'), "{text}");
        Self { text, told, _peers: peers }
    }

    /// Silences in all of their states, and alerts that others post.
    pub(super) fn happens(&self, daemon: &Daemon, place: &str) {
        let (now, hour) = (Timestamp::now(), SignedDuration::from_hours(1));
        silence(daemon, "expired", now, now + hour);
        silence(daemon, "nothing", now + hour, now + hour + hour);
        let over = silence(daemon, "nothing-any-more", now, now + hour);
        assert_eq!(daemon.ask("DELETE", &format!("/api/v2/silence/{over}"), &[]).status, 200);
        self.others(daemon, place);
    }

    /// By both ways in; one that comes and goes too often; one that ends; and what is no alert.
    fn others(&self, daemon: &Daemon, place: &str) {
        let labels = json!({ "alertname": "Burning", "place": place });
        for _ in 0..FLAPS {
            post(daemon, &json!([{ "labels": labels }]), 200);
            post(daemon, &json!([{ "labels": labels, "endsAt": Timestamp::now() }]), 200);
        }
        let name = format!("Smoking in the {place}");
        post(daemon, &json!([{ "labels": { "alertname": name } }]), 200);
        wait_until("an alert of others to be told", || {
            self.told.lock().iter().any(|told| told.contains(&name)).then_some(())
        });
        post(
            daemon,
            &json!([{ "labels": { "alertname": name }, "endsAt": Timestamp::now() }]),
            200,
        );
        post(daemon, &json!([{ "labels": {} }]), 400);
        let answer = daemon.post("/hooks/alertmanager", &passed_on()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// As an Alertmanager tells its webhooks.
fn passed_on() -> Value {
    let alert = json!({
        "status": "firing", "labels": { "alertname": "Passed on" }, "annotations": {},
        "startsAt": Timestamp::now(), "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "",
        "fingerprint": "1",
    });
    json!({
        "version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "r",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://localhost", "alerts": [alert],
    })
}

fn silence(daemon: &Daemon, check: &str, from: Timestamp, until: Timestamp) -> String {
    let matcher = json!({ "name": "check", "value": check, "isRegex": false });
    let draft = json!({
        "matchers": [matcher], "startsAt": from, "endsAt": until, "createdBy": "me", "comment": "a demo",
    });
    let answer = daemon.post("/api/v2/silences", &draft).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str::<Value>(&answer.body).unwrap()["silenceID"].as_str().unwrap().to_owned()
}

fn post(daemon: &Daemon, alerts: &Value, status: u16) {
    let answer = daemon.post("/api/v2/alerts", alerts).unwrap();
    assert_eq!(answer.status, status, "{}", answer.body);
}
