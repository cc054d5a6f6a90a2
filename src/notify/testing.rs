//! Notices for tests.

use crate::model::{Lane, Notice, NoticeAlert, NoticeReason, Pairs};

/// A notice of one firing alert, to the first integration.
pub(super) fn notice(group: &str, receiver: &str) -> Notice {
    let at = "2026-11-28T12:00:00Z".parse().unwrap();
    let labels = Pairs::new([("alertname", "Down"), ("severity", "critical")]);
    Notice {
        id: 1,
        lane: Lane {
            group: group.into(),
            receiver: receiver.into(),
            kind: "webhook".into(),
            integration: 0,
        },
        idempotency_key: format!("{group}/{receiver}/1").into(),
        reason: NoticeReason::First,
        at,
        since: at,
        group_labels: Pairs::new([("alertname", "Down")]),
        alerts: [NoticeAlert {
            fingerprint: crate::model::Fingerprint(labels.fingerprint()),
            labels,
            annotations: Pairs::new([("summary", "it is <down> & out")]),
            starts_at: at,
            ends_at: None,
            generator_url: "http://prometheus.example/graph".into(),
        }]
        .into(),
        handle: None,
        held_back: 0,
        route_labels: Pairs::default(),
        tried: None,
    }
}
