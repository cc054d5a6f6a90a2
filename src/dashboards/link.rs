//! Ways from one dashboard to another.

use serde_json::{Value, json};

/// What all dashboards hand on.
const SHARED: &str = "${datasource:queryparam}&${cluster:queryparam}&${job:queryparam}";
const TIME: &str = "${__url_time_range}";

/// A link on a row, a line or a number.
#[derive(Debug, Clone)]
pub(super) struct Link {
    title: &'static str,
    url: String,
}

impl Link {
    /// From a table's row to its check, as the row's instance sees it.
    pub(super) fn check_of_row() -> Self {
        Self::check("${__data.fields.Instance}", "${__data.fields.Group}", "${__data.fields.Check}")
    }

    /// From a series to its check, whoever sees it.
    pub(super) fn check_of_series() -> Self {
        let url = format!(
            "/d/noroshi-check?{SHARED}&${{instance:queryparam}}&var-group=${{__field.labels.group}}\
             &var-check=${{__field.labels.check}}&{TIME}"
        );
        Self { title: "This check", url }
    }

    fn check(instance: &str, group: &str, check: &str) -> Self {
        let url = format!(
            "/d/noroshi-check?{SHARED}&var-instance={instance}&var-group={group}&var-check={check}&{TIME}"
        );
        Self { title: "This check", url }
    }

    /// To where more is told of it.
    pub(super) fn to(uid: &'static str, title: &'static str) -> Self {
        Self { title, url: format!("/d/{uid}?{SHARED}&${{instance:queryparam}}&{TIME}") }
    }

    /// To the cluster's dashboard, whose series may come from another job.
    pub(super) fn to_cluster() -> Self {
        let url =
            format!("/d/noroshi-cluster?${{datasource:queryparam}}&${{cluster:queryparam}}&{TIME}");
        Self { title: "Clusters", url }
    }

    /// As Grafana has it.
    pub(super) fn json(&self) -> Value {
        json!({ "targetBlank": false, "title": self.title, "url": self.url })
    }
}
