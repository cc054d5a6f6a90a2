//! Dialogues as blackbox_exporter's `query_response` has them, over TCP.

use std::{net::SocketAddr, time::Duration};

use tokio::io::AsyncWriteExt;

use crate::{
    model::Reason,
    net::tls::testing::{Authority, Server},
    probe::{
        self, Aim, Report, Spec,
        testing::{drain, probe, say_and_hear, serve},
    },
};

const PATIENT: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(150);

fn spec(toml: &str) -> Spec {
    let spec = Spec::Tcp(toml::from_str(toml).unwrap());
    assert_eq!(spec.problems(), [], "{toml}");
    spec
}

async fn hold(to: SocketAddr, dialogue: &str, timeout: Duration) -> Report {
    let toml = format!("address = '{to}'\nwhole_lines = true\ndialogue = {dialogue}");
    probe(spec(&toml), timeout).await
}

/// A server that says this and then closes its side, or waits.
async fn sayer(says: &'static [u8], closes: bool) -> SocketAddr {
    serve(move |mut stream| async move {
        stream.write_all(says).await.unwrap();
        if closes {
            stream.shutdown().await.unwrap();
        }
        drain(stream).await;
    })
    .await
}

fn unmatched(report: &Report) -> Vec<&str> {
    report.labels("noroshi_dialogue_unmatched_info").concat()
}

#[test]
fn mistakes_of_labels_and_of_starttls_are_found() {
    let spec: probe::tcp::Spec = toml::from_str(
        "address = 'x:1'
        dialogue = [
            { send = 'a', labels = { a = 'b' } },
            { expect = '(a)', labels = { a-b = '${1}', __a = '', b = '${2}' } },
            { starttls = true },
            { starttls = true },
        ]",
    )
    .unwrap();
    let paths: Vec<_> =
        Spec::Tcp(spec).problems().into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        paths,
        [
            "dialogue[0].labels",
            "dialogue[1].labels.__a",
            "dialogue[1].labels.a-b",
            "dialogue[1].labels.b",
            "dialogue[3].starttls",
        ]
    );
    for first in ["starttls = 'smtp'", "starttls = 'smtp'\ntls = {}"] {
        let toml = format!("address = 'x:1'\n{first}\ndialogue = [{{ starttls = true }}]");
        let spec = Spec::Tcp(toml::from_str(&toml).unwrap());
        assert_eq!(spec.problems()[0].path, "dialogue[0].starttls");
    }
}

#[tokio::test]
async fn labels_are_expanded_from_the_line_that_matched() {
    let to = sayer(b"noise\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2\r\nversion 7\r\n", false).await;
    let dialogue = r"[
        { expect = '^SSH-2.0-([^ -]+)(?: (?P<comment>.*))?$', labels = { version = '${1}', rest = '<${comment}> $$' } },
        { expect = 'version (.)', labels = { version = '${1}' } },
    ]";
    let report = hold(to, dialogue, PATIENT).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert_eq!(
        report.labels("noroshi_dialogue_label_info"),
        [["1", "rest", "<Debian-2> $"], ["1", "version", "OpenSSH_9.2p1"], ["2", "version", "7"]]
    );
    assert!(unmatched(&report).is_empty());
}

#[tokio::test]
async fn a_line_is_whole_or_the_last_one() {
    for (says, closes, expect, reason) in [
        // A prompt is no line.
        (&b"login: "[..], false, "login", Some(Reason::ReceiveTimeout)),
        (b"login: \r", true, "^login: $", None),
        (b"a\r\r\nb", true, "^a\r$", None),
        (b"\n", false, "^$", None),
        (b"", true, "", Some(Reason::ConnectionClosed)),
        (b"x y\nz", true, "^y", Some(Reason::ExpectMismatch)),
    ] {
        let to = sayer(says, closes).await;
        let timeout = if reason == Some(Reason::ReceiveTimeout) { SHORT } else { PATIENT };
        let dialogue = format!("[{{ expect = \"{}\" }}]", expect.escape_debug());
        let report = hold(to, &dialogue, timeout).await;
        assert_eq!(report.reason(), reason, "{says:?} {expect:?}: {}", report.detail());
    }
    // All of a matched line is done with: what is left of it is no line of its own.
    let to = sayer(b"one two\nthree\n", true).await;
    let report = hold(to, "[{ expect = 'one' }, { expect = 'two' }]", PATIENT).await;
    assert!(
        report.detail().starts_with("step 2: wanted /two/, got \"three"),
        "{}",
        report.detail()
    );
}

#[tokio::test]
async fn lines_have_a_longest_length_and_a_flood_of_them_ends() {
    let line = |len: usize| [&vec![b'x'; len][..], b"!\n"].concat();
    for (len, reason) in [(64 * 1024 - 2, None), (64 * 1024, Some(Reason::ExpectMismatch))] {
        let says = line(len);
        let to = serve(|mut stream| async move {
            stream.write_all(&says).await.unwrap();
            drain(stream).await;
        });
        let report = hold(to.await, "[{ expect = '!$' }]", PATIENT).await;
        assert_eq!(report.reason(), reason, "{len}: {}", report.detail());
        assert!(unmatched(&report).is_empty());
    }
    // Ten lines of a hundred kilobytes altogether are passed over.
    let says = [line(10_000).repeat(10), b"found\n".to_vec()].concat();
    let to = serve(|mut stream| async move {
        stream.write_all(&says).await.unwrap();
        drain(stream).await;
    });
    let report = hold(to.await, "[{ expect = 'found' }]", PATIENT).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    let to = serve(|mut stream| async move {
        while stream.write_all(&b"spam\n".repeat(1000)).await.is_ok() {}
    });
    let report = hold(to.await, "[{ expect = 'never' }]", PATIENT).await;
    assert_eq!(report.reason(), Some(Reason::ExpectMismatch));
    assert!(unmatched(&report).is_empty(), "it has not ended");
}

#[tokio::test]
async fn a_mismatch_is_told_from_silence_as_blackbox_exporter_does() {
    for (says, closes, step, by) in [
        (&b"220 no\n"[..], true, "expect = '^250'", &["regex"][..]),
        (b"", true, "expect = '^250'", &["regex"]),
        (b"220 no\n", false, "expect = '^250'", &[]),
        (b"abc", false, "expect_hex = '61 62 64'", &["bytes"]),
        (b"abcd", true, "expect_hex = '61 62 64'", &["bytes"]),
        (b"ab", true, "expect_hex = '61 62 64'", &[]),
        (b"ax", true, "expect_hex = '61 62 64'", &[]),
        (b"ab", false, "expect_hex = '61 62 64'", &[]),
        (b"no", true, "expect_text = 'yes'", &[]),
    ] {
        let to = sayer(says, closes).await;
        let report = hold(to, &format!("[{{ {step} }}]"), SHORT).await;
        assert!(report.reason().is_some());
        assert_eq!(unmatched(&report), by, "{says:?} {closes} {step}: {}", report.detail());
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_sent_as_they_are() {
    let to = serve(|mut stream| async move {
        let mut heard = Vec::new();
        while heard != b"\xff\x00${1}\n" {
            tokio::io::AsyncReadExt::read_buf(&mut stream, &mut heard).await.unwrap();
        }
        stream.write_all(b"\x00\xffok\n").await.unwrap();
        drain(stream).await;
    });
    let dialogue =
        "[{ send_hex = 'ff 00 24 7b 31 7d 0a' }, { expect_hex = '00 ff' }, { expect = '^(ok)$' }]";
    let report = hold(to.await, dialogue, PATIENT).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
}

/// A mail server: plain text, `STARTTLS`, and a greeting inside TLS.
async fn mail(authority: &Authority, then: &'static str) -> SocketAddr {
    let acceptor = authority.issue(|_| {}).acceptor(Server::default());
    serve(move |mut stream| async move {
        say_and_hear(&mut stream, "220 mail\r\n", "EHLO prober\r\n").await;
        let offers = "250-mail\r\n250-STARTTLS\r\n250 HELP\r\n";
        say_and_hear(&mut stream, offers, "STARTTLS\r\n").await;
        stream.write_all(then.as_bytes()).await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let mut heard = [0; 13];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut heard).await.unwrap();
        assert_eq!(&heard, b"EHLO prober\r\n");
        stream.write_all(b"250-AUTH PLAIN\r\n").await.unwrap();
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0]).await;
    })
    .await
}

fn mail_check(to: SocketAddr, options: &str) -> String {
    format!(
        r#"address = 'localhost:{}'
        tls = {{ {options} }}
        whole_lines = true
        expect.certificate_validity = "1d"
        dialogue = [
            {{ expect = "^220 ", send = "EHLO prober\r\n" }},
            {{ expect = "^250-STARTTLS" }},
            {{ send = "STARTTLS\r\n" }},
            {{ expect = "^220" }},
            {{ starttls = true }},
            {{ send = "EHLO prober\r\n" }},
            {{ expect = "^250-AUTH" }},
        ]"#,
        to.port()
    )
}

#[tokio::test]
async fn a_step_changes_to_tls_and_what_came_before_it_is_not_taken_for_inside() {
    let authority = Authority::new();
    let trusting = format!("ca_file = '{}'", authority.ca_file().display());
    for then in ["220 go\r\n", "220 go\r\n250-AUTH EVIL\r\n"] {
        let to = mail(&authority, then).await;
        let report = probe(spec(&mail_check(to, &trusting)), PATIENT).await;
        assert_eq!(report.reason(), None, "{}", report.detail());
        assert_eq!(report.value("noroshi_tcp_steps_completed"), Some(7.0));
        assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));
    }
    let to = mail(&authority, "220 go\r\n").await;
    let report = probe(spec(&mail_check(to, "")), PATIENT).await;
    assert_eq!(report.reason(), Some(Reason::TlsUntrusted));
    assert!(report.detail().starts_with("step 5: "), "{}", report.detail());
    assert!(report.value("noroshi_tls_not_after_timestamp_seconds").is_some());
}

#[tokio::test]
async fn hostname_is_verified_in_a_step_too() {
    let authority = Authority::new();
    let to = mail(&authority, "220 go\r\n").await;
    let trusting = format!("ca_file = '{}'", authority.ca_file().display());
    let address = to.to_string();
    let module = spec(&mail_check(to, &trusting));
    let aim = Aim { target: &address, hostname: Some("other.test"), ..Aim::default() };
    let report = probe(module.aimed(&aim).unwrap(), PATIENT).await;
    assert_eq!(report.reason(), Some(Reason::TlsNameMismatch), "{}", report.detail());
    let aim = Aim { target: &address, ..Aim::default() };
    let to_itself = module.aimed(&aim).unwrap();
    let Spec::Tcp(to_itself) = to_itself else { panic!("not tcp") };
    assert_eq!(to_itself.tls.unwrap().server_name, None);
}
