//! `tls_server_config`.

use std::path::PathBuf;

use super::{
    ClientAuth, Curve, Found, Pem, Tls, TlsVersion,
    values::{self, boolean, list, string, words},
    yaml::{Node, Place},
};
use crate::model::Secret;

/// Go's cipher suites, and whether this build has them. TLS 1.3's cannot be chosen, in Go neither.
const CIPHER_SUITES: [(&str, bool); 13] = [
    ("TLS_AES_128_GCM_SHA256", true),
    ("TLS_AES_256_GCM_SHA384", true),
    ("TLS_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", true),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", false),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", false),
];

/// The words of `curve_preferences`.
const CURVES: [(&str, Curve); 4] = [
    ("CurveP256", Curve::P256),
    ("CurveP384", Curve::P384),
    ("CurveP521", Curve::P521),
    ("X25519", Curve::X25519),
];

/// The words of `client_auth_type`; the last is an old name.
const CLIENT_AUTH: [(&str, ClientAuth); 6] = [
    ("NoClientCert", ClientAuth::NoClientCert),
    ("RequestClientCert", ClientAuth::RequestClientCert),
    ("RequireAnyClientCert", ClientAuth::RequireAnyClientCert),
    ("VerifyClientCertIfGiven", ClientAuth::VerifyClientCertIfGiven),
    ("RequireAndVerifyClientCert", ClientAuth::RequireAndVerifyClientCert),
    ("RequireClientCert", ClientAuth::RequireAnyClientCert),
];

/// `tls_server_config`; `None` where it switches nothing on, or where it is wrong.
pub(super) fn section(node: Option<&Node>, found: &mut Found) -> Option<Tls> {
    const KEYS: [&str; 13] = [
        "cert",
        "cert_file",
        "key",
        "key_file",
        "client_ca",
        "client_ca_file",
        "client_auth_type",
        "client_allowed_sans",
        "min_version",
        "max_version",
        "cipher_suites",
        "curve_preferences",
        "prefer_server_cipher_suites",
    ];
    let values = values::section(node, "tls_server_config", KEYS, found);
    let [cert, cert_file, key, key_file, client_ca_text, client_ca_file, auth, sans, ..] = values;
    let [.., min, max, suites, curves, prefer] = values;
    let place = node.map(|node| node.place).unwrap_or_default();
    let cert = pem(cert, cert_file, found);
    let key = pem(key, key_file, found);
    let client_ca = pem(client_ca_text, client_ca_file, found);
    let auth_word = auth.and_then(|node| string(node, found)).filter(|word| !word.is_empty());
    let allowed_sans = sans.and_then(|node| list(node, found, words));
    let min_version = min.and_then(|node| version(node, found)).unwrap_or(TlsVersion::Tls12);
    let max_version = max.and_then(|node| version(node, found)).unwrap_or(TlsVersion::Tls13);
    let cipher_suites = suites.and_then(|node| cipher_suites(node, max_version, found));
    let curves = curves.and_then(|node| curve_preferences(node, found));
    // Without effect in Go since 1.17, and so in the toolkit.
    let _ = prefer.and_then(|node| boolean(node, found));
    if cert.is_none() && key.is_none() && client_ca.is_none() && auth_word.is_none() {
        return None;
    }
    let client_auth = client_auth(auth_word.as_deref(), auth.map_or(place, |at| at.place), found);
    let mut wrong = |node: Option<&Node>, words: &str| {
        found.mistakes.push(node.map_or(place, |node| node.place).mistake(words));
    };
    if min_version > max_version {
        wrong(min.or(max), "min_version is above max_version: nobody could connect");
    }
    if client_ca.is_some() && client_auth == ClientAuth::NoClientCert {
        let words = "a client CA is set, but client_auth_type does not ask for certificates";
        wrong(client_ca_file.or(client_ca_text), words);
    }
    if cert.is_none() {
        wrong(None, "tls_server_config has neither cert nor cert_file");
    }
    if key.is_none() {
        wrong(None, "tls_server_config has neither key nor key_file");
    }
    if let Some(sans) = sans.filter(|_| client_auth == ClientAuth::NoClientCert) {
        let words = "client_allowed_sans has no effect: client_auth_type asks for no certificate";
        found.warnings.push(sans.place.mistake(words));
    }
    let (cert, key) = (cert?, key?);
    Some(Tls {
        cert,
        key,
        client_auth,
        client_ca,
        allowed_sans,
        min_version,
        max_version,
        cipher_suites,
        curves,
    })
}

/// The file goes before the text, as in the toolkit; what is blank is not set.
fn pem(inline: Option<&Node>, file: Option<&Node>, found: &mut Found) -> Option<Pem> {
    let mut set = |node: Option<&Node>| {
        node.and_then(|node| string(node, found)).filter(|text| !text.is_empty())
    };
    let (inline, file) = (set(inline), set(file));
    file.map(|path| Pem::File(PathBuf::from(path)))
        .or_else(|| inline.map(|text| Pem::Inline(Secret::new(text))))
}

fn client_auth(word: Option<&str>, place: Place, found: &mut Found) -> ClientAuth {
    let Some(word) = word else { return ClientAuth::NoClientCert };
    let known = CLIENT_AUTH.iter().find(|(own, _)| *own == word);
    known.map_or_else(
        || {
            let words = CLIENT_AUTH.map(|(own, _)| own);
            let message = format!("client_auth_type is none of {}", words[..5].join(", "));
            found.mistakes.push(place.mistake(message));
            // So that a client CA is not called useless because of a typo.
            ClientAuth::RequireAndVerifyClientCert
        },
        |(_, auth)| *auth,
    )
}

fn version(node: &Node, found: &mut Found) -> Option<TlsVersion> {
    let words = string(node, found)?;
    let message = match words.as_str() {
        "TLS13" => return Some(TlsVersion::Tls13),
        "TLS12" => return Some(TlsVersion::Tls12),
        "TLS11" | "TLS10" => format!(
            "{words} is not in this build: rustls speaks TLS 1.2 and 1.3 only, because TLS 1.0 and 1.1 are \
             deprecated (RFC 8996)"
        ),
        _ => format!("the version {words:?} is none of TLS12, TLS13"),
    };
    found.mistakes.push(node.place.mistake(message));
    None
}

/// The suites of TLS 1.2 that are chosen; `None` where all of them are.
fn cipher_suites(node: &Node, max: TlsVersion, found: &mut Found) -> Option<Vec<&'static str>> {
    let rows = list(node, found, |node, found| {
        let word = string(node, found)?;
        let row = CIPHER_SUITES.iter().find(|(own, _)| *own == word);
        match row {
            Some((_, true)) => {}
            Some((_, false)) => {
                let words =
                    format!("{word} is not in this build, and left out: CBC suites are weak");
                found.warnings.push(node.place.mistake(words));
            }
            None => {
                let words = format!("unknown cipher suite {word:?}");
                found.mistakes.push(node.place.mistake(words));
            }
        }
        row
    })?;
    // An empty list means all, as in Go.
    if rows.is_empty() {
        return None;
    }
    let chosen: Vec<&str> = rows.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect();
    if max == TlsVersion::Tls12 && !chosen.iter().any(|name| name.contains("_WITH_")) {
        let words = "none of these cipher suites is one for TLS 1.2 that this build has, and max_version is TLS12";
        found.mistakes.push(node.place.mistake(words));
    }
    Some(chosen)
}

/// `None` where nothing is chosen.
fn curve_preferences(node: &Node, found: &mut Found) -> Option<Vec<Curve>> {
    let chosen = list(node, found, |node, found| {
        let word = string(node, found)?;
        let curve = CURVES.iter().find(|(own, _)| *own == word).map(|(_, curve)| *curve);
        if curve.is_none() {
            let names = CURVES.map(|(own, _)| own).join(", ");
            found
                .mistakes
                .push(node.place.mistake(format!("the curve {word:?} is none of {names}")));
        }
        curve
    })?;
    (!chosen.is_empty()).then_some(chosen)
}
