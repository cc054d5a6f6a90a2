//! A POST of Alertmanager's JSON, version 4, or of a payload of one's own.
//!
//! Contract: byte for byte what Alertmanager sends, so that what listens to it listens to us; what is ours is in headers.

mod payload;

use std::{fmt::Write as _, path::PathBuf};

use aws_lc_rs::hmac;
use hyper::header::{HeaderName, HeaderValue};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    masked::Masked,
    message::Message,
    provider::{Described, Tells},
    secret::{Places, places},
    setback::Setback,
    spec::{Template, TemplateUse},
    template::Data,
};
use crate::{
    model::{Handle, Problem, PromDuration, Secret, SendReason},
    net::web::{
        HttpOptions,
        client::{Request, Target},
    },
};

/// A POST of JSON to any URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Whether resolves are told too.
    #[serde(default = "yes")]
    pub send_resolved: bool,
    /// Where to, `http://` or `https://`; a Go template, never shown. Prefer one of the other two forms for a secret one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    /// A file that holds the URL; read at each send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The environment variable that holds the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
    /// At most so many alerts in one message; how many were left out is told in `truncatedAlerts`. 0: all of them.
    #[serde(default)]
    pub max_alerts: u64,
    /// A payload in place of Alertmanager's: a value whose texts are Go templates, or one template for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_json::Value>,
    /// Signs each message, as Flux' `generic-hmac` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The longest time of one attempt.
    #[serde(default = "timeout")]
    pub timeout: PromDuration,
    /// How requests are made: credentials, TLS, proxy, headers.
    #[serde(default)]
    pub http: HttpOptions,
}

/// HMAC-SHA256 of the body in a header: `sha256=` and hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The shared secret; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// A file that holds it; read at each send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The environment variable that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
    /// The header.
    #[serde(default = "header")]
    pub header: String,
}

fn yes() -> bool {
    true
}

pub(super) fn timeout() -> PromDuration {
    PromDuration(std::time::Duration::from_secs(30))
}

fn header() -> String {
    "X-Signature".into()
}

impl Spec {
    fn url(&self) -> Places<'_> {
        places!(self, url, url_file, url_env)
    }

    /// The body, for as many alerts as are wanted.
    fn body(&self, message: &Message<'_>) -> Result<Vec<u8>, Setback> {
        let alerts = &message.notice.alerts;
        let wanted = usize::try_from(self.max_alerts).unwrap_or(usize::MAX);
        if wanted == 0 || alerts.len() <= wanted {
            return payload::body(self.payload.as_ref(), message, 0);
        }
        let data = Data::of(message.notice, &alerts[..wanted], message.around.clone());
        let truncated = (alerts.len() - wanted) as u64;
        payload::body(self.payload.as_ref(), &Message { data: &data, ..*message }, truncated)
    }
}

/// A URL that is a template; neither it nor what is wrong with it is repeated.
fn target(message: &Message<'_>, url: &str) -> Result<Target, Setback> {
    let unusable = |why: &str| Setback::refused(SendReason::Other, format!("`url`: {why}"));
    let url = message
        .text(&Template::from(url))
        .map_err(|_| unusable("the template cannot be rendered"))?;
    url.parse().map_err(|why: String| unusable(&why))
}

impl Signature {
    fn secret(&self) -> Places<'_> {
        places!(self, secret, secret_file, secret_env)
    }

    fn sign(&self, request: &mut Request, secret: &Secret) -> Result<(), Setback> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let mut text = "sha256=".to_owned();
        for byte in hmac::sign(&key, &request.body).as_ref() {
            // Writing into a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        let unusable = || Setback::refused(SendReason::Other, "`signature.header` is no header");
        let name = HeaderName::try_from(&self.header).map_err(|_| unusable())?;
        request.headers.insert(name, HeaderValue::try_from(text).map_err(|_| unusable())?);
        Ok(())
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.secret().needed_problems();
        if HeaderName::try_from(&self.header).is_err() {
            problems.push(Problem {
                path: "header".into(),
                message: "it is not a header's name".into(),
                hint: None,
            });
        }
        let at =
            |problem: Problem| Problem { path: format!("signature.{}", problem.path), ..problem };
        problems.into_iter().map(at).collect()
    }
}

impl Tells for Spec {
    const KIND: &'static str = "webhook";
    const SUMMARY: &'static str = "A POST of Alertmanager's JSON to any URL";
    const EXAMPLE: &'static str = r#"webhook.url = "https://example.org/alerts"
webhook.signature = { secret_file = "/run/secrets/webhook" }
webhook.http.headers = { X-Team = "web" }
"#;

    async fn send(&self, message: &Message<'_>) -> Result<Option<Handle>, Setback> {
        let url = self.url().needed(message.deadline).await?;
        let target = target(message, url.expose())?;
        let (body, mut secrets) = (self.body(message)?, Masked::of(&target.url));
        let mut request = Request::post_json(&target, body);
        if let Some(signature) = &self.signature {
            let key = signature.secret().needed(message.deadline).await?;
            signature.sign(&mut request, &key)?;
            secrets = secrets.and(key.expose());
        }
        // What comes after the head of a 2xx is nobody's concern.
        message.ask(&self.http, request, &secrets).await.map(|_| None)
    }
}

impl Described for Spec {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    fn send_resolved(&self) -> bool {
        self.send_resolved
    }

    fn timeout(&self) -> PromDuration {
        self.timeout
    }

    fn templates(&self) -> Vec<TemplateUse<'_>> {
        let mut found = Vec::new();
        found.extend(self.url.iter().map(|url| TemplateUse::secret("url", url)));
        if let Some(payload) = &self.payload {
            payload::templates(payload, "payload", &mut found);
        }
        found
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.url().needed_problems();
        let problem =
            |path: &str, message: String| Problem { path: path.into(), message, hint: None };
        let written = self.url.as_ref().map(Secret::expose).filter(|url| !url.contains("{{"));
        if let Some(Err(why)) = written.map(str::parse::<Target>) {
            problems.push(problem("url", why));
        }
        if let Some(signature) = &self.signature {
            problems.extend(signature.problems());
        }
        problems.extend(self.http.problems("http."));
        problems
    }
}
