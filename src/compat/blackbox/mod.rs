//! blackbox_exporter's `blackbox.yml`: each module becomes the spec of a native check that is not aimed at anything yet.
//!
//! Contract: [`Modules::read`] accepts and refuses what blackbox_exporter 0.28 does and tells every mistake at once, each
//! with module, field and line; [`Module::check`] aims a module at a target, which costs a clone and no parsing.

mod codes;
mod convert;
mod external_url;
pub mod families;
mod file;
pub mod log;
mod native;
mod read;
mod target;
mod timeout;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use super::code::Code;

pub use self::{
    codes::CODES,
    convert::{Converted, Options, Target, convert, targets},
};

use crate::{
    model::{CheckSettings, Diagnostic},
    probe::spec::{Aim, Check, Spec},
};

pub use external_url::Place;
pub use timeout::{TIMEOUT_HEADER, TimeoutError, timeout};

/// What a module's `prober` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prober {
    /// `http`
    Http,
    /// `tcp`
    Tcp,
    /// `dns`
    Dns,
    /// `icmp`
    Icmp,
    /// `grpc`
    Grpc,
    /// `unix`
    Unix,
    /// `websocket`
    Websocket,
}

impl Prober {
    /// The word in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Dns => "dns",
            Self::Icmp => "icmp",
            Self::Grpc => "grpc",
            Self::Unix => "unix",
            Self::Websocket => "websocket",
        }
    }
}

/// The modules of a file.
#[derive(Debug, Clone, Default)]
pub struct Modules {
    /// By name.
    pub modules: BTreeMap<String, Arc<Module>>,
    /// The whole file as `/config` shows it: every default filled in, every secret masked.
    pub shown: Arc<str>,
    /// Modules whose `prober` nobody knows, with that word: blackbox_exporter 0.28 accepts them and answers 400 to each of
    /// their probes, `Unknown prober "x"`.
    pub unknown_probers: BTreeMap<String, Arc<str>>,
    /// What is worth knowing of a file that is accepted.
    pub warnings: Vec<Diagnostic>,
}

/// One module of a `blackbox.yml`.
#[derive(Debug, Clone)]
pub struct Module {
    /// Its key under `modules`.
    pub name: Arc<str>,
    /// What it names as its prober.
    pub prober: Prober,
    /// `timeout`; the scrape's own decides where there is none.
    pub timeout: Option<Duration>,
    /// The native check, aimed at nothing.
    pub spec: Arc<Spec>,
    /// Address family, source address and the like; the rest is replaced by [`Self::check`].
    pub settings: CheckSettings,
    /// The module as YAML, as `debug=true` shows it: defaults filled in, secrets masked.
    pub shown: Arc<str>,
    /// What the module's own `Host` header says; `hostname` may only repeat it.
    pub host: Option<String>,
    /// Whether it has a rule in CEL, and so `probe_failed_due_to_cel`.
    pub has_cel: bool,
    /// Whether `query_name` and `query_type` may be asked for: our own key `dns.allow_query_parameters`.
    pub query_parameters: bool,
    /// Why no probe of this module can pass, though the file is accepted: blackbox_exporter finds that out at each probe.
    pub broken: Option<Arc<str>>,
}

impl Module {
    /// The module's check of one target.
    ///
    /// # Errors
    /// One sentence: what is wrong with the target, or with the module.
    pub fn check(&self, aim: &Aim<'_>, timeout: Duration) -> Result<Check, String> {
        if let Some(why) = &self.broken {
            return Err(why.to_string());
        }
        let target = target::written(self.prober, aim.target);
        let spec = self.spec.aimed(&Aim { target: &target, ..*aim })?;
        let settings = CheckSettings {
            target: spec.target().into(),
            host: spec.host().into(),
            timeout,
            ..self.settings.clone()
        };
        Ok(Check { settings: Arc::new(settings), spec: Arc::new(spec) })
    }
}
