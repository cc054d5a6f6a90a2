//! What several instances tell of alike is counted once: two replicas that watch one cluster do not make two.

use promql_parser::{
    label::Labels,
    parser::{AggregateExpr, Expr, LabelModifier},
};
use serde_json::Value;

use crate::{expression::parsed, questions};

/// Families of what there is, whoever looks at it. All others are what an instance does itself, and add up.
const OF_WHAT_THERE_IS: [&str; 17] = [
    "noroshi_alert_groups",
    "noroshi_alerts",
    "noroshi_check_failing",
    "noroshi_check_info",
    "noroshi_check_overlay",
    "noroshi_check_state",
    "noroshi_check_up",
    "noroshi_check_warning",
    "noroshi_checks",
    "noroshi_cluster_collector_malformed_objects_total",
    "noroshi_cluster_collector_objects",
    "noroshi_cluster_collector_up",
    "noroshi_cluster_collector_updates_total",
    "noroshi_cluster_up",
    "noroshi_notification_breaker_open",
    "noroshi_silences",
    "noroshi_tls_not_after_timestamp_seconds",
];

fn is_of_what_there_is(family: &str) -> bool {
    let of_objects = ["kube_", "noroshi_kube_"].iter().any(|begin| family.starts_with(begin));
    of_objects || OF_WHAT_THERE_IS.contains(&family)
}

/// Questions that sum or count what each instance says.
pub(crate) fn counted_twice(dashboard: &Value) -> Vec<String> {
    let complaints = questions(dashboard).into_iter().filter_map(|(place, expr)| {
        let family = doubled(&parsed(expr).unwrap(), &[])?;
        Some(format!("{place}: each instance's {family} is counted"))
    });
    complaints.collect()
}

/// The first family that is counted once for each instance; `above` are the aggregations around it, the nearest last.
fn doubled(expr: &Expr, above: &[&AggregateExpr]) -> Option<String> {
    match expr {
        Expr::Aggregate(aggregate) => doubled(&aggregate.expr, &[above, &[aggregate]].concat()),
        Expr::Unary(unary) => doubled(&unary.expr, above),
        Expr::Paren(paren) => doubled(&paren.expr, above),
        Expr::Subquery(subquery) => doubled(&subquery.expr, above),
        Expr::Binary(binary) => {
            // What only chooses is not counted.
            let chooses = ["and", "unless"].contains(&binary.op.to_string().as_str());
            let of_right = if chooses { &[] } else { above };
            doubled(&binary.lhs, above).or_else(|| doubled(&binary.rhs, of_right))
        }
        // The buckets of two replicas have the quantiles of one.
        Expr::Call(call) if call.func.name.starts_with("histogram_") => None,
        Expr::Call(call) => call.args.args.iter().find_map(|argument| doubled(argument, above)),
        Expr::VectorSelector(selector) => named(selector.name.as_deref(), above),
        Expr::MatrixSelector(matrix) => named(matrix.vs.name.as_deref(), above),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => None,
    }
}

fn named(family: Option<&str>, above: &[&AggregateExpr]) -> Option<String> {
    let family = family.filter(|family| is_of_what_there_is(family))?;
    is_counted(above).then(|| family.to_owned())
}

/// Whether an aggregation adds up what instances say before another has made one of it.
fn is_counted(above: &[&AggregateExpr]) -> bool {
    let Some((nearest, outer)) = above.split_last() else { return false };
    if matches!(&nearest.modifier, Some(LabelModifier::Include(by)) if names_instance(by)) {
        return is_counted(outer);
    }
    match nearest.op.to_string().as_str() {
        "max" | "min" | "group" => false,
        // That there is one is all that the next one sees.
        "count" => outer.last().is_none_or(|next| next.op.to_string() != "count"),
        "topk" | "bottomk" => is_counted(outer),
        _ => true,
    }
}

fn names_instance(by: &Labels) -> bool {
    by.labels.iter().any(|label| label == "instance")
}

#[test]
fn what_replicas_double_is_found() {
    for (expr, is_doubled) in [
        ("count(noroshi_cluster_up == 0)", true),
        ("count(max by (cluster) (noroshi_cluster_up) == 0)", false),
        ("sum by (reason) (increase(noroshi_kube_events_total[5m]))", true),
        ("topk(10, sum by (a) (max by (a, b) (increase(noroshi_kube_events_total[5m]))))", false),
        ("sum(noroshi_alerts) / 2", true),
        ("count by (instance) (noroshi_check_overlay)", false),
        ("sum(count by (instance) (noroshi_check_overlay))", true),
        ("count(count by (check) (noroshi_check_state == 0))", false),
        ("count by (check) (noroshi_check_state == 0)", true),
        ("count(up == 0 and on (job) noroshi_check_up)", false),
        ("sum(increase(noroshi_notifications_total[5m]))", false),
        ("histogram_quantile(0.9, sum by (le) (rate(noroshi_kube_a_bucket[5m])))", false),
        ("noroshi_check_up", false),
    ] {
        assert_eq!(doubled(&parsed(expr).unwrap(), &[]).is_some(), is_doubled, "{expr}");
    }
}
