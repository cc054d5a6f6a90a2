//! A TCP connection, with TLS or without, and what is said over it.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Aim, Described, Endpoint, Probe, Problem, Run,
    address::Address,
    certificate, dialogue,
    stream::{Conversation, Expect, Families, Starttls, Step},
};
use crate::{
    model::{Desc, Failure, Reason},
    net::{dial, tls::TlsOptions},
};

/// A TCP connection, and a dialogue over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target: `host:port`, an IPv6 address in brackets.
    pub address: Address<0>,
    /// Speak TLS from the first byte, or after `starttls` or the step of the dialogue that says so; `tls = {}` does so with
    /// the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// Begin in plain text and change to TLS the way this protocol does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttls: Option<Starttls>,
    /// What is sent and expected, step by step; with TLS, inside it. Without a dialogue the connection alone counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialogue: Vec<Step>,
    /// Match `expect` with whole lines alone, as blackbox_exporter does. Otherwise the beginning of a line is enough, such as
    /// a prompt that has no end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_lines: bool,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    pub expect: Expect,
}

static FAMILIES: Families = Families {
    steps_completed: Desc::gauge(
        "noroshi_tcp_steps_completed",
        "Steps of the dialogue that the last run completed.",
    ),
    captured: Desc::gauge(
        "noroshi_tcp_captured_info",
        "What a named group of an expected pattern caught; always 1.",
    )
    .labels(&["step", "name", "value"])
    .internal(),
};

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        self.address.to_string()
    }

    fn endpoint(&self) -> Option<Endpoint> {
        Some(self.address.endpoint())
    }

    fn problems(&self) -> Vec<Problem> {
        self.conversation().problems()
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let mut spec = Self { address: aim.target.parse()?, ..self.clone() };
        if let Some(name) = aim.hostname.filter(|_| spec.conversation().speaks_tls()) {
            let tls = spec.tls.get_or_insert_default();
            tls.server_name.get_or_insert_with(|| name.to_owned());
        }
        Ok(super::Spec::Tcp(spec))
    }
}

impl Probe for Spec {
    const KIND: &'static str = "tcp";
    const SUMMARY: &'static str =
        "A TCP connection, with TLS or STARTTLS if wanted, and a dialogue over it";
    const TARGET_KEY: &'static str = "address";
    const EXAMPLE: &'static str = r#"tcp.address = "mail.example.org:25"
tcp.starttls = "smtp"
tcp.dialogue = [
    { send = "EHLO probe.example.org\r\n" },
    { expect = "^250[ -](?P<greeting>.*)", send = "QUIT\r\n" },
    { expect = "^221 " },
]
tcp.expect = { latency = "2s", certificate_validity = "14d" }
"#;
    const REASONS: &'static [Reason] =
        &[Reason::ExpectMismatch, Reason::StarttlsRefused, Reason::LatencyExceeded];
    const FAMILIES: &'static [&'static Desc] = &{
        let [a, b, c, d, e, f, g] = certificate::FAMILIES;
        let (steps, captured) = (&FAMILIES.steps_completed, &FAMILIES.captured);
        [a, b, c, d, e, f, g, steps, captured, &dialogue::LABEL, &dialogue::UNMATCHED]
    };

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let socket = dial::tcp(&mut run.attempt, to, run.settings.source_address).await?;
        self.conversation().hold(run, socket).await
    }
}

impl Spec {
    fn conversation(&self) -> Conversation<'_> {
        Conversation {
            host: self.address.host(),
            tls: self.tls.as_ref(),
            starttls: self.starttls,
            dialogue: &self.dialogue,
            whole_lines: self.whole_lines,
            expect: &self.expect,
            families: &FAMILIES,
        }
    }
}
