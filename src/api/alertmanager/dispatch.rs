//! Which request goes where: paths and methods as the generated server of Alertmanager tells them apart.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::{Alertmanager, body, content, cors, list::Place, refusal::Refusal};
use crate::{api::go_server::refused, clock};

/// A resource of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource<'p> {
    Status,
    Receivers,
    Alerts,
    Groups,
    Silences,
    /// Its id as it stands in the path.
    Silence(&'p str),
}

impl<'p> Resource<'p> {
    /// By its path below `/api/v2/`; a slash at the end makes no difference.
    pub(super) fn at(path: &'p str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        Some(match path {
            "status" => Self::Status,
            "receivers" => Self::Receivers,
            "alerts" => Self::Alerts,
            "alerts/groups" => Self::Groups,
            "silences" => Self::Silences,
            other => {
                let id = other.strip_prefix("silence/")?;
                if id.is_empty() || id.contains('/') {
                    return None;
                }
                Self::Silence(id)
            }
        })
    }

    const fn allow(self) -> &'static str {
        match self {
            Self::Status | Self::Receivers | Self::Groups => "GET",
            Self::Alerts | Self::Silences => "GET,POST",
            Self::Silence(_) => "DELETE,GET",
        }
    }
}

impl Alertmanager {
    /// Answers a request below `/api/v2/`; `path` is what follows that.
    pub(in crate::api) async fn v2(self: &Arc<Self>, path: &str, request: Request) -> Response {
        let place = if *request.method() == Method::GET {
            match self.reads.enter() {
                Some(place) => Some((place, self.metrics.reading())),
                None => return self.crowded(),
            }
        } else {
            None
        };
        if let Some(answer) = cors::preflight(request.method(), request.headers()) {
            return answer;
        }
        let from = request.headers().contains_key(header::ORIGIN);
        let answer = self.in_time(self.resource(path, request, place)).await;
        cors::marked(answer, from)
    }

    /// Too many GETs at once.
    pub(super) fn crowded(&self) -> Response {
        self.metrics.crowded();
        let most = self.most_reads;
        let words =
            format!("Limit of concurrent GET requests reached ({most}), try again later.\n");
        refused(StatusCode::SERVICE_UNAVAILABLE, &words)
    }

    /// Within `--web.timeout`, if there is one.
    pub(super) async fn in_time(&self, answer: impl Future<Output = Response>) -> Response {
        let timeout = self.options.timeout;
        if timeout.is_zero() {
            return answer.await;
        }
        let deadline = clock::Instant::now() + timeout;
        clock::timeout_at(deadline, answer).await.unwrap_or_else(|_| {
            let words = format!("Exceeded configured timeout of {}.\n", spelled(timeout));
            (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
        })
    }

    async fn resource(
        self: &Arc<Self>,
        path: &str,
        request: Request,
        place: Option<Place>,
    ) -> Response {
        let Some(resource) = Resource::at(path) else {
            return Refusal::no_path(&format!("/api/v2/{path}")).into_response();
        };
        let answer = match (resource, request.method().as_str()) {
            (Resource::Alerts, "POST") => self.post_alerts(request).await,
            (Resource::Silences, "POST") => self.post_silence(request).await,
            (Resource::Silence(id), "DELETE") => {
                self.delete_silence(id, &request.into_parts().0.headers).await
            }
            (resource, "GET") => self.get(resource, &request.into_parts().0, place).await,
            (resource, method) => Err(Refusal::method(method, resource.allow())),
        };
        answer.unwrap_or_else(Refusal::into_response)
    }

    async fn get(
        self: &Arc<Self>,
        resource: Resource<'_>,
        request: &Parts,
        place: Option<Place>,
    ) -> Result<Response, Refusal> {
        let headers = &request.headers;
        content::takes_json(headers)?;
        let query = request.uri.query();
        match resource {
            Resource::Status => Ok(self.status()),
            Resource::Receivers => self.receivers(query).await,
            Resource::Alerts => self.get_alerts(query, headers, place).await,
            Resource::Groups => self.get_groups(query, headers, place).await,
            Resource::Silences => self.get_silences(query, headers, place).await,
            Resource::Silence(id) => self.get_silence(id).await,
        }
    }

    /// The body of a POST; `what` is its name.
    pub(super) async fn posted(&self, request: Request, what: &str) -> Result<body::Held, Refusal> {
        let headers = request.headers();
        let is_empty = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0")
            && !headers.contains_key(header::TRANSFER_ENCODING)
            && axum::body::HttpBody::is_end_stream(request.body());
        if is_empty {
            content::takes_json(headers)?;
            return Err(Refusal::unprocessable(602, format!("{what} in body is required")));
        }
        content::is_json(headers)?;
        let most = if what == "silence" { body::USUAL } else { body::LARGEST };
        self.bodies.read(request.into_body(), most).await
    }
}

/// As Go's `Duration` spells itself: `1m30s`, `1.5s`; flags give milliseconds at the finest.
fn spelled(duration: Duration) -> String {
    let (minutes, millis) = (duration.as_secs() / 60, duration.as_millis() % 60_000);
    let mut text = String::new();
    if minutes >= 60 {
        let _ = write!(text, "{}h", minutes / 60);
    }
    if minutes > 0 {
        let _ = write!(text, "{}m", minutes % 60);
    }
    // Writing into a String cannot fail.
    let _ = match (minutes, millis) {
        (0, 1..1000) => write!(text, "{millis}ms"),
        _ if millis % 1000 == 0 => write!(text, "{}s", millis / 1000),
        _ => {
            let thousandths = format!("{:03}", millis % 1000);
            write!(text, "{}.{}s", millis / 1000, thousandths.trim_end_matches('0'))
        }
    };
    text
}

/// A segment of a path as it was meant.
pub(super) fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).filter(|_| *first == b'%');
        let byte = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    super::json::lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spelled_as_go_does() {
        for (millis, text) in [
            (5_000, "5s"),
            (90_000, "1m30s"),
            (3_600_000, "1h0m0s"),
            (1_500, "1.5s"),
            (20, "20ms"),
            (61_050, "1m1.05s"),
        ] {
            assert_eq!(spelled(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn paths_are_told_apart() {
        assert_eq!(Resource::at("alerts/"), Some(Resource::Alerts));
        assert_eq!(Resource::at("alerts/groups"), Some(Resource::Groups));
        assert_eq!(Resource::at("silence/a%2fb"), Some(Resource::Silence("a%2fb")));
        assert_eq!(decoded("a%2fb+%zz%"), "a/b+%zz%");
        for path in ["", "alerts/x", "silence/", "silence/a/b", "swagger.json", "alerts//"] {
            assert_eq!(Resource::at(path), None, "{path}");
        }
    }
}
