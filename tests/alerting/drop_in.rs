//! `noroshi alertmanager` as its operators meet it: the binary under Alertmanager's name, its flags, exit codes, signals
//! and API.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Output},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::support::{
    daemon::{Daemon, noroshi},
    web,
};

/// A folder with the binary under the peer's names, a configuration and a storage.
struct Place {
    folder: tempfile::TempDir,
    told: Arc<Mutex<Vec<Value>>>,
    hook: super::Peer,
}

impl Place {
    async fn new() -> Self {
        let told = Arc::<Mutex<Vec<Value>>>::default();
        let keeps = Arc::clone(&told);
        let hook = web::serve(move |request| {
            keeps.lock().unwrap().push(serde_json::from_slice(&request.body).unwrap());
            web::reply(200, &[], b"")
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        for name in ["alertmanager", "prometheus-alertmanager"] {
            symlink(env!("CARGO_BIN_EXE_noroshi"), folder.path().join(name)).unwrap();
        }
        let place = Self { folder, told, hook: hook };
        place.write(&format!(
            "route:\n  receiver: hook\n  group_by: [alertname]\n  group_wait: 20ms\n  group_interval: 100ms\n\
             receivers:\n- name: hook\n  webhook_configs:\n  - url: http://{}/\n",
            place.hook.address()
        ));
        place
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("alertmanager.yml")
    }

    /// The peer's binary in this folder, where its default file lies too.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.folder.path().join("alertmanager"));
        command.args(arguments).env_clear().current_dir(self.folder.path());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn start(&self, arguments: &[&str]) -> Daemon {
        Daemon::spawn(self.command(arguments).args(["--web.listen-address", "127.0.0.1:0"]))
    }

    fn statuses(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect()
    }

    fn until_told(&self, statuses: &[&str]) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.statuses() != statuses {
            assert!(Instant::now() < until, "{:?} instead of {statuses:?}", self.statuses());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_told_silenced_and_resolved_over_a_restart() {
    let place = Place::new().await;
    let daemon = place.start(&["--cluster.listen-address="]);
    for page in ["/-/healthy", "/-/ready", "/metrics", "/api/v2/status", "/"] {
        assert_eq!(daemon.get(page).status, 200, "{page}");
    }
    assert_ne!(
        daemon.get("/alertmanager/api/v2/status").status,
        200,
        "Grafana takes that for Mimir"
    );
    let alert = json!([{ "labels": { "alertname": "Down", "host": "a" } }]);
    assert_eq!(daemon.post("/api/v2/alerts", &alert).unwrap().status, 200);
    place.until_told(&["firing"]);

    let silence = noroshi(&["silence", "add", "Other", "--comment=x", "--url", &daemon.url()]);
    let silence = { silence }.output().unwrap();
    assert_eq!(silence.status.code(), Some(0), "{}", text(&silence.stderr));
    let id = text(&silence.stdout).trim().to_owned();
    drop(daemon);

    let daemon = place.start(&["--cluster.listen-address="]);
    let list = noroshi(&["silence", "list", "Other", "-q", "--url", &daemon.url()]).output();
    assert_eq!(text(&list.unwrap().stdout).trim(), id, "a silence survives");
    let expired = noroshi(&["silence", "expire", &id, "--url", &daemon.url()]).output().unwrap();
    assert_eq!(expired.status.code(), Some(0), "{}", text(&expired.stderr));
    let listed: Value = serde_json::from_str(&daemon.get("/api/v2/alerts").body).unwrap();
    assert_eq!(listed[0]["labels"]["host"], "a", "an alert survives");
    let ended = json!([{ "labels": { "alertname": "Down", "host": "a" }, "endsAt": "2020-01-01T00:00:00Z",
        "startsAt": "2019-01-01T00:00:00Z" }]);
    assert_eq!(daemon.post("/api/v2/alerts", &ended).unwrap().status, 200);
    place.until_told(&["firing", "resolved"]);
}

/// People silence until the end of the calendar, and mean "for ever".
#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_ever_survives_a_restart() {
    let place = Place::new().await;
    let ever = "9999-12-31T23:59:59.999999999Z";
    let daemon = place.start(&["--cluster.listen-address="]);
    let silence = json!({
        "matchers": [{ "name": "alertname", "value": "Old", "isRegex": false }],
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": ever, "createdBy": "a", "comment": "b",
    });
    assert_eq!(daemon.post("/api/v2/silences", &silence).unwrap().status, 200);
    let alert = json!([{ "labels": { "alertname": "Ever" }, "startsAt": "0001-01-02T00:00:00Z", "endsAt": ever }]);
    assert_eq!(daemon.post("/api/v2/alerts", &alert).unwrap().status, 200);
    daemon.signal("KILL");
    drop(daemon);
    let daemon = place.start(&["--cluster.listen-address="]);
    assert!(daemon.get("/api/v2/silences").body.contains("\"Old\""));
    assert!(daemon.get("/api/v2/alerts").body.contains("\"Ever\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_reload_and_end_it() {
    let place = Place::new().await;
    let mut daemon = place.start(&["--cluster.listen-address=", "--log.format=logfmt"]);
    let good = fs::read_to_string(place.file()).unwrap();
    place.write(&good.replace("20ms", "30ms"));
    daemon.signal("HUP");
    daemon.until_log("Completed loading of configuration file");
    assert!(daemon.get("/api/v2/status").body.contains("30ms"));
    place.write("route: {}\n");
    let refused = daemon.ask("POST", "/-/reload", &[]);
    assert_eq!(refused.status, 500, "{}", refused.body);
    assert!(refused.body.contains("failed to reload config"), "{}", refused.body);
    assert!(daemon.get("/metrics").body.contains("alertmanager_config_last_reload_successful 0"));
    assert!(daemon.get("/api/v2/status").body.contains("30ms"), "nothing changed");
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_exit_codes_and_words_are_alertmanagers() {
    let place = Place::new().await;
    let version = place.output(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert!(text(&version.stdout).starts_with("alertmanager, version 0.33.1 ("));
    let help = text(&place.output(&["--help"]).stdout);
    for flag in [
        "config.file",
        "storage.path",
        "data.retention",
        "data.maintenance-interval",
        "silences.max-silences",
        "silences.max-silence-size-bytes",
        "log.silences",
        "alerts.gc-interval",
        "alerts.per-alertname-limit",
        "dispatch.maintenance-interval",
        "dispatch.start-delay",
        "web.systemd-socket",
        "web.listen-address",
        "web.config.file",
        "web.external-url",
        "web.route-prefix",
        "web.get-concurrency",
        "web.timeout",
        "web.ui-path",
        "auto-gomemlimit.ratio",
        "cluster.listen-address",
        "cluster.advertise-address",
        "cluster.peer-name",
        "cluster.peer",
        "cluster.peer-timeout",
        "cluster.peers-resolve-timeout",
        "cluster.gossip-interval",
        "cluster.pushpull-interval",
        "cluster.tcp-timeout",
        "cluster.probe-timeout",
        "cluster.probe-interval",
        "cluster.settle-timeout",
        "cluster.reconnect-interval",
        "cluster.reconnect-timeout",
        "cluster.tls-config",
        "cluster.allow-insecure-public-advertise-address-discovery",
        "cluster.label",
        "enable-feature",
        "log.level",
        "log.format",
    ] {
        assert!(help.contains(&format!("--{flag}")), "{flag}");
    }
    for (arguments, words) in [
        (&["--bogus"][..], "--bogus"),
        (&["--web.timeout=3"], "3"),
        (&["--enable-feature=bogus"], "unknown option 'bogus' for --enable-feature"),
        (&["--config.file=none.yml"], "none.yml"),
        (&["--cluster.peer=b:9094"], "--cluster.allow-duplicates"),
        (&["--web.listen-address=nowhere"], "nowhere"),
    ] {
        let refused = place.output(arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        let said = text(&refused.stderr);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let daemon =
        place.start(&["--cluster.peer=b:9094", "--cluster.allow-duplicates", "--web.timeout=1d"]);
    assert!(daemon.log().contains("every notice is sent by each of them"), "{}", daemon.log());
    assert!(daemon.log().contains("Listening on"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_cannot_be_told_refuses_the_start() {
    let place = Place::new().await;
    let text_of = "route: {receiver: pager}\nreceivers:\n- name: pager\n  pagerduty_configs:\n  - routing_key: x\n";
    place.write(text_of);
    let refused = place.output(&["--web.listen-address=127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("pager") && said.contains("pagerduty"), "{said}");
    let checked = noroshi(&["check-config", "--alertmanager", place.file().to_str().unwrap()]);
    assert_eq!({ checked }.output().unwrap().status.code(), Some(0), "it parses");
    let daemon = place.start(&["--allow-missing-providers"]);
    assert_eq!(daemon.get("/-/ready").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_shows_the_way_of_an_alert_and_tries_a_receiver() {
    let place = Place::new().await;
    let file = place.file();
    let file = file.to_str().unwrap();
    let route =
        noroshi(&["route", "test", "--alertmanager", file, "Down", "host=a"]).output().unwrap();
    let shown = text(&route.stdout);
    assert_eq!(route.status.code(), Some(0), "{}", text(&route.stderr));
    assert!(shown.starts_with("hook\n") && shown.contains("{alertname=\"Down\"}"), "{shown}");
    let wrong = ["route", "test", "--alertmanager", file, "--verify-receivers=other", "a=b"];
    assert_eq!(noroshi(&wrong).output().unwrap().status.code(), Some(1));

    let tried =
        noroshi(&["notify", "test", "--alertmanager", file, "hook", "team=db"]).output().unwrap();
    assert_eq!(tried.status.code(), Some(0), "{}{}", text(&tried.stdout), text(&tried.stderr));
    assert!(text(&tried.stdout).contains("hook/webhook[0]  delivered"), "{}", text(&tried.stdout));
    assert_eq!(place.statuses(), ["firing"]);
    let unknown = noroshi(&["notify", "test", "--alertmanager", file, "hok"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean `hook`?"), "{}", text(&unknown.stderr));
}
