//! Telegram: what is said, how the end of a group is told, what is too long.

use noroshi::model::{Delivery, DeliveryResult, Handle};

use crate::support::{
    Peer,
    notice::{self, requests},
    web,
};

async fn bot(edit: &'static str) -> Peer {
    web::serve(move |request| {
        let (status, answer) = if request.path().ends_with("/editMessageText") && !edit.is_empty() {
            (400, edit)
        } else {
            (200, r#"{"ok":true,"result":{"message_id":9}}"#)
        };
        web::reply(status, &[("Content-Type", "application/json")], answer.as_bytes())
    })
    .await
}

fn table(peer: &Peer, more: &str) -> String {
    let at = peer.address();
    format!(
        "api_url = 'http://{at}'\nbot_token = '123:abc'\nchat_id = -5\nmessage = 'hello'\n{more}"
    )
}

fn handle(delivery: &Delivery) -> Handle {
    match &delivery.result {
        DeliveryResult::Delivered(Some(handle)) => handle.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_sent_as_it_was_asked_for() {
    let peer = bot("").await;
    let more = "parse_mode = 'HTML'\nmessage_thread_id = 4\ndisable_notifications = true";
    let provider = notice::provider("telegram", &table(&peer, more));
    let delivery = notice::once(&notice::notice("telegram"), provider).await;
    assert_eq!(handle(&delivery), Handle::new([("chat", "-5"), ("message", "9")]));
    let (path, body) = requests(&peer).await.remove(0);
    assert_eq!(path, "/bot123:abc/sendMessage");
    assert_eq!((&body["chat_id"], &body["text"]), (&(-5).into(), &"hello".into()));
    assert_eq!((&body["parse_mode"], &body["message_thread_id"]), (&"HTML".into(), &4.into()));
    assert_eq!(body["disable_notification"], true);
    assert_eq!(body["disable_web_page_preview"], true);
}

#[tokio::test]
async fn the_end_of_a_group_is_told_as_it_was_asked_for() {
    let first = Handle::new([("chat", "-5"), ("message", "7")]);
    for (resolved, edit, wanted) in [
        ("new", "", vec!["sendMessage"]),
        ("reply", "", vec!["sendMessage"]),
        ("edit", "", vec!["editMessageText"]),
        (
            "edit",
            r#"{"ok":false,"description":"Bad Request: message to edit not found"}"#,
            vec!["editMessageText", "sendMessage"],
        ),
    ] {
        let peer = bot(edit).await;
        let more = format!("resolved = '{resolved}'");
        let provider = notice::provider("telegram", &table(&peer, &more));
        let end = notice::resolved("telegram", Some(first.clone()));
        let told = handle(&notice::once(&end, provider).await);
        let edited = resolved == "edit" && edit.is_empty();
        assert_eq!(told.get("message"), Some(if edited { "7" } else { "9" }));
        let requests = requests(&peer).await;
        let methods: Vec<_> =
            requests.iter().map(|(path, _)| path.rsplit('/').next().unwrap()).collect();
        assert_eq!(methods, wanted, "{resolved}");
        let to = &requests.last().unwrap().1["reply_parameters"]["message_id"];
        assert_eq!(*to == 7, resolved == "reply", "{requests:?}");
    }
}

#[tokio::test]
async fn what_is_too_long_is_never_a_400() {
    let long = "ä".repeat(5000);
    for (mode, wanted) in [
        ("", "ä"),
        ("HTML", "1 firing, 1 resolved"),
        ("MarkdownV2", r"noroshi\.example"),
        ("Markdown", "noroshi.example"),
    ] {
        let peer = bot("").await;
        let more = format!("parse_mode = '{mode}'");
        let table = table(&peer, &more).replace("hello", &format!("<b>{long}</b>"));
        let provider = notice::provider("telegram", &table);
        let delivery = notice::once(&notice::notice("telegram"), provider).await;
        assert!(matches!(delivery.result, DeliveryResult::Delivered(_)), "{delivery:?}");
        let body = requests(&peer).await.remove(0).1["text"].as_str().unwrap().to_owned();
        assert!(body.chars().count() <= 4096 && body.contains(wanted), "{mode}: {body}");
    }
}

#[tokio::test]
async fn a_message_that_was_taken_is_not_sent_again_because_of_its_description() {
    let answer = br#"{"ok":true,"description":null,"result":{"message_id":3}}"#;
    let peer = web::serve(|_| web::reply(200, &[], answer)).await;
    let table = format!("api_url = 'http://{}'\nbot_token = 't'\nchat_id = 5", peer.address());
    let provider = notice::provider("telegram", &table);
    let delivery = notice::once(&notice::notice("telegram"), provider).await;
    assert!(matches!(delivery.result, DeliveryResult::Delivered(Some(_))), "{delivery:?}");
}
