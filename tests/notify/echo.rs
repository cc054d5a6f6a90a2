//! Peers that repeat what they were told, as many error pages do: none of it comes into a report, and so neither into the
//! log nor into the table of deliveries.

use base64::{Engine, prelude::BASE64_STANDARD};
use noroshi::model::{Delivery, DeliveryResult};

use crate::support::{
    notice,
    smtp::{self, Script},
    web::{self, Request},
};

/// What every secret here is, as it goes over the wire and as a server decodes it.
const SECRET: &str = "S3cr3t/W0rd & more";
const ENCODED: &str = "S3cr3t%2FW0rd%20%26%20more";

fn header(name: &'static str) -> impl Fn(&Request) -> String + Send + Sync + 'static {
    move |request| request.header(name).unwrap_or("nothing").to_owned()
}

/// A basic authentication as the server reads it.
fn pair(name: &'static str) -> impl Fn(&Request) -> String + Send + Sync + 'static {
    move |request| {
        let told = request.header(name).unwrap().strip_prefix("Basic ").unwrap();
        String::from_utf8(BASE64_STANDARD.decode(told).unwrap()).unwrap()
    }
}

fn path(request: &Request) -> String {
    request.path().to_owned()
}

fn always(_: &Request) -> String {
    SECRET.to_owned()
}

/// What comes of telling a peer that answers `status` and repeats `echo` of what it was told.
async fn told<E: Fn(&Request) -> String + Send + Sync + 'static>(
    (kind, status): (&str, u16),
    table: &str,
    echo: E,
) -> Delivery {
    let peer = web::serve(move |request| {
        if request.path() == "/token" {
            let token = serde_json::json!({ "access_token": SECRET, "token_type": "bearer" });
            return web::reply(200, &[], token.to_string().as_bytes());
        }
        let words = format!("not with '{}'", echo(request));
        let body = match status {
            // Slack and Telegram say no in JSON.
            200 => {
                serde_json::json!({ "ok": false, "error": words, "description": words }).to_string()
            }
            _ => words,
        };
        web::reply(status, &[("Content-Type", "application/json")], body.as_bytes())
    })
    .await;
    let table = table.replace("PEER", &peer.address().to_string()).replace("SECRET", SECRET);
    let table = table.replace("ENCODED", ENCODED);
    notice::once(&notice::notice(kind), notice::provider(kind, &table)).await
}

/// It was quoted, without the secret in any of its forms.
fn assert_hidden(delivery: &Delivery, place: &str) {
    let (DeliveryResult::Dead(failure) | DeliveryResult::Retry { failure, .. }) = &delivery.result
    else {
        panic!("{place}: {delivery:?}");
    };
    assert!(failure.detail.contains("<secret>"), "{place}: nothing was repeated: {failure:?}");
    let base64 = BASE64_STANDARD.encode(SECRET);
    let user = BASE64_STANDARD.encode(format!("u:{SECRET}"));
    for form in ["S3cr3t", "W0rd", &base64[..12], &user[..12]] {
        assert!(!failure.detail.contains(form), "{place}: {form} in {:?}", failure.detail);
    }
}

#[tokio::test]
async fn a_webhook_repeats_no_secret() {
    const URL: &str = "url = 'http://PEER/'";
    let webhook = ("webhook", 400);
    for (own, name) in [
        ("authorization.credentials = 'SECRET'", "authorization"),
        ("authorization = { type = 'Token', credentials = 'SECRET' }", "authorization"),
        ("basic_auth = { username = 'u', password = 'SECRET' }", "authorization"),
        (
            "oauth2 = { client_id = 'c', client_secret = 'x', token_url = 'http://PEER/token' }",
            "authorization",
        ),
        ("headers = { X-Api-Key = 'SECRET' }", "x-api-key"),
        ("headers = { X-Team = { secrets = ['SECRET'] } }", "x-team"),
    ] {
        let delivery = told(webhook, &format!("{URL}\nhttp.{own}"), header(name)).await;
        assert_hidden(&delivery, own);
    }
    let basic = "http.basic_auth = { username = 'u', password = 'SECRET' }";
    let delivery = told(webhook, &format!("{URL}\n{basic}"), pair("authorization")).await;
    assert_hidden(&delivery, "decoded");

    let delivery = told(webhook, "url = 'http://u:ENCODED@PEER/'", pair("authorization")).await;
    assert_hidden(&delivery, "userinfo");
    for url in ["url = 'http://PEER/hook/ENCODED'", "url = 'http://PEER/?key=ENCODED'"] {
        assert_hidden(&told(webhook, url, path).await, url);
        assert_hidden(&told(webhook, url, always).await, url);
    }
    let delivery = told(webhook, &format!("{URL}\nsignature.secret = 'SECRET'"), always).await;
    assert_hidden(&delivery, "signature");
}

#[tokio::test]
async fn a_proxy_repeats_no_secret() {
    let table = "url = 'http://hooks.example/'\nhttp.proxy_url = 'http://PEER'\n\
                 http.proxy_basic_auth = { username = 'u', password = 'SECRET' }";
    for status in [400, 502] {
        let delivery = told(("webhook", status), table, header("proxy-authorization")).await;
        assert_hidden(&delivery, "proxy");
        let delivery = told(("webhook", status), table, pair("proxy-authorization")).await;
        assert_hidden(&delivery, "proxy, decoded");
    }
}

#[tokio::test]
async fn a_token_server_is_not_quoted() {
    let peer = web::serve(|request| {
        let body = String::from_utf8_lossy(&request.body);
        let words = format!("no: {} {body}", request.header("authorization").unwrap_or_default());
        web::reply(401, &[], words.as_bytes())
    })
    .await;
    let at = peer.address();
    let table = format!(
        "url = 'http://{at}/'\n\
         http.oauth2 = {{ client_id = 'c', client_secret = 'S3cr3tS3cr3t', token_url = 'http://{at}/token' }}"
    );
    let delivery =
        notice::once(&notice::notice("webhook"), notice::provider("webhook", &table)).await;
    let shown = format!("{delivery:?}");
    assert!(shown.contains("token_failed"), "{shown}");
    let encoded = &BASE64_STANDARD.encode("c:S3cr3tS3cr3t")[..12];
    assert!(!shown.contains("S3cr3t") && !shown.contains(encoded), "{shown}");
}

#[tokio::test]
async fn slack_and_telegram_repeat_no_secret() {
    let slack =
        "api_url = 'http://PEER/api/chat.postMessage'\nbot_token = 'SECRET'\nchannel = '#x'";
    let telegram = "api_url = 'http://PEER'\nbot_token = 'SECRET'\nchat_id = 5";
    let more = "http.headers = { X-Api-Key = 'SECRET' }";
    for status in [200, 400] {
        let delivery = told(("slack", status), slack, header("authorization")).await;
        assert_hidden(&delivery, "bot token");
        let table = format!("webhook_url = 'http://PEER/'\n{more}");
        let delivery = told(("slack", status), &table, header("x-api-key")).await;
        assert_hidden(&delivery, "header of a webhook");
        let delivery = told(("slack", status), "webhook_url = 'http://PEER/ENCODED'", path).await;
        assert_hidden(&delivery, "webhook");
        assert_hidden(&told(("telegram", status), telegram, path).await, "path");
        let table = format!("{}\n{more}", telegram.replace("SECRET", "unlike"));
        let delivery = told(("telegram", status), &table, header("x-api-key")).await;
        assert_hidden(&delivery, "header of telegram");
    }
}

#[tokio::test]
async fn a_mail_server_repeats_no_secret() {
    let plain = BASE64_STANDARD.encode(format!("\0u\0{SECRET}"));
    for (mechanism, words) in
        [("PLAIN", SECRET), ("PLAIN", &plain), ("LOGIN", &BASE64_STANDARD.encode(SECRET))]
    {
        for at in ["AUTH", "MAIL"] {
            let reply: &'static str = format!("535 not with {words}").leak();
            let mechanisms = mechanism;
            let replies = vec![(at, reply)];
            let peer = smtp::serve(Script { mechanisms, replies, ..Script::default() }).await;
            let table = format!(
                "smarthost = 'localhost:{}'\nto = 'a@x.example'\nfrom = 'n@x.example'\nhtml = 'x'\n\
                 require_tls = false\nauth_username = 'u'\nauth_password = '{SECRET}'",
                peer.address().port()
            );
            let provider = notice::provider("email", &table);
            let delivery = notice::once(&notice::notice("email"), provider).await;
            assert_hidden(&delivery, &format!("{mechanism} at {at}: {words}"));
        }
    }
}
