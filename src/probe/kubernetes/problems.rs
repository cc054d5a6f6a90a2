//! Keys that do not go together, or not with this kind of object.

use super::{
    ObjectKind::{
        self, CronJob, Custom, DaemonSet, Deployment, Ingress, Job, Node, PersistentVolumeClaim,
        Pods, Service, StatefulSet,
    },
    Spec,
    object::is_name,
};
use crate::model::Problem;

/// The statuses that a condition may have.
const STATUSES: [&str; 3] = ["True", "False", "Unknown"];

/// Restarts that are counted at most.
const MOST_RESTARTS: u32 = 100;

/// All of them.
pub(super) fn of(spec: &Spec) -> Vec<Problem> {
    let mut found = place(spec);
    found.extend(misplaced(spec));
    found.extend(values(spec));
    found
}

/// Whether it is said which object is meant.
fn place(spec: &Spec) -> Vec<Problem> {
    let (kind, word) = (spec.kind, spec.kind.word());
    let mut found = Vec::new();
    let mut wrong = |path: &str, message: String| found.push(problem(path, message));
    match (&spec.namespace, kind) {
        (Some(_), Node) => wrong("namespace", "a node stands in no namespace".to_owned()),
        (None, Node | Custom) | (Some(_), _) => {}
        (None, _) => wrong("kind", format!("`{word}` needs the `namespace` it is in")),
    }
    match (kind, spec.name.is_some(), spec.selector.is_empty()) {
        (Pods, true, false) => {
            wrong("selector", "pods have a `name` or a `selector`, not both".to_owned());
        }
        (Pods, false, true) => wrong("kind", "`pods` needs a `selector` or a `name`".to_owned()),
        (Pods, ..) | (_, true, true) => {}
        (_, _, false) => wrong("selector", format!("`selector` is for `pods`, not for `{word}`")),
        (_, false, true) => wrong("kind", format!("`{word}` needs the object's `name`")),
    }
    match (kind, &spec.resource) {
        (Custom, None) => {
            wrong("kind", "`custom` needs the `resource`: `group/version/plural`".to_owned());
        }
        (Custom, Some(_)) | (_, None) => {}
        (_, Some(_)) => wrong("resource", format!("`resource` is for `custom`, not for `{word}`")),
    }
    for (key, value) in [("namespace", &spec.namespace), ("name", &spec.name)] {
        if value.as_ref().is_some_and(|value| !is_name(value)) {
            wrong(key, format!("this can be no {key} in Kubernetes"));
        }
    }
    let is_value = |text: &str| text.is_empty() || is_label(text);
    let is_key = |text: &str| text.split('/').count() <= 2 && text.split('/').all(is_label);
    if spec.selector.iter().any(|(key, value)| !is_key(key) || !is_value(value)) {
        let message = "it holds a label that can be none in Kubernetes: a selector is a table of labels and their values";
        wrong("selector", message.to_owned());
    }
    found
}

fn is_label(text: &str) -> bool {
    let permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !text.is_empty() && text.len() <= 253 && text.bytes().all(permitted)
}

/// Expectations that this kind does not know.
fn misplaced(spec: &Spec) -> impl Iterator<Item = Problem> {
    let replicated: &[ObjectKind] = &[Deployment, StatefulSet, DaemonSet, Pods];
    let conditioned: &[ObjectKind] = &[
        Deployment,
        StatefulSet,
        DaemonSet,
        Job,
        Pods,
        Service,
        PersistentVolumeClaim,
        Node,
        Custom,
    ];
    let keys: [(&str, bool, &[ObjectKind]); 7] = [
        ("available", spec.available.is_some(), replicated),
        ("max_age_of_success", spec.max_age_of_success.is_some(), &[CronJob, Job]),
        ("conditions", !spec.conditions.is_empty(), conditioned),
        ("restarts", spec.restarts.is_some(), &[Pods]),
        ("ready_endpoints", spec.ready_endpoints.is_some(), &[Service, Ingress]),
        ("jsonpath", spec.jsonpath.is_some(), &[Custom]),
        ("equals", spec.equals.is_some(), &[Custom]),
    ];
    let kind = spec.kind;
    let wrong = keys.into_iter().filter(move |(_, is_set, of)| *is_set && !of.contains(&kind));
    wrong.map(move |(key, _, of)| {
        let of: Vec<_> = of.iter().map(|kind| format!("`{}`", kind.word())).collect();
        let message = format!("`{key}` is not for `{}`, but for {}", kind.word(), of.join(", "));
        problem(key, message)
    })
}

/// Values that cannot be meant.
fn values(spec: &Spec) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut wrong = |path: String, message: &str| found.push(problem(&path, message.to_owned()));
    if spec.jsonpath.is_some() != spec.equals.is_some() && spec.kind == Custom {
        let key = if spec.jsonpath.is_some() { "jsonpath" } else { "equals" };
        wrong(
            key.to_owned(),
            "`jsonpath` says where, and `equals` what must be there: both or none",
        );
    }
    for (kind, status) in &spec.conditions {
        if !STATUSES.contains(&status.as_str()) {
            wrong(
                format!("conditions.{kind}"),
                "the status of a condition is `True`, `False` or `Unknown`",
            );
        }
    }
    if spec.max_age_of_success.is_some_and(|age| age.0.is_zero()) {
        wrong("max_age_of_success".to_owned(), "nothing succeeds all the time: it must be above 0");
    }
    if let Some(restarts) = spec.restarts {
        if restarts.most > MOST_RESTARTS {
            wrong("restarts.most".to_owned(), "more than 100 restarts are not counted");
        }
        if restarts.within.0.is_zero() {
            wrong("restarts.within".to_owned(), "it must be above 0");
        }
    }
    found
}

fn problem(path: &str, message: String) -> Problem {
    Problem { path: path.to_owned(), message, hint: None }
}
