//! Checks by hand, for the tests of this folder and of `api`.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Exposition, Families, Format, Telemetry};
use crate::{
    model::{
        BaseState, CheckId, CheckSettings, Desc, Fact, Histogram, Outcome, Overlays, Phase, Phases,
        Reason, Slo, Verdict,
    },
    state::{Counters, Slot, View, Views},
};

pub(crate) static STATUS: Desc =
    Desc::gauge("noroshi_http_status_code", "Status code of the last answer.");
pub(crate) static EXPIRY: Desc = Desc::gauge(
    "noroshi_tls_not_after_timestamp_seconds",
    "End of validity of a certificate, as seconds since the epoch.",
)
.labels(&["source", "position"]);
pub(crate) static ADDRESS: Desc =
    Desc::gauge("noroshi_check_address_info", "An address that was probed.")
        .labels(&["address"])
        .internal();

pub(crate) struct World {
    pub(crate) views: Views,
    pub(crate) families: Families,
    pub(crate) telemetry: Telemetry,
}

impl World {
    pub(crate) fn new(slots: impl IntoIterator<Item = Slot>) -> Self {
        Self {
            views: Views::from_pointee(slots.into_iter().map(Arc::new).collect()),
            families: Families::new([&STATUS, &EXPIRY, &ADDRESS]),
            telemetry: Telemetry::new(),
        }
    }

    pub(crate) fn exposition(&self) -> Exposition<'_> {
        let Self { views, families, telemetry } = self;
        Exposition { views, families, clusters: &[], telemetry, now: at(60) }
    }

    pub(crate) fn bytes(&self, format: Format) -> Vec<u8> {
        let mut all = Vec::new();
        let _ = self.exposition().write(format, &mut |chunk| {
            all.extend(chunk);
            std::ops::ControlFlow::Continue(())
        });
        all
    }

    pub(crate) fn text(&self, format: Format) -> String {
        String::from_utf8(self.bytes(format)).unwrap()
    }
}

/// So many seconds after the time when all tests begin.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_763_635_200 + seconds).unwrap()
}

pub(crate) fn settings(name: &str) -> CheckSettings {
    CheckSettings {
        group: "web".into(),
        buckets: Arc::from([0.1, 1.0].as_slice()),
        ..CheckSettings::new(
            CheckId::new(name),
            "http",
            "https://example.com/health",
            "example.com",
        )
    }
}

/// A view before the first run.
pub(crate) fn fresh() -> View {
    View {
        base: BaseState::Unknown,
        overlays: Overlays::default(),
        up: None,
        last: None,
        last_run: None,
        changed: at(0),
        counted: at(0),
        counters: Counters {
            runs: 0,
            failures: 0,
            reasons: Vec::new(),
            missed: 0,
            state_seconds: [0.0; 7],
            durations: Histogram::new(Arc::from([0.1, 1.0].as_slice())),
            phases: Vec::new(),
        },
        consecutive_failures: 0,
    }
}

/// A view after one good run.
pub(crate) fn view() -> View {
    let mut phases = Phases::default();
    phases.add(Phase::Connect, Duration::from_millis(20));
    phases.add(Phase::Wait, Duration::from_millis(230));
    let outcome = Outcome {
        verdict: Verdict::Pass,
        reason: None,
        detail: "".into(),
        phases,
        duration: Duration::from_millis(250),
        facts: Arc::new([
            Fact::new(&STATUS, 200.0),
            Fact::labelled(&ADDRESS, ["192.0.2.1"], 1.0),
            Fact::labelled(&EXPIRY, ["peer", "0"], 1.8e9),
        ]),
    };
    let mut view = View {
        base: BaseState::Up,
        up: Some(true),
        last: Some(Arc::new(outcome)),
        last_run: Some(at(30)),
        changed: at(30),
        counted: at(30),
        ..fresh()
    };
    view.counters.runs = 1;
    view.counters.state_seconds[4] = 30.0;
    view.counters.durations.observe(0.25);
    view
}

/// A view after three runs, of which the last two failed.
pub(crate) fn down() -> View {
    let mut view = view();
    let last = view.last.as_deref().unwrap().clone();
    view.last = Some(Arc::new(Outcome {
        verdict: Verdict::Fail,
        reason: Some(Reason::HttpStatus),
        detail: "status 503, wanted 2xx <b>".into(),
        ..last
    }));
    (view.base, view.up, view.consecutive_failures) = (BaseState::Down, Some(false), 2);
    (view.counters.runs, view.counters.failures) = (3, 2);
    view.counters.reasons = vec![(Reason::HttpStatus, 2)];
    view.overlays.suppressed = true;
    view
}

pub(crate) fn slot(name: &str, view: View) -> Slot {
    Slot::new(Arc::new(settings(name)), view)
}

/// As many series as an ordinary HTTPS check has.
pub(crate) fn busy(name: &str) -> Slot {
    let mut settings = settings(name);
    settings.slo = Some(Slo { objective: 0.999, latency: Some("500ms".parse().unwrap()) });
    settings.labels = [("team".into(), "web".into())].into();
    let mut view = down();
    let last = view.last.as_deref().unwrap().clone();
    let mut phases = Phases::default();
    for phase in Phase::ALL {
        phases.add(phase, Duration::from_micros(1_234));
    }
    view.last = Some(Arc::new(Outcome { phases, ..last }));
    Slot::new(Arc::new(settings), view)
}
