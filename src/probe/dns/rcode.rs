//! Response codes by name and number.

use std::{fmt, str::FromStr};

/// A response code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rcode(pub(super) u16);

/// The registry of response codes, without those that only TSIG has.
const RCODES: [(&str, u16); 14] = [
    ("NOERROR", 0),
    ("FORMERR", 1),
    ("SERVFAIL", 2),
    ("NXDOMAIN", 3),
    ("NOTIMP", 4),
    ("REFUSED", 5),
    ("YXDOMAIN", 6),
    ("YXRRSET", 7),
    ("NXRRSET", 8),
    ("NOTAUTH", 9),
    ("NOTZONE", 10),
    ("DSOTYPENI", 11),
    ("BADVERS", 16),
    ("BADCOOKIE", 23),
];

/// With EDNS a response code has 12 bits.
const MAX_RCODE: u16 = 4095;

impl FromStr for Rcode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let known = RCODES.iter().find(|(name, _)| *name == upper).map(|(_, number)| *number);
        let number = upper.strip_prefix("RCODE").and_then(|number| number.parse().ok());
        known.or(number.filter(|number| *number <= MAX_RCODE)).map(Self).ok_or_else(|| {
            format!("`{text}` is not a response code such as `NOERROR`, `NXDOMAIN`, `SERVFAIL` or `RCODE12`")
        })
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match RCODES.iter().find(|(_, number)| *number == self.0) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "RCODE{}", self.0),
        }
    }
}

written_as_text!(Rcode, "DnsRcode", "a response code such as NOERROR, or RCODE and its number");
