use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
};

use super::*;
use crate::alert::{Inbox, channel};

/// The API in front of a pipeline that answers nothing.
fn silent(options: Options) -> (Arc<Alertmanager>, Inbox) {
    let (handle, inbox) = channel();
    let original: Original = Arc::new(|| Arc::from("route: {receiver: x}\n"));
    let alertmanager =
        Alertmanager::new(handle, original, options, Clock::system(), Metrics::default());
    (Arc::new(alertmanager), inbox)
}

async fn get(alertmanager: &Arc<Alertmanager>, path: &str) -> (u16, String) {
    let answer = alertmanager.v2(path, Request::new(Body::empty())).await;
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn so_many_reads_at_once_and_no_more() {
    let (alertmanager, _inbox) = silent(Options { get_concurrency: 1, ..Options::default() });
    let place = alertmanager.reads.enter().unwrap();
    let words = "Limit of concurrent GET requests reached (1), try again later.\n\n";
    assert_eq!(get(&alertmanager, "status").await, (503, words.to_owned()));
    drop(place);
    assert_eq!(get(&alertmanager, "status").await.0, 200);
    assert!(silent(Options::default()).0.most_reads >= READS);
}

#[tokio::test(start_paused = true)]
async fn a_request_ends_in_the_time_it_is_given() {
    let options = Options { timeout: Duration::from_secs(5), ..Options::default() };
    let (alertmanager, _inbox) = silent(options);
    let words = "Exceeded configured timeout of 5s.\n";
    assert_eq!(get(&alertmanager, "alerts").await, (503, words.to_owned()));
    let (patient, _inbox) = silent(Options::default());
    assert_eq!(get(&patient, "silences").await.0, 504);
}

#[tokio::test]
async fn a_pipeline_that_has_stopped_is_our_fault() {
    let (alertmanager, inbox) = silent(Options::default());
    drop(inbox);
    let words = "\"the alert pipeline has stopped\"\n";
    assert_eq!(get(&alertmanager, "alerts/groups").await, (503, words.to_owned()));
}
