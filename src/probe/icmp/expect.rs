//! What is expected of the replies, and whether it holds.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tally::Tally;
use crate::{
    model::{Expectation, Failure, PromDuration, Reason, Trace},
    probe::Problem,
};

/// What is expected beyond a single reply, which is all that is needed by default, as for ping(8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The largest share of packets that may be lost: 0 permits no loss, 0.5 every second packet. Less than 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub loss: Option<f64>,
    /// The longest mean round trip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt: Option<PromDuration>,
    /// The largest jitter: the mean difference between consecutive round trips. Needs `count = 2` or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<PromDuration>,
}

impl Expect {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Mistakes that no single value shows.
    pub(super) fn problems(&self, count: u16) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(loss) = self.loss.filter(|loss| !(0.0..1.0).contains(loss)) {
            problems.push(Problem {
                path: "expect.loss".into(),
                message: format!("{loss} is no share of packets that may be lost"),
                hint: Some("it is from 0 up to, but not, 1: 0.2 permits one of five".into()),
            });
        }
        if self.jitter.is_some() && count < 2 {
            problems.push(Problem {
                path: "expect.jitter".into(),
                message:
                    "jitter is the difference between round trips, and only one packet is sent"
                        .into(),
                hint: Some("set `count` to 2 or more".into()),
            });
        }
        problems
    }

    /// Looks at every expectation; the first that does not hold is the failure.
    pub(super) fn judge(&self, tally: &Tally, trace: &mut Trace) -> Result<(), Failure> {
        let mut failure = None;
        let mut look = |held: bool, reason, subject: &str, wanted: String, got: String| {
            if !held && failure.is_none() {
                let detail = format!("{subject}: wanted at most {wanted}, got {got}");
                failure = Some(Failure::new(reason, detail));
            }
            let subject = subject.into();
            trace.expectation(|| Expectation {
                subject,
                wanted: format!("at most {wanted}"),
                got,
                held,
            });
        };
        if let Some(most) = self.loss {
            let lost = tally.sent - tally.received;
            let why = tally.first_failure.as_ref();
            let why = why.map(|failure| format!("; {}", failure.detail)).unwrap_or_default();
            let got = format!("{:.3} ({lost} of {} packets{why})", tally.loss(), tally.sent);
            look(tally.loss() <= most, Reason::IcmpLoss, "loss", most.to_string(), got);
        }
        let rtt = tally.rtt;
        if let Some((most, avg)) = self.rtt.zip(rtt.map(|rtt| rtt.avg)) {
            look(held(avg, most), Reason::LatencyExceeded, "rtt", most.to_string(), shown(avg));
        }
        let jitter = rtt.and_then(|rtt| rtt.spread).map(|(_, jitter)| jitter);
        if let Some((most, jitter)) = self.jitter.zip(jitter) {
            look(held(jitter, most), Reason::IcmpJitter, "jitter", most.to_string(), shown(jitter));
        }
        failure.map_or(Ok(()), Err)
    }
}

fn held(seconds: f64, most: PromDuration) -> bool {
    Duration::from_secs_f64(seconds) <= most.0
}

fn shown(seconds: f64) -> String {
    format!("{:.3}ms", seconds * 1e3)
}
