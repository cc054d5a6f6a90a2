//! The webhook: byte for byte what Alertmanager sends, and what is ours beside it.

use noroshi::model::{DeliveryResult, Notice, Pairs};

use crate::support::{Peer, notice, web};

/// The body Alertmanager 0.33 sends for these alerts: its keys in its order, times to the nanosecond, Go's escapes, a newline.
const BODY: &str = concat!(
    r#"{"receiver":"r","status":"firing","alerts":["#,
    r#"{"status":"firing","labels":{"alertname":"Down","severity":"critical"},"#,
    r#""annotations":{"summary":"it is \u003cdown\u003e \u0026 out"},"#,
    r#""startsAt":"2026-11-28T11:59:00.123456789Z","endsAt":"0001-01-01T00:00:00Z","#,
    r#""generatorURL":"http://prometheus.example/graph?a=1\u0026b=2","fingerprint":"FIRST"},"#,
    r#"{"status":"resolved","labels":{"alertname":"Slow","severity":"critical"},"#,
    r#""annotations":{"summary":"it is \u003cdown\u003e \u0026 out"},"#,
    r#""startsAt":"2026-11-28T11:59:00.123456789Z","endsAt":"2026-11-28T12:00:00.25Z","#,
    r#""generatorURL":"http://prometheus.example/graph?a=1\u0026b=2","fingerprint":"SECOND"}],"#,
    r#""notification_reason":"first notification","groupLabels":{"severity":"critical"},"#,
    r#""commonLabels":{"severity":"critical"},"#,
    r#""commonAnnotations":{"summary":"it is \u003cdown\u003e \u0026 out"},"#,
    r#""externalURL":"http://noroshi.example","version":"4","#,
    r#""groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0}"#,
    "\n"
);

async fn sink() -> Peer {
    web::serve(|_| web::reply(200, &[], b"")).await
}

/// Sends one notice and gives back what arrived, by part.
async fn arrived(peer: &Peer, table: &str) -> Vec<(String, String)> {
    let provider = notice::provider("webhook", table);
    let delivery = notice::once(&notice::notice("webhook"), provider).await;
    assert_eq!(delivery.result, DeliveryResult::Delivered(None));
    peer.heard().await
}

fn part<'h>(heard: &'h [(String, String)], part: &str) -> &'h str {
    let found = heard.iter().find(|(own, _)| own == part);
    found.map_or_else(|| panic!("no {part} in {heard:?}"), |(_, words)| words)
}

#[tokio::test]
async fn the_body_is_alertmanagers_own() {
    let peer = sink().await;
    let heard = arrived(&peer, &format!("url = 'http://{}/a'", peer.address())).await;
    let alerts = notice::notice("webhook").alerts;
    let wanted = BODY
        .replace("FIRST", &alerts[0].fingerprint.to_string())
        .replace("SECOND", &alerts[1].fingerprint.to_string());
    assert_eq!(part(&heard, "body"), wanted.as_bytes().escape_ascii().to_string());
    assert_eq!(part(&heard, "request"), "POST /a HTTP/1.1");
    assert_eq!(part(&heard, "header content-type"), "application/json");
    assert_eq!(part(&heard, "header idempotency-key"), "key-7");
}

#[tokio::test]
async fn alerts_over_the_limit_are_counted() {
    let peer = sink().await;
    let table = format!("url = 'http://{}/a'\nmax_alerts = 1", peer.address());
    let heard = arrived(&peer, &table).await;
    let body = part(&heard, "body");
    assert!(body.contains(r#"\"truncatedAlerts\":1"#) && !body.contains("Slow"), "{body}");
    assert!(
        body.contains(r#"\"commonLabels\":{\"alertname\":\"Down\""#),
        "of what is told: {body}"
    );
}

#[tokio::test]
async fn labels_of_the_route_and_what_was_held_back_are_told_where_there_are_some() {
    let peer = sink().await;
    let provider = notice::provider("webhook", &format!("url = 'http://{}/a'", peer.address()));
    let route_labels = Pairs::new([("team", "web")]);
    let told = Notice { held_back: 3, route_labels, ..notice::notice("webhook") };
    assert_eq!(notice::once(&told, provider).await.result, DeliveryResult::Delivered(None));
    let heard = peer.heard().await;
    let body = part(&heard, "body");
    let wanted = concat!(
        r#"\"routeLabels\":{\"team\":\"web\"},"#,
        r#"\"externalURL\":\"http://noroshi.example\",\"heldBack\":3,\"version\":\"4\""#
    );
    assert!(body.contains(wanted), "{body}");
}

#[tokio::test]
async fn url_payload_and_headers_are_the_users() {
    let peer = sink().await;
    let table = format!(
        r#"url = 'http://u:p@{}/{{{{ .Status }}}}'
        http.headers = {{ X-Team = "web", User-Agent = "alerts" }}
        payload = {{ b = "{{{{ .GroupLabels.severity }}}}", a = [1, true], n = "{{{{ len .Alerts }}}}" }}"#,
        peer.address()
    );
    let heard = arrived(&peer, &table).await;
    assert_eq!(part(&heard, "request"), "POST /firing HTTP/1.1");
    assert_eq!(part(&heard, "body"), r#"{\"a\":[1,true],\"b\":\"critical\",\"n\":2}\n"#);
    assert_eq!(part(&heard, "header x-team"), "web");
    assert_eq!(part(&heard, "header user-agent"), "alerts");
    assert_eq!(part(&heard, "header authorization"), "Basic dTpw");
}

#[tokio::test]
async fn a_signature_is_that_of_the_body() {
    let (peer, folder) = (sink().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("secret");
    std::fs::write(&file, "k3y\n").unwrap();
    let table = format!(
        "url = 'http://{}/a'\npayload = 'x'\nsignature.secret_file = '{}'",
        peer.address(),
        file.display()
    );
    let heard = arrived(&peer, &table).await;
    assert_eq!(part(&heard, "body"), r#"\"x\"\n"#);
    // printf '"x"\n' | openssl dgst -sha256 -hmac k3y
    let wanted = "sha256=de87167ed7a8b5e312d56e3e1086284f600b00bd356f6ce341ac918a7f2ffd1f";
    assert_eq!(part(&heard, "header x-signature"), wanted);
    // The next message is signed with what the file holds by then.
    std::fs::write(&file, "other").unwrap();
    let heard = arrived(&peer, &table).await;
    assert_ne!(part(&heard, "header x-signature"), wanted);
}

#[tokio::test]
async fn redirects_are_followed_and_credentials_stay_at_home() {
    let elsewhere = sink().await;
    let to = format!("http://localhost:{}/x", elsewhere.address().port());
    let peer = web::serve(move |_| web::reply(307, &[("Location", &to)], b"")).await;
    let table = format!(
        "url = 'http://{}/a'\nhttp.basic_auth = {{ username = 'u', password = 'p' }}",
        peer.address()
    );
    let provider = notice::provider("webhook", &table);
    let delivery = notice::once(&notice::notice("webhook"), provider.clone()).await;
    assert_eq!(delivery.result, DeliveryResult::Delivered(None));
    assert_eq!(part(&peer.heard().await, "header authorization"), "Basic dTpw");
    let heard = elsewhere.heard().await;
    assert_eq!(part(&heard, "request"), "POST /x HTTP/1.1");
    assert!(!heard.iter().any(|(part, _)| part == "header authorization"), "{heard:?}");
    let stays = notice::provider("webhook", &format!("{table}\nhttp.follow_redirects = false"));
    let delivery = notice::once(&notice::notice("webhook"), stays).await;
    assert!(matches!(delivery.result, DeliveryResult::Dead(_)), "{delivery:?}");
}
