//! A TCP connection, with TLS or without, and what is said over it.

mod dialogue;
mod listen;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hex::Hex;
use dialogue::Step;

use super::{
    Aim, Described, Endpoint, Probe, Problem, Run,
    address::Address,
    certificate,
    stream::{self, Security, Starttls, Stream, Wire},
};
use crate::{
    model::{Desc, Expectation, Failure, PromDuration, Reason},
    net::{
        dial,
        tls::{Report, TlsOptions},
    },
};

/// A TCP connection, and a dialogue over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target: `host:port`, an IPv6 address in brackets.
    pub address: Address<0>,
    /// Speak TLS from the first byte, or after `starttls`; `tls = {}` does so with the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// Begin in plain text and change to TLS the way this protocol does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttls: Option<Starttls>,
    /// What is sent and expected, step by step; with TLS, inside it. Without a dialogue the connection alone counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialogue: Vec<Step>,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    pub expect: Expect,
}

/// What must hold beside the dialogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// From the look-up of the name to the last step it takes no longer than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<PromDuration>,
    /// Each certificate of the chain is valid for at least this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity: Option<PromDuration>,
}

impl Expect {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

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
        let mut found = dialogue::problems(&self.dialogue);
        if let Some(options) = &self.tls {
            found.extend(certificate::problems(options, "tls."));
        }
        if self.expect.certificate_validity.is_some() && !self.speaks_tls() {
            found.push(Problem {
                path: "expect.certificate_validity".into(),
                message: "there is no certificate without TLS".into(),
                hint: Some("add `tls = {}`, or `starttls`".into()),
            });
        }
        found
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let mut spec = Self { address: aim.target.parse()?, ..self.clone() };
        if let (Some(tls), Some(name)) = (&mut spec.tls, aim.hostname) {
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
    const FAMILIES: &'static [&'static Desc] = &{
        let [a, b, c, d, e] = certificate::FAMILIES;
        let (label, unmatched) = (&super::dialogue::LABEL, &super::dialogue::UNMATCHED);
        [a, b, c, d, e, &dialogue::STEPS_COMPLETED, &dialogue::CAPTURED, label, unmatched]
    };

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let stream = dial::tcp(&mut run.attempt, to, run.settings.source_address).await?;
        let (report, stream) = if self.speaks_tls() {
            let options = TlsOptions::default();
            let how = Security {
                host: self.address.host(),
                starttls: self.starttls,
                options: self.tls.as_ref().unwrap_or(&options),
                alpn: &[],
            };
            let (report, stream) = stream::secure(run, stream, how).await?;
            (report, Stream::Tls(Box::new(stream)))
        } else {
            (Report::default(), Stream::Plain(stream))
        };
        certificate::expect_validity(run, self.expect.certificate_validity)?;
        let mut wire = Wire::new(stream);
        dialogue::hold(&self.dialogue, &mut wire, run).await?;
        self.expect_latency(run)?;
        match wire.stream() {
            Stream::Plain(_) => Ok(()),
            Stream::Tls(stream) => stream::finish(run, &report, stream).await,
        }
    }
}

impl Spec {
    fn speaks_tls(&self) -> bool {
        self.tls.is_some() || self.starttls.is_some()
    }

    fn expect_latency(&self, run: &mut Run<'_>) -> Result<(), Failure> {
        let Some(wanted) = self.expect.latency else {
            return Ok(());
        };
        let took = run.attempt.elapsed();
        let held = took <= wanted.0;
        run.attempt.trace.expectation(|| Expectation {
            subject: "latency".into(),
            wanted: format!("at most {wanted}"),
            got: format!("{:.3} s", took.as_secs_f64()),
            held,
        });
        if held {
            return Ok(());
        }
        let detail = format!("it took {:.3} s, more than {wanted}", took.as_secs_f64());
        Err(Failure::new(Reason::LatencyExceeded, detail))
    }
}
