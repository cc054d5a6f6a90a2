//! `/api/v2/status`.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use super::{
    Alertmanager,
    json::{self, Array},
};
use crate::metrics::BUILD;

/// The Alertmanager that clients may take us for: amtool compares it with its own, karma picks its dialect by it.
pub const VERSION: &str = "0.33.1";

/// What is told of other replicas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cluster {
    /// The name of this one; `None` where there is no cluster, which is told as `disabled`.
    pub name: Option<String>,
    /// All of them, this one too.
    pub peers: Vec<ClusterPeer>,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterPeer {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub address: String,
}

impl Alertmanager {
    pub(super) fn status(&self) -> Response {
        let original = (self.original)();
        let mut out = Vec::with_capacity(original.len() + original.len() / 8 + 1024);
        out.extend_from_slice(b"{\"cluster\":");
        self.options.cluster.write(&mut out);
        out.extend_from_slice(b",\"config\":{\"original\":");
        json::plain(&mut out, &original);
        out.extend_from_slice(b"},\"uptime\":");
        json::time(&mut out, self.started);
        out.extend_from_slice(b",\"versionInfo\":{");
        let mut list = Array::default();
        for (name, value) in [
            ("branch", "noroshi"),
            ("buildDate", ""),
            ("buildUser", ""),
            ("goVersion", BUILD.rustc),
            ("revision", BUILD.revision),
            ("version", VERSION),
        ] {
            list.next(&mut out);
            json::plain(&mut out, name);
            out.push(b':');
            json::plain(&mut out, value);
        }
        out.extend_from_slice(b"}}\n");
        ([(header::CONTENT_TYPE, super::JSON)], out).into_response()
    }
}

impl Cluster {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        if let Some(name) = &self.name {
            out.extend_from_slice(b"\"name\":");
            json::plain(out, name);
            out.push(b',');
        }
        out.extend_from_slice(b"\"peers\":[");
        let mut list = Array::default();
        for peer in &self.peers {
            list.next(out);
            out.extend_from_slice(b"{\"address\":");
            json::plain(out, &peer.address);
            out.extend_from_slice(b",\"name\":");
            json::plain(out, &peer.name);
            out.push(b'}');
        }
        let status = if self.name.is_some() { "ready" } else { "disabled" };
        out.extend_from_slice(b"],\"status\":");
        json::plain(out, status);
        out.push(b'}');
    }
}
