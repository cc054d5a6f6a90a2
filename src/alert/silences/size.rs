//! How large a silence is in Alertmanager's file: what `--silences.max-silence-size-bytes` limits.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{MatchOp, Matcher, Silence};

/// The size of the protobuf message that Alertmanager would keep.
pub(super) fn stored_size(silence: &Silence, retention: Duration) -> usize {
    let matchers: usize = silence.matchers.iter().map(|matcher| field(matcher_size(matcher))).sum();
    let annotations: usize =
        silence.annotations.iter().map(|(name, value)| field(text(name) + text(value))).sum();
    let times = [silence.starts_at, silence.ends_at, silence.updated_at];
    let message = text(&silence.id.to_string())
        + field(matchers)
        + times.into_iter().map(|time| field(time_size(time))).sum::<usize>()
        + text(&silence.created_by)
        + text(&silence.comment)
        + annotations;
    let gone = silence.ends_at.checked_add(retention).unwrap_or(Timestamp::MAX);
    field(message) + field(time_size(gone))
}

fn matcher_size(matcher: &Matcher) -> usize {
    // The type is a number, and `=` is 0, which is left out.
    let op = if matcher.op == MatchOp::Equal { 0 } else { 2 };
    op + text(&matcher.name) + text(&matcher.value)
}

fn time_size(time: Timestamp) -> usize {
    number(time.as_second().cast_unsigned())
        + number(u64::try_from(time.subsec_nanosecond()).unwrap_or_default())
}

/// A field of so many bytes: its tag, its length, itself.
fn field(bytes: usize) -> usize {
    1 + varint(bytes as u64) + bytes
}

/// A text; an empty one is left out.
fn text(text: &str) -> usize {
    if text.is_empty() { 0 } else { field(text.len()) }
}

/// A number; 0 is left out.
fn number(number: u64) -> usize {
    if number == 0 { 0 } else { 1 + varint(number) }
}

fn varint(number: u64) -> usize {
    let bits = u64::BITS - (number | 1).leading_zeros();
    bits.div_ceil(7) as usize
}
