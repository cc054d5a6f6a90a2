//! Monitors that ask by HTTP.

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value;
use toml::Table;

use super::{Database, section};
use crate::{
    compat::{
        client::options::{put, without_userinfo},
        draft::{Comparison, Draft, Operator, Path, Piece, Rule, Secret, Section, any_of, words},
        gatus::ranges,
    },
    model::sensitive::is_secret_name,
};

pub(super) fn fill(
    kind: &str,
    own: &mut Section<'_>,
    database: &Database<'_>,
    piece: &mut Piece,
    draft: &mut Draft,
) {
    piece.kind = "http";
    let url = own.text("url").unwrap_or_default();
    let is_tls = url.starts_with("https://");
    target(url, piece, draft);
    if let Some(method) = own.text("method") {
        piece.put("method", method);
    }
    let mut headers = headers(own, piece, draft);
    body(own, &mut headers, piece);
    authentication(own, piece, draft);
    let sends = ["basic_auth", "bearer_token_env", "bearer_token", "oauth2"];
    if sends.iter().any(|key| piece.table.contains_key(*key)) {
        let before = headers.len();
        headers.retain(|name, _| !name.eq_ignore_ascii_case("authorization"));
        if headers.len() < before {
            piece.remark(
                "`headers.Authorization` is left out, as its authentication is sent in its place",
            );
        }
    }
    if !headers.is_empty() {
        piece.put("headers", headers);
    }
    tls(own, is_tls, database, piece, draft);
    proxy(own, database, piece, draft);
    match own.count("maxredirects") {
        Some(0) => piece.put("redirects.follow", false),
        Some(limit) => piece.put("redirects.limit", i64::from(limit)),
        None => {}
    }
    if let Some(codes) = codes(own, 100..=999, piece).filter(|codes| !codes.is_empty()) {
        piece.put("expect.status", ranges(&codes));
    }
    match kind {
        "keyword" => {
            let word = own.text("keyword").unwrap_or_default();
            let key =
                if own.flag("invert_keyword") == Some(true) { "not_contains" } else { "contains" };
            let mut rule = Table::new();
            put(&mut rule, key, word);
            piece.push("expect.body", rule);
        }
        "json-query" => query(own, piece),
        _ => {}
    }
    own.lost("retry_only_on_status_code_failure", "every failure counts alike");
    own.lost("cache_bust", "no parameter is added to the URL");
    for key in ["save_response", "save_error_response", "response_max_length"] {
        own.lost(key, "bodies are not kept; `noroshi probe` shows one");
    }
}

/// More days than any certificate is valid for.
const LONGEST_VALIDITY: u64 = 3650;

/// The URL, and the user that it names as the user of the request.
pub(super) fn target(url: String, piece: &mut Piece, draft: &mut Draft) {
    let Some((bare, (user, password))) = without_userinfo(&url) else {
        return piece.put("url", url);
    };
    piece.put("url", bare);
    let mut basic = Table::new();
    put(&mut basic, "username", user);
    if let Some(password) = password {
        let whose = (piece.subject.as_str(), "url (its password)");
        draft.secrets.put(&mut basic, "password", &Secret::Value(password), whose);
    }
    piece.put("basic_auth", basic);
}

/// `headers` is JSON.
fn headers(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) -> Table {
    let mut out = Table::new();
    let Some(text) = own.text("headers") else { return out };
    let Ok(Value::Object(map)) = serde_json::from_str(&text) else {
        piece.remark("`headers` is no JSON, and is left out");
        return out;
    };
    for (name, value) in map {
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        if is_secret_name(&name) {
            let path = format!("headers.{name}");
            let whose = (piece.subject.as_str(), path.as_str());
            draft.secrets.header(&mut out, &name, &Secret::Value(value), whose);
        } else {
            out.insert(name, value.into());
        }
    }
    out
}

fn body(own: &mut Section<'_>, headers: &mut Table, piece: &mut Piece) {
    let encoding = own.text("http_body_encoding");
    let Some(body) = own.text("body") else { return };
    let sort = match encoding.as_deref() {
        None => "application/json",
        Some("form") => "application/x-www-form-urlencoded",
        Some("xml") => "text/xml; charset=utf-8",
        Some(other) => {
            return piece.remark(format!(
                "`http_body_encoding`: {other:?} has no equivalent; the body is left out"
            ));
        }
    };
    if !headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        headers.insert("Content-Type".to_owned(), sort.into());
    }
    piece.put("body", body);
}

fn authentication(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    let subject = piece.subject.clone();
    let method = own.text("auth_method");
    match method.as_deref() {
        // An older version has no method, and the user alone says it.
        None | Some("basic") => {
            if let Some(user) = own.text("basic_auth_user") {
                let mut basic = Table::new();
                put(&mut basic, "username", user);
                if let Some(password) = own.secret("basic_auth_pass") {
                    draft.secrets.put(
                        &mut basic,
                        "password",
                        &password,
                        (&subject, "basic_auth_pass"),
                    );
                }
                piece.put("basic_auth", basic);
            }
        }
        Some("bearer") => {
            if let Some(token) = own.secret("bearer_token") {
                draft.secrets.put(
                    &mut piece.table,
                    "bearer_token",
                    &token,
                    (&subject, "bearer_token"),
                );
            }
        }
        Some("oauth2-cc") => oauth2(own, piece, draft),
        Some("mtls") => {}
        Some("ntlm") => {
            piece.off.get_or_insert("NTLM is not spoken".to_owned());
            own.lost("auth_domain", "NTLM is not spoken");
            own.lost("auth_workstation", "NTLM is not spoken");
        }
        Some(other) => piece.remark(format!("`auth_method`: {other:?} has no equivalent")),
    }
    // What another method would use is not sent by Kuma either.
    for column in [
        "basic_auth_user",
        "basic_auth_pass",
        "bearer_token",
        "auth_domain",
        "auth_workstation",
        "oauth_client_id",
        "oauth_client_secret",
        "oauth_token_url",
        "oauth_scopes",
        "oauth_auth_method",
        "oauth_audience",
    ] {
        own.drop(&[column]);
    }
    if method.as_deref() != Some("mtls") {
        own.drop(&["tls_cert", "tls_key", "tls_ca"]);
    }
}

fn oauth2(own: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    let mut table = Table::new();
    put(&mut table, "token_url", own.text("oauth_token_url").unwrap_or_default());
    put(&mut table, "client_id", own.text("oauth_client_id").unwrap_or_default());
    if let Some(secret) = own.secret("oauth_client_secret") {
        draft.secrets.put(
            &mut table,
            "client_secret",
            &secret,
            (&piece.subject, "oauth_client_secret"),
        );
    }
    if let Some(scopes) = own.text("oauth_scopes") {
        put(&mut table, "scopes", scopes.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    }
    if let Some(audience) = own.text("oauth_audience") {
        put(&mut table, "endpoint_params.audience", audience);
    }
    own.lost("oauth_auth_method", "client and secret go in the header `Authorization`, or where the server wants it, in the body");
    let remarks = std::mem::take(&mut own.remarks);
    piece.remarks.extend(remarks);
    piece.put("oauth2", table);
}

fn tls(
    own: &mut Section<'_>,
    is_tls: bool,
    database: &Database<'_>,
    piece: &mut Piece,
    draft: &mut Draft,
) {
    let mut table = Table::new();
    let ignores = own.flag("ignore_tls") == Some(true);
    if ignores {
        put(&mut table, "insecure_skip_verify", true);
    }
    for (theirs, ours) in [("tls_ca", "ca"), ("tls_cert", "cert")] {
        if let Some(pem) = own.text(theirs) {
            put(&mut table, ours, pem);
        }
    }
    if let Some(pem) = own.text("tls_key") {
        draft.secrets.pem(&mut table, "key", &pem, &piece.subject);
    }
    if !table.is_empty() {
        piece.put("tls", table);
    }
    // Kuma does not tell of a certificate that it does not verify.
    if own.flag("expiry_notification") == Some(true) && is_tls && !ignores {
        let days = database.setting("tlsExpiryNotifyDays");
        let days = days
            .as_ref()
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_u64).max());
        let days = days.flatten().unwrap_or(21).min(LONGEST_VALIDITY);
        put(&mut piece.common, "warn.certificate_validity", words(Duration::from_hours(24 * days)));
    }
}

fn proxy(own: &mut Section<'_>, database: &Database<'_>, piece: &mut Piece, draft: &mut Draft) {
    let Some(row) = own.take("proxy_id").and_then(|id| database.row("proxy", &id)) else { return };
    let mut proxy = section(row);
    if proxy.flag("active") == Some(false) {
        return piece.remark("its proxy is switched off, and left out");
    }
    let protocol = proxy.text("protocol").unwrap_or_default();
    let scheme = match protocol.as_str() {
        "http" | "https" => protocol.as_str(),
        "socks" | "socks5" | "socks5h" => "socks5",
        other => {
            return piece.remark(format!(
                "its proxy speaks {other:?}, which noroshi does not; it is left out"
            ));
        }
    };
    let (host, port) =
        (proxy.text("host").unwrap_or_default(), proxy.text("port").unwrap_or_default());
    piece.put("proxy_url", format!("{scheme}://{host}:{port}"));
    if proxy.flag("auth") == Some(true) {
        let mut basic = Table::new();
        put(&mut basic, "username", proxy.text("username").unwrap_or_default());
        if let Some(password) = proxy.secret("password") {
            let subject = format!("proxy {:?}", format!("{host}:{port}"));
            draft.secrets.put(&mut basic, "password", &password, (&subject, "password"));
        }
        piece.put("proxy_basic_auth", basic);
    }
}

/// `json_path` is JSONata; what is only a path can be said.
fn query(own: &mut Section<'_>, piece: &mut Piece) {
    let text = own.text("json_path").unwrap_or_default();
    let wanted = own.text("expected_value").unwrap_or_default();
    let operator = own.text("json_path_operator").unwrap_or_else(|| "==".to_owned());
    let bare = text.strip_prefix("$.").or(text.strip_prefix('$')).unwrap_or(&text);
    let contained = any_of(std::slice::from_ref(&wanted));
    let rule = Path::read(bare).and_then(|path| {
        let comparison = match operator.as_str() {
            "contains" => return Comparison::Matches(&contained).rule(&path),
            "==" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterEqual,
            _ => return None,
        };
        Comparison::Text(comparison, &wanted).rule(&path)
    });
    match rule {
        Some(Rule::Json(rule)) => piece.push("expect.json", rule),
        Some(Rule::Cel(rule)) => piece.push("expect.cel", rule),
        None => piece.remark(format!(
            "the query `{text}` {operator} `{wanted}` has no equivalent: JSONata is not spoken; `http.expect.cel` may say the same"
        )),
    }
}

/// The codes of a list such as `["200-299", "404"]`, which is JSON; nothing where nothing is said. What is no code of them
/// is told.
pub(super) fn codes(
    own: &mut Section<'_>,
    possible: RangeInclusive<u16>,
    piece: &mut Piece,
) -> Option<Vec<u16>> {
    const COLUMN: &str = "accepted_statuscodes_json";
    let text = own.text(COLUMN)?;
    let Ok(list) = serde_json::from_str::<Vec<Value>>(&text) else {
        piece.remark(format!("`{COLUMN}`: {text} is no list in JSON"));
        return None;
    };
    let mut ranges = Vec::new();
    for value in list {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (low, high) = text.split_once('-').unwrap_or((&text, &text));
        let range = low.trim().parse().ok().zip(high.trim().parse().ok());
        match range.filter(|(low, high)| low <= high && possible.contains(low)) {
            Some(range) => ranges.push(range),
            None => piece.remark(format!("`{COLUMN}`: {text:?} is no status code")),
        }
    }
    let is_listed =
        |code: &u16| ranges.iter().any(|(low, high): &(u16, u16)| low <= code && code <= high);
    Some(possible.filter(is_listed).collect())
}
