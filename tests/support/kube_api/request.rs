//! What a request wants: the resource its path names, its options, and the shape of the answer.

use std::borrow::Cow;

use hyper::{Method, Request, header};

use super::{rights::Act, status::Status};

/// A request, taken apart.
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub query: Query,
    pub target: Option<Target>,
    pub accept: String,
    pub user_agent: String,
    pub authorization: Option<String>,
    pub takes_gzip: bool,
}

impl Asked {
    pub fn new<B>(request: &Request<B>) -> Self {
        let header = |name: header::HeaderName| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let authorization = header(header::AUTHORIZATION);
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: Query(request.uri().query().unwrap_or_default().to_owned()),
            target: Target::parse(request.uri().path()),
            accept: header(header::ACCEPT),
            user_agent: header(header::USER_AGENT),
            authorization: (!authorization.is_empty()).then_some(authorization),
            takes_gzip: header(header::ACCEPT_ENCODING).contains("gzip"),
        }
    }

    pub fn is_watch(&self) -> bool {
        let named = self.target.as_ref().is_some_and(|target| target.name.is_some());
        !named && self.query.is_set("watch")
    }

    /// The verb as rights name it.
    pub fn verb(&self) -> &'static str {
        let named = self.target.as_ref().is_none_or(|target| target.name.is_some());
        match self.method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if named => "delete",
            Method::DELETE => "deletecollection",
            _ if named => "get",
            _ if self.is_watch() => "watch",
            _ => "list",
        }
    }
}

/// A resource, or one object of it.
pub struct Target {
    pub group: String,
    pub version: String,
    pub plural: String,
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub subresource: Option<String>,
}

impl Target {
    /// From a path below a group's version; `None` if it names no resource.
    fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", version, rest),
            ["apis", group, version, rest @ ..] => (*group, version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            _ => (None, rest),
        };
        let mut words = rest.iter().map(|word| (*word).to_owned());
        Some(Self {
            group: group.to_owned(),
            version: (*version).to_owned(),
            plural: words.next()?,
            namespace: namespace.map(str::to_owned),
            name: words.next(),
            subresource: words.next(),
        })
    }

    pub fn path(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}/{}", self.version, self.plural)
        } else {
            format!("/apis/{}/{}/{}", self.group, self.version, self.plural)
        }
    }

    /// What doing this to it means; `selected` is the name that a list's selector says.
    pub fn act<'a>(&'a self, verb: &'a str, selected: Option<&'a str>) -> Act<'a> {
        Act {
            verb,
            group: &self.group,
            resource: &self.plural,
            namespace: self.namespace.as_deref(),
            name: self.name.as_deref().or(selected),
        }
    }
}

/// A query, as it came.
#[derive(Debug, Clone, Default)]
pub struct Query(pub String);

impl Query {
    /// An option's value, decoded; empty if it is not there.
    pub fn get(&self, name: &str) -> String {
        let mut pairs = url::form_urlencoded::parse(self.0.as_bytes());
        pairs
            .find(|(own, _)| own == name)
            .map_or(Cow::Borrowed(""), |(_, value)| value)
            .into_owned()
    }

    pub fn is_set(&self, name: &str) -> bool {
        matches!(self.get(name).as_str(), "true" | "1")
    }

    /// A number; `None` if it is not there.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Status> {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let invalid = || {
            Status::bad_request(&format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))
        };
        text.parse().map(Some).map_err(|_| invalid())
    }

    /// The `resourceVersion`; `None` if it is not there.
    pub fn version(&self) -> Result<Option<u64>, Status> {
        let text = self.get("resourceVersion");
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| Status::version_invalid(&text))
    }
}

/// How objects are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
}

impl Form {
    /// The first that an `Accept` header takes; `partial` is the kind that stands for metadata alone here.
    pub fn accepted(accept: &str, partial: &str) -> Option<Self> {
        if accept.is_empty() {
            return Some(Self::Whole);
        }
        accept.split(',').find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parts: Vec<&str> = parts.collect();
            let parameter = |name: &str| {
                parts.iter().find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
            };
            if !["application/json", "application/*", "*/*"].contains(&media) {
                return None;
            }
            match (parameter("as"), parameter("g"), parameter("v")) {
                (None, _, _) => Some(Self::Whole),
                (Some(kind), Some("meta.k8s.io"), Some("v1")) if kind == partial => {
                    Some(Self::Metadata)
                }
                _ => None,
            }
        })
    }
}
