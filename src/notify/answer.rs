//! What an answer of HTTP says about an attempt.

use jiff::Timestamp;

use super::{
    masked::Masked,
    retry_after,
    setback::{Setback, failure},
};
use crate::{model::SendReason, net::web::client::Answer};

/// 2xx is a success. 429, 5xx and the few others that are about the moment are tried again; the rest would be answered the
/// same again.
pub(super) fn judge(answer: &Answer, secrets: &Masked, now: Timestamp) -> Result<(), Setback> {
    let status = answer.status.as_u16();
    if answer.status.is_success() {
        return Ok(());
    }
    let reason = match status {
        401 | 403 => SendReason::AuthError,
        429 => SendReason::RateLimited,
        500..=599 => SendReason::ServerError,
        _ => SendReason::ClientError,
    };
    let words = secrets.with(answer).quote(&answer.body);
    let detail = if words.is_empty() { String::new() } else { format!(": {words}") };
    let failure = failure(reason, Some(status), &format!("answered {}{detail}", answer.status));
    // Request Timeout, Misdirected Request, Too Early, Too Many Requests.
    if status >= 500 || matches!(status, 408 | 421 | 425 | 429) {
        let after = retry_after::of(&answer.headers, &answer.body, now);
        return Err(Setback::Retry { failure, after });
    }
    Err(Setback::Refused(failure))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, StatusCode};

    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            broken: None,
            told: Vec::new(),
        }
    }

    #[test]
    fn statuses() {
        use SendReason::{AuthError, ClientError, RateLimited, ServerError};
        for (status, reason, again) in [
            (302, ClientError, false),
            (400, ClientError, false),
            (401, AuthError, false),
            (403, AuthError, false),
            (404, ClientError, false),
            (408, ClientError, true),
            (429, RateLimited, true),
            (500, ServerError, true),
            (503, ServerError, true),
        ] {
            let setback =
                judge(&answer(status, ""), &Masked::default(), Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(setback.failure().reason, reason, "{status}");
            assert_eq!(matches!(setback, Setback::Retry { .. }), again, "{status}");
        }
        for status in [200, 202, 204] {
            assert!(judge(&answer(status, "x"), &Masked::default(), Timestamp::MIN).is_ok());
        }
    }

    #[test]
    fn an_echoed_secret_is_not_quoted() {
        let url = "https://hooks.example/services/T0123456/hunter2hunter2?key=abcdefg".parse();
        let masked = Masked::of(&url.unwrap()).and("tokentoken");
        let body =
            "no such\n path /services/T0123456/hunter2hunter2 (hunter2hunter2, abcdefg) tokentoken";
        let setback = judge(&answer(404, body), &masked, Timestamp::UNIX_EPOCH).unwrap_err();
        let detail = &setback.failure().detail;
        assert_eq!(
            &**detail,
            "answered 404 Not Found: no such path <secret> (<secret>, <secret>) <secret>"
        );
    }
}
