use toml::{Table, Value};

use super::{Native, put};
use crate::compat::{
    blackbox::{
        codes,
        file::{Client, Header, HeaderMatch, Http, Proxy},
    },
    decode::{Named, Text},
};

/// As blackbox_exporter 0.28.0 calls itself: the lists of firewalls know this name.
const USER_AGENT: &str = "Blackbox-Exporter/0.28.0";
/// What stands for no limit.
const NO_LIMIT: &str = "1024TiB";

impl Native {
    pub(super) fn http(&mut self, own: &Http) {
        self.address(&own.preferred_ip_protocol, own.ip_protocol_fallback, &Text::default());
        self.request(own);
        if own.enable_http3 {
            let direct = self.without_proxy(&own.client);
            self.client(&direct, "");
        } else {
            self.client(&own.client, "");
        }
        self.redirects(own);
        self.version(own);
        self.sizes(own);
        self.expect(own);
    }

    fn version(&mut self, own: &Http) {
        if own.enable_http3 {
            self.put("version", "http3");
            return;
        }
        if own.client.proxy.is_given() && !own.skip_resolve_phase_with_proxy {
            self.put("proxy_resolve", true);
        }
        if !own.client.enable_http2 {
            self.put("version", "http1");
        }
    }

    /// HTTP/3 goes by UDP, past every proxy, in blackbox_exporter too.
    fn without_proxy(&mut self, client: &Client) -> Client {
        if client.proxy.is_given() {
            let key = if client.proxy.proxy_from_environment {
                "proxy_from_environment"
            } else {
                "proxy_url"
            };
            let message = "HTTP/3 goes past every proxy: this one has no effect on the probe";
            self.remark(codes::IGNORED, key, message);
        }
        Client { proxy: Proxy::default(), ..client.clone() }
    }

    fn request(&mut self, own: &Http) {
        let method = own.method.lossy();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !method.bytes().all(token) || method == "CONNECT" {
            self.broken("method", format!("`{method}` is not a method that can be probed with"));
        } else {
            self.put_text("method", &own.method);
        }
        let agent = Text(USER_AGENT.as_bytes().to_vec());
        let named = |name: &str| own.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let default = (!named("User-Agent")).then_some(("User-Agent", &agent));
        let headers: Option<&Named<Header>> = own.client.http_headers.as_ref().map(|own| &own.0);
        self.headers(own.headers.iter().chain(default), headers);
        if std::str::from_utf8(&own.body.0).is_err() {
            self.unsupported(
                "body",
                "noroshi sends bodies of UTF-8 text; others can be sent from a `body_file`",
            );
        }
        self.put_text("body", &own.body);
        self.put_text("body_file", &own.body_file);
    }

    fn redirects(&mut self, own: &Http) {
        if !own.client.follow_redirects {
            self.put("redirects.follow", false);
            return;
        }
        let secret = |header: &Header| !header.secrets.is_empty() || !header.files.is_empty();
        let headers = own.client.http_headers.as_ref();
        let private = own.client.basic_auth.is_some()
            || own.client.authorization.is_some()
            || own.client.oauth2.is_some()
            || own.headers.iter().next().is_some()
            || headers.is_some_and(|headers| headers.0.iter().any(|(_, header)| secret(header)));
        if private {
            self.put("redirects.forward_credentials", true);
        }
    }

    fn sizes(&mut self, own: &Http) {
        // Nothing is decoded unless it is demanded below.
        self.put("compression", false);
        let limit = match own.body_size_limit.0 {
            0 => Value::from(NO_LIMIT),
            bytes => Value::from(bytes),
        };
        let decodes = !matches!(&*own.compression.lossy().to_ascii_lowercase(), "" | "identity");
        let wire = if decodes { Value::from(NO_LIMIT) } else { limit.clone() };
        self.put("body_size_limit", wire);
        self.put("decompressed_size_limit", limit);
        match &*own.compression.lossy().to_ascii_lowercase() {
            "" => {}
            word @ ("gzip" | "br" | "deflate" | "identity") => self.put("expect.encoding", word),
            word => self.broken(
                "compression",
                format!("`{word}` is none of gzip, br, deflate and identity"),
            ),
        }
    }

    fn expect(&mut self, own: &Http) {
        let codes: Vec<i64> = own
            .valid_status_codes
            .iter()
            .copied()
            .filter(|code| (100..1000).contains(code))
            .collect();
        if !codes.is_empty() {
            self.put("expect.status", codes);
        } else if !own.valid_status_codes.is_empty() {
            self.broken("valid_status_codes", "no answer has any of these status codes");
        }
        self.versions_expected(own);
        match (own.fail_if_ssl, own.fail_if_not_ssl) {
            (true, true) => self.broken(
                "fail_if_ssl",
                "`fail_if_ssl` and `fail_if_not_ssl` leave nothing that could pass",
            ),
            (false, false) => {}
            (no_tls, _) => self.put("expect.tls", !no_tls),
        }
        let rules = own
            .fail_if_header_matches
            .iter()
            .map(|rule| (rule, "not_regex", "fail_if_header_matches"));
        let others = own
            .fail_if_header_not_matches
            .iter()
            .map(|rule| (rule, "regex", "fail_if_header_not_matches"));
        let headers: Vec<Value> = rules
            .chain(others)
            .filter_map(|(rule, key, field)| self.header_rule(rule, key, field))
            .collect();
        if !headers.is_empty() {
            self.put("expect.headers", headers);
        }
        let body = |key: &str, text: &str| {
            let mut table = Table::new();
            put(&mut table, key, text);
            Value::from(table)
        };
        let absent =
            own.fail_if_body_matches_regexp.iter().map(|regex| body("not_regex", regex.text()));
        let wanted =
            own.fail_if_body_not_matches_regexp.iter().map(|regex| body("regex", regex.text()));
        let bodies: Vec<Value> = absent.chain(wanted).collect();
        if !bodies.is_empty() {
            self.put("expect.body", bodies);
        }
        let absent =
            own.fail_if_body_json_matches_cel.iter().map(|rule| format!("!({})", rule.0.lossy()));
        let wanted =
            own.fail_if_body_json_not_matches_cel.iter().map(|rule| rule.0.lossy().into_owned());
        let rules: Vec<String> = absent.chain(wanted).collect();
        if !rules.is_empty() {
            self.put("expect.cel", rules);
        }
    }

    fn versions_expected(&mut self, own: &Http) {
        let mut versions = Vec::new();
        for version in &own.valid_http_versions {
            match &*version.lossy() {
                word @ ("HTTP/1.0" | "HTTP/1.1" | "HTTP/2.0" | "HTTP/3.0") => {
                    versions.push(word.to_owned());
                }
                word => {
                    let message = format!(
                        "no answer ever has the version `{word}`: it is HTTP/1.0, HTTP/1.1, HTTP/2.0 or HTTP/3.0"
                    );
                    self.remark(codes::TRAP, "valid_http_versions", message);
                }
            }
        }
        if !versions.is_empty() {
            self.put("expect.version", versions);
        } else if !own.valid_http_versions.is_empty() {
            self.broken("valid_http_versions", "no answer has any of these versions");
        }
    }

    fn header_rule(&mut self, rule: &HeaderMatch, key: &str, field: &str) -> Option<Value> {
        let name = rule.header.lossy();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !name.bytes().all(token) {
            // Such a header is always missing.
            if !rule.allow_missing {
                self.broken(field, format!("no answer has a header `{name}`"));
            }
            return None;
        }
        let mut table = Table::new();
        put(&mut table, "name", name.into_owned());
        put(&mut table, key, rule.regexp.text());
        put(&mut table, "optional", rule.allow_missing);
        Some(table.into())
    }
}
