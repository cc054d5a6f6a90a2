//! Email: letters, TLS in both forms, logins in all of theirs.

use noroshi::model::{DeliveryResult, SendReason};

use crate::support::{
    Peer,
    authority::{Authority, Flaw},
    notice,
    smtp::{self, Script, Security},
};

fn table(peer: &Peer, more: &str) -> String {
    format!(
        "smarthost = 'localhost:{}'\nto = 'Ops <ops@x.example>, b@x.example'\n\
         from = 'noroshi <n@x.example>'\nhello = 'me.example'\n{more}",
        peer.address().port()
    )
}

async fn heard(peer: &Peer, more: &str) -> Vec<(String, String)> {
    let provider = notice::provider("email", &table(peer, more));
    let delivery = notice::once(&notice::notice("email"), provider).await;
    assert!(matches!(delivery.result, DeliveryResult::Delivered(Some(_))), "{delivery:?}");
    peer.heard().await
}

fn parts<'h>(heard: &'h [(String, String)], part: &str) -> Vec<&'h str> {
    heard.iter().filter(|(own, _)| own == part).map(|(_, words)| words.as_str()).collect()
}

#[tokio::test]
async fn a_letter_has_both_forms_and_its_headers() {
    let peer = smtp::serve(Script::default()).await;
    let more = "require_tls = false\ntext = 'plain: {{ .Status }}'\nhtml = '<b>{{ .CommonAnnotations.summary }}</b>'\n\
                threading = { enabled = true }\n\
                headers = { Subject = '[{{ .Status }}] größer', X-Group = \"{{ .GroupLabels.severity }}\\nBcc: evil@x.example\" }";
    let told = heard(&peer, more).await;
    assert_eq!(parts(&told, "mail"), ["<n@x.example>"]);
    assert_eq!(parts(&told, "rcpt"), ["<ops@x.example>", "<b@x.example>"]);
    let letter = parts(&told, "data")[0];
    let (fields, body) = letter.split_once("\r\n\r\n").unwrap();
    let field = |name: &str| {
        let found = fields.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        found.unwrap_or_else(|| panic!("no {name} in {fields}")).split_once(": ").unwrap().1
    };
    assert_eq!(field("from: "), "noroshi <n@x.example>");
    assert_eq!(field("to: "), "Ops <ops@x.example>, b@x.example");
    assert_eq!(field("date: "), "Sat, 28 Nov 2026 12:00:00 +0000");
    assert!(field("subject: ").contains("[firing]"), "{fields}");
    // What a stranger's label brings stays in its line.
    assert_eq!(field("x-group: "), "critical Bcc: evil@x.example");
    let root = field("references: ");
    assert_eq!(field("in-reply-to: "), root);
    // printf '{}:{alertname="Down"}' | sha256sum
    assert_eq!(root, "<alert-af94c9e8f6a30436-@alertmanager>");
    let id = field("message-id: ");
    assert!(id.starts_with('<') && id.ends_with("@x.example>"), "{id}");
    assert!(field("content-type: ").starts_with("multipart/alternative"));
    let (plain, html) =
        (body.find("plain: firing"), body.find("<b>it is &lt;down&gt; &amp; out</b>"));
    assert!(plain.is_some() && plain < html, "text first, values escaped: {body}");
    // The same message has the same name at the next attempt.
    let again = heard(&peer, more).await;
    assert!(parts(&again, "data")[0].contains(id));
}

#[tokio::test]
async fn tls_is_spoken_from_the_first_byte_or_when_asked_for() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(Flaw::None);
    let ca = format!("tls.ca_file = '{}'", authority.ca_file().display());
    for (security, more, wanted) in [
        (Security::StartTls(acceptor.clone()), "", "starttls"),
        (Security::Implicit(acceptor.clone()), "force_implicit_tls = true", "implicit"),
    ] {
        let peer = smtp::serve(Script { tls: security, ..Script::default() }).await;
        let heard = heard(&peer, &format!("html = 'x'\n{more}\n{ca}")).await;
        assert_eq!(parts(&heard, "tls"), [wanted]);
        assert_eq!(parts(&heard, "data").len(), 1);
    }
    // A server nobody vouches for gets no letter, and neither does one without TLS.
    for script in [
        Script {
            tls: Security::StartTls(authority.acceptor(Flaw::SelfSigned)),
            ..Script::default()
        },
        Script {
            tls: Security::StartTls(authority.acceptor(Flaw::WrongName)),
            ..Script::default()
        },
        Script::default(),
    ] {
        let peer = smtp::serve(script).await;
        let provider = notice::provider("email", &table(&peer, &format!("html = 'x'\n{ca}")));
        let delivery = notice::once(&notice::notice("email"), provider).await;
        assert!(matches!(delivery.result, DeliveryResult::Retry { .. }), "{delivery:?}");
        assert!(parts(&peer.heard().await, "data").is_empty());
    }
}

#[tokio::test]
async fn logins_in_every_form() {
    for (mechanisms, more, wanted) in [
        ("PLAIN LOGIN", "auth_password = 'p'", vec!["PLAIN", "\0u\0p"]),
        ("PLAIN", "auth_password = 'p'\nauth_identity = 'i'", vec!["PLAIN", "i\0u\0p"]),
        ("LOGIN", "auth_password = 'p'", vec!["LOGIN", "u", "p"]),
        (
            "CRAM-MD5 PLAIN",
            "auth_secret = 'tanstaaftanstaaf'",
            vec!["CRAM-MD5", "u b913a602c7eda7a495b4e6e7334d3890"],
        ),
        ("", "auth_password = 'p'", vec![]),
    ] {
        let peer = smtp::serve(Script { mechanisms, ..Script::default() }).await;
        let more = format!("require_tls = false\nhtml = 'x'\nauth_username = 'u'\n{more}");
        let heard = heard(&peer, &more).await;
        assert_eq!(parts(&heard, "auth"), wanted, "{mechanisms}");
    }
}

#[tokio::test]
async fn a_refused_login_is_a_matter_of_credentials() {
    for reply in ["535 no", "530 no", "534 too weak"] {
        let replies = vec![("AUTH", reply)];
        let peer = smtp::serve(Script { mechanisms: "PLAIN", replies, ..Script::default() }).await;
        let more = "require_tls = false\nhtml = 'x'\nauth_username = 'u'\nauth_password = 'p'";
        let provider = notice::provider("email", &table(&peer, more));
        match notice::once(&notice::notice("email"), provider).await.result {
            DeliveryResult::Dead(failure) => {
                assert_eq!(failure.reason, SendReason::AuthError, "{failure:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}
