//! Status objects, in the shapes and words of a kube-apiserver.

use serde_json::{Value, json};

/// An answer that is a Status object.
#[derive(Debug, Clone)]
pub struct Status {
    pub code: u16,
    pub object: Value,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

impl Status {
    fn new(code: u16, reason: &str, message: &str, details: Option<Value>) -> Self {
        let mut object = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
        });
        if let Some(details) = details {
            object["details"] = details;
        }
        object["code"] = code.into();
        Self { code, object, retry_after: None }
    }

    /// What a fault says for a status code.
    pub fn fault(code: u16, retry_after: Option<u64>) -> Self {
        let (reason, message) = match code {
            400 => ("BadRequest", "the request is bad"),
            401 => ("Unauthorized", "Unauthorized"),
            403 => ("Forbidden", "forbidden: no reason given"),
            404 => ("NotFound", "the server could not find the requested resource"),
            410 => ("Expired", "The resourceVersion for the provided watch is too old."),
            429 => ("TooManyRequests", "Too many requests, please try again later."),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => ("Timeout", "Timeout: request did not complete within the allotted timeout"),
            _ => ("InternalError", "Internal error occurred: etcdserver: leader changed"),
        };
        let details = retry_after.map(|seconds| json!({ "retryAfterSeconds": seconds }));
        Self { retry_after, ..Self::new(code, reason, message, details) }
    }

    pub fn bad_request(message: &str) -> Self {
        Self::new(400, "BadRequest", message, None)
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized", None)
    }

    pub fn forbidden(act: &super::rights::Act<'_>, user: &str) -> Self {
        let super::rights::Act { verb, group, resource, namespace, name } = *act;
        let full =
            if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let name = name.filter(|_| verb == "get");
        let what = name.map_or_else(|| full.clone(), |name| format!("{full} \"{name}\""));
        let place = namespace.map_or_else(
            || "at the cluster scope".to_owned(),
            |namespace| format!("in the namespace \"{namespace}\""),
        );
        let message = format!(
            "{what} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"
        );
        let mut details = serde_json::Map::new();
        if let Some(name) = name {
            details.insert("name".to_owned(), name.into());
        }
        if !group.is_empty() {
            details.insert("group".to_owned(), group.into());
        }
        details.insert("kind".to_owned(), resource.into());
        Self::new(403, "Forbidden", &message, Some(details.into()))
    }

    /// No such resource.
    pub fn not_served() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message, Some(json!({})))
    }

    /// No such object.
    pub fn not_found(group: &str, plural: &str, name: &str) -> Self {
        let full = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let mut details = json!({ "name": name, "kind": plural });
        if !group.is_empty() {
            details = json!({ "name": name, "group": group, "kind": plural });
        }
        Self::new(404, "NotFound", &format!("{full} \"{name}\" not found"), Some(details))
    }

    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message, Some(json!({})))
    }

    pub fn not_acceptable() -> Self {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json, \
                       application/json;stream=watch";
        Self::new(406, "NotAcceptable", message, Some(json!({})))
    }

    /// A list option that may not be there: which, and why.
    pub fn option_forbidden(field: &str, why: &str) -> Self {
        let message = format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {why}");
        let details = json!({
            "group": "meta.k8s.io",
            "kind": "ListOptions",
            "causes": [{
                "reason": "FieldValueForbidden",
                "message": format!("Forbidden: {why}"),
                "field": field,
            }],
        });
        Self::new(422, "Invalid", &message, Some(details))
    }

    /// A watch from a version that is forgotten.
    pub fn version_too_old(version: u64, oldest: u64) -> Self {
        let message = format!("too old resource version: {version} ({oldest})");
        Self::new(410, "Expired", &message, None)
    }

    /// A list at a version that is forgotten.
    pub fn list_too_old() -> Self {
        let message = "The resourceVersion for the provided list is too old.";
        Self::new(410, "Expired", message, None)
    }

    /// A list that cannot be continued as it began, but, inconsistently, with another token.
    pub fn continue_too_old(token: &str) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list \
            result. You can start a new list without the continue parameter, or use the continue \
            token in this response to retrieve the remainder of the results. Continuing with the \
            provided token results in an inconsistent list - objects that were created, modified, or \
            deleted between the time the first chunk was returned and now may show up in the list.";
        let mut status = Self::new(410, "Expired", message, None);
        status.object["metadata"] = json!({ "continue": token });
        status
    }

    /// A list at a version that has not been yet.
    pub fn version_too_large(version: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {version}, current: {current}");
        let cause = json!({
            "reason": "ResourceVersionTooLarge",
            "message": "Too large resource version",
        });
        let details = json!({ "causes": [cause], "retryAfterSeconds": 1 });
        Self { retry_after: Some(1), ..Self::new(504, "Timeout", &message, Some(details)) }
    }

    /// A version that is no number.
    pub fn version_invalid(text: &str) -> Self {
        let message = format!(
            "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
        );
        let mut status = Self::new(500, "", &message, None);
        if let Some(object) = status.object.as_object_mut() {
            object.shift_remove("reason");
        }
        status
    }

    /// As an event of a watch.
    pub fn event(&self) -> Vec<u8> {
        format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", self.object).into_bytes()
    }
}
