//! From a check that fails to a person who is told, in process: the app with an alert pipeline, against a webhook that keeps
//! what it hears.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

#[path = "alerting/drop_in.rs"]
mod drop_in;
#[path = "alerting/own.rs"]
mod own;
#[path = "alerting/strangers.rs"]
mod strangers;
mod support;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use noroshi::{
    app::{App, Options, StartError},
    clock::Clock,
};
use parking_lot::Mutex;
use serde_json::Value;
use support::{
    Peer,
    app::{COMMON, ask, sources},
    eventually, web,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a webhook was told, one by one; and how often of a marker ([`told_later`]).
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Value>>>, Arc<AtomicU16>);

impl Told {
    /// The status of each notice.
    fn statuses(&self) -> Vec<String> {
        self.0.lock().iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect()
    }

    fn last(&self) -> Value {
        self.0.lock().last().cloned().unwrap_or_default()
    }
}

/// A webhook, and what it is told.
async fn hook() -> (Peer, Told) {
    let told = Told::default();
    let keeps = told.clone();
    let peer = web::serve(move |request| {
        if request.path() == "/marker" {
            keeps.1.fetch_add(1, Ordering::SeqCst);
        } else {
            keeps.0.lock().push(serde_json::from_slice(&request.body).unwrap());
        }
        web::reply(200, &[], b"")
    })
    .await;
    (peer, told)
}

/// A site that is as well as the test says.
async fn site() -> (Peer, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(500));
    let answers = Arc::clone(&status);
    let peer = web::serve(move |_| web::reply(answers.load(Ordering::SeqCst), &[], b"")).await;
    (peer, status)
}

/// An app with a folder of its own, which outlives it.
struct House {
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn write(&self, hook: &Peer, site: &Peer, more: &str) {
        let store = self.folder.path().join("noroshi.db");
        let text = format!(
            "{COMMON}[store]\npath = \"{}\"\n[route]\nreceiver = \"ops\"\ngroup_wait = \"50ms\"\ngroup_interval = \"100ms\"\n\
             [[route.routes]]\nmatchers = [\"alertname=Marker\"]\nreceiver = \"marker\"\ngroup_wait = \"200ms\"\n\
             [receivers.marker]\nwebhook.url = \"http://{hook}/marker\"\n\
             [receivers.ops]\nwebhook.url = \"http://{hook}/\"\n[checks.site]\nhttp.url = \"http://{}/\"\n{more}",
            store.display(),
            site.address(),
            hook = hook.address(),
        );
        fs::write(self.file(), text).unwrap();
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("noroshi.toml")
    }

    async fn start(&self) -> App {
        try_start(&self.file()).await.unwrap()
    }
}

async fn try_start(file: &Path) -> Result<App, StartError> {
    let grace = Duration::from_secs(3);
    App::start(Options { sources: sources(file), clock: Clock::system(), grace }).await
}

async fn state(app: &App) -> String {
    let (_, answer) = ask(app.addresses()[0], "/api/v1/checks/site").await.unwrap();
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    body["state"].as_str().unwrap_or_default().to_owned()
}

async fn alerts(app: &App, path: &str) -> Value {
    let (_, answer) = ask(app.addresses()[0], path).await.unwrap();
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

/// Waits for what comes after all that could still come: two more runs of the check, and then an alert of another group, which
/// waits longer than any other timer here, is told.
async fn told_later(app: &App, told: &Told) {
    let runs = async || {
        let (_, page) = ask(app.addresses()[0], "/metrics").await.unwrap();
        let line = page.lines().find(|line| line.starts_with("noroshi_check_runs_total{")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let before = runs().await;
    eventually!(runs().await >= before + 2.0);
    let before = told.1.load(Ordering::SeqCst);
    let marker = r#"[{"labels":{"alertname":"Marker"}}]"#;
    assert_eq!(post(app, "/api/v2/alerts", "", marker).await, "200");
    eventually!(told.1.load(Ordering::SeqCst) > before);
}

/// The status of the answer to some JSON, posted with this header.
async fn post(app: &App, path: &str, header: &str, body: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(app.addresses()[0]).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{header}\r\n{body}",
        body.len(),
    );
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_goes_down_is_told_with_its_reason_and_resolved() {
    let ((hook, told), (site, status)) = (hook().await, site().await);
    let house = House::new();
    house.write(&hook, &site, "");
    let app = house.start().await;
    eventually!(told.statuses() == ["firing"], "{:?}", told.0.lock());
    let (_, page) = ask(app.addresses()[0], "/metrics").await.unwrap();
    assert!(page.contains("noroshi_alerts{state=\"active\"} 1"), "{page}");
    let alert = &told.last()["alerts"][0];
    assert_eq!(alert["labels"]["alertname"], "NoroshiCheckDown");
    assert_eq!(alert["labels"]["check"], "site");
    assert_eq!(alert["labels"]["severity"], "warning");
    assert_eq!(alert["annotations"]["reason"], "http_status");
    assert_eq!(told.last()["receiver"], "ops");
    let listed = alerts(&app, "/api/v2/alerts").await;
    assert_eq!(listed[0]["receivers"][0]["name"], "ops");

    status.store(200, Ordering::SeqCst);
    eventually!(told.statuses() == ["firing", "resolved"], "{:?}", told.0.lock());
    assert!(app.stop().await, "something did not end by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_firing_and_sends_the_resolve() {
    let ((hook, told), (site, status)) = (hook().await, site().await);
    let house = House::new();
    house.write(&hook, &site, "");
    let app = house.start().await;
    eventually!(told.statuses() == ["firing"]);
    assert!(app.stop().await);

    // Still down: nobody is told again.
    let app = house.start().await;
    eventually!(state(&app).await == "down");
    assert_eq!(alerts(&app, "/api/v2/alerts").await[0]["labels"]["check"], "site");
    told_later(&app, &told).await;
    assert_eq!(told.statuses(), ["firing"], "{:?}", told.0.lock());
    assert!(app.stop().await);

    // Up meanwhile: the resolve follows.
    status.store(200, Ordering::SeqCst);
    let app = house.start().await;
    eventually!(told.statuses() == ["firing", "resolved"], "{:?}", told.0.lock());
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_mutes_and_what_is_still_down_after_it_is_told() {
    let ((hook, told), (site, _)) = (hook().await, site().await);
    let house = House::new();
    let now = Clock::system().now();
    let hour = jiff::SignedDuration::from_hours(1);
    let window = format!(
        "[maintenance.disks]\nmatchers = ['check=\"site\"']\nstarts_at = \"{}\"\nends_at = \"{}\"\n",
        now - hour,
        now + hour
    );
    house.write(&hook, &site, &window);
    let app = house.start().await;
    eventually!(state(&app).await == "down");
    told_later(&app, &told).await;
    assert_eq!(told.statuses(), [""; 0], "{:?}", told.0.lock());
    let silences = alerts(&app, "/api/v2/silences").await;
    assert_eq!(silences[0]["status"]["state"], "active", "{silences}");
    let (_, checks) = ask(app.addresses()[0], "/api/v1/checks/site").await.unwrap();
    assert!(checks.contains("maintenance"), "{checks}");

    house.write(&hook, &site, "");
    app.reload().await.unwrap();
    eventually!(told.statuses() == ["firing"], "{:?}", told.0.lock());
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_groups_and_sends_to_where_the_receiver_is_now() {
    let ((first, told), (site, status)) = (hook().await, site().await);
    let house = House::new();
    house.write(&first, &site, "");
    let app = house.start().await;
    eventually!(told.statuses() == ["firing"]);
    let (second, told_second) = hook().await;
    house.write(&second, &site, "[time_intervals.nights]\nweekdays = [\"monday\"]\n");
    app.reload().await.unwrap();
    told_later(&app, &told_second).await;
    assert_eq!(told.statuses(), ["firing"], "told again by the reload");
    assert_eq!(told_second.statuses(), [""; 0], "told again by the reload");
    status.store(200, Ordering::SeqCst);
    eventually!(told_second.statuses() == ["resolved"], "{:?}", told_second.0.lock());
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_only_prometheus_tells_of_is_not_told_here() {
    let ((hook, told), (site, _)) = (hook().await, site().await);
    for who in ["prometheus", "none"] {
        let house = House::new();
        house.write(&hook, &site, "");
        let text = fs::read_to_string(house.file()).unwrap();
        let text = text.replace("[checks.site]\n", &format!("[checks.site]\nnotify = {who:?}\n"));
        fs::write(house.file(), text).unwrap();
        let app = house.start().await;
        eventually!(state(&app).await == "down");
        assert_eq!(alerts(&app, "/api/v2/alerts").await, Value::Array(Vec::new()));
        told_later(&app, &told).await;
        assert_eq!(told.statuses(), [""; 0], "{who}: {:?}", told.0.lock());
        assert!(app.stop().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_to_a_provider_that_is_not_built_refuses_the_start_naming_both() {
    let ((hook, told), (site, _)) = (hook().await, site().await);
    let house = House::new();
    let missing = "[receivers.ops.pagerduty]\nrouting_key_file = \"/run/secrets/pagerduty\"\n";
    house.write(&hook, &site, missing);
    let Err(StartError::Alerting(refused)) = try_start(&house.file()).await else {
        panic!("it started")
    };
    let words = refused.to_string();
    assert!(words.contains("\"ops\"") && words.contains("pagerduty"), "{words}");

    let allowed = format!("{missing}[alerting]\nallow_missing_providers = true\n");
    house.write(&hook, &site, &allowed);
    let app = house.start().await;
    eventually!(told.statuses() == ["firing"]);
    // What the start refuses, a reload refuses too, and nothing changes.
    house.write(&hook, &site, missing);
    assert!(app.reload().await.unwrap_err().contains("pagerduty"));
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_template_fails_the_reload_and_not_the_page() {
    let ((hook, told), (site, _)) = (hook().await, site().await);
    let house = House::new();
    let (templates, file) = ("[alerting]\ntemplates = [\"*.tmpl\"]\n", "good.tmpl");
    let named = |words: &str| format!("{{{{ define \"mine\" }}}}{words}{{{{ end }}}}");
    fs::write(house.folder.path().join(file), named("fine")).unwrap();
    house.write(&hook, &site, templates);
    let app = house.start().await;
    eventually!(told.statuses() == ["firing"]);
    fs::write(house.folder.path().join(file), named("{{ .Nope")).unwrap();
    let why = app.reload().await.unwrap_err();
    assert!(why.contains(file), "{why}");
    assert_eq!(alerts(&app, "/api/v2/alerts").await.as_array().unwrap().len(), 1);
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_alerting_there_is_no_api_for_it_and_nothing_to_store() {
    let (site, _) = site().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noroshi.toml");
    let check = format!("{COMMON}[checks.site]\nhttp.url = \"http://{}/\"\n", site.address());
    fs::write(&file, check).unwrap();
    let app = try_start(&file).await.unwrap();
    eventually!(state(&app).await == "down");
    assert_eq!(ask(app.addresses()[0], "/api/v2/alerts").await.unwrap().0, 404);
    let (_, metrics) = ask(app.addresses()[0], "/metrics").await.unwrap();
    assert!(!metrics.contains("noroshi_alerts") && !metrics.contains("noroshi_store"));
    assert!(app.stop().await);
}

/// The heartbeats that came.
async fn heart() -> (Peer, Arc<AtomicU16>) {
    let beats = Arc::new(AtomicU16::new(0));
    let counts = Arc::clone(&beats);
    let peer = web::serve(move |_| {
        counts.fetch_add(1, Ordering::SeqCst);
        web::reply(200, &[], b"")
    })
    .await;
    (peer, beats)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_heartbeat_goes_out_while_the_store_cannot_write() {
    let ((hook, _), (site, status), (peer, beats)) = (hook().await, site().await, heart().await);
    let house = House::new();
    let url = format!("http://{}/", peer.address());
    house.write(&hook, &site, &format!("[deadman.watch]\nurl = \"{url}\"\ninterval = \"1s\"\n"));
    let app = house.start().await;
    let count = || beats.load(Ordering::SeqCst);
    eventually!(count() >= 2);
    // Somebody else holds the file.
    let other = rusqlite::Connection::open(house.folder.path().join("noroshi.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    eventually!({
        // Something to write, or nobody would notice.
        let now = status.load(Ordering::SeqCst);
        status.store(if now == 500 { 200 } else { 500 }, Ordering::SeqCst);
        let page = ask(app.addresses()[0], "/metrics").await.unwrap().1;
        page.contains("noroshi_store_degraded 1")
    });
    let before = count();
    eventually!({
        let page = ask(app.addresses()[0], "/metrics").await.unwrap().1;
        page.contains("noroshi_deadman_withheld_total{deadman=\"watch\"} 2")
    });
    assert!(count() <= before + 1, "{} after {before}", count());
    other.execute_batch("ROLLBACK").unwrap();
    let before = count();
    eventually!(count() > before + 1);
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_wants_its_token_and_another_one_after_a_reload() {
    let ((hook, _), (site, _)) = (hook().await, site().await);
    let house = House::new();
    let file = house.folder.path().join("token");
    fs::write(&file, "hunter2\n").unwrap();
    house.write(&hook, &site, "[alerting]\nhook_token_file = \"token\"\n");
    let app = house.start().await;
    let post = async |token: Option<&str>| {
        let body = r#"{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#;
        let header = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
        post(&app, "/hooks/alertmanager", &header.unwrap_or_default(), body).await
    };
    assert_eq!(post(None).await, "401");
    assert_eq!(post(Some("hunter3")).await, "401");
    assert_eq!(post(Some("hunter2")).await, "200");
    fs::write(&file, "hunter3").unwrap();
    app.reload().await.unwrap();
    assert_eq!(post(Some("hunter3")).await, "200");
    assert_eq!(post(Some("hunter2")).await, "401");
    // A file without a token opens nothing.
    fs::write(&file, "\n").unwrap();
    assert!(app.reload().await.unwrap_err().contains("it is empty"));
    assert_eq!(post(None).await, "401");
    assert!(app.stop().await);
}

/// Without its own page, nobody's browser silences.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_changes_nothing() {
    let ((hook, _), (site, _)) = (hook().await, site().await);
    let house = House::new();
    house.write(&hook, &site, "");
    let app = house.start().await;
    let alert = r#"[{"labels":{"alertname":"A"}}]"#;
    for (header, status) in [
        ("Sec-Fetch-Site: cross-site\r\nOrigin: http://evil.example\r\n", "403"),
        ("Origin: http://evil.example\r\n", "403"),
        ("Sec-Fetch-Site: same-origin\r\nOrigin: http://a\r\n", "200"),
        ("Origin: http://a\r\n", "200"),
        ("", "200"),
    ] {
        assert_eq!(post(&app, "/api/v2/alerts", header, alert).await, status, "{header}");
        let answer = post(&app, "/hooks/alertmanager", header, "{}").await;
        assert_eq!(answer == "403", status == "403", "{header}: {answer}");
        let answer = post(&app, "/api/v2/silences", header, "{}").await;
        assert_eq!(answer == "403", status == "403", "{header}: {answer}");
    }
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_can_be_asked_for_where_there_is_a_store_even_without_a_file() {
    let (site, _) = site().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noroshi.toml");
    let check = format!("[checks.site]\nhttp.url = \"http://{}/\"\n", site.address());
    for (store, status) in [("", 404), ("[store]\n", 200)] {
        fs::write(&file, format!("{COMMON}{store}{check}")).unwrap();
        let app = try_start(&file).await.unwrap();
        eventually!(state(&app).await == "down");
        for path in ["/api/v1/incidents", "/api/v1/deliveries"] {
            assert_eq!(ask(app.addresses()[0], path).await.unwrap().0, status, "{store}{path}");
        }
        if status == 200 {
            let all = alerts(&app, "/api/v1/incidents").await;
            assert_eq!(all["incidents"][0]["check"], "site", "{all}");
        }
        assert!(app.stop().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_template_of_a_secret_url_does_not_show_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noroshi.toml");
    for broken in [
        "https://hooks.example/hunter2/{{ nope }}",
        "https://hooks.example/hunter2/{{ .Nope }}",
        "https://hooks.example/hunter2/{{ hunter2 }}",
        "https://hooks.example/hunter2/{{ if }}",
        "https://hooks.example/{{ \"hunter2\" | toUpper 1 2 }}",
        "https://hooks.example/{{ \"hunter2 }}",
        "https://hooks.example/hunter2/{{ template \"none\" . }}",
        "ftp://me:hunter2@hooks.example/",
        "hunter2",
    ] {
        let url = broken.replace('"', "\\\"");
        let text =
            format!("[route]\nreceiver = \"ops\"\n[receivers.ops]\nwebhook.url = \"{url}\"\n");
        fs::write(&file, format!("{COMMON}{text}")).unwrap();
        let refused = try_start(&file).await.err().unwrap_or_else(|| panic!("{broken} is taken"));
        let words = match &refused {
            StartError::Config(loaded) => loaded.human(false, "nothing was started"),
            other => other.to_string(),
        };
        assert!(words.contains("ops") && !words.contains("hunter2"), "{broken}: {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_is_gone_at_a_start_without_any_ends_its_incident_and_its_alert() {
    let ((hook, told), (site, _)) = (hook().await, site().await);
    let house = House::new();
    house.write(&hook, &site, "");
    let app = house.start().await;
    eventually!(told.statuses() == ["firing"]);
    let open = alerts(&app, "/api/v1/incidents").await;
    assert_eq!(open["incidents"][0]["ended"], Value::Null, "{open}");
    assert!(app.stop().await);

    let text = fs::read_to_string(house.file()).unwrap();
    fs::write(house.file(), text.split("[checks.site]").next().unwrap()).unwrap();
    let app = house.start().await;
    eventually!(told.statuses() == ["firing", "resolved"], "{:?}", told.0.lock());
    let closed = alerts(&app, "/api/v1/incidents").await;
    assert_eq!(closed["incidents"].as_array().map(Vec::len), Some(1), "{closed}");
    assert!(closed["incidents"][0]["ended"].is_string(), "{closed}");
    assert!(app.stop().await);
}
