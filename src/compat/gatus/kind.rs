//! What an endpoint is: its URL says it.

use toml::Table;

use crate::compat::{
    client::options::put,
    draft::{Draft, Piece, Section, Url},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Tcp,
    /// TLS from the first byte: the handshake alone, or with a body that is sent and answered.
    Tls,
    /// SMTP that changes to TLS.
    Starttls,
    Icmp,
    Dns,
    Websocket,
    Grpc,
    /// The line that an SSH server begins with.
    SshBanner,
}

impl Kind {
    /// The kind of an endpoint.
    ///
    /// # Errors
    /// What noroshi has no check for.
    pub(super) fn of(endpoint: &Section<'_>) -> Result<Self, String> {
        let url = endpoint.peek("url");
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        Ok(match scheme {
            _ if endpoint.has("dns") => Self::Dns,
            "http" | "https" => Self::Http,
            "tcp" => Self::Tcp,
            "tls" => Self::Tls,
            "starttls" => Self::Starttls,
            "icmp" => Self::Icmp,
            "ws" | "wss" => Self::Websocket,
            "grpc" | "grpcs" => Self::Grpc,
            "ssh" if !endpoint.has("ssh") => Self::SshBanner,
            "ssh" => return Err("noroshi has no check that logs in by SSH".to_owned()),
            "domain" => return Err("noroshi does not look up when a domain expires".to_owned()),
            "" => return Err("its URL has no scheme".to_owned()),
            other => return Err(format!("noroshi has no check of `{other}://`")),
        })
    }

    /// Our own kind. A TLS endpoint that says something is a TCP conversation.
    pub(super) fn word(self, says: bool) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tls if says => "tcp",
            Self::Tls | Self::Starttls => "tls",
            Self::Tcp | Self::SshBanner => "tcp",
            Self::Icmp => "icmp",
            Self::Dns => "dns",
            Self::Websocket => "websocket",
            Self::Grpc => "grpc",
        }
    }

    /// Whether TLS is spoken.
    pub(super) fn speaks_tls(self, url: &str) -> bool {
        match self {
            Self::Http | Self::Tls | Self::Starttls => true,
            Self::Websocket => url.starts_with("wss://"),
            Self::Grpc => url.starts_with("grpcs://"),
            _ => false,
        }
    }
}

/// Aims the check, and puts what is sent to the target.
pub(super) fn aim(kind: Kind, endpoint: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    let (url, user) = endpoint.url("url").unwrap_or_default();
    let address =
        url.split_once("://").map_or(&*url, |(_, rest)| rest).trim_end_matches('/').to_owned();
    match kind {
        Kind::Http => {
            request(endpoint, (url, user), piece, draft);
            return;
        }
        Kind::Websocket => {
            let mut headers = Table::new();
            put(&mut headers, "Origin", "http://localhost/");
            add_headers(endpoint, &mut headers, piece, draft);
            target((url.clone(), user), &headers, piece, draft);
            // Gatus does not wait for the end of the conversation, and calls itself that.
            piece.put("await_close", false);
            piece.put("headers", headers);
        }
        Kind::Dns => dns(endpoint, &url, piece),
        Kind::Icmp => piece.put("host", address),
        Kind::SshBanner => {
            piece.put("address", with_port(&address, 22));
            piece.push("dialogue", step("expect", "^SSH-"));
        }
        Kind::Grpc => {
            piece.put("address", address);
            if url.starts_with("grpcs://") {
                piece.put("tls", Table::new());
            }
        }
        Kind::Starttls => {
            piece.put("address", address);
            piece.put("starttls", "smtp");
        }
        Kind::Tcp | Kind::Tls => {
            piece.put("address", address);
            if kind == Kind::Tls && piece.kind == "tcp" {
                piece.put("tls", Table::new());
            }
        }
    }
    if matches!(kind, Kind::Tcp | Kind::Tls | Kind::Websocket)
        && let Some(body) = body(endpoint, &url, piece)
    {
        piece.push("dialogue", step("send", &body));
    }
}

/// A step of a dialogue.
pub(super) fn step(key: &str, value: &str) -> Table {
    let mut step = Table::new();
    put(&mut step, key, value);
    step
}

fn with_port(address: &str, port: u16) -> String {
    let has_port = address
        .rsplit_once(':')
        .is_some_and(|(host, _)| !host.contains(':') || host.ends_with(']'));
    if has_port { address.to_owned() } else { format!("{address}:{port}") }
}

fn request(endpoint: &mut Section<'_>, url: Url, piece: &mut Piece, draft: &mut Draft) {
    let mut headers = Table::new();
    let bare = url.0.clone();
    add_headers(endpoint, &mut headers, piece, draft);
    target(url, &headers, piece, draft);
    if let Some(method) = endpoint.text("method").filter(|method| method != "GET") {
        piece.put("method", method);
    }
    if !headers.is_empty() {
        piece.put("headers", headers);
    }
    let graphql = endpoint.flag("graphql").unwrap_or(false);
    match body(endpoint, &bare, piece) {
        Some(query) if graphql => piece.put("body_json.query", query),
        Some(body) => piece.put("body", body),
        None => {}
    }
}

/// The URL, and the user that it names as the user of the request.
fn target((url, user): Url, headers: &Table, piece: &mut Piece, draft: &mut Draft) {
    piece.put("url", url);
    let Some((user, password)) = user else { return };
    let has_own = piece.table.contains_key("authorization")
        || headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"));
    if has_own {
        piece.remark(
            "the user in its URL is left out, as its header `Authorization` is sent in its place",
        );
        return;
    }
    let mut basic = Table::new();
    put(&mut basic, "username", user);
    if let Some(password) = password {
        let whose = (piece.subject.as_str(), "url (its password)");
        draft.secrets.put(&mut basic, "password", &password, whose);
    }
    piece.put("basic_auth", basic);
}

fn add_headers(
    endpoint: &mut Section<'_>,
    headers: &mut Table,
    piece: &mut Piece,
    draft: &mut Draft,
) {
    let Some(mut section) = endpoint.section("headers") else { return };
    for name in section.keys() {
        let path = format!("headers.{name}");
        let whose = (piece.subject.as_str(), path.as_str());
        if !crate::model::sensitive::is_secret_name(&name) {
            if let Some(value) = section.text(&name) {
                headers.insert(name, value.into());
            }
            continue;
        }
        let scheme = section.bearer(&name);
        match (scheme, section.secret(&name)) {
            (Some(token), _) => {
                let mut table = Table::new();
                draft.secrets.put(&mut table, "credentials", &token, whose);
                put(&mut piece.table, "authorization", table);
            }
            (None, Some(secret)) => draft.secrets.header(headers, &name, &secret, whose),
            (None, None) => {}
        }
    }
    endpoint.remarks.extend(section.rest());
}

/// What is sent, with what Gatus puts into it.
fn body(endpoint: &mut Section<'_>, url: &str, piece: &mut Piece) -> Option<String> {
    let group = piece.common.get("group").and_then(toml::Value::as_str).unwrap_or_default();
    let placeholders = [
        ("[ENDPOINT_NAME]", endpoint.peek("name")),
        ("[ENDPOINT_GROUP]", group.to_owned()),
        ("[ENDPOINT_URL]", url.to_owned()),
    ];
    let mut body = endpoint.text("body")?;
    for (placeholder, value) in placeholders {
        body = body.replace(placeholder, &value);
    }
    if body.contains("[RANDOM_STRING_") {
        piece.remark("`body`: `[RANDOM_STRING_n]` is sent as it stands there, not as random text");
    }
    Some(body)
}

fn dns(endpoint: &mut Section<'_>, url: &str, piece: &mut Piece) {
    piece.put("server", url.to_owned());
    let Some(mut dns) = endpoint.section("dns") else { return };
    piece.put("name", dns.text("query-name").unwrap_or_default());
    if let Some(kind) = dns.text("query-type").filter(|kind| kind != "A") {
        piece.put("type", kind);
    }
    endpoint.remarks.extend(dns.rest());
}
