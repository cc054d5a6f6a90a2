//! `/hooks/alertmanager`: the webhook of a real Alertmanager, so that what it tells comes through our pipeline.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Alertmanager,
    json::{self, Kind, Scan},
    ours,
    posted::{self, Unread, same},
    refusal::Refusal,
};
use crate::{
    alert::{CallError, PostedAlert},
    model::{AlertSource, Secret},
};

/// How long a firing alert stays without being told again. An Alertmanager repeats itself every `repeat_interval`, four
/// hours by default and seldom more than a day; that it does not say until when an alert fires is not the end of it.
const HELD: SignedDuration = SignedDuration::from_hours(25);

/// What `/hooks/alertmanager` wants as bearer token, if anything; a reload may change it. All clones have the same.
#[derive(Debug, Clone, Default)]
pub struct HookToken(Arc<ArcSwapOption<Secret>>);

impl HookToken {
    /// With this one; `None` lets everybody in.
    pub fn new(token: Option<Secret>) -> Self {
        Self(Arc::new(ArcSwapOption::new(token.map(Arc::new))))
    }

    /// From now on another one.
    pub fn set(&self, token: Option<Secret>) {
        self.0.store(token.map(Arc::new));
    }
}

impl Alertmanager {
    /// Takes version 4 of the webhook. Alertmanager tries again after a 5xx, and never after a 4xx.
    pub(in crate::api) async fn hook(&self, request: Request) -> Response {
        self.hooked(request).await.unwrap_or_else(Refusal::into_response)
    }

    async fn hooked(&self, request: Request) -> Result<Response, Refusal> {
        if *request.method() != Method::POST {
            return Err(Refusal::method(request.method().as_str(), "POST"));
        }
        if let Some(token) = &*self.options.hook_token.0.load()
            && !is_bearer(request.headers(), token)
        {
            let words = "a bearer token is wanted here";
            let mut answer = Refusal::told(StatusCode::UNAUTHORIZED, words).into_response();
            let bearer = HeaderValue::from_static("Bearer");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
            return Ok(answer);
        }
        let body = self.posted(request, "message").await?;
        let read = read(&json::lossy(body.as_ref()), self.clock.now());
        let alerts = read.map_err(|why| why.refusal("message"))?;
        match self.within(self.handle.post(alerts, AlertSource::Hook)).await? {
            Ok(()) => Ok(StatusCode::OK.into_response()),
            Err(CallError::Refused(invalid)) => {
                Err(Refusal::told(StatusCode::BAD_REQUEST, invalid.to_string()))
            }
            Err(error) => Err(ours(&error)),
        }
    }
}

/// Takes as long for a wrong token as for the right one.
fn is_bearer(headers: &HeaderMap, token: &Secret) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, given) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| given.trim())
    });
    given.is_some_and(|given| {
        verify_slices_are_equal(given.as_bytes(), token.expose().as_bytes()).is_ok()
    })
}

fn read(body: &str, now: Timestamp) -> Result<Vec<PostedAlert>, Unread> {
    let mut scan = Scan::new(body);
    if scan.kind()? != Kind::Object {
        scan.skip()?;
        return Err(Unread::Parse("it is no object".to_owned()));
    }
    let (mut alerts, mut version) = (None, None);
    let mut members = scan.enter();
    while let Some(name) = scan.name(&mut members)? {
        if same(&name, "alerts") && scan.kind()? == Kind::Array {
            let alerts = alerts.get_or_insert_with(Vec::new);
            let mut items = scan.enter();
            while scan.item(&mut items)? {
                let (alert, wrong) = posted::alert(&mut scan)?;
                if let Some(why) = wrong {
                    return Err(Unread::Parse(why));
                }
                alerts.push(alert);
            }
        } else if same(&name, "version") && scan.kind()? == Kind::String {
            version = Some(scan.string()?);
        } else {
            scan.skip()?;
        }
    }
    if version.as_deref() != Some("4") {
        let words =
            format!("version in body should be \"4\", not {:?}", version.unwrap_or_default());
        return Err(Unread::Invalid(606, words));
    }
    let alerts = alerts.ok_or_else(|| Unread::required("alerts"))?;
    let checked = |(at, alert): (usize, posted::AlertFields)| {
        let mut alert = alert.checked(&format!("alerts.{at}"))?;
        if alert.ends_at.is_none() {
            alert.ends_at = Some(now.saturating_add(HELD).unwrap_or(Timestamp::MAX));
            // An end without a start would be taken for both.
            alert.starts_at.get_or_insert(now);
        }
        Ok(alert)
    };
    alerts.into_iter().enumerate().map(checked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_message_is_read() {
        let body = r#"{"receiver":"x","status":"firing","alerts":[
            {"status":"firing","labels":{"alertname":"A"},"annotations":{"s":"t"},"startsAt":"2026-01-02T03:04:05.678901234Z",
             "endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/","fingerprint":"0123456789abcdef"},
            {"status":"resolved","labels":{"alertname":"B"},"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T04:00:00Z"}],
            "groupLabels":{},"version":"4","groupKey":"{}:{}","truncatedAlerts":0}"#;
        let alerts = read(body, NOW).unwrap();
        assert_eq!(alerts[0].ends_at, Some("1970-01-02T01:00:00Z".parse().unwrap()));
        assert_eq!(alerts[1].ends_at, Some("2026-01-02T04:00:00Z".parse().unwrap()));
        assert_eq!(alerts[0].annotations.get("s"), Some("t"));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"version":"4"}"#,
            r#"{"version":"3","alerts":[]}"#,
            "{",
            r#"{"version":"4","alerts":[{}]}"#,
        ] {
            assert!(read(body, NOW).is_err(), "{body}");
        }
    }
}
