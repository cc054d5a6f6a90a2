//! What alerts of one rule have in common, held once: all names, and texts such as descriptions and runbooks.

use std::{collections::HashMap, sync::Arc};

use crate::model::{Alert, Fnv, Form, Pairs};

/// Forms of alerts, by what their labels tell of the rule they come from. Each opens with every alert that differs, until
/// only what all have in common is left in it; those that came before keep theirs.
#[derive(Debug, Default)]
pub(super) struct Forms(HashMap<u64, Kin>);

/// Of one rule.
#[derive(Debug)]
struct Kin {
    labels: Arc<Form>,
    annotations: Arc<Form>,
}

impl Forms {
    /// Holds what is in the alert together with its like.
    pub(super) fn share(&mut self, alert: &mut Alert) {
        let kin = self.0.entry(rule_of(alert)).or_insert_with(|| Kin {
            labels: Arc::new(Form::of(&alert.labels)),
            annotations: Arc::new(Form::of(&alert.annotations)),
        });
        pack(&mut alert.labels, &mut kin.labels);
        pack(&mut alert.annotations, &mut kin.annotations);
    }

    /// Forgets those that no alert has any more.
    pub(super) fn forget(&mut self) {
        self.0.retain(|_, kin| {
            Arc::strong_count(&kin.labels) > 1 || Arc::strong_count(&kin.annotations) > 1
        });
    }
}

fn pack(pairs: &mut Pairs, form: &mut Arc<Form>) {
    if let Some(packed) = pairs.in_form(form) {
        *pairs = packed;
        return;
    }
    let opened = form.open_for(pairs).unwrap_or_else(|| Form::of(pairs));
    *form = Arc::new(opened);
    if let Some(packed) = pairs.in_form(form) {
        *pairs = packed;
    }
}

/// The same for alerts that are probably of one rule: of one name, one severity, and the same names of all else. Where it is
/// not so, their form is a poorer one, and nothing else is.
fn rule_of(alert: &Alert) -> u64 {
    let mut hash = Fnv::default();
    for (name, value) in &alert.labels {
        hash.part(name);
        if matches!(name, "alertname" | "severity") {
            hash.part(value);
        }
    }
    for (name, _) in &alert.annotations {
        hash.part(name);
    }
    hash.0
}
