//! Web configurations, right and wrong, with the verdict on each: exporter-toolkit's own cases and ours. `server.crt`,
//! `server.key` and `other.key` lie in the folder each is written to.

use std::path::{Path, PathBuf};

/// What is to be said of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// By the toolkit and by us.
    Right,
    /// By the toolkit and by us.
    Wrong,
    /// By us alone, and why.
    WrongHere(&'static str),
}

use Verdict::{Right, Wrong, WrongHere};

const HASH: &str = "$2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu";

/// Keys of `tls_server_config` beside a certificate and its key.
const TLS: &[(&str, Verdict)] = &[
    ("", Right),
    ("client_auth_type: VerifyClientCertIfGiven", Right),
    ("client_auth_type: NoClientCert", Right),
    ("client_auth_type: RequestClientCert", Right),
    ("client_auth_type: RequireClientCert", Right),
    ("client_auth_type: RequireAnyClientCert", Right),
    ("client_auth_type: RequireAndVerifyClientCert", Right),
    ("client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.crt", Right),
    ("client_auth_type: RequireAndVerifyClientCert\n  client_ca: junk", Right),
    ("client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: somefile", Wrong),
    ("client_auth_type: ~", Right),
    ("client_auth_type: x", Wrong),
    ("client_ca_file: somefile", Wrong),
    ("client_ca_file: server.crt", Wrong),
    ("client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [bad, 1, ~]", Right),
    ("client_auth_type: RequireAnyClientCert\n  client_allowed_sans: bad", Wrong),
    ("client_allowed_sans: []", Right),
    ("min_version: TLS13\n  max_version: TLS13", Right),
    ("min_version: ~", Right),
    ("min_version: TLS111", Wrong),
    ("min_version: tls12", Wrong),
    ("min_version: ''", Wrong),
    ("min_version: TLS10", WrongHere("this build speaks TLS 1.2 and 1.3 only")),
    ("max_version: TLS11", WrongHere("this build speaks TLS 1.2 and 1.3 only")),
    ("min_version: TLS13\n  max_version: TLS12", WrongHere("nobody could connect")),
    (
        "cipher_suites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n  - TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA\n  - TLS_AES_128_GCM_SHA256",
        Right,
    ),
    ("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n  max_version: TLS12", Right),
    ("cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]", Right),
    (
        "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]\n  max_version: TLS12",
        WrongHere("rustls has no suite with CBC, so nobody could connect"),
    ),
    ("cipher_suites: []", Right),
    ("cipher_suites: TLS_AES_128_GCM_SHA256", Wrong),
    ("cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048]", Wrong),
    ("cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]", Wrong),
    ("prefer_server_cipher_suites: no", Right),
    ("prefer_server_cipher_suites: 'no'", Wrong),
    ("curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]", Right),
    ("curve_preferences: [CurveP521]", Right),
    ("curve_preferences: [CurveP257]", Wrong),
    ("curve_preferences: [X25519MLKEM768]", Wrong),
    ("cert_filse: server.crt", Wrong),
    ("cert: junk", Right),
];

/// Whole files.
const FILES: &[(&str, Verdict)] = &[
    ("", Right),
    ("# only words\n", Right),
    ("{}\n", Right),
    ("hWkNKCp3fvIx3jKnsaBI\nTuEjdwNS8A2vYdFbiKqr\n", Wrong),
    ("- a\n", Wrong),
    ("x: 1\n", Wrong),
    ("1: b\n", Wrong),
    ("RATE_LIMIT: {}\n", Wrong),
    ("a: &a {cert_file: server.crt}\ntls_server_config: *a\n", Wrong),
    ("tls_server_config:\n\tcert_file: a\n", Wrong),
    ("\u{feff}rate_limit: {}\n", Right),
    ("rate_limit: {interval: 1s, burst: 1}\r\n", Right),
    ("--- {}\n--- {}\n", WrongHere("a second document is not passed over in silence")),
    ("tls_server_config: {cert_file: '', key_file: server.key}\n", Wrong),
    ("tls_server_config: {cert: '', key_file: server.key}\n", Wrong),
    ("tls_server_config: {cert_file: server.crt, key_file: ''}\n", Wrong),
    ("tls_server_config: {cert_file: '', key_file: '', client_auth_type: x}\n", Wrong),
    ("tls_server_config: {cert_file: somefile, key_file: server.key}\n", Wrong),
    ("tls_server_config: {cert_file: server.crt, key_file: somefile}\n", Wrong),
    ("tls_server_config: {cert_file: server.crt, key_file: other.key}\n", Wrong),
    ("tls_server_config: {cert_file: server.key, key_file: server.key}\n", Wrong),
    ("tls_server_config: {cert_file: server.crt, key_file: server.crt}\n", Wrong),
    ("tls_server_config: {cert: junk, key_file: server.key}\n", Wrong),
    ("tls_server_config: {client_auth_type: NoClientCert}\n", Wrong),
    ("tls_server_config: {min_version: TLS13}\n", Right),
    ("tls_server_config: {client_allowed_sans: [a]}\n", Right),
    ("tls_server_config: ~\n", Right),
    ("http_server_config: {http2: false}\n", Right),
    ("http_server_config: {http2: y}\n", Right),
    ("http_server_config: {http2: 'true'}\n", Wrong),
    ("http_server_config: {http2: 1}\n", Wrong),
    ("http_server_config: {http2: ~, headers: ~}\n", Right),
    ("http_server_config: {headers: {X-Frame-Options: deny, X-XSS-Protection: 1}}\n", Right),
    ("http_server_config: {headers: {X-Content-Type-Options: nosniff}}\n", Right),
    ("http_server_config: {headers: {Strict-Transport-Security: max-age=1; x}}\n", Right),
    ("http_server_config: {headers: {Content-Security-Policy: \"default-src 'self'\"}}\n", Right),
    ("http_server_config: {headers: {X-Content-Type-Options: sniff}}\n", Wrong),
    ("http_server_config: {headers: {X-Frame-Options: foo}}\n", Wrong),
    ("http_server_config: {headers: {X-Frame-Options: ''}}\n", Wrong),
    ("http_server_config: {headers: {X-Frame-Options: DENY}}\n", Wrong),
    ("http_server_config: {headers: {x-frame-options: deny}}\n", Wrong),
    ("http_server_config: {headers: {Content-Type: foo}}\n", Wrong),
    ("http_server_config: {headers: {X-XSS-Protection: [1]}}\n", Wrong),
    ("rate_limit: {interval: 0, burst: 0}\n", Right),
    ("rate_limit: {interval: \"1s\", burst: 0}\n", Right),
    ("rate_limit: {interval: 5, burst: 1}\n", Right),
    ("rate_limit: {interval: 1h1.5m, burst: 0x10}\n", Right),
    ("rate_limit: {interval: -1s, burst: -1}\n", Right),
    ("rate_limit: {interval: 1e3, burst: 1_000}\n", Right),
    ("rate_limit: {interval: ~, burst: ~}\n", Right),
    ("rate_limit: {interval: 1d, burst: 1}\n", Wrong),
    ("rate_limit: {interval: 1:30, burst: 1}\n", Wrong),
    ("rate_limit: {interval: true, burst: 1}\n", Wrong),
    ("rate_limit: {interval: '', burst: 1}\n", Wrong),
    ("rate_limit: {interval: 9999999999999999999, burst: 1}\n", Wrong),
    ("rate_limit: {interval: 1s, burst: '1'}\n", Wrong),
    ("rate_limit: {burst: 1, burst: 2}\n", Wrong),
    ("rate_limit: []\n", Wrong),
    ("rate_limit: ''\n", Wrong),
    ("rate_limit: {}\nrate_limit: {}\n", Wrong),
    ("rate_limit: &a {interval: 1s}\nhttp_server_config:\n  <<: {http2: no}\n", Right),
    ("basic_auth_users: ~\n", Right),
    ("basic_auth_users: []\n", Wrong),
    ("basic_auth_users: {john: doe}\n", Wrong),
    ("basic_auth_users: {john: ~}\n", Wrong),
    ("basic_auth_users: {john: [HASH]}\n", Wrong),
    ("basic_auth_users: {alice: HASH, 1: HASH, '': HASH}\n", Right),
    ("basic_auth_users: {alice: HASH, alice: HASH}\n", Wrong),
    ("basic_auth_users: {alice: HASHXX}\n", Right),
    (
        "basic_auth_users: {alice: $2y$03$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu}\n",
        Wrong,
    ),
    (
        "basic_auth_users: {alice: $2a$31$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu}\n",
        Right,
    ),
    (
        "basic_auth_users: {alice: $3y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu}\n",
        Wrong,
    ),
];

/// Calls `look` with the file of every case, its text and its verdict.
pub fn each(folder: &Path, mut look: impl FnMut(&Path, &str, Verdict)) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    write("server.crt", &own.cert.pem());
    write("server.key", &own.signing_key.serialize_pem());
    write("other.key", &other.serialize_pem());
    for (keys, verdict) in TLS {
        let text = format!(
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  {keys}\n"
        );
        look(&write("web.yml", &text), &text, *verdict);
    }
    for (text, verdict) in FILES {
        let text = text.replace("HASH", HASH);
        look(&write("web.yml", &text), &text, *verdict);
    }
}
