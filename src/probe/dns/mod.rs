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
mod question;
mod rcode;
mod rdata;
mod service;
#[cfg(test)]
mod tests;
mod words;

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    edns::Edns,
    exchange::{Answer, Foreign, Heard},
    expect::Expect,
    question::Question,
    words::{QueryClass, QueryName, QueryType, Server, Transport},
};
use super::{Aim, Described, Endpoint, Probe, Problem, Run};
use crate::model::{Desc, Failure};

/// A question to a name server, and what its answer is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The name server that is asked: `host`, `host:port` or `[ipv6]:port`; the port is 53 where none is given.
    pub server: Server,
    /// The name that is asked for, always taken as fully qualified. With `type = "PTR"` an IP address stands for its
    /// reverse name.
    pub name: QueryName,
    /// The record type: a mnemonic such as `A`, `MX` or `HTTPS`, or `TYPE` with a number (RFC 3597). With `ANY` every
    /// record of the answer counts.
    #[serde(default, rename = "type")]
    pub record_type: QueryType,
    /// The class: `IN`, `CH`, `HS` or `ANY`.
    #[serde(default)]
    pub class: QueryClass,
    /// How the question is sent: `udp` or `tcp`.
    #[serde(default)]
    pub transport: Transport,
    /// Whether the server is asked to look further if it does not know the answer itself (the RD bit). Switch it off to
    /// ask an authoritative server.
    #[serde(default = "yes")]
    pub recursion_desired: bool,
    /// EDNS (RFC 6891): `false` sends none, `true` is the default `{ udp_payload_size = 1232, dnssec_ok = false }`.
    #[serde(default)]
    pub edns: Edns,
    /// Whether a truncated answer is asked for again over TCP, as a resolver does. `noroshi_dns_truncated` tells of it.
    #[serde(default = "yes")]
    pub tcp_on_truncation: bool,
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
            QueryClass::In => String::new(),
            other => format!("{other} "),
        };
        format!("{} {class}{} @{}", self.name, self.record_type, self.server)
    }

    fn endpoint(&self) -> Option<Endpoint> {
        Some(Endpoint { host: self.server.host.to_string(), port: self.server.port })
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.expect.problems(self.record_type);
        if let Some(address) = self.name.address.filter(|_| !self.record_type.is_reverse()) {
            problems.push(Problem {
                path: "name".into(),
                message: format!(
                    "`{address}` is an address, and type {} asks for names",
                    self.record_type
                ),
                hint: Some("set `type = \"PTR\"` to ask for its reverse name".into()),
            });
        }
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
        facts::of_answer(&answer, run);
        self.expect.judge(&answer.message, self.record_type, &mut run.attempt.trace)
    }
}

impl Spec {
    async fn ask(
        &self,
        question: &Question,
        to: SocketAddr,
        run: &mut Run<'_>,
        foreign: &mut Foreign,
        truncated: &mut bool,
    ) -> Result<Answer, Failure> {
        let source: Option<IpAddr> = run.settings.source_address;
        let attempt = &mut run.attempt;
        if self.transport == Transport::Udp {
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
        exchange::tcp(attempt, to, source, question, foreign).await
    }
}
