//! Templates as `amtool template render` renders them: every function, method and control structure, and the defaults.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use jiff::Timestamp;
use noroshi::{
    model::{Fingerprint, Lane, Notice, NoticeAlert, NoticeReason, Pairs},
    notify::template::{Data, Surroundings, Templates},
};

use crate::server::part;

/// `=== name` or `=== name (html)`, and below it the template as it is, up to the next.
const CASES: &str = include_str!("templates/cases.txt");
/// A file of definitions that both load.
const FILE: &str = include_str!("templates/file.tmpl");
/// `name | reason` for each case that is meant to differ.
const ALLOWED: &str = include_str!("templates/allowed.txt");

/// Defaults that people read in a title, click on, or sort by: the same to the letter.
const SAME: &[&str] = &[
    "__alertmanager",
    "__alertmanagerURL",
    "__subject",
    "__description",
    "slack.default.title",
    "slack.default.username",
    "slack.default.fallback",
    "slack.default.callbackid",
    "slack.default.pretext",
    "slack.default.titlelink",
    "slack.default.iconemoji",
    "slack.default.iconurl",
    "slack.default.text",
    "slack.default.footer",
    "slack.default.color",
    "pagerduty.default.description",
    "pagerduty.default.client",
    "pagerduty.default.clientURL",
    "opsgenie.default.message",
    "opsgenie.default.source",
    "wechat.default.to_user",
    "wechat.default.to_party",
    "wechat.default.to_tag",
    "wechat.default.agent_id",
    "victorops.default.entity_display_name",
    "victorops.default.monitoring_tool",
    "pushover.default.title",
    "pushover.default.url",
    "sns.default.subject",
    "discord.default.content",
    "discord.default.title",
    "msteams.default.summary",
    "msteams.default.title",
    "msteamsv2.default.title",
    "jira.default.summary",
    "jira.default.priority",
    "rocketchat.default.title",
    "rocketchat.default.alias",
    "rocketchat.default.titlelink",
    "rocketchat.default.emoji",
    "rocketchat.default.iconurl",
    "rocketchat.default.text",
    "mattermost.default.color",
    "mattermost.default.username",
    "mattermost.default.title",
    "mattermost.default.titlelink",
    "mattermost.default.fallback",
    "email.default.subject",
];

/// Defaults of several lines: the same words of the alerts, in a layout of our own.
const TOLD: &[&str] = &[
    "opsgenie.default.description",
    "wechat.default.message",
    "victorops.default.state_message",
    "pushover.default.message",
    "sns.default.message",
    "telegram.default.message",
    "discord.default.message",
    "webex.default.message",
    "msteams.default.text",
    "msteamsv2.default.text",
    "jira.default.description",
    "mattermost.default.text",
    "email.default.html",
];

/// Defaults that take a list of alerts.
const LISTS: &[&str] =
    &["__text_alert_list", "__text_alert_list_markdown", "pagerduty.default.instances"];

#[test]
fn templates_render_as_amtools_do() {
    let Some(peer) = Amtool::find(FILE) else { return };
    let set = Templates::parse(&[("file.tmpl".to_owned(), FILE.to_owned())]).unwrap();
    let data = data(NoticeReason::New, &[firing("a"), firing("b"), resolved("c")]);
    let mut allowed = allowed();
    let mut complaints = String::new();
    let cases = cases();
    assert!(cases.len() >= 80, "{} cases", cases.len());
    for Case { name, template, html } in &cases {
        let ours = if *html { set.html(template, &data) } else { set.text(template, &data) };
        let ours = ours.map_err(|error| error.to_string());
        let theirs = peer.render(&data, template, *html);
        let differ = match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => ours != theirs,
            (Err(_), Err(_)) => false,
            _ => true,
        };
        let shown = if *html { format!("{name} (html)") } else { (*name).to_owned() };
        match (differ, allowed.remove(&*shown)) {
            (false, None) | (true, Some(_)) => {}
            (false, Some(_)) => {
                let _ = writeln!(complaints, "{shown}: is allowed to differ, and does not");
            }
            (true, None) => {
                let _ = writeln!(
                    complaints,
                    "{shown}: {template}\n  theirs: {theirs:?}\n  ours:   {ours:?}"
                );
            }
        }
    }
    for name in allowed.keys() {
        let _ = writeln!(complaints, "{name}: is allowed to differ, and there is no such case");
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn what_defaults_show_in_one_line_is_the_same() {
    let Some(peer) = Amtool::find("") else { return };
    let set = Templates::parse(&[]).unwrap();
    let groups = [
        data(NoticeReason::First, &[firing("a")]),
        data(NoticeReason::New, &[firing("a"), firing("b"), resolved("c")]),
        data(NoticeReason::AllResolved, &[resolved("c")]),
    ];
    for name in SAME {
        let template = format!("{{{{ template \"{name}\" . }}}}");
        for data in &groups {
            let ours = set.text(&template, data).unwrap();
            let theirs = peer.render(data, &template, false).unwrap();
            assert_eq!(ours, theirs, "{name}");
        }
    }
}

#[test]
fn longer_defaults_tell_what_amtools_tell() {
    let Some(peer) = Amtool::find("") else { return };
    let set = Templates::parse(&[]).unwrap();
    let data = data(NoticeReason::New, &[firing("a"), firing("b"), resolved("c")]);
    let templates = TOLD.iter().map(|name| (*name, format!("{{{{ template \"{name}\" . }}}}")));
    let lists = LISTS.iter().map(|name| (*name, format!("{{{{ template \"{name}\" .Alerts }}}}")));
    for (name, template) in templates.chain(lists) {
        let html = name == "email.default.html";
        let ours =
            if html { set.html(&template, &data) } else { set.text(&template, &data) }.unwrap();
        let theirs = peer.render(&data, &template, html).unwrap();
        for value in told(&data) {
            let value = if html { in_html(&value) } else { value };
            assert_eq!(
                ours.matches(&value).count() > 0,
                theirs.matches(&value).count() > 0,
                "{name} tells of {value:?} in one of the two\n{ours}\n{theirs}"
            );
        }
    }
}

/// What a message may tell of its alerts.
fn told(data: &Data) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for alert in data.alerts() {
        for (name, value) in alert.labels.iter().chain(alert.annotations.iter()) {
            told.extend([name.to_owned(), value.to_owned()]);
        }
    }
    told
}

/// As both write text into HTML.
fn in_html(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '+' => out.push_str("&#43;"),
            char => out.push(char),
        }
    }
    out
}

struct Case {
    name: &'static str,
    template: &'static str,
    html: bool,
}

fn cases() -> Vec<Case> {
    let cases = CASES.split("=== ").skip(1).map(|case| {
        let (head, template) = case.split_once('\n').unwrap();
        let (name, html) = match head.strip_suffix(" (html)") {
            Some(name) => (name, true),
            None => (head, false),
        };
        Case { name, template: template.strip_suffix('\n').unwrap(), html }
    });
    let cases: Vec<_> = cases.collect();
    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "each name once");
    cases
}

fn allowed() -> BTreeMap<&'static str, &'static str> {
    let rows = ALLOWED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| row.split_once(" | ").unwrap()).collect()
}

struct Amtool {
    program: PathBuf,
    folder: tempfile::TempDir,
    /// Where its package has the default templates, which `render` does not load by itself.
    defaults: PathBuf,
}

impl Amtool {
    /// With this file of definitions.
    fn find(file: &str) -> Option<Self> {
        let program = part("amtool")?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file.tmpl"), file).unwrap();
        let defaults = defaults(&program);
        Some(Self { program, folder, defaults })
    }

    /// What it prints, or what it complains of.
    fn render(&self, data: &Data, template: &str, html: bool) -> Result<String, String> {
        let file = self.folder.path().join("data.json");
        std::fs::write(&file, serde_json::to_vec(data).unwrap()).unwrap();
        let output = Command::new(&self.program)
            .args(["template", "render"])
            .arg(format!("--template.glob={}", self.defaults.join("*.tmpl").display()))
            .arg(format!("--template.glob={}", self.folder.path().join("*.tmpl").display()))
            .arg(format!("--template.text={template}"))
            .arg(format!("--template.data={}", file.display()))
            .arg(format!("--template.type={}", if html { "html" } else { "text" }))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}

/// In the tree that its package was unpacked to, of which there may be one of each release, or in the system's own.
fn defaults(program: &Path) -> PathBuf {
    let name = program.file_name().unwrap().to_string_lossy();
    let suite = std::fs::read_to_string(program.with_file_name(format!(".{name}.from")));
    let unpacked = format!("root-{}", suite.unwrap_or_default().trim());
    let parts = program.ancestors().nth(2).unwrap();
    let shares = [parts.join(unpacked), PathBuf::from("/")];
    let mut shares = shares.map(|root| root.join("usr/share/prometheus/alertmanager")).into_iter();
    shares.find(|share| share.join("default.tmpl").exists()).expect("the peer's default templates")
}

fn data(reason: NoticeReason, alerts: &[NoticeAlert]) -> Data {
    let notice = Notice {
        id: 7,
        lane: Lane {
            group: "{}:{}".into(),
            receiver: "team.x (b)".into(),
            kind: "webhook".into(),
            integration: 0,
        },
        idempotency_key: "key".into(),
        reason,
        at: "2024-02-29T13:14:15Z".parse().unwrap(),
        since: "2024-02-29T13:14:15Z".parse().unwrap(),
        group_labels: Pairs::new([("alertname", "Slow <web> & \"co\"")]),
        alerts: alerts.into(),
        handle: None,
        held_back: 0,
        route_labels: Pairs::default(),
        tried: None,
    };
    let around = Surroundings {
        external_url: "https://alerts.example/am".into(),
        route_labels: Pairs::default(),
        now: Timestamp::now(),
    };
    Data::new(&notice, around)
}

fn firing(instance: &str) -> NoticeAlert {
    let labels = Pairs::new([
        ("alertname", "Slow <web> & \"co\""),
        ("instance", &*format!("{instance}.example:9100")),
        ("Names", "a label named like a method"),
        ("severity", if instance == "a" { "critical" } else { "warning" }),
        ("zone", "mitte-1"),
    ]);
    NoticeAlert {
        fingerprint: Fingerprint(labels.fingerprint()),
        labels,
        annotations: Pairs::new([
            ("summary", "it's 100% slow: 狼煙 <b>now</b>"),
            ("at", "2024-02-29 07:08:09"),
            ("empty", ""),
            ("lines", "one\ntwo\tthree"),
            ("number", "90061.5"),
        ]),
        starts_at: "2024-02-29T09:05:06.078Z".parse().unwrap(),
        ends_at: None,
        generator_url: Arc::from("http://prometheus.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1"),
    }
}

fn resolved(instance: &str) -> NoticeAlert {
    let mut alert = firing(instance);
    alert.starts_at = "2023-12-31T23:59:59.999999999Z".parse().unwrap();
    alert.ends_at = Some("2024-02-29T11:12:13Z".parse().unwrap());
    alert
}
