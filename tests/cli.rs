//! The binary as a person or a script meets it: help, exit codes, output, signals.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{fmt::Write as _, process::Output};

use support::daemon::{Daemon, noroshi};

fn output(arguments: &[&str]) -> Output {
    noroshi(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A port on which nothing listens.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Every `--help`, so that a change of the command line is seen in review.
#[test]
fn the_command_line_is_frozen() {
    let mut command = noroshi::cli::command().term_width(100);
    command.build();
    let mut all = String::new();
    write!(all, "{}", command.render_long_help()).unwrap();
    for sub in command.get_subcommands_mut() {
        let name = sub.get_name().to_owned();
        write!(all, "\n==== noroshi {name} ====\n\n{}", sub.render_long_help()).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn each_flag_shows_its_default_and_its_variable() {
    let help = text(&output(&["--help"]).stdout);
    for flag in ["config.file", "web.listen-address", "web.route-prefix", "web.external-url"] {
        assert!(help.contains(&format!("--{flag}")), "{flag}");
    }
    for flag in help.split("\n      --").skip(1) {
        let flag = flag.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flag.contains("[default:") && flag.contains("[env: NOROSHI__"), "--{flag}");
    }
}

#[test]
fn help_and_version_go_to_stdout_and_a_wrong_flag_to_stderr() {
    for flag in ["--help", "--version"] {
        let shown = output(&[flag]);
        assert_eq!(shown.status.code(), Some(0));
        assert!(!shown.stdout.is_empty() && shown.stderr.is_empty());
    }
    let refused = output(&["--web.listen-adress=x"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty());
    assert!(text(&refused.stderr).contains("--web.listen-address"), "no suggestion");
}

#[test]
fn explain_knows_every_reason_and_code() {
    let all = text(&output(&["explain"]).stdout);
    for line in all.lines() {
        let word = line.split_whitespace().next().unwrap();
        let one = output(&["explain", word]);
        assert_eq!(one.status.code(), Some(0), "{word}");
        let one = text(&one.stdout);
        assert!(one.contains("Likely causes:") && one.contains("Next:"), "{word}");
    }
    assert!(all.contains("tls_expired") && all.contains("C001"));
    for (word, answer) in [
        ("nonsense", "`noroshi explain` lists them all"),
        ("expired", "did you mean tls_expired?"),
        ("tls_expird", "did you mean tls_expired?"),
    ] {
        let answered = output(&["explain", word]);
        assert_eq!(answered.status.code(), Some(2));
        assert!(text(&answered.stderr).contains(answer), "{}", text(&answered.stderr));
    }
}

#[test]
fn completions_and_the_manual_page_build() {
    for shell in ["bash", "zsh", "fish", "elvish"] {
        let script = output(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0));
        assert!(text(&script.stdout).contains("check-config"), "{shell}");
    }
    assert!(text(&output(&["man"]).stdout).starts_with(".ie"));
}

#[test]
fn the_schema_is_json_and_knows_every_kind() {
    let schema: serde_json::Value = serde_json::from_slice(&output(&["schema"]).stdout).unwrap();
    let text = schema.to_string();
    for kind in noroshi::probe::spec::KINDS {
        assert!(text.contains(&format!("\"{}\"", kind.word)), "{}", kind.word);
    }
}

#[test]
fn a_probe_tells_why_and_exits_accordingly() {
    let address = format!("127.0.0.1:{}", free_port());
    let down = output(&["probe", "tcp", &address]);
    let shown = text(&down.stdout);
    assert_eq!(down.status.code(), Some(1), "{shown}{}", text(&down.stderr));
    assert!(shown.starts_with("DOWN") && shown.contains("connect_refused"), "{shown}");
    assert!(shown.contains("likely:") && shown.contains("ss -ltn"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "colour without a terminal");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let up = output(&["probe", "tcp", &address, "--json", "--count=2"]);
    assert_eq!(up.status.code(), Some(0));
    let lines: Vec<serde_json::Value> =
        text(&up.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["verdict"], "pass");
    assert!(lines[0]["phases"]["connect"].as_f64().unwrap() > 0.0);

    let prom = text(&output(&["probe", "tcp", &address, "--prom"]).stdout);
    assert!(prom.contains("\nnoroshi_check_success{") && !prom.contains("process_"), "{prom}");
}

#[test]
fn a_probe_that_makes_no_sense_is_a_usage_error() {
    for arguments in [
        ["probe", "htttp", "x"].as_slice(),
        &["probe", "tcp"],
        &["probe", "tcp", "127.0.0.1:1", "timeot=2s"],
        &["probe", "tcp", "127.0.0.1:1", "timeout"],
        &["probe", "tcp", "127.0.0.1:1", "timeout=soon"],
        &["probe"],
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(!refused.stderr.is_empty(), "{arguments:?}");
    }
    let hint = text(&output(&["probe", "htttp", "x"]).stderr);
    assert!(hint.contains("http"), "{hint}");
}

#[test]
fn a_local_fault_is_neither_up_nor_down() {
    // 192.0.2.0/24 is for documentation: no machine has an address of it.
    let port = free_port();
    let target = format!("127.0.0.1:{port}");
    let unknown = output(&["probe", "tcp", &target, "source_address=192.0.2.77"]);
    assert_eq!(unknown.status.code(), Some(3), "{}", text(&unknown.stdout));
    assert!(text(&unknown.stdout).contains("local_address"));
}

#[test]
fn a_wrong_configuration_starts_nothing_and_exits_78() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "[checks.a]\nintervall = \"3s\"\ntcp.address = \"127.0.0.1:1\"\n")
        .unwrap();
    let path = file.to_str().unwrap();
    for arguments in [["--config.file", path].as_slice(), &["check-config", path]] {
        let refused = output(arguments);
        let shown = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(78), "{shown}");
        assert!(
            shown.contains("bad.toml:2:1") && shown.contains("did you mean `interval`"),
            "{shown}"
        );
    }
    let json = output(&["check-config", path, "--format=json"]);
    let found: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(found[0]["span"]["line"], 2);
}

#[test]
fn warnings_are_mistakes_only_when_denied() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("warn.toml");
    let text = "[checks.a]\ninterval = \"3s\"\ntimeout = \"1s\"\nretry_interval = \"9s\"\ntcp.address = \"127.0.0.1:1\"\n";
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    assert_eq!(output(&["check-config", path]).status.code(), Some(0));
    assert_eq!(output(&["check-config", path, "--deny-warnings"]).status.code(), Some(78));
}

#[test]
fn the_effective_configuration_says_where_each_value_came_from_and_hides_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let text = "[defaults]\ntimeout = \"1s\"\n[checks.a]\nhttp.url = \"http://127.0.0.1:1\"\nhttp.bearer_token = \"hunter2\"\n";
    std::fs::write(&file, text).unwrap();
    let shown = noroshi(&["check-config", file.to_str().unwrap(), "--show-effective", "--sources"])
        .env("NOROSHI__CHECKS__A__INTERVAL", "7s")
        .output()
        .unwrap();
    let effective = self::text(&shown.stdout);
    assert_eq!(shown.status.code(), Some(0), "{}", self::text(&shown.stderr));
    assert!(!effective.contains("hunter2") && effective.contains("<secret>"), "{effective}");
    let line = |key: &str| {
        let found = effective.lines().find(|line| line.trim_start().starts_with(key));
        found.unwrap_or_else(|| panic!("no {key} in\n{effective}")).to_owned()
    };
    assert!(line("interval").contains("NOROSHI__CHECKS__A__INTERVAL"), "{effective}");
    assert!(effective.contains("c.toml:2"), "{effective}");
    assert!(effective.contains("default"), "{effective}");
}

#[test]
fn without_a_configuration_it_watches_itself_and_says_what_to_do() {
    let mut daemon = Daemon::start(&[]);
    daemon.until_metrics("self check", |metrics| {
        metrics.contains("noroshi_check_up{check=\"noroshi\"")
    });
    let log = daemon.log();
    assert!(log.contains("/metrics") && log.contains("config.example.toml"), "{log}");
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
}

/// A Service named noroshi makes Kubernetes set these in every pod of the namespace.
#[test]
fn the_variables_of_a_service_named_noroshi_do_no_harm() {
    let daemon = Daemon::spawn(
        noroshi(&["--web.listen-address=127.0.0.1:0"])
            .env("NOROSHI_PORT", "tcp://10.0.0.1:10070")
            .env("NOROSHI_SERVICE_HOST", "10.0.0.1")
            .env("NOROSHI_SERVICE_PORT", "10070")
            .env("NOROSHI_PORT_10070_TCP", "tcp://10.0.0.1:10070")
            .env("NOROSHI_PORT_10070_TCP_PROTO", "tcp")
            .env("NOROSHI_PORT_10070_TCP_ADDR", "10.0.0.1"),
    );
    assert_eq!(daemon.get("/-/healthy").status, 200);
}

#[test]
fn status_and_list_ask_a_running_instance() {
    let port = free_port();
    let (daemon, _folder, _) = Daemon::configured(&format!(
        "[checks.gone]\ninterval = \"1s\"\ntimeout = \"500ms\"\nfailures = 1\ntcp.address = \"127.0.0.1:{port}\"\n"
    ));
    daemon.until_metrics("a run", |metrics| metrics.contains("noroshi_check_up{check=\"gone\""));
    let url = daemon.url();
    let list = text(&output(&["list", "--url", &url]).stdout);
    assert!(list.contains("gone") && list.contains("tcp"), "{list}");
    let status = output(&["status", "--failing", "--exit-code", "--url", &url]);
    let shown = text(&status.stdout);
    assert_eq!(status.status.code(), Some(1), "{shown}");
    assert!(shown.contains("down") && shown.contains("connect_refused"), "{shown}");
    let nobody = output(&["status", "--url", &format!("http://127.0.0.1:{port}")]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("--url"));
}

#[test]
fn a_second_signal_ends_it_now() {
    // A target that never answers keeps a run in flight for its whole timeout.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut daemon, _folder, _) = Daemon::configured(&format!(
        "[checks.slow]\ninterval = \"8s\"\ntimeout = \"8s\"\nhttp.url = \"http://{}/\"\n",
        silent.local_addr().unwrap()
    ));
    let _held = silent.accept().unwrap();
    daemon.signal("TERM");
    daemon.until_log("msg=\"stopping:");
    // Again and again: one that comes before it listens for a second one still belongs to the first.
    for _ in 0..300 {
        daemon.signal("TERM");
        std::thread::park_timeout(std::time::Duration::from_millis(10));
        if daemon.log().contains("a second signal") {
            break;
        }
    }
    assert_eq!(daemon.wait().code(), Some(0));
    daemon.until_log("a second signal");
    // It waited neither for the run, whose end would change the state, nor for the grace, at whose end the run is cut.
    let log = daemon.log();
    assert!(!log.contains("state changed") && !log.contains("runs in flight are cut"), "{log}");
}

#[test]
fn the_environment_goes_over_the_file_of_a_running_daemon() {
    let target = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let text = "[defaults]\ninterval = \"1s\"\ntimeout = \"500ms\"\nfailures = 1\n[checks.a]\ngroup = \"file\"\ntcp.address = \"127.0.0.1:1\"\n";
    std::fs::write(&file, text).unwrap();
    let daemon = Daemon::spawn(
        noroshi(&["--web.listen-address=127.0.0.1:0"])
            .env("NOROSHI__CONFIG__FILE", &file)
            .env("NOROSHI__CHECKS__A__TCP__ADDRESS", target.local_addr().unwrap().to_string())
            .env("NOROSHI__WEB__ROUTE_PREFIX", "/under"),
    );
    assert_eq!(daemon.get("/metrics").status, 404);
    let up = "noroshi_check_up{check=\"a\",group=\"file\",kind=\"tcp\"} 1\n";
    daemon.until("/under/metrics", "the variable's target", |metrics| metrics.contains(up));
}

#[test]
fn yaml_runs_and_conf_d_is_added_and_watched() {
    let target = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = target.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let drop_in = folder.path().join("conf.d");
    std::fs::create_dir(&drop_in).unwrap();
    let file = folder.path().join("noroshi.yaml");
    let check = |name: &str| format!("checks:\n  {name}:\n    tcp: {{address: '{address}'}}\n");
    let defaults = "defaults: {interval: 1s, timeout: 500ms, failures: 1}\n";
    std::fs::write(&file, format!("{defaults}{}", check("yaml"))).unwrap();
    let toml = format!("[checks.first]\ngroup = \"added\"\ntcp.address = \"{address}\"\n");
    std::fs::write(drop_in.join("10.toml"), toml).unwrap();
    let daemon = Daemon::start(&["--config.file", file.to_str().unwrap()]);
    let up = |name: &str, group: &str| {
        format!("noroshi_check_up{{check=\"{name}\",group=\"{group}\",kind=\"tcp\"}} 1\n")
    };
    daemon.until_metrics("both files' checks", |metrics| {
        metrics.contains(&up("yaml", "default")) && metrics.contains(&up("first", "added"))
    });
    std::fs::write(drop_in.join("20.yaml"), check("second")).unwrap();
    daemon.until_metrics("the new file's check", |text| text.contains(&up("second", "default")));
    std::fs::remove_file(drop_in.join("10.toml")).unwrap();
    daemon.until_metrics("end of the removed file's check", |text| !text.contains("\"first\""));
    assert!(daemon.metrics().contains("check=\"yaml\""));
}

#[test]
fn warn_shows_trouble_alone() {
    let up = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    let common = "interval = \"1s\"\ntimeout = \"500ms\"\nfailures = 1\n";
    std::fs::write(
        &file,
        format!(
            "[checks.good]\n{common}tcp.address = \"{}\"\n[checks.bad]\n{common}tcp.address = \"127.0.0.1:{}\"\n",
            up.local_addr().unwrap(),
            free_port()
        ),
    )
    .unwrap();
    // Without its first line the address is not known: a fixed port, free a moment ago.
    let listen = format!("--web.listen-address=127.0.0.1:{}", free_port());
    let mut child =
        noroshi(&["--config.file", file.to_str().unwrap(), &listen, "--log.level=warn"])
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let line = lines.next().unwrap().unwrap();
    let _ = child.kill();
    let _ = child.wait();
    assert!(line.starts_with("ts=") && line.contains(" level=warn target=noroshi"), "{line}");
    assert!(line.contains("check=bad") && line.contains("reason=connect_refused"), "{line}");
}
