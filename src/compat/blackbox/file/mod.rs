//! A `blackbox.yml` as blackbox_exporter 0.28 declares it: every section, every key, every default, every refusal.
//!
//! Contract: declarations and the rules between keys, nothing else. What a module means for noroshi is `native`'s affair.

mod dns;
mod http;
mod small;
mod stream;

pub(super) use self::{
    dns::{Dns, Records},
    http::{HeaderMatch, Http},
    small::{Grpc, Icmp, Websocket},
    stream::{QueryResponse, Tcp, Unix},
};

pub(super) use crate::compat::client::{BasicAuth, Client, Header, Proxy, Tls};

use super::codes;
use crate::compat::{
    decode::{Codes, Dialect, Field, GoDuration, Named, Reader, Section, Text, key, section},
    yaml::{self, Id, Yaml},
};

/// How the file is read and what its mistakes are called.
pub(super) static DIALECT: Dialect = Dialect {
    codes: Codes {
        syntax: codes::SYNTAX,
        empty: codes::EMPTY,
        ignored: codes::IGNORED,
        wrong_type: codes::WRONG_TYPE,
        bad_value: codes::BAD_VALUE,
        unknown_field: codes::UNKNOWN_FIELD,
        duplicate: codes::DUPLICATE,
        missing: codes::MISSING,
        contradiction: codes::CONTRADICTION,
    },
    version: yaml::Version::V3,
    least: "`modules: {}` is the least that is accepted",
    subject,
    elsewhere,
};

section! {
    /// The whole file.
    File {
        modules: Named<Module> => always,
    }
}

section! {
    /// One module. A section that is missing has its defaults, but `grpc` and `websocket` have none: without the section even
    /// `ip_protocol_fallback` is off, as in blackbox_exporter.
    Module = {
        http: Http::initial(),
        tcp: Tcp::initial(),
        icmp: Icmp::initial(),
        dns: Dns::initial()
    } {
        prober: Text,
        timeout: GoDuration,
        http: Http,
        tcp: Tcp,
        icmp: Icmp,
        dns: Dns,
        grpc: Grpc,
        unix: Unix,
        websocket: Websocket,
    }
}

/// Where a key that is unknown at `path` would have been right.
fn elsewhere(key: &str, path: &str) -> Option<String> {
    fn has<S: Section>(key: &str) -> bool {
        let mut keys = Vec::new();
        S::keys(&mut keys);
        keys.contains(&key)
    }
    let section = path.rsplit('.').next().unwrap_or_default();
    let sections: [(&str, bool); 9] = [
        ("http", has::<Http>(key)),
        ("tcp", has::<Tcp>(key)),
        ("dns", has::<Dns>(key)),
        ("icmp", has::<Icmp>(key)),
        ("grpc", has::<Grpc>(key)),
        ("unix", has::<Unix>(key)),
        ("websocket", has::<Websocket>(key)),
        ("tls_config", has::<Tls>(key)),
        ("basic_auth", has::<BasicAuth>(key)),
    ];
    if path.is_empty() {
        return Some("modules stand below the one key `modules:`".to_owned());
    }
    if has::<Module>(key) {
        return Some(format!("`{key}` stands beside the section, one level higher"));
    }
    // A section that is itself the module's way to say it, before any other.
    let own = ["http", "tcp", "dns", "icmp", "grpc", "unix", "websocket"].contains(&section);
    let fitting = sections.into_iter().filter(|(name, has)| *has && *name != section);
    let fitting = fitting.filter(|(name, _)| !own || ["tls_config", "basic_auth"].contains(name));
    let names: Vec<_> = fitting.map(|(name, _)| format!("`{name}:`")).collect();
    (!names.is_empty()).then(|| format!("it belongs below {}", names.join(" or ")))
}

/// `` `http.headers` of module "web" `` for `modules.web.http.headers`.
pub(super) fn subject(path: &str) -> String {
    let Some(rest) = path.strip_prefix("modules.") else {
        return if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
    };
    let end = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"').map_or(rest.len(), |at| at + 2),
        None => rest.find('.').unwrap_or(rest.len()),
    };
    let name = rest[..end].trim_matches('"');
    match rest[end..].strip_prefix('.') {
        Some(field) => format!("`{field}` of module \"{name}\""),
        None => format!("module \"{name}\""),
    }
}
