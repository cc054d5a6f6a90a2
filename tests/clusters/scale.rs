//! Clusters of many pods, each of 10 kB.

use std::time::{Duration, Instant};

use crate::{
    support::kube_api::{KubeApi, Streaming},
    world::{Noroshi, ask},
};

/// The longest that a scrape may take while a list is read.
const SCRAPED_WITHIN: Duration = Duration::from_secs(5);

/// They arrive, all at once for whoever scrapes, and nobody who scrapes meanwhile waits for that.
async fn arrive(streaming: Streaming, pods: u32) {
    let api = KubeApi::start().await;
    api.streaming(streaming);
    let count = usize::try_from(pods).unwrap();
    api.put_pods(count);
    let begun = Instant::now();
    let noroshi = Noroshi::start(&api, "pods");
    let mut scrapes = 0;
    let mut slowest = Duration::ZERO;
    while ask(noroshi.addresses().0, "GET", "/readyz", &[]).await.status != 200 {
        let asked = Instant::now();
        let scrape = noroshi.scrape().await;
        slowest = slowest.max(asked.elapsed());
        scrapes += 1;
        // It may be complete by now, and then it is all of it.
        let shown = scrape.matches("\nkube_pod_info{").count();
        assert!(shown == 0 || shown == count, "{shown}");
        assert!(begun.elapsed() < Duration::from_mins(10), "{streaming:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begun.elapsed();
    println!("{pods} pods, {streaming:?}: {took:?}; {scrapes} scrapes, the slowest {slowest:?}");
    assert!(scrapes > 3 && slowest < SCRAPED_WITHIN, "{scrapes} {slowest:?}");
    assert_eq!(noroshi.count("kube_pod_info").await, count);
    assert_eq!(noroshi.collector("objects", "pods").await, f64::from(pods));
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_pods_arrive_by_stream() {
    arrive(Streaming::Offered, 5_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_pods_arrive_in_pages() {
    arrive(Streaming::Unknown, 5_000).await;
}

/// `cargo test --release --test clusters -- --ignored --nocapture a_hundred_thousand`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "too slow unoptimized"]
async fn a_hundred_thousand_pods_arrive() {
    arrive(Streaming::Offered, 100_000).await;
    arrive(Streaming::Unknown, 100_000).await;
}
