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
    eventually, web,
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
    let looks =
        ["--config.enable-auto-reload", "--config.auto-reload-interval=1", "--log.level=debug"];
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
    let same = || daemon.log().matches("Nothing new in the configuration file").count();
    let before = same();
    eventually!(same() >= before + 2);
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
async fn a_scrape_has_each_family_once_and_what_was_done_under_the_peers_names() {
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
    assert!(page.contains("noroshi_alerts{state=\"active\"} 1"), "{page}");
    // What the dashboard and the rules of the alertmanager mixin ask for, as its jsonnet has them.
    for sample in [
        "alertmanager_alerts{",
        "alertmanager_alerts_received_total{",
        "alertmanager_alerts_invalid_total{",
        "alertmanager_notifications_total{integration=\"webhook\"} ",
        "alertmanager_notifications_failed_total{integration=\"webhook\",",
        "alertmanager_notification_latency_seconds_bucket{integration=\"webhook\",le=\"1\"} 1",
        "alertmanager_notification_latency_seconds_sum{integration=\"webhook\"} ",
        "alertmanager_notification_latency_seconds_count{integration=\"webhook\"} 1",
        "alertmanager_config_last_reload_successful 1",
        "alertmanager_config_hash ",
        "process_start_time_seconds ",
    ] {
        assert!(page.lines().any(|own| own.starts_with(sample)), "{sample} is not in\n{page}");
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

/// As Alertmanager has it, and as karma needs it where it is no proxy. The daemon refuses the same.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_may_set_silences() {
    let place = Place::new().await;
    let daemon = place.start(&[]);
    let silence = json!({
        "matchers": [{ "name": "a", "value": "b", "isRegex": false }],
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z", "createdBy": "x", "comment": "x",
    });
    let headers =
        ["Content-Type: application/json", "Origin: http://karma", "Sec-Fetch-Site: cross-site"];
    let body = silence.to_string();
    let answer = daemon.send("POST", "/api/v2/silences", &headers, body.as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
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
