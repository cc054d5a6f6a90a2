//! Every command of amtool, sent to both programs in the same order: the same words, the same exit code.

use std::{collections::HashMap, path::PathBuf, process::Command};

use regex::Regex;

use super::peers::{Peer, Side};
use crate::server::part;

const CONFIG: &str = r#"global: { resolve_timeout: 10m }
route:
  receiver: default
  group_by: [alertname]
  group_wait: 1h
  routes:
  - receiver: pages
    matchers: [severity="critical"]
    continue: true
  - receiver: team
    match_re: { team: "web|db" }
    group_by: ['...']
receivers:
- name: default
- name: pages
  webhook_configs: [{ url: "http://127.0.0.1:9/secret" }]
- name: team
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [team]
"#;

const SILENCES: &str = r#"[
  {"matchers":[{"name":"alertname","value":"Imported","isRegex":false}],"startsAt":"2026-01-01T00:00:00Z",
   "endsAt":"2100-01-01T00:00:00Z","createdBy":"import","comment":"from a file"},
  {"matchers":[{"name":"team","value":"w.*","isRegex":true}],"startsAt":"2099-01-01T00:00:00Z",
   "endsAt":"2100-01-01T00:00:00Z","createdBy":"import","comment":"later"}
]"#;

/// In this order, for they build on each other. `{first}` is the id that the first `silence add` has told; `{import}` and
/// `{config}` are files.
const COMMANDS: &[&str] = &[
    "cluster show",
    "config show",
    "config routes show",
    "config routes test severity=critical team=web",
    "config routes test --verify.receivers=pages,team severity=critical team=db",
    "config routes test --verify.receivers=default severity=critical",
    "alert query",
    "alert add Down severity=critical team=web --annotation=summary=gone --generator-url=http://here/graph",
    "alert add Slow severity=warning team=web",
    "alert add Slow severity=warning team=db --end=2100-01-01T00:00:00Z",
    "alert add alertname=Odd name=狼煙 quoted=a\"b",
    "alert add severity=critical",
    "alert add",
    "alert query --output=json",
    "alert query --output=extended",
    "alert query",
    "alert query Slow",
    "alert query --inhibited",
    "alert query --inhibited --silenced --active --unprocessed severity=~w.*",
    "alert query --receiver=team",
    "alert query --receiver=te.*",
    "alert query --receiver=(",
    "alert query team!=web",
    "alert query =x",
    "silence query",
    "silence add --author=me --comment=work --duration=2h alertname=Slow team=db",
    "silence add --author=me alertname=NoComment",
    "silence add --author=me --comment=regex alertname=~S.*",
    "silence add --author=me --comment=bad alertname=~(",
    "silence add --author=me --comment=all alertname=~.*",
    "silence add --author=me --comment=past --end=2020-01-01T00:00:00Z alertname=x",
    "silence add --author=me --comment=later --start=2099-01-01T00:00:00Z --end=2099-01-02T00:00:00Z alertname=x",
    "silence add --author=me --comment=noted --annotation=ticket=42 alertname=Noted",
    "silence query --output=json",
    "silence query --output=extended",
    "silence query",
    "silence query --quiet",
    "silence query --within=3h",
    "silence query --created-by=me",
    "silence query --created-by=nobody",
    "silence query --id={first}",
    "silence query alertname=Slow",
    "alert query --silenced",
    "silence update --comment=longer --duration=5h {first}",
    "silence query --id={first} --output=extended",
    "silence import --worker=1 {import}",
    "silence query --created-by=import --output=extended",
    "silence expire {first}",
    "silence expire {first}",
    "silence expire 00000000-0000-0000-0000-000000000000",
    "silence expire nonsense",
    "silence query --expired --output=extended",
    "silence update --comment=x 00000000-0000-0000-0000-000000000000",
    "check-config {config}",
    "config routes test --config.file={config} team=db",
];

#[test]
fn every_command_says_the_same() {
    let Some(amtool) = part("amtool") else { return };
    let Some(theirs) = Side::Theirs.start(CONFIG, &[]) else { return };
    let Some(ours) = Side::Ours.start(CONFIG, &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (import, config) = (folder.path().join("silences.json"), folder.path().join("am.yml"));
    std::fs::write(&import, SILENCES).unwrap();
    std::fs::write(&config, CONFIG).unwrap();
    let files = [("{import}", import), ("{config}", config)];
    let mut sides = [theirs, ours].map(|peer| Session::new(amtool.clone(), peer));
    for command in COMMANDS {
        let [wanted, got] = sides.each_mut().map(|side| side.run(command, &files));
        assert_eq!(got, wanted, "amtool {command}");
        if command.starts_with("alert add") {
            // Both take alerts into their groups a moment after the answer.
            for side in &sides {
                side.peer.settled();
            }
        }
    }
}

/// amtool against one of them, and the ids it has told so far.
struct Session {
    amtool: PathBuf,
    peer: Peer,
    ids: HashMap<String, usize>,
    first: String,
}

impl Session {
    fn new(amtool: PathBuf, peer: Peer) -> Self {
        Self { amtool, peer, ids: HashMap::new(), first: String::new() }
    }

    /// What it says, without what must differ, and its exit code.
    fn run(&mut self, command: &str, files: &[(&str, PathBuf)]) -> String {
        let mut words: Vec<String> = command
            .split(' ')
            .map(|word| {
                files.iter().fold(word.replace("{first}", &self.first), |word, (name, path)| {
                    word.replace(name, path.to_str().unwrap())
                })
            })
            .collect();
        words.push(format!("--alertmanager.url={}", self.peer.daemon.url()));
        // A home without settings of amtool's own.
        let output = Command::new(&self.amtool)
            .args(&words)
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("USER", "tester")
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        format!("{}exit {:?}", self.masked(&text), output.status.code())
    }

    fn masked(&mut self, text: &str) -> String {
        let id =
            Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
        // In the order of their making, which `silence add` shows; a list may have another.
        for found in id.find_iter(text) {
            let next = self.ids.len();
            self.ids.entry(found.as_str().to_owned()).or_insert(next);
            if self.first.is_empty() && text.trim() == found.as_str() {
                found.as_str().clone_into(&mut self.first);
            }
        }
        let text = id.replace_all(text, |found: &regex::Captures<'_>| {
            format!("id{}", self.ids.get(&found[0]).unwrap())
        });
        let text = text.replace(self.peer.daemon.url().trim_start_matches("http://"), "HOST:PORT");
        let moment = "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(\\.[0-9]+)?(Z| UTC)";
        let moments = Regex::new(moment).unwrap();
        let now = jiff::Timestamp::now().strftime("%Y-%m").to_string();
        let text = moments.replace_all(&text, |found: &regex::Captures<'_>| {
            // Moments that a command names are compared, those of the run are not.
            if found[0].starts_with(&now) { "MOMENT".to_owned() } else { found[0].to_owned() }
        });
        let columns = Regex::new(" {2,}").unwrap();
        columns.replace_all(&text, "  ").into_owned()
    }
}
