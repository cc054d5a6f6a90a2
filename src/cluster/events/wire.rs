//! Events as they stand in the JSON: of the old form, which counts, and of the new one, which has a series.

use jiff::Timestamp;
use serde::Deserialize;

use super::log;
use crate::cluster::{
    object::Metadata,
    pool::Word,
    wire::{Text, Time},
};

/// Characters of a message that are kept. The new form may not have more.
pub(super) const MESSAGE: usize = 1024;

/// Characters of a word. Names of objects have no more than 253.
const WORD: usize = 253;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, bound(deserialize = "'de: 'a"))]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
    involved_object: Involved<'a>,
    r#type: Text<'a>,
    reason: Text<'a>,
    message: Text<'a>,
    source: Source<'a>,
    reporting_component: Text<'a>,
    reporting_instance: Text<'a>,
    count: Option<i64>,
    series: Option<Series>,
    event_time: Time,
    first_timestamp: Time,
    last_timestamp: Time,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Involved<'a> {
    kind: Text<'a>,
    namespace: Text<'a>,
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Source<'a> {
    component: Text<'a>,
    host: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series {
    count: Option<i64>,
    last_observed_time: Time,
}

impl Event<'_> {
    /// How often it has happened; one that does not count has happened once.
    pub(super) fn count(&self) -> u32 {
        let series = self.series.as_ref().and_then(|series| series.count);
        let most = self.count.into_iter().chain(series).max().unwrap_or(1);
        u32::try_from(most.max(1)).unwrap_or(u32::MAX)
    }

    /// What of it is kept.
    pub(super) fn kept(&self, now: Timestamp) -> log::Event {
        let component = first(&self.source.component, &self.reporting_component);
        let observed = self.series.as_ref().map(|series| series.last_observed_time);
        let created = self.metadata.creation_timestamp;
        let last = [observed.unwrap_or_default(), self.last_timestamp, self.event_time];
        let last = last.into_iter().chain([self.first_timestamp, created]);
        log::Event {
            event_type: word(&self.r#type),
            reason: word(&self.reason),
            kind: word(&self.involved_object.kind),
            namespace: word(&self.involved_object.namespace),
            name: cut(&self.involved_object.name, WORD).into(),
            component: word(component),
            host: word(first(&self.source.host, &self.reporting_instance)),
            message: cut(&self.message, MESSAGE).into(),
            count: self.count(),
            first: [self.first_timestamp, self.event_time, created]
                .into_iter()
                .find_map(Time::timestamp),
            last: last.into_iter().find_map(Time::timestamp).unwrap_or(now),
        }
    }
}

fn first<'t>(one: &'t str, other: &'t str) -> &'t str {
    if one.is_empty() { other } else { one }
}

fn word(text: &str) -> Word {
    Word::new(cut(text, WORD))
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &serde_json::Value) -> log::Event {
        let text = json.to_string();
        serde_json::from_str::<Event<'_>>(&text).unwrap().kept(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn both_forms() {
        let old = read(&json!({
            "type": "Warning", "reason": "BackOff", "message": "m", "count": 7,
            "involvedObject": { "kind": "Pod", "namespace": "a", "name": "p" },
            "source": { "component": "kubelet", "host": "n1" },
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:05:00Z",
            "eventTime": null, "series": null,
        }));
        assert_eq!((old.count, &*old.component, &*old.host), (7, "kubelet", "n1"));
        assert_eq!(old.last.to_string(), "2026-01-01T00:05:00Z");
        let new = read(&json!({
            "metadata": { "name": "e", "creationTimestamp": "2026-01-01T00:00:00Z" },
            "reportingComponent": "scheduler", "reportingInstance": "s-1",
            "eventTime": "2026-01-01T00:00:00.123456Z",
            "series": { "count": 3, "lastObservedTime": "2026-01-01T00:07:00.5Z" },
        }));
        assert_eq!((new.count, &*new.component, &*new.host), (3, "scheduler", "s-1"));
        assert_eq!(new.last.to_string(), "2026-01-01T00:07:00Z");
        assert_eq!(new.first.unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!((read(&json!({})).count, read(&json!({ "count": -4 })).count), (1, 1));
        assert_eq!(read(&json!({})).last, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = read(&json!({ "message": "é".repeat(5000), "reason": "r".repeat(5000) }));
        assert_eq!((long.message.chars().count(), long.reason.len()), (MESSAGE, WORD));
    }
}
