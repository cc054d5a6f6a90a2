//! Nodes to a [`WebConfig`]: known keys, their types, and the rules between them.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    ClientAuth, Curve, Mistake, Pem, RateLimit, Tls, TlsVersion, WebConfig, go, users,
    yaml::{Key, Kind, Node, Place},
};
use crate::model::Secret;

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Mistake>,
}

/// A table of the file, its known keys by name.
struct Section<'n, const N: usize> {
    values: [Option<&'n Node>; N],
}

/// Headers that may be set, with the values that may be.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
    ("Content-Security-Policy", &[]),
];

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

/// Go's curves, and ours.
const CURVES: [(&str, Option<Curve>); 4] = [
    ("CurveP256", Some(Curve::P256)),
    ("CurveP384", Some(Curve::P384)),
    ("CurveP521", None),
    ("X25519", Some(Curve::X25519)),
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

/// The whole file; `None` or a mistake in `found` when it cannot be used.
pub(super) fn config(root: &Node, found: &mut Found) -> Option<WebConfig> {
    const KEYS: [&str; 4] =
        ["tls_server_config", "http_server_config", "rate_limit", "basic_auth_users"];
    let [tls, http, rate_limit, users] = section(Some(root), "the file", KEYS, found).values;
    let (http2, headers) = http_section(http, found);
    let tls = tls_section(tls, found);
    let rate_limit = rate_section(rate_limit, found);
    let users = user_section(users, found);
    found.mistakes.is_empty().then_some(WebConfig { tls, http2, headers, users, rate_limit })
}

fn tls_section(node: Option<&Node>, found: &mut Found) -> Option<Tls> {
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
    let values = section(node, "tls_server_config", KEYS, found).values;
    let [cert, cert_file, key, key_file, client_ca, client_ca_file, auth, sans, ..] = values;
    let [.., min, max, suites, curves, prefer] = values;
    let place = node.map(|node| node.place).unwrap_or_default();
    let cert = pem(cert, cert_file, found);
    let key = pem(key, key_file, found);
    let client_ca = pem(client_ca, client_ca_file, found);
    let auth_word = auth.and_then(|node| string(node, found)).filter(|word| !word.is_empty());
    let allowed_sans = sans.and_then(|node| {
        list(node, found, |node, found| Some(string(node, found).unwrap_or_default()))
    });
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
    if min_version > max_version {
        let at = min.or(max).map_or(place, |at| at.place);
        found.mistakes.push(at.mistake("min_version is above max_version: nobody could connect"));
    }
    if client_ca.is_some() && client_auth == ClientAuth::NoClientCert {
        let words = "a client CA is set, but client_auth_type does not ask for certificates";
        found.mistakes.push(client_ca_file.map_or(place, |at| at.place).mistake(words));
    }
    if let Some(sans) = sans.filter(|_| client_auth == ClientAuth::NoClientCert) {
        let words =
            "client_allowed_sans has no effect: client_auth_type does not ask for certificates";
        found.warnings.push(sans.place.mistake(words));
    }
    for (name, missing) in [("cert", cert.is_none()), ("key", key.is_none())] {
        if missing {
            let words = format!("tls_server_config has neither {name} nor {name}_file");
            found.mistakes.push(place.mistake(words));
        }
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
                found.mistakes.push(node.place.mistake(format!("unknown cipher suite {word:?}")))
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

fn curve_preferences(node: &Node, found: &mut Found) -> Option<Vec<Curve>> {
    let rows = list(node, found, |node, found| {
        let word = string(node, found)?;
        let row = CURVES.iter().find(|(own, _)| *own == word);
        match row {
            Some((_, Some(_))) => {}
            Some((_, None)) => {
                let words = format!("{word} is not in this build, and left out");
                found.warnings.push(node.place.mistake(words));
            }
            None => {
                let message = format!(
                    "the curve {word:?} is none of {}",
                    CURVES.map(|(own, _)| own).join(", ")
                );
                found.mistakes.push(node.place.mistake(message));
            }
        }
        row
    })?;
    if rows.is_empty() {
        return None;
    }
    let chosen: Vec<Curve> = rows.iter().filter_map(|(_, curve)| *curve).collect();
    if chosen.is_empty() {
        let words = "none of these curves is in this build: it has CurveP256, CurveP384 and X25519";
        found.mistakes.push(node.place.mistake(words));
    }
    Some(chosen)
}

fn http_section(node: Option<&Node>, found: &mut Found) -> (bool, Vec<(&'static str, String)>) {
    let [http2, headers] = section(node, "http_server_config", ["http2", "headers"], found).values;
    let http2 = http2.and_then(|node| boolean(node, found)).unwrap_or(true);
    let mut set = Vec::new();
    for (key, value) in headers.map(|node| map(node, found)).unwrap_or_default() {
        set.extend(header(key, value, found));
    }
    (http2, set)
}

fn header(key: &Key, value: &Node, found: &mut Found) -> Option<(&'static str, String)> {
    let text = match &value.kind {
        Kind::Scalar { .. } => string(value, found).unwrap_or_default(),
        _ => string(value, found)?,
    };
    let Some((name, values)) = HEADERS.iter().find(|(name, _)| *name == key.text) else {
        let names = HEADERS.map(|(name, _)| name).join(", ");
        let message = format!("the header {:?} cannot be set here; {names} can", key.text);
        found.mistakes.push(key.place.mistake(message));
        return None;
    };
    if !values.is_empty() && !values.contains(&text.as_str()) {
        let message = format!("{name} is {text:?}, and may only be {}", values.join(" or "));
        found.mistakes.push(value.place.mistake(message));
        return None;
    }
    // As Go writes them: a line's end becomes a space, and the outermost ones go.
    let text = text.replace(['\r', '\n'], " ").trim_matches([' ', '\t']).to_owned();
    if text.chars().any(|c| c.is_ascii_control() && c != '\t') {
        found.mistakes.push(value.place.mistake(format!("{name} holds a control character")));
        return None;
    }
    (!text.is_empty()).then_some((*name, text))
}

fn rate_section(node: Option<&Node>, found: &mut Found) -> Option<RateLimit> {
    let [interval, burst] = section(node, "rate_limit", ["interval", "burst"], found).values;
    let spec = interval.and_then(|node| duration(node, found));
    let burst_of = burst.and_then(|node| integer(node, found)).unwrap_or(0);
    let interval = go::positive(spec.unwrap_or_default())?;
    let place = burst.or(node).map(|node| node.place).unwrap_or_default();
    let burst = u32::try_from(burst_of.clamp(0, u32::MAX.into())).unwrap_or_default();
    if burst == 0 {
        found.warnings.push(place.mistake("burst is 0: every request will be answered 429"));
    }
    Some(RateLimit { interval, burst })
}

fn user_section(node: Option<&Node>, found: &mut Found) -> BTreeMap<String, Secret> {
    let mut users = BTreeMap::new();
    for (name, node) in node.map(|node| map(node, found)).unwrap_or_default() {
        let hash = match &node.kind {
            Kind::Scalar { .. } => string(node, found).unwrap_or_default(),
            _ => {
                let _ = string(node, found);
                continue;
            }
        };
        if let Some(why) = users::refused(&hash) {
            let message = format!("the password of {:?} is no bcrypt hash: {why}", name.text);
            found.mistakes.push(node.place.mistake(message));
        } else if !users::fits_some_password(&hash) {
            let message = format!("no password fits the hash of {:?}: it is damaged", name.text);
            found.warnings.push(node.place.mistake(message));
        }
        users.insert(name.text.clone(), Secret::new(hash));
    }
    users
}

/// The known keys of a table; others are mistakes.
fn section<'n, const N: usize>(
    node: Option<&'n Node>,
    name: &str,
    known: [&str; N],
    found: &mut Found,
) -> Section<'n, N> {
    let mut values = [None; N];
    for (key, value) in node.map(|node| map(node, found)).unwrap_or_default() {
        match known.iter().position(|own| *own == key.text) {
            Some(at) => values[at] = Some(value),
            None => {
                let message =
                    format!("unknown key `{}` in {name}; known: {}", key.text, known.join(", "));
                found.mistakes.push(key.place.mistake(message));
            }
        }
    }
    Section { values }
}

fn map<'n>(node: &'n Node, found: &mut Found) -> Vec<(&'n Key, &'n Node)> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().map(|(key, value)| (key, value)).collect(),
        Kind::Scalar { text, plain: true } if go::is_null(text) => Vec::new(),
        _ => {
            found.mistakes.push(node.place.mistake("a table of keys and values belongs here"));
            Vec::new()
        }
    }
}

fn list<'n, T>(
    node: &'n Node,
    found: &mut Found,
    mut element: impl FnMut(&'n Node, &mut Found) -> Option<T>,
) -> Option<Vec<T>> {
    match &node.kind {
        Kind::List(nodes) => Some(nodes.iter().filter_map(|node| element(node, found)).collect()),
        Kind::Scalar { text, plain: true } if go::is_null(text) => None,
        _ => {
            found.mistakes.push(node.place.mistake("a list belongs here"));
            None
        }
    }
}

/// Any scalar is a string; none at all leaves the default.
fn string(node: &Node, found: &mut Found) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, plain } if !(*plain && go::is_null(text)) => Some(text.clone()),
        Kind::Scalar { .. } => None,
        _ => {
            found.mistakes.push(node.place.mistake("a string belongs here"));
            None
        }
    }
}

fn boolean(node: &Node, found: &mut Found) -> Option<bool> {
    plain(node, "true or false belongs here", go::boolean, found)
}

fn integer(node: &Node, found: &mut Found) -> Option<i64> {
    plain(node, "a whole number belongs here", go::integer, found)
}

/// In nanoseconds. A bare number is one of nanoseconds, which nobody means.
fn duration(node: &Node, found: &mut Found) -> Option<i64> {
    if let Kind::Scalar { text, plain: false } = &node.kind
        && let Some(duration) = go::duration(text)
    {
        return Some(duration);
    }
    if let Kind::Scalar { text, plain: true } = &node.kind
        && let Some(number) = go::integer(text)
        && number > 0
    {
        let words = format!("{number} without a unit are nanoseconds: write {number}s for seconds");
        found.warnings.push(node.place.mistake(words));
    }
    let read = |text: &str| go::integer(text).or_else(|| go::duration(text));
    plain(node, "a duration such as 1s or 100ms belongs here", read, found)
}

/// A scalar without quotes, read; none at all leaves the default.
fn plain<T>(
    node: &Node,
    wanted: &str,
    read: impl Fn(&str) -> Option<T>,
    found: &mut Found,
) -> Option<T> {
    let value = match &node.kind {
        Kind::Scalar { text, plain: true } if go::is_null(text) => return None,
        Kind::Scalar { text, plain: true } => read(text),
        _ => None,
    };
    if value.is_none() {
        found.mistakes.push(node.place.mistake(wanted));
    }
    value
}
