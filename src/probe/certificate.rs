//! What TLS shows, the same families and expectations for every kind that speaks it.

use jiff::Timestamp;

use super::Run;
use crate::{
    clock::{self, Clock},
    model::{Desc, Expectation, Fact, Failure, PromDuration, Reason},
    net::tls::{Certificate, Report},
};

/// Expiry of each certificate a target presented.
pub(super) static NOT_AFTER: Desc = Desc::gauge(
    "noroshi_tls_not_after_timestamp_seconds",
    "End of validity of a certificate, as seconds since the epoch; position 0 is the leaf.",
)
.labels(&["source", "position"]);
/// Start of validity of each.
pub(super) static NOT_BEFORE: Desc = Desc::gauge(
    "noroshi_tls_not_before_timestamp_seconds",
    "Start of validity of a certificate, as seconds since the epoch; position 0 is the leaf.",
)
.labels(&["source", "position"])
.internal();
/// Everything else of each.
pub(super) static CERTIFICATE: Desc = Desc::gauge(
    "noroshi_tls_certificate_info",
    "A certificate of the presented chain; position 0 is the leaf; always 1.",
)
.labels(&["position", "subject", "issuer", "names", "serial", "fingerprint_sha256"])
.internal();
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
.labels(&[
    "version",
    "cipher",
    "key_exchange_group", // not `group`: that is the check's own
    "subject",
    "issuer",
    "serial",
    "fingerprint_sha256",
]);

/// When the whole chain ends, the root included.
pub(super) static CHAIN_NOT_AFTER: Desc = Desc::gauge(
    "noroshi_tls_chain_not_after_timestamp_seconds",
    "End of validity of the chain up to its root, the latest of all paths that verify, as seconds since the epoch; absent where none does.",
);
/// The leaf in the words of blackbox_exporter's `probe_ssl_last_chain_info`.
pub(super) static LEAF: Desc = Desc::gauge(
    "noroshi_tls_leaf_info",
    "The leaf certificate with names as Go writes them; always 1.",
)
.labels(&["fingerprint_sha256", "subject", "issuer", "subjectalternative", "serialnumber"])
.internal();

/// The families above, for the registry of a kind that speaks TLS.
pub(super) const FAMILIES: [&Desc; 7] =
    [&NOT_AFTER, &NOT_BEFORE, &CERTIFICATE, &VERIFIED, &INFO, &CHAIN_NOT_AFTER, &LEAF];

/// The longest label value taken from a certificate, in bytes: a stranger wrote it.
const LABEL_LIMIT: usize = 200;

/// The longest list of names, in bytes; it is not exported.
const NAMES_LIMIT: usize = 2000;

/// What a handshake showed, as facts.
pub(super) fn facts(report: &Report, facts: &mut Vec<Fact>) {
    for certificate in &report.chain {
        let position = certificate.position.to_string();
        let labels = ["peer", &position];
        let (from, to) = (certificate.not_before, certificate.not_after);
        facts.push(Fact::labelled(&NOT_AFTER, labels, clock::epoch_seconds(to)));
        facts.push(Fact::labelled(&NOT_BEFORE, labels, clock::epoch_seconds(from)));
        facts.push(described(certificate, &position));
    }
    if let Some(verified) = &report.verified {
        facts.push(Fact::new(&VERIFIED, f64::from(u8::from(verified.is_ok()))));
    }
    if let Some(end) = report.chain_not_after {
        facts.push(Fact::new(&CHAIN_NOT_AFTER, clock::epoch_seconds(end)));
    }
    let Some(leaf) = report.leaf() else {
        return;
    };
    if let Some(go) = &leaf.as_go {
        let labels = [&leaf.fingerprint, &go.subject, &go.issuer, &go.dns_names, &go.serial];
        facts.push(Fact::labelled(&LEAF, labels.map(String::as_str), 1.0));
    }
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

fn described(certificate: &Certificate, position: &str) -> Fact {
    let names = certificate.names.join(",");
    let labels = [
        position,
        bounded(&certificate.subject),
        bounded(&certificate.issuer),
        &names[..names.floor_char_boundary(NAMES_LIMIT)],
        bounded(&certificate.serial),
        &certificate.fingerprint,
    ];
    Fact::labelled(&CERTIFICATE, labels, 1.0)
}

/// Seconds until the first certificate of the chain ends; negative when it has.
pub(super) fn validity_left(facts: &[Fact], now: Timestamp) -> Option<f64> {
    let ends = facts.iter().filter(|fact| std::ptr::eq(fact.desc, &raw const NOT_AFTER));
    ends.map(|fact| fact.value - clock::epoch_seconds(now)).min_by(f64::total_cmp)
}

/// Whether every certificate of the chain is valid for as long as wanted. Without a chain there is nothing to fail.
///
/// # Errors
/// `tls_expires_soon`.
pub(super) fn expect_validity(
    run: &mut Run<'_>,
    wanted: Option<PromDuration>,
) -> Result<(), Failure> {
    // The machine's clock, by which rustls has verified the chain.
    let left = validity_left(&run.facts, Clock::system().now());
    let (Some(wanted), Some(left)) = (wanted, left) else {
        return Ok(());
    };
    let held = left >= wanted.0.as_secs_f64();
    let got = format!("{:.1} days", left / 86_400.0);
    run.attempt.trace.expectation(|| Expectation {
        subject: "certificate validity".into(),
        wanted: format!("at least {wanted}"),
        got: got.clone(),
        held,
    });
    if held {
        return Ok(());
    }
    let detail = format!("the chain is valid for {got} more, wanted {wanted}");
    Err(Failure::new(Reason::TlsExpiresSoon, detail))
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(LABEL_LIMIT)]
}
