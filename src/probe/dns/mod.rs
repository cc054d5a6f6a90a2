//! A DNS query to one server: its answer, how long it took, and whether it is the expected one.
//!
//! Contract: the check speaks to the configured server alone, on a socket of its own, without a cache and without
//! retries, so that what is measured is that server. Answers with a foreign id or question are passed over, never
//! trusted; sizes are bounded by the message format.

/// Serialization of a value that is written as one word.
macro_rules! written_as_text {
    ($type:ty, $name:literal, $description:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $description })
            }
        }
    };
}

mod edns;
mod escape;
mod exchange;
mod expect;
mod facts;
mod message;
mod name;
mod presentation;
mod question;
mod rcode;
mod rdata;
pub(super) mod registry;
mod rules;
mod service;
#[cfg(test)]
mod tests;
mod words;

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::name::verbatim;
use self::{
    edns::Edns,
    exchange::{Answer, Foreign, Heard},
    expect::Expect,
    message::Message,
    question::Question,
    words::{QueryClass, QueryName, QueryType, Server, Transport},
};
use super::{
    Aim, Described, Endpoint, Probe, Problem, Run, certificate,
    stream::{self, Security},
};
use crate::{
    model::{Desc, Failure, Reason},
    net::{dial, tls::TlsOptions},
};

/// A question to a name server, and what its answer is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Spec {
    /// The name server that is asked: `host`, `host:port` or `[ipv6]:port`; the port is 53 where none is given, 853 with
    /// `transport = "tls"`.
    pub server: Server,
    /// The name that is asked for, always taken as fully qualified and sent in the case in which it is written. `\DDD`
    /// is any byte, as in a zone file; characters beyond ASCII become IDNA's form. With `type = "PTR"` an IP address
    /// stands for its reverse name.
    pub name: QueryName,
    /// The record type: a mnemonic such as `A`, `MX` or `HTTPS`, or `TYPE` with a number (RFC 3597). With `ANY` every
    /// record of the answer counts. Of a transfer (`AXFR`) only the first message is looked at: enough to see it refused.
    #[serde(default, rename = "type")]
    pub record_type: QueryType,
    /// The class: `IN`, `CS`, `CH`, `HS`, `NONE` or `ANY`, or `CLASS` with a number.
    #[serde(default)]
    pub class: QueryClass,
    /// How the question is sent: `udp`, `tcp`, or `tls` for DNS over TLS (RFC 7858).
    #[serde(default)]
    pub transport: Transport,
    /// How TLS is spoken. Needs `transport = "tls"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// Whether the server is asked to look further if it does not know the answer itself (the RD bit). Switch it off to
    /// ask an authoritative server.
    #[serde(default = "yes")]
    pub recursion_desired: bool,
    /// Whether the server is asked to say if it has validated the answer (the AD bit of the question; RFC 6840,
    /// section 5.7), as dig does.
    #[serde(default = "yes")]
    pub authenticated_data: bool,
    /// EDNS (RFC 6891): `false` sends none, `true` is the default `{ udp_payload_size = 1232, dnssec_ok = false }`.
    #[serde(default)]
    pub edns: Edns,
    /// Whether a truncated answer is asked for again over TCP, as a resolver does. `noroshi_dns_truncated` tells of it.
    #[serde(default = "yes")]
    pub tcp_on_truncation: bool,
    /// Whether an answer has to repeat the question, as every resolver demands; one that does not is passed over. With
    /// `false` its id is enough, as it is for blackbox_exporter.
    #[serde(default = "yes")]
    pub question_echoed: bool,
    /// What the answer is to be.
    #[serde(default)]
    pub expect: Expect,
}

fn yes() -> bool {
    true
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        let class = match self.class {
            QueryClass::IN => String::new(),
            other => format!("{other} "),
        };
        format!("{} {class}{} @{}", self.name, self.record_type, self.server)
    }

    fn endpoint(&self) -> Option<Endpoint> {
        Some(Endpoint { host: self.server.host.to_string(), port: self.port() })
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.expect.problems(self.record_type);
        problems.extend(self.name_problem());
        problems.extend(self.tls_problems());
        problems
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let mut spec = Self { server: aim.target.parse()?, ..self.clone() };
        if let Some(name) = aim.query_name {
            spec.name = name.parse()?;
        }
        if let Some(record_type) = aim.query_type {
            spec.record_type = record_type.parse()?;
        }
        if let Some(problem) = spec.name_problem() {
            return Err(problem.message);
        }
        Ok(super::Spec::Dns(spec))
    }
}

impl Probe for Spec {
    const KIND: &'static str = "dns";
    const SUMMARY: &'static str = "A DNS query: response code, records, TTL, flags";
    const TARGET_KEY: &'static str = "server";
    const EXAMPLE: &'static str = r#"dns.server = "192.0.2.53"
dns.name = "example.org"
dns.type = "MX"
dns.expect = { answer = { all = ["10 mail.example.org."] }, ttl = { min = "1m" } }"#;
    const REASONS: &'static [Reason] = &[
        Reason::DnsRcode,
        Reason::DnsAnswerMismatch,
        Reason::DnsTtl,
        Reason::DnsCount,
        Reason::DnsNotAuthenticated,
        Reason::DnsNotAuthoritative,
        Reason::DnsMalformed,
    ];
    const FAMILIES: &'static [&'static Desc] = facts::FAMILIES;

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let question = Question::new(self)?;
        let mut foreign = Foreign::default();
        let mut truncated = false;
        let answered = self.ask(&question, to, run, &mut foreign, &mut truncated).await;
        facts::of_exchange(truncated, &foreign, run);
        if foreign.count() > 0 {
            run.attempt.step(|| foreign.to_string());
        }
        let answer = answered.map_err(|failure| foreign.explain(failure))?;
        // An OPT record nobody asked for is a record like any other.
        let counts_opt = self.edns == Edns::Off;
        facts::of_answer(&answer, counts_opt, run);
        show(&answer.message, run);
        certificate::expect_validity(run, self.expect.certificate_validity)?;
        let trace = &mut run.attempt.trace;
        self.expect.judge(&answer.message, self.record_type, counts_opt, trace)
    }
}

impl Spec {
    fn port(&self) -> u16 {
        self.server.port.unwrap_or_else(|| self.transport.default_port())
    }

    fn name_problem(&self) -> Option<Problem> {
        let address = self.name.address.filter(|_| self.record_type != QueryType::PTR)?;
        let kind = self.record_type;
        Some(Problem {
            path: "name".into(),
            message: format!("`{address}` is an address, and type {kind} asks for names"),
            hint: Some("set `type = \"PTR\"` to ask for its reverse name".into()),
        })
    }

    fn tls_problems(&self) -> Vec<Problem> {
        let speaks_tls = self.transport == Transport::Tls;
        let lacking = [
            ("tls", self.tls.is_some()),
            ("expect.certificate_validity", self.expect.certificate_validity.is_some()),
        ];
        let needs = lacking.into_iter().filter(|(_, set)| *set && !speaks_tls).map(|(key, _)| {
            let message = format!("`{key}` says nothing without TLS");
            Problem { path: key.into(), message, hint: Some("set `transport = \"tls\"`".into()) }
        });
        let options = self.tls.iter().flat_map(|options| options.problems("tls."));
        needs.chain(options).collect()
    }

    async fn ask(
        &self,
        question: &Question,
        to: SocketAddr,
        run: &mut Run<'_>,
        foreign: &mut Foreign,
        truncated: &mut bool,
    ) -> Result<Answer, Failure> {
        let source: Option<IpAddr> = run.settings.source_address;
        if self.transport == Transport::Udp {
            let attempt = &mut run.attempt;
            let room = self.edns.udp_payload_size();
            let heard = exchange::udp(attempt, to, source, question, room, foreign).await?;
            *truncated = heard.truncated();
            match heard {
                Heard::Answer(answer) if !(*truncated && self.tcp_on_truncation) => {
                    return Ok(answer);
                }
                Heard::Unreadable(why) if !self.tcp_on_truncation => {
                    return Err(exchange::malformed(why));
                }
                _ => attempt.step(|| "the answer was truncated, asking again over TCP".into()),
            }
        }
        let mut stream = dial::tcp(&mut run.attempt, to, source).await?;
        if self.transport != Transport::Tls {
            return exchange::over(&mut run.attempt, &mut stream, to, question, foreign).await;
        }
        let options = TlsOptions::default();
        let options = self.tls.as_ref().unwrap_or(&options);
        let how = Security { host: &self.server.host, starttls: None, options, alpn: &[] };
        let (report, mut stream) = stream::secure(run, stream, how).await?;
        let answer = exchange::over(&mut run.attempt, &mut stream, to, question, foreign).await?;
        stream::finish(run, &report, &mut stream).await?;
        Ok(answer)
    }
}

/// The most records of a section that a person is shown.
const SHOWN: usize = 16;

/// Shows the records as `expect.records` sees them.
fn show(message: &Message, run: &mut Run<'_>) {
    for (section, records) in [
        ("answer", &message.answers),
        ("authority", &message.authorities),
        ("additional", &message.additionals),
    ] {
        for record in records.iter().take(SHOWN) {
            run.attempt.step(|| format!("{section}: {}", presentation::line(record).trim_start()));
        }
    }
}
