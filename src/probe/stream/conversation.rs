//! What a check does with a connection once it is open: TLS, the steps of the dialogue, what else must hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Local, Security, Starttls, Step, Stream, Wire, escaped, finish, listen, secure, step};
use crate::{
    model::{Desc, Expectation, Fact, Failure, PromDuration, Reason},
    net::tls::{Report, TlsOptions},
    probe::{Problem, Run, certificate, dialogue},
    re2::Regex,
};

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
    pub(in crate::probe) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The keys that every kind with a stream of bytes has.
pub(in crate::probe) struct Conversation<'a> {
    /// Asked for and verified where the options of TLS name nobody.
    pub(in crate::probe) host: &'a str,
    pub(in crate::probe) tls: Option<&'a TlsOptions>,
    pub(in crate::probe) starttls: Option<Starttls>,
    pub(in crate::probe) dialogue: &'a [Step],
    /// Whether lines count only when they are whole.
    pub(in crate::probe) whole_lines: bool,
    pub(in crate::probe) expect: &'a Expect,
    pub(in crate::probe) families: &'static Families,
}

/// What a kind calls what it measures.
pub(in crate::probe) struct Families {
    /// How far the dialogue came.
    pub(in crate::probe) steps_completed: Desc,
    /// What named groups caught: `step`, `name`, `value`.
    pub(in crate::probe) captured: Desc,
}

/// The most captures kept of one run.
const MAX_CAPTURES: usize = 16;

/// The longest capture kept, in bytes: a stranger wrote it.
const CAPTURE_LIMIT: usize = 200;

/// A connection, and how its last handshake went.
struct Line<S> {
    wire: Wire<Stream<S>>,
    report: Report,
}

impl Conversation<'_> {
    /// Speaks from the first byte to the last.
    ///
    /// # Errors
    /// The detail names the step, what it wanted and what it got.
    pub(in crate::probe) async fn hold<S>(
        &self,
        run: &mut Run<'_>,
        socket: S,
    ) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Local,
    {
        let line = if self.begins_secure() {
            self.encrypt(run, socket, self.starttls).await?
        } else {
            Line { wire: Wire::new(Stream::Plain(socket)), report: Report::default() }
        };
        let mut completed = 0;
        let spoken = self.speak(line, &mut completed, run).await;
        if !self.dialogue.is_empty() {
            run.fact(&self.families.steps_completed, f64::from(completed));
        }
        let mut line = spoken?;
        self.expect_latency(run)?;
        match line.wire.stream() {
            Stream::Plain(_) => Ok(()),
            Stream::Tls(stream) => finish(run, &line.report, stream).await,
        }
    }

    /// Whether there is TLS at any time.
    pub(in crate::probe) fn speaks_tls(&self) -> bool {
        self.tls.is_some() || self.starttls.is_some() || self.upgrades()
    }

    /// Whether TLS begins before the dialogue.
    fn begins_secure(&self) -> bool {
        self.starttls.is_some() || (self.tls.is_some() && !self.upgrades())
    }

    /// Whether TLS begins within the dialogue.
    fn upgrades(&self) -> bool {
        self.dialogue.iter().any(|step| step.starttls)
    }

    /// Mistakes that no single value shows.
    pub(in crate::probe) fn problems(&self) -> Vec<Problem> {
        let mut found = step::problems(self.dialogue, self.begins_secure());
        if let Some(options) = self.tls {
            found.extend(options.problems("tls."));
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

    /// Goes through the steps in order.
    async fn speak<S>(
        &self,
        mut line: Line<S>,
        completed: &mut u32,
        run: &mut Run<'_>,
    ) -> Result<Line<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Local,
    {
        for step in self.dialogue {
            let number = *completed + 1;
            line = self.take(step, number, line, run).await.map_err(|failure| {
                Failure::new(failure.reason, format!("step {number}: {}", failure.detail))
            })?;
            *completed = number;
        }
        Ok(line)
    }

    async fn take<S>(
        &self,
        step: &Step,
        number: u32,
        mut line: Line<S>,
        run: &mut Run<'_>,
    ) -> Result<Line<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Local,
    {
        let heard = self.hear(step, number, &mut line.wire, run).await?;
        let deadline = run.attempt.deadline();
        let (file, variable) = (step.send_file.as_ref(), step.send_env.as_ref());
        if let Some(secret) = dialogue::secret(deadline, file, variable).await? {
            line.wire.send_secret(&mut run.attempt, &secret).await?;
        } else if let Some(bytes) = step.to_send(&heard) {
            line.wire.send(&mut run.attempt, &bytes).await?;
        }
        if step.starttls { self.upgrade(run, line).await } else { Ok(line) }
    }

    /// Waits for what the step wants, and keeps what its pattern caught.
    async fn hear<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        step: &Step,
        number: u32,
        wire: &mut Wire<Stream<S>>,
        run: &mut Run<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let Some(wanted) = step.wanted(self.whole_lines) else {
            return Ok(Vec::new());
        };
        let heard = listen::listen(wanted, wire, &mut run.attempt).await;
        run.attempt.trace.expectation(|| Expectation {
            subject: format!("step {number}"),
            wanted: wanted.to_string(),
            got: match &heard {
                Ok(got) => escaped(got),
                Err(unheard) => unheard.failure.detail.clone(),
            },
            held: heard.is_ok(),
        });
        let line = heard.map_err(|unheard| {
            if let Some(by) = unheard.by {
                dialogue::unmatched(by, &mut run.facts);
            }
            unheard.failure
        })?;
        if let Some(pattern) = &step.expect {
            self.keep(pattern, &line, number, &mut run.facts);
            dialogue::expand_labels(&step.labels, pattern, &line, number, &mut run.facts);
        }
        Ok(line)
    }

    /// The named groups, as facts.
    fn keep(&self, pattern: &Regex, line: &[u8], number: u32, facts: &mut Vec<Fact>) {
        let family = &self.families.captured;
        for (name, value) in pattern.named(line).unwrap_or_default() {
            let kept = facts.iter().filter(|fact| std::ptr::eq(fact.desc, family)).count();
            if kept >= MAX_CAPTURES {
                break;
            }
            let value = String::from_utf8_lossy(value);
            let value = &value[..value.floor_char_boundary(CAPTURE_LIMIT)];
            let labels = [number.to_string(), name.to_owned(), value.to_owned()];
            facts.push(Fact::labelled(family, labels, 1.0));
        }
    }

    /// TLS in the middle of the dialogue. What came in plain text and was not consumed is not taken for text under TLS,
    /// which would be the injection of CVE-2011-0411.
    async fn upgrade<S>(&self, run: &mut Run<'_>, line: Line<S>) -> Result<Line<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Local,
    {
        let rest = line.wire.received();
        if !rest.is_empty() {
            run.attempt.step(|| format!("dropping what came before TLS: {}", escaped(rest)));
        }
        match line.wire.into_inner() {
            Stream::Plain(socket) => self.encrypt(run, socket, None).await,
            Stream::Tls(_) => {
                let detail = "TLS has begun already";
                Err(Failure::new(Reason::TlsHandshake, detail))
            }
        }
    }

    async fn encrypt<S>(
        &self,
        run: &mut Run<'_>,
        socket: S,
        starttls: Option<Starttls>,
    ) -> Result<Line<S>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Local,
    {
        let default = TlsOptions::default();
        let options = self.tls.unwrap_or(&default);
        let how = Security { host: self.host, starttls, options, alpn: &[] };
        let (report, stream) = secure(run, socket, how).await?;
        certificate::expect_validity(run, self.expect.certificate_validity)?;
        Ok(Line { wire: Wire::new(Stream::Tls(Box::new(stream))), report })
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
