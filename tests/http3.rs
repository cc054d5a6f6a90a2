//! HTTP/3 as those meet it who put noroshi in the place of blackbox_exporter: the binary, built with the feature `http3`.
//!
//! With `NOROSHI_PEER` set to the path of blackbox_exporter's own binary its pages are printed beside ours.
#![cfg(feature = "http3")]
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::{collections::BTreeMap, fs, net::SocketAddr, process::Command, sync::Arc};

use bytes::Bytes;
use hyper::Response;
use quinn::{Endpoint, Incoming, ServerConfig, crypto::rustls::QuicServerConfig};
use support::{
    authority::{Authority, Flaw},
    daemon::{Daemon, noroshi},
};

/// A server that answers `/page` with a page, `/open` with one of no announced length, and sends everything else to the
/// former, `/plain` out of TLS.
fn serve(authority: &Authority, flaw: Flaw) -> SocketAddr {
    let mut tls = authority.server(flaw, false);
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = QuicServerConfig::try_from(Arc::new(tls)).unwrap();
    let config = ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = endpoint.local_addr().unwrap();
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            tokio::spawn(answer(incoming));
        }
    });
    address
}

/// Clients go away as they like.
async fn answer(incoming: Incoming) -> Option<()> {
    let connection = h3_quinn::Connection::new(incoming.await.ok()?);
    let mut http = h3::server::Connection::<_, Bytes>::new(connection).await.ok()?;
    while let Ok(Some(resolver)) = http.accept().await {
        let (request, mut stream) = resolver.resolve_request().await.ok()?;
        let path = request.uri().path();
        let away = |location| Response::builder().status(302).header("location", location);
        let response = match path {
            "/page" => {
                let at = "Wed, 21 Oct 2015 07:28:00 GMT";
                Response::builder().header("content-length", 11).header("last-modified", at)
            }
            "/open" => Response::builder(),
            "/plain" => away("http://localhost:1/page"),
            _ => away("/page"),
        };
        stream.send_response(response.body(()).ok()?).await.ok()?;
        if ["/page", "/open"].contains(&path) && request.method() != "HEAD" {
            stream.send_data(Bytes::from_static(b"hello there")).await.ok()?;
        }
        stream.finish().await.ok()?;
    }
    Some(())
}

const MODULES: &str = r#"
modules:
  page: &page
    prober: http
    timeout: 5s
    http: &http
      preferred_ip_protocol: ip4
      enable_http2: false
      enable_http3: true
      valid_http_versions: [HTTP/3.0]
      tls_config: { ca_file: CA, server_name: localhost }
      fail_if_body_not_matches_regexp: ["^hello there$"]
  other:
    <<: *page
    http:
      <<: *http
      fail_if_body_not_matches_regexp: ["^good bye$"]
  untrusted:
    <<: *page
    http:
      <<: *http
      tls_config: {}
  brief:
    <<: *page
    timeout: 1s
  head:
    <<: *page
    http:
      <<: *http
      method: HEAD
      fail_if_body_not_matches_regexp: []
  stays:
    <<: *page
    http:
      <<: *http
      follow_redirects: false
      valid_status_codes: [302]
      fail_if_body_not_matches_regexp: []
"#;

/// Starts a program on the modules. The folder lives as long as the daemon.
fn start(mut program: Command, authority: &Authority) -> (Daemon, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("blackbox.yml");
    fs::write(&file, MODULES.replace("CA", authority.ca_file().to_str().unwrap())).unwrap();
    program.arg(format!("--config.file={}", file.display()));
    (Daemon::spawn(program.arg("--web.listen-address=127.0.0.1:0")), folder)
}

/// The series of a probe with their values.
fn probe(daemon: &Daemon, module: &str, target: &str) -> BTreeMap<String, f64> {
    let answer = daemon.get(&format!("/probe?module={module}&target={target}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let lines = answer.body.lines().filter(|line| !line.starts_with('#'));
    let series = lines.filter_map(|line| line.rsplit_once(' '));
    series.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn http3_answers_as_blackbox_exporter_does() {
    let authority = Authority::new();
    let good = serve(&authority, Flaw::None).to_string();
    let expired = serve(&authority, Flaw::Expired).to_string();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let (ours, _folder) = start(noroshi(&["blackbox"]), &authority);
    let probes = [
        ("page", format!("https://{good}/page"), None),
        ("page", format!("http://{good}/"), None),
        ("page", format!("{good}/page"), None),
        ("page", format!("https://{good}/open"), None),
        ("head", format!("https://{good}/page"), None),
        ("stays", format!("https://{good}/"), None),
        ("page", format!("https://{good}/plain"), Some("http_redirect")),
        ("other", format!("https://{good}/page"), Some("body_mismatch")),
        ("page", format!("https://{expired}/page"), Some("tls_expired")),
        ("untrusted", format!("https://{good}/page"), Some("tls_untrusted")),
        ("brief", format!("https://{silent}/page"), Some("connect_timeout")),
    ];
    let theirs = std::env::var_os("NOROSHI_PEER").map(|peer| start(Command::new(peer), &authority));
    for (module, target, reason) in &probes {
        let page = probe(&ours, module, target);
        let value = |name: &str| page.get(name).copied();
        let told = page.keys().find_map(|name| {
            name.strip_prefix("probe_failure_reason{reason=\"")?.strip_suffix("\"}")
        });
        assert_eq!(told, *reason, "{module} {target}");
        let is_met = f64::from(u8::from(reason.is_none()));
        assert_eq!(value("probe_success"), Some(is_met), "{module} {target}");
        // A chain that does not verify is shown too.
        let (is_answered, is_shaken) = match told {
            Some("tls_expired" | "tls_untrusted") => (false, true),
            Some("connect_timeout" | "http_redirect") => (false, false),
            _ => (true, true),
        };
        let version = if is_answered { 3.0 } else { 0.0 };
        assert_eq!(value("probe_http_version"), Some(version), "{module} {target}");
        assert_eq!(value("probe_http_ssl"), Some(version / 3.0), "{module} {target}");
        let tls = value("probe_tls_version_info{version=\"TLS 1.3\"}");
        assert_eq!(tls, is_shaken.then_some(1.0), "{module} {target}");
        assert_eq!(value("probe_ssl_earliest_cert_expiry").is_some(), is_shaken, "{module}");
        if let Some((theirs, _)) = &theirs {
            let theirs = probe(theirs, module, target);
            println!("== {module} {target}");
            for name in theirs.keys().chain(page.keys()).collect::<std::collections::BTreeSet<_>>()
            {
                let (peer, own) = (theirs.get(name), page.get(name));
                if peer != own {
                    println!("{name}: theirs {peer:?}, ours {own:?}");
                }
            }
        }
    }
    let page = probe(&ours, "page", &format!("https://{good}/"));
    for (name, value) in [
        ("probe_http_redirects", 1.0),
        ("probe_http_content_length", 11.0),
        ("probe_http_uncompressed_body_length", 11.0),
        ("probe_http_status_code", 200.0),
        ("probe_http_last_modified_timestamp_seconds", 1_445_412_480.0),
        ("probe_failed_due_to_regex", 0.0),
        ("probe_ip_protocol", 4.0),
    ] {
        assert_eq!(page.get(name), Some(&value), "{name}");
    }
    let cipher = "probe_tls_cipher_info{cipher=\"TLS_AES_128_GCM_SHA256\"}";
    assert_eq!(page.get(cipher), Some(&1.0));
    let phases = ["connect", "processing", "resolve", "tls", "transfer"];
    let phase = |phase: &&str| format!("probe_http_duration_seconds{{phase=\"{phase}\"}}");
    assert!(phases.iter().all(|name| page.contains_key(&phase(name))), "{page:?}");
}

#[test]
fn http3_modules_become_checks() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let module = "modules: { a: { prober: http, http: { enable_http3: true, enable_http2: false, \
                  proxy_url: \"http://proxy.test:3128\", valid_http_versions: [HTTP/3.0] } } }";
    let modules = at("blackbox.yml", module);
    let targets = at("targets.txt", "http://a.test/x a\n");
    let arguments = ["generate", "config", "--from-blackbox", &modules, "--targets", &targets];
    let output = noroshi(&arguments).output().unwrap();
    let config = String::from_utf8(output.stdout).unwrap();
    for line in ["url = \"https://a.test/x\"", "version = \"http3\"", "goes past every proxy"] {
        assert!(config.contains(line), "{line}:\n{config}");
    }
    assert!(!config.contains("proxy_url ="), "{config}");
    let config = at("noroshi.toml", &config);
    let checked = noroshi(&["check-config", &config]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let flag = format!("--config.file={modules}");
    let read = noroshi(&["blackbox", "--config.check", &flag]).output().unwrap();
    assert!(read.status.success() && String::from_utf8_lossy(&read.stderr).contains("B105"));
}
