//! Facts about certificates, the same families for every kind that speaks TLS.

use jiff::Timestamp;

use crate::{
    clock,
    model::{Desc, Fact},
    net::tls::Report,
};

/// Expiry of each certificate a target presented.
pub(super) static NOT_AFTER: Desc = Desc::gauge(
    "noroshi_tls_not_after_timestamp_seconds",
    "End of validity of a certificate, as seconds since the epoch; position 0 is the leaf.",
)
.labels(&["source", "position"]);
/// The verdict on the chain.
pub(super) static VERIFIED: Desc = Desc::gauge(
    "noroshi_tls_verified",
    "Whether the presented chain verified for the target's name (1) or not (0).",
);
/// What was negotiated.
pub(super) static INFO: Desc = Desc::gauge(
    "noroshi_tls_info",
    "Negotiated TLS parameters and the leaf certificate; always 1.",
)
.labels(&["version", "cipher", "group", "subject", "issuer", "serial", "fingerprint_sha256"]);

/// The families above, for the registry of a kind that speaks TLS.
pub(super) const FAMILIES: [&Desc; 3] = [&NOT_AFTER, &VERIFIED, &INFO];

/// The longest label value taken from a certificate, in bytes: a stranger wrote it.
const LABEL_LIMIT: usize = 200;

/// What a handshake showed, as facts.
pub(super) fn facts(report: &Report, facts: &mut Vec<Fact>) {
    for certificate in &report.chain {
        let labels = ["peer".to_owned(), certificate.position.to_string()];
        let expiry = clock::epoch_seconds(certificate.not_after);
        facts.push(Fact::labelled(&NOT_AFTER, labels, expiry));
    }
    if let Some(verified) = &report.verified {
        facts.push(Fact::new(&VERIFIED, f64::from(u8::from(verified.is_ok()))));
    }
    let Some(leaf) = report.chain.first().filter(|first| first.position == 0) else {
        return;
    };
    let labels = [
        report.version.unwrap_or_default(),
        report.cipher.as_deref().unwrap_or_default(),
        report.group.as_deref().unwrap_or_default(),
        &leaf.subject,
        &leaf.issuer,
        &leaf.serial,
        &leaf.fingerprint,
    ];
    facts.push(Fact::labelled(&INFO, labels.map(bounded), 1.0));
}

/// Seconds until the first certificate of the chain ends; negative when it has.
pub(super) fn validity_left(facts: &[Fact], now: Timestamp) -> Option<f64> {
    let ends = facts.iter().filter(|fact| std::ptr::eq(fact.desc, &raw const NOT_AFTER));
    ends.map(|fact| fact.value - clock::epoch_seconds(now)).min_by(f64::total_cmp)
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(LABEL_LIMIT)]
}
