//! Slack: what is said, as new, in place and in threads; answers that are failures though they are 200.

use noroshi::model::{DeliveryResult, Handle, SendReason};

use crate::support::{
    Peer,
    notice::{self, requests},
    web,
};

/// A Web API that says what it is asked, one answer after the other.
async fn api(answers: &'static [&'static str]) -> Peer {
    let nth = std::sync::atomic::AtomicUsize::new(0);
    web::serve(move |_| {
        let nth = nth.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let answer = answers[nth.min(answers.len() - 1)];
        web::reply(200, &[("Content-Type", "application/json; charset=utf-8")], answer.as_bytes())
    })
    .await
}

const TAKEN: &str = r#"{"ok":true,"channel":"C1","ts":"17.5"}"#;

fn table(peer: &Peer, more: &str) -> String {
    let at = peer.address();
    format!(
        "api_url = 'http://{at}/api/chat.postMessage'\nbot_token = 'xoxb-1'\nchannel = '#ops'\n\
         title = 't'\ntext = 'x'\n{more}"
    )
}

fn handle(delivery: &noroshi::model::Delivery) -> Option<Handle> {
    match &delivery.result {
        DeliveryResult::Delivered(handle) => handle.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_webhook_is_told_an_attachment() {
    let peer = web::serve(|_| web::reply(200, &[("Content-Type", "text/plain")], b"ok")).await;
    let long = "y".repeat(2000);
    let table = format!(
        "webhook_url = 'http://{}/services/T/B/X'\ntitle = '{long}'\ntext = 'x'\nusername = 'n'\n\
         fields = [{{ title = 'a', value = 'b' }}, {{ title = 'c', value = 'd', short = false }}]\n\
         short_fields = true\nlink_names = true\n\
         actions = [{{ type = 'button', text = 'go', url = 'http://a.example', name = 'n' }}]",
        peer.address()
    );
    let delivery = notice::once(&notice::notice("slack"), notice::provider("slack", &table)).await;
    assert_eq!(handle(&delivery), None);
    let (path, body) = requests(&peer).await.remove(0);
    assert_eq!(path, "/services/T/B/X");
    assert_eq!((&body["username"], &body["link_names"]), (&"n".into(), &true.into()));
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["title"].as_str().unwrap().chars().count(), 1024);
    assert_eq!(
        (&attachment["text"], &attachment["fields"][0]["short"]),
        (&"x".into(), &true.into())
    );
    assert_eq!(attachment["fields"][1]["short"], false);
    assert_eq!(attachment["actions"][0]["url"], "http://a.example");
    assert!(attachment["actions"][0].get("name").is_none());
    assert_eq!(attachment["mrkdwn_in"], serde_json::json!(["fallback", "pretext", "text"]));
    assert_eq!(attachment["color"], "danger");
}

#[tokio::test]
async fn answers_of_200_may_be_failures() {
    for (answer, reason, again) in [
        (r#"{"ok":false,"error":"channel_not_found"}"#, SendReason::ClientError, false),
        (r#"{"ok":false,"error":"invalid_auth"}"#, SendReason::AuthError, false),
        (r#"{"ok":false,"error":"ratelimited"}"#, SendReason::RateLimited, true),
        (r#"{"ok":false,"error":"internal_error"}"#, SendReason::ServerError, true),
        ("{}", SendReason::ClientError, false),
        ("{", SendReason::ServerError, true),
    ] {
        let peer = api(Box::leak(Box::new([answer]))).await;
        let provider = notice::provider("slack", &table(&peer, ""));
        let result = notice::once(&notice::notice("slack"), provider).await.result;
        let (failure, retried) = match &result {
            DeliveryResult::Retry { failure, .. } => (failure, true),
            DeliveryResult::Dead(failure) => (failure, false),
            DeliveryResult::Delivered(_) => panic!("{answer} was taken for a success"),
        };
        assert_eq!((failure.reason, retried), (reason, again), "{answer}");
    }
}

#[tokio::test]
async fn each_strategy_has_its_way_of_telling_the_end() {
    for (strategy, wanted) in [
        ("new", vec![("/api/chat.postMessage", None)]),
        ("update", vec![("/api/chat.update", Some("ts"))]),
        ("thread", vec![("/api/chat.postMessage", Some("thread_ts"))]),
        (
            "update_and_thread",
            vec![("/api/chat.update", Some("ts")), ("/api/chat.postMessage", Some("thread_ts"))],
        ),
    ] {
        let peer = api(&[TAKEN]).await;
        let more = format!("strategy = '{strategy}'");
        let provider = notice::provider("slack", &table(&peer, &more));
        let first = handle(&notice::once(&notice::notice("slack"), provider.clone()).await);
        let (path, body) = requests(&peer).await.remove(0);
        assert_eq!((path.as_str(), &body["channel"]), ("/api/chat.postMessage", &"#ops".into()));
        let end = notice::once(&notice::resolved("slack", first), provider.clone()).await;
        let end = handle(&end).unwrap();
        let told: Vec<_> = requests(&peer).await;
        assert_eq!(told.len(), wanted.len(), "{strategy}: {told:?}");
        for ((path, body), (wanted, key)) in told.iter().zip(wanted) {
            assert_eq!(path, wanted, "{strategy}");
            if let Some(key) = key {
                assert_eq!((&body["channel"], &body[key]), (&"C1".into(), &"17.5".into()));
            }
        }
        // A group that burns again begins anew.
        let again = noroshi::model::Notice { handle: Some(end), ..notice::notice("slack") };
        notice::once(&again, provider).await;
        let (path, body) = requests(&peer).await.remove(0);
        assert_eq!(
            (path.as_str(), body.get("thread_ts")),
            ("/api/chat.postMessage", None),
            "{strategy}"
        );
    }
}

#[tokio::test]
async fn a_message_that_is_gone_is_told_anew() {
    let peer = api(&[r#"{"ok":false,"error":"message_not_found"}"#, TAKEN]).await;
    let provider = notice::provider("slack", &table(&peer, "strategy = 'update'"));
    let gone = Handle::new([("channel", "C1"), ("ts", "1.0")]);
    let delivery = notice::once(&notice::resolved("slack", Some(gone)), provider).await;
    assert_eq!(handle(&delivery).unwrap().get("ts"), Some("17.5"));
    let paths: Vec<_> = requests(&peer).await.into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/api/chat.update", "/api/chat.postMessage"]);
}

#[tokio::test]
async fn a_message_that_was_posted_is_not_posted_again() {
    // Slack repeats the whole message, which may be longer than what is read of an answer.
    let long = format!(
        r#"{{"ok":true,"channel":"C1","ts":"17.5","message":{{"text":"{}"}}}}"#,
        "é".repeat(50_000)
    );
    for (content, answer, ts) in [
        (
            "application/json",
            r#"{"ok":true,"channel":"C1","ts":"17.5","error":null}"#,
            Some("17.5"),
        ),
        ("application/json", r#"{"ts":17.5,"channel":5,"ok":true,"error":{"no":1}}"#, Some("17.5")),
        ("application/json", r#"{"ok":true,"channel":null,"ts":null,"warning":[]}"#, None),
        ("application/json", &long, Some("17.5")),
        // Rocket.Chat's.
        ("application/json", r#"{"success":true}"#, None),
        (
            "application/json; charset=utf-8",
            r#"{"success":true,"error":null,"ts":{"$date":1}}"#,
            None,
        ),
        // Mattermost's, and of one that says JSON to all it says.
        ("text/plain", "ok", None),
        ("application/json", "ok\n", None),
        ("text/html", r#"{"ok":true}"#, None),
    ] {
        let reply = answer.to_owned();
        let peer =
            web::serve(move |_| web::reply(200, &[("Content-Type", content)], reply.as_bytes()))
                .await;
        let provider = notice::provider("slack", &table(&peer, ""));
        let delivery = notice::once(&notice::notice("slack"), provider).await;
        let handle = handle(&delivery);
        assert_eq!(handle.as_ref().and_then(|own| own.get("ts")), ts, "{content}: {answer:.80}");
    }
}
