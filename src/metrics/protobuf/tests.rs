#![expect(clippy::format_push_string, reason = "a test may allocate")]

use super::*;
use crate::metrics::{
    Format,
    fixture::{World, down, slot},
};
use proptest::prelude::*;
use std::sync::Arc;

/// A decoded message: its fields in order.
type Message = Vec<(u64, Field)>;

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Field {
    fn number(&self) -> u64 {
        let Self::Number(number) = self else { panic!("{self:?} is no number") };
        *number
    }
    fn double(&self) -> f64 {
        f64::from_bits(self.number())
    }
    fn signed(&self) -> i64 {
        let raw = self.number();
        i64::try_from(raw >> 1).unwrap() ^ -i64::from(raw & 1 == 1)
    }
    fn text(&self) -> String {
        let Self::Bytes(bytes) = self else { panic!("{self:?} is no text") };
        String::from_utf8(bytes.clone()).unwrap()
    }
    fn message(&self) -> Message {
        let Self::Bytes(bytes) = self else { panic!("{self:?} is no message") };
        decode(bytes)
    }
}

fn read_varint(bytes: &mut &[u8]) -> u64 {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let (number, rest) = bytes.split_at(end + 1);
    *bytes = rest;
    number.iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f))
}

fn decode(mut bytes: &[u8]) -> Message {
    let mut message = Vec::new();
    while !bytes.is_empty() {
        let key = read_varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(read_varint(&mut bytes)),
            1 => {
                let (number, rest) = bytes.split_first_chunk::<8>().unwrap();
                bytes = rest;
                Field::Number(u64::from_le_bytes(*number))
            }
            2 => {
                let length = usize::try_from(read_varint(&mut bytes)).unwrap();
                let (content, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(content.to_vec())
            }
            wire => panic!("wire type {wire}"),
        };
        message.push((key >> 3, field));
    }
    message
}

fn families(mut bytes: &[u8]) -> Vec<Message> {
    let mut families = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(read_varint(&mut bytes)).unwrap();
        let (family, rest) = bytes.split_at(length);
        families.push(decode(family));
        bytes = rest;
    }
    families
}

fn all(message: &Message, number: u64) -> impl Iterator<Item = &Field> {
    message.iter().filter(move |(field, _)| *field == number).map(|(_, field)| field)
}

fn one(message: &Message, number: u64) -> &Field {
    let mut found = all(message, number);
    let field = found.next().unwrap_or_else(|| panic!("no field {number} in {message:?}"));
    assert!(found.next().is_none(), "field {number} comes twice");
    field
}

/// A message drawn like the text format, to be compared by eye.
fn draw(family: &Message) -> String {
    let kind = ["counter", "gauge", "", "", "histogram"]
        [usize::try_from(one(family, 3).number()).unwrap()];
    let mut text = format!("{} {kind}: {}\n", one(family, 1).text(), one(family, 2).text());
    for metric in all(family, 4).map(Field::message) {
        for label in all(&metric, 1).map(Field::message) {
            text += &format!("  {}={:?}", one(&label, 1).text(), one(&label, 2).text());
        }
        let value = all(&metric, 2).chain(all(&metric, 3)).next();
        text += &match value {
            Some(value) => format!(" {}\n", one(&value.message(), 1).double()),
            None => format!(" {}\n", draw_histogram(&one(&metric, 7).message())),
        };
    }
    text
}

fn draw_histogram(histogram: &Message) -> String {
    let mut text =
        format!("count {} sum {}", one(histogram, 1).number(), one(histogram, 2).double());
    for bucket in all(histogram, 3).map(Field::message) {
        text += &format!(" le {}: {}", one(&bucket, 2).double(), one(&bucket, 1).number());
    }
    let zero = (one(histogram, 6).double(), one(histogram, 7).number());
    text += &format!(" schema {} zero {zero:?}", one(histogram, 5).signed());
    for span in all(histogram, 12).map(Field::message) {
        text += &format!(" span {}+{}", one(&span, 1).signed(), one(&span, 2).number());
    }
    let deltas: Vec<_> = all(histogram, 13).map(Field::signed).collect();
    text + &format!(" deltas {deltas:?}")
}

#[test]
fn a_failing_check() {
    let bytes = World::new([slot("a", down())]).bytes(Format::Protobuf);
    let own = |text: &String| {
        ["process_", "noroshi_build", "noroshi_config"].iter().all(|p| !text.starts_with(p))
    };
    let text: String = families(&bytes).iter().map(draw).filter(own).collect();
    insta::assert_snapshot!(text, @r#"
    noroshi_check_up gauge: Whether the check is up (1) or down (0), after `failures` and `successes` were counted. Absent before the first verdict; in state unknown it keeps the last one.
      check="a"  group="web"  kind="http" 0
    noroshi_check_success gauge: Whether the last run passed (1), with or without warnings, or not (0). Absent before the first run. Checks run on their own schedule, not at each scrape.
      check="a"  group="web"  kind="http" 0
    noroshi_check_state gauge: State as a code: 0 down, 1 up, 2 pending, 4 degraded, 5 unknown, 6 recovering. Compare with == only.
      check="a"  group="web"  kind="http" 0
    noroshi_check_state_info gauge: State as a word; always 1, and only the current state has a row.
      check="a"  group="web"  kind="http"  state="down" 1
    noroshi_check_overlay gauge: What mutes the check's alerts without changing its state: maintenance, flapping, suppressed. Always 1; a row exists only while the overlay lies over the check.
      check="a"  group="web"  kind="http"  overlay="suppressed" 1
    noroshi_check_failing gauge: Why the last run failed, or could tell nothing: 1 with the reason while that is so, else absent.
      check="a"  group="web"  kind="http"  reason="http_status" 1
    noroshi_check_consecutive_failures gauge: Failed runs since the last pass.
      check="a"  group="web"  kind="http" 2
    noroshi_check_info gauge: What the check looks at and who tells of it, with all its labels from the configuration; always 1.
      check="a"  group="web"  kind="http"  target="https://example.com/health"  notify="noroshi" 1
    noroshi_check_runs_total counter: Runs, whatever their verdict.
      check="a"  group="web"  kind="http" 3
    noroshi_check_failures_total counter: Runs that failed.
      check="a"  group="web"  kind="http" 2
    noroshi_check_failure_reasons_total counter: Runs that failed or could tell nothing, by reason. A reason's row appears with its first run.
      check="a"  group="web"  kind="http"  reason="http_status" 2
    noroshi_check_missed_runs_total counter: Slots of the schedule that passed without a run.
      check="a"  group="web"  kind="http" 0
    noroshi_check_duration_seconds histogram: Duration of all runs.
      check="a"  group="web"  kind="http" count 1 sum 0.25 le 0.1: 0 le 1: 1 schema 3 zero (9.5367431640625e-7, 0) span -16+1 deltas [1]
    noroshi_check_phase_duration_seconds gauge: Time the last run spent in a phase: dns, connect, tls, send, wait, receive.
      check="a"  group="web"  kind="http"  phase="connect" 0.02
      check="a"  group="web"  kind="http"  phase="wait" 0.23
    noroshi_check_last_run_timestamp_seconds gauge: When the last run ended, as seconds since the epoch. Absent before the first run.
      check="a"  group="web"  kind="http" 1763635230
    noroshi_check_state_changed_timestamp_seconds gauge: When the current state was entered, as seconds since the epoch.
      check="a"  group="web"  kind="http" 1763635230
    noroshi_check_state_seconds_total counter: Time spent in each state; time under maintenance only as state `maintenance`.
      check="a"  group="web"  kind="http"  state="down" 30
      check="a"  group="web"  kind="http"  state="up" 0
      check="a"  group="web"  kind="http"  state="pending" 0
      check="a"  group="web"  kind="http"  state="degraded" 0
      check="a"  group="web"  kind="http"  state="unknown" 30
      check="a"  group="web"  kind="http"  state="recovering" 0
      check="a"  group="web"  kind="http"  state="maintenance" 0
    noroshi_check_interval_seconds gauge: Time from run to run, as configured; with `retry_interval` less while the check is pending or down.
      check="a"  group="web"  kind="http" 30
    noroshi_http_status_code gauge: Status code of the last answer.
      check="a"  group="web"  kind="http" 200
    noroshi_tls_not_after_timestamp_seconds gauge: End of validity of a certificate, as seconds since the epoch.
      check="a"  group="web"  kind="http"  source="peer"  position="0" 1800000000
    noroshi_checks gauge: Configured checks.
      kind="http" 1
    "#);
}

#[test]
fn a_family_without_samples_leaves_no_trace() {
    let mut sink = Protobuf::new();
    sink.family("x", "X.", MetricKind::Gauge);
    sink.family("y", "Y.", MetricKind::Counter);
    sink.sample(&LabelSet::default(), &[("狼", "煙\"\n")], f64::NAN);
    sink.finish();
    let families = families(&sink.out);
    assert_eq!(families.len(), 1);
    assert_eq!(draw(&families[0]), "y counter: Y.\n  狼=\"煙\\\"\\n\" NaN\n");
}

#[test]
fn a_histogram_without_native_part_claims_none() {
    let mut sink = Protobuf::new();
    sink.family("x", "X.", MetricKind::Histogram);
    let histogram = Histogram::classic(Arc::from([1.0].as_slice()), vec![2, 1], 4.0);
    sink.histogram(&LabelSet::default(), &[], &histogram);
    sink.finish();
    let metric = one(&families(&sink.out)[0], 4).message();
    let fields: Vec<_> = one(&metric, 7).message().iter().map(|(field, _)| *field).collect();
    assert_eq!(fields, [1, 2, 3]);
}

proptest! {
    #[test]
    fn spans_and_deltas_tell_every_bucket(
        values in proptest::collection::vec(prop_oneof![0.0..1e-3_f64, 0.0..1e9_f64], 0..200),
    ) {
        let mut histogram = Histogram::new(Arc::from([0.1, 1.0].as_slice()));
        for value in values {
            histogram.observe(value);
        }
        let mut bytes = Vec::new();
        exponential(&mut bytes, histogram.native().unwrap());
        let message = decode(&bytes);
        let (mut index, mut indexes) = (0, Vec::new());
        for span in all(&message, 12).map(Field::message) {
            index += one(&span, 1).signed();
            let length = i64::try_from(one(&span, 2).number()).unwrap();
            indexes.extend(index..index + length);
            index += length;
        }
        let counts = all(&message, 13).scan(0, |count, delta| {
            *count += delta.signed();
            Some(*count)
        });
        let read: Vec<_> = indexes.into_iter().zip(counts).collect();
        let native = histogram.native().unwrap();
        let kept: Vec<_> = native
            .positive
            .iter()
            .map(|(index, count)| (i64::from(*index), i64::try_from(*count).unwrap()))
            .collect();
        prop_assert_eq!(read, kept);
    }

    #[test]
    fn varints_have_the_length_they_claim(value in any::<u64>()) {
        let mut out = Vec::new();
        varint(&mut out, value);
        prop_assert_eq!(out.len(), varint_len(value));
        prop_assert_eq!(read_varint(&mut &out[..]), value);
    }
}
