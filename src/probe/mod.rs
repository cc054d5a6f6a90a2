//! One file per kind of check: a spec in, an outcome out.
//!
//! Contract: [`run`] never panics and never outlives its deadline; a failing target is a value with a
//! [`Reason`]. A kind's file holds its configuration, its probe, its facts, its example and its
//! tests. One more kind is one more file, one `mod` line and one line in `kinds!` below.

mod address;
mod certificate;
mod dialogue;
mod dns;
mod grpc;
mod hex;
mod http;
mod icmp;
mod jsonpath;
mod kubernetes;
mod offload;
mod runtime;
pub mod spec;
mod stream;
mod tcp;
#[cfg(test)]
mod testing;
mod tls;
mod unix;
mod verdict;
mod websocket;

use std::{future::Future, net::SocketAddr, time::Duration};

use figment::value::Value;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

pub use crate::{
    model::Problem,
    net::{Endpoint, Net},
};
pub use runtime::{COMMON_FAMILIES, Report, outcome, run};

use crate::{
    model::{CheckSettings, Desc, Fact, Failure, Reason},
    net::{
        Attempt,
        web::{Dialer, Names},
    },
};

/// Lists the kinds: variant and module. Everything else that knows the kinds is derived from this list.
macro_rules! kinds {
    ($($variant:ident $module:ident)+) => {
        /// What a check verifies: the one table inside `[checks.NAME]` that names its kind.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "always behind an Arc of its own")]
        pub enum Spec {
            $(#[doc = concat!("`", stringify!($module), "`")] $variant($module::Spec),)+
        }

        /// Every kind, in the order of the documentation.
        #[expect(clippy::result_large_err, reason = "figment's error is what it is; once per check")]
        pub const KINDS: &[Kind] = &[$(Kind::of::<$module::Spec>(|value| {
            value.deserialize().map(Spec::$variant)
        })),+];

        impl Spec {
            fn erased(&self) -> &dyn Described {
                match self { $(Self::$variant(spec) => spec,)+ }
            }

            async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
                match self { $(Self::$variant(spec) => Box::pin(spec.run(to, run)).await,)+ }
            }
        }

        impl Serialize for Spec {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(spec) => spec.serialize(serializer),)+ }
            }
        }
    };
}

kinds! {
    Http http
    Tcp tcp
    Dns dns
    Icmp icmp
    Websocket websocket
    Tls tls
    Unix unix
    Grpc grpc
    Kubernetes kubernetes
}

/// What a kind is: implemented by the `Spec` of each kind's file.
trait Probe: Described + Serialize + DeserializeOwned + JsonSchema {
    /// The word: the configuration's key and the `kind` label.
    const KIND: &'static str;
    /// One line for `--help` and the docs.
    const SUMMARY: &'static str;
    /// The key of the spec that takes the target on the command line.
    const TARGET_KEY: &'static str;
    /// The keys of a `[checks.NAME]` table that show the kind, in TOML; parsed by a test and shown in the docs.
    const EXAMPLE: &'static str;
    /// Why a run of it can fail, beside what can happen on the way to any target; the likeliest first.
    const REASONS: &'static [Reason];
    /// Every family its facts belong to, exported or not.
    const FAMILIES: &'static [&'static Desc];

    /// Probes one address, which a kind without an [`Endpoint`] has no use for: there it is unspecified. Phases, facts and
    /// trace go to `run`, whose deadline it keeps.
    fn run(
        &self,
        to: SocketAddr,
        run: &mut Run<'_>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The part of [`Probe`] that does not need to know the type.
trait Described {
    /// The word again, as a value.
    fn kind(&self) -> &'static str;
    /// What is shown as `target`: no userinfo, no query.
    fn target(&self) -> String;
    /// What is resolved and dialled; `None` where there is nothing to resolve, as with a socket of this machine.
    fn endpoint(&self) -> Option<Endpoint>;
    /// How long a run takes at least, whatever the target does.
    fn least_duration(&self) -> Duration {
        Duration::ZERO
    }
    /// Whether a watch judges it, and no run.
    fn is_watched(&self) -> bool {
        false
    }
    /// Mistakes that no single value shows. Paths are relative to the kind's table.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
    /// The same check of another target: how one module of a `blackbox.yml` serves every `/probe?target=`.
    ///
    /// # Errors
    /// One sentence: what is wrong with the target. It came from a stranger and is not repeated whole.
    fn aimed(&self, aim: &Aim<'_>) -> Result<Spec, String>;
}

/// What a request for `/probe` says of the target; what a kind has no use for it ignores, as blackbox_exporter does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aim<'a> {
    /// Takes the place of what the kind's `TARGET_KEY` holds, in the same form.
    pub target: &'a str,
    /// `hostname`: the `Host` header of HTTP, and the name a certificate is verified for where the spec names none.
    pub hostname: Option<&'a str>,
    /// `query_name`: what a name server is asked for.
    pub query_name: Option<&'a str>,
    /// `query_type`: the record type it is asked for.
    pub query_type: Option<&'a str>,
}

/// A kind, as a row of the registry.
pub struct Kind {
    /// The configuration's key and the `kind` label.
    pub word: &'static str,
    /// One line for `--help` and the docs.
    pub summary: &'static str,
    /// The key of the spec that takes the target on the command line.
    pub target_key: &'static str,
    /// The keys of a `[checks.NAME]` table that show the kind, in TOML.
    pub example: &'static str,
    /// Why a run of it can fail, beside what can happen on the way to any target; the likeliest first.
    pub reasons: &'static [Reason],
    /// Every family its facts belong to, exported or not.
    pub families: &'static [&'static Desc],
    /// Reads a kind's table.
    pub parse: fn(&Value) -> Result<Spec, figment::Error>,
    /// The JSON Schema of the kind's table.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Kind {
    const fn of<P: Probe>(parse: fn(&Value) -> Result<Spec, figment::Error>) -> Self {
        Self {
            word: P::KIND,
            summary: P::SUMMARY,
            target_key: P::TARGET_KEY,
            example: P::EXAMPLE,
            reasons: P::REASONS,
            families: P::FAMILIES,
            parse,
            schema: |generator| generator.subschema_for::<P>(),
        }
    }
}

impl Spec {
    /// The kind's word.
    pub fn kind(&self) -> &'static str {
        self.erased().kind()
    }

    /// What is shown as `target`: no userinfo, no query.
    pub fn target(&self) -> String {
        self.erased().target()
    }

    /// What is resolved and dialled; `None` where there is nothing to resolve.
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.erased().endpoint()
    }

    /// Whose limit of runs at a time it counts against: the host, or the target itself where there is none.
    pub fn host(&self) -> String {
        self.endpoint().map_or_else(|| self.target(), |endpoint| endpoint.host)
    }

    /// How long a run takes at least, whatever the target does.
    pub fn least_duration(&self) -> Duration {
        self.erased().least_duration()
    }

    /// Whether a watch judges it, and no run.
    pub fn is_watched(&self) -> bool {
        self.erased().is_watched()
    }

    /// Mistakes that no single value shows.
    pub fn problems(&self) -> Vec<Problem> {
        self.erased().problems()
    }

    /// The same check of another target.
    ///
    /// # Errors
    /// One sentence: what is wrong with the target.
    pub fn aimed(&self, aim: &Aim<'_>) -> Result<Self, String> {
        self.erased().aimed(aim)
    }
}

/// What a kind's `run` works with: one attempt at one address.
struct Run<'a> {
    /// Common settings; the kind's own are in its spec.
    settings: &'a CheckSettings,
    /// What all connections share.
    net: &'a Net,
    /// The deadline, the phases, the trace.
    attempt: Attempt,
    /// What was measured.
    facts: Vec<Fact>,
}

impl Run<'_> {
    /// What a connection beside the probe's own is made with: to a proxy, a token server, where a redirect leads.
    fn dialer(&mut self) -> Dialer<'_> {
        let settings = self.settings;
        let names = Names {
            overrides: &settings.resolve,
            server: settings.dns_server,
            source: settings.source_address,
            prefer: settings.preferred_ip_protocol,
            fallback: settings.ip_protocol_fallback,
        };
        Dialer { net: self.net, attempt: &mut self.attempt, names }
    }

    /// Adds a measured value.
    fn fact(&mut self, desc: &'static Desc, value: f64) {
        self.facts.push(Fact::new(desc, value));
    }
}
