//! A WebSocket conversation (RFC 6455).
//!
//! Contract: one connection per run, closed at its end; every message is bounded and every wait has the run's deadline.
//! The story: [`handshake`] upgrades, [`dialogue`] talks over a [`conversation`], which is ended by a closing handshake.

mod conversation;
mod dialogue;
mod handshake;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

use hyper::header::{CONNECTION, UPGRADE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{conversation::Conversation, dialogue::Step};
use super::{
    Aim, Described, Endpoint, Probe, Problem, Run, certificate,
    stream::{self, Security, Stream},
    web::{self, Authorization, BasicAuth, Headers, WebsocketUrl},
};
use crate::{
    model::{ByteSize, Desc, Failure, PromDuration, Secret},
    net::{dial, tls::TlsOptions},
};

static STATUS: Desc = Desc::gauge(
    "noroshi_websocket_status_code",
    "Status code that answered the last handshake; 101 is the upgrade.",
);
static UPGRADED: Desc = Desc::gauge(
    "noroshi_websocket_upgraded",
    "Whether the last handshake made a WebSocket (1) or not (0).",
);
static RECEIVED: Desc = Desc::gauge(
    "noroshi_websocket_received_messages",
    "Text and binary messages that the last run received.",
);
static PING_RTT: Desc = Desc::gauge(
    "noroshi_websocket_ping_rtt_seconds",
    "Time from our ping to the server's pong in the last run.",
);
static CLOSE_CODE: Desc = Desc::gauge(
    "noroshi_websocket_close_code",
    "Code of the server's close frame in the last run; 1005 for none in it, 1006 for no frame.",
);

/// A WebSocket conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target, `ws://` or `wss://`. User and password belong into `basic_auth`.
    url: WebsocketUrl,
    /// Subprotocols to offer, the preferred one first. The server has to choose one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subprotocols: Vec<String>,
    /// Headers of the handshake, such as `Origin`. `Host` and `User-Agent` replace ours.
    #[serde(default)]
    headers: Headers,
    /// User and password, sent with the handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basic_auth: Option<BasicAuth>,
    /// A token sent as `Authorization: Bearer`; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token: Option<Secret>,
    /// A file that holds the token; read at each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_file: Option<PathBuf>,
    /// The environment variable that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_env: Option<String>,
    /// How TLS is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<TlsOptions>,
    /// What is sent and expected, step by step. Without a dialogue the handshake alone counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dialogue: Vec<Step>,
    /// Send a ping after the dialogue and measure how long the pong takes.
    #[serde(default)]
    ping: bool,
    /// Codes with which the server may close. Our own close frame (1000) may also be answered without any.
    #[serde(default = "close_codes")]
    #[schemars(length(min = 1), inner(range(min = 1000, max = 4999)))]
    close_codes: Vec<u16>,
    /// The largest message. A larger one fails and is not read further.
    #[serde(default = "message_size_limit")]
    message_size_limit: ByteSize,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    expect: Expect,
}

/// What must hold beside the dialogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Expect {
    /// Each certificate of the chain is valid for at least this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_validity: Option<PromDuration>,
}

impl Expect {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn close_codes() -> Vec<u16> {
    vec![1000]
}

const fn message_size_limit() -> ByteSize {
    ByteSize::mebi(1)
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        web::shown(self.url.url()).to_owned()
    }

    fn endpoint(&self) -> Option<Endpoint> {
        Some(web::endpoint(self.url.url()))
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = self.authorization().problems(&self.headers);
        found.extend(dialogue::problems(&self.dialogue));
        found.extend(self.tls.iter().flat_map(|tls| certificate::problems(tls, "tls.")));
        found.extend(self.plain_problems());
        found.extend(self.header_problems());
        let tokens = self.subprotocols.iter().zip(0..).filter(|(name, _)| !is_token(name));
        found.extend(tokens.map(|(name, at)| Problem {
            path: format!("subprotocols[{at}]"),
            message: format!("{name:?} is not a subprotocol's name: a word without separators"),
            hint: None,
        }));
        if self.close_codes.is_empty() {
            found.push(Problem {
                path: "close_codes".into(),
                message: "an empty list accepts no end at all".into(),
                hint: Some("remove it for the default, 1000".into()),
            });
        }
        found
    }

    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        Ok(super::Spec::Websocket(Self { url: aim.target.parse()?, ..self.clone() }))
    }
}

impl Probe for Spec {
    const KIND: &'static str = "websocket";
    const SUMMARY: &'static str = "A WebSocket handshake, a dialogue of messages, a ping";
    const TARGET_KEY: &'static str = "url";
    const EXAMPLE: &'static str = r#"websocket.url = "wss://example.org/graphql"
websocket.subprotocols = ["graphql-transport-ws"]
websocket.dialogue = [
    { send = '{"type":"connection_init"}' },
    { expect = '"type": ?"connection_ack"' },
]
websocket.ping = true
"#;
    const FAMILIES: &'static [&'static Desc] = &{
        let [a, b, c, d, e, f, g] = certificate::FAMILIES;
        [a, b, c, d, e, f, g, &STATUS, &UPGRADED, &RECEIVED, &PING_RTT, &CLOSE_CODE]
    };

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let request = handshake::request(self, run.attempt.deadline()).await?;
        let stream = dial::tcp(&mut run.attempt, to, run.settings.source_address).await?;
        let stream = self.secured(stream, run).await?;
        certificate::expect_validity(run, self.expect.certificate_validity)?;
        let socket = handshake::upgrade(request, stream, self.message_size_limit, run).await?;
        let mut conversation = Conversation::new(socket);
        let talked = self.talk(&mut conversation, run).await;
        run.fact(&RECEIVED, f64::from(conversation.received()));
        if let Some(code) = conversation.closed_with() {
            run.fact(&CLOSE_CODE, code.into());
        }
        talked
    }
}

impl Spec {
    async fn secured(
        &self,
        stream: tokio::net::TcpStream,
        run: &mut Run<'_>,
    ) -> Result<Stream, Failure> {
        let url = self.url.url();
        if url.scheme() != "wss" {
            return Ok(Stream::Plain(stream));
        }
        let options = TlsOptions::default();
        let how = Security {
            host: self.headers.host().unwrap_or(web::host(url)),
            starttls: None,
            options: self.tls.as_ref().unwrap_or(&options),
            alpn: &["http/1.1"],
        };
        let (_, stream) = stream::secure(run, stream, how).await?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    async fn talk(
        &self,
        conversation: &mut Conversation,
        run: &mut Run<'_>,
    ) -> Result<(), Failure> {
        dialogue::hold(&self.dialogue, conversation, run).await?;
        if self.ping {
            let rtt = conversation.ping(&mut run.attempt).await?;
            run.fact(&PING_RTT, rtt.as_secs_f64());
        }
        conversation.close(&mut run.attempt, &self.close_codes).await
    }

    fn authorization(&self) -> Authorization<'_> {
        Authorization {
            basic: self.basic_auth.as_ref(),
            token: self.bearer_token.as_ref(),
            token_file: self.bearer_token_file.as_deref(),
            token_env: self.bearer_token_env.as_deref(),
        }
    }

    fn plain_problems(&self) -> impl Iterator<Item = Problem> {
        let keys = [
            ("tls", self.tls.is_some()),
            ("expect.certificate_validity", self.expect.certificate_validity.is_some()),
        ];
        let is_plain = self.url.url().scheme() == "ws";
        keys.into_iter().filter(move |(_, given)| is_plain && *given).map(|(key, _)| Problem {
            path: key.into(),
            message: "there is no TLS: the URL is ws://".into(),
            hint: Some("use wss://".into()),
        })
    }

    fn header_problems(&self) -> impl Iterator<Item = Problem> {
        let ours = self.headers.map().keys().filter(|name| {
            [CONNECTION, UPGRADE].contains(name) || name.as_str().starts_with("sec-websocket-")
        });
        ours.map(|name| Problem {
            path: format!("headers.{name}"),
            message: "the handshake sets this header itself".into(),
            hint: (*name == "sec-websocket-protocol").then(|| "use `subprotocols`".into()),
        })
    }
}

/// A token as RFC 9110 section 5.6.2 has it.
fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}
