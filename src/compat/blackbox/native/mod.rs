//! What a module means for noroshi: the table of a native check, as docs/configuration.md documents it.
//!
//! Contract: [`compile`] never fails; what has no equivalent is told in [`Native::remarks`], and what makes every probe fail
//! in [`Native::broken`]. The table is read by the kind's own parser, so a module can say nothing that a check cannot.

mod dns;
mod http;
mod small;
mod stream;
mod warn;

pub(super) use crate::compat::client::options::{put, put_text, texts, without_userinfo};
pub(super) use warn::warnings;

use std::net::IpAddr;

use figment::value::Value;
use toml::Table;

use super::{Prober, codes, file};
use crate::{
    compat::{
        client::options::{self as shared, Nature, Options},
        code::Code,
        decode::{Named, Text},
    },
    model::{CheckSettings, IpProtocol},
    probe::spec::{KINDS, Kind, Spec},
};

/// A module as a native check.
#[derive(Debug)]
pub(super) struct Native {
    pub(super) prober: Prober,
    /// The table named after the kind, without its target.
    pub(super) table: Table,
    /// The keys beside that table.
    pub(super) common: Common,
    /// Why no probe can pass.
    pub(super) broken: Option<String>,
    /// What is different, or has no effect.
    pub(super) remarks: Vec<Remark>,
}

/// The keys of every check that modules have too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    pub(super) preferred_ip_protocol: IpProtocol,
    pub(super) ip_protocol_fallback: bool,
    pub(super) source_address: Option<IpAddr>,
}

/// Something worth knowing of a field.
#[derive(Debug)]
pub(super) struct Remark {
    pub(super) code: Code,
    /// Below the module: `tcp.query_response[0].send`.
    pub(super) field: String,
    pub(super) message: String,
}

/// The native check of a module.
pub(super) fn compile(prober: Prober, module: &file::Module) -> Native {
    let mut native = Native {
        prober,
        table: Table::new(),
        common: Common {
            preferred_ip_protocol: IpProtocol::Ip6,
            ip_protocol_fallback: true,
            source_address: None,
        },
        broken: None,
        remarks: Vec::new(),
    };
    match prober {
        Prober::Http => native.http(&module.http),
        Prober::Tcp => native.tcp(&module.tcp),
        Prober::Unix => native.unix(&module.unix),
        Prober::Dns => native.dns(&module.dns),
        Prober::Icmp => native.icmp(&module.icmp),
        Prober::Grpc => native.grpc(&module.grpc),
        Prober::Websocket => native.websocket(&module.websocket),
    }
    native
}

/// Whether an expression in CEL can be evaluated.
///
/// # Errors
/// One sentence.
pub(super) fn cel(text: &str) -> Result<(), String> {
    let mut table = Table::new();
    put(&mut table, "expect.cel", vec![text.to_owned()]);
    parse(Prober::Http, &table).map(drop)
}

impl Native {
    /// The spec, aimed at nothing.
    ///
    /// # Errors
    /// One sentence: what the kind's parser has against the table.
    pub(super) fn spec(&self) -> Result<Spec, String> {
        parse(self.prober, &self.table)
    }

    /// The least spec of the kind, for a module whose probes all fail.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn least(&self) -> Result<Spec, String> {
        let mut table = Table::new();
        if self.prober == Prober::Dns {
            put(&mut table, "name", "invalid.");
        }
        parse(self.prober, &table)
    }

    /// Whether the table, aimed by its own target, is one that a configuration may hold.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn loads(&self) -> Result<(), String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        let problems = parse(self.prober, &self.table)?.problems();
        problems
            .first()
            .map_or(Ok(()), |problem| Err(format!("`{}`: {}", problem.path, problem.message)))
    }

    /// A remark on a key of the native table.
    pub(super) fn note(&mut self, field: &str, message: &str) {
        self.remark(codes::DIFFERENT, field, message);
    }

    pub(super) fn settings(&self, settings: &mut CheckSettings) {
        settings.preferred_ip_protocol = self.common.preferred_ip_protocol;
        settings.ip_protocol_fallback = self.common.ip_protocol_fallback;
        settings.source_address = self.common.source_address;
        settings.redial = false;
    }

    /// No probe can pass, because of this field.
    fn broken(&mut self, field: &str, why: impl Into<String>) {
        let why = why.into();
        self.remark(codes::BROKEN_MODULE, field, format!("{why}; every probe will fail"));
        self.broken.get_or_insert(why);
    }

    /// No probe can pass, though with blackbox_exporter it could: this build has no such thing.
    fn unsupported(&mut self, field: &str, why: &str) {
        self.remark(codes::DIFFERENT, field, format!("{why}; every probe will fail"));
        self.broken.get_or_insert(why.to_owned());
    }

    fn remark(&mut self, code: Code, field: &str, message: impl Into<String>) {
        let field = format!("{}.{field}", self.prober.word());
        self.remarks.push(Remark { code, field, message: message.into() });
    }

    /// The address family and the source address.
    fn address(&mut self, preferred: &Text, fallback: bool, source: &Text) {
        self.common.ip_protocol_fallback = fallback;
        let word = preferred.lossy();
        self.common.preferred_ip_protocol = match &*word {
            "" | "ip6" => IpProtocol::Ip6,
            "ip4" => IpProtocol::Ip4,
            other => {
                let message = format!("`{other}` is taken for `ip4`; it is `ip4` or `ip6`");
                self.remark(codes::TRAP, "preferred_ip_protocol", message);
                IpProtocol::Ip4
            }
        };
        let source = source.lossy();
        match source.parse() {
            Ok(address) => self.common.source_address = Some(address),
            Err(_) if source.is_empty() => {}
            Err(_) => self.broken("source_ip_address", format!("`{source}` is not an address")),
        }
    }

    /// Lets what every HTTP client has in common add to the table, and takes over what it remarks.
    fn shared<T>(&mut self, add: impl FnOnce(&mut Options) -> T) -> T {
        let table = std::mem::take(&mut self.table);
        let mut options = Options { table, ..Options::default() };
        let result = add(&mut options);
        self.table = options.table;
        for shared::Remark { nature, field, why } in options.remarks {
            match nature {
                Nature::Refused | Nature::Broken => self.broken(&field, why),
                Nature::Unsupported => self.unsupported(&field, &why),
                Nature::NoTls => {
                    let why = format!("{why}; every probe over TLS will fail");
                    self.remark(codes::BROKEN_MODULE, &field, why);
                }
                Nature::Different => self.remark(codes::DIFFERENT, &field, why),
                Nature::Trap => self.remark(codes::TRAP, &field, why),
                Nature::Ignored => self.remark(codes::IGNORED, &field, why),
            }
        }
        result
    }

    fn client(&mut self, client: &file::Client, at: &str) {
        self.shared(|options| options.client(client, at));
    }

    fn tls(&mut self, own: &file::Tls, at: &str) -> Option<Table> {
        self.shared(|options| options.tls(own, at))
    }

    fn headers<'m>(
        &mut self,
        single: impl Iterator<Item = (&'m str, &'m Text)>,
        several: Option<&Named<file::Header>>,
    ) {
        self.shared(|options| options.headers(single, several));
    }

    fn put(&mut self, key: &str, value: impl Into<toml::Value>) {
        put(&mut self.table, key, value);
    }

    /// Puts a text where it says something.
    fn put_text(&mut self, key: &str, text: &Text) {
        put_text(&mut self.table, key, text);
    }
}

/// Whether a table of the kind `http` asks for HTTP/3, which is never without TLS.
pub(super) fn is_http3(table: &Table) -> bool {
    table.get("version").and_then(toml::Value::as_str) == Some("http3")
}

fn parse(prober: Prober, table: &Table) -> Result<Spec, String> {
    let kind: &Kind = KINDS
        .iter()
        .find(|kind| kind.word == prober.word())
        .ok_or("this build has no such kind")?;
    let mut table = table.clone();
    let placeholder = match prober {
        Prober::Http if is_http3(&table) => "https://target.invalid/",
        Prober::Http => "http://target.invalid/",
        Prober::Websocket => "ws://target.invalid/",
        Prober::Tcp | Prober::Grpc => "target.invalid:1",
        Prober::Unix => "/target.invalid",
        Prober::Dns | Prober::Icmp => "target.invalid",
    };
    table.entry(kind.target_key).or_insert_with(|| placeholder.into());
    let value = Value::serialize(&table).map_err(|_| "it cannot be passed on".to_owned())?;
    (kind.parse)(&value).map_err(|error| match error.kind {
        figment::error::Kind::Message(message) => message,
        // What was found instead might be a secret.
        _ => format!("`{}` cannot be said of a check", error.path.join(".")),
    })
}
