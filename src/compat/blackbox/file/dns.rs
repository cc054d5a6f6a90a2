use super::Tls;
use crate::{
    compat::{
        blackbox::codes,
        decode::{Field, Reader, Section, Text, key, section},
        yaml::{Id, Yaml},
    },
    model::suggest,
};

section! {
    /// `dns`. `allow_query_parameters` is our own key.
    Dns = { ip_protocol_fallback: true, recursion_desired: true } check validate {
        preferred_ip_protocol: Text,
        ip_protocol_fallback: bool,
        dns_over_tls: bool,
        tls_config: Tls,
        source_ip_address: Text,
        transport_protocol: Text,
        query_class: Text,
        query_name: Text,
        query_type: Text,
        recursion_desired: bool,
        valid_rcodes: Codes,
        validate_answer_rrs: Records,
        validate_authority_rrs: Records,
        validate_additional_rrs: Records,
        allow_query_parameters: bool,
    }
}

section! {
    /// Rules for the records of one section of the answer. The patterns are compiled at each probe, not when the file is read.
    Records {
        fail_if_matches_regexp: Vec<Text>,
        fail_if_all_match_regexp: Vec<Text>,
        fail_if_not_matches_regexp: Vec<Text>,
        fail_if_none_matches_regexp: Vec<Text>,
    }
}

/// Response codes: none said is `NOERROR`, an empty list is no code at all.
#[derive(Debug, Clone, Default)]
pub(in crate::compat) struct Codes(pub(in crate::compat) Option<Vec<Text>>);

impl Field for Codes {
    fn take(&mut self, reader: &mut Reader<'_>, id: Id) -> bool {
        Field::take(&mut self.0, reader, id)
    }
    fn clear(&mut self) -> bool {
        Field::clear(&mut self.0)
    }
    fn show(&self) -> Yaml {
        self.0.show()
    }
    fn is_zero(&self) -> bool {
        self.0.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Dns {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if self.query_name.is_empty() {
            let why = "`query_name` is missing: what to ask the name server for";
            reader.clash(codes::MISSING, &["query_name"], why);
        }
        for (key, value, words) in
            [("query_class", &self.query_class, CLASSES), ("query_type", &self.query_type, TYPES)]
        {
            let word = value.lossy();
            if !word.is_empty() && !words.contains(&&*word) {
                let what = if key == "query_type" { "record type" } else { "class" };
                reader.clash(codes::BAD_VALUE, &[key], format!("there is no {what} `{word}`"));
                let upper = word.to_ascii_uppercase();
                let near = words.iter().find(|known| **known == upper).copied();
                let near = near.or_else(|| suggest::nearest(&word, words.iter().copied()));
                reader.hint(near.map(|near| format!("did you mean `{near}`?")));
            }
        }
    }
}

/// The classes of miekg/dns.
const CLASSES: &[&str] = &["IN", "CS", "CH", "HS", "NONE", "ANY"];

/// The types of miekg/dns 1.1.68.
const TYPES: &[&str] = &[
    "A",
    "AAAA",
    "AFSDB",
    "AMTRELAY",
    "ANY",
    "APL",
    "ATMA",
    "AVC",
    "AXFR",
    "CAA",
    "CDNSKEY",
    "CDS",
    "CERT",
    "CNAME",
    "CSYNC",
    "DHCID",
    "DLV",
    "DNAME",
    "DNSKEY",
    "DS",
    "EID",
    "EUI48",
    "EUI64",
    "GID",
    "GPOS",
    "HINFO",
    "HIP",
    "HTTPS",
    "IPSECKEY",
    "ISDN",
    "IXFR",
    "KEY",
    "KX",
    "L32",
    "L64",
    "LOC",
    "LP",
    "MAILA",
    "MAILB",
    "MB",
    "MD",
    "MF",
    "MG",
    "MINFO",
    "MR",
    "MX",
    "NAPTR",
    "NID",
    "NIMLOC",
    "NINFO",
    "NS",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "NULL",
    "NXNAME",
    "NXT",
    "None",
    "OPENPGPKEY",
    "OPT",
    "PTR",
    "PX",
    "RESINFO",
    "RKEY",
    "RP",
    "RRSIG",
    "RT",
    "Reserved",
    "SIG",
    "SMIMEA",
    "SOA",
    "SPF",
    "SRV",
    "SSHFP",
    "SVCB",
    "TA",
    "TALINK",
    "TKEY",
    "TLSA",
    "TSIG",
    "TXT",
    "UID",
    "UINFO",
    "UNSPEC",
    "URI",
    "X25",
    "ZONEMD",
    "NSAP-PTR",
];
