//! Made-up groups, to try templates with at load.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};

use super::{Data, Surroundings};
use crate::model::{Fingerprint, Lane, Notice, NoticeAlert, NoticeReason, Pairs};

/// A group that fires and has resolved alerts too, and one that is all over.
pub(super) fn groups() -> [Data; 2] {
    [
        data(NoticeReason::First, &[alert("web-1:9100", false), alert("web-2:9100", true)]),
        data(NoticeReason::AllResolved, &[alert("web-1:9100", true)]),
    ]
}

fn data(reason: NoticeReason, alerts: &[NoticeAlert]) -> Data {
    let group_labels = Pairs::new([("alertname", "HighLatency")]);
    let notice = Notice {
        id: 1,
        lane: Lane {
            group: Arc::from("{}:{alertname=\"HighLatency\"}"),
            receiver: Arc::from("team"),
            kind: Arc::from("webhook"),
            integration: 0,
        },
        idempotency_key: Arc::from("sample"),
        reason,
        at: at(),
        since: at(),
        group_labels,
        alerts: alerts.into(),
        handle: None,
        held_back: 0,
        route_labels: Pairs::default(),
        tried: None,
    };
    let around = Surroundings {
        external_url: Arc::from("http://alertmanager.example"),
        route_labels: Pairs::default(),
        now: at(),
    };
    Data::new(&notice, around)
}

fn alert(instance: &str, resolved: bool) -> NoticeAlert {
    let labels = Pairs::new([
        ("alertname", "HighLatency"),
        ("instance", instance),
        ("job", "web"),
        ("severity", "warning"),
    ]);
    NoticeAlert {
        fingerprint: Fingerprint(labels.fingerprint()),
        labels,
        annotations: Pairs::new([
            ("description", "The 99th percentile is 1.2 s."),
            ("runbook_url", "https://runbooks.example/latency"),
            ("summary", "Requests are slow"),
        ]),
        starts_at: at().checked_sub(5.minutes()).unwrap_or(at()),
        ends_at: resolved.then(at),
        generator_url: Arc::from("http://prometheus.example/graph?g0.expr=latency"),
    }
}

/// Any moment will do, and the same one gives the same answer at each load.
const fn at() -> Timestamp {
    Timestamp::constant(1_704_164_645, 0)
}
