//! A check around a spec, for the tests of the kinds.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use super::{Spec, spec::Check};
use crate::model::{
    Addresses, CheckId, CheckSettings, Flapping, IpProtocol, Labels, Threshold, Warn,
};

/// A check with plain settings and this timeout.
pub(super) fn check(spec: Spec, timeout: Duration) -> Check {
    let settings = CheckSettings {
        id: CheckId::new("fixture"),
        kind: spec.kind(),
        target: spec.target().into(),
        host: spec.endpoint().host.into(),
        group: "".into(),
        labels: Labels::new(),
        export_labels: Labels::new(),
        interval: Duration::from_secs(30),
        timeout,
        retry_interval: None,
        failures: Threshold::in_a_row(NonZeroU32::MIN),
        successes: NonZeroU32::MIN,
        depends_on: Vec::new(),
        guard: None,
        slo: None,
        warn: Warn::default(),
        invert: false,
        flapping: Flapping::default(),
        buckets: Arc::default(),
        phase_histograms: false,
        addresses: Addresses::First,
        preferred_ip_protocol: IpProtocol::Ip4,
        ip_protocol_fallback: true,
        source_address: None,
        dns_server: None,
        resolve: Vec::new(),
    };
    Check { settings: Arc::new(settings), spec: Arc::new(spec) }
}
