//! What a file means for noroshi: the pipeline's configuration and the receivers.
//!
//! Contract: the file was accepted; every name in it is defined. What cannot be sent is [`Unbuilt`] and remarked, never dropped.

mod provider;
mod receivers;
mod route;

pub(super) use route::matchers;

use std::{sync::Arc, time::Duration};

use super::{Missing, file::File};
use crate::{
    alert::spec::{Config, Integration, Receiver},
    compat::{alertmanager::codes, decode::Reader},
    notify::spec::Receivers,
};

/// A file as noroshi's own values.
pub(super) struct Compiled {
    pub(super) config: Config,
    pub(super) receivers: Receivers,
    pub(super) missing: Vec<Missing>,
}

/// Compiles a file that holds no mistake.
pub(super) fn compile(reader: &mut Reader<'_>, file: &File) -> Option<Compiled> {
    let (root, global) = (file.route.as_ref()?, file.global.as_ref()?);
    let mut missing = Vec::new();
    let compiled = receivers::compile(&file.receivers, &mut |receiver, kind, path, why| {
        let message = match why {
            None => format!("`{path}`: noroshi cannot send by `{kind}` yet"),
            Some(why) => format!("`{path}`: noroshi cannot send this: {why}"),
        };
        reader.note(codes::NOT_BUILT, path, message, None);
        if root.names(receiver) {
            missing.push(Missing { receiver: receiver.into(), kind });
        }
    });
    let integration = |own: &crate::notify::spec::Integration| Integration {
        kind: own.provider.kind().into(),
        send_resolved: own.send_resolved,
    };
    let named = |own: &Arc<crate::notify::spec::Receiver>| Receiver {
        name: Arc::clone(&own.name),
        labels: own.labels.clone(),
        integrations: own.integrations.iter().map(integration).collect(),
        rate_limit: None,
    };
    let intervals = file.mute_time_intervals.iter().chain(&file.time_intervals);
    let config = Config {
        route: route::compile(root),
        receivers: compiled.iter().map(named).collect(),
        inhibit_rules: file.inhibit_rules.iter().map(route::inhibit_rule).collect(),
        time_intervals: intervals.map(super::file::NamedIntervals::compiled).collect(),
        maintenance: Vec::new(),
        resolve_timeout: global.resolve_timeout.0,
        flap_hold: None,
        resolve_hold: RESOLVE_HOLD,
        alertmanagers: Vec::new(),
    };
    let receivers = Receivers { receivers: compiled, ..Receivers::default() };
    Some(Compiled { config, receivers, missing })
}

/// Only checks that notify by Prometheus too wait for it; the file says nothing of them.
const RESOLVE_HOLD: Duration = Duration::from_mins(2);
