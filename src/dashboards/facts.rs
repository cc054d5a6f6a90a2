//! What the last run measured, whatever its kind, as one table.

use super::{
    panel::{Panel, Says},
    query::Scope,
    table::Table,
    unit::Unit,
};

/// Families of facts begin like this; a new one needs no change here.
const FACTS: &str = "noroshi_(http|tls|tcp|unix|dns|icmp|websocket|grpc|kubernetes)_.+\
                     |noroshi_check_(addresses|addresses_passing|ip_protocol)";

/// A row for each fact.
pub(super) fn measured(scope: Scope) -> Panel {
    let facts = scope.with("", &format!("__name__=~\"{FACTS}\""));
    Table::new(Says(
        "Measured by the last run",
        "All that the last run measured, by the name of its family, which also tells the unit.",
        "Compare a failing instance with one that passes; docs/metrics.md says what each is.",
    ))
    .labels(&[("__name__", "Family")])
    .ask(facts, "Value", Unit::Plain, |column| column.width(180))
    .labels(&[
        ("instance", "Instance"),
        ("position", "Position in the chain"),
        ("serving_status", "Serving status"),
    ])
    .hide("job")
    .hide("check")
    .hide("group")
    .hide("kind")
    .hide("cluster")
    .hide("version")
    .hide("cipher")
    .hide("key_exchange_group")
    .hide("subject")
    .hide("issuer")
    .hide("serial")
    .hide("fingerprint_sha256")
    .none("The last run measured nothing")
    .weight(2)
    .panel()
}
