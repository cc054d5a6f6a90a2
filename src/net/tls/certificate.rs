use std::{fmt::Write as _, net::IpAddr};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::distinguished_name;

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its place in the chain as presented; the leaf is 0. A malformed certificate leaves a gap.
    pub position: usize,
    /// RFC 2253 order: `CN=localhost,O=Test`.
    pub subject: String,
    /// The same of the issuer.
    pub issuer: String,
    /// DNS names and IP addresses it is valid for, [`MAX_NAMES`] at most.
    pub names: Vec<String>,
    /// Lower-case hex, two digits a byte.
    pub serial: String,
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: String,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid to.
    pub not_after: Timestamp,
    /// The same of a leaf as Go's `crypto/x509` has it, for those who compare with blackbox_exporter.
    pub as_go: Option<Box<AsGo>>,
}

/// What Go prints of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsGo {
    /// `pkix.Name.String()` of the subject.
    pub subject: String,
    /// The same of the issuer.
    pub issuer: String,
    /// The DNS names alone, with commas between them; at most 16 KiB of them.
    pub dns_names: String,
    /// Lower-case hex, two digits a byte; a serial of zero is empty.
    pub serial: String,
}

/// The longest list of DNS names, in bytes; a handshake with a longer one is as good as unheard of.
const GO_NAMES_LIMIT: usize = 16 * 1024;

/// The most names kept of one certificate; those of content networks hold a few hundred.
pub const MAX_NAMES: usize = 100;

/// The longest name kept, in characters; DNS permits 253.
const NAME_LIMIT: usize = 255;

impl Certificate {
    /// Reads DER; `None` if it is malformed.
    pub(super) fn read(position: usize, der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let validity = parsed.validity();
        Some(Self {
            position,
            subject: distinguished_name::write(parsed.subject()),
            issuer: distinguished_name::write(parsed.issuer()),
            names: names(&parsed),
            serial: serial(parsed.raw_serial()),
            fingerprint: hex(digest(&SHA256, der).as_ref()),
            not_before: timestamp(validity.not_before.timestamp()),
            not_after: timestamp(validity.not_after.timestamp()),
            as_go: (position == 0).then(|| Box::new(AsGo::of(&parsed))),
        })
    }

    /// Whether it names itself as its issuer.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

impl AsGo {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut dns_names = String::new();
        for name in general_names(certificate) {
            let GeneralName::DNSName(name) = name else { continue };
            if dns_names.len() + name.len() > GO_NAMES_LIMIT {
                break;
            }
            if !dns_names.is_empty() {
                dns_names.push(',');
            }
            dns_names.extend(name.chars().map(clean));
        }
        let serial = certificate.raw_serial();
        let significant = serial.iter().position(|byte| *byte != 0).unwrap_or(serial.len());
        Self {
            subject: distinguished_name::write_as_go(certificate.subject()),
            issuer: distinguished_name::write_as_go(certificate.issuer()),
            dns_names,
            serial: hex(&serial[significant..]),
        }
    }
}

/// When a certificate ends; `None` if it is malformed.
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    Some(timestamp(parsed.validity().not_after.timestamp()))
}

fn general_names<'a>(certificate: &'a X509Certificate<'_>) -> &'a [GeneralName<'a>] {
    match certificate.subject_alternative_name() {
        Ok(Some(extension)) => &extension.value.general_names,
        _ => &[],
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let named = general_names(certificate).iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(printable(name)),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    named.take(MAX_NAMES).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    Some(v4.or(v6).ok()?.to_string())
}

/// A stranger wrote the name: control characters would reach terminals and logs.
pub(super) fn clean(c: char) -> char {
    if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }
}

fn printable(name: &str) -> String {
    name.chars().take(NAME_LIMIT).map(clean).collect()
}

/// As Go prints it: the sign byte that DER puts before a set high bit is left out.
fn serial(raw: &[u8]) -> String {
    let significant = raw.iter().position(|byte| *byte != 0).unwrap_or(raw.len().saturating_sub(1));
    hex(&raw[significant..])
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// RFC 5280's "no expiry", 9999-12-31T23:59:59Z, is two hours beyond what jiff holds.
fn timestamp(seconds: i64) -> Timestamp {
    let bound = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(seconds).unwrap_or(bound)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType, SerialNumber, date_time_ymd};

    use super::*;

    fn read(params: &CertificateParams) -> Certificate {
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::read(0, certificate.der()).unwrap()
    }

    #[test]
    fn reads_what_go_prints() {
        let mut params = CertificateParams::new(["localhost".into(), "127.0.0.1".into()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Test");
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.serial_number = Some(SerialNumber::from_slice(&[0x00, 0xfe, 0x07]));
        params.not_before = date_time_ymd(2020, 1, 2);
        params.not_after = date_time_ymd(9999, 12, 31);
        let read = read(&params);
        assert_eq!(read.subject, "CN=localhost,O=Test");
        assert_eq!(read.names, ["localhost", "127.0.0.1"]);
        assert_eq!(read.serial, "fe07");
        assert_eq!(read.fingerprint.len(), 64);
        assert_eq!(read.not_before.to_string(), "2020-01-02T00:00:00Z");
        assert_eq!(read.not_after.to_string(), "9999-12-30T22:00:00.999999999Z");
        assert!(read.is_self_issued());
        let as_go = read.as_go.unwrap();
        assert_eq!((&*as_go.dns_names, &*as_go.serial), ("localhost", "fe07"));
    }

    #[test]
    fn serials_have_two_digits_a_byte() {
        for (raw, text) in [(&[7][..], "07"), (&[0, 0x80], "80"), (&[0], "00"), (&[], "")] {
            assert_eq!(serial(raw), text);
        }
    }

    #[test]
    fn names_are_bounded_and_printable() {
        let mut params = CertificateParams::default();
        params.subject_alt_names = (0..MAX_NAMES + 20)
            .map(|at| SanType::DnsName(format!("{at}\n.example").try_into().unwrap()))
            .collect();
        let read = read(&params);
        assert_eq!(read.names.len(), MAX_NAMES);
        assert_eq!(read.names[7], "7\u{fffd}.example");
    }

    #[test]
    fn garbage_is_none() {
        for der in [&b""[..], b"\x30", b"\x30\x82\xff\xff", b"not a certificate"] {
            assert_eq!(Certificate::read(0, der), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_damage_panics(at in 0_usize..400, byte: u8) {
            let certificate = CertificateParams::new(["localhost".into()])
                .unwrap()
                .self_signed(&KeyPair::generate().unwrap())
                .unwrap();
            let mut der = certificate.der().to_vec();
            let at = at % der.len();
            der[at] = byte;
            let _ = Certificate::read(0, &der);
        }
    }
}
