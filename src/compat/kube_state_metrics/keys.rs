//! `pods=[app,team-*],nodes=[*]`: keys of labels by resource.

use crate::cluster::spec::{Keys, KeysOf};

/// Reads the value of `--metric-labels-allowlist` or `--metric-annotations-allowlist`.
///
/// # Errors
/// What stands where it must not.
pub fn keys_of(text: &str) -> Result<KeysOf, String> {
    let mut keys = KeysOf::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (resource, after) = rest
            .split_once('=')
            .ok_or_else(|| format!("no `=` after {rest:?}; it is written as resource=[key,key]"))?;
        let resource = resource.trim();
        if resource.is_empty() || resource.contains(['[', ']', ',']) {
            return Err(format!("{resource:?} is no name of a resource"));
        }
        let after = after.trim_start();
        let list = after
            .strip_prefix('[')
            .and_then(|list| list.split_once(']'))
            .ok_or_else(|| format!("no list in brackets after {resource}="))?;
        let entries: Vec<&str> =
            list.0.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
        if let Some(odd) = entries.iter().find(|entry| entry.contains(['[', '='])) {
            return Err(format!("{odd:?} is no key"));
        }
        let entries = Keys::new(entries).map_err(|error| error.to_string())?;
        keys.0.insert(resource.to_owned(), entries);
        rest = list.1.trim_start();
        if rest.is_empty() {
            break;
        }
        rest = rest
            .strip_prefix(',')
            .map(str::trim_start)
            .filter(|rest| !rest.is_empty())
            .ok_or_else(|| format!("{rest:?} after the list of {resource}"))?;
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_by_resource() {
        let keys = keys_of("pods=[app, team-*],nodes=[*],jobs=[]").unwrap();
        assert!(keys.of("pods").has("team-x") && !keys.of("pods").has("x"));
        assert!(keys.of("nodes").has("x") && keys.of("jobs").is_empty());
        assert!(keys_of("").unwrap().0.is_empty());
        let all = keys_of("*=[*],pods=[app]").unwrap();
        assert!(all.of("pods").has("x") && all.of("leases").has("x"));
    }

    #[test]
    fn what_is_no_list_is_told() {
        for text in [
            "pods",
            "pods=",
            "pods=[a",
            "pods=a]",
            "=[a]",
            "pods=[a]nodes=[b]",
            "pods=[a],",
            "pods=[a*b*]",
        ] {
            assert!(keys_of(text).is_err(), "{text}");
        }
    }
}
