//! A WebSocket conversation (RFC 6455).
//!
//! Contract: one connection per run, closed at its end; every message is bounded and every wait has the run's deadline.
//! The story: [`handshake`] upgrades, [`dialogue`] talks over a [`conversation`], which is ended by a closing handshake.

mod conversation;
mod dialogue;
mod handshake;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::Path, sync::Arc};

use hyper::header::{CONNECTION, HOST, HeaderValue, UPGRADE, USER_AGENT};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{conversation::Conversation, dialogue::Step};
use super::{
    Aim, Described, Endpoint, Probe, Problem, Run, certificate,
    dialogue::{LABEL, UNMATCHED},
    stream::{self, Security, Stream},
};
use crate::{
    model::{ByteSize, Desc, Failure, PromDuration, Reason, Secret},
    net::{
        tls::TlsOptions,
        web::{
            self, AnyScheme, Authorization, BasicAuth, Headers, NoProxy, OAuth2, Proxies, ProxyUrl,
            WebsocketUrl,
        },
    },
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
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the configuration")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target, `ws://` or `wss://`. User and password belong into `basic_auth`.
    url: WebsocketUrl,
    /// Subprotocols to offer, the preferred one first. The server has to choose one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subprotocols: Vec<String>,
    /// Headers of the handshake, such as `Origin`: a text each, or a table of `values`, `secrets`, `files` and `env` for
    /// several. `Host` and `User-Agent` replace ours.
    #[serde(default)]
    headers: Headers,
    /// User and password, sent with the handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basic_auth: Option<Arc<BasicAuth>>,
    /// Credentials of any scheme, sent as `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorization: Option<Arc<AnyScheme>>,
    /// A token fetched at each run by the client credentials grant, sent as `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oauth2: Option<Arc<OAuth2>>,
    /// A token sent as `Authorization: Bearer`; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token: Option<Secret>,
    /// A file that holds the token; read at each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_file: Option<Arc<Path>>,
    /// The environment variable that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token_env: Option<Arc<str>>,
    /// How TLS is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<Arc<TlsOptions>>,
    /// The proxy that opens a tunnel to the target by CONNECT, for `ws` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_url: Option<Arc<ProxyUrl>>,
    /// Take the proxy from `HTTPS_PROXY` (for `wss`), `HTTP_PROXY` and `NO_PROXY`, in either case.
    #[serde(default)]
    proxy_from_environment: bool,
    /// Hosts that are reached without `proxy_url`, as in an `http` check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    no_proxy: Option<NoProxy>,
    /// Headers for the proxy alone.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    proxy_connect_headers: Headers,
    /// User and password for the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_basic_auth: Option<Arc<BasicAuth>>,
    /// Resolve the target here and ask the proxy for a tunnel to its address, as blackbox_exporter does. Without this key the
    /// proxy is asked for the name, and what is resolved is the proxy.
    #[serde(default)]
    proxy_resolve: bool,
    /// What is sent and expected, step by step. Without a dialogue the handshake alone counts.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    dialogue: Arc<[Step]>,
    /// Send a ping after the dialogue and measure how long the pong takes.
    #[serde(default)]
    ping: bool,
    /// Codes with which the server may close. Our own close frame (1000) may also be answered without any.
    #[serde(default = "close_codes")]
    #[schemars(length(min = 1), inner(range(min = 1000, max = 4999)))]
    close_codes: Vec<u16>,
    /// Whether the run waits for the server's close frame. Without it ours (1000) is sent and the connection is closed.
    #[serde(default = "yes")]
    await_close: bool,
    /// The largest message. A larger one fails and is not read further.
    #[serde(default = "message_size_limit")]
    message_size_limit: ByteSize,
    /// What else must hold.
    #[serde(default, skip_serializing_if = "Expect::is_empty")]
    expect: Expect,
    /// User and password of a target given by `/probe`, as a header that no output shows.
    #[serde(skip)]
    userinfo: Option<HeaderValue>,
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

const fn yes() -> bool {
    true
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
        Some(self.proxies().endpoint(self.url.url()))
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = self.authorization().problems(&self.headers);
        found.extend(self.proxies().problems(""));
        found.extend(dialogue::problems(&self.dialogue));
        found.extend(self.tls.iter().flat_map(|tls| tls.problems("tls.")));
        found.extend(self.plain_problems());
        found.extend(self.header_problems());
        let tokens = self.subprotocols.iter().zip(0..).filter(|(name, _)| !web::is_token(name));
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
        let (url, userinfo) = WebsocketUrl::with_userinfo(aim.target)?;
        Ok(super::Spec::Websocket(Self { url, userinfo, ..self.clone() }))
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
    const REASONS: &'static [Reason] = &[
        Reason::WebsocketUpgrade,
        Reason::WebsocketSubprotocol,
        Reason::ExpectMismatch,
        Reason::WebsocketPong,
        Reason::WebsocketClose,
        Reason::WebsocketProtocol,
        Reason::BodyTooLarge,
        Reason::HttpProtocol,
    ];
    const FAMILIES: &'static [&'static Desc] = &{
        let [a, b, c, d, e, f, g] = certificate::FAMILIES;
        let (h, i): (&Desc, &Desc) = (&LABEL, &UNMATCHED);
        [a, b, c, d, e, f, g, h, i, &STATUS, &UPGRADED, &RECEIVED, &PING_RTT, &CLOSE_CODE]
    };

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let request = handshake::request(self, run).await?;
        let proxies = self.proxies();
        let way = proxies.first(self.url.url(), vec![to], &mut run.dialer()).await?;
        let stream = proxies.tunnel(&way, self.url.url(), &mut run.dialer()).await?;
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
            host: self.headers.text(&HOST).and_then(web::name_of).unwrap_or(web::host(url)),
            starttls: None,
            options: self.tls.as_deref().unwrap_or(&options),
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
        if self.await_close {
            return conversation.close(&mut run.attempt, &self.close_codes).await;
        }
        conversation.leave(&mut run.attempt).await
    }

    fn proxies(&self) -> Proxies<'_> {
        Proxies {
            url: self.proxy_url.as_deref(),
            from_environment: self.proxy_from_environment,
            no_proxy: self.no_proxy.as_ref(),
            headers: None,
            connect_headers: Some(&self.proxy_connect_headers),
            basic_auth: self.proxy_basic_auth.as_deref(),
            by_address: self.proxy_resolve,
        }
    }

    fn authorization(&self) -> Authorization<'_> {
        Authorization {
            basic: self.basic_auth.as_deref(),
            credentials: self.authorization.as_deref(),
            oauth2: self.oauth2.as_deref(),
            agent: self.headers.text(&USER_AGENT),
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
        let ours = self.headers.names().filter(|name| {
            [CONNECTION, UPGRADE].contains(name) || name.as_str().starts_with("sec-websocket-")
        });
        ours.map(|name| Problem {
            path: format!("headers.{name}"),
            message: "the handshake sets this header itself".into(),
            hint: (*name == "sec-websocket-protocol").then(|| "use `subprotocols`".into()),
        })
    }
}
