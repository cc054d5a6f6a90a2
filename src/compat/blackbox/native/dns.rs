use toml::Table;

use super::{Native, client::texts, put};
use crate::{
    compat::blackbox::{
        decode::Text,
        file::{Dns, Records},
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
        if let Some(wrong) = own.valid_rcodes.iter().find(|code| !RCODES.contains(&&*code.lossy()))
        {
            self.broken("valid_rcodes", format!("there is no response code `{}`", wrong.lossy()));
        } else if !own.valid_rcodes.is_empty() {
            self.put("expect.rcode", texts(&own.valid_rcodes));
        }
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
            for (number, pattern) in patterns.iter().enumerate() {
                if let Err(why) = pattern.lossy().parse::<Regex>() {
                    self.broken(&format!("{at}.{field}[{number}]"), why);
                }
            }
            if !patterns.is_empty() {
                put(&mut table, key, texts(patterns));
            }
        }
        table
    }
}
