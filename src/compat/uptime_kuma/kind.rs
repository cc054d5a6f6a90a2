//! What a monitor's type is here.

use serde_json::Value;
use toml::Table;

use super::{Database, Row, request, section};
use crate::compat::{
    client::options::{put, without_userinfo},
    draft::{Draft, Piece, Secret, Section, any_of},
};

/// Fills the check.
///
/// # Errors
/// Why noroshi has none of that type.
pub(super) fn aim(
    kind: &str,
    own: &mut Section<'_>,
    database: &Database<'_>,
    piece: &mut Piece,
    draft: &mut Draft,
) -> Result<(), String> {
    match kind {
        "http" | "keyword" | "json-query" => request::fill(kind, own, database, piece, draft),
        "port" => port(own, piece),
        "ping" => ping(own, piece),
        "dns" => dns(own, piece),
        "websocket-upgrade" => websocket(own, piece, draft),
        "grpc-keyword" => return grpc(own, piece),
        "smtp" => smtp(own, piece),
        "redis" => redis(own, piece, draft),
        "push" => {
            return Err("noroshi has no checks that wait for somebody else's results (heartbeats)"
                .to_owned());
        }
        "docker" => {
            return Err(
                "noroshi does not ask a Docker daemon; pods are in `kubernetes` checks".to_owned()
            );
        }
        "real-browser" => return Err("noroshi drives no browser".to_owned()),
        "mqtt" | "sqlserver" | "postgres" | "mysql" | "mongodb" | "radius" | "kafka-producer"
        | "rabbitmq" | "snmp" => {
            return Err(format!("noroshi does not speak the protocol of {kind}"));
        }
        _ => return Err("noroshi has no check of that type".to_owned()),
    }
    Ok(())
}

/// The address of what cannot be asked more than whether it is there.
pub(super) fn nearest(row: &Row) -> Option<String> {
    let own = section(row);
    let url = own.peek("database_connection_string");
    if let Some((_, rest)) = url.split_once("://") {
        let host = rest.split(['/', '?', ',']).next()?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        return host
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok())
            .map(|_| host.to_owned());
    }
    let (host, port) = (own.peek("hostname"), own.peek("port"));
    let host = host.split_once("://").map_or(&*host, |(_, rest)| rest);
    // A datagram is nothing that connects.
    let connects = !["radius", "snmp", "gamedig", "steam"].contains(&&*own.peek("type"));
    (connects && !host.is_empty() && port.parse::<u16>().is_ok()).then(|| address(host, &port))
}

fn address(host: &str, port: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.contains(':') { format!("[{bare}]:{port}") } else { format!("{bare}:{port}") }
}

fn step(key: &str, value: &str) -> Table {
    let mut step = Table::new();
    put(&mut step, key, value);
    step
}

fn port(own: &mut Section<'_>, piece: &mut Piece) {
    piece.kind = "tcp";
    let (host, port) =
        (own.text("hostname").unwrap_or_default(), own.text("port").unwrap_or_default());
    piece.put("address", address(&host, &port));
    match own.text("smtp_security").as_deref() {
        None | Some("none") => {}
        Some(other) => {
            piece.remark(format!("`smtp_security` {other:?} of a TCP port has no equivalent"));
        }
    }
}

fn ping(own: &mut Section<'_>, piece: &mut Piece) {
    piece.kind = "icmp";
    piece.put("host", own.text("hostname").unwrap_or_default());
    if let Some(count) = own.count("ping_count") {
        piece.put("count", i64::from(count));
    }
    if let Some(size) = own.count("packet_size") {
        piece.put("size", i64::from(size));
    }
    if let Some(seconds) = own.number("ping_per_request_timeout")
        && let Ok(timeout) = std::time::Duration::try_from_secs_f64(seconds)
    {
        piece.put("packet_timeout", crate::compat::draft::words(timeout));
    }
}

fn dns(own: &mut Section<'_>, piece: &mut Piece) {
    piece.kind = "dns";
    let servers = own.text("dns_resolve_server").unwrap_or_else(|| "1.1.1.1".to_owned());
    let mut servers = servers.split(',').map(str::trim).filter(|own| !own.is_empty());
    let first = servers.next().unwrap_or("1.1.1.1");
    for more in servers {
        piece.remark(format!("`dns_resolve_server`: {more} is not asked; a check has one server"));
    }
    match own.text("port").filter(|port| port != "53") {
        Some(port) => piece.put("server", address(first, &port)),
        None => piece.put("server", first),
    }
    piece.put("name", own.text("hostname").unwrap_or_default());
    let kind = own.text("dns_resolve_type");
    if let Some(kind) = &kind {
        piece.put("type", kind.as_str());
    }
    let conditions = own.text("conditions");
    let expected = conditions.as_deref().and_then(|text| records(text, kind.as_deref()));
    if expected.is_none() && conditions.is_some() {
        piece.remark("`conditions` has no equivalent: a single comparison of a record is all that can be said");
    }
    let (key, rule) = expected.unwrap_or(("any", step("regex", ".").into()));
    piece.push(&format!("expect.answer.{key}"), rule);
}

/// One condition on a record, as an expectation. Kuma wants one record that meets it.
fn records(text: &str, kind: Option<&str>) -> Option<(&'static str, toml::Value)> {
    let conditions: Vec<Value> = serde_json::from_str(text).ok()?;
    let [condition] = conditions.as_slice() else { return None };
    let said = |key: &str| condition.get(key)?.as_str().map(str::to_owned);
    if said("type")? != "expression" || said("variable")? != "record" {
        return None;
    }
    let value = any_of(&[said("value")?]);
    let before = if kind == Some("MX") { "[0-9]+ " } else { "" };
    let regex = match said("operator")?.as_str() {
        "equals" => format!(r"^{before}{value}\.?$"),
        "contains" => value,
        "starts_with" => format!("^{before}{value}"),
        "ends_with" => format!(r"{value}\.?$"),
        _ => return None,
    };
    Some(("any", step("regex", &regex).into()))
}

fn websocket(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "websocket";
    request::target(own.text("url").unwrap_or_default(), piece, draft);
    for protocol in own.text("ws_subprotocol").unwrap_or_default().split(',').map(str::trim) {
        if !protocol.is_empty() {
            piece.push("subprotocols", protocol);
        }
    }
    own.lost("ws_ignore_sec_websocket_accept_header", "the header has to be right");
    let codes = request::codes(own, 1000..=4999, piece).unwrap_or_default();
    if codes.len() > MOST_CLOSE_CODES {
        piece.remark(format!(
            "`accepted_statuscodes_json`: {} codes, of which the first {MOST_CLOSE_CODES} are accepted here",
            codes.len()
        ));
    }
    if !codes.is_empty() && codes != [1000] {
        let codes = codes.into_iter().take(MOST_CLOSE_CODES).map(i64::from);
        piece.put("close_codes", codes.collect::<Vec<_>>());
    }
}

/// The most codes that a conversation over WebSocket may end with.
const MOST_CLOSE_CODES: usize = 100;

/// A call of the health service is the only one that noroshi makes.
fn grpc(own: &mut Section<'_>, piece: &mut Piece) -> Result<(), String> {
    let service = own.peek("grpc_service_name");
    let is_health = service == "Health" || service.ends_with(".Health");
    let is_check = own.peek("grpc_method").eq_ignore_ascii_case("check");
    if !is_health || !is_check || own.peek("keyword") != "SERVING" || own.has("invert_keyword") {
        return Err(
            "of gRPC noroshi calls the health service alone, and expects SERVING".to_owned()
        );
    }
    piece.kind = "grpc";
    piece.put("address", own.text("grpc_url").unwrap_or_default());
    if own.flag("grpc_enable_tls") == Some(true) {
        piece.put("tls", Table::new());
    }
    let body = own.text("grpc_body").map(|text| serde_json::from_str::<Value>(&text));
    if let Some(Err(_)) = body {
        piece.remark("`grpc_body` is no JSON: the whole server is asked about");
    }
    let body = body.and_then(Result::ok).unwrap_or_default();
    if let Some(asked) = body.get("service").and_then(Value::as_str).filter(|own| !own.is_empty()) {
        piece.put("service", asked);
    }
    own.lost("grpc_metadata", "Uptime Kuma does not send it either");
    own.drop(&["grpc_service_name", "grpc_method", "keyword", "grpc_protobuf"]);
    Ok(())
}

fn smtp(own: &mut Section<'_>, piece: &mut Piece) {
    piece.kind = "tcp";
    let (host, port) = (
        own.text("hostname").unwrap_or_default(),
        own.text("port").unwrap_or_else(|| "25".to_owned()),
    );
    piece.put("address", address(&host, &port));
    match own.text("smtp_security").as_deref() {
        Some("secure") => {
            piece.put("tls", Table::new());
            piece.push("dialogue", step("expect", "^220 "));
        }
        Some("starttls") => {
            piece.put("starttls", "smtp");
            piece.push("dialogue", step("send", "QUIT\r\n"));
            piece.push("dialogue", step("expect", "^221 "));
        }
        _ => piece.push("dialogue", step("expect", "^220 ")),
    }
}

fn redis(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    piece.kind = "tcp";
    let url = own.text("database_connection_string").unwrap_or_default();
    let (bare, user) = match without_userinfo(&url) {
        Some((bare, user)) => (bare, Some(user)),
        None => (url, None),
    };
    let (scheme, rest) = bare.split_once("://").unwrap_or(("redis", &bare));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    piece.put("address", if host.contains(':') { host.to_owned() } else { format!("{host}:6379") });
    if scheme == "rediss" {
        piece.put("tls", Table::new());
    }
    if let Some((name, password)) = user.and_then(|(name, password)| Some((name, password?))) {
        let whose = (piece.subject.as_str(), "database_connection_string (its password)");
        let mut secret = Table::new();
        draft.secrets.put(&mut secret, "send", &Secret::Value(password), whose);
        let user = if name.is_empty() { String::new() } else { format!("{name} ") };
        piece.push("dialogue", step("send", &format!("AUTH {user}")));
        piece.push("dialogue", secret);
        piece.push("dialogue", step("send", "\r\n"));
        piece.push("dialogue", step("expect", r"^\+OK"));
    }
    piece.push("dialogue", step("send", "PING\r\n"));
    piece.push("dialogue", step("expect", r"^\+PONG"));
}
