use std::{fmt::Write as _, sync::LazyLock};

use proptest::prelude::*;

use super::{Data, Mistake, Surroundings, Templates, render::VALUE, sample};
use crate::model::{Fingerprint, Lane, Notice, NoticeAlert, NoticeReason, Pairs};

/// The defaults alone, compiled once for all tests.
fn set() -> &'static Templates {
    static SET: LazyLock<Templates> = LazyLock::new(|| Templates::parse(&[]).unwrap());
    &SET
}

fn rendered(template: &str) -> Result<String, Mistake> {
    set().text(template, &sample::groups()[0]).map_err(|error| error.0)
}

#[track_caller]
fn fails(template: &str, line: usize, column: usize, message: &str) {
    let mistake = rendered(template).unwrap_err();
    assert!(mistake.message.contains(message), "{mistake}");
    assert_eq!((mistake.line, mistake.column), (line, Some(column)), "{mistake}");
}

#[test]
fn every_default_renders_and_escapes() {
    let set = set();
    for name in set.bodies.keys().filter(|name| name.contains(".default.")) {
        let call = match name.as_str() {
            "pagerduty.default.instances" => format!("{{{{ template \"{name}\" .Alerts }}}}"),
            _ => format!("{{{{ template \"{name}\" . }}}}"),
        };
        set.check(&call).unwrap();
        set.check_html(&call).unwrap();
    }
    assert!(set.bodies.len() > 70, "{}", set.bodies.len());
}

#[test]
fn a_group_reads_as_its_title() {
    let title = "{{ template \"__subject\" . }}";
    let [some, over] = sample::groups();
    let set = set();
    assert_eq!(set.text(title, &some).unwrap(), "[FIRING:1] HighLatency (web warning)");
    assert_eq!(set.text(title, &over).unwrap(), "[RESOLVED] HighLatency (web-1:9100 web warning)");
}

#[test]
fn mistakes_have_places() {
    fails("a\n {{ .Nope }}", 2, 5, "can't evaluate field Nope in type template.Data");
    fails("{{ $x }}", 1, 4, "undefined variable \"$x\"");
    fails("\n\n{{ nope 1 }}", 3, 4, "function \"nope\" not defined");
    fails("{{ if true }}\n{{ index .Alerts 9 }}{{ end }}", 2, 4, "index out of range: 9");
    fails(
        "{{ define \"d\" }}{{ toUpper 1 }}{{ end }}\n{{ template \"d\" }}",
        1,
        20,
        "wrong type for value; expected string; got int (in the template \"d\")",
    );
    fails("{{ template \"nope\" }}", 1, 4, "template \"nope\" not defined");
    fails(
        "{{ range .Alerts }}{{ end }}{{ range .Status }}{{ end }}",
        1,
        32,
        "range can't iterate over firing",
    );
}

#[test]
fn mistakes_of_files_name_the_file_and_all_are_told() {
    let files = ["{{ end }}", "{{ define \"ok\" }}{{ end }}", "\n{{ nope }}"];
    let files: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(at, text)| (format!("/etc/{at}.tmpl"), (*text).to_owned()))
        .collect();
    let mistakes = Templates::parse(&files).unwrap_err();
    let told: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["/etc/0.tmpl:1:1: unexpected {{end}}", "/etc/2.tmpl:2:4: function \"nope\" not defined"]
    );

    let own = "{{ define \"own\" }}\n{{ index .Alerts 7 }}{{ end }}".to_owned();
    let set = Templates::parse(&[("/etc/own.tmpl".to_owned(), own)]).unwrap();
    let mistake = set.check("{{ template \"own\" . }}").unwrap_err();
    assert_eq!(
        mistake.to_string(),
        "/etc/own.tmpl:2:4: index out of range: 7 (in the template \"own\")"
    );
}

#[test]
fn a_check_tells_what_depends_on_data() {
    let set = set();
    for (template, by_data) in [
        ("{{ index .Alerts 9 }}", true),
        ("{{ mustToDate \"2006\" .CommonAnnotations.year }}", true),
        ("{{ base64decode .Status }}", true),
        ("{{ .Nope }}", false),
        ("{{ toUpper 1 }}", false),
        ("{{ if false }}{{ template \"nope\" }}{{ end }}", false),
    ] {
        assert_eq!(set.check(template).unwrap_err().by_data, by_data, "{template}");
    }
    assert_eq!(set.check("{{ with .CommonLabels.team }}{{ . }}{{ end }}"), Ok(()));
    assert!(set.check_html("<a href=\"{{ .ExternalURL }}").is_err());
}

#[test]
fn what_0_34_has_is_there() {
    let data = of(&[("a", "b")], "text");
    let set = set();
    let text = |template: &str| set.text(template, &data).unwrap();
    assert_eq!(
        text(
            "{{ (toDate \"2006-01-02\" \"2024-02-29\").YearDay }} {{ (toDate \"2006\" \"x\").IsZero }}"
        ),
        "60 true"
    );
    assert_eq!(text("{{ mustToDate \"2006\" \"2024\" }}"), "2024-01-01 00:00:00 +0000 UTC");
    assert_eq!(
        text("{{ base64encode \"a?>~\" }} {{ base64decode \"YT8-fg==\" }}"),
        "YT8-fg== a?>~"
    );
    assert_eq!(
        text("{{ routeLabels \"team\" }}[{{ routeLabels \"no\" }}] {{ .RouteLabels }}"),
        "web[] team=web"
    );
    assert_eq!(text("{{ .CommonLabels.Names.Join \"-\" }}"), "a");
}

#[test]
fn our_own_texts_say_what_was_held_back() {
    let set = set();
    let of = |held_back| {
        let notice = Notice { held_back, ..crate::notify::testing::notice("g", "r") };
        let around = Surroundings {
            external_url: "http://am".into(),
            route_labels: Pairs::default(),
            now: notice.at,
        };
        Data::new(&notice, around)
    };
    let (none, one, many) = (of(0), of(1), of(3));
    let words = |told: &str| format!("Held back by the rate limit since the last message: {told}.");
    for name in [
        "slack.default.text",
        "telegram.default.message",
        "opsgenie.default.description",
        "msteams.default.text",
    ] {
        let text = |data| set.text(&format!("{{{{ template {name:?} . }}}}"), data).unwrap();
        assert!(!text(&none).contains("Held back"), "{name}");
        assert_eq!(text(&one), format!("{}{}", text(&none), words("1 alert")), "{name}");
        assert!(text(&many).ends_with(&words("3 alerts")), "{name}");
    }
    let html = |data| set.html("{{ template \"email.default.html\" . }}", data).unwrap();
    assert!(html(&many).contains(&words("3 alerts")) && !html(&none).contains("Held back"));
    assert_eq!(set.text("{{ .HeldBack }}", &many).unwrap(), "3");
    assert!(set.text("{{ toJson . }}", &many).unwrap().ends_with("\"heldBack\":3}"));
    for form in ["{{ toJson . }}", "{{ . }}"] {
        let text = set.text(form, &none).unwrap();
        assert!(text.contains("http://am") && !text.contains("eldBack") && !text.ends_with(" 0}"));
    }
}

#[test]
fn a_file_replaces_what_came_before_it() {
    let file = |text: &str| ("x.tmpl".to_owned(), text.to_owned());
    let first = file("{{ define \"__subject\" }}one{{ end }}");
    let second =
        file("{{ define \"__subject\" }}two{{ end }}{{ define \"__alertmanager\" }} {{ end }}");
    let set = Templates::parse(&[first, second]).unwrap();
    let data = &sample::groups()[0];
    let text = "{{ template \"slack.default.title\" . }} {{ template \"__alertmanager\" }}";
    assert_eq!(set.text(text, data).unwrap(), "two Alertmanager");
}

#[test]
fn nothing_runs_away() {
    for template in [
        // Twice as long each time.
        "{{ $s := \"0123456789\" }}{{ range 60 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}{{ len $s }}",
        "{{ $s := \"0123456789\" }}{{ range 60 }}{{ $s = print $s $s }}{{ end }}",
        "{{ $s := \"0123456789\" }}{{ range 60 }}{{ $s = reReplaceAll \".\" \"$0$0$0\" $s }}{{ end }}",
        "{{ $s := printf \"%65535s\" \"\" }}{{ $s = reReplaceAll \" \" $s $s }}",
        "{{ printf \"%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s\" (printf \"%65535s\" \"\") }}",
        "{{ $l := list 1 }}{{ range 60 }}{{ $l = list $l $l }}{{ end }}{{ $l }}",
        "{{ $l := list 1 }}{{ range 30 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}",
        "{{ $s := stringSlice \"a\" \"b\" }}{{ $t := printf \"%65535s\" \"\" }}{{ range 99 }}{{ $t = join $t (stringSlice $t $t) }}{{ end }}",
        // Calls itself twice, and twice, and twice.
        "{{ define \"r\" }}{{ if lt (len .) 150 }}{{ template \"r\" (print . \"x\") }}{{ template \"r\" (print . \"x\") }}{{ end }}{{ end }}{{ template \"r\" \"\" }}",
        "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}",
        "{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}",
        "{{ range 100000000 }}0123456789{{ end }}",
    ] {
        let mistake = rendered(template).unwrap_err();
        let endless = ["deep", "limit exceeded", "budget exhausted"]
            .iter()
            .any(|word| mistake.message.contains(word));
        assert!(mistake.by_data || endless, "{template}: {mistake}");
    }
    assert!(
        rendered("{{ printf \"%999999999d\" 1 | len }}").unwrap().parse::<usize>().unwrap()
            <= VALUE
    );
}

#[test]
fn deep_templates_fit_the_stack_of_a_worker() {
    let deep =
        |levels: usize, open: &str, close: &str| open.repeat(levels) + "x" + &close.repeat(levels);
    let mut chain = String::new();
    for at in 0..2000 {
        let _ = write!(
            chain,
            "{{{{ define \"c{at}\" }}}}{{{{ template \"c{}\" . }}}}{{{{ end }}}}",
            at + 1
        );
    }
    let mut circle = String::new();
    for at in 0..300 {
        let _ = write!(
            circle,
            "{{{{ define \"c{at}\" }}}}{{{{ if .Nope }}}}{{{{ template \"c{}\" . }}}}{{{{ template \"c0\" . }}}}{{{{ end }}}}{{{{ end }}}}",
            at + 1
        );
    }
    let templates = [
        deep(90, "{{ if true }}", "{{ end }}"),
        deep(90, "{{ with . }}", "{{ end }}"),
        deep(100_000, "{{ if true }}", "{{ end }}"),
        deep(90, "{{ (", ") }}"),
        format!("{{{{ {}1{} }}}}", "(print ".repeat(90), ")".repeat(90)),
        format!("{{{{ {}1{} }}}}", "(print ".repeat(50_000), ")".repeat(50_000)),
        format!("{{{{ if false }}}}{}{{{{ end }}}}", "{{ else if false }}".repeat(100)),
        format!("{{{{ if false }}}}{}{{{{ end }}}}", "{{ else if false }}".repeat(20_000)),
        format!("{{{{ .{} }}}}", "a.".repeat(100_000)),
        chain + "{{ template \"c0\" . }}",
        circle + "{{ template \"c0\" . }}",
        "{{ $l := list }}{{ range 100000 }}{{ $l = list $l }}{{ end }}".to_owned(),
        "{{ $l := dict }}{{ range 100000 }}{{ $l = dict \"a\" $l }}{{ end }}".to_owned(),
        "{{ define \"a\" }}{{ if . }}{{ template \"a\" . }}{{ end }}{{ end }}{{ template \"a\" . }}".to_owned(),
    ];
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let (set, data) = (set(), &sample::groups()[0]);
        for template in templates {
            let _ = set.text(&template, data);
            let _ = set.html(&template, data);
        }
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn strangers_labels_are_data() {
    let data = of(&[("alertname", "{{ .Nope }}<script>"), ("\0", "1"), ("a", "%d%s")], "<b>&\u{0}");
    let set = set();
    let html = set
        .html("<p>{{ .CommonLabels }} {{ template \"email.default.html\" . }}</p>", &data)
        .unwrap();
    assert!(!html.contains("<script>") && html.contains("{{ .Nope }}&lt;script&gt;"), "{html}");
    assert_eq!(
        set.text("{{ .CommonLabels }}", &data).unwrap(),
        "alertname={{ .Nope }}<script>, a=%d%s"
    );
    assert_eq!(
        set.text("{{ printf .CommonLabels.a }}", &data).unwrap(),
        "%!d(MISSING)%!s(MISSING)"
    );
}

fn of(labels: &[(&str, &str)], annotation: &str) -> Data {
    let labels = Pairs::new(labels.iter().copied());
    let at = "2024-02-29T13:14:15Z".parse().unwrap();
    let alert = NoticeAlert {
        fingerprint: Fingerprint(labels.fingerprint()),
        labels: labels.clone(),
        annotations: Pairs::new([("note", annotation)]),
        starts_at: at,
        ends_at: None,
        generator_url: annotation.into(),
    };
    let notice = Notice {
        id: 1,
        lane: Lane {
            group: annotation.into(),
            receiver: annotation.into(),
            kind: "webhook".into(),
            integration: 0,
        },
        idempotency_key: "key".into(),
        reason: NoticeReason::First,
        at,
        since: at,
        group_labels: labels,
        alerts: [alert].into(),
        handle: None,
        held_back: 0,
        route_labels: Pairs::default(),
        tried: None,
    };
    let route_labels = Pairs::new([("team", "web")]);
    Data::new(&notice, Surroundings { external_url: "http://am".into(), route_labels, now: at })
}

/// Pieces that make templates, right ones and wrong ones.
fn template() -> impl Strategy<Value = String> {
    let pieces = [
        "{{",
        "}}",
        "{{- ",
        " -}}",
        " ",
        "|",
        "(",
        ")",
        ".",
        "$x",
        ":=",
        "=",
        "$",
        "\"a\"",
        "`b`",
        "'c'",
        "1",
        "1.5",
        "-7",
        "nil",
        "true",
        "if ",
        "else ",
        "else if ",
        "end",
        "range ",
        "with ",
        "define \"d\"",
        "template \"d\" ",
        "block \"d\" .",
        "break",
        "continue",
        ".Alerts",
        ".Firing",
        ".CommonLabels",
        ".Names",
        ".Remove ",
        ".SortedPairs",
        ".StartsAt",
        ".Format ",
        "index ",
        "slice ",
        "len ",
        "printf ",
        "\"%*[3]d%s%q%T\"",
        "eq ",
        "lt ",
        "and ",
        "not ",
        "join ",
        "dict ",
        "list ",
        "append ",
        "toJson ",
        "date ",
        "tz ",
        "now",
        "since ",
        "title ",
        "match ",
        "reReplaceAll ",
        "urlUnescape ",
        "html ",
        "js ",
        "safeHtml ",
        "humanizeDuration ",
        "toDate ",
        "base64decode ",
        "call ",
        "<a href=\"",
        "<script>",
        "'",
        "\"",
        "<!--",
        "/*",
        "*/",
        "狼",
        "\\",
        "\n",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_template_panics(template in prop_oneof![template(), any::<String>(), any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())]) {
        let set = set();
        let _ = Templates::parse(&[("x".to_owned(), template.clone())]);
        let _ = set.check(&template);
        let _ = set.check_html(&template);
    }

    #[test]
    fn no_data_break_the_defaults(labels: std::collections::BTreeMap<String, String>, note: String) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let data = of(&labels, &note);
        let set = set();
        for name in ["__subject", "slack.default.fallback", "telegram.default.message", "email.default.html", "jira.default.priority"] {
            let call = format!("{{{{ template \"{name}\" . }}}}");
            set.text(&call, &data).unwrap();
            let html = set.html(&call, &data).unwrap();
            prop_assert!(name.contains("html") || !html.contains('<'), "{html}");
        }
        set.text("{{ toJson . }}{{ . }}", &data).unwrap();
        for template in [
            "{{ title .Receiver }}{{ toUpper .Receiver }}{{ reReplaceAll \"\" \"-\" .Receiver }}",
            "{{ with .CommonAnnotations }}{{ date .note now }}{{ printf .note 1 \"a\" }}{{ toDate .note .note }}{{ end }}",
        ] {
            set.text(template, &data).unwrap();
        }
        let _ = set.text("{{ urlUnescape .Receiver }}{{ mustToDate .Receiver .Receiver }}", &data);
    }
}
