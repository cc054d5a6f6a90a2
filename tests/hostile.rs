//! Named ways in which targets mislead, and what a check must make of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use std::time::Duration;

use noroshi::model::{Outcome, Reason, Verdict};
use support::{
    Bridge, Peer,
    authority::{Authority, EXPIRED_AT, Flaw},
    check::{fact, facts},
    eventually, fault, names, run, run_with, web, websocket,
};
use tokio::io::AsyncWriteExt;

fn failed(outcome: &Outcome, reason: Reason) {
    assert_eq!(outcome.verdict, Verdict::Fail, "{outcome:?}");
    assert_eq!(outcome.reason, Some(reason), "{}", outcome.detail);
    assert!(!outcome.detail.is_empty());
}

fn passed(outcome: &Outcome) {
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}: {}", outcome.reason, outcome.detail);
}

/// What the tests of faults stand on: where nothing is wrong, a check passes.
mod sound {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "panicked: a script that is wrong")]
    async fn a_script_that_panics_fails_its_test() {
        let peer = web::serve(|_| panic!("a script that is wrong")).await;
        run(&format!("http.url = \"http://{}/\"", peer.address())).await;
        eventually!(peer.has_panicked());
    }

    #[tokio::test]
    async fn http() {
        let peer = web::serve(|_| web::reply(200, &[], b"ok")).await;
        passed(&run(&format!("http.url = \"http://{}/\"", peer.address())).await.outcome);
        assert_eq!(peer.connections(), 1);
    }

    #[tokio::test]
    async fn tcp() {
        let script = |mut stream: tokio::net::TcpStream, _, _| async move {
            stream.write_all(b"220 ready when you are\r\n").await
        };
        let peer = Peer::stream(script).await;
        let dialogue = "[{ expect = \"^220 ready when you are\" }]";
        let check = format!("tcp = {{ address = \"{}\", dialogue = {dialogue} }}", peer.address());
        passed(&run(&check).await.outcome);
    }

    #[tokio::test]
    async fn dns() {
        for (transport, peer) in [
            ("udp", names::over_udp(|question, _| vec![names::sound(question)]).await),
            ("tcp", names::over_tcp(names::sound).await),
        ] {
            passed(&asked(&peer, transport).await);
        }
    }

    #[tokio::test]
    async fn websocket() {
        let peer = websocket::echo().await;
        let dialogue = "[{ send = \"hello\" }, { expect = \"hello\" }]";
        let check =
            format!("websocket = {{ url = \"ws://{}/\", dialogue = {dialogue} }}", peer.address());
        passed(&run(&check).await.outcome);
    }

    #[tokio::test]
    async fn unix() {
        let script = |mut stream: tokio::net::TcpStream, _, _| async move {
            stream.write_all(b"220 ready when you are\r\n").await
        };
        let peer = Peer::stream(script).await;
        let bridge = Bridge::to(&peer);
        let dialogue = "[{ expect = \"^220 ready when you are\" }]";
        let check =
            format!("unix = {{ path = \"{}\", dialogue = {dialogue} }}", bridge.path().display());
        passed(&run(&check).await.outcome);
    }

    #[tokio::test]
    async fn grpc() {
        let peer = Peer::stream(|stream, _, _| fault::sound(stream, fault::Protocol::Grpc)).await;
        passed(&run(&format!("grpc.address = \"{}\"", peer.address())).await.outcome);
    }

    #[tokio::test]
    async fn tls() {
        for outcome in certified(Flaw::None).await {
            passed(&outcome);
        }
    }
}

/// What an `http`, a `tls`, a `tcp` and a `websocket` check make of a certificate.
async fn certified(flaw: Flaw) -> Vec<Outcome> {
    let authority = Authority::new();
    let peer = web::serve_tls(authority.acceptor(flaw), |_| web::reply(200, &[], b"ok")).await;
    let ca = format!("ca_file = \"{}\"", authority.ca_file().display());
    let address = format!("localhost:{}", peer.address().port());
    let mut outcomes = Vec::new();
    for check in [
        format!("[http]\nurl = \"https://{address}/\"\ntls.{ca}"),
        format!("[tls]\naddress = \"{address}\"\n{ca}"),
        format!("[tcp]\naddress = \"{address}\"\ntls.{ca}"),
    ] {
        outcomes.push(run(&check).await.outcome);
    }
    outcomes
}

mod certificates {
    use super::*;

    #[tokio::test]
    async fn an_expired_one_fails_and_still_shows_its_expiry() {
        for outcome in certified(Flaw::Expired).await {
            failed(&outcome, Reason::TlsExpired);
            let expiry = facts(&outcome, "noroshi_tls_not_after_timestamp_seconds");
            let leaf = expiry.iter().find(|fact| &*fact.labels[1] == "0").expect("a leaf");
            assert!((leaf.value - EXPIRED_AT).abs() < 1.0, "{}", leaf.value);
            assert!(fact(&outcome, "noroshi_tls_verified") < 0.5);
        }
    }

    #[tokio::test]
    async fn one_for_another_name_fails() {
        for outcome in certified(Flaw::WrongName).await {
            failed(&outcome, Reason::TlsNameMismatch);
            assert!(outcome.detail.contains("elsewhere.test"), "{}", outcome.detail);
        }
    }

    #[tokio::test]
    async fn one_of_the_future_fails() {
        for outcome in certified(Flaw::NotYetValid).await {
            failed(&outcome, Reason::TlsNotYetValid);
        }
    }

    #[tokio::test]
    async fn one_that_nobody_signed_fails() {
        for outcome in certified(Flaw::SelfSigned).await {
            failed(&outcome, Reason::TlsUntrusted);
        }
    }

    #[tokio::test]
    async fn a_server_that_wants_ours_is_told_apart() {
        let authority = Authority::new();
        let peer =
            web::serve_tls(authority.strict_acceptor(), |_| web::reply(200, &[], b"ok")).await;
        let (ca, (certificate, key)) = (authority.ca_file(), authority.client_files());
        let url = format!("https://localhost:{}/", peer.address().port());
        let without = format!("[http]\nurl = \"{url}\"\ntls.ca_file = \"{}\"", ca.display());
        failed(&run(&without).await.outcome, Reason::TlsClientCertificate);
        let with = format!(
            "{without}\ntls.cert_file = \"{}\"\ntls.key_file = \"{}\"",
            certificate.display(),
            key.display()
        );
        passed(&run(&with).await.outcome);
    }
}

mod http {
    use super::*;

    #[tokio::test]
    async fn ten_redirects_are_followed_and_eleven_are_not() {
        let peer = web::serve(web::redirect).await;
        let at = |left: u32| format!("http.url = \"http://{}/{left}\"", peer.address());
        passed(&run(&at(10)).await.outcome);
        failed(&run(&at(11)).await.outcome, Reason::HttpRedirect);
    }

    #[tokio::test]
    async fn a_redirect_in_a_circle_ends() {
        let peer = web::serve(|_| web::reply(302, &[("Location", "/")], b"")).await;
        let outcome = run(&format!("http.url = \"http://{}/\"", peer.address())).await.outcome;
        failed(&outcome, Reason::HttpRedirect);
    }

    #[tokio::test]
    async fn a_decompression_bomb_is_cut_off() {
        let bomb = web::bomb().await;
        let peer = web::serve(move |_| web::Reply {
            opening: bomb.opening.clone(),
            again: bomb.again.clone(),
            times: bomb.times,
        })
        .await;
        let check = format!("[http]\nurl = \"http://{}/\"\ncompression = true", peer.address());
        failed(&run(&check).await.outcome, Reason::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_body_of_a_gigabyte_is_not_read() {
        for gigabyte in [web::gigabyte as fn() -> web::Reply, web::chunked_gigabyte] {
            let peer = web::serve(move |_| gigabyte()).await;
            let check = format!("http.url = \"http://{}/\"", peer.address());
            failed(&run(&check).await.outcome, Reason::BodyTooLarge);
            let sent = peer.sent();
            assert!(sent < 64 << 20, "{sent} bytes were read before it was enough");
        }
    }
}

async fn asked(peer: &Peer, transport: &str) -> Outcome {
    let server = peer.address();
    let check = format!(
        "dns = {{ server = \"{server}\", name = \"example.test\", transport = \"{transport}\" }}"
    );
    run_with(&check, |settings| settings.timeout = Duration::from_millis(500)).await.outcome
}

mod dns {
    use super::*;

    const PASSED_OVER: [Reason; 2] = [Reason::DnsMalformed, Reason::WaitTimeout];

    /// A question as ours, only to count how many ways there are to break its answer.
    const QUESTION: &[u8] =
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x04test\x00\x00\x01\x00\x01";

    #[tokio::test]
    async fn malformed_answers_fail_over_udp_and_tcp() {
        for (nth, (word, _)) in names::malformed(QUESTION).into_iter().enumerate() {
            let broken = move |question: &[u8]| names::malformed(question)[nth].1.clone();
            let udp = names::over_udp(move |question, _| vec![broken(question)]).await;
            let tcp = names::over_tcp(broken).await;
            for (transport, peer) in [("udp", udp), ("tcp", tcp)] {
                let outcome = asked(&peer, transport).await;
                assert_eq!(outcome.verdict, Verdict::Fail, "{word} over {transport}");
                let reason = outcome.reason.unwrap();
                assert!(PASSED_OVER.contains(&reason), "{word} over {transport}: {reason}");
            }
        }
    }

    #[tokio::test]
    async fn a_truncated_answer_without_tcp_fails() {
        let peer = names::over_udp(|question, _| {
            let mut answer = names::answer(question);
            answer.metadata.truncation = true;
            answer.answers.clear();
            vec![answer.to_vec().unwrap()]
        })
        .await;
        failed(&asked(&peer, "udp").await, Reason::ConnectRefused);
    }

    #[tokio::test]
    async fn an_answer_to_another_question_is_passed_over_and_the_right_one_taken() {
        let peer = names::over_udp(|question, _| {
            vec![names::foreign(question), b"noise".to_vec(), names::sound(question)]
        })
        .await;
        passed(&asked(&peer, "udp").await);
    }
}
