//! What is accepted, but surprises people.

use figment::value::Value;

use super::{template_files::Found, written::Written};
use crate::{
    alert::spec::Route,
    config::{
        codes::Code,
        finding::{Finding, Path},
        layers::Values,
        sensitive,
    },
};

/// Sections whose texts are looked through for what a shell would expand.
const TEXTS: [&str; 4] = ["route", "receivers", "alertmanagers", "deadman"];

/// `receiver:` without a name, in YAML: the route keeps the receiver of the one around it, and drops nothing.
pub(super) fn null_receivers(values: &Values) -> Vec<Finding> {
    let mut found = Vec::new();
    let at = Path::of(["route"]);
    if let Some(root) = values.find(&at) {
        nulls(root, &at, &mut found);
    }
    found
}

fn nulls(route: &Value, at: &Path, found: &mut Vec<Finding>) {
    let Some(route) = route.as_dict() else { return };
    if matches!(route.get("receiver"), Some(Value::Empty(..))) {
        let message = "`receiver` is null: alerts go to the receiver of the route around this one";
        let hint = "to drop them, name a receiver without any provider".to_owned();
        found.push(Finding::new(Code::NullReceiver, at.key("receiver"), message).hint(hint));
    }
    let routes = route.get("routes").and_then(Value::as_array).unwrap_or_default();
    for (index, inside) in routes.iter().enumerate() {
        nulls(inside, &at.key("routes").index(index), found);
    }
}

/// `${NAME}` and `$NAME` as whole values: nobody expands them.
pub(super) fn unexpanded(values: &Values) -> Vec<Finding> {
    let mut found = Vec::new();
    for section in TEXTS {
        let at = Path::of([section]);
        if let Some(value) = values.find(&at) {
            variables(value, &at, &mut found);
        }
    }
    found
}

fn variables(value: &Value, at: &Path, found: &mut Vec<Finding>) {
    match value {
        Value::String(_, text) => {
            let Some(name) = variable(text) else { return };
            let message = format!("{} holds `{name}`, which nothing expands", at.subject());
            let hint = if sensitive::is_secret_path(at) {
                "name the file that holds it: the same key with `_file`".to_owned()
            } else {
                "set the whole key by an environment variable: NOROSHI__SECTION__KEY".to_owned()
            };
            found.push(Finding::new(Code::Unexpanded, at.clone(), message).hint(hint));
        }
        Value::Dict(_, dict) => {
            for (key, value) in dict {
                variables(value, &at.key(key.as_str()), found);
            }
        }
        Value::Array(_, list) => {
            for (index, value) in list.iter().enumerate() {
                variables(value, &at.index(index), found);
            }
        }
        _ => {}
    }
}

/// The first variable of a text that a shell would expand. `$x` inside of a text may be a template's own.
fn variable(text: &str) -> Option<&str> {
    let named = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.as_bytes()[0].is_ascii_digit()
    };
    if text.strip_prefix('$').is_some_and(named) {
        return Some(text);
    }
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let inside = &rest[at + 2..];
        let end = inside.find('}')?;
        if named(&inside[..end]) {
            return Some(&rest[at..at + end + 3]);
        }
        rest = &inside[end..];
    }
    None
}

/// Receivers that are reached, by a route or a heartbeat, but have a provider that is not built.
pub(super) fn missing_providers(route: &Route, written: &Written) -> Vec<Finding> {
    let mut reached = reached(route);
    reached.extend(written.deadman.values().filter_map(|one| one.receiver.as_deref()));
    let receivers = written.receivers.iter();
    let receivers = receivers.filter(|receiver| reached.contains(&receiver.name.as_str()));
    receivers
        .flat_map(|receiver| {
            let missing = receiver.providers.iter().filter(|provider| !provider.is_built());
            missing.map(move |provider| {
                let kind = provider.kind();
                let at = Path::of(["receivers", &receiver.name, kind]);
                let message = format!(
                    "receiver {:?} tells by {kind}, which this build cannot do",
                    receiver.name
                );
                let hint = "--allow-missing-providers starts all the same".to_owned();
                Finding::new(Code::MissingProvider, at, message).at_key().hint(hint)
            })
        })
        .collect()
}

/// Alerting without a file of `[store]`. An empty `[store]` says that this is meant.
pub(super) fn forgetful(values: &Values, written: &Written) -> Option<Finding> {
    let store = values.find(&Path::of(["store"]));
    let is_meant = match store {
        Some(Value::Dict(_, keys)) => keys.is_empty() || keys.contains_key("path"),
        _ => false,
    };
    if is_meant {
        return None;
    }
    let sections = ["store", "route", "alerting", "maintenance", "alertmanagers", "deadman"];
    let said = sections.iter().find(|section| values.find(&Path::of([**section])).is_some());
    let has = if written.route.is_some() || written.options.config_file.is_some() {
        "alerts, silences, unsent notices and open incidents are"
    } else {
        "alerting is"
    };
    let message = format!("{has} in memory alone: a restart forgets them");
    let hint = "set `store.path`, such as \"/var/lib/noroshi/noroshi.db\"; an empty `[store]` if it is meant".to_owned();
    let at = Path::of(said.copied());
    Some(Finding::new(Code::NoStore, at, message).at_key().hint(hint))
}

/// What is wrong with files of templates, one line each.
pub(super) fn unreadable(found: &Found) -> impl Iterator<Item = (Code, String)> {
    let refused = found.refused.iter().map(|(path, error)| {
        (Code::Unreadable, format!("cannot read {}: {error}", path.display()))
    });
    let empty = found
        .empty
        .iter()
        .map(|pattern| (Code::NoTemplates, format!("no file of templates is named `{pattern}`")));
    refused.chain(empty)
}

/// The names of receivers that routes lead to.
pub(super) fn reached(route: &Route) -> Vec<&str> {
    let mut all = vec![&*route.receiver];
    all.extend(route.routes.iter().flat_map(reached));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_expand() {
        for (text, found) in [
            ("${TOKEN}", Some("${TOKEN}")),
            ("https://x/${A_1}/y", Some("${A_1}")),
            ("$TOKEN", Some("$TOKEN")),
            ("${}${b}", Some("${b}")),
            ("a $TOKEN", None),
            ("{{ $x := 1 }}{{ $x }}", None),
            ("^a$", None),
            ("${1}", None),
            ("${open", None),
            ("$", None),
        ] {
            assert_eq!(variable(text), found, "{text}");
        }
    }
}
