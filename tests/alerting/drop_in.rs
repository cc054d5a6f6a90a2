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
    authority::{Authority, Flaw},
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
        let place = Self { folder, told, hook };
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
async fn what_changed_is_read_again_in_an_interval_where_that_is_asked_for() {
    let place = Place::new().await;
    let text = fs::read_to_string(place.file()).unwrap();
    let templates = place.folder.path().join("templates");
    fs::create_dir(&templates).unwrap();
    place.write(&format!("{text}templates: ['templates/*.tmpl']\n"));
    let quiet = place.start(&["--storage.path=other"]);
    let looks = ["--config.enable-auto-reload", "--config.auto-reload-interval=1"];
    let daemon = place.start(&looks);
    let loads = |daemon: &Daemon| daemon.log().matches("Completed loading").count();
    // A file of templates that was not there when it was started.
    let template = |words: &str| {
        let body = format!("{{{{ define \"__subject\" }}}}{words}{{{{ end }}}}");
        fs::write(templates.join("own.tmpl"), body).unwrap();
    };
    template("first");
    daemon.until_log("Completed loading of configuration file");
    assert_eq!(loads(&daemon), 1);
    template("{{ nope }}");
    daemon.until_log("Loading configuration file failed");
    let is_good = |good: &str| {
        let line = format!("alertmanager_config_last_reload_successful {good}");
        move |page: &str| page.contains(&line)
    };
    daemon.until("/metrics", "the failure", is_good("0"));
    template("second");
    daemon.until("/metrics", "the repair", is_good("1"));
    assert_eq!(loads(&daemon), 2);
    place.write(&text.replace("20ms", "30ms"));
    daemon.until("/api/v2/status", "30ms", |page| page.contains("30ms"));
    // What does not change is no line in the log, and the mistake was one.
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(loads(&daemon), 3);
    assert_eq!(daemon.log().matches("Loading configuration file failed").count(), 1);
    assert_eq!(loads(&quiet), 0, "nobody asked this one");
    assert!(quiet.get("/api/v2/status").body.contains("20ms"));
}

/// The families of a page of the text format, with their types; each line's own is the last one before it.
fn families(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            found.push((name.to_owned(), kind.to_owned()));
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let (family, kind) = found.last().unwrap();
            let suffix = name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line}"));
            let suffixes: &[&str] = match kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            assert!(suffixes.contains(&suffix), "{line} among {family}");
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_has_each_family_once_and_all_that_the_peer_has() {
    let place = Place::new().await;
    let daemon = place.start(&["--alerts.per-alertname-limit=1"]);
    let alerts =
        ["a", "b", "c"].map(|host| json!({ "labels": { "alertname": "X", "host": host } }));
    daemon.post("/api/v2/alerts", &json!(alerts)).unwrap();
    place.until_told(&["firing"]);
    let page = daemon.get("/metrics").body;
    let found = families(&page);
    let mut names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
    for (name, kind) in &found {
        assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()), "{name} {kind}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} {kind}");
    }
    for line in [
        "alertmanager_alerts_per_alert_limit 1",
        "alertmanager_alerts_limited_total 2",
        "alertmanager_receivers 1",
        "alertmanager_integrations 1",
        "alertmanager_inhibition_rules 0",
        "alertmanager_cluster_enabled 0",
        "alertmanager_notifications_total{integration=\"webhook\"} 1",
        "alertmanager_notification_requests_total{integration=\"webhook\"} 1",
        "alertmanager_notifications_suppressed_total{reason=\"silence\"} 0",
        "alertmanager_notifications_suppressed_total{reason=\"inhibition\"} 0",
    ] {
        assert!(page.lines().any(|own| own == line), "{line} is not in\n{page}");
    }
    let build = page.lines().find(|line| line.starts_with("alertmanager_build_info{")).unwrap();
    assert!(build.contains("version=\"0.33.1\""), "{build}");
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
        "config.enable-auto-reload",
        "config.auto-reload-interval",
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
        "noroshi.config-file",
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
    let file = place.file();
    let check = ["check-config", "--alertmanager", file.to_str().unwrap()];
    let checked = noroshi(&check).output().unwrap();
    assert_eq!(checked.status.code(), Some(78));
    let told = text(&checked.stderr);
    let words = "receiver \"pager\" tells by pagerduty, which this build cannot do";
    assert!(told.contains(words) && said.contains(&words.replace('"', "\\\"")), "{told}{said}");
    assert!(told.contains("alertmanager.yml:5:"), "{told}");
    let allowed = noroshi(&check).arg("--allow-missing-providers").output().unwrap();
    assert_eq!(allowed.status.code(), Some(0), "{}", text(&allowed.stderr));
    let daemon = place.start(&["--allow-missing-providers"]);
    assert_eq!(daemon.get("/-/ready").status, 200);
}

const EXTRAS: &str = r#"
[alerting]
flap_hold = { changes = 3, window = "10m", hold = "1h" }

[receivers.hook]
rate_limit = { notices = 1, per = "1h" }
retry = { give_up_after = "1h" }

[maintenance.disks]
matchers = ['host="b"']
starts_at = "2020-01-01T00:00:00Z"
ends_at = "2099-01-01T00:00:00Z"
comment = "new disks"

[deadman.watcher]
receiver = "hook"
interval = "1s"
"#;

fn fires(name: &str, host: &str) -> Value {
    json!([{ "labels": { "alertname": name, "host": host } }])
}

/// What an alertmanager.yml has no words for stands beside it, and is in force.
#[tokio::test(flavor = "multi_thread")]
async fn noroshis_own_stands_in_a_file_beside() {
    let place = Place::new().await;
    let extras = place.folder.path().join("extras.toml");
    fs::write(&extras, EXTRAS).unwrap();
    let daemon = place.start(&["--noroshi.config-file=extras.toml"]);
    let names = || -> Vec<String> {
        let told = place.told.lock().unwrap();
        let name = |one: &Value| one["groupLabels"]["alertname"].as_str().unwrap_or("").to_owned();
        told.iter().map(name).collect()
    };
    let until = |done: &dyn Fn() -> bool, what: &str| {
        let until = Instant::now() + Duration::from_secs(20);
        while !done() {
            assert!(Instant::now() < until, "{what}: {:?}", names());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    };
    until(
        &|| place.told.lock().unwrap().iter().any(|one| one.to_string().contains("NoroshiDeadman")),
        "a heartbeat",
    );
    let silences: Value = serde_json::from_str(&daemon.get("/api/v2/silences").body).unwrap();
    assert_eq!(silences[0]["comment"], "new disks", "{silences}");
    assert_eq!(daemon.post("/api/v2/alerts", &fires("Hidden", "b")).unwrap().status, 200);
    assert_eq!(daemon.post("/api/v2/alerts", &fires("First", "a")).unwrap().status, 200);
    until(&|| names().contains(&"First".to_owned()), "the first");
    assert_eq!(daemon.post("/api/v2/alerts", &fires("Second", "a")).unwrap().status, 200);
    let withheld = "noroshi_notices_withheld_total{reason=\"rate_limit\"} ";
    let held = || !daemon.get("/metrics").body.contains(&format!("{withheld}0\n"));
    until(&held, "the rate");
    let told = names();
    assert!(
        !told.contains(&"Second".to_owned()) && !told.contains(&"Hidden".to_owned()),
        "{told:?}"
    );

    // Of two files one of which is wrong neither is taken.
    let before = fs::read_to_string(place.file()).unwrap();
    place.write(&before.replace("group_interval: 100ms", "group_interval: 1h"));
    fs::write(&extras, EXTRAS.replace("hook]", "hok]")).unwrap();
    let status = |daemon: &Daemon| daemon.get("/api/v2/status").body;
    let refused = daemon.post("/-/reload", &json!(null)).unwrap();
    assert_eq!(refused.status, 500);
    assert!(
        refused.body.contains("extras.toml:") && refused.body.contains("did you mean `hook`?"),
        "{}",
        refused.body
    );
    assert!(!status(&daemon).contains("group_interval: 1h"));
    // Without the limit, and both.
    fs::write(&extras, EXTRAS.replace("rate_limit = ", "# ")).unwrap();
    place.write(&before.replace("group_interval: 100ms", "group_interval: 200ms"));
    assert_eq!(daemon.post("/-/reload", &json!(null)).unwrap().status, 200);
    assert!(status(&daemon).contains("group_interval: 200ms"));
    until(&|| names().contains(&"Second".to_owned()), "after the limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_into_that_file_is_told_with_its_place() {
    let place = Place::new().await;
    let file = place.file();
    for (name, wrong, words) in [
        (
            "a.toml",
            "[route]\nreceiver = 'hook'\n",
            &["a.toml:1:", "unknown key `route`", "said by the alertmanager.yml"][..],
        ),
        (
            "a.toml",
            "[checks.a]\ntcp.address = 'x:1'\n",
            &["a.toml:1:", "`checks`", "only the daemon has it"],
        ),
        ("a.toml", "[store]\npath = 'x'\n", &["--storage.path"]),
        ("a.toml", "\n[alerting]\nmatchers = 'utf8'\n", &["a.toml:3:1", "--enable-feature"]),
        ("a.toml", "[alerting]\nflap_hodl = 1\n", &["did you mean `flap_hold`?"]),
        (
            "a.yml",
            "receivers:\n  hook:\n    webhook: {url: 'http://x/'}\n",
            &["a.yml:3:5", "unknown key `webhook`", "said by the alertmanager.yml"],
        ),
        ("a.toml", "[receivers.hok]\n", &["a.toml:1:", "C040", "did you mean `hook`?"]),
        ("a.toml", "[deadman.x]\nreceiver = 'hok'\n", &["a.toml:2:", "C040"]),
        ("a.toml", "[maintenance.x]\nmatchers = ['a=b']\n", &["a.toml:1:", "starts_at"]),
        ("a.toml", "[alerting\n", &["a.toml:1:", "C002"]),
        ("a.ini", "", &["a.ini"]),
        ("none.toml", "", &["none.toml", "No such file"]),
    ] {
        let beside = place.folder.path().join(name);
        if name != "none.toml" {
            fs::write(&beside, wrong).unwrap();
        }
        let flag = format!("--noroshi.config-file={}", beside.display());
        let check = ["check-config", "--alertmanager", file.to_str().unwrap(), &flag];
        let checked = noroshi(&check).output().unwrap();
        assert_eq!(checked.status.code(), Some(78), "{wrong}");
        let started = place.output(&[&flag, "--web.listen-address=127.0.0.1:0"]);
        assert_eq!(started.status.code(), Some(1), "{wrong}");
        for said in [text(&checked.stderr), text(&started.stderr)] {
            for words in words {
                assert!(said.contains(words), "{wrong}: {words}: {said}");
            }
        }
    }
    let flag = format!("--noroshi.config-file={}", place.folder.path().join("b.toml").display());
    fs::write(place.folder.path().join("b.toml"), EXTRAS).unwrap();
    let check = ["check-config", "--alertmanager", file.to_str().unwrap(), &flag];
    assert_eq!(noroshi(&check).output().unwrap().status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_effect_is_told_at_the_start() {
    let place = Place::new().await;
    let before = fs::read_to_string(place.file()).unwrap();
    place.write(&format!(
        "{before}tracing: {{endpoint: 'x:1'}}\nevent_recorder: {{file_outputs: [{{path: x}}]}}\n"
    ));
    let daemon = place.start(&["--enable-feature=alert-names-in-metrics,event-recorder"]);
    let log = daemon.log();
    for word in ["alert-names-in-metrics", "event-recorder", "`tracing`", "`event_recorder`"] {
        let told = log.lines().any(|line| {
            line.contains("level=WARN") && line.contains(word) && line.contains("no effect")
        });
        assert!(told, "{word}: {log}");
    }
}

/// Alertmanager starts with these, so noroshi does; what goes out is the same, or fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_not_refused_where_alertmanager_starts() {
    let place = Place::new().await;
    let mail = super::support::smtp::serve(super::support::smtp::Script::default()).await;
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let keeps = Arc::clone(&asked);
    let hook = web::serve(move |request| {
        keeps.lock().unwrap().push(request.head.clone());
        web::reply(
            200,
            &[("Content-Type", "application/json")],
            br#"{"ok":false,"error":"channel_not_found"}"#,
        )
    })
    .await;
    let (mail_at, hook_at) = (mail.address(), hook.address());
    let secret = place.folder.path().join("url");
    fs::write(&secret, "http://127.0.0.1:1/").unwrap();
    place.write(&format!(
        "global: {{slack_app_token: t, slack_app_url: 'http://{hook_at}/chat.postMessage'}}\nroute: {{receiver: all, group_wait: 10ms}}\nreceivers:\n- name: all\n  webhook_configs:\n  \
         - url: http://{hook_at}/colon\n    http_config: {{basic_auth: {{username: 'a:b', password: c}}}}\n  \
         - url: http://{hook_at}/odd\n    http_config: {{http_headers: {{'odd name': {{values: [x]}}}}}}\n  \
         - url: <secret>\n  \
         email_configs:\n  - {{to: a@x.example, from: b@x.example, smarthost: '{mail_at}', require_tls: false, \
         headers: {{'odd header': 'v \u{e4}'}}}}\n  \
         slack_configs:\n  - api_url_file: {}\n",
        secret.display()
    ));
    let daemon = place.start(&[]);
    let warned = daemon.log().lines().filter(|line| line.contains("A109")).count();
    assert_eq!(warned, 5, "{}", daemon.log());
    assert_eq!(daemon.post("/api/v2/alerts", &fires("X", "a")).unwrap().status, 200);
    let until = Instant::now() + Duration::from_secs(20);
    let count = |family: &str, kind: &str| -> f64 {
        let metrics = daemon.get("/metrics").body;
        let is = |line: &&str| line.starts_with(&format!("{family}{{")) && line.contains(kind);
        let number = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        metrics.lines().filter(is).map(number).sum()
    };
    let (dead, told) = ("noroshi_dead_letters_total", "noroshi_notifications_total");
    while count(dead, "webhook") < 2.0
        || count(dead, "slack") < 1.0
        || count(told, "email") < 1.0
        || count(told, "webhook") < 1.0
    {
        assert!(Instant::now() < until, "{}\n{}", daemon.get("/metrics").body, daemon.log());
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(count(dead, "email") < 1.0);
    let heard = mail.heard().await;
    let letter = &heard.iter().find(|(part, _)| part == "data").unwrap().1;
    assert!(letter.starts_with("odd header: v =?utf-8?"), "{letter}");
    let asked = asked.lock().unwrap().clone();
    // a:b:c, as Go sends it.
    let colon = asked.iter().find(|head| head.contains("/colon")).unwrap();
    assert!(colon.contains("Basic YTpiOmM="), "{colon}");
    assert!(
        asked.iter().any(|head| head.contains("/chat.postMessage") && head.contains("Bearer t")),
        "{asked:?}"
    );
    assert!(!asked.iter().any(|head| head.contains("/odd")), "{asked:?}");
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

/// What a command says to a server that speaks TLS and wants to know who asks; and its exit code.
async fn silenced(server: &super::Peer, arguments: &[String]) -> (Option<i32>, String) {
    let url = format!("https://localhost:{}", server.address().port());
    let mut command = noroshi(&["silence", "add", "Down", "--comment=x", "--url", &url]);
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_is_made_through_tls_and_with_a_password() {
    let authority = Authority::new();
    let server = web::serve_tls(authority.acceptor(Flaw::None), |request| {
        // me:hunter2
        if request.head.contains("Basic bWU6aHVudGVyMg==") {
            web::reply(200, &[], br#"{"silenceID":"the-id"}"#)
        } else {
            web::reply(401, &[], b"\"who are you?\"")
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("password"), "hunter2\n").unwrap();
    fs::copy(authority.ca_file(), at("ca.pem")).unwrap();
    let tls = "tls_config: {ca_file: ca.pem}\n";
    let files = [
        ("good", format!("{tls}basic_auth: {{username: me, password_file: password}}\n")),
        ("nobody", tls.to_owned()),
        ("wrong", "basic_auht: {password: hunter2}\n".to_owned()),
    ];
    for (name, text) in &files {
        fs::write(at(name), text).unwrap();
    }
    let by = |name: &str| vec![format!("--http.config.file={}", at(name).display())];
    assert_eq!(silenced(&server, &by("good")).await, (Some(0), "the-id\n".to_owned()));
    let (exit, said) = silenced(&server, &by("nobody")).await;
    assert_eq!(exit, Some(1));
    assert!(said.contains("401") && said.contains("who are you?"), "{said}");
    let (exit, said) = silenced(&server, &by("wrong")).await;
    assert_eq!(exit, Some(1));
    assert!(said.contains("wrong:1:1") && said.contains("basic_auht"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    // The system does not know this authority.
    let user = ["--user=me".to_owned(), format!("--password-file={}", at("password").display())];
    let (exit, said) = silenced(&server, &user).await;
    assert_eq!(exit, Some(1));
    assert!(said.contains("tls_"), "{said}");

    // A URL with a password, which nobody is shown.
    let output = noroshi(&["silence", "list", "--url=http://me:hunter2@127.0.0.1:1/"]).output();
    let said = text(&output.unwrap().stderr);
    assert!(
        said.contains("cannot reach http://127.0.0.1:1") && !said.contains("hunter2"),
        "{said}"
    );
    let output = noroshi(&["silence", "list", "--url=ftp://me:hunter2@127.0.0.1/"]).output();
    let said = text(&output.unwrap().stderr);
    assert!(said.contains("--url") && !said.contains("hunter2"), "{said}");
}
