//! `[alerting]` and its neighbours: what they become, and every mistake in its place.

use noroshi::{
    alert::spec::{GroupBy, Route},
    config::{Alerting, AlertmanagerFile, AlertmanagerSource},
    model::{MaintenanceWindow, WhoTells},
};

use super::{codes, load_text, places, shown};

/// Every section, with something that is not its default.
const WHOLE: &str = r#"
[alerting]
templates = []
matchers = "utf8"
resolve_timeout = "7m"
start_grace = "1m"
resolve_hold = "3m"
flap_hold = { changes = 4, window = "10m", hold = "5m" }

[route]
receiver = "ops"
group_by = ["alertname", "cluster"]
group_wait = "5s"
labels = { tier = "one" }

[[route.routes]]
matchers = ['severity=~"info|debug", team!=""']
receiver = "none"
continue = true
mute_time_intervals = ["nights"]

[[route.routes]]
matchers = ['team="db"']
group_by = ["..."]
repeat_interval = "1h"
[[route.routes.routes]]
matchers = ['severity="page"']
active_time_intervals = ["office"]

[receivers.ops]
labels = { owner = "sre" }
rate_limit = { notices = 3, per = "1m" }
retry = { give_up_after = "1h", rate = { messages = 2, per = "1s" } }
[[receivers.ops.telegram]]
bot_token = "hook-with-a-secret"
chat_id = 5
[[receivers.ops.telegram]]
bot_token_file = "/run/secrets/telegram"
chat_id = 6
send_resolved = false
[receivers.ops.webhook]
url_file = "/run/secrets/hook"
[receivers.none]

[[inhibit_rules]]
name = "cluster"
source_matchers = ['alertname="ClusterDown"']
target_matchers = ['severity!="page"', 'alertname!="ClusterDown"']
equal = ["cluster"]

[time_intervals.nights]
times = [{ start_time = "22:00", end_time = "24:00" }]
location = "Europe/Berlin"
[[time_intervals.office]]
weekdays = ["monday:friday"]
[[time_intervals.office]]
days_of_month = ["-1"]

[maintenance.disks]
matchers = ['host="db1"']
starts_at = 2026-03-01T22:00:00
ends_at = "2026-03-02T02:00:00+01:00"
time_zone = "Europe/Berlin"
comment = "new disks"
[maintenance.patches]
matchers = ['team="db"']
rrule = "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=0;BYSECOND=0"
duration = "2h"

[alertmanagers.main]
url = "http://127.0.0.1:9093/am"
resend = "30s"
external_labels = { site = "a" }

[deadman.watch]
receiver = "ops"
interval = "5m"

[store]
path = "/var/lib/noroshi/noroshi.db"
retention = "10d"

[checks.a]
tcp.address = "192.0.2.1:80"
labels = { severity = "page" }
notify = "both"
"#;

fn alerting(text: &str) -> Alerting {
    let (directory, loaded) = load_text("config.toml", text);
    assert_eq!(codes(&loaded), [""; 0], "{}", shown(&directory, &loaded));
    loaded.config.unwrap().alerting.unwrap()
}

fn written(route: &Route) -> Vec<String> {
    route.matchers.iter().map(ToString::to_string).collect()
}

#[test]
fn the_whole_of_it_becomes_alertmanagers_own_model() {
    let alerting = alerting(WHOLE);
    let config = &alerting.pipeline;
    assert_eq!((config.resolve_timeout.as_secs(), config.resolve_hold.as_secs()), (420, 180));
    assert_eq!((alerting.start_grace.as_secs(), config.flap_hold.unwrap().changes), (60, 4));

    let [info, db] = &config.route.routes[..] else { panic!("{:?}", config.route) };
    assert_eq!(written(info), [r#"severity=~"info|debug""#, r#"team!="""#]);
    assert!(info.continues && !db.continues);
    assert_eq!((&*info.receiver, &*db.receiver), ("none", "ops"));
    assert_eq!(info.group_by, config.route.group_by);
    assert_eq!(db.group_by, GroupBy::All);
    let page = &db.routes[0];
    assert_eq!((page.group_wait.as_secs(), page.repeat_interval.as_secs()), (5, 3600));
    assert_eq!((page.group_interval.as_secs(), page.labels.get("tier")), (300, Some("one")));
    assert_eq!(page.active_time_intervals.len() + info.mute_time_intervals.len(), 2);
    assert!(db.active_time_intervals.is_empty(), "intervals are not inherited");

    let ops = config.receivers.iter().find(|receiver| &*receiver.name == "ops").unwrap();
    let kinds: Vec<_> =
        ops.integrations.iter().map(|one| (&*one.kind, one.send_resolved)).collect();
    assert_eq!(kinds, [("webhook", true), ("telegram", true), ("telegram", false)]);
    assert_eq!(ops.rate_limit.unwrap().notices, 3);
    let told = alerting.receivers.get("ops").unwrap();
    let kinds: Vec<_> = told.integrations.iter().map(|one| one.provider.kind()).collect();
    assert_eq!(kinds, ["webhook", "telegram", "telegram"], "lanes count the same in both");

    assert_eq!(config.inhibit_rules[0].target.len(), 2);
    let office = config.time_intervals.iter().find(|(name, _)| &**name == "office").unwrap();
    assert_eq!(office.1.len(), 2);
    let push = &config.alertmanagers[0];
    assert_eq!((&*push.name, push.resend.as_secs()), ("main", 30));
    assert_eq!(push.external_labels.get("site"), Some("a"));
    assert_eq!(&*alerting.receivers.alertmanagers[0].name, "main");
    assert_eq!(alerting.receivers.deadmen[0].receiver.as_deref(), Some("ops"));
}

#[test]
fn windows_are_meant_in_their_zone() {
    let config = alerting(WHOLE).pipeline;
    let [disks, patches] = &config.maintenance[..] else { panic!("{:?}", config.maintenance) };
    let MaintenanceWindow::Fixed { starts_at, ends_at } = &disks.window else { panic!() };
    assert_eq!(starts_at.to_string(), "2026-03-01T21:00:00Z");
    assert_eq!(ends_at.to_string(), "2026-03-02T01:00:00Z");
    assert_eq!((&*disks.name, &*disks.comment), ("disks", "new disks"));
    // A Sunday.
    let inside = "2026-03-01T03:30:00Z".parse().unwrap();
    assert!(patches.window.occurrence_at(inside).is_some());
    assert!(patches.window.occurrence_at("2026-03-02T03:30:00Z".parse().unwrap()).is_none());
}

#[test]
fn a_check_says_who_tells_and_how_severe_it_is() {
    let (_directory, loaded) = load_text("config.toml", WHOLE);
    let config = loaded.config.unwrap();
    let settings = &config.checks[0].settings;
    assert_eq!(settings.notify, WhoTells::Both);
    assert_eq!(settings.labels.get("severity").map(AsRef::as_ref), Some("page"));
}

#[test]
fn nothing_said_is_no_alerting() {
    let (_directory, loaded) =
        load_text("config.toml", "[checks.a]\ntcp.address = '192.0.2.1:1'\n");
    assert_eq!(loaded.config.unwrap().alerting, None);
}

#[test]
fn what_is_shown_as_in_force_loads_to_the_same_and_shows_no_secret() {
    let (_directory, loaded) = load_text("config.toml", WHOLE);
    let effective = loaded.effective(false);
    assert!(!effective.contains("hook-with-a-secret"), "{effective}");
    let (directory, again) = load_text("config.toml", &effective);
    assert!(!again.has_errors(), "{}", shown(&directory, &again));
    assert_eq!(again.effective(false), effective);
    let (before, after) = (loaded.config.unwrap(), again.config.unwrap());
    assert_eq!(before.alerting.unwrap().pipeline, after.alerting.unwrap().pipeline);
}

const MISTAKES: &str = r#"
[alerting]
matcher = "utf8"
[route]
receiver = "opps"
group_by = ["...", "a"]
matchers = ['a="b"']
[[route.routes]]
matchers = ['severity=~"("']
[[route.routes]]
matchers = ['a="b"']
group_interval = "0s"
mute_time_intervals = ["nigths"]
[receivers.ops]
webhook_configs = [{ url = "x" }]
[receivers.ops.slack]
webhook_url = "https://hooks.invalid/T/secret-of-slack"
webhook_urll = "x"
[time_intervals.nights]
times = [{ start_time = "1", end_time = "2" }]
[maintenance.a]
starts_at = 2026-01-01T00:00:00Z
ends_at = 2026-01-01T00:00:00Z
[maintenance.b]
matchers = ['a="b"']
rrule = "FREQ=NEVER"
duration = "1h"
[alertmanagers.main]
urll = "http://alertmanager:9093"
[deadman.watch]
receiver = "opz"
url = "http://127.0.0.1:1/"
[store]
retention = 5
[checks.a]
tcp.address = "192.0.2.1:80"
notify = "nobody"
"#;

#[test]
fn every_mistake_has_its_place() {
    let (directory, loaded) = load_text("config.toml", MISTAKES);
    assert!(loaded.config.is_none());
    let page = shown(&directory, &loaded);
    assert!(!page.contains("secret-of-slack"), "{page}");
    assert_eq!(
        places(&loaded.diagnostics),
        [
            "C014 3:1",
            "C040 5:12",
            "C028 6:12",
            "C028 7:1",
            "C042 9:13",
            "C011 12:18",
            "C041 13:24",
            "C014 15:1",
            "C014 18:1",
            "C011 20:10",
            "C012 21:14",
            "C028 23:11",
            "C011 26:9",
            "C014 29:1",
            "C040 31:12",
            "C028 32:7",
            "C112 33:2",
            "C010 34:13",
            "C013 37:10",
        ],
        "{page}"
    );
    for words in ["did you mean `ops`?", "did you mean `nights`?", "here it is called `webhook`"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn a_template_that_cannot_be_rendered_has_its_place_beside_all_else() {
    let text = r#"
[route]
receiver = "ops"
[[receivers.ops.telegram]]
bot_token = "1:a"
chat_id = 5
message = "{{ .Nope }}"
[receivers.ops.webhook]
url = "http://127.0.0.1/{{ .AlsoNope }}secret"
[receivers.ops.slack]
bot_token = "xoxb-1"
channel = "a"
fields = [{ title = "a", value = '{{ template "gone" . }}' }]
[store]
path = "x.db"
[checks.a]
tcp.addres = "192.0.2.1:80"
"#;
    let (directory, loaded) = load_text("config.toml", text);
    let page = shown(&directory, &loaded);
    let expected = ["C044 7:11", "C044 9:7", "C044 13:34", "C014 17:5"];
    assert_eq!(places(&loaded.diagnostics), expected, "{page}");
    assert!(page.contains("can't evaluate field Nope"), "{page}");
    assert!(!page.contains("AlsoNope") && !page.contains("xoxb-1"), "{page}");
}

#[test]
fn templates_of_an_alertmanagers_file_have_their_place_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let yaml = "route: {receiver: ops}\nreceivers:\n- name: ops\n  slack_configs:\n  - api_url: http://127.0.0.1/\n    channel: a\n    title: '{{ .Nope }}'\ntemplates: ['*.tmpl']\n";
    write("a.yml", yaml);
    let read = || {
        let path = folder.path().join("a.yml");
        let file = AlertmanagerFile::read(&AlertmanagerSource { path, ..Default::default() });
        assert!(file.alerting.is_none());
        places(&file.diagnostics)
    };
    write("good.tmpl", r#"{{ define "own" }}{{ .Status }}{{ end }}"#);
    assert_eq!(read(), ["C044 7:12"]);
    // What is wrong with a file of templates is told with its own name.
    write("bad.tmpl", "{{ define \"x\" }}\n{{ nofunc }}{{ end }}");
    assert_eq!(read(), ["C044 2:4"]);
    // Through `[alerting] config_file` the same.
    std::fs::remove_file(folder.path().join("bad.tmpl")).unwrap();
    let file = folder.path().join("a.yml");
    let text = format!("[alerting]\nconfig_file = {file:?}\n[store]\npath = 'x.db'\n");
    let (directory, loaded) = load_text("config.toml", &text);
    assert_eq!(places(&loaded.diagnostics), ["C044 7:12"], "{}", shown(&directory, &loaded));
    assert!(loaded.config.is_none());
}

#[test]
fn older_words_for_matchers_are_answered_with_the_new_one() {
    let text = "[route]\nreceiver = 'a'\n[[route.routes]]\nmatch = { a = 'b' }\n[receivers.a]\n[[inhibit_rules]]\nsource_match_re = { a = 'b' }\n[store]\npath = 'x.db'\n";
    let (directory, loaded) = load_text("config.toml", text);
    let page = shown(&directory, &loaded);
    let expected = ["C014 4:1", "C012 6:1", "C012 6:1", "C014 7:1"];
    assert_eq!(places(&loaded.diagnostics), expected, "{page}");
    assert!(page.contains("here it is `matchers = ['severity"), "{page}");
    assert!(page.contains("here it is `source_matchers = ['severity"), "{page}");
}

#[test]
fn what_is_missing_beside_the_file_is_told_where_it_is_named() {
    let text = "[alerting]\nconfig_file = 'gone.yml'\nhook_token_file = 'gone'\ntemplates = ['gone/*']\n[store]\npath = 'x.db'\n";
    let (directory, loaded) = load_text("config.toml", text);
    let page = shown(&directory, &loaded);
    let expected = ["C001 2:15", "C001 3:19", "C111 4:13"];
    assert_eq!(places(&loaded.diagnostics), expected, "{page}");
}

#[test]
fn first_tries_get_a_hint() {
    let night = "[route]\nreceiver = 'a'\n[receivers.a]\n[store]\npath = 'x.db'\n[time_intervals.night]\ntimes = [{ start_time = '22:00', end_time = '06:00' }]\n";
    let (directory, loaded) = load_text("config.toml", night);
    let page = shown(&directory, &loaded);
    assert!(page.contains("a night is two ranges"), "{page}");
    let theirs = "route:\n  receiver: a\nreceivers:\n- name: a\n";
    let (directory, loaded) = load_text("config.yml", theirs);
    let page = shown(&directory, &loaded);
    assert!(page.contains("an alertmanager.yml is named by `alerting.config_file`"), "{page}");
    let once = "[route]\nreceiver = 'a'\n[receivers.a.telegram]\nbot_token = '1:x'\nchat_id = 'oops'\n[store]\npath = 'x.db'\n";
    let (directory, loaded) = load_text("config.toml", once);
    let page = shown(&directory, &loaded);
    assert_eq!(places(&loaded.diagnostics), ["C010 5:11"], "{page}");
}

#[test]
fn an_alert_needs_time() {
    let text = "[alerting]\nresolve_timeout = '0s'\n[route]\nreceiver = 'a'\n[receivers.a]\n[store]\npath = 'x.db'\n";
    let (directory, loaded) = load_text("config.toml", text);
    let page = shown(&directory, &loaded);
    assert_eq!(places(&loaded.diagnostics), ["C011 2:19"], "{page}");
}

#[test]
fn what_surprises_people_is_a_warning() {
    let text = r#"
[route]
receiver = "ops"
group_interval = "10m"
[[route.routes]]
matchers = ['a="b"']
[[route.routes]]
matchers = ['a="b"', 'c="d"']
[[route.routes]]
matchers = ['e="f"']
repeat_interval = "1m"
[receivers.ops]
webhook.url = "https://example.org/${HOOK}"
pagerduty.routing_key_file = "/run/secrets/pagerduty"
"#;
    let (directory, loaded) = load_text("config.toml", text);
    let page = shown(&directory, &loaded);
    assert!(loaded.config.is_some(), "{page}");
    let found = places(&loaded.diagnostics);
    let expected = ["C112 2:2", "C105 7:1", "C106 11:19", "C107 13:15", "C109 14:1"];
    assert_eq!(found, expected, "{page}");
    assert!(page.contains("set `store.path`"), "{page}");

    let text = "route:\n  receiver: ops\n  routes:\n    - receiver:\n      matchers: [a=b]\nreceivers:\n  ops: {}\n";
    let (directory, loaded) = load_text("config.yaml", text);
    assert_eq!(codes(&loaded), ["C112", "C108"], "{}", shown(&directory, &loaded));
}

#[test]
fn alerting_in_memory_is_told_unless_it_is_meant() {
    let alerting = "[route]\nreceiver = 'a'\n[receivers.a]\n";
    for (store, expected) in [
        ("", &["C112 1:2"][..]),
        ("[store]\nretention = '1d'\n", &["C112 4:2"]),
        ("[store]\n", &[]),
        ("[store]\npath = 'x.db'\n", &[]),
    ] {
        let (directory, loaded) = load_text("config.toml", &format!("{alerting}{store}"));
        assert_eq!(places(&loaded.diagnostics), expected, "{}", shown(&directory, &loaded));
        assert!(loaded.config.is_some());
    }
    let checks = "[checks.a]\ntcp.address = 'x:1'\n";
    assert_eq!(codes(&load_text("config.toml", checks).1), [""; 0]);
}

#[test]
fn a_misspelt_receiver_is_one_mistake() {
    let text = "[route]\nreciever = 'a'\n[receivers.a]\n[store]\npath = 'x.db'\n";
    let (directory, loaded) = load_text("config.toml", text);
    let page = shown(&directory, &loaded);
    assert_eq!(codes(&loaded), ["C014"], "{page}");
    assert!(page.contains("did you mean `receiver`?"), "{page}");
    assert!(loaded.config.is_none());
}

#[test]
fn what_a_start_is_refused_for_is_a_mistake_for_whoever_checks() {
    let text =
        "[route]\nreceiver = 'a'\n[receivers.a]\nsns.topic_arn = 'x'\n[store]\npath = 'x.db'\n";
    let heart =
        "[deadman.x]\nreceiver = 'a'\n[receivers.a]\nsns.topic_arn = 'x'\n[store]\npath = 'x.db'\n";
    for text in [text, heart] {
        let (directory, mut loaded) = load_text("config.toml", text);
        assert_eq!(codes(&loaded), ["C109"], "{}", shown(&directory, &loaded));
        assert!(!loaded.has_errors());
        loaded.refuse_missing();
        let page = shown(&directory, &loaded);
        assert!(loaded.has_errors() && page.contains("--allow-missing-providers"), "{page}");
        assert!(page.contains("receiver \"a\" tells by sns, which this build cannot do"), "{page}");
    }
}

#[test]
fn what_cannot_stand_alone_or_together_is_refused() {
    for (text, code, place) in [
        ("[receivers.a]\n", "C043", "1:2"),
        ("[route]\ngroup_wait = '1s'\n[receivers.a]\n", "C012", "1:2"),
        (
            "[alerting]\nconfig_file = 'x.yml'\n[route]\nreceiver = 'a'\n[receivers.a]\n",
            "C028",
            "3:2",
        ),
    ] {
        let (directory, loaded) = load_text("config.toml", text);
        let page = shown(&directory, &loaded);
        let first = loaded.diagnostics.iter().find(|one| one.code == code);
        let span = first.unwrap_or_else(|| panic!("{page}")).span.as_ref().unwrap();
        assert_eq!(format!("{}:{}", span.line, span.column), place, "{page}");
        assert!(loaded.config.is_none(), "{page}");
    }
}
