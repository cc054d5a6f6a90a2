//! Delivery as a whole: from an offer to a report, over reloads and stops, and what is counted.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use noroshi::{
    model::{DeliveryResult, Lane, Notice},
    notify::{
        self, PROVIDERS,
        spec::{Integration, Receiver, Receivers, UNBUILT, Unbuilt},
    },
};
use prometheus_client::{encoding::text, registry::Registry};

use crate::support::{eventually, notice, web};

#[tokio::test]
async fn an_offer_becomes_a_delivery_and_a_reload_moves_it_elsewhere() {
    let first = web::serve(|_| web::reply(200, &[], b"")).await;
    let second = web::serve(|_| web::reply(200, &[], b"")).await;
    let to = |at| notice::setup(notice::provider("webhook", &format!("url = 'http://{at}/'")));
    let (parts, mut told) = notice::parts();
    let metrics = parts.metrics.clone();
    let (handle, inbox) = notify::channel();
    assert!(handle.offer(Arc::new(notice::notice("webhook"))).is_err(), "nobody is there yet");
    let running = tokio::spawn(notify::run(inbox, to(first.address()), parts));
    eventually!(handle.offer(Arc::new(notice::notice("webhook"))).is_ok());
    let delivery = told.recv().await.unwrap();
    assert_eq!((delivery.notice, delivery.attempt), (7, 1));
    assert_eq!(delivery.result, DeliveryResult::Delivered(None));

    handle.reload(to(second.address())).await;
    handle.offer(Arc::new(Notice { id: 9, ..notice::notice("webhook") })).unwrap();
    assert_eq!(told.recv().await.unwrap().notice, 9);
    assert_eq!((first.connections(), second.connections()), (1, 1));

    let nobody = notify::Setup { receivers: Receivers::default(), ..to(first.address()) };
    handle.reload(nobody).await;
    assert!(handle.offer(Arc::new(notice::notice("webhook"))).is_err(), "it is gone");
    handle.stop(Duration::from_secs(5)).await;
    running.await.unwrap();

    let out = exposition(&metrics);
    for line in [
        r#"noroshi_notifications_total{receiver="r",provider="webhook"} 2"#,
        r#"noroshi_notification_latency_seconds_count{receiver="r",provider="webhook"} 2"#,
        r#"noroshi_dead_letters_total{receiver="r",provider="webhook"} 0"#,
    ] {
        assert!(out.contains(line), "no {line} in\n{out}");
    }
}

#[tokio::test]
async fn a_sick_integration_holds_up_no_other_of_its_receiver() {
    const GROUPS: usize = 3000;
    let sick = web::serve(|_| web::reply(503, &[], b"")).await;
    let well = web::serve(|_| web::reply(200, &[], b"")).await;
    let webhook = |at| notice::provider("webhook", &format!("url = 'http://{at}/'"));
    let integrations = [sick.address(), well.address()].map(|at| Integration::from(webhook(at)));
    let receiver =
        Receiver { name: "r".into(), integrations: integrations.into(), ..Receiver::default() };
    let receivers = Receivers { receivers: vec![Arc::new(receiver)], ..Receivers::default() };
    let (parts, mut reports) = notice::parts();
    let metrics = parts.metrics.clone();
    let (handle, inbox) = notify::channel();
    let setup = notify::Setup { receivers, ..notice::setup(webhook(sick.address())) };
    let running = tokio::spawn(notify::run(inbox, setup, parts));

    let told = |nth: usize| {
        let notice = notice::notice("webhook");
        let (group, integration) = (format!("g{}", nth / 2).into(), u16::from(nth % 2 == 1));
        let lane = Lane { group, integration, ..notice.lane.clone() };
        Arc::new(Notice { id: nth as u64 + 1, lane, ..notice })
    };
    let mut outbox: VecDeque<_> = (0..2 * GROUPS).map(told).collect();
    let (mut heard, begun) = (BTreeSet::new(), Instant::now());
    while heard.len() < GROUPS {
        assert!(begun.elapsed() < Duration::from_mins(1), "the well one heard {}", heard.len());
        // What does not fit is offered again, as the outbox does.
        for _ in 0..outbox.len() {
            let returned = outbox.pop_front().and_then(|notice| handle.offer(notice).err());
            outbox.extend(returned);
        }
        let wait = Duration::from_millis(50);
        while let Ok(Some(delivery)) = tokio::time::timeout(wait, reports.recv()).await {
            match delivery.result {
                DeliveryResult::Delivered(_) => {
                    assert_eq!(delivery.lane.integration, 1);
                    heard.insert(delivery.lane.group);
                }
                _ => assert_eq!(delivery.lane.integration, 0, "{:?}", delivery.result),
            }
            if heard.len() % 200 == 0 {
                break;
            }
        }
    }
    let shown = exposition(&metrics);
    for line in [
        r#"noroshi_notification_breaker_open{receiver="r",provider="webhook",integration="0"} 1"#,
        r#"noroshi_notification_breaker_open{receiver="r",provider="webhook",integration="1"} 0"#,
        r#"noroshi_notification_queue{receiver="r",provider="webhook",integration="0"} 10"#,
        r#"noroshi_notification_queue{receiver="r",provider="webhook",integration="1"} 0"#,
    ] {
        assert!(shown.contains(line), "no {line} in\n{shown}");
    }
    handle.stop(Duration::ZERO).await;
    running.await.unwrap();
}

fn exposition(metrics: &notify::Metrics) -> String {
    let (mut registry, mut out) = (Registry::default(), String::new());
    metrics.register(&mut registry);
    text::encode(&mut out, &registry).unwrap();
    out
}

#[test]
fn every_example_is_a_receiver_without_mistakes() {
    for row in PROVIDERS {
        let table: toml::Table = toml::from_str(row.example).unwrap();
        assert_eq!(table.keys().collect::<Vec<_>>(), [row.word]);
        let text = toml::to_string(&table[row.word]).unwrap();
        let provider = notice::provider(row.word, &text);
        assert_eq!(provider.kind(), row.word);
        let templates = notice::setup(provider.clone()).templates;
        for used in provider.templates() {
            let checked = match used.form {
                notify::spec::TemplateForm::Text => templates.check(used.template.as_str()),
                notify::spec::TemplateForm::Html => templates.check_html(used.template.as_str()),
            };
            assert!(checked.is_ok(), "{}: {}: {checked:?}", row.word, used.path);
        }
    }
}

#[test]
fn kinds_that_come_later_are_known() {
    for (kind, send_resolved) in UNBUILT {
        let unbuilt = Unbuilt::named(kind).unwrap();
        assert_eq!(unbuilt.send_resolved, send_resolved);
        assert!(!notify::Provider::Unbuilt(unbuilt).is_built());
        assert!(PROVIDERS.iter().all(|row| row.word != kind));
    }
    assert!(Unbuilt::named("webhook").is_none() && Unbuilt::named("carrier_pigeon").is_none());
}

#[tokio::test]
async fn no_secret_is_shown() {
    let shown = |kind: &str, table: &str| {
        let provider = notice::provider(kind, table);
        format!("{provider:?} {}", serde_json::to_string(&provider).unwrap())
    };
    for (kind, table) in [
        ("webhook", "url = 'http://a/hunter2'\nsignature.secret = 'hunter2'"),
        ("slack", "webhook_url = 'https://a/hunter2'"),
        ("slack", "bot_token = 'hunter2'\nchannel = 'x'"),
        ("telegram", "bot_token = 'hunter2'\nchat_id = 1"),
        (
            "email",
            "to = 'a@x.example'\nfrom = 'a@x.example'\nsmarthost = 'x:1'\nauth_username = 'u'\nauth_password = 'hunter2'\nauth_secret = 'hunter2'",
        ),
    ] {
        let shown = shown(kind, table);
        assert!(!shown.contains("hunter2") && shown.contains("<secret>"), "{shown}");
    }
}
