//! The requests of a watch, and where they go.

use std::fmt::Write as _;

use http::{Method, Request, header};
use kube::client::Body;

use super::Failure;
use crate::cluster::kind::Resource;

/// Objects on a page: what client-go asks for too. A page is held in memory while it is read, 10 kB an object.
const PAGE: usize = 500;

/// Pages of what may be large: releases of Helm are secrets of a megabyte each.
const PAGE_OF_SECRETS: usize = 50;

/// What a watch looks at: a resource, in a namespace or in all of them, and which of its objects.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The resource.
    pub resource: &'static Resource,
    /// The namespace; all if it is `None`, or if the resource has none.
    pub namespace: Option<String>,
    /// A field selector, empty for all objects.
    pub fields: String,
    /// A label selector, empty for all objects.
    pub labels: String,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question<'q> {
    /// A page of the list, after the place that the page before named.
    Page { after: Option<&'q str> },
    /// Everything that there is, and then what changes.
    Stream { seconds: u64 },
    /// What has changed since a version.
    Changes { since: &'q str, seconds: u64 },
}

impl Target {
    /// A request for this target.
    pub(super) fn request(&self, question: Question<'_>) -> Result<Request<Body>, Failure> {
        let accept = match (self.resource.metadata_only, question) {
            (false, _) => "application/json",
            (true, Question::Page { .. }) => {
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
            }
            (true, _) => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        };
        let request = Request::builder()
            .method(Method::GET)
            .uri(self.uri(question))
            .header(header::ACCEPT, accept)
            // Small answers, and a compressed watch is read only when a block of it is full.
            .header(header::ACCEPT_ENCODING, "identity");
        request.body(Body::empty()).map_err(|error| Failure::unusable(error.to_string()))
    }

    fn uri(&self, question: Question<'_>) -> String {
        let mut uri = self.path();
        uri.push('?');
        match question {
            Question::Page { after } => {
                let _ = write!(uri, "limit={}", self.page());
                if let Some(after) = after {
                    uri.push_str("&continue=");
                    uri.extend(encoded(after));
                }
            }
            Question::Stream { seconds } => {
                let _ = write!(
                    uri,
                    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds={seconds}"
                );
            }
            Question::Changes { since, seconds } => {
                uri.push_str("watch=true&allowWatchBookmarks=true&resourceVersion=");
                uri.extend(encoded(since));
                let _ = write!(uri, "&timeoutSeconds={seconds}");
            }
        }
        for (key, selector) in [("fieldSelector", &self.fields), ("labelSelector", &self.labels)] {
            if !selector.is_empty() {
                let _ = write!(uri, "&{key}=");
                uri.extend(encoded(selector));
            }
        }
        uri
    }

    /// Where its objects stand.
    pub(crate) fn path(&self) -> String {
        let Resource { path, group, version, .. } = self.resource;
        let root = if group.is_empty() { "/api" } else { "/apis/" };
        match &self.namespace {
            Some(namespace) => format!("{root}{group}/{version}/namespaces/{namespace}/{path}"),
            None => format!("{root}{group}/{version}/{path}"),
        }
    }

    fn page(&self) -> usize {
        if self.resource.name == "secrets" { PAGE_OF_SECRETS } else { PAGE }
    }
}

fn encoded(text: &str) -> impl Iterator<Item = &str> {
    url::form_urlencoded::byte_serialize(text.as_bytes())
}
