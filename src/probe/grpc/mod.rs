//! The health service that gRPC servers have: `grpc.health.v1.Health/Check`.

mod call;
mod code;
mod message;
mod metadata;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use hyper::{
    Method, Request, Uri, Version,
    header::{CONTENT_TYPE, HeaderValue, TE, USER_AGENT},
    http::uri::{Parts, PathAndQuery, Scheme},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{call::Ended, code::Code, metadata::Metadata};
use super::{
    Aim, Described, Endpoint, Probe, Problem, Run,
    address::Address,
    certificate,
    stream::{self, Security, Stream},
};
use crate::{
    model::{Desc, Expectation, Fact, Failure, PromDuration, Reason},
    net::{dial, tls::TlsOptions, web, zone},
};

static STATUS_CODE: Desc = Desc::gauge(
    "noroshi_grpc_status_code",
    "How the last call ended, as gRPC numbers it: 0 is OK; 14 where there was no connection, 4 at the deadline.",
);
static SERVING_STATUS: Desc = Desc::gauge(
    "noroshi_grpc_serving_status_info",
    "What the health service says of the service; always 1.",
)
.labels(&["serving_status"]);
static TLS: Desc = Desc::gauge(
    "noroshi_grpc_tls",
    "Whether the last call went over TLS (1) or in plain text or nowhere (0).",
);

/// A call of the gRPC health service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The target: `host` or `host:port`, an IPv6 address in brackets. The port is 443 with TLS, and 80 without.
    pub address: Address<443>,
    /// The service whose health is asked for; without it, that of the server as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// What is sent beside the call: lists of values by name. Those of a name that ends in `-bin` are Base64.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata,
    /// Speak TLS; `tls = {}` does so with the defaults. Without it HTTP/2 begins in plain text, without asking first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// What must hold.
    #[serde(default, skip_serializing_if = "Expect::is_default")]
    pub expect: Expect,
}

/// What must hold of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The service is in one of these states.
    pub status: Vec<ServingStatus>,
    /// Each certificate of the chain is valid for at least this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_validity: Option<PromDuration>,
}

impl Default for Expect {
    fn default() -> Self {
        Self { status: vec![ServingStatus::Serving], certificate_validity: None }
    }
}

impl Expect {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a health service says of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServingStatus {
    /// It says nothing.
    Unknown,
    /// It serves.
    Serving,
    /// It does not.
    NotServing,
    /// It is not known; `Check` has the code NOT_FOUND for that.
    ServiceUnknown,
}

impl ServingStatus {
    /// By the number on the wire.
    const ALL: [Self; 4] = [Self::Unknown, Self::Serving, Self::NotServing, Self::ServiceUnknown];

    const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::ServiceUnknown => "SERVICE_UNKNOWN",
        }
    }

    fn of(number: i32) -> Option<Self> {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number)).copied()
    }
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn target(&self) -> String {
        match &*self.service {
            "" => self.address.to_string(),
            service => format!("{}/{service}", self.address),
        }
    }

    fn endpoint(&self) -> Option<Endpoint> {
        let default = if self.tls.is_some() { self.address.port() } else { 80 };
        let port = self.address.written_port().unwrap_or(default);
        Some(Endpoint { host: self.address.host().to_owned(), port })
    }

    fn problems(&self) -> Vec<Problem> {
        let problem = |path: &str, message: &str, hint: &str| Problem {
            path: path.into(),
            message: message.into(),
            hint: Some(hint.into()),
        };
        let mut found = Vec::new();
        found.extend(self.tls.iter().flat_map(|tls| tls.problems("tls.")));
        if self.service.len() > SERVICE_LIMIT {
            let message = format!("the name of a service has at most {SERVICE_LIMIT} bytes");
            found.push(problem("service", &message, "such as `helloworld.Greeter`"));
        }
        if self.expect.status.is_empty() {
            let message = "no status would pass";
            found.push(problem("expect.status", message, "leave it out to expect `SERVING`"));
        }
        if self.expect.certificate_validity.is_some() && self.tls.is_none() {
            let message = "there is no certificate without TLS";
            found.push(problem("expect.certificate_validity", message, "add `tls = {}`"));
        }
        found
    }

    /// Targets are written as blackbox_exporter takes them: `host:port`, or a URL of which nothing else is looked at. It
    /// has no use for `hostname` here.
    fn aimed(&self, aim: &Aim<'_>) -> Result<super::Spec, String> {
        let bare =
            ["http://", "https://"].iter().find_map(|scheme| aim.target.strip_prefix(scheme));
        let bare = bare.unwrap_or(aim.target).split(['/', '?', '#']).next().unwrap_or_default();
        Ok(super::Spec::Grpc(Self { address: bare.parse()?, ..self.clone() }))
    }
}

/// The longest name of a service, in bytes.
const SERVICE_LIMIT: usize = 1024;

impl Probe for Spec {
    const KIND: &'static str = "grpc";
    const SUMMARY: &'static str = "A call of the gRPC health service";
    const TARGET_KEY: &'static str = "address";
    const EXAMPLE: &'static str = r#"grpc.address = "api.example.org:443"
grpc.service = "helloworld.Greeter"
grpc.metadata = { tenant = ["probe"] }
grpc.tls = {}
grpc.expect = { status = ["SERVING"], certificate_validity = "14d" }
"#;
    const REASONS: &'static [Reason] = &[
        Reason::GrpcNotServing,
        Reason::GrpcStatus,
        Reason::GrpcProtocol,
        Reason::HttpStatus,
        Reason::HttpVersion,
    ];
    const FAMILIES: &'static [&'static Desc] = &{
        let [a, b, c, d, e, f, g] = certificate::FAMILIES;
        [a, b, c, d, e, f, g, &STATUS_CODE, &SERVING_STATUS, &TLS]
    };

    async fn run(&self, to: SocketAddr, run: &mut Run<'_>) -> Result<(), Failure> {
        let mut secure = false;
        let ended = self.ask(to, run, &mut secure).await;
        run.fact(&TLS, f64::from(u8::from(secure)));
        let code = ended.as_ref().map_or_else(|ended| ended.code, |_| Code::OK);
        // What is wrong with this machine says nothing of the target, not even that it is unavailable.
        let ours = matches!(
            ended.as_ref().map_err(|ended| ended.failure.reason),
            Err(Reason::LocalAddress | Reason::LocalResources | Reason::LocalFile)
        );
        if !ours {
            run.fact(&STATUS_CODE, f64::from(code.0));
        }
        let number = ended.map_err(|ended| ended.failure)?;
        let status = ServingStatus::of(number);
        let word = status.map_or_else(|| number.to_string(), |status| status.word().to_owned());
        run.facts.push(Fact::labelled(&SERVING_STATUS, [&*word], 1.0));
        certificate::expect_validity(run, self.expect.certificate_validity)?;
        self.judge(run, status, &word)
    }
}

impl Spec {
    /// The number of the service's status.
    async fn ask(
        &self,
        to: SocketAddr,
        run: &mut Run<'_>,
        secure: &mut bool,
    ) -> Result<i32, Ended> {
        let socket = dial::tcp(&mut run.attempt, to, run.settings.source_address).await?;
        let stream = match &self.tls {
            None => Stream::Plain(socket),
            Some(options) => {
                let host = self.address.host();
                let how = Security { host, starttls: None, options, alpn: &["h2"] };
                let (report, stream) = stream::secure(run, socket, how).await?;
                *secure = true;
                if report.alpn.as_deref() != Some("h2") {
                    let detail = "the server does not agree on HTTP/2 (ALPN), which gRPC needs";
                    return Err(Failure::new(Reason::HttpVersion, detail).into());
                }
                Stream::Tls(Box::new(stream))
            }
        };
        let message = message::request(&self.service);
        let answer = call::call(&mut run.attempt, stream, self.request()?, message).await?;
        message::serving_status(&answer).ok_or_else(|| Ended {
            code: Code::INTERNAL,
            failure: Failure::new(Reason::GrpcProtocol, "the message is not a HealthCheckResponse"),
        })
    }

    fn request(&self) -> Result<Request<()>, Failure> {
        let unusable = |_| Failure::new(Reason::GrpcProtocol, "the address cannot be asked for");
        let (scheme, authority) = self.authority();
        let mut parts = Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = Some(authority.parse().map_err(unusable)?);
        parts.path_and_query = Some(PathAndQuery::from_static("/grpc.health.v1.Health/Check"));
        let uri = Uri::from_parts(parts)
            .map_err(|error| Failure::new(Reason::GrpcProtocol, error.to_string()))?;
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_2;
        let fields = request.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        fields.insert(USER_AGENT, web::AGENT);
        fields.insert(TE, HeaderValue::from_static("trailers"));
        self.metadata.write(fields);
        Ok(request)
    }

    /// As grpc-go has it where a name to verify is given, which blackbox_exporter always does: that name with TLS, the
    /// address without.
    fn authority(&self) -> (Scheme, String) {
        let host = zone::bare(self.address.host());
        let bracketed =
            |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let port = self.endpoint().map_or(80, |endpoint| endpoint.port);
        match &self.tls {
            None => (Scheme::HTTP, format!("{}:{port}", bracketed(host))),
            Some(tls) => (Scheme::HTTPS, bracketed(tls.server_name.as_deref().unwrap_or(host))),
        }
    }

    fn judge(
        &self,
        run: &mut Run<'_>,
        status: Option<ServingStatus>,
        word: &str,
    ) -> Result<(), Failure> {
        let held = status.is_some_and(|status| self.expect.status.contains(&status));
        let words: Vec<&str> = self.expect.status.iter().map(|status| status.word()).collect();
        let wanted = words.join(" or ");
        run.attempt.trace.expectation(|| Expectation {
            subject: "serving status".into(),
            wanted: wanted.clone(),
            got: word.to_owned(),
            held,
        });
        if held {
            return Ok(());
        }
        Err(Failure::new(Reason::GrpcNotServing, format!("wanted {wanted}, got {word}")))
    }
}
