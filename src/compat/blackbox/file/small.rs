use super::{Client, Header, QueryResponse, Tls};
use crate::compat::{
    blackbox::codes,
    decode::{Field, Named, Reader, Section, Text, key, section},
    yaml::{Id, Yaml},
};

section! {
    /// `icmp`
    Icmp = { ip_protocol_fallback: true, ttl: 64 } check validate {
        preferred_ip_protocol: Text,
        ip_protocol_fallback: bool,
        source_ip_address: Text,
        payload_size: i64,
        dont_fragment: bool,
        ttl: i64,
    }
}

impl Icmp {
    fn validate(&mut self, reader: &mut Reader<'_>) {
        if !(0..=255).contains(&self.ttl) {
            reader.clash(
                codes::BAD_VALUE,
                &["ttl"],
                format!("`ttl` is {}; it is 0 to 255", self.ttl),
            );
        }
    }
}

section! {
    /// `grpc`
    Grpc = { ip_protocol_fallback: true } {
        service: Text,
        tls: bool,
        tls_config: Tls,
        ip_protocol_fallback: bool,
        preferred_ip_protocol: Text,
        metadata: Named<Vec<Text>>,
    }
}

section! {
    /// `websocket`, as blackbox_exporter's master has it; 0.28 knows no such prober.
    Websocket = { ip_protocol_fallback: true, http_config: Client::initial() } {
        preferred_ip_protocol: Text,
        ip_protocol_fallback: bool,
        http_config: Client,
        headers: Named<Header>,
        query_response: Vec<QueryResponse>,
    }
}
