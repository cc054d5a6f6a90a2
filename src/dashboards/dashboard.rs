//! A dashboard as a whole.

use serde_json::{Value, json};

use super::{
    annotation::{self, Annotation},
    layout::{Section, placed},
    variable::Variable,
};

/// What links the dashboards to each other.
const TAG: &str = "noroshi";

/// A dashboard.
#[derive(Debug, Clone)]
pub struct Dashboard {
    pub(super) uid: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) variables: Vec<Variable>,
    pub(super) annotations: Vec<Annotation>,
    pub(super) sections: Vec<Section>,
}

impl Dashboard {
    /// Its id in Grafana, which is its file's name too.
    pub fn uid(&self) -> &'static str {
        self.uid
    }

    /// What it is called.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// The file: classic JSON, which every Grafana from 10 on imports and provisions.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.json())
    }

    fn json(&self) -> Value {
        let own = self.annotations.iter().map(Annotation::json);
        let shared = annotation::of_instances();
        let annotations = std::iter::once(annotations_of_grafana())
            .chain(own)
            .chain(shared.iter().map(Annotation::json));
        json!({
            "annotations": { "list": annotations.collect::<Vec<_>>() },
            "description": self.description,
            "editable": false,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "links": [link_to_the_others()],
            "panels": placed(&self.sections),
            "refresh": "30s",
            "schemaVersion": 42,
            "tags": [TAG],
            "templating": {
                "list": self.variables.iter().map(Variable::json).collect::<Vec<_>>(),
            },
            "time": { "from": "now-6h", "to": "now" },
            "timepicker": {},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
        })
    }
}

/// What people write into graphs by hand.
fn annotations_of_grafana() -> Value {
    json!({
        "builtIn": 1,
        "datasource": { "type": "grafana", "uid": "-- Grafana --" },
        "enable": true,
        "hide": true,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    })
}

fn link_to_the_others() -> Value {
    json!({
        "asDropdown": false,
        "icon": "external link",
        "includeVars": true,
        "keepTime": true,
        "tags": [TAG],
        "targetBlank": false,
        "title": "noroshi",
        "tooltip": "The other dashboards, with the same choices and the same time",
        "type": "dashboards",
        "url": "",
    })
}
