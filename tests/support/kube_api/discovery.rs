//! What a server says about itself: groups, versions, resources.

use std::sync::Arc;

use serde_json::{Value, json};

use super::resource::Resource;

/// The answer for a path of discovery; `None` if there is no such group or version.
pub fn document(resources: &[Arc<Resource>], path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api"] => Some(json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                { "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" },
            ],
        })),
        ["apis"] => {
            let mut names: Vec<&str> = Vec::new();
            for resource in resources.iter().filter(|resource| !resource.group.is_empty()) {
                if !names.contains(&resource.group.as_str()) {
                    names.push(&resource.group);
                }
            }
            let groups: Vec<Value> =
                names.iter().filter_map(|name| group(resources, name)).collect();
            Some(json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }))
        }
        ["apis", name] => {
            let Value::Object(group) = group(resources, name)? else { return None };
            let mut document = json!({ "kind": "APIGroup", "apiVersion": "v1" });
            document.as_object_mut()?.extend(group);
            Some(document)
        }
        ["api", version] => list(resources, "", version),
        ["apis", group, version] => list(resources, group, version),
        _ => None,
    }
}

/// Whether anything of a group's version is served.
pub fn has_version(resources: &[Arc<Resource>], group: &str, version: &str) -> bool {
    resources.iter().any(|resource| resource.group == group && resource.version == version)
}

fn group(resources: &[Arc<Resource>], name: &str) -> Option<Value> {
    let mut versions: Vec<Value> = Vec::new();
    for resource in resources.iter().filter(|resource| resource.group == name) {
        let version =
            json!({ "groupVersion": resource.api_version(), "version": resource.version });
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    let preferred = versions.first()?.clone();
    Some(json!({ "name": name, "versions": versions, "preferredVersion": preferred }))
}

fn list(resources: &[Arc<Resource>], group: &str, version: &str) -> Option<Value> {
    let own = resources.iter().filter(|own| own.group == group && own.version == version);
    let own: Vec<&Arc<Resource>> = own.collect();
    let first = own.first()?;
    let rows: Vec<Value> = own.iter().map(|resource| resource.row()).collect();
    let mut document = json!({ "kind": "APIResourceList" });
    if !group.is_empty() {
        document["apiVersion"] = "v1".into();
    }
    document["groupVersion"] = first.api_version().into();
    document["resources"] = rows.into();
    Some(document)
}
