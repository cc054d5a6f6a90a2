//! The web configuration before the real tools: promtool, openssl, curl, systemd-socket-activate.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    server::{Server, free_port, get, part, wait_until},
    support::{
        daemon::{Daemon, noroshi},
        web_configs::{self, Verdict},
    },
};

const CHECKS: &str = "[checks.a]\ntcp.address = \"127.0.0.1:1\"\n";

#[test]
fn promtool_accepts_what_we_accept_and_refuses_what_we_refuse() {
    let Some(promtool) = part("promtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    web_configs::each(folder.path(), |file, text, verdict| {
        let said = Command::new(&promtool).args(["check", "web-config"]).arg(file).output();
        let accepted = said.unwrap().status.success();
        if accepted == (verdict == Verdict::Wrong) {
            wrong.push(format!("promtool accepts: {accepted}, expected {verdict:?}\n{text}"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A certificate for `localhost` in the folder.
fn certificate(folder: &Path) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(folder.join("server.crt"), own.cert.pem()).unwrap();
    std::fs::write(folder.join("server.key"), own.signing_key.serialize_pem()).unwrap();
}

fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn openssl_sees_the_new_certificate_and_curl_speaks_http2() {
    let (Some(openssl), Some(curl)) = (part("openssl"), part("curl")) else { return };
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let text = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n\
                http_server_config: {headers: {X-Frame-Options: deny}}\n";
    let web = folder.path().join("web.yml");
    std::fs::write(&web, text).unwrap();
    let config = folder.path().join("noroshi.toml");
    std::fs::write(&config, CHECKS).unwrap();
    let daemon = Daemon::start(&[
        "--config.file",
        config.to_str().unwrap(),
        "--web.config.file",
        web.to_str().unwrap(),
    ]);
    let address = daemon.url().trim_start_matches("http://").to_owned();
    let shown = || said(Command::new(&openssl).args(["s_client", "-connect", &address]));
    let first = shown();
    assert!(first.contains("BEGIN CERTIFICATE"), "{first}");
    let pem = |text: &str| {
        let (_, rest) = text.split_once("-----BEGIN CERTIFICATE").unwrap();
        rest.split("-----END").next().unwrap().to_owned()
    };
    assert_eq!(pem(&first), pem(&shown()));
    certificate(folder.path());
    assert_ne!(pem(&first), pem(&shown()), "the next connection has the new certificate");

    let url = format!("https://localhost:{}/metrics", address.rsplit_once(':').unwrap().1);
    let ask = |more: &[&str]| {
        let ca = folder.path().join("server.crt");
        let mut command = Command::new(&curl);
        command.args(["-sS", "-i", "--max-time", "20", "--cacert"]).arg(ca);
        said(command.args(more).arg(&url))
    };
    let answer = ask(&["--http2"]);
    assert!(answer.starts_with("HTTP/2 200"), "{answer}");
    assert!(answer.contains("x-frame-options: deny") && answer.contains("# HELP"), "{answer}");
    assert!(ask(&["--http1.1"]).starts_with("HTTP/1.1 200"));
    assert!(ask(&["-I"]).contains("x-frame-options: deny"));
}

#[test]
fn systemd_opens_the_sockets() {
    let Some(activate) = part("systemd-socket-activate") else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("noroshi.toml");
    std::fs::write(&config, CHECKS).unwrap();
    let ports = [free_port(), free_port()];
    let noroshi = noroshi(&[]);
    let mut command = Command::new(activate);
    for port in ports {
        command.args(["-l", &format!("127.0.0.1:{port}")]);
    }
    command.arg(noroshi.get_program()).arg("--web.systemd-socket").arg("--config.file").arg(config);
    // It starts the program when the first connection comes.
    let _server = Server::start(&mut command, folder.path(), "systemd-socket-activate", || true);
    for port in ports {
        let healthy = || get(([127, 0, 0, 1], port).into(), "/-/healthy");
        assert_eq!(wait_until("an answer", healthy), "noroshi is healthy.\n");
    }
}
