//! What an answer measures.

use super::{
    exchange::{Answer, Foreign},
    message::Record,
    rdata,
    words::QueryType,
};
use crate::{
    model::{Desc, Fact},
    probe::{Run, certificate},
};

static ANSWER_RECORDS: Desc =
    Desc::gauge("noroshi_dns_answer_records", "Records in the answer section.");
static AUTHORITY_RECORDS: Desc =
    Desc::gauge("noroshi_dns_authority_records", "Records in the authority section.");
static ADDITIONAL_RECORDS: Desc = Desc::gauge(
    "noroshi_dns_additional_records",
    "Records in the additional section, without the OPT record of EDNS.",
);
static RCODE: Desc =
    Desc::gauge("noroshi_dns_rcode", "Response code of the answer as a number, 0 is NOERROR.");
static SERIAL: Desc = Desc::gauge(
    "noroshi_dns_serial",
    "Serial number of the zone, where the answer section has an SOA record.",
);
static ANSWER_TTL_MIN: Desc = Desc::gauge(
    "noroshi_dns_answer_ttl_min_seconds",
    "Smallest time to live among the records of the answer section, in seconds.",
);
static TRUNCATED: Desc = Desc::gauge(
    "noroshi_dns_truncated",
    "Whether the answer over UDP was truncated (1) or not (0).",
);
static AUTHENTICATED: Desc = Desc::gauge(
    "noroshi_dns_authenticated_data",
    "Whether the server marks the answer as validated by DNSSEC, the AD bit (1) or not (0).",
);
static AUTHORITATIVE: Desc = Desc::gauge(
    "noroshi_dns_authoritative",
    "Whether the server marks the answer as authoritative, the AA bit (1) or not (0).",
);
static RESPONSE_BYTES: Desc =
    Desc::gauge("noroshi_dns_response_bytes", "Length of the answer, in bytes.");
static FOREIGN: Desc = Desc::gauge(
    "noroshi_dns_foreign_responses",
    "Responses the last run passed over because their id or question was not ours.",
);
static ANSWER: Desc =
    Desc::gauge("noroshi_dns_answer_info", "Data of a record of the answer section.")
        .labels(&["data"])
        .internal();

/// All of them.
pub(super) const FAMILIES: &[&Desc] = &[
    &ANSWER_RECORDS,
    &AUTHORITY_RECORDS,
    &ADDITIONAL_RECORDS,
    &RCODE,
    &SERIAL,
    &ANSWER_TTL_MIN,
    &TRUNCATED,
    &AUTHENTICATED,
    &AUTHORITATIVE,
    &RESPONSE_BYTES,
    &FOREIGN,
    &ANSWER,
    &certificate::NOT_AFTER,
    &certificate::NOT_BEFORE,
    &certificate::CERTIFICATE,
    &certificate::VERIFIED,
    &certificate::INFO,
    &certificate::CHAIN_NOT_AFTER,
    &certificate::LEAF,
];

/// So many records of an answer are kept, and so many bytes of each: a stranger wrote them.
const ANSWERS_KEPT: usize = 8;
const DATA_LIMIT: usize = 128;

/// What is known even where no answer came.
pub(super) fn of_exchange(truncated: bool, foreign: &Foreign, run: &mut Run<'_>) {
    run.fact(&TRUNCATED, flag(truncated));
    run.fact(&FOREIGN, f64::from(foreign.count()));
}

/// What the answer says, expected or not.
pub(super) fn of_answer(answer: &Answer, counts_opt: bool, run: &mut Run<'_>) {
    let message = &answer.message;
    run.fact(&ANSWER_RECORDS, count(message.answers.len()));
    run.fact(&AUTHORITY_RECORDS, count(message.authorities.len()));
    run.fact(&ADDITIONAL_RECORDS, count(message.additional_count(counts_opt)));
    run.fact(&RCODE, f64::from(message.rcode));
    run.fact(&AUTHENTICATED, flag(message.is_authenticated()));
    run.fact(&AUTHORITATIVE, flag(message.is_authoritative()));
    run.fact(&RESPONSE_BYTES, count(answer.bytes));
    if let Some(least) = message.answers.iter().map(|record| record.ttl).min() {
        run.fact(&ANSWER_TTL_MIN, f64::from(least));
    }
    if let Some(serial) = message.answers.iter().rev().find_map(serial) {
        run.fact(&SERIAL, f64::from(serial));
    }
    let of_type = |record: &Record| QueryType(record.kind);
    let told = message.answers.iter().filter(|record| of_type(record) != QueryType::RRSIG);
    for record in told.take(ANSWERS_KEPT) {
        let mut data = rdata::text(record.kind, &record.data);
        // Canonical text is ASCII.
        data.truncate(DATA_LIMIT);
        run.facts.push(Fact::labelled(&ANSWER, [data], 1.0));
    }
}

/// The first of the five numbers at the end of an SOA record.
fn serial(record: &Record) -> Option<u32> {
    let (_, numbers) = record.data.split_last_chunk::<20>()?;
    let serial = numbers.first_chunk::<4>()?;
    (QueryType(record.kind) == QueryType::SOA).then(|| u32::from_be_bytes(*serial))
}

fn flag(set: bool) -> f64 {
    f64::from(u8::from(set))
}

/// Counts of a message fit 16 bits, as its length does.
fn count(of: usize) -> f64 {
    f64::from(u16::try_from(of).unwrap_or(u16::MAX))
}
