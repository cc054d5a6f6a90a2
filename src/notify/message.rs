//! What a provider works with: one notice, its words, and the way out.

use hyper::header::{HeaderName, HeaderValue};
use jiff::Timestamp;

use super::{
    answer,
    masked::Masked,
    setback::Setback,
    template::{Data, RenderError, Surroundings, Template, Templates},
};
use crate::{
    clock::{Clock, Instant},
    model::{Notice, SendReason},
    net::{
        Net,
        web::{
            HttpOptions,
            client::{self, Answer, Request},
        },
    },
};

/// One attempt at one notice.
pub(super) struct Message<'a> {
    /// What is told.
    pub notice: &'a Notice,
    /// The same as templates see it.
    pub data: &'a Data,
    /// What the notice does not know, for templates of a part of it.
    pub around: &'a Surroundings,
    /// Named templates.
    pub templates: &'a Templates,
    /// The way out.
    pub net: &'a Net,
    /// Reads the calendar.
    pub clock: Clock,
    /// When the attempt must be over.
    pub deadline: Instant,
}

/// Takes a key that is the same for every attempt at a message (draft-ietf-httpapi-idempotency-key-header).
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Message<'_> {
    /// A template's text.
    ///
    /// # Errors
    /// Refused: it would fail the same again.
    pub(super) fn text(&self, template: &Template) -> Result<String, Setback> {
        self.rendered(template, Templates::text)
    }

    /// A template's HTML.
    ///
    /// # Errors
    /// Those of [`Self::text`].
    pub(super) fn html(&self, template: &Template) -> Result<String, Setback> {
        self.rendered(template, Templates::html)
    }

    fn rendered(
        &self,
        template: &Template,
        render: fn(&Templates, &str, &Data) -> Result<String, RenderError>,
    ) -> Result<String, Setback> {
        if !template.as_str().contains("{{") {
            return Ok(template.as_str().to_owned());
        }
        render(self.templates, template.as_str(), self.data)
            .map_err(|error| Setback::refused(SendReason::Other, format!("template: {error}")))
    }

    /// What the calendar shows.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Asks, and takes any answer of success; `secrets` are what no error may quote.
    ///
    /// # Errors
    /// What broke the connection, or the answer's status.
    pub(super) async fn ask(
        &self,
        options: &HttpOptions,
        mut request: Request,
        secrets: &Masked,
    ) -> Result<Answer, Setback> {
        if let Ok(key) = HeaderValue::from_str(&self.notice.idempotency_key) {
            request.headers.entry(IDEMPOTENCY_KEY).or_insert(key);
        }
        let answer = client::send(self.net, self.deadline, options, request).await?;
        answer::judge(&answer, secrets, self.now())?;
        Ok(answer)
    }
}
