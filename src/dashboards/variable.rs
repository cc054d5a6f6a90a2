//! The choices above a dashboard.

use serde_json::{Value, json};

use super::query::datasource;

/// A choice.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    name: &'static str,
    label: &'static str,
    description: &'static str,
    query: String,
    choice: Choice,
}

/// What can be chosen.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// One data source.
    DataSource,
    /// One, several or all; what stands for all.
    Many(&'static str),
    /// One.
    One,
}

/// The four that every dashboard begins with. `family` is what it is about: the job and the instances that have it.
pub(super) fn shared(family: &str) -> Vec<Variable> {
    let values = |label: &str, filters: &str| {
        let selector = if let Some(names) = family.strip_prefix('~') {
            let comma = if filters.is_empty() { "" } else { "," };
            format!("{{__name__=~\"{names}\"{comma}{filters}}}")
        } else if filters.is_empty() {
            family.to_owned()
        } else {
            format!("{family}{{{filters}}}")
        };
        format!("label_values({selector}, {label})")
    };
    vec![
        Variable {
            name: "datasource",
            label: "Data source",
            description: "The Prometheus that scrapes noroshi.",
            query: "prometheus".to_owned(),
            choice: Choice::DataSource,
        },
        // Where nobody sets the label there is nothing to choose: all of it matches series without one.
        Variable {
            name: "cluster",
            label: "Cluster",
            description: "The label `cluster`, where series have one.",
            query: values("cluster", ""),
            choice: Choice::Many(".*"),
        },
        Variable {
            name: "job",
            label: "Job",
            description: "The scrape job.",
            query: values("job", r#"cluster=~"$cluster""#),
            choice: Choice::Many(".+"),
        },
        Variable {
            name: "instance",
            label: "Instance",
            description: "Whose view: the instances of noroshi.",
            query: values("instance", r#"cluster=~"$cluster",job=~"$job""#),
            choice: Choice::Many(".+"),
        },
    ]
}

impl Variable {
    /// Values of a label, of which one, several or all are chosen. Also series without the label are among all.
    pub(super) fn many(
        name: &'static str,
        label: &'static str,
        description: &'static str,
        series: &str,
    ) -> Self {
        let query = format!("label_values({series}, {name})");
        Self { name, label, description, query, choice: Choice::Many(".*") }
    }

    /// Values of a label, of which one is chosen.
    pub(super) fn one(
        name: &'static str,
        label: &'static str,
        description: &'static str,
        series: &str,
    ) -> Self {
        let query = format!("label_values({series}, {name})");
        Self { name, label, description, query, choice: Choice::One }
    }

    /// As Grafana has it.
    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "type": "query",
            "hide": 0,
            "skipUrlSync": false,
            "regex": "",
            "options": [],
            "multi": false,
            "includeAll": false,
        });
        match self.choice {
            Choice::DataSource => {
                json["type"] = "datasource".into();
                json["query"] = self.query.clone().into();
                json["refresh"] = 1.into();
                json["current"] = json!({ "text": "default", "value": "default" });
                return json;
            }
            Choice::Many(all) => {
                json["multi"] = true.into();
                json["includeAll"] = true.into();
                json["allValue"] = all.into();
                json["current"] = json!({ "text": ["All"], "value": ["$__all"] });
            }
            Choice::One => {}
        }
        json["datasource"] = datasource();
        // 1: values of a label. Which series they are read from is in `query`.
        json["query"] =
            json!({ "qryType": 1, "query": self.query, "refId": "PrometheusVariableQueryEditor" });
        json["refresh"] = 2.into();
        json["sort"] = 5.into();
        json
    }
}
