//! A check around a spec, for the tests of the kinds.

use std::{sync::Arc, time::Duration};

use super::{Spec, spec::Check};
use crate::model::{CheckId, CheckSettings, IpProtocol};

/// A check with plain settings and this timeout.
pub(super) fn check(spec: Spec, timeout: Duration) -> Check {
    let settings = CheckSettings {
        timeout,
        preferred_ip_protocol: IpProtocol::Ip4,
        ..CheckSettings::new(
            CheckId::new("fixture"),
            spec.kind(),
            &spec.target(),
            &spec.endpoint().host,
        )
    };
    Check { settings: Arc::new(settings), spec: Arc::new(spec) }
}
