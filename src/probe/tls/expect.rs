use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Problem;
use crate::{
    model::{Expectation, Failure, PromDuration, Reason, Trace},
    net::tls::{self, Certificate, Report, TlsVersion},
    re2::Regex,
};

/// What must hold beside a chain that verifies. Lists name what is accepted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Each certificate of the chain is valid for at least this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity: Option<PromDuration>,
    /// One of these versions is negotiated: `TLS 1.2`, `TLS 1.3`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub version: Vec<TlsVersion>,
    /// One of these cipher suites is negotiated, by IANA's names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cipher: Vec<String>,
    /// One of these key exchange groups is negotiated, such as `X25519MLKEM768`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<String>,
    /// One of these application protocols is agreed on; `alpn` offers them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alpn: Vec<String>,
    /// A pattern (RE2) for the leaf's subject, which reads like `CN=example.org,O=Example`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Regex>,
    /// A pattern (RE2) for the leaf's issuer, which reads like `CN=R11,O=Let's Encrypt,C=US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Regex>,
    /// The leaf is valid for each of these names and addresses; its wildcards count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl Expect {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Versions, ciphers and groups that nothing here ever negotiates.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut found = unknown("cipher", &self.cipher, tls::ciphers);
        let unspoken = self.version.iter().zip(0..).filter(|(version, _)| !version.is_spoken());
        found.extend(unspoken.map(|(version, at)| Problem {
            path: format!("expect.version[{at}]"),
            message: format!("{} is never negotiated", version.word()),
            hint: Some("one of TLS12, TLS13".into()),
        }));
        found.extend(unknown("group", &self.group, tls::groups));
        found
    }

    /// Looks at everything but the validity and fails of the first that does not hold.
    ///
    /// # Errors
    /// `tls_mismatch`.
    pub(super) fn judge(&self, report: &Report, trace: &mut Trace) -> Result<(), Failure> {
        let looked_at = self.look(report);
        let broken = looked_at.iter().find(|expectation| !expectation.held);
        let result = broken.map_or(Ok(()), |Expectation { subject, wanted, got, .. }| {
            let detail = format!("{subject}: wanted {wanted}, got {got}");
            Err(Failure::new(Reason::TlsMismatch, detail))
        });
        for expectation in looked_at {
            trace.expectation(|| expectation);
        }
        result
    }

    fn look(&self, report: &Report) -> Vec<Expectation> {
        let versions: Vec<&str> = self.version.iter().map(|version| version.word()).collect();
        let leaf = report.leaf();
        let mut looked_at = Vec::new();
        looked_at.extend(one_of("version", &versions, report.version));
        looked_at.extend(one_of("cipher", &self.cipher, report.cipher.as_deref()));
        looked_at.extend(one_of("group", &self.group, report.group.as_deref()));
        looked_at.extend(one_of("alpn", &self.alpn, report.alpn.as_deref()));
        looked_at.extend(matching(
            "subject",
            self.subject.as_ref(),
            leaf.map(|leaf| &*leaf.subject),
        ));
        looked_at.extend(matching("issuer", self.issuer.as_ref(), leaf.map(|leaf| &*leaf.issuer)));
        looked_at.extend(self.names.iter().map(|name| named(name, leaf)));
        looked_at
    }
}

fn unknown(key: &str, wanted: &[String], known: fn() -> Vec<String>) -> Vec<Problem> {
    // Asked only when it matters: a configuration may hold 100,000 checks.
    let known = if wanted.is_empty() { Vec::new() } else { known() };
    let strange = wanted.iter().enumerate().filter(|(_, name)| !known.contains(name));
    strange
        .map(|(at, name)| Problem {
            path: format!("expect.{key}[{at}]"),
            message: format!("`{name}` is never negotiated"),
            hint: Some(format!("one of {}", known.join(", "))),
        })
        .collect()
}

/// Nothing to look at where nothing is wanted.
fn one_of<T: AsRef<str>>(subject: &str, wanted: &[T], got: Option<&str>) -> Option<Expectation> {
    (!wanted.is_empty()).then(|| Expectation {
        subject: subject.into(),
        wanted: wanted.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" or "),
        got: got.unwrap_or("none").into(),
        held: got.is_some_and(|got| wanted.iter().any(|one| one.as_ref() == got)),
    })
}

fn matching(subject: &str, wanted: Option<&Regex>, got: Option<&str>) -> Option<Expectation> {
    wanted.map(|wanted| Expectation {
        subject: subject.into(),
        wanted: format!("{wanted:?}"),
        got: shown(got.unwrap_or("none")),
        held: got.is_some_and(|got| wanted.is_match(got.as_bytes())),
    })
}

fn named(name: &str, leaf: Option<&Certificate>) -> Expectation {
    let names = leaf.map(|leaf| leaf.names.as_slice()).unwrap_or_default();
    Expectation {
        subject: "names".into(),
        wanted: name.into(),
        got: shown(&names.join(", ")),
        held: names.iter().any(|own| covers(own, name)),
    }
}

/// RFC 6125: a wildcard is the whole leftmost label and stands for exactly one.
fn covers(own: &str, wanted: &str) -> bool {
    if let (Ok(own), Ok(wanted)) = (own.parse::<IpAddr>(), wanted.parse::<IpAddr>()) {
        return own == wanted;
    }
    let rest = |name| str::split_once(name, '.').map(|(_, rest)| rest);
    let by_wildcard = own.starts_with("*.")
        && rest(own)
            .zip(rest(wanted))
            .is_some_and(|(own, wanted)| own.eq_ignore_ascii_case(wanted));
    by_wildcard || own.eq_ignore_ascii_case(wanted)
}

fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_label() {
        assert!(covers("*.example.org", "www.Example.org"));
        assert!(!covers("*.example.org", "a.b.example.org"));
        assert!(!covers("*.example.org", "example.org"));
        assert!(!covers("*.org", "1.2.3.4"));
        assert!(covers("2001:db8::1", "2001:DB8:0::1"));
        assert!(!covers("*", "localhost"));
    }
}
