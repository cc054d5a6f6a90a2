use super::{Seen, certificate, flag, page::Page};
use crate::model::{Desc, Phase, Reason};

static DURATION: Desc =
    Desc::gauge("probe_grpc_duration_seconds", "Duration of gRPC request by phase")
        .labels(&["phase"]);
static SSL: Desc = Desc::gauge("probe_grpc_ssl", "Indicates if SSL was used for the connection");
static STATUS: Desc = Desc::gauge("probe_grpc_status_code", "Response gRPC status code");
static HEALTH: Desc =
    Desc::gauge("probe_grpc_healthcheck_response", "Response HealthCheck response")
        .labels(&["serving_status"]);

/// What `grpc.health.v1` knows.
const SERVING: [&str; 4] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/// `UNAVAILABLE`, which Go's client reports where it has no connection, and `DEADLINE_EXCEEDED`.
const UNAVAILABLE: f64 = 14.0;
const DEADLINE_EXCEEDED: f64 = 4.0;

pub(super) fn rows<'a>(seen: &Seen<'a>, page: &mut Page<'a>) {
    let facts = seen.facts;
    let asked = seen.has_address();
    let resolve = if asked { seen.seconds(&[Phase::Dns]) } else { 0.0 };
    page.phase(&DURATION, "resolve", resolve);
    let status = facts.value("noroshi_grpc_status_code");
    page.add(&STATUS, status.unwrap_or(if asked { of_client(seen.outcome.reason) } else { 0.0 }));
    // Of a call that failed blackbox_exporter does not know the connection.
    let answered = status.is_some_and(|code| code.abs() < 0.5);
    let tls = facts.value("noroshi_grpc_tls").filter(|_| answered);
    page.add(&SSL, tls.unwrap_or_default());
    if asked {
        let rest = [Phase::Connect, Phase::Tls, Phase::Send, Phase::Wait, Phase::Receive];
        page.phase(&DURATION, "check", seen.seconds(&rest));
        let status = facts.text("noroshi_grpc_serving_status_info", "serving_status");
        // A status that this version of the protocol does not know has a row of its own.
        let other = status.filter(|status| !SERVING.contains(status));
        for word in SERVING.into_iter().chain(other) {
            let labels = vec![("serving_status", word)];
            page.labelled(&HEALTH, labels, flag(status == Some(word)));
        }
    }
    certificate::rows(facts, page);
}

/// The code Go's client makes up where no server gave one.
fn of_client(reason: Option<Reason>) -> f64 {
    match reason {
        Some(Reason::SendTimeout | Reason::WaitTimeout | Reason::ReceiveTimeout) => {
            DEADLINE_EXCEEDED
        }
        _ => UNAVAILABLE,
    }
}
