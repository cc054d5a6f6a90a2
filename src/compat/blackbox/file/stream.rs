use super::Tls;
use crate::compat::{
    blackbox::codes,
    decode::{Field, Pattern, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// `tcp`
    Tcp = { ip_protocol_fallback: true } {
        preferred_ip_protocol: Text,
        ip_protocol_fallback: bool,
        source_ip_address: Text,
        query_response: Vec<QueryResponse>,
        tls: bool,
        tls_config: Tls,
    }
}

section! {
    /// `unix`
    Unix {
        query_response: Vec<QueryResponse>,
        tls: bool,
        tls_config: Tls,
    }
}

section! {
    /// One step of a dialogue.
    QueryResponse check validate {
        expect: Pattern,
        expect_bytes: Text,
        labels: Vec<Label>,
        send: Text,
        starttls: bool,
    }
}

section! {
    /// A label of `probe_expect_info`.
    Label {
        name: Text,
        value: Text,
    }
}

impl QueryResponse {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if self.expect.0.is_some() && !self.expect_bytes.is_empty() {
            let why = "`expect` and `expect_bytes` exclude each other; make them two steps";
            reader.clash(codes::CONTRADICTION, &["expect_bytes", "expect"], why);
        }
    }
}
