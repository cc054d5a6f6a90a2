//! What alerts of one rule have in common, held once: all names, texts such as descriptions and runbooks, the generator URL.

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
    /// The last one: Prometheus gives all alerts of a rule the same.
    url: Arc<str>,
}

impl Forms {
    /// Holds what is in the alert together with its like.
    pub(super) fn share(&mut self, alert: &mut Alert) {
        let kin = self.0.entry(rule_of(alert)).or_insert_with(|| Kin {
            labels: Arc::new(Form::of(&alert.labels)),
            annotations: Arc::new(Form::of(&alert.annotations)),
            url: Arc::clone(&alert.generator_url),
        });
        pack(&mut alert.labels, &mut kin.labels);
        pack(&mut alert.annotations, &mut kin.annotations);
        if kin.url == alert.generator_url {
            alert.generator_url = Arc::clone(&kin.url);
        } else {
            kin.url = Arc::clone(&alert.generator_url);
        }
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{AlertSource, Overlays};

    fn alert(nth: usize) -> Alert {
        let pod = format!("pod-{nth}");
        Alert {
            labels: Pairs::new([("alertname", "Down"), ("pod", &pod), ("severity", "page")]),
            annotations: Pairs::new([("runbook", "https://r.example/down"), ("summary", &pod)]),
            starts_at: Timestamp::UNIX_EPOCH,
            ends_at: Timestamp::MAX,
            updated_at: Timestamp::UNIX_EPOCH,
            generator_url: Arc::default(),
            timeout: false,
            source: AlertSource::Api,
            overlays: Overlays::default(),
            pushed: false,
        }
    }

    #[test]
    fn alerts_of_a_rule_share_a_form_as_long_as_one_of_them_is_there() {
        let mut forms = Forms::default();
        let mut held = Vec::new();
        for nth in 0..4 {
            let mut shared = alert(nth);
            forms.share(&mut shared);
            assert_eq!(shared, alert(nth));
            held.push(shared);
        }
        let of = |alert: &Alert| {
            let kin = &forms.0[&rule_of(alert)];
            Arc::strong_count(&kin.labels)
        };
        // The first keeps the form that is its own, and the second opened it for all others.
        assert_eq!((forms.0.len(), of(&held[0])), (1, 4));
        held.drain(..3);
        forms.forget();
        assert_eq!(forms.0.len(), 1);
        held.clear();
        forms.forget();
        assert!(forms.0.is_empty());
    }
}
