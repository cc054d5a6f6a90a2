//! A check from the command line: `noroshi probe http https://example.org/ timeout=5s expect.status=[200]`.

use figment::value::{Dict, Value};

use super::{
    MetricsOptions, checks,
    codes::Code,
    finding::Path,
    keys::CommonKeys,
    layers::{Layer, Values},
    object_clusters::Clusters,
    place::{self, Places},
    schema, suggest,
};
use crate::{
    model::{Diagnostic, Severity},
    probe::spec::{Check, KINDS},
};

/// The check's name, in messages and in its outcome.
const NAME: &str = "probe";

/// A check of this kind. The target goes to the kind's own key for it. Of the pairs, common keys are settings and all
/// others belong to the kind, with or without its name before them; dots lead into tables; a value is read as TOML
/// reads it, and what TOML cannot read is a string.
///
/// # Errors
/// Every mistake. None has a place in a file; `origin` names the argument.
pub fn one_off(
    kind: &str,
    target: &str,
    pairs: &[(String, String)],
) -> Result<Check, Vec<Diagnostic>> {
    let words = || KINDS.iter().map(|kind| kind.word);
    let Some(known) = KINDS.iter().find(|known| known.word == kind) else {
        let message = format!("there is no kind of check called `{kind}`");
        let mut diagnostic = place::nowhere(Code::UnknownWord, message);
        diagnostic.hint = suggest::did_you_mean(kind, words());
        diagnostic.known = words().map(str::to_owned).collect();
        return Err(vec![diagnostic]);
    };
    let common = schema::common_keys();
    let mut layers = vec![argument("TARGET", &[kind, known.target_key], target)];
    for (key, text) in pairs {
        let mut keys: Vec<&str> = key.split('.').collect();
        if keys[0] != kind && !common.iter().any(|common| common == keys[0]) {
            keys.insert(0, kind);
        }
        layers.push(argument(key, &keys, text));
    }
    check(&layers)
}

fn argument(name: &str, keys: &[&str], text: &str) -> Layer {
    let keys: Vec<String> =
        ["checks", NAME].into_iter().chain(keys.iter().copied()).map(str::to_owned).collect();
    Layer::word(format!("argument {name}"), &keys, text)
}

fn check(layers: &[Layer]) -> Result<Check, Vec<Diagnostic>> {
    let values = Values::merge(layers)
        .map_err(|error| vec![place::nowhere(Code::BadValue, error.to_string())])?;
    let none = Dict::new();
    let tables = values.find(&Path::of(["checks"])).and_then(Value::as_dict).unwrap_or(&none);
    let (defaults, metrics) = (CommonKeys::default(), MetricsOptions::default());
    let mut findings = Vec::new();
    let check =
        checks::assemble(&values, (tables, &Clusters::Unsaid), &defaults, &metrics, &mut findings)
            .pop();
    let mut places = Places::new(&values, &[]);
    let mut diagnostics: Vec<_> =
        findings.into_iter().map(|finding| places.diagnostic(finding)).collect();
    diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    match check {
        Some(check) if diagnostics.is_empty() => Ok(check),
        _ => Err(diagnostics),
    }
}
