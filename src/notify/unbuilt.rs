use serde::Serialize;

/// A provider of Alertmanager's that is not built yet: it is parsed, so that a file of Alertmanager's can be read, and can
/// be delivered to by nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unbuilt {
    /// One of [`UNBUILT`].
    pub kind: &'static str,
    /// Whether resolves would be told too.
    pub send_resolved: bool,
}

/// The kinds of Alertmanager 0.33 whose provider comes later, with Alertmanager's default for `send_resolved`.
pub const UNBUILT: [(&str, bool); 14] = [
    ("pagerduty", true),
    ("opsgenie", true),
    ("wechat", false),
    ("victorops", true),
    ("pushover", true),
    ("sns", true),
    ("discord", true),
    ("webex", true),
    ("msteams", true),
    ("msteamsv2", true),
    ("jira", true),
    ("incidentio", true),
    ("rocketchat", false),
    ("mattermost", true),
];

impl Unbuilt {
    /// The kind of a name, if it is one of those.
    pub fn named(kind: &str) -> Option<Self> {
        let found = UNBUILT.iter().find(|(own, _)| *own == kind);
        found.map(|(kind, send_resolved)| Self { kind, send_resolved: *send_resolved })
    }
}
