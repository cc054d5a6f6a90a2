//! What `noroshi alertmanager` does of its own: the file beside the alertmanager.yml, warnings of what has no effect, files that
//! the peer starts with, and what is taken back while a receiver is down.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    drop_in::{Place, text},
    support::{
        daemon::{Daemon, noroshi},
        smtp, web,
    },
};

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
    let mail = smtp::serve(smtp::Script::default()).await;
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

/// Whatever was waiting for it, and over a crash as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_silence_that_is_set_while_a_receiver_is_down_holds_when_it_is_back() {
    let place = Place::new().await;
    let told = Arc::<Mutex<Vec<String>>>::default();
    let is_up = Arc::new(AtomicBool::new(false));
    let (keeps, up) = (Arc::clone(&told), Arc::clone(&is_up));
    let hook = web::serve(move |request| {
        if !up.load(Ordering::SeqCst) {
            return web::reply(503, &[], b"");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        keeps.lock().unwrap().push(body["groupLabels"]["alertname"].as_str().unwrap().to_owned());
        web::reply(200, &[], b"")
    })
    .await;
    place.write(&format!(
        "route: {{receiver: hook, group_by: [alertname], group_wait: 20ms, group_interval: 100ms}}\n\
         receivers: [{{name: hook, webhook_configs: [{{url: 'http://{}/'}}]}}]\n",
        hook.address()
    ));
    let daemon = place.start(&[]);
    assert_eq!(daemon.post("/api/v2/alerts", &fires("Down", "a")).unwrap().status, 200);
    let counts = |page: &str, line: &str| {
        page.lines().any(|own| own.starts_with(line) && !own.ends_with(" 0"))
    };
    daemon.until_metrics("a failed attempt", |page| {
        counts(page, "noroshi_notification_failures_total{")
    });
    let silence = json!({
        "matchers": [{ "name": "alertname", "value": "Down", "isRegex": false }],
        "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2090-01-01T00:00:00Z", "createdBy": "a", "comment": "b",
    });
    let silenced = daemon.post("/api/v2/silences", &silence).unwrap();
    let silenced: Value = serde_json::from_str(&silenced.body).unwrap();
    let hidden = "noroshi_notices_withheld_total{reason=\"hidden\"}";
    daemon.until_metrics("it is taken back", |page| {
        counts(page, hidden) && page.contains("noroshi_outbox_pending 0")
    });
    daemon.signal("KILL");
    drop(daemon);
    is_up.store(true, Ordering::SeqCst);
    let daemon = place.start(&[]);
    let until = |names: &[&str]| {
        let until = Instant::now() + Duration::from_secs(20);
        while *told.lock().unwrap() != names {
            assert!(Instant::now() < until, "{:?} instead of {names:?}", told.lock().unwrap());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    };
    assert_eq!(daemon.post("/api/v2/alerts", &fires("Other", "a")).unwrap().status, 200);
    until(&["Other"]);
    let id = silenced["silenceID"].as_str().unwrap();
    let path = format!("/api/v2/silence/{id}");
    assert_eq!(daemon.send("DELETE", &path, &[], b"").unwrap().status, 200);
    // Nobody was told of it.
    until(&["Other", "Down"]);
}
