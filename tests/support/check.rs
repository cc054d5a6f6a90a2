//! Checks as a configuration would give them, without a configuration.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use figment::value::Value;
use noroshi::{
    clock::Clock,
    model::{
        Addresses, CheckId, CheckSettings, Fact, Flapping, IpProtocol, Labels, Outcome, Threshold,
        Trace, Warn,
    },
    net::Net,
    probe::{
        self, Report,
        spec::{Check, KINDS, Spec},
    },
};

/// Runs a check once, with default settings: `run("http.url = \"http://127.0.0.1:1/\"")`.
pub async fn run(spec: &str) -> Report {
    run_with(spec, |_| {}).await
}

/// Runs a check once, with settings changed from their defaults.
pub async fn run_with(spec: &str, change: impl FnOnce(&mut CheckSettings)) -> Report {
    run_over(&Net::new(), &check(spec, change)).await
}

/// Runs a check once, over connections that are shared with others.
pub async fn run_over(net: &Net, check: &Check) -> Report {
    probe::run(check, net, Clock::system(), Trace::on()).await
}

/// A check from the keys of its kind's table, in TOML.
pub fn check(spec: &str, change: impl FnOnce(&mut CheckSettings)) -> Check {
    let spec = parse(spec);
    let mut settings = settings(&spec);
    change(&mut settings);
    Check { settings: Arc::new(settings), spec: Arc::new(spec) }
}

fn parse(text: &str) -> Spec {
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let kinds = KINDS.iter().filter_map(|kind| Some((kind, table.get(kind.word)?)));
    let [(kind, own)] = kinds.collect::<Vec<_>>()[..] else {
        panic!("exactly one kind is wanted:\n{text}");
    };
    assert_eq!(table.len(), 1, "nothing but the kind's own keys is wanted:\n{text}");
    let value = Value::serialize(own).unwrap();
    let spec = (kind.parse)(&value).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(spec.problems(), [], "{text}");
    spec
}

/// What a check has where its owner says nothing; the timeout is 10 s.
pub fn settings(spec: &Spec) -> CheckSettings {
    let one = NonZeroU32::MIN;
    CheckSettings {
        failures: Threshold::in_a_row(one),
        successes: one,
        preferred_ip_protocol: IpProtocol::Ip4,
        ..CheckSettings::new(CheckId::new("test"), spec.kind(), &spec.target(), &spec.host())
    }
}

/// The facts of a family, by its name.
pub fn facts<'a>(outcome: &'a Outcome, family: &str) -> Vec<&'a Fact> {
    outcome.facts.iter().filter(|fact| fact.desc.name == family).collect()
}

/// The one value of a family.
pub fn fact(outcome: &Outcome, family: &str) -> f64 {
    let found = facts(outcome, family);
    assert_eq!(found.len(), 1, "{family}: {:?}", outcome.facts);
    found[0].value
}
