use super::*;

fn good(text: &str) -> Read {
    read(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"))
}

fn bad(text: &str) -> String {
    let mistakes = read(text).expect_err(text);
    mistakes.iter().map(|mistake| format!("{mistake}\n")).collect::<Vec<_>>().concat()
}

#[test]
fn nothing_is_plain_http_for_everybody() {
    for text in ["", "# only words\n", "{}", "---\n", "tls_server_config:\nrate_limit: ~\n"] {
        let config = good(text).config;
        assert!(config.tls.is_none() && config.http2 && config.users.is_empty(), "{text}");
        assert!(config.headers.is_empty() && config.rate_limit.is_none(), "{text}");
    }
    // Versions alone switch nothing on.
    assert!(good("tls_server_config: {min_version: TLS13}").config.tls.is_none());
}

#[test]
fn everything_of_the_format() {
    let config = good(
        "tls_server_config:
  cert_file: a.crt
  key: |
    -----BEGIN
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [one, 192.0.2.1, 5]
  min_version: TLS13
  max_version: TLS13
  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: no
  curve_preferences: [X25519, CurveP384]
http_server_config:
  http2: off
  headers:
    X-Frame-Options: deny
    X-XSS-Protection: 1
    Content-Security-Policy: |
      default-src 'self';
      img-src *
    Strict-Transport-Security: ''
basic_auth_users:
  alice: $2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu
rate_limit: {interval: 100ms, burst: 20}
",
    )
    .config;
    let names = ["a.crt", "ca.pem"].map(Path::new);
    assert_eq!(config.files().collect::<Vec<_>>(), names);
    let tls = config.tls.unwrap();
    assert_eq!(tls.key, Pem::Inline(Secret::new("-----BEGIN\n")));
    assert_eq!(tls.client_auth, ClientAuth::RequireAndVerifyClientCert);
    assert_eq!(tls.allowed_sans.unwrap(), ["one", "192.0.2.1", "5"]);
    assert_eq!((tls.min_version, tls.max_version), (TlsVersion::Tls13, TlsVersion::Tls13));
    assert_eq!(tls.cipher_suites.unwrap().len(), 2);
    assert_eq!(tls.curves.unwrap(), [Curve::X25519, Curve::P384]);
    assert!(!config.http2);
    let header = |name| config.headers.iter().find(|(own, _)| *own == name).map(|(_, v)| &**v);
    assert_eq!(header("X-Frame-Options"), Some("deny"));
    assert_eq!(header("X-XSS-Protection"), Some("1"));
    assert_eq!(header("Content-Security-Policy"), Some("default-src 'self'; img-src *"));
    assert_eq!(header("Strict-Transport-Security"), None);
    assert_eq!(config.users.keys().collect::<Vec<_>>(), ["alice"]);
    let limit = RateLimit { interval: Duration::from_millis(100), burst: 20 };
    assert_eq!(config.rate_limit, Some(limit));
}

#[test]
fn every_mistake_at_once_with_its_place() {
    let all = bad("tls_server_config:
  cert_filse: a
  min_version: TLS11
  client_auth_type: Sometimes
http_server_config:
  http2: \"true\"
  headers:
    Content-Type: foo
    X-Frame-Options: DENY
basic_auth_users:
  john: doe
rate_limit: {interval: 1d, burst: x}
");
    let places: Vec<_> = all.lines().map(|line| line.split(": ").next().unwrap()).collect();
    let expected =
        ["2:3", "3:16", "2:3", "2:3", "4:21", "6:10", "8:5", "9:22", "11:9", "12:24", "12:35"];
    let mut expected = expected.to_vec();
    expected.sort_by_key(|place| {
        let (line, column) = place.split_once(':').unwrap();
        (line.parse::<usize>().unwrap(), column.parse::<usize>().unwrap())
    });
    assert_eq!(places, expected, "{all}");
    assert!(all.contains("TLS11 is not in this build"), "{all}");
    assert!(all.contains("unknown key `cert_filse` in tls_server_config; known: cert, cert_file"));
    // The value of a password is not in the message.
    assert!(!all.contains("doe"), "{all}");
}

#[test]
fn rules_between_keys() {
    const PAIR: &str = "cert_file: c, key_file: k";
    for (keys, words) in [
        ("key_file: k", "neither cert nor cert_file"),
        ("cert_file: c", "neither key nor key_file"),
        ("cert_file: '', key_file: k", "neither cert nor cert_file"),
        ("client_auth_type: NoClientCert", "neither cert"),
        ("cert_file: c, key_file: k, client_ca_file: ca", "does not ask for certificates"),
        ("cert_file: c, key_file: k, min_version: TLS13, max_version: TLS12", "nobody could"),
        ("cert_file: c, key_file: k, curve_preferences: [CurveP257]", "is none of CurveP256"),
        (
            "cert_file: c, key_file: k, max_version: TLS12, cipher_suites: [TLS_AES_128_GCM_SHA256]",
            "none of these cipher suites",
        ),
    ] {
        let said = bad(&format!("tls_server_config: {{{keys}}}\n"));
        assert!(said.contains(words), "{keys}: {said}");
    }
    for (more, words) in [
        ("client_allowed_sans: [a]", "has no effect"),
        ("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]", "left out"),
    ] {
        let read = good(&format!("tls_server_config: {{{PAIR}, {more}}}\n"));
        assert!(read.warnings[0].message.contains(words), "{more}: {:?}", read.warnings);
    }
    assert!(good("rate_limit: {interval: 5, burst: 1}").warnings[0].message.contains("nanosec"));
    assert!(good("rate_limit: {interval: 1s}").warnings[0].message.contains("429"));
}

#[test]
fn yaml_as_go_reads_it() {
    let burst = |text: &str| good(text).config.rate_limit.map(|limit| limit.burst);
    assert_eq!(burst("rate_limit: {interval: 1s, burst: 0x10}"), Some(16));
    assert_eq!(burst("rate_limit: {interval: \"1s\", burst: 1_0}"), Some(10));
    assert_eq!(burst("rate_limit: {interval: -1s, burst: 1}"), None);
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,60}|[-a-z_:{}\\[\\]\"'&*!|> \n]{0,60}") {
        let _ = read(&text);
    }
}
