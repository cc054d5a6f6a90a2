//! The loader, from files on disk to a checked configuration or to diagnostics in the right places.

#![expect(clippy::unwrap_used, reason = "a broken test may panic")]

#[path = "config/alerting.rs"]
mod alerting;
#[path = "config/kubernetes.rs"]
mod kubernetes;

use std::{fmt::Write as _, fs};

use figment::value::{Dict, Value};
use noroshi::{
    config::{self, Loaded, Sources},
    model::Diagnostic,
};
use tempfile::TempDir;

/// A directory with these files; a path may lead into directories.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn load(directory: &TempDir, paths: &[&str], environment: &[(&str, &str)]) -> Loaded {
    config::load(&Sources {
        files: paths.iter().map(|path| directory.path().join(path)).collect(),
        environment: environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        flags: Dict::new(),
    })
}

fn load_text(name: &str, text: &str) -> (TempDir, Loaded) {
    let directory = directory(&[(name, text)]);
    let loaded = load(&directory, &[name], &[]);
    (directory, loaded)
}

/// `C014 3:1` for each diagnostic.
fn places(diagnostics: &[Diagnostic]) -> Vec<String> {
    let place = |one: &Diagnostic| {
        one.span.as_ref().map_or("-".to_owned(), |span| format!("{}:{}", span.line, span.column))
    };
    diagnostics.iter().map(|one| format!("{} {}", one.code, place(one))).collect()
}

/// The diagnostics for people, without the directory, which differs from run to run.
fn shown(directory: &TempDir, loaded: &Loaded) -> String {
    let path = format!("{}/", directory.path().display());
    loaded.human(false, "nothing was started").replace(&path, "")
}

fn codes(loaded: &Loaded) -> Vec<&str> {
    loaded.diagnostics.iter().map(|one| one.code).collect()
}

const MISTAKES_TOML: &str = r#"
[defaults]
interval = "20s"
colour = "red"

[checks.types]
tcp.address = "192.0.2.1:80"
failures = true
timeout = "5 s"

[checks.missing]
[checks.missing.tcp]

[checks.two]
tcp.address = "192.0.2.1:80"
http.url = "https://example.org/"

[checks.orphan]
tcp.address = "192.0.2.1:80"
depends_on = ["typos"]

[checks.a]
tcp.address = "192.0.2.1:80"
depends_on = ["b"]

[checks.b]
tcp.address = "192.0.2.1:80"
depends_on = ["types", "a"]

[checks.slow]
http.url = "example.org/health"
timeout = "30s"
http.expect.body = [{ contains = "ok" }, { regex = "ok(" }]
"#;

const MISTAKES_YAML: &str = r#"
defaults:
  interval: 20s
  colour: red
checks:
  types:
    tcp: {address: "192.0.2.1:80"}
    failures: true
    timeout: 5 s
  missing:
    tcp: {}
  two:
    tcp: {address: "192.0.2.1:80"}
    http:
      url: https://example.org/
  orphan:
    tcp: {address: "192.0.2.1:80"}
    depends_on: [typos]
  a:
    tcp: {address: "192.0.2.1:80"}
    depends_on:
      - b
  b:
    tcp: {address: "192.0.2.1:80"}
    depends_on: [types, a]
  slow:
    http:
      url: example.org/health
      expect:
        body:
          - contains: ok
          - regex: ok(
    timeout: 30s
"#;

#[test]
fn ten_mistakes_are_ten_diagnostics_in_toml() {
    let (directory, loaded) = load_text("config.toml", MISTAKES_TOML);
    assert!(loaded.config.is_none());
    assert_eq!(
        places(&loaded.diagnostics),
        [
            "C014 4:1",
            "C010 8:12",
            "C011 9:11",
            "C012 12:17",
            "C021 16:1",
            "C024 20:15",
            "C025 24:15",
            "C011 31:12",
            "C026 32:11",
            "C011 33:52",
        ]
    );
    insta::assert_snapshot!(shown(&directory, &loaded));
}

#[test]
fn ten_mistakes_are_ten_diagnostics_in_yaml() {
    let (directory, loaded) = load_text("config.yaml", MISTAKES_YAML);
    assert_eq!(
        places(&loaded.diagnostics),
        [
            "C014 4:3",
            "C010 8:15",
            "C011 9:14",
            "C012 11:5",
            "C021 14:5",
            "C024 18:18",
            "C025 22:9",
            "C011 28:12",
            "C011 32:20",
            "C026 33:14",
        ]
    );
    insta::assert_snapshot!(shown(&directory, &loaded));
}

#[test]
fn json_holds_the_same() {
    let (_directory, loaded) = load_text("config.toml", MISTAKES_TOML);
    let all: serde_json::Value = serde_json::from_str(&config::json(&loaded.diagnostics)).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 10);
    assert_eq!(all[0]["code"], "C014");
    assert_eq!(all[0]["severity"], "error");
    assert_eq!(all[0]["span"]["line"], 4);
    assert_eq!(all[0]["path"], "defaults.colour");
}

#[test]
fn syntax_errors_of_all_files_come_together() {
    let directory = directory(&[("a.toml", "[checks\nx = 1\n"), ("b.yaml", "a: [1\nb: }\n")]);
    let loaded = load(&directory, &["a.toml", "b.yaml", "missing.toml", "c.ini"], &[]);
    let found = codes(&loaded);
    assert!(found.iter().filter(|code| **code == "C002").count() >= 2, "{found:?}");
    assert!(found.contains(&"C001") && found.contains(&"C003"), "{found:?}");
    assert!(loaded.config.is_none());
    assert_eq!(loaded.effective(true), "");
}

#[test]
fn layers_in_their_order() {
    let directory = directory(&[
        (
            "config.toml",
            "log.level = 'warn'\nweb.max_requests = 1\nschedule.per_host = 1\n[checks.a]\ntcp.address = 'h:1'\n",
        ),
        ("conf.d/20.yaml", "schedule: {per_host: 3}\n"),
        ("conf.d/10.toml", "schedule = { per_host = 2, concurrency = 2 }\nchecks.a.timeout = '3s'"),
        ("conf.d/.hidden.toml", "broken"),
        ("conf.d/readme.md", "no configuration"),
        ("more.yml", "log: {level: error}\n"),
    ]);
    let loaded = config::load(&Sources {
        files: vec![directory.path().join("config.toml"), directory.path().join("more.yml")],
        environment: vec![
            ("NOROSHI__WEB__MAX_REQUESTS".into(), "7".into()),
            ("NOROSHI__LOG__FORMAT".into(), "logfmt".into()),
        ],
        flags: Dict::from([(
            "log".into(),
            Value::from(Dict::from([("format".into(), Value::from("json"))])),
        )]),
    });
    assert_eq!(loaded.diagnostics, []);
    let config = loaded.config.as_ref().unwrap();
    assert_eq!(config.log.level, config::LogLevel::Error, "the second file wins");
    assert_eq!(config.schedule.per_host.get(), 3, "conf.d in the order of its names");
    assert_eq!(config.schedule.concurrency.get(), 2);
    assert_eq!(config.web.max_requests.get(), 7, "the environment wins over files");
    assert_eq!(config.log.format, config::LogFormat::Json, "flags win over all");
    assert_eq!(config.checks[0].settings.timeout.as_secs(), 3, "tables are merged");
    let sources = loaded.effective(true).replace(&format!("{}/", directory.path().display()), "");
    for line in [
        "level = \"error\"  # from more.yml:1",
        "format = \"json\"  # flag --log.format",
        "max_requests = 7  # environment variable NOROSHI__WEB__MAX_REQUESTS",
        "timeout = \"3s\"  # from conf.d/10.toml:2",
        "interval = \"30s\"  # default",
        "tcp.address = \"h:1\"  # from config.toml:5",
    ] {
        assert!(sources.lines().any(|own| own == line), "{line}\n{sources}");
    }
    assert_eq!(loaded.watched().last(), Some(&directory.path().join("conf.d")));
}

#[test]
fn a_directory_stands_for_its_files() {
    let directory = directory(&[
        ("etc/b.toml", "log.level = 'debug'\n"),
        ("etc/a.toml", "log.level = 'warn'\n[checks.a]\ntcp.address = 'h:1'"),
        ("etc/conf.d/z.toml", "[checks.z]\ntcp.address = 'h:1'"),
        ("etc/..data/a.toml", "broken"),
    ]);
    let loaded = load(&directory, &["etc"], &[]);
    assert_eq!(loaded.diagnostics, []);
    let config = loaded.config.unwrap();
    assert_eq!(config.log.level, config::LogLevel::Debug);
    let names: Vec<_> = config.checks.iter().map(|check| check.settings.id.as_str()).collect();
    assert_eq!(names, ["a", "z"]);
}

#[test]
fn what_kubernetes_injects_is_not_read() {
    let (_directory, loaded) = {
        let directory = directory(&[("config.toml", "[checks.a]\ntcp.address = 'h:1'")]);
        let injected = [
            ("NOROSHI_PORT", "tcp://10.0.0.1:10070"),
            ("NOROSHI_SERVICE_HOST", "10.0.0.1"),
            ("NOROSHI_SERVICE_PORT", "10070"),
            ("NOROSHI_SERVICE_PORT_HTTP", "10070"),
            ("NOROSHI_PORT_10070_TCP", "tcp://10.0.0.1:10070"),
            ("NOROSHI_PORT_10070_TCP_PROTO", "tcp"),
            ("NOROSHI_PORT_10070_TCP_PORT", "10070"),
            ("NOROSHI_PORT_10070_TCP_ADDR", "10.0.0.1"),
        ];
        let loaded = load(&directory, &["config.toml"], &injected);
        (directory, loaded)
    };
    assert_eq!(loaded.diagnostics, []);
    assert!(loaded.config.is_some());
}

#[test]
fn mistakes_in_variables_name_the_variable() {
    let directory = directory(&[("config.toml", "[checks.a]\ntcp.address = 'h:1'")]);
    let loaded = load(
        &directory,
        &["config.toml"],
        &[
            ("NOROSHI__WEB__ROUTE_PREFIX", "12"),
            ("NOROSHI__WEB__COLOUR", "red"),
            ("NOROSHI__CHECKS__A__GROUP", "007"),
            ("NOROSHI__", "x"),
        ],
    );
    let origins: Vec<_> =
        loaded.diagnostics.iter().map(|one| (one.code, one.origin.as_deref())).collect();
    assert_eq!(
        origins,
        [
            ("C030", None),
            ("C014", Some("environment variable NOROSHI__WEB__COLOUR")),
            ("C011", Some("environment variable NOROSHI__WEB__ROUTE_PREFIX")),
        ]
    );
    assert!(loaded.diagnostics[0].message.contains("NOROSHI__ "));
}

#[test]
fn words_in_variables_keep_their_text() {
    let directory = directory(&[("config.toml", "[checks.a]\ntcp.address = 'h:1'")]);
    let variables = [
        ("NOROSHI__CHECKS__A__GROUP", "007"),
        ("NOROSHI__CHECKS__A__LABELS__VERSION", "1.10"),
        ("NOROSHI__CHECKS__A__INVERT", "true"),
        ("NOROSHI__WEB__LISTEN_ADDRESS", "127.0.0.1:0, [::1]:0"),
        ("NOROSHI__DEFAULTS__FAILURES", "2/3"),
    ];
    let loaded = load(&directory, &["config.toml"], &variables);
    assert_eq!(loaded.diagnostics, []);
    let config = loaded.config.unwrap();
    let settings = &config.checks[0].settings;
    assert_eq!(&*settings.group, "007");
    assert_eq!(settings.labels.get("version").map(|value| &**value), Some("1.10"));
    assert!(settings.invert);
    assert_eq!(config.web.listen_address.len(), 2);
    assert_eq!(settings.failures.of.get(), 3);
}

#[test]
fn defaults_and_checks_merge() {
    let (_directory, loaded) = load_text(
        "config.toml",
        r#"
[defaults]
interval = "1m"
labels = { team = "web", tier = "1", region = "eu" }
guard = "uplink"
warn = { duration = "1s" }
[metrics]
export_labels = ["team"]
buckets = [0.1, 1]
[checks.uplink]
tcp.address = "192.0.2.1:53"
depends_on = ["router"]
[checks.router]
tcp.address = "192.0.2.1:80"
[checks.site]
tcp.address = "[2001:db8::1]:443"
interval = "5s"
labels = { tier = "2", region = "" }
warn = {}
"#,
    );
    assert_eq!(loaded.diagnostics, []);
    let config = loaded.config.as_ref().unwrap();
    let by_name = |name: &str| {
        &config.checks.iter().find(|check| check.settings.id.as_str() == name).unwrap().settings
    };
    let site = by_name("site");
    assert_eq!(site.timeout.as_secs(), 5, "the built-in timeout follows a short interval");
    let labels: Vec<_> = site.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(labels, ["team=web", "tier=2"]);
    assert_eq!(site.export_labels.len(), 1);
    assert!(site.warn.is_empty());
    assert_eq!(site.guard.as_ref().map(noroshi::model::CheckId::as_str), Some("uplink"));
    assert_eq!(*site.buckets, [0.1, 1.0]);
    assert_eq!((by_name("uplink").guard.as_ref(), by_name("router").guard.as_ref()), (None, None));
    assert_eq!(
        (by_name("router").timeout.as_secs(), by_name("router").interval.as_secs()),
        (10, 60)
    );
}

#[test]
fn effective_values_load_again_to_the_same() {
    let (directory, loaded) = load_text(
        "config.toml",
        r#"
[defaults]
guard = "a"
flapping = { window = 10 }
[checks.a]
tcp.address = "192.0.2.1:80"
labels = { "team" = "we\"b" }
slo = { objective = 0.99, latency = "1s" }
[checks."b c.d"]
tcp.address = "192.0.2.1:80"
failures = "2/5"
resolve = ["*:*:192.0.2.7"]
dns_server = "192.0.2.53"
[web]
external_url = "https://example.org/noroshi/"
"#,
    );
    assert_eq!(loaded.diagnostics, []);
    let text = loaded.effective(false);
    fs::write(directory.path().join("again.toml"), &text).unwrap();
    let again = load(&directory, &["again.toml"], &[]);
    assert_eq!(again.diagnostics, [], "{text}");
    assert_eq!(again.config, loaded.config, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn rules_about_single_keys() {
    let (directory, loaded) = load_text(
        "config.toml",
        r#"
[defaults]
interval = "10s"
timeout = "20s"
retry_interval = "30s"
depends_on = ["x"]
warn.metrics = [{ name = "noroshi_check_adresses", above = 3 }]
[metrics]
export_labels = ["team", "le"]
buckets = [1, 1]
[checks."a\u0007"]
tcp.address = "192.0.2.1:80"
[checks.b]
tcp.address = "192.0.2.1:80"
labels = { instance = "x", job = "x", cluster = "x", "a-b" = "x", __x = "x", severity = "x", ok = "x" }
slo = { objective = 99.9 }
flapping = { window = 1 }
buckets = []
interval = "30ms"
group = ""
retry_interval = "50ms"
warn.metrics = [{ name = "noroshi_check_addresses" }]
guard = "b"
[checks.c]
interval = "1m"
url = "https://example.org/"
http.ur = "x"
[checks.d]
htttp.url = "x"
[checks.e]
interval = "1m"
"#,
    );
    insta::assert_snapshot!(shown(&directory, &loaded));
}

#[test]
fn the_other_half_of_a_conflict_is_named() {
    let directory = directory(&[
        ("a.toml", "[defaults]\ntimeout = '20s'\n[checks.a]\ntcp.address = 'h:1'\n"),
        ("b.yaml", "checks:\n  a:\n    interval: 10s\n"),
    ]);
    let loaded = load(&directory, &["a.toml", "b.yaml"], &[]);
    let text = shown(&directory, &loaded);
    assert!(text.contains("--> b.yaml:3:15 (timeout 20s is set at a.toml:2:11)"), "{text}");
    let loaded = load(&directory, &["a.toml"], &[("NOROSHI__CHECKS__A__TIMEOUT", "1h")]);
    let text = shown(&directory, &loaded);
    assert!(
        text.contains(
            "--> environment variable NOROSHI__CHECKS__A__TIMEOUT; interval 30s is the default"
        ),
        "{text}"
    );
}

#[test]
fn a_missing_key_is_not_blamed_on_what_was_taken_out() {
    let (_directory, loaded) =
        load_text("c.toml", "[checks.a]\ntcp.address = 5\ntcp.adress = 'x'\n");
    assert_eq!(places(&loaded.diagnostics), ["C010 2:15", "C014 3:5"]);
    assert_eq!(loaded.diagnostics[1].hint.as_deref(), Some("did you mean `address`?"));
}

#[test]
fn secrets_are_nowhere() {
    let text = r#"
[checks.a]
tcp.address = 5
tcp.password = "hunter2"
http = { url = "https://u:hunter2@h/?token=hunter2", bearer_token = "hunter2", headers = { Authorization = "hunter2", Cookie = 5 } }
group = "https://u:hunter2@h/" # password = hunter2
labels.token = """
hunter2""" # as a value
interval = "https://u:hunter2@h/"
[web]
external_url = "https://u:hunter2@example.org/"
password = "hunter2
"#;
    for (name, text) in [
        ("syntax.toml", text.to_owned()),
        ("config.toml", text.replace("\"hunter2\n", "\"hunter2\"\n")),
        (
            "config.yaml",
            "checks: {a: {token: hunter2 hunter2, interval: {password: hunter2}}}".to_owned(),
        ),
        (
            "syntax.yaml",
            "checks: {a: {token: hunter2 hunter2, interval: {password: hunter2]}}".to_owned(),
        ),
    ] {
        let (_directory, loaded) = load_text(name, &text);
        assert!(loaded.has_errors());
        let everything = format!(
            "{}\n{}\n{}",
            loaded.human(true, ""),
            config::json(&loaded.diagnostics),
            loaded.effective(true)
        );
        assert!(!everything.contains("hunter2"), "{name}\n{everything}");
    }
}

#[test]
fn secrets_in_force_are_masked() {
    let directory = directory(&[(
        "config.toml",
        r#"
[checks.a.http]
url = "https://example.org/?api_key=hunter2&page=3"
headers = { X-Api-Key = "hunter2", Accept = "text/plain" }
basic_auth = { username = "user", password_file = "/run/password" }
[checks.b.http]
url = "https://example.org/"
bearer_token = "hunter2"
[checks.c.http]
url = "https://example.org/"
"#,
    )]);
    // A password of digits alone, with a zero that a number would lose.
    let variables = [
        ("NOROSHI__CHECKS__C__HTTP__BASIC_AUTH__USERNAME", "42"),
        ("NOROSHI__CHECKS__C__HTTP__BASIC_AUTH__PASSWORD", "00722"),
    ];
    let loaded = load(&directory, &["config.toml"], &variables);
    assert_eq!(loaded.diagnostics, []);
    let effective = loaded.effective(true);
    for shown in [
        "http.url = \"https://example.org/?api_key=<secret>&page=<secret>\"",
        "http.headers.x-api-key = \"<secret>\"  # from",
        "http.headers.accept = \"text/plain\"",
        "http.basic_auth.password_file = \"/run/password\"",
        "http.bearer_token = \"<secret>\"",
        "http.basic_auth.username = \"42\"",
        "http.basic_auth.password = \"<secret>\"",
    ] {
        assert!(effective.contains(shown), "{shown}\n{effective}");
    }
    assert!(!effective.contains("hunter2") && !effective.contains("722"), "{effective}");
    let debug = format!("{:?}", loaded.config);
    assert!(!debug.contains("00722"), "{debug}");
}

#[test]
fn what_a_kind_says_of_its_own_keys_has_a_place() {
    let (directory, loaded) = load_text(
        "config.toml",
        r#"
[checks.a.http]
url = "https://user:hunter2@example.org/"
[checks.b.http]
url = "https://example.org/"
body = "x"
body_file = "/x"
[checks.c.dns]
[checks.d.http]
url = "https://example.org/"
expect = { status = ["2xx", 99], json = [{ path = "$[" }] }
basic_auth = { username = "x", pasword = "hunter2" }
"#,
    );
    let text = shown(&directory, &loaded);
    assert!(!text.contains("hunter2"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn ten_thousand_checks() {
    let mut text = String::from("[defaults]\ninterval = '1m'\n");
    for number in 0..10_000 {
        let _ = write!(
            text,
            "[checks.check-{number:05}]\ntcp.address = 'h{number}.example.org:443'\ntimeout = '5s'\nlabels = {{ team = 'a' }}\n"
        );
    }
    let (_directory, loaded) = load_text("config.toml", &text);
    let checks = &loaded.config.as_ref().unwrap().checks;
    assert_eq!(checks.len(), 10_000);
    assert_eq!(checks[9_999].settings.id.as_str(), "check-09999");
    assert_eq!(loaded.effective(true).matches("[checks.").count(), 10_000);
}

#[test]
fn one_off_checks() {
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
    };
    let check =
        config::one_off("tcp", "192.0.2.1:80", &pairs(&[("timeout", "1s"), ("labels.n", "5")]));
    let check = check.unwrap();
    assert_eq!(check.settings.kind, "tcp");
    assert_eq!(&*check.settings.target, "192.0.2.1:80");
    assert_eq!(check.settings.timeout.as_secs(), 1);
    assert_eq!(check.settings.labels.get("n").map(|value| &**value), Some("5"));

    let errors = config::one_off("tpc", "x", &[]).unwrap_err();
    assert_eq!(errors[0].hint.as_deref(), Some("did you mean `tcp`?"));
    let errors = config::one_off(
        "tcp",
        "h:1",
        &pairs(&[("tcp.colour", "red"), ("timeout", "x"), ("a..b", "")]),
    );
    let origins: Vec<_> =
        errors.unwrap_err().into_iter().map(|one| (one.code, one.origin)).collect();
    let expected =
        [("C011", "argument timeout"), ("C014", "argument a..b"), ("C014", "argument tcp.colour")];
    assert_eq!(origins, expected.map(|(code, origin)| (code, Some(origin.to_owned()))));
}

#[test]
fn explain_knows_every_code() {
    for code in config::Code::ALL {
        assert!(!code.explanation().next.is_empty());
    }
    assert_eq!("c014".parse(), Ok(config::Code::UnknownKey));
}

#[test]
fn times_have_an_upper_bound() {
    let check = "[checks.a]\ntcp.address = \"127.0.0.1:1\"\n";
    for key in ["interval", "timeout", "retry_interval"] {
        let (directory, loaded) = load_text("a.toml", &format!("{check}{key} = \"1000y\"\n"));
        assert!(codes(&loaded).contains(&"C011"), "{key}: {:?}", codes(&loaded));
        let shown = shown(&directory, &loaded);
        assert!(shown.contains("must be at most 1y"), "{shown}");
    }
    let (_directory, loaded) = load_text("a.toml", &format!("{check}interval = \"1y\"\n"));
    assert!(codes(&loaded).is_empty(), "{:?}", codes(&loaded));
}

#[test]
fn what_is_in_force_shows_no_secret() {
    let text = r#"
[checks.dialogue]
tcp.address = "127.0.0.1:1"
tcp.dialogue = [
    { send = "PASS hunter2\r\n" },
    { send = "AUTH PLAIN hunter2\r\n" },
    { send = "a login me hunter2\r\n" },
]
[checks.socket]
websocket.url = "wss://example.org/?code=hunter2"
websocket.dialogue = [{ send = '{"type":"auth","with":"hunter2"}' }]
[checks.web]
http.url = "https://example.org/?sig=hunter2&hunter2"
http.method = "POST"
http.body_json = { password = 87654321, deep = [{ api_key = 8765.4321 }], page = 3 }
http.headers = { "X-Pwd" = "hunter2" }
"#;
    let (_directory, loaded) = load_text("a.toml", text);
    assert!(codes(&loaded).is_empty(), "{:?}", codes(&loaded));
    for sources in [false, true] {
        let shown = loaded.effective(sources);
        assert!(!shown.contains("hunter2") && !shown.contains("8765"), "{shown}");
        assert!(shown.contains("page = 3"), "{shown}");
    }
    let (directory, loaded) =
        load_text("b.toml", &text.replace("\\r\\n\" },", "\", nonsense = 1 },"));
    let shown = shown(&directory, &loaded);
    assert!(!shown.contains("hunter2") && shown.contains("nonsense"), "{shown}");
}

#[test]
fn a_run_that_cannot_end_in_time_is_refused() {
    for (count, wanted) in [(51, &["C028"][..]), (50, &[])] {
        let text = format!("[checks.a]\nicmp = {{ host = \"127.0.0.1\", count = {count} }}\n");
        let (_directory, loaded) = load_text("a.toml", &text);
        assert_eq!(codes(&loaded), wanted, "{count}");
    }
}
