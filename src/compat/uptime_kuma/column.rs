//! The columns of `monitor`: which types they mean something for, and what they hold where nobody said anything.

use serde_json::Value;

use super::Row;

/// Types that ask by HTTP.
pub(super) const HTTP: [&str; 3] = ["http", "keyword", "json-query"];

/// Columns that say nothing of a check: its number, its owner, its place on the screen, its last result.
const ASIDE: [&str; 6] = ["id", "user_id", "created_date", "weight", "dns_last_result", "type"];

/// Beginnings of columns that belong to types which have no equivalent.
const OF_OTHERS: [&str; 23] = [
    "mqtt_",
    "docker_",
    "radius_",
    "snmp_",
    "kafka_",
    "game",
    "rabbitmq_",
    "remote_browser",
    "location",
    "protocol",
    "subtype",
    "system_service_name",
    "ntp_",
    "screenshot_",
    "manual_status",
    "restart_",
    "push_",
    "custom_url",
    "database_query",
    "ssh_",
    "lat",
    "lng",
    "sip_",
];

/// Columns, what they hold untouched, and their types; none for all of them.
const COLUMNS: [(&str, &[&str], &[&str]); 55] = [
    ("url", &["https://"], &["http", "keyword", "json-query", "websocket-upgrade"]),
    ("method", &["GET"], &HTTP),
    ("body", &[], &HTTP),
    ("headers", &[], &HTTP),
    ("http_body_encoding", &["json"], &HTTP),
    ("basic_auth_user", &[], &HTTP),
    ("basic_auth_pass", &[], &HTTP),
    ("auth_method", &[], &HTTP),
    ("auth_domain", &[], &HTTP),
    ("auth_workstation", &[], &HTTP),
    ("oauth_client_id", &[], &HTTP),
    ("oauth_client_secret", &[], &HTTP),
    ("oauth_token_url", &[], &HTTP),
    ("oauth_scopes", &[], &HTTP),
    ("oauth_auth_method", &["client_secret_basic"], &HTTP),
    ("oauth_audience", &[], &HTTP),
    ("bearer_token", &[], &HTTP),
    ("tls_ca", &[], &HTTP),
    ("tls_cert", &[], &HTTP),
    ("tls_key", &[], &HTTP),
    ("proxy_id", &[], &HTTP),
    ("maxredirects", &["10"], &HTTP),
    (
        "accepted_statuscodes_json",
        &["[\"200-299\"]"],
        &["http", "keyword", "json-query", "websocket-upgrade"],
    ),
    ("ignore_tls", &["0"], &HTTP),
    ("expiry_notification", &["0"], &HTTP),
    ("cache_bust", &["0"], &HTTP),
    ("save_response", &["0"], &HTTP),
    ("save_error_response", &["1"], &HTTP),
    ("response_max_length", &["1024"], &HTTP),
    ("keyword", &[], &["keyword", "grpc-keyword"]),
    ("invert_keyword", &["0"], &["keyword", "grpc-keyword"]),
    ("json_path", &[], &["json-query"]),
    ("json_path_operator", &["=="], &["json-query"]),
    ("expected_value", &[], &["json-query"]),
    ("retry_only_on_status_code_failure", &["0"], &["json-query"]),
    ("hostname", &[], &["port", "ping", "dns", "smtp"]),
    ("port", &[], &["port", "dns", "smtp"]),
    ("expected_tls_alert", &[], &["port"]),
    ("packet_size", &["56"], &["ping"]),
    ("ping_count", &["1"], &["ping"]),
    ("ping_numeric", &["0", "1"], &["ping"]),
    ("ping_per_request_timeout", &["2"], &["ping"]),
    ("dns_resolve_type", &["A"], &["dns"]),
    ("dns_resolve_server", &[], &["dns"]),
    ("conditions", &["[]"], &["dns"]),
    ("grpc_url", &[], &["grpc-keyword"]),
    ("grpc_protobuf", &[], &["grpc-keyword"]),
    ("grpc_body", &[], &["grpc-keyword"]),
    ("grpc_metadata", &[], &["grpc-keyword"]),
    ("grpc_method", &[], &["grpc-keyword"]),
    ("grpc_service_name", &[], &["grpc-keyword"]),
    ("grpc_enable_tls", &["0"], &["grpc-keyword"]),
    ("smtp_security", &[], &["smtp"]),
    ("database_connection_string", &[], &["redis"]),
    ("timeout", &["0"], &["http", "keyword", "json-query", "dns", "ping", "grpc-keyword"]),
];

/// More of them, of the kind `websocket-upgrade` and of all.
const REST: [(&str, &[&str], &[&str]); 7] = [
    ("ws_subprotocol", &[""], &["websocket-upgrade"]),
    ("ws_ignore_sec_websocket_accept_header", &["0"], &["websocket-upgrade"]),
    ("upside_down", &["0"], &[]),
    ("retry_interval", &["0"], &[]),
    ("resend_interval", &["0"], &[]),
    ("domain_expiry_notification", &["0"], &[]),
    ("maxretries", &["0"], &[]),
];

/// What columns of types without an equivalent hold untouched.
const UNTOUCHED: [&str; 8] = ["0", "1", "[]", "keyword", "2c", "world", "password", ""];

/// The columns of a type that has no equivalent.
pub(super) fn of_others(row: &Row) -> Vec<String> {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !UNTOUCHED.contains(&text.as_str()),
        other => !UNTOUCHED.contains(&other.to_string().as_str()),
    };
    let target = ["url", "hostname", "port", "database_connection_string"];
    let of_others = |column: &str| {
        target.contains(&column) || OF_OTHERS.iter().any(|own| column.starts_with(own))
    };
    let columns = row.iter().filter(|(column, value)| of_others(column) && says(value));
    columns.map(|(column, _)| column.clone()).collect()
}

/// The columns of a monitor that say something.
pub(super) fn telling(row: &Row, kind: &str) -> Row {
    let says = |column: &str, value: &Value| {
        let text = match value {
            Value::Null => return false,
            Value::String(text) if text.is_empty() => return false,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if ASIDE.contains(&column) {
            return false;
        }
        match COLUMNS.iter().chain(&REST).find(|(own, ..)| *own == column) {
            Some((_, untouched, kinds)) => {
                (kinds.is_empty() || kinds.contains(&kind)) && !untouched.contains(&text.as_str())
            }
            None => !OF_OTHERS.iter().any(|own| column.starts_with(own)),
        }
    };
    let telling = row.iter().filter(|(column, value)| says(column, value));
    telling.map(|(column, value)| (column.clone(), value.clone())).collect()
}
