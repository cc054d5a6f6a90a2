//! What a module means for noroshi: the table of a native check, as docs/configuration.md documents it.
//!
//! Contract: [`compile`] never fails; what has no equivalent is told in [`Native::remarks`], and what makes every probe fail
//! in [`Native::broken`]. The table is read by the kind's own parser, so a module can say nothing that a check cannot.

mod warn;

pub(super) use warn::warnings;

use figment::value::Value;

use super::{Prober, codes::Code, file};
use crate::{
    model::{CheckSettings, IpProtocol},
    probe::spec::{KINDS, Kind, Spec},
};

/// A module as a native check.
#[derive(Debug)]
pub(super) struct Native {
    pub(super) prober: Prober,
    /// The table named after the kind, without its target.
    pub(super) table: toml::Table,
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
    pub(super) source_address: Option<std::net::IpAddr>,
}

/// Something worth knowing of a field.
#[derive(Debug)]
pub(super) struct Remark {
    pub(super) code: Code,
    /// Below the module: `tcp.query_response[0].send`.
    pub(super) field: String,
    pub(super) message: String,
}

pub(super) fn compile(prober: Prober, _module: &file::Module) -> Native {
    Native {
        prober,
        table: toml::Table::new(),
        common: Common {
            preferred_ip_protocol: IpProtocol::Ip6,
            ip_protocol_fallback: true,
            source_address: None,
        },
        broken: None,
        remarks: Vec::new(),
    }
}

/// Whether an expression in CEL can be compiled.
///
/// # Errors
/// One sentence.
pub(super) fn cel(_text: &str) -> Result<(), String> {
    Ok(())
}

impl Native {
    /// The kind, if this build has it.
    fn kind(&self) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.word == self.prober.word())
    }

    /// The spec, aimed at nothing.
    pub(super) fn spec(&self) -> Result<Spec, String> {
        let kind = self.kind().ok_or("this build has no such kind of check")?;
        let mut table = self.table.clone();
        let placeholder = match self.prober {
            Prober::Http => "http://target.invalid/",
            Prober::Websocket => "ws://target.invalid/",
            Prober::Tcp | Prober::Grpc => "target.invalid:1",
            Prober::Unix => "/nonexistent",
            Prober::Dns | Prober::Icmp => "target.invalid",
        };
        table.insert(kind.target_key.to_owned(), placeholder.into());
        let value = Value::serialize(&table).map_err(|error| error.to_string())?;
        (kind.parse)(&value).map_err(|error| error.to_string())
    }

    pub(super) fn settings(&self, settings: &mut CheckSettings) {
        settings.preferred_ip_protocol = self.common.preferred_ip_protocol;
        settings.ip_protocol_fallback = self.common.ip_protocol_fallback;
        settings.source_address = self.common.source_address;
    }
}
