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

impl Alertmanager {
    pub(super) fn status(&self) -> Response {
        let original = (self.original)();
        let mut out = Vec::with_capacity(original.len() + original.len() / 8 + 1024);
        // There is no cluster, and clients are told so.
        out.extend_from_slice(
            b"{\"cluster\":{\"peers\":[],\"status\":\"disabled\"},\"config\":{\"original\":",
        );
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
