//! In which cluster the object of a check is.

use figment::value::Value;

use super::{
    codes::Code,
    finding::{Finding, Path},
    suggest,
};
use crate::probe::spec::Spec;

/// The clusters that a check may name.
pub(super) enum Clusters<'v> {
    /// These.
    Named(Vec<&'v str>),
    /// Nothing is said of any: a check of the command line.
    Unsaid,
}

impl<'v> Clusters<'v> {
    /// The names in `[clusters.*]`, whatever is said of them.
    pub(super) fn among(section: Option<&'v Value>) -> Self {
        let tables = section.and_then(Value::as_dict);
        Self::Named(tables.into_iter().flat_map(|all| all.keys().map(String::as_str)).collect())
    }

    /// Fills in the only one; says what is wrong where that is not what was meant.
    pub(super) fn settle(&self, check: &str, spec: &mut Spec) -> Option<Finding> {
        let (Self::Named(known), Spec::Kubernetes(object)) = (self, spec) else { return None };
        let at = Path::of(["checks", check, "kubernetes"]);
        match (&object.cluster, &known[..]) {
            (Some(name), known) if known.contains(&name.as_str()) => None,
            (Some(name), _) => {
                let message = format!("there is no cluster {name:?}");
                let hint = suggest::did_you_mean(name, known.iter().copied());
                let hint = hint.or_else(|| Some(format!("add `[clusters.{name}]`")));
                let finding = Finding::new(Code::UnknownWord, at.key("cluster"), message);
                Some(finding.hint(hint).known(known.iter().copied()))
            }
            (None, [only]) => {
                object.cluster = Some((*only).to_owned());
                None
            }
            (None, []) => {
                let message =
                    format!("check {check:?} is of a Kubernetes object, and there is no cluster");
                let hint =
                    "add `[clusters.NAME]`; an empty one is the cluster that noroshi runs in";
                Some(Finding::new(Code::MissingKey, at, message).at_key().hint(hint.to_owned()))
            }
            (None, several) => {
                let message = format!("{} lacks `cluster`: there are several", at.subject());
                let hint = format!("add `cluster`, one of {}", several.join(", "));
                let finding = Finding::new(Code::MissingKey, at, message).at_key();
                Some(finding.hint(hint).known(several.iter().copied()))
            }
        }
    }
}
