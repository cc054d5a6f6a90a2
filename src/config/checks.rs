//! `[checks.NAME]` tables to checks.

use std::{collections::HashSet, sync::Arc};

use figment::{
    Error,
    value::{Dict, Value},
};
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::MapDeserializer},
};

use super::{
    MetricsOptions,
    codes::Code,
    finding::{Finding, Path},
    keys::{Base, CommonKeys},
    layers::Values,
    object_clusters::Clusters,
    reading::{self, Read},
    references::{self, Node},
    rules, schema, suggest,
};
use crate::{
    model::CheckId,
    probe::spec::{Check, KINDS, Kind, Spec},
};

/// A check as far as it could be read.
pub(super) struct Raw<'a> {
    pub(super) name: &'a str,
    pub(super) keys: CommonKeys,
    pub(super) spec: Option<Spec>,
}

/// All checks in the order of their names, without those that could not be read.
pub(super) fn assemble(
    values: &Values,
    (checks, clusters): (&Dict, &Clusters<'_>),
    defaults: &CommonKeys,
    metrics: &MetricsOptions,
    findings: &mut Vec<Finding>,
) -> Vec<Check> {
    let known: HashSet<&str> = checks.keys().map(String::as_str).collect();
    let mut raws: Vec<Raw<'_>> = checks
        .iter()
        .map(|(name, value)| read(values, Path::of(["checks", name]), name, value, findings))
        .collect();
    for raw in &raws {
        findings.extend(rules::times(&Path::of(["checks", raw.name]), &raw.keys, defaults));
    }
    let nodes: Vec<_> = raws.iter().map(|raw| Node { name: raw.name, keys: &raw.keys }).collect();
    findings.extend(references::check(&nodes, &known, defaults));
    let unguarded = references::unguarded(&nodes, defaults);
    let unguarded: HashSet<String> = unguarded.into_iter().map(str::to_owned).collect();
    let mut base = Base::new(defaults, &metrics.buckets, &metrics.export_labels);
    let around = (clusters, &unguarded);
    raws.drain(..).filter_map(|raw| finish(raw, &mut base, around, findings)).collect()
}

fn finish(
    raw: Raw<'_>,
    base: &mut Base<'_>,
    (clusters, unguarded): (&Clusters<'_>, &HashSet<String>),
    findings: &mut Vec<Finding>,
) -> Option<Check> {
    let mut spec = raw.spec?;
    findings.extend(clusters.settle(raw.name, &mut spec));
    let explicit = raw.keys.guard.is_some();
    let mut settings = base.settings(CheckId::new(raw.name), raw.keys, &spec);
    if !explicit && unguarded.contains(raw.name) {
        settings.guard = None;
    }
    findings.extend(rules::fits(&settings, &spec));
    Some(Check { settings: Arc::new(settings), spec: Arc::new(spec) })
}

/// Reads one check; what is wrong with it goes to `findings`.
pub(super) fn read<'a>(
    values: &Values,
    at: Path,
    name: &'a str,
    value: &Value,
    findings: &mut Vec<Finding>,
) -> Raw<'a> {
    findings.extend(rules::check_name(name));
    let empty = Dict::new();
    let dict = match value {
        Value::Dict(_, dict) => dict,
        Value::Empty(..) => &empty,
        _ => {
            let message = format!("{} must be a table", at.subject());
            findings.push(Finding::new(Code::WrongType, at, message));
            return Raw { name, keys: CommonKeys::default(), spec: None };
        }
    };
    let kinds: Vec<&'static Kind> =
        KINDS.iter().filter(|kind| dict.contains_key(kind.word)).collect();
    let keys = common_keys(values, &at, dict, &kinds);
    findings.extend(one_kind(&at, name, &kinds, &keys.findings));
    findings.extend(keys.findings);
    let keys = keys.value.unwrap_or_default();
    findings.extend(rules::each(&at, &keys, kinds.first().copied()));
    let mut spec = None;
    for kind in kinds {
        let read = kind_table(values, &at.key(kind.word), &dict[kind.word], kind);
        spec = read.value;
        findings.extend(read.findings);
    }
    Raw { name, keys, spec }
}

/// Lends a value to serde's own map deserializer.
struct Lent<'v>(&'v Value);

impl<'v> IntoDeserializer<'v, Error> for Lent<'v> {
    type Deserializer = &'v Value;
    fn into_deserializer(self) -> &'v Value {
        self.0
    }
}

fn is_kind(key: &str) -> bool {
    KINDS.iter().any(|kind| kind.word == key)
}

fn common_keys(values: &Values, at: &Path, dict: &Dict, kinds: &[&Kind]) -> Read<CommonKeys> {
    let own = || dict.iter().filter(|(key, _)| !is_kind(key));
    let lent =
        MapDeserializer::<_, Error>::new(own().map(|(key, value)| (key.as_str(), Lent(value))));
    let Err(error) = (match CommonKeys::deserialize(lent) {
        Ok(keys) => return Read { value: Some(keys), findings: Vec::new() },
        error => error,
    }) else {
        return Read { value: None, findings: Vec::new() };
    };
    // The error above does not know its path; reading again from a table of its own does.
    let table: Value =
        own().map(|(key, value)| (key.clone(), value.clone())).collect::<Dict>().into();
    let error = table.deserialize::<CommonKeys>().err().unwrap_or(error);
    let mut read = reading::again(values, at, table, error, Value::deserialize);
    for finding in &mut read.findings {
        if finding.code == Code::UnknownKey && finding.path.parent().as_ref() == Some(at) {
            *finding = unknown_in_check(&finding.path, kinds, &finding.known);
        }
    }
    read
}

/// Beside the common keys, the words of the kinds would have been right here too.
fn unknown_in_check(path: &Path, kinds: &[&Kind], common: &[String]) -> Finding {
    let key = path.last_key();
    // The kinds first: a long list is cut where it is shown.
    let words = KINDS.iter().map(|kind| kind.word);
    let finding = reading::unknown_key(path, key, words.chain(common.iter().map(String::as_str)));
    let misplaced =
        kinds.iter().find(|kind| schema::keys_of(kind).iter().any(|known| known == key));
    match misplaced {
        Some(kind) => finding.hint(format!("write `{}.{key}`: it is a key of the kind", kind.word)),
        None => finding,
    }
}

/// Exactly one kind, unless an unknown key is one that was misspelt.
fn one_kind(at: &Path, name: &str, kinds: &[&Kind], findings: &[Finding]) -> Option<Finding> {
    let words = || KINDS.iter().map(|kind| kind.word);
    match kinds {
        [_] => None,
        [] => {
            let misspelt = |finding: &Finding| {
                finding.code == Code::UnknownKey
                    && suggest::nearest(finding.path.last_key(), words()).is_some()
            };
            if findings.iter().any(misspelt) {
                return None;
            }
            let message = format!("check {name:?} has no table of a kind");
            let hint = "say what it verifies, for example `http.url = \"https://example.org/\"`";
            Some(
                Finding::new(Code::NoKind, at.clone(), message)
                    .at_key()
                    .hint(hint.to_owned())
                    .known(words()),
            )
        }
        [first, second, ..] => {
            let all: Vec<_> = kinds.iter().map(|kind| kind.word).collect();
            let message =
                format!("check {name:?} has tables of {} kinds: {}", all.len(), all.join(", "));
            let hint = format!("make it {} checks", all.len());
            let finding = Finding::new(Code::SeveralKinds, at.key(second.word), message).at_key();
            Some(finding.hint(hint).other(format!("`{}`", first.word), at.key(first.word)))
        }
    }
}

fn kind_table(values: &Values, at: &Path, value: &Value, kind: &'static Kind) -> Read<Spec> {
    let mut read = match (kind.parse)(value) {
        Ok(spec) => Read { value: Some(spec), findings: Vec::new() },
        Err(error) => reading::again(values, at, value.clone(), error, kind.parse),
    };
    let missing = |finding: &Finding| finding.code == Code::MissingKey && finding.path == *at;
    if let Some(first) = read.findings.iter().find(|finding| missing(finding)).cloned() {
        // serde names the first one only.
        let others =
            schema::required_of(kind).into_iter().filter(|key| value.find_ref(key).is_none());
        let others = others.map(|key| reading::missing_key(at, &key));
        read.findings
            .extend(others.filter(|other| other.message != first.message).collect::<Vec<_>>());
    }
    for problem in read.value.iter().flat_map(Spec::problems) {
        let path = at.then(Path::parse(&problem.path).0);
        let message = format!("{}: {}", at.subject(), super::sensitive::mask(&problem.message));
        read.findings.push(Finding::new(Code::Contradiction, path, message).hint(problem.hint));
    }
    read
}
