//! What TLS showed. Which of the families a prober has differs from one to the next.

use super::page::{Facts, Page, text};
use crate::model::Desc;

static EARLIEST: Desc =
    Desc::gauge("probe_ssl_earliest_cert_expiry", "Returns last SSL chain expiry in unixtime");
static CHAIN: Desc = Desc::gauge(
    "probe_ssl_last_chain_expiry_timestamp_seconds",
    "Returns last SSL chain expiry in timestamp",
);
static LEAF: Desc =
    Desc::gauge("probe_ssl_last_chain_info", "Contains SSL leaf certificate information")
        .labels(&["fingerprint_sha256", "subject", "issuer", "subjectalternative", "serialnumber"]);
static VERSION: Desc =
    Desc::gauge("probe_tls_version_info", "Returns the TLS version used or NaN when unknown")
        .labels(&["version"]);
static CIPHER: Desc =
    Desc::gauge("probe_tls_cipher_info", "Returns the TLS cipher negotiated during handshake")
        .labels(&["cipher"]);

/// The families that every prober with TLS has: expiry, version, leaf.
pub(super) fn rows<'a>(facts: Facts<'a>, page: &mut Page<'a>) {
    let ends = facts
        .all("noroshi_tls_not_after_timestamp_seconds")
        .filter(|fact| text(fact, "source") == Some("peer"))
        .map(|fact| fact.value);
    if let Some(earliest) = ends.min_by(f64::total_cmp) {
        page.add(&EARLIEST, earliest);
    }
    if let Some(version) = facts.text("noroshi_tls_info", "version") {
        page.labelled(&VERSION, vec![("version", version)], 1.0);
    }
    // Its labels are these already, in Go's words.
    if let Some(leaf) = facts.all("noroshi_tls_leaf_info").next() {
        let labels = leaf.desc.labels.iter().copied().zip(leaf.labels.iter().map(|text| &**text));
        page.labelled(&LEAF, labels.collect(), 1.0);
    }
}

/// When the longest-lived chain that verified ends. Absent without one, where blackbox_exporter shows the year 1.
pub(super) fn chain(facts: Facts<'_>, page: &mut Page<'_>) {
    if let Some(end) = facts.value("noroshi_tls_chain_not_after_timestamp_seconds") {
        page.add(&CHAIN, end);
    }
}

/// The cipher suite, which only `http` shows.
pub(super) fn cipher<'a>(facts: Facts<'a>, page: &mut Page<'a>) {
    if let Some(cipher) = facts.text("noroshi_tls_info", "cipher") {
        page.labelled(&CIPHER, vec![("cipher", cipher)], 1.0);
    }
}
