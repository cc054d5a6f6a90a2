//! What is asked of Prometheus.

use serde_json::{Value, json};

/// What makes a check one, over all clusters and whoever looks at it.
pub(super) const CHECK: &str = "cluster, group, check";
/// The instances of a job are replicas, and see the same.
pub(super) const JOB: &str = "cluster, job";
/// A check as one instance sees it: what its series are joined on.
pub(super) const SEEN: &str = "cluster, job, instance, group, check";

/// Which series the queries of a dashboard see: those that its variables let through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope(&'static str);

/// The filters that every query has. A cluster that has no name matches too.
macro_rules! shared {
    ($($more:literal)?) => {
        Scope(concat!(r#"cluster=~"$cluster",job=~"$job",instance=~"$instance""#, $($more)?))
    };
}

impl Scope {
    /// Of instances.
    pub(super) const INSTANCES: Self = shared!();
    /// Of checks, in some groups.
    pub(super) const CHECKS: Self = shared!(r#",group=~"$group""#);
    /// Of one check.
    pub(super) const CHECK: Self = shared!(r#",group=~"$group",check="$check""#);
    /// Of objects in some namespaces.
    pub(super) const NAMESPACES: Self = shared!(r#",namespace=~"$namespace""#);
    /// Of nodes.
    pub(super) const NODES: Self = shared!(r#",node=~"$node""#);
    /// Of receivers.
    pub(super) const RECEIVERS: Self = shared!(r#",receiver=~"$receiver""#);

    /// A family's series.
    pub(super) fn of(self, family: &str) -> String {
        format!("{family}{{{}}}", self.0)
    }

    /// Some of a family's series.
    pub(super) fn with(self, family: &str, matchers: &str) -> String {
        format!("{family}{{{},{matchers}}}", self.0)
    }
}

/// How often in a step of the graph.
pub(super) fn increase(series: &str) -> String {
    format!("increase({series}[$__rate_interval])")
}

/// How often in the whole time that is looked at.
pub(super) fn over_range(series: &str) -> String {
    format!("increase({series}[$__range])")
}

/// How often in a second.
pub(super) fn rate(series: &str) -> String {
    format!("rate({series}[$__rate_interval])")
}

/// Of instances of noroshi alone: what every target and every process of Prometheus has is not filtered by names.
pub(super) fn of_noroshi(expr: &str) -> String {
    let known = Scope::INSTANCES.of("noroshi_build_info");
    format!("({expr}) and on (cluster, job, instance) last_over_time({known}[1d])")
}

/// What several instances tell of alike, once: the most that one of them says. For sums and counts of what there is: alerts,
/// clusters, objects, events. What an instance does by itself, runs and attempts and requests, adds up as it stands.
pub(super) fn once(by: &str, expr: &str) -> String {
    format!("max by ({by}) ({expr})")
}

/// Zero where there is nothing to count.
pub(super) fn or_zero(expr: &str) -> String {
    format!("({expr}) or vector(0)")
}

/// Share of the runs that passed, of each of `by`, over a window.
pub(super) fn availability(scope: Scope, by: &str, window: &str) -> String {
    format!("1 - {}", failed_share(scope, by, window))
}

/// Share of the runs that failed.
pub(super) fn failed_share(scope: Scope, by: &str, window: &str) -> String {
    let (failures, runs) =
        (scope.of("noroshi_check_failures_total"), scope.of("noroshi_check_runs_total"));
    format!(
        "sum by ({by}) (increase({failures}[{window}])) / (sum by ({by}) (increase({runs}[{window}])) > 0)"
    )
}

/// How fast the error budget goes: 1 uses all of it, and no more, in the time of the objective.
pub(super) fn burn_rate(scope: Scope, window: &str) -> String {
    let objective = scope.of("noroshi_check_slo_objective_ratio");
    let failed = failed_share(scope, CHECK, window);
    format!("({failed}) / on ({CHECK}) (1 - max by ({CHECK}) ({objective}))")
}

/// A quantile of each of `by`, whether buckets are classic or native.
pub(super) fn quantile(scope: Scope, quantile: f64, family: &str, by: &str) -> String {
    let classic = rate(&scope.of(&format!("{family}_bucket")));
    let native = rate(&scope.of(family));
    let (le, by) = if by.is_empty() {
        ("le".to_owned(), String::new())
    } else {
        (format!("{by}, le"), format!(" by ({by})"))
    };
    format!(
        "histogram_quantile({quantile}, sum by ({le}) ({classic})) \
         or histogram_quantile({quantile}, sum{by} ({native}))"
    )
}

/// All buckets, classic ones or native ones; never both, which a heatmap would lay over each other.
pub(super) fn buckets(scope: Scope, family: &str) -> String {
    let classic = rate(&scope.of(&format!("{family}_bucket")));
    let native = rate(&scope.of(family));
    format!("sum by (le) ({classic}) or on () sum ({native})")
}

/// The mean of each of `by`, in classic and native histograms.
pub(super) fn mean(scope: Scope, family: &str, by: &str) -> String {
    let sum = rate(&scope.of(&format!("{family}_sum")));
    let count = rate(&scope.of(&format!("{family}_count")));
    let native = rate(&scope.of(family));
    format!(
        "sum by ({by}) ({sum}) / sum by ({by}) ({count}) or histogram_avg(sum by ({by}) ({native}))"
    )
}

/// A word for a label that a series lacks.
pub(super) fn labelled(expr: &str, label: &str, value: &str) -> String {
    format!("label_replace({expr}, \"{label}\", \"{value}\", \"\", \"\")")
}

/// One of the questions of a panel.
#[derive(Debug, Clone)]
pub(super) struct Query {
    expr: String,
    legend: String,
    shape: Shape,
}

/// When a question is asked, and in which form it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// For every step of the time that is looked at.
    Series,
    /// The same, of buckets.
    Buckets,
    /// Once, for now: a number for each series.
    Now,
    /// Once, for now: a row for each series.
    Rows,
}

impl Query {
    /// A question whose answers are called by their labels.
    pub(super) fn new(shape: Shape, expr: impl Into<String>, legend: impl Into<String>) -> Self {
        Self { expr: expr.into(), legend: legend.into(), shape }
    }

    /// As Grafana has it; the first query of a panel is `A`.
    pub(super) fn json(&self, at: usize) -> Value {
        let format = match self.shape {
            Shape::Series | Shape::Now => "time_series",
            Shape::Buckets => "heatmap",
            Shape::Rows => "table",
        };
        let is_instant = matches!(self.shape, Shape::Now | Shape::Rows);
        json!({
            "datasource": datasource(),
            "editorMode": "code",
            "expr": self.expr,
            "format": format,
            "instant": is_instant,
            "legendFormat": self.legend,
            "range": !is_instant,
            "refId": letter(at),
        })
    }
}

/// The letter of the query at a place: how the columns of tables are called before they have a name.
pub(super) fn letter(at: usize) -> char {
    (b'A'..=b'Z').nth(at).map_or('Z', char::from)
}

/// The data source that the variable names.
pub(super) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}
