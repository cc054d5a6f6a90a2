use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::{
    model::{Phase, Reason},
    net::tls::testing::{Authority, Identity, Server},
    probe::{
        self, Report,
        testing::{drain, probe, say_and_hear, serve},
    },
};

const PATIENT: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(150);

fn spec(toml: &str) -> Spec {
    toml::from_str(toml).unwrap()
}

/// A run of a dialogue against an address.
async fn hold(to: SocketAddr, dialogue: &str, timeout: Duration) -> Report {
    let spec = spec(&format!("address = '{to}'\ndialogue = {dialogue}"));
    assert_eq!(spec.problems(), []);
    probe(probe::Spec::Tcp(spec), timeout).await
}

async fn starttls(to: SocketAddr, protocol: &str, rest: &str) -> Report {
    let spec = spec(&format!("address = '{to}'\nstarttls = '{protocol}'\n{rest}"));
    probe(probe::Spec::Tcp(spec), PATIENT).await
}

#[test]
fn the_example_is_valid() {
    let spec = spec(&Spec::EXAMPLE.replace("tcp.", ""));
    assert_eq!(spec.problems(), []);
    assert_eq!(toml::from_str::<Spec>(&toml::to_string(&spec).unwrap()), Ok(spec));
}

#[test]
fn steps_that_make_no_sense_are_found() {
    let spec = spec(
        "address = 'x:1'
        expect = { certificate_validity = '1d' }
        dialogue = [
            {},
            { expect = 'a', expect_text = 'b' },
            { send = 'a', send_hex = '00' },
            { expect_text = '' },
            { expect_hex = '' },
            { send = 'a', send_file = '/x' },
            { send_file = '/x', send_env = 'X' },
        ]",
    );
    let paths: Vec<_> = spec.problems().into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        paths,
        [
            "dialogue[0]",
            "dialogue[1].expect_text",
            "dialogue[2].send_hex",
            "dialogue[3].expect_text",
            "dialogue[4].expect_hex",
            "dialogue[5].send_file",
            "dialogue[6].send_env",
            "expect.certificate_validity"
        ]
    );
}

#[tokio::test]
async fn a_connection_alone_counts() {
    let to = serve(drain).await;
    let report = probe(probe::Spec::Tcp(spec(&format!("address = '{to}'"))), PATIENT).await;
    assert_eq!(report.reason(), None);
    assert_eq!(report.value("noroshi_tcp_steps_completed"), None);
    assert!(report.outcome.phases.of(Phase::Connect).is_some());
}

#[tokio::test]
async fn a_dialogue_captures_expands_and_keeps_what_it_did_not_ask_for() {
    let to = serve(|mut stream| async move {
        // In pieces, so that the greeting's line is unfinished at first.
        stream.write_all(b"hello\r\n220 mail.exa").await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(b"mple.org ESMTP\r\n250-one\r\n").await.unwrap();
        say_and_hear(&mut stream, "", "EHLO mail.example.org $1\r\n").await;
        stream.write_all(b"250 two\r\n\x00\xff").await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        assert_eq!(byte, [7]);
        drain(stream).await;
    })
    .await;
    let report = hold(
        to,
        r#"[
            { expect = "^220 (?P<host>[^ ]+)", send = "EHLO ${1} $$1\r\n" },
            { expect_text = "one\r\n250" },
            { expect_text = " two\r\n" },
            { expect_hex = "00 ff", send_hex = "07" },
        ]"#,
        PATIENT,
    )
    .await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert_eq!(report.value("noroshi_tcp_steps_completed"), Some(4.0));
    assert_eq!(report.labels("noroshi_tcp_captured_info"), [["1", "host", "mail.example.org"]]);
    assert!(report.trace.expectations.iter().all(|expectation| expectation.held));
    for phase in [Phase::Send, Phase::Wait, Phase::Receive] {
        assert!(report.outcome.phases.of(phase).is_some(), "{phase:?}");
    }
}

#[tokio::test]
async fn text_without_expect_is_sent_as_written() {
    let to = serve(|mut stream| async move {
        say_and_hear(&mut stream, "", "${1} $$ costs").await;
        stream.write_all(b"done").await.unwrap();
        drain(stream).await;
    })
    .await;
    let report =
        hold(to, r#"[{ send = "${1} $$ costs" }, { expect_text = "done" }]"#, PATIENT).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
}

#[tokio::test]
async fn a_secret_is_read_at_the_run_and_never_shown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hunter2\n").unwrap();
    let to = serve(|mut stream| async move {
        say_and_hear(&mut stream, "", "PASS hunter2\r\n").await;
        say_and_hear(&mut stream, "+OK\r\n", "LOGIN hunter3\r\n").await;
    })
    .await;
    let dialogue = format!(
        r#"[{{ send = "PASS " }}, {{ send_file = '{}' }}, {{ send = "\r\n" }},
            {{ expect = "OK", send = "LOGIN hunter3\r\n" }}]"#,
        file.path().display()
    );
    let report = hold(to, &dialogue, PATIENT).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert!(!format!("{:?}", report.trace).contains("hunter"), "{:?}", report.trace);
    let report = hold(to, "[{ send_env = 'NOROSHI_TEST_UNSET' }]", PATIENT).await;
    assert_eq!(report.reason().map(Reason::verdict), Some(crate::model::Verdict::Unknown));
}

#[tokio::test]
async fn prompts_and_binary_greetings_need_no_line_end() {
    let to = serve(|mut stream| async move {
        say_and_hear(&mut stream, "\u{4}8.0.30\0caching_sha2_password\0", "x").await;
        stream.write_all(b"last words").await.unwrap();
    })
    .await;
    let report =
        hold(to, r#"[{ expect = "^.(8\\.[0-9.]+)", send = "x" }, { expect = "words$" }]"#, PATIENT)
            .await;
    assert_eq!(report.reason(), None, "{}", report.detail());
}

#[tokio::test]
async fn the_wrong_answer_is_told_with_step_wanted_and_got() {
    for (bytes, dialogue, detail) in [
        (
            &b"554 go \x1b[31maway\r\n"[..],
            r#"[{ expect = "^220 " }]"#,
            r#"step 1: wanted /^220 /, got "554 go \u{1b}[31maway\r\n", then the connection was closed"#,
        ),
        (
            b"abc",
            r#"[{ expect_text = "a" }, { expect_text = "x\n" }]"#,
            r#"step 2: wanted "x\n", got "bc", then the connection was closed"#,
        ),
        (
            b"\x00\x01\x02",
            r#"[{ expect_hex = "00 02" }]"#,
            "step 1: wanted hex 0002, got hex 000102",
        ),
        (
            b"\x00",
            r#"[{ expect_hex = "0000" }]"#,
            "step 1: wanted hex 0000, got hex 00, then the connection was closed",
        ),
    ] {
        let to = serve(move |mut stream| async move {
            stream.write_all(bytes).await.unwrap();
        })
        .await;
        let report = hold(to, dialogue, PATIENT).await;
        assert_eq!(report.reason(), Some(Reason::ExpectMismatch), "{}", report.detail());
        assert_eq!(report.detail(), detail);
    }
}

#[tokio::test]
async fn a_wrong_line_and_then_silence_is_the_wrong_answer() {
    let to = serve(|mut stream| async move {
        stream.write_all(b"554 no\r\n").await.unwrap();
        drain(stream).await;
    })
    .await;
    let report = hold(to, r#"[{ expect = "^220 " }]"#, SHORT).await;
    assert_eq!(report.reason(), Some(Reason::ExpectMismatch), "{}", report.detail());
    assert_eq!(report.value("noroshi_tcp_steps_completed"), Some(0.0));
}

#[tokio::test]
async fn silence_is_a_timeout_of_its_phase() {
    for (bytes, reason) in [(&b""[..], Reason::WaitTimeout), (b"22", Reason::ReceiveTimeout)] {
        let to = serve(move |mut stream| async move {
            stream.write_all(bytes).await.unwrap();
            drain(stream).await;
        })
        .await;
        let begun = Instant::now();
        let report = hold(to, r#"[{ expect = "^220 " }]"#, SHORT).await;
        assert_eq!(report.reason(), Some(reason), "{}", report.detail());
        assert!(report.detail().starts_with("step 1: wanted /^220 /, got "), "{}", report.detail());
        assert!(begun.elapsed() < SHORT * 4);
    }
}

#[tokio::test]
async fn an_early_end_is_told_apart_from_a_wrong_answer() {
    let to = serve(|stream| async move { drop(stream) }).await;
    let report = hold(to, r#"[{ expect = "^220 " }]"#, PATIENT).await;
    assert!(
        matches!(report.reason(), Some(Reason::ConnectionClosed | Reason::ConnectReset)),
        "{}",
        report.detail()
    );
}

#[tokio::test]
async fn a_half_closed_server_still_hears_us() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let to = serve(|mut stream| async move {
        stream.write_all(b"ready\n").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        tell.send(heard).unwrap();
    })
    .await;
    let report = hold(to, r#"[{ expect = "ready", send = "bye" }]"#, PATIENT).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert_eq!(told.await.unwrap(), b"bye");
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    for dialogue in [
        r#"[{ expect = "never" }]"#,
        r#"[{ expect_text = "never" }]"#,
        r#"[{ expect = "never\n" }]"#,
    ] {
        for bytes in [&b"spam "[..], b"spam\n"] {
            let to = serve(move |mut stream| async move {
                let bytes = bytes.repeat(1000);
                while stream.write_all(&bytes).await.is_ok() {}
            })
            .await;
            let report = hold(to, dialogue, PATIENT).await;
            assert_eq!(report.reason(), Some(Reason::ExpectMismatch));
            assert!(report.detail().ends_with("no match in 65536 bytes"), "{}", report.detail());
            assert!(report.detail().len() < 500);
        }
    }
}

#[tokio::test]
async fn latency() {
    let to = serve(drain).await;
    let spec = spec(&format!("address = '{to}'\nexpect = {{ latency = '0s' }}"));
    let report = probe(probe::Spec::Tcp(spec), PATIENT).await;
    assert_eq!(report.reason(), Some(Reason::LatencyExceeded));
}

#[tokio::test]
async fn tls_at_once() {
    let authority = Authority::new();
    let to = authority.issue(|_| {}).serve(Server::default()).await;
    let tls = format!("{{ ca_file = '{}' }}", authority.ca_file().display());
    let spec = |expect: &str| {
        spec(&format!(
            "address = '{to}'\ntls = {tls}\ndialogue = [{{ send = 'ping\\n' }}, {{ expect = '^.*ping' }}]
            expect = {{ {expect} }}"
        ))
    };
    let report = probe(probe::Spec::Tcp(spec("certificate_validity = '1d'")), PATIENT).await;
    assert_eq!(report.reason(), None, "{}", report.detail());
    assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));
    assert!(report.outcome.phases.of(Phase::Tls).is_some());
    let report = probe(probe::Spec::Tcp(spec("certificate_validity = '9000y'")), PATIENT).await;
    assert_eq!(report.reason(), Some(Reason::TlsExpiresSoon), "{}", report.detail());
}

/// The plain text of a server before TLS: what it says, and what it then waits for.
type Script = &'static [(&'static str, &'static str)];

const SMTP: Script = &[
    ("220-mail.example.org\r\n220 ESMTP\r\n", "EHLO [127.0.0.1]\r\n"),
    ("250-mail.example.org\r\n250-SIZE 1000\r\n250 starttls\r\n", "STARTTLS\r\n"),
    ("220 go ahead\r\n", ""),
];
const IMAP: Script = &[
    ("* OK [CAPABILITY IMAP4rev1] ready\r\n", "a1 CAPABILITY\r\n"),
    ("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n", "a2 STARTTLS\r\n"),
    ("a2 OK begin\r\n", ""),
];
const POP3: Script = &[
    ("+OK ready\r\n", "CAPA\r\n"),
    ("+OK\r\nUSER\r\nSTLS\r\n.\r\n", "STLS\r\n"),
    ("+OK begin\r\n", ""),
];
const POP3_WITHOUT_CAPA: Script =
    &[("+OK ready\r\n", "CAPA\r\n"), ("-ERR what?\r\n", "STLS\r\n"), ("+OK begin\r\n", "")];
const POSTGRES: Script = &[("", "\u{4}"), ("S", "")];

#[tokio::test]
async fn every_starttls_protocol_leads_to_tls() {
    let authority = Authority::new();
    let identity = authority.issue(|_| {});
    for (protocol, script) in [
        ("smtp", SMTP),
        ("imap", IMAP),
        ("pop3", POP3),
        ("pop3", POP3_WITHOUT_CAPA),
        ("postgres", POSTGRES),
    ] {
        let acceptor = identity.acceptor(Server::default());
        let to = serve(move |mut stream| async move {
            for (say, hear) in script {
                say_and_hear(&mut stream, say, hear).await;
            }
            let mut stream = acceptor.accept(stream).await.unwrap();
            stream.write_all(b"inside\n").await.unwrap();
            let _ = stream.read(&mut [0]).await;
        })
        .await;
        let ca_file = authority.ca_file();
        let rest = format!(
            "tls = {{ ca_file = '{}' }}\ndialogue = [{{ expect = '^inside' }}]",
            ca_file.display()
        );
        let report = starttls(to, protocol, &rest).await;
        assert_eq!(report.reason(), None, "{protocol}: {}", report.detail());
        assert_eq!(report.value("noroshi_tls_verified"), Some(1.0));
    }
}

#[tokio::test]
async fn refusals_and_strangers_are_told_apart() {
    use Reason::{ConnectionClosed, ExpectMismatch, StarttlsRefused};
    let cases: &[(&str, Script, Reason, &str)] = &[
        ("smtp", &[("554 no\r\n", "")], StarttlsRefused, "wanted 220, got \"554 no\""),
        (
            "smtp",
            &[("220 hi\r\n", "\r\n"), ("250 SIZE 1\r\n", "")],
            StarttlsRefused,
            "EHLO lists no STARTTLS",
        ),
        (
            "smtp",
            &[("220 hi\r\n", "\r\n"), ("250 STARTTLS\r\n", "\r\n"), ("454 later\r\n", "")],
            StarttlsRefused,
            "454 later",
        ),
        (
            "smtp",
            &[("220 hi\r\n", "\r\n"), ("250 STARTTLS\r\n", "\r\n"), ("220 go\r\n250 evil\r\n", "")],
            StarttlsRefused,
            "plain text after the agreement",
        ),
        ("smtp", &[("SSH-2.0-OpenSSH\r\n", "")], ExpectMismatch, "is not SMTP"),
        ("smtp", &[("", "")], ConnectionClosed, "closed"),
        ("imap", &[("* BYE busy\r\n", "")], StarttlsRefused, "* BYE busy"),
        ("imap", &[("* PREAUTH hi\r\n", "")], StarttlsRefused, "PREAUTH"),
        (
            "imap",
            &[("* OK\r\n", "\r\n"), ("* CAPABILITY IMAP4rev1\r\na1 OK\r\n", "")],
            StarttlsRefused,
            "lists no STARTTLS",
        ),
        (
            "imap",
            &[
                ("* OK\r\n", "\r\n"),
                ("* CAPABILITY STARTTLS\r\na1 OK\r\n", "\r\n"),
                ("a2 NO\r\n", ""),
            ],
            StarttlsRefused,
            "a2 NO",
        ),
        ("imap", &[("+OK\r\n", "")], ExpectMismatch, "is not IMAP"),
        ("pop3", &[("-ERR no\r\n", "")], StarttlsRefused, "-ERR no"),
        (
            "pop3",
            &[("+OK\r\n", "\r\n"), ("+OK\r\nUSER\r\n.\r\n", "")],
            StarttlsRefused,
            "CAPA lists no STLS",
        ),
        ("pop3", &[("220 hi\r\n", "")], ExpectMismatch, "is not POP3"),
        ("postgres", &[("", "\u{4}"), ("N", "")], StarttlsRefused, "has no TLS"),
        ("postgres", &[("", "\u{4}"), ("EFATAL", "")], StarttlsRefused, "EFATAL"),
        ("postgres", &[("", "\u{4}"), ("HTTP/1.1 400", "")], ExpectMismatch, "is not PostgreSQL"),
        ("postgres", &[("", "\u{4}")], ConnectionClosed, "closed instead"),
    ];
    for (protocol, script, reason, words) in cases {
        let to = serve(move |mut stream| async move {
            for (say, hear) in *script {
                say_and_hear(&mut stream, say, hear).await;
            }
            // What the client still says is read, or the kernel would answer with a reset.
            stream.shutdown().await.unwrap();
            drain(stream).await;
        })
        .await;
        let report = starttls(to, protocol, "").await;
        assert_eq!(report.reason(), Some(*reason), "{protocol} {script:?}: {}", report.detail());
        assert!(report.detail().contains(words), "{protocol}: {}", report.detail());
    }
}

#[tokio::test]
async fn a_certificate_shows_its_expiry_even_after_starttls() {
    let identity = Identity::self_signed(|params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let acceptor = identity.acceptor(Server::default());
    let to = serve(move |mut stream| async move {
        for (say, hear) in SMTP {
            say_and_hear(&mut stream, say, hear).await;
        }
        let _ = acceptor.accept(stream).await;
    })
    .await;
    let report = starttls(to, "smtp", "").await;
    assert_eq!(report.reason(), Some(Reason::TlsExpired), "{}", report.detail());
    assert_eq!(report.value("noroshi_tls_not_after_timestamp_seconds"), Some(1_577_836_800.0));
    assert_eq!(report.value("noroshi_tls_verified"), Some(0.0));
}
