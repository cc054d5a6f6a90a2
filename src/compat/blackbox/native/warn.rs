//! What is worth knowing of a module that is accepted.

use crate::compat::{
    blackbox::{
        Prober, codes,
        file::{self, Http, Module, Records, Tls},
    },
    code::Code,
    decode::Reader,
};

/// Notes what looks like a mistake and is none for blackbox_exporter. `path` is the module's.
pub(in crate::compat::blackbox) fn warnings(
    reader: &mut Reader<'_>,
    path: &str,
    prober: Prober,
    module: &Module,
) {
    let mut notes = Notes { reader, path };
    notes.deprecated(module);
    notes.sections(prober);
    let tls = match prober {
        Prober::Http => ("http.tls_config", &module.http.client.tls_config),
        Prober::Tcp => ("tcp.tls_config", &module.tcp.tls_config),
        Prober::Dns => ("dns.tls_config", &module.dns.tls_config),
        Prober::Grpc => ("grpc.tls_config", &module.grpc.tls_config),
        Prober::Unix => ("unix.tls_config", &module.unix.tls_config),
        Prober::Websocket => {
            ("websocket.http_config.tls_config", &module.websocket.http_config.tls_config)
        }
        Prober::Icmp => ("", &Tls::default()),
    };
    notes.insecure(tls.0, tls.1);
    if prober == Prober::Http {
        notes.bodies(&module.http);
    }
    if prober == Prober::Dns {
        for (field, records) in [
            ("dns.validate_answer_rrs", &module.dns.validate_answer_rrs),
            ("dns.validate_authority_rrs", &module.dns.validate_authority_rrs),
            ("dns.validate_additional_rrs", &module.dns.validate_additional_rrs),
        ] {
            notes.records(field, records);
        }
    }
    if [Prober::Grpc, Prober::Websocket].contains(&prober) && !notes.says(prober.word()) {
        let message = "without its section a module of this prober has `ip_protocol_fallback: false`: targets that have IPv4 alone fail to resolve";
        let hint = format!("write `{}: {{}}`", prober.word());
        notes.add(codes::TRAP, "prober", message, Some(hint));
    }
}

struct Notes<'r, 'd> {
    reader: &'r mut Reader<'d>,
    path: &'r str,
}

impl Notes<'_, '_> {
    fn says(&self, field: &str) -> bool {
        self.reader.says(&format!("{}.{field}", self.path))
    }

    fn add(&mut self, code: Code, field: &str, message: &str, hint: Option<String>) {
        let at = format!("{}.{field}", self.path);
        let message = format!("{}: {message}", file::subject(&at));
        self.reader.note(code, &at, message, hint);
    }

    fn deprecated(&mut self, module: &Module) {
        if let Some(no) = module.http.no_follow_redirects {
            let hint = format!("write `follow_redirects: {}`", !no);
            let message = "deprecated, and gone in a later version of blackbox_exporter";
            self.add(codes::DEPRECATED, "http.no_follow_redirects", message, Some(hint));
        }
        for (key, new) in
            [("bearer_token", "credentials"), ("bearer_token_file", "credentials_file")]
        {
            for section in ["http", "websocket.http_config"] {
                let field = format!("{section}.{key}");
                if self.says(&field) {
                    let hint = format!("write `authorization: {{ {new}: ... }}`");
                    self.add(codes::DEPRECATED, &field, "deprecated in Prometheus", Some(hint));
                }
            }
        }
    }

    /// Rules on the body as text and as JSON: blackbox_exporter reads it for the first of them and has nothing left for the
    /// other.
    fn bodies(&mut self, own: &Http) {
        let text = [&own.fail_if_body_matches_regexp, &own.fail_if_body_not_matches_regexp];
        let json = [&own.fail_if_body_json_matches_cel, &own.fail_if_body_json_not_matches_cel];
        if text.iter().any(|rules| !rules.is_empty()) && json.iter().any(|rule| rule.is_some()) {
            let message = "rules on the body as text and as JSON: blackbox_exporter has no body left for the second kind and always fails; noroshi looks at both";
            self.add(codes::DIFFERENT, "http", message, None);
        }
    }

    /// Sections of other probers.
    fn sections(&mut self, prober: Prober) {
        for other in Prober::ALL.into_iter().filter(|other| *other != prober) {
            if self.says(other.word()) {
                let message =
                    format!("the section has no effect: the prober is `{}`", prober.word());
                self.add(codes::IGNORED, other.word(), &message, None);
            }
        }
    }

    fn insecure(&mut self, field: &str, tls: &Tls) {
        if tls.insecure_skip_verify {
            let message = "certificates are not verified; the metrics still tell when they expire";
            let hint = "to trust a private authority, name it in `ca_file`".to_owned();
            self.add(
                codes::INSECURE,
                &format!("{field}.insecure_skip_verify"),
                message,
                Some(hint),
            );
        }
    }

    fn records(&mut self, field: &str, records: &Records) {
        if !records.fail_if_all_match_regexp.is_empty() {
            let message = "fails when NOT all records match, the opposite of its name, and passes a section without records; blackbox_exporter does so too, and it is kept";
            let hint =
                "to fail when no record matches, use `fail_if_none_matches_regexp`".to_owned();
            self.add(
                codes::TRAP,
                &format!("{field}.fail_if_all_match_regexp"),
                message,
                Some(hint),
            );
        }
        for (key, patterns) in [
            ("fail_if_matches_regexp", &records.fail_if_matches_regexp),
            ("fail_if_all_match_regexp", &records.fail_if_all_match_regexp),
            ("fail_if_not_matches_regexp", &records.fail_if_not_matches_regexp),
            ("fail_if_none_matches_regexp", &records.fail_if_none_matches_regexp),
        ] {
            for (at, pattern) in patterns.iter().enumerate() {
                if has_spaces_for_tabs(&pattern.lossy()) {
                    let message = "matches no record: name, TTL, class, type and data have TABs between them, not spaces";
                    let hint = Some("write `\\t` or `\\s+`".to_owned());
                    self.add(codes::TRAP, &format!("{field}.{key}[{at}]"), message, hint);
                }
            }
        }
    }
}

/// Whether a pattern has a space beside a class, where a record has a TAB: `300 IN A`.
fn has_spaces_for_tabs(pattern: &str) -> bool {
    let words: Vec<&str> = pattern.split(' ').collect();
    let class = |word: &str| matches!(word, "IN" | "CH" | "HS");
    let typed = |word: &str| {
        let letters = word.trim_end_matches(['$', '\\', '.', '*', '+', ')']);
        matches!(
            letters,
            "A" | "AAAA" | "CNAME" | "MX" | "NS" | "PTR" | "SOA" | "SRV" | "TXT" | "CAA"
        )
    };
    words.windows(2).any(|pair| (class(pair[0]) && typed(pair[1])) || class(pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_beside_a_class_are_found() {
        for pattern in ["example.org. 300 IN A 192.0.2.1", r".* IN MX", "^www IN", "IN A$"] {
            assert!(has_spaces_for_tabs(pattern), "{pattern}");
        }
        for pattern in [r"\tIN\tA\t", "10 mail.example.org", r"\s+IN\s+A", "v=spf1 a mx", "INA"] {
            assert!(!has_spaces_for_tabs(pattern), "{pattern}");
        }
    }
}
