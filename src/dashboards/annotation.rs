//! What happened when, as lines through all graphs of a dashboard.

use serde_json::{Value, json};

use super::{
    colour::{BLUE, GREY, RED, YELLOW},
    query::{SEEN, Scope, datasource},
    state::is_in,
};
use crate::model::BaseState;

/// A kind of event.
#[derive(Debug, Clone)]
pub(super) struct Annotation {
    name: &'static str,
    colour: &'static str,
    expr: String,
    title: &'static str,
    text: &'static str,
    /// Values are moments, in milliseconds; else what lasts while the value is 1.
    is_moment: bool,
}

/// Configurations read, and starts, which tell of a new version: of every dashboard.
pub(super) fn of_instances() -> [Annotation; 2] {
    let scope = Scope::INSTANCES;
    let read = scope.of("noroshi_config_last_reload_success_timestamp_seconds");
    let (started, build) = (scope.of("process_start_time_seconds"), scope.of("noroshi_build_info"));
    [
        Annotation {
            name: "Configuration read",
            colour: BLUE,
            expr: format!("{read} * 1000"),
            title: "configuration read",
            text: "{{instance}}",
            is_moment: true,
        },
        Annotation {
            name: "Started",
            colour: GREY,
            expr: format!(
                "{started} * 1000 * on (cluster, job, instance) group_left (version, revision) {build}"
            ),
            title: "started, version {{version}}",
            text: "{{instance}}, revision {{revision}}",
            is_moment: true,
        },
    ]
}

/// Checks that went down.
pub(super) fn went_down(scope: Scope) -> Annotation {
    let (changed, state) = (
        scope.of("noroshi_check_state_changed_timestamp_seconds"),
        scope.of("noroshi_check_state"),
    );
    let down = is_in(&state, &[BaseState::Down]);
    Annotation {
        name: "Checks that went down",
        colour: RED,
        expr: format!("{changed} * 1000 and on ({SEEN}) ({down})"),
        title: "{{check}} is down",
        text: "group {{group}}, seen by {{instance}}",
        is_moment: true,
    }
}

/// Every change of state.
pub(super) fn state_changes(scope: Scope) -> Annotation {
    let changed = scope.of("noroshi_check_state_changed_timestamp_seconds");
    let words = scope.of("noroshi_check_state_info");
    Annotation {
        name: "Changes of state",
        colour: YELLOW,
        expr: format!("{changed} * 1000 * on ({SEEN}) group_left (state) {words}"),
        title: "{{check}} is {{state}}",
        text: "seen by {{instance}}",
        is_moment: true,
    }
}

/// Planned work, as long as it lasts.
pub(super) fn maintenance(scope: Scope) -> Annotation {
    let overlay = scope.with("noroshi_check_overlay", "overlay=\"maintenance\"");
    Annotation {
        name: "Maintenance",
        colour: BLUE,
        expr: format!("max by (cluster, group) ({overlay})"),
        title: "maintenance",
        text: "group {{group}}",
        is_moment: false,
    }
}

impl Annotation {
    /// As Grafana has it.
    pub(super) fn json(&self) -> Value {
        json!({
            "datasource": datasource(),
            "enable": true,
            "expr": self.expr,
            "hide": false,
            "iconColor": self.colour,
            "name": self.name,
            "step": "60s",
            "tagKeys": "",
            "textFormat": self.text,
            "titleFormat": self.title,
            "useValueForTime": if self.is_moment { "on" } else { "off" },
        })
    }
}
