//! `client:`, how an endpoint is asked.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use toml::Table;

use super::kind::Kind;
use crate::compat::{
    client::options::put,
    draft::{Draft, Piece, Section},
};

/// Without `timeout`.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// Adds what the section says; gives the longest time of a run.
pub(super) fn apply(
    endpoint: &mut Section<'_>,
    kind: Kind,
    piece: &mut Piece,
    draft: &mut Draft,
) -> Duration {
    let url = piece.table.get("url").or(piece.table.get("address")).cloned();
    let is_tls = kind.speaks_tls(url.as_ref().and_then(toml::Value::as_str).unwrap_or_default())
        || piece.table.contains_key("tls");
    let Some(mut client) = endpoint.section("client") else { return TIMEOUT };
    if client.flag("insecure") == Some(true) {
        if is_tls {
            piece.put(&tls_key(piece.kind, "insecure_skip_verify"), true);
        } else {
            client
                .remarks
                .push("`client.insecure` has no effect there: there is no TLS".to_owned());
        }
    }
    if is_tls && let Some(mut tls) = client.section("tls") {
        for (theirs, ours) in [("certificate-file", "cert_file"), ("private-key-file", "key_file")]
        {
            if let Some(file) = tls.text(theirs) {
                piece.put(&tls_key(piece.kind, ours), file);
            }
        }
        tls.lost("renegotiation", "it is never agreed to");
        client.remarks.extend(tls.rest());
    }
    if kind == Kind::Http {
        http(&mut client, piece, draft);
    }
    if let Some(server) = client.text("dns-resolver") {
        resolver(&server, piece);
    }
    match client.text("network").as_deref() {
        Some(family @ ("ip4" | "ip6")) => {
            put(&mut piece.common, "preferred_ip_protocol", family);
            put(&mut piece.common, "ip_protocol_fallback", false);
        }
        Some("ip") | None => {}
        Some(other) => {
            piece.remark(format!("`client.network`: {other:?} is no family of addresses"));
        }
    }
    client.lost("identity-aware-proxy", "tokens of Google's Identity-Aware Proxy are not fetched");
    client.lost("kerberos", "Kerberos is not spoken");
    client.lost("tunnel", "no check goes through SSH");
    let timeout = client.duration("timeout").filter(|own| *own >= Duration::from_millis(1));
    piece.remarks.extend(client.rest());
    timeout.unwrap_or(TIMEOUT)
}

/// Where the options of TLS stand: in a table of their own, or for `tls` beside the rest.
fn tls_key(kind: &str, key: &str) -> String {
    if kind == "tls" { key.to_owned() } else { format!("tls.{key}") }
}

fn http(client: &mut Section<'_>, piece: &mut Piece, draft: &mut Draft) {
    if client.flag("ignore-redirect") == Some(true) {
        piece.put("redirects.follow", false);
    }
    let subject = piece.subject.clone();
    if let Some((bare, user)) = client.url("proxy-url") {
        piece.put("proxy_url", bare);
        if let Some((user, password)) = user {
            let mut basic = Table::new();
            put(&mut basic, "username", user);
            if let Some(password) = password {
                let whose = (&*subject, "client.proxy-url (its password)");
                draft.secrets.put(&mut basic, "password", &password, whose);
            }
            piece.put("proxy_basic_auth", basic);
        }
    }
    if let Some(mut oauth2) = client.section("oauth2") {
        let mut table = Table::new();
        put(&mut table, "token_url", oauth2.text("token-url").unwrap_or_default());
        put(&mut table, "client_id", oauth2.text("client-id").unwrap_or_default());
        if let Some(secret) = oauth2.secret("client-secret") {
            let whose = (&*subject, "client.oauth2.client-secret");
            draft.secrets.put(&mut table, "client_secret", &secret, whose);
        }
        put(&mut table, "scopes", oauth2.texts("scopes"));
        piece.put("oauth2", table);
        client.remarks.extend(oauth2.rest());
    }
}

/// `udp://1.1.1.1:53`
fn resolver(url: &str, piece: &mut Piece) {
    let (scheme, server) = url.split_once("://").unwrap_or(("udp", url));
    let address = server.parse::<SocketAddr>().map(|own| (own.ip(), Some(own.port())));
    let address = address.or_else(|_| server.parse::<IpAddr>().map(|own| (own, None)));
    let Ok((host, port)) = address else {
        piece.remark(format!(
            "`client.dns-resolver`: {server:?} is no address; `dns_server` takes nothing else"
        ));
        return;
    };
    if scheme != "udp" {
        piece.remark(format!("`client.dns-resolver`: the server is asked by UDP, not by {scheme}"));
    }
    let other = port.filter(|port| *port != 53);
    let written =
        other.map_or_else(|| host.to_string(), |port| SocketAddr::new(host, port).to_string());
    put(&mut piece.common, "dns_server", written);
}
