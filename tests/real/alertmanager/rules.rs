//! What a matcher, a silence and an interval may be, beside the peer: the same texts are read, and refused in the same words.

use std::{process::Command, time::Duration};

use fastrand::Rng;
use jiff::Timestamp;
use noroshi::{
    alert::{
        interval::{DayRange, Location, MonthRange, TimeRange, WeekdayRange, YearRange},
        silences::{DraftMatcher, Settings, SilenceDraft, Silences, silence_matchers},
    },
    model::{
        MatchOp, Matcher, Pairs, SilenceId,
        matcher::{Syntax, regexp_error},
    },
};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;
use uuid::Uuid;

use super::peers::{Peer, Side};
use crate::server::part;

const CONFIG: &str = "route: { receiver: x }\nreceivers: [{ name: x }]\n";

/// Random texts in each mode.
const TEXTS: usize = 400;

/// What matchers are made of, and what does not belong there.
const PIECES: [&str; 30] = [
    "a", "b", "foo", "_", ":", "9", "=", "!=", "=~", "!~", "!", "~", "\"", "\"", "\\", "\\n",
    "\\t", "\\x41", "\\u00e9", "\\\"", "'", "`", ",", " ", "{", "}", "é", "🙂", "(", "|b.*",
];

const OPS: [MatchOp; 4] = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];

fn text(rng: &mut Rng, pieces: &[&str]) -> String {
    (0..rng.usize(..9)).map(|_| pieces[rng.usize(..pieces.len())]).collect()
}

/// Often nearly right.
fn filter(rng: &mut Rng) -> String {
    match rng.u8(..4) {
        0 => text(rng, &PIECES),
        1 => format!("\"{}\"={}", text(rng, &PIECES[..6]), text(rng, &PIECES)),
        2 => format!("a{}\"{}\"", OPS[rng.usize(..4)].sign(), text(rng, &PIECES)),
        _ => format!("foo{}{}", OPS[rng.usize(..4)].sign(), text(rng, &PIECES)),
    }
}

#[test]
fn filters_are_read_and_refused_alike() {
    for (syntax, mode) in [
        (Syntax::Fallback, None),
        (Syntax::Classic, Some("--enable-feature=classic-mode")),
        (Syntax::Utf8, Some("--enable-feature=utf8-strict-mode")),
    ] {
        let Some(theirs) = Side::Theirs.start(CONFIG, mode.as_slice()) else { return };
        let mut rng = Rng::with_seed(1);
        let (mut read, mut refused) = (0, 0);
        for _ in 0..TEXTS {
            let text = filter(&mut rng);
            let encoded: String = byte_serialize(text.as_bytes()).collect();
            let path = format!("/api/v2/silences?filter={encoded}");
            match syntax.matcher(&text).map(|read| read.value) {
                Err(why) => {
                    let answer = theirs.daemon.get(&path);
                    assert_eq!(
                        (answer.status, &answer.body),
                        (400, &said(&why)),
                        "{syntax:?} {text}"
                    );
                    refused += 1;
                }
                Ok(matcher) if silenceable(syntax, &matcher) => {
                    let id = silence(&theirs, &matcher);
                    let answer = theirs.daemon.get(&path);
                    assert!(
                        answer.body.contains(&id),
                        "{syntax:?} {text} {matcher:?} {}",
                        answer.body
                    );
                    read += 1;
                }
                Ok(_) => assert_eq!(theirs.daemon.get(&path).status, 200, "{syntax:?} {text}"),
            }
        }
        assert!(read > TEXTS / 10 && refused > TEXTS / 10, "{syntax:?}: {read} {refused}");
    }
}

/// A sentence as the handlers of the API answer it.
fn said(why: &str) -> String {
    // Go escapes these three for the sake of HTML.
    let json = json!(why).to_string();
    format!("{}\n", json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e"))
}

/// Whether a silence may have this as its only matcher.
fn silenceable(syntax: Syntax, matcher: &Matcher) -> bool {
    let valid = !matcher.op.is_regex() || regexp_error(&matcher.value).is_none();
    syntax.accepts_name(&matcher.name)
        && valid
        && !(matcher.op.is_positive() && matcher.matches(""))
}

/// Posts a silence of exactly this matcher; its id.
fn silence(peer: &Peer, matcher: &Matcher) -> String {
    let matchers =
        [DraftMatcher { name: matcher.name.clone(), op: matcher.op, value: matcher.value.clone() }];
    let posted = posted(&draft(&matchers), &matchers);
    let answer = peer.daemon.post("/api/v2/silences", &posted).unwrap();
    assert_eq!(answer.status, 200, "{matcher:?} {}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["silenceID"].as_str().unwrap().to_owned()
}

fn draft(matchers: &[DraftMatcher]) -> SilenceDraft {
    let hour = Duration::from_hours(1);
    let now = Timestamp::now();
    SilenceDraft {
        id: "".into(),
        matchers: silence_matchers(matchers, Syntax::Fallback),
        starts_at: Some(now + hour),
        ends_at: now + 2 * hour,
        created_by: "me".into(),
        comment: "".into(),
        annotations: Pairs::default(),
    }
}

fn posted(draft: &SilenceDraft, matchers: &[DraftMatcher]) -> Value {
    let matchers = matchers.iter().map(|DraftMatcher { name, op, value }| {
        json!({ "name": name, "value": value, "isRegex": op.is_regex(), "isEqual": op.is_positive() })
    });
    let zero = "0001-01-01T00:00:00Z".to_owned();
    json!({
        "id": draft.id,
        "matchers": matchers.collect::<Vec<_>>(),
        "startsAt": draft.starts_at.map_or(zero, |time| time.to_string()),
        "endsAt": draft.ends_at.to_string(),
        "createdBy": draft.created_by,
        "comment": draft.comment,
        "annotations": draft.annotations,
    })
}

#[test]
fn silences_are_refused_alike() {
    let Some(theirs) = Side::Theirs.start(CONFIG, &[]) else { return };
    let mut ours = Silences::new(Settings::default(), [], &[], Timestamp::now());
    let values = [
        "",
        "x",
        "x|",
        ".*",
        "(",
        ")",
        "a**",
        "[z-a]",
        "a\\",
        "(?=a)",
        "x{1001}",
        "\\pX",
        "[a",
        "a)|(b",
        "é\u{ad}\u{7f}(\t\n\u{e000}",
    ];
    let mut rng = Rng::with_seed(2);
    for _ in 0..300 {
        let matchers = (0..=rng.usize(..2)).map(|_| DraftMatcher {
            name: ["a", "b c", "", "é"][rng.usize(..4)].into(),
            op: OPS[rng.usize(..4)],
            value: values[rng.usize(..values.len())].into(),
        });
        let matchers: Vec<_> = matchers.collect();
        let mut draft = draft(&matchers);
        let hour = Duration::from_hours(1);
        match rng.u8(..8) {
            0 => draft.ends_at -= 2 * hour,
            1 => draft.ends_at = Timestamp::now() - hour,
            2 => {
                (draft.starts_at, draft.ends_at) =
                    (Some(Timestamp::now() - 3 * hour), Timestamp::now() - hour);
            }
            3 => draft.starts_at = None,
            4 => draft.id = Uuid::from_u128(7).to_string().into(),
            5 => draft.id = "x".into(),
            _ => {}
        }
        let answer = theirs.daemon.post("/api/v2/silences", &posted(&draft, &matchers)).unwrap();
        let fresh = SilenceId(Uuid::from_u128(rng.u128(..)));
        match ours.set(&draft, fresh, Timestamp::now()) {
            Ok(_) => assert_eq!(answer.status, 200, "{draft:?} {}", answer.body),
            Err(why) => assert_eq!(answer.body, said(&why.to_string()), "{draft:?}"),
        }
    }
}

#[test]
fn silences_weigh_the_same() {
    let Some(theirs) = Side::Theirs.start(CONFIG, &["--silences.max-silence-size-bytes=1"]) else {
        return;
    };
    let settings = Settings { max_size: 1, ..Settings::default() };
    let mut ours = Silences::new(settings, [], &[], Timestamp::now());
    let mut rng = Rng::with_seed(3);
    for _ in 0..60 {
        let words = |rng: &mut Rng, most: usize| "wört".repeat(rng.usize(..most));
        let matchers = (0..=rng.usize(..4)).map(|_| DraftMatcher {
            name: "a".into(),
            op: OPS[rng.usize(..4)],
            value: format!("x{}", words(&mut rng, 60)).into(),
        });
        let matchers: Vec<_> = matchers.collect();
        let mut draft = draft(&matchers);
        (draft.created_by, draft.comment) =
            (words(&mut rng, 9).into(), words(&mut rng, 900).into());
        draft.annotations =
            Pairs::new((0..rng.usize(..4)).map(|n| (format!("k{n}"), words(&mut rng, 50))));
        let answer = theirs.daemon.post("/api/v2/silences", &posted(&draft, &matchers)).unwrap();
        let own =
            ours.set(&draft, SilenceId(Uuid::nil()), Timestamp::now()).unwrap_err().to_string();
        let size = |text: &str| -> i64 {
            let number = text.split("size: ").nth(1).and_then(|rest| rest.split(' ').next());
            number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{text}"))
        };
        // The moment of the change is not the same, and its nanoseconds take up to five bytes.
        assert!((size(&answer.body) - size(&own)).abs() <= 2, "{} {own} {draft:?}", answer.body);
    }
}

#[test]
fn intervals_are_refused_alike() {
    let Some(amtool) = part("amtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng::with_seed(4);
    let words = [
        "monday",
        "Friday",
        "sunday",
        "mon",
        "january",
        "MARCH",
        "december",
        "1",
        "5",
        "12",
        "13",
        "28",
        "31",
        "32",
        "0",
        "-1",
        "-3",
        "-31",
        "-32",
        "2026",
        "+4",
        "",
        " 1",
        "x\u{e9}\"",
        "99999999999999999999",
    ];
    let range = |rng: &mut Rng| {
        let word = |rng: &mut Rng| words[rng.usize(..words.len())];
        match rng.u8(..6) {
            0 => word(rng).to_owned(),
            1 => format!("{}:{}:{}", word(rng), word(rng), word(rng)),
            _ => format!("{}:{}", word(rng), word(rng)),
        }
    };
    let times = ["09:00", "17:30", "24:00", "24:01", "9:00", "10:60", "00:00", "", "x", "23:59"];
    let zones = [
        "UTC",
        "",
        "Local",
        "Europe/Berlin",
        "europe/berlin",
        "Nope",
        "../x",
        "/etc",
        "a\\b",
        "US/Pacific",
    ];
    let mut command = Command::new(amtool);
    command.arg("check-config");
    let mut wanted = Vec::new();
    for n in 0..400 {
        let text = range(&mut rng);
        let (key, own) = match rng.u8(..6) {
            0 => ("weekdays", text.parse::<WeekdayRange>().err()),
            1 => ("days_of_month", text.parse::<DayRange>().err()),
            2 => ("months", text.parse::<MonthRange>().err()),
            3 => ("years", text.parse::<YearRange>().err()),
            4 => ("times", None),
            _ => ("location", None),
        };
        let (entry, own) = match key {
            "times" => {
                let (start, end) =
                    (times[rng.usize(..times.len())], times[rng.usize(..times.len())]);
                let entry = json!({ key: [{ "start_time": start, "end_time": end }] });
                (entry, TimeRange::new(start, end).err())
            }
            "location" => {
                let zone = zones[rng.usize(..zones.len())];
                (json!({ key: zone }), zone.parse::<Location>().err())
            }
            _ => (json!({ key: [text] }), own),
        };
        let file = folder.path().join(format!("{n}.yml"));
        let list = json!([{ "name": "a", "time_intervals": [entry] }]);
        std::fs::write(&file, format!("{CONFIG}time_intervals: {list}\n")).unwrap();
        command.arg(&file);
        wanted.push(
            own.map_or_else(|| format!("{entry} SUCCESS"), |why| format!("{entry} FAILED: {why}")),
        );
    }
    let output = command.output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let results = output.split("Checking '").skip(1).map(|part| {
        let line = part.split_once("'  ").map_or(part, |(_, rest)| rest);
        line.split('\n').next().unwrap_or_default().to_owned()
    });
    let results: Vec<String> = results.collect();
    assert_eq!(results.len(), wanted.len(), "{output}");
    for (result, wanted) in results.iter().zip(&wanted) {
        assert!(wanted.ends_with(result.as_str()), "theirs {result}; ours {wanted}");
    }
    let failed = results.iter().filter(|result| result.starts_with("FAILED")).count();
    assert!((50..350).contains(&failed), "{failed}");
}
