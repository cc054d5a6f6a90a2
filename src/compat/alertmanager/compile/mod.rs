//! What a file means for noroshi: the pipeline's configuration and the receivers.
//!
//! Contract: the file was accepted; every name in it is defined. What cannot be sent is [`Unbuilt`] or [`Unusable`] and remarked,
//! never dropped.

mod provider;
mod receivers;
mod route;

pub(super) use route::matchers;

use std::{sync::Arc, time::Duration};

use self::receivers::{Nature, Remarkable};
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
    let compiled = receivers::compile(&file.receivers, &mut |remarkable| {
        let Remarkable { receiver, kind, path, nature } = *remarkable;
        let (code, what) = match nature {
            Nature::NotBuilt => (codes::NOT_BUILT, format!("noroshi cannot send by `{kind}` yet")),
            Nature::Unsupported(why) => {
                (codes::NOT_BUILT, format!("noroshi cannot send this: {why}"))
            }
            Nature::Unusable(why) => {
                (codes::UNUSABLE, format!("each send will fail, as it does there: {why}"))
            }
            Nature::Odd(why) => (codes::UNUSABLE, format!("it is sent as it stands, but {why}")),
        };
        reader.note(code, path, format!("`{path}`: {what}"), None);
        let is_missing = matches!(nature, Nature::NotBuilt | Nature::Unsupported(_));
        if is_missing && root.names(receiver) {
            missing.push(Missing { receiver: receiver.into(), kind, path: path.to_owned() });
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
