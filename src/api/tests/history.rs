use serde_json::json;
use tokio::sync::oneshot;

use super::*;
use crate::{
    model::{
        CheckId, Commit, Delivery, DeliveryResult, Incident, Lane, Reason, Record, SendFailure,
        SendReason,
    },
    store::{self, Store, spec::Options},
};

fn incident(check: &str, began: i64, ended: Option<i64>) -> Record {
    Record::IncidentOpened(Incident {
        check: CheckId::new(check),
        group: "web".into(),
        began: fixture::at(began),
        ended: ended.map(fixture::at),
        reason: Some(Reason::HttpStatus),
        detail: "status 503 <b>".into(),
    })
}

fn delivery(notice: u64, result: DeliveryResult) -> Record {
    Record::Delivery(Delivery {
        notice,
        lane: Lane {
            group: "{}:{}".into(),
            receiver: "ops".into(),
            kind: "slack".into(),
            integration: 0,
        },
        at: fixture::at(10 + i64::try_from(notice).unwrap()),
        seconds: 0.5,
        attempt: 1,
        result,
    })
}

/// A router over a store that holds these.
async fn stored(records: Vec<Record>) -> (Setup, Store) {
    // At the time of the rows: they are not old.
    let clock = Clock::anchored(fixture::at(60));
    let (store, _) = store::open(&Options::default(), clock, store::Metrics::default()).unwrap();
    let (told, answer) = oneshot::channel();
    let release = Box::new(move |result: Result<(), _>| {
        told.send(result.is_ok()).unwrap();
    });
    assert!(store.commits.send(Commit { records, release }).await.is_ok());
    assert!(answer.await.unwrap());
    (setup_stored(Vec::new(), web(40), Some(store.reader.clone())), store)
}

#[tokio::test]
async fn incidents_are_listed_in_pages() {
    let records =
        vec![incident("a", 0, Some(10)), incident("b", 20, None), incident("a", 30, None)];
    let (setup, _store) = stored(records).await;
    let mut first = get(&setup.router, "/api/v1/incidents?check=a&limit=1").await.json();
    // Until now, which the router's clock has as 60 s and a little.
    let duration = first["incidents"][0]["duration_seconds"].take().as_f64().unwrap();
    assert!((30.0..60.0).contains(&duration), "{duration}");
    assert_eq!(
        first["incidents"],
        json!([{
            "check": "a",
            "group": "web",
            "began": fixture::at(30),
            "ended": null,
            "duration_seconds": null,
            "reason": "http_status",
            "detail": "status 503 <b>",
        }])
    );
    let path = format!("/api/v1/incidents?check=a&cursor={}", first["next"].as_str().unwrap());
    let second = get(&setup.router, &path).await.json();
    assert_eq!(second["incidents"][0]["ended"], json!(fixture::at(10)));
    assert_eq!(second["next"], json!(null));
    let open = get(&setup.router, "/api/v1/incidents?open=true&group=web").await.json();
    assert_eq!(open["incidents"].as_array().unwrap().len(), 2);
    let late = get(&setup.router, "/api/v1/incidents?since=45s&until=32s").await.json();
    let checks: Vec<_> =
        late["incidents"].as_array().unwrap().iter().map(|row| &row["check"]).collect();
    assert_eq!(checks, ["b"]);
}

#[tokio::test]
async fn deliveries_are_listed_with_how_they_ended() {
    let failure = SendFailure {
        reason: SendReason::RateLimited,
        status: Some(429),
        detail: "slow down".into(),
    };
    let retry = DeliveryResult::Retry { failure: failure.clone(), next_at: fixture::at(99) };
    let records = vec![
        delivery(1, DeliveryResult::Delivered(None)),
        delivery(2, retry),
        delivery(3, DeliveryResult::Dead(failure)),
    ];
    let (setup, _store) = stored(records).await;
    let all = get(&setup.router, "/api/v1/deliveries").await.json();
    let ids: Vec<_> =
        all["deliveries"].as_array().unwrap().iter().map(|row| &row["notice"]).collect();
    assert_eq!(ids, [3, 2, 1]);
    let path = "/api/v1/deliveries?receiver=ops&provider=slack&result=retry,delivered&limit=1";
    let found = get(&setup.router, path).await.json();
    assert_eq!(
        found["deliveries"],
        json!([{
            "notice": 2,
            "receiver": "ops",
            "provider": "slack",
            "integration": 0,
            "group_key": "{}:{}",
            "at": fixture::at(12),
            "duration_seconds": 0.5,
            "attempt": 1,
            "result": "retry",
            "reason": "rateLimited",
            "status": 429,
            "detail": "slow down",
            "next_attempt": fixture::at(99),
        }])
    );
    assert!(found["next"].is_string());
}

#[tokio::test]
async fn what_cannot_be_understood_is_said_in_one_sentence() {
    let (setup, _store) = stored(Vec::new()).await;
    for (query, wanted) in [
        ("incidents?open=maybe", "`open`"),
        ("incidents?since=yesterday", "`since`"),
        ("incidents?cursor=x", "`cursor`"),
        ("incidents?limit=0", "`limit`"),
        ("incidents?limit=1001", "from 1 to 1000"),
        ("incidents?chek=a", "chek"),
        ("deliveries?result=lost", "delivered, retry, dead"),
        ("deliveries?until=-5m", "`until`"),
        ("deliveries?open=true", "open"),
    ] {
        let answer = get(&setup.router, &format!("/api/v1/{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(wanted), "{query}: {error}");
    }
}

#[tokio::test]
async fn where_nothing_is_kept_there_is_nothing_to_list() {
    let setup = setup();
    for path in ["/api/v1/incidents", "/api/v1/deliveries"] {
        let answer = get(&setup.router, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.json()["error"].as_str().unwrap().contains("nothing is kept"));
    }
}
