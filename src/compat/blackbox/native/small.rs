use base64::{Engine, prelude::BASE64_STANDARD};
use toml::{Table, Value};

use super::{Native, stream::Ending, texts};
use crate::compat::{
    blackbox::file::{Grpc, Icmp, Websocket},
    decode::Text,
};

/// What blackbox_exporter's packets begin with.
const PAYLOAD: &str = "Prometheus Blackbox Exporter";
/// The size of its packets where none is given: that text.
const DEFAULT_PAYLOAD: i64 = 28;
/// The TTL of both where none is given.
const DEFAULT_TTL: i64 = 64;
/// What fits an IPv4 packet behind its headers.
const MAX_PAYLOAD: i64 = 65_507;

impl Native {
    pub(super) fn icmp(&mut self, own: &Icmp) {
        let source = &own.source_ip_address;
        self.address(&own.preferred_ip_protocol, own.ip_protocol_fallback, source);
        self.put("payload", PAYLOAD);
        match own.payload_size {
            0 => self.put("size", DEFAULT_PAYLOAD),
            size @ 1..=MAX_PAYLOAD => self.put("size", size),
            size => {
                let why = format!("a packet cannot hold {size} bytes: it is 1 to {MAX_PAYLOAD}");
                self.broken("payload_size", why);
            }
        }
        // Zero leaves it to the system, whose default is ours too.
        if own.ttl != 0 && own.ttl != DEFAULT_TTL {
            self.put("ttl", own.ttl);
        }
        if own.dont_fragment {
            self.put("dont_fragment", true);
        }
    }

    pub(super) fn grpc(&mut self, own: &Grpc) {
        self.address(&own.preferred_ip_protocol, own.ip_protocol_fallback, &Text::default());
        self.put_text("service", &own.service);
        if own.tls {
            let options = self.tls(&own.tls_config, "tls_config").unwrap_or_default();
            self.put("tls", options);
        }
        let metadata: Table = own
            .metadata
            .iter()
            .map(|(name, values)| {
                let name = name.to_ascii_lowercase();
                // As it is here, and in Base64 in noroshi's own keys.
                let values = if name.ends_with("-bin") {
                    values.iter().map(|text| BASE64_STANDARD.encode(&text.0)).collect()
                } else {
                    texts(values)
                };
                (name, values.into())
            })
            .collect();
        if !metadata.is_empty() {
            self.put("metadata", metadata);
        }
    }

    pub(super) fn websocket(&mut self, own: &Websocket) {
        self.address(&own.preferred_ip_protocol, own.ip_protocol_fallback, &Text::default());
        self.headers(std::iter::empty(), Some(&own.headers));
        self.client(&own.http_config, "http_config.");
        let dialogue: Vec<Value> = own
            .query_response
            .iter()
            .enumerate()
            .filter_map(|(at, step)| {
                let table = self.step(step, &format!("query_response[{at}]"), Ending::Nothing);
                (!table.is_empty()).then(|| table.into())
            })
            .collect();
        if !dialogue.is_empty() {
            self.put("dialogue", dialogue);
        }
        self.put("await_close", false);
    }
}
