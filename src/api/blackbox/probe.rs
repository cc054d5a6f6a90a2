use std::{sync::Arc, time::Duration};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::super::go_server::refused;
use super::{
    Blackbox, answer,
    entry::Entry,
    request::{Asked, Refusal},
};
use crate::{
    api::scrape::busy,
    clock::Instant,
    compat::blackbox::{Module, families::Shape},
    model::{Outcome, Reason, Trace, Verdict},
    probe::{Report, spec::Check},
};

/// `/probe?module=&target=`: one probe. It ends early when the client goes away, because this future is dropped then.
pub(in crate::api) async fn probe(
    blackbox: &Blackbox,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Response {
    let asked = Asked::read(query);
    let offset = blackbox.options.timeout_offset;
    let resolved = asked.resolve(&blackbox.modules.load(), headers, offset);
    let (module, timeout) = match resolved {
        Ok(resolved) => resolved,
        Err(refusal) => {
            if let Refusal::UnknownModule(name) = &refusal {
                blackbox.metrics.unknown_modules.inc();
                tracing::debug!(module = name, "Unknown module");
            }
            return refused(refusal.status(), &refusal);
        }
    };
    let Some(_place) = blackbox.places.enter() else {
        blackbox.metrics.rejected.inc();
        return busy(blackbox.options.max_requests);
    };
    let _in_flight = blackbox.metrics.begin();
    let Some(entry) = blackbox.run(&asked, module, timeout).await else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, &"noroshi is stopping");
    };
    entry.told(|told| (blackbox.say)(&told));
    let answer = if asked.debug {
        let plain = HeaderValue::from_static("text/plain");
        ([(header::CONTENT_TYPE, plain)], entry.debug(blackbox.options.format)).into_response()
    } else {
        answer::families(headers, entry.shape, &entry.report.outcome)
    };
    blackbox.history.add(entry);
    answer
}

impl Blackbox {
    async fn run(
        &self,
        asked: &Asked<'_>,
        module: Arc<Module>,
        timeout: Duration,
    ) -> Option<Entry> {
        let (began, started) = (self.clock.now(), Instant::now());
        let target: Box<str> = (&*asked.target).into();
        let (shape, report) = match module.check(&asked.aim(), timeout) {
            Ok(check) => self.run_check(&module, check).await?,
            Err(why) => (
                Shape::without_check(&module, &asked.target, timeout),
                no_check(&module, why, started),
            ),
        };
        Some(Entry { module, target, began, timeout, shape, report })
    }

    async fn run_check(&self, module: &Module, check: Check) -> Option<(Shape, Report)> {
        let shape = Shape::of_module(module, &check);
        let report = (self.run)(check, Trace::on()).await?;
        Some((shape, report))
    }
}

/// The result where no check could be made of the target, or none of the module at all.
fn no_check(module: &Module, why: String, started: Instant) -> Report {
    let reason = match module.broken {
        Some(_) => Reason::ModuleInvalid,
        None => Reason::TargetInvalid,
    };
    let outcome =
        Outcome { verdict: Verdict::Fail, ..Outcome::unknown(reason, why, started.elapsed()) };
    Report { outcome, trace: Trace::on() }
}
