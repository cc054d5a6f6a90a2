use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::model::PushAlert;

/// An alert as `POST /api/v2/alerts` takes it, with Prometheus' keys in its order.
pub(super) struct Posted<'a>(pub &'a PushAlert);

impl Serialize for Posted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let alert = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("annotations", &alert.annotations)?;
        map.serialize_entry("endsAt", &millis(alert.ends_at))?;
        map.serialize_entry("startsAt", &millis(alert.starts_at))?;
        // It must be a URI, where it is there.
        if !alert.generator_url.is_empty() {
            map.serialize_entry("generatorURL", &*alert.generator_url)?;
        }
        map.serialize_entry("labels", &alert.labels)?;
        map.end()
    }
}

/// Three fractional digits, as the API itself writes times.
fn millis(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pairs;

    #[test]
    fn the_keys_are_prometheus_own() {
        let alert = PushAlert {
            labels: Pairs::new([("alertname", "Down")]),
            annotations: Pairs::default(),
            starts_at: "2026-11-28T12:00:00.123456Z".parse().unwrap(),
            ends_at: "2026-11-28T12:04:00Z".parse().unwrap(),
            generator_url: "".into(),
        };
        assert_eq!(
            serde_json::to_string(&Posted(&alert)).unwrap(),
            r#"{"annotations":{},"endsAt":"2026-11-28T12:04:00.000Z","startsAt":"2026-11-28T12:00:00.123Z","labels":{"alertname":"Down"}}"#
        );
    }
}
