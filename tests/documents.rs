//! The repository is checked by tests, not by memory: what the documents promise about themselves.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

#[path = "documents/checks.rs"]
mod checks;
#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/configuration.rs"]
mod configuration;
#[path = "documents/console.rs"]
mod console;
#[path = "documents/likeness.rs"]
mod likeness;
#[path = "documents/links.rs"]
mod links;
#[path = "documents/pages.rs"]
mod pages;
#[path = "documents/picture.rs"]
mod picture;
#[path = "documents/recording.rs"]
mod recording;
#[path = "documents/session.rs"]
mod session;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::Path,
};

use noroshi::config::{AlertmanagerFile, AlertmanagerSource};
use support::daemon::{Daemon, noroshi};

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_dependency_has_its_reason_and_no_other_is_named() {
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let mut wanted: Vec<String> = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let names = manifest.get(section).and_then(toml::Value::as_table);
        wanted.extend(names.into_iter().flat_map(toml::Table::keys).cloned());
    }
    wanted.sort();
    wanted.dedup();
    let page = text("docs/dependencies.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split('|').next().unwrap());
    let mut named: Vec<String> = cells
        .flat_map(|cell| cell.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect();
    named.sort();
    named.dedup();
    assert_eq!(named, wanted);
}

/// What the differential test permits, its users can read.
#[test]
fn every_difference_that_is_permitted_is_told() {
    let page = text("docs/blackbox.md");
    let list = text("tests/real/blackbox/allowed.txt");
    let reasons: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("= ")).collect();
    assert!(reasons.len() > 30);
    for reason in reasons {
        assert!(page.contains(&format!("\n- {}\n", reason.trim())), "{reason}");
    }
}

#[test]
fn the_readme_is_short_and_links_lead_somewhere() {
    let readme = text("README.md");
    assert!(readme.lines().count() < 150);
    let wrong: Vec<String> = pages::pages().iter().flat_map(links::broken).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two commands: one runs it, one tests it; and what CI runs is the second one.
#[test]
fn the_readmes_commands_are_those_of_ci_and_make() {
    let (readme, makefile, ci) = (text("README.md"), text("Makefile"), text(".ci/run"));
    for target in ["run", "test"] {
        assert!(readme.contains(&format!("\n$ make {target}\n")), "make {target}");
        assert!(makefile.contains(&format!("\n{target}:")), "{target}");
    }
    assert!(ci.contains("make test"));
}

/// Whoever copies a block gets what the page promises: TOML loads, without an error or a warning; YAML and JSON can be read.
#[test]
fn every_block_of_a_configuration_can_be_used() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in pages::pages() {
        for block in page.blocks() {
            let refused = match block.language.as_str() {
                "toml" => configuration::loads(&block.text),
                "yaml" | "json" => configuration::can_be_read(&block.text),
                _ => continue,
            };
            seen += 1;
            let place = format!("{}:{}", page.path, block.line);
            match (refused, block.exempt) {
                (Err(why), None) => wrong.push(format!("{place}: {why}")),
                (Ok(()), Some(_)) => wrong.push(format!("{place}: says `Not tested` and could be")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 40, "{seen}");
}

/// What a page shows of a command is what the command prints: docs/README.md says how they are compared.
#[test]
fn every_command_of_a_console_prints_what_is_shown() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in pages::pages().iter().filter(|page| console::is_run(page)) {
        let (failed, without) = console::run(page);
        wrong.extend(failed);
        for tool in without {
            support::alone::missing(&format!("{tool}, for {}", page.path));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 4, "{seen}");
}

/// A tag that is not needed would hide a command that is not what it was; and how many there are is told.
#[test]
fn what_is_not_tested_says_so_and_why() {
    let (mut wrong, mut exempt) = (Vec::new(), Vec::new());
    for page in pages::pages() {
        for block in page.blocks() {
            let place = format!("{}:{}", page.path, block.line);
            // A command in a block of another language would be a way round.
            let typed = block.text.lines().any(|line| line.starts_with("$ "));
            let language = block.language.as_str();
            if ["", "bash", "shell"].contains(&language) || (typed && language != "console") {
                wrong
                    .push(format!("{place}: a command is `console`, and any block has a language"));
            }
            if language == "sh" || (language == "console" && block.exempt.is_some()) {
                wrong.extend(commands::unknown(&block).iter().map(|why| format!("{place}: {why}")));
            }
            let Some(why) = block.exempt.clone() else { continue };
            if !["console", "toml", "yaml", "json"].contains(&block.language.as_str()) {
                wrong.push(format!("{place}: no test would run it anyway"));
            } else if block.language == "console" && console::could_be_run(&block) {
                wrong.push(format!("{place}: says `Not tested` and could be"));
            }
            exempt.push(format!("{place}: {why}"));
        }
    }
    let told = format!("{} blocks are not tested:\n  {}\n", exempt.len(), exempt.join("\n  "));
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands beside an alertmanager.yml.
#[test]
fn the_example_of_the_file_beside_loads() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.yml"), "route: { receiver: ops }\nreceivers: [{ name: ops }]\n").unwrap();
    let page = pages::Page { path: String::new(), text: text("docs/alertmanager.md") };
    let blocks = page.blocks();
    let block = blocks.iter().find(|block| block.language == "toml").unwrap();
    fs::write(at("noroshi.toml"), &block.text).unwrap();
    let (path, extras) = (at("a.yml"), Some(at("noroshi.toml")));
    let source = AlertmanagerSource { path, extras, ..AlertmanagerSource::default() };
    let read = AlertmanagerFile::read(&source);
    assert_eq!(read.diagnostics, [], "{}", read.human(""));
    let alerting = read.alerting.unwrap();
    assert!(alerting.pipeline.flap_hold.is_some() && alerting.pipeline.maintenance.len() == 1);
    assert_eq!(alerting.pipeline.receivers[0].rate_limit.unwrap().notices, 10);
    assert_eq!(alerting.receivers.receivers[0].limits.give_up_after.to_string(), "12h");
    assert_eq!(alerting.receivers.deadmen.len(), 1);
}

/// The flags of Alertmanager 0.33.1, as its `--help` has them.
const FLAGS: &[&str] = &[
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
];

/// What each flag does here stands in the page: all of Alertmanager's, and all that the binary knows.
#[test]
fn every_flag_of_alertmanager_is_told_and_taken() {
    let page = text("docs/alertmanager.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `--")?.split('`').next());
    let told: BTreeSet<&str> = rows.collect();
    let help = noroshi(&["alertmanager", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let lines = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let known = lines.filter_map(|line| line.split([' ', '=']).next());
    let taken: BTreeSet<&str> = known.filter(|name| !["help", "version"].contains(name)).collect();
    assert_eq!(told, taken);
    let missing: Vec<_> = FLAGS.iter().filter(|name| !taken.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What tests permit to differ from Alertmanager, its users can read; and nothing that no test needs any more.
#[test]
fn every_difference_from_alertmanager_is_told() {
    let mut permitted = BTreeSet::new();
    for file in ["tests/real/alertmanager/templates/allowed.txt", "tests/alertmanager/otherwise"] {
        let list = text(file);
        let reason = |line: &str| Some(line.split_once(" | ")?.1.to_owned());
        permitted.extend(list.lines().filter_map(reason));
    }
    for (file, name) in [
        ("tests/real/alertmanager/api.rs", "const ALLOWED:"),
        ("tests/real/alertmanager/payloads/mod.rs", "const ALLOWED:"),
    ] {
        let source = text(file);
        let list = source.split_once(name).unwrap().1.split_once("\n];").unwrap().0;
        let reason = |line: &str| Some(line.strip_suffix("\"),")?.rsplit_once('"')?.1.to_owned());
        permitted.extend(list.lines().filter_map(reason));
    }
    let page = text("docs/alertmanager.md");
    let section = page.split_once("\n### Whatever else the tests permit\n").unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let told: BTreeSet<String> =
        section.lines().filter_map(|line| line.strip_prefix("- ").map(str::to_owned)).collect();
    assert!(permitted.len() > 10, "{permitted:?}");
    assert_eq!(told, permitted);
}

/// Dashboards and rules are written for names: those that the page lists are there, and no other of Alertmanager's.
#[test]
fn the_metrics_of_alertmanager_are_those_that_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alertmanager.yml");
    fs::write(&file, "route: { receiver: none }\nreceivers: [{ name: none }]\n").unwrap();
    let mut command = noroshi(&["alertmanager", "--web.listen-address", "127.0.0.1:0"]);
    command.arg("--config.file").arg(&file).arg("--storage.path").arg(folder.path().join("data"));
    let drop_in = Daemon::spawn(&mut command);
    // Families of answers are there with the first of them; sizes are known of pages beside the API.
    for path in ["/api/v2/receivers", "/-/healthy"] {
        assert_eq!(drop_in.get(path).status, 200);
    }
    let metrics = drop_in.get("/metrics").body;
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE alertmanager_"));
    let shown: BTreeSet<&str> = types.filter_map(|line| line.split(' ').next()).collect();
    let page = text("docs/alertmanager.md");
    let section =
        page.split_once("\n## Metrics\n").unwrap().1.split_once("\nWhat counts").unwrap().0;
    let told: BTreeSet<&str> =
        section.split('`').filter_map(|part| part.strip_prefix("alertmanager_")).collect();
    assert_eq!(told, shown);
}

/// Codes that the pages name are those that `noroshi explain` knows.
#[test]
fn codes_in_the_pages_are_explained() {
    let pages: BTreeMap<_, _> =
        ["docs/alerting.md", "docs/alertmanager.md"].map(|page| (page, text(page))).into();
    for (page, text) in pages {
        let words = text.split('`').skip(1).step_by(2);
        let is_code = |word: &&str| {
            let digits = word.strip_prefix(['A', 'C']).unwrap_or_default();
            digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let mut codes = 0;
        for code in words.filter(is_code) {
            let output = noroshi(&["explain", code]).output().unwrap();
            assert!(output.status.success(), "{page}: {code}");
            codes += 1;
        }
        assert!(codes > 5, "{page}");
    }
}
