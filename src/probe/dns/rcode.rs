//! Response codes by name and number.

use std::{fmt, str::FromStr};

use super::registry::{RCODES, name, number};

/// A response code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rcode(pub(super) u16);

/// With EDNS a response code has 12 bits.
const MAX_RCODE: u16 = 4095;

/// What EDNS calls the code that TSIG calls BADSIG (RFC 6891, section 9).
const BADVERS: (&str, u16) = ("BADVERS", 16);

impl FromStr for Rcode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let known = number(RCODES, &upper).or_else(|| number(&[BADVERS], &upper));
        let number = upper.strip_prefix("RCODE").and_then(|number| number.parse().ok());
        known.or(number.filter(|number| *number <= MAX_RCODE)).map(Self).ok_or_else(|| {
            format!("`{text}` is not a response code such as `NOERROR`, `NXDOMAIN`, `SERVFAIL` or `RCODE12`")
        })
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // Only EDNS can bring it in an answer to a question.
            16 => f.write_str(BADVERS.0),
            known => match name(RCODES, known) {
                Some(name) => f.write_str(name),
                None => write!(f, "RCODE{known}"),
            },
        }
    }
}

written_as_text!(Rcode, "DnsRcode", "a response code such as NOERROR, or RCODE and its number");
