use toml::Table;

use super::{Native, put, texts};
use crate::{
    compat::{
        blackbox::{
            codes,
            file::{Dns, Records},
        },
        decode::Text,
    },
    re2::Regex,
};

/// The response codes miekg/dns knows by name.
const RCODES: [&str; 20] = [
    "NOERROR",
    "FORMERR",
    "SERVFAIL",
    "NXDOMAIN",
    "NOTIMP",
    "REFUSED",
    "YXDOMAIN",
    "YXRRSET",
    "NXRRSET",
    "NOTAUTH",
    "NOTZONE",
    "DSOTYPENI",
    "BADSIG",
    "BADKEY",
    "BADTIME",
    "BADMODE",
    "BADNAME",
    "BADALG",
    "BADTRUNC",
    "BADCOOKIE",
];

/// A response code that no answer without EDNS has room for.
const NO_ANSWERS_CODE: &str = "RCODE4095";
/// A pattern that nothing matches.
const NOTHING: &str = r"[^\s\S]";

impl Native {
    pub(super) fn dns(&mut self, own: &Dns) {
        let source = &own.source_ip_address;
        self.address(&own.preferred_ip_protocol, own.ip_protocol_fallback, source);
        if own.query_name.is_empty() {
            self.broken("query_name", "there is no `query_name` to ask for");
        }
        self.put_text("name", &own.query_name);
        let word = own.query_type.lossy();
        self.put(
            "type",
            match &*word {
                "" => "ANY",
                "None" => "TYPE0",
                "Reserved" => "TYPE65535",
                "NSAP-PTR" => "TYPE23",
                word => word,
            },
        );
        self.put_text("class", &own.query_class);
        self.transport(own);
        if !own.recursion_desired {
            self.put("recursion_desired", false);
        }
        // What blackbox_exporter sends and takes is a plain question and any answer with its id.
        for key in ["authenticated_data", "edns", "tcp_on_truncation", "question_echoed"] {
            self.put(key, false);
        }
        self.codes(own);
        for (section, rules) in [
            ("answer", &own.validate_answer_rrs),
            ("authority", &own.validate_authority_rrs),
            ("additional", &own.validate_additional_rrs),
        ] {
            let table = self.records(rules, &format!("validate_{section}_rrs"));
            if !table.is_empty() {
                self.put(&format!("expect.records.{section}"), table);
            }
        }
    }

    /// A code nobody knows ends the looking, and the probe fails; so does every probe of an empty list.
    fn codes(&mut self, own: &Dns) {
        let Some(codes) = &own.valid_rcodes.0 else { return };
        let wrong = codes.iter().find(|code| !RCODES.contains(&&*code.lossy()));
        if let Some(wrong) = wrong {
            let message = format!("there is no response code `{}`", wrong.lossy());
            self.fails_at_the_answer("valid_rcodes", message);
        } else if codes.is_empty() {
            self.fails_at_the_answer("valid_rcodes", "no response code is in the list");
        }
        if codes.is_empty() || wrong.is_some() {
            self.put("expect.rcode", vec![NO_ANSWERS_CODE]);
        } else {
            self.put("expect.rcode", texts(codes));
        }
    }

    /// The question is asked, and whatever is answered fails.
    fn fails_at_the_answer(&mut self, field: &str, why: impl Into<String>) {
        let message = format!("{}; every probe will fail", why.into());
        self.remark(codes::BROKEN_MODULE, field, message);
    }

    fn transport(&mut self, own: &Dns) {
        let transport = own.transport_protocol.lossy();
        match (&*transport, own.dns_over_tls) {
            ("tcp", true) => {
                self.put("transport", "tls");
                if let Some(tls) = self.tls(&own.tls_config, "tls_config") {
                    self.put("tls", tls);
                }
            }
            ("" | "udp" | "tcp", false) => self.put_text("transport", &own.transport_protocol),
            ("" | "udp", true) => {
                self.broken("dns_over_tls", "`dns_over_tls` needs `transport_protocol: tcp`");
            }
            (other, _) => {
                let why = format!("there is no transport `{other}`: it is `udp` or `tcp`");
                self.broken("transport_protocol", why);
            }
        }
    }

    fn records(&mut self, own: &Records, at: &str) -> Table {
        let mut table = Table::new();
        let rules: [(&str, &str, &[Text]); 4] = [
            ("none_match", "fail_if_matches_regexp", &own.fail_if_matches_regexp),
            ("all_match_or_empty", "fail_if_all_match_regexp", &own.fail_if_all_match_regexp),
            ("all_match", "fail_if_not_matches_regexp", &own.fail_if_not_matches_regexp),
            ("any_match", "fail_if_none_matches_regexp", &own.fail_if_none_matches_regexp),
        ];
        for (key, field, patterns) in rules {
            let mut kept = Vec::new();
            for (number, pattern) in patterns.iter().enumerate() {
                match pattern.lossy().parse::<Regex>() {
                    Ok(_) => kept.push(pattern.lossy().into_owned()),
                    Err(why) => {
                        // It is compiled when the first record is looked at, and then the probe fails.
                        let empty = matches!(key, "none_match" | "all_match_or_empty");
                        let rule = if empty { "all_match_or_empty" } else { "all_match" };
                        put(&mut table, rule, vec![NOTHING]);
                        self.fails_at_the_answer(&format!("{at}.{field}[{number}]"), why);
                    }
                }
            }
            if kept.len() == patterns.len() && !kept.is_empty() && !table.contains_key(key) {
                put(&mut table, key, kept);
            }
        }
        table
    }
}
