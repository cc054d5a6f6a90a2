//! Lists in pages, for servers that do not stream them.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{AT_ONCE, Failure, Question, Watch, Why, answer_due};
use crate::clock::{self, Instant};

/// The largest page: 50 secrets of a megabyte and half as much again.
const LARGEST: usize = 128 << 20;

/// How long a whole page may take, however steadily it drips.
const PAGE_TAKES: Duration = Duration::from_mins(5);

/// What of an answer is read when it is no page.
const REFUSAL: usize = 64 << 10;

/// A page. Its objects are read one by one, so that one that is malformed hides no other.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: Metadata,
    /// Go writes an empty list as `null`. What has none at all is no list, and must not empty the collector.
    #[serde(borrow, deserialize_with = "Deserialize::deserialize")]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    resource_version: String,
    r#continue: String,
}

impl Watch {
    /// Lists page by page; the version from which changes are to be followed.
    pub(super) async fn pages(&self) -> Result<String, Failure> {
        let permit = self.lists.acquire().await;
        self.begin();
        let mut after = String::new();
        let mut circle = Circle::default();
        loop {
            let question =
                Question::Page { after: Some(&*after).filter(|after| !after.is_empty()) };
            let page = self.page(question).await;
            self.health.asked(self.part, "list", page.is_ok());
            let page = page?;
            let page: Page<'_> = serde_json::from_slice(&page)
                .map_err(|error| Failure::unusable(format!("no page of a list: {error}")))?;
            for (at, object) in page.items.unwrap_or_default().into_iter().enumerate() {
                self.take(self.collector.listed(self.part, object.get()), None);
                if at % AT_ONCE == AT_ONCE - 1 {
                    tokio::task::yield_now().await;
                }
            }
            let next = page.metadata.r#continue;
            if next.is_empty() {
                // From no version a watch begins anywhere, and what went meanwhile would never be told.
                if page.metadata.resource_version.is_empty()
                    && self.target.resource.polled.is_none()
                {
                    return Err(Failure::unusable("the list has no version"));
                }
                drop(permit);
                self.complete();
                return Ok(page.metadata.resource_version);
            }
            if circle.closes(&next) {
                return Err(Failure::unusable("the list goes on where it has been"));
            }
            after = next;
        }
    }

    async fn page(&self, question: Question<'_>) -> Result<Vec<u8>, Failure> {
        let answer = answer(&self.health.client().await, self.target.request(question)?).await?;
        whole(answer.into_body(), LARGEST).await
    }
}

/// Notices that pages go round in a circle, however long, and keeps one of their tokens for it: the one whose number was the
/// latest power of two (Brent's algorithm).
#[derive(Default)]
struct Circle {
    kept: String,
    pages: u64,
}

impl Circle {
    fn closes(&mut self, next: &str) -> bool {
        if self.kept == next {
            return true;
        }
        self.pages += 1;
        if self.pages.is_power_of_two() {
            next.clone_into(&mut self.kept);
        }
        false
    }
}

/// The answer to a request once it has begun, if it is a good one.
pub(super) async fn answer(
    client: &Client,
    request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    let answer = clock::timeout_at(answer_due(), client.send(request)).await;
    let answer = answer.map_err(|_| Failure::late("the answer"))?;
    let answer = answer.map_err(|error| Failure::unanswered(&error))?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let (head, body) = answer.into_parts();
    let said = whole(body, REFUSAL).await.unwrap_or_default();
    Err(Failure::answered(head.status, &head.headers, &said))
}

/// A whole body, of which each part comes in time.
async fn whole(mut body: Body, most: usize) -> Result<Vec<u8>, Failure> {
    let due = Instant::now() + PAGE_TAKES;
    let mut all = Vec::new();
    while let Some(frame) = clock::timeout_at(answer_due().min(due), body.frame())
        .await
        .map_err(|_| Failure::late("the next part of the answer"))?
    {
        let frame = frame.map_err(|error| Failure::new(Why::ConnectionLost, error.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        if all.len() + data.len() > most {
            return Err(Failure::unusable(format!("an answer of more than {most} bytes")));
        }
        all.extend_from_slice(data);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pages are read of a list whose tokens are these, then the last `round` of them again and again.
    fn read(line: usize, round: usize) -> Option<usize> {
        let mut circle = Circle::default();
        let token = |at: usize| {
            if at < line { format!("line {at}") } else { format!("round {}", (at - line) % round) }
        };
        (0..1000).find(|&at| circle.closes(&token(at)))
    }

    #[test]
    fn pages_that_go_round_are_noticed_however_long_the_way() {
        assert_eq!(read(0, 1), Some(1));
        for (line, round) in [(0, 2), (0, 3), (5, 1), (5, 2), (17, 40)] {
            let noticed = read(line, round).unwrap();
            assert!(noticed < 3 * (line + round), "{line} and {round}: {noticed}");
        }
        assert_eq!(read(1000, 1), None, "a long list is no circle");
    }
}
