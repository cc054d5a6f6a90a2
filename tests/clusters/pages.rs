//! The pages, as a scraper and a kubelet ask for them.

use std::io::Read as _;

use crate::{
    cluster_of,
    world::{Answer, Flags, Noroshi, ask, count},
};

#[tokio::test]
async fn some_resources_of_all() {
    let api = cluster_of(3).await;
    let noroshi = Noroshi::ready(&api, "pods,nodes").await;
    for (query, pods, nodes) in [
        ("", 3, 1),
        ("?resources=pods", 3, 0),
        ("?resources=pods,nodes", 3, 1),
        ("?resources=", 0, 0),
        ("?exclude_resources=pods", 0, 1),
        ("?resources=pods&exclude_resources=pods", 0, 0),
        ("?resources=jobs", 0, 0),
    ] {
        let answer = noroshi.get(&format!("/metrics{query}")).await;
        let text = answer.text();
        let shown = (count(&text, "kube_pod_info"), count(&text, "kube_node_info"));
        assert_eq!((answer.status, shown), (200, (pods, nodes)), "{query}");
    }
}

async fn scraped(noroshi: &Noroshi, headers: &[(&str, &str)]) -> Answer {
    ask(noroshi.addresses().0, "GET", "/metrics", headers).await
}

#[tokio::test]
async fn compressed_only_where_the_flag_says_so() {
    let api = cluster_of(3).await;
    let plain = Noroshi::ready(&api, "pods").await;
    let packed = Noroshi::start_with(&api, Flags { gzip: true, ..Flags::resources("pods") });
    packed.is_ready().await;
    let takes = [("Accept-Encoding", "gzip")];
    let answer = scraped(&plain, &takes).await;
    assert_eq!(
        (answer.header("content-encoding"), count(&answer.text(), "kube_pod_info")),
        (None, 3)
    );
    let answer = scraped(&packed, &takes).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*answer.body).read_to_string(&mut text).unwrap();
    assert_eq!(count(&text, "kube_pod_info"), 3);
    let answer = scraped(&packed, &[]).await;
    assert_eq!(
        (answer.header("content-encoding"), count(&answer.text(), "kube_pod_info")),
        (None, 3)
    );
}

#[tokio::test]
async fn formats_that_a_scraper_asks_for() {
    let api = cluster_of(3).await;
    let noroshi = Noroshi::ready(&api, "pods").await;
    let text = scraped(&noroshi, &[]).await;
    assert!(text.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    assert!(!text.text().ends_with("# EOF\n"));
    let open =
        scraped(&noroshi, &[("Accept", "application/openmetrics-text; version=1.0.0")]).await;
    assert!(open.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(open.text().ends_with("# EOF\n"));
    assert_eq!(count(&open.text(), "kube_pod_info"), 3);
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    let protobuf = scraped(&noroshi, &[("Accept", accept)]).await;
    assert!(
        protobuf.header("content-type").unwrap().starts_with("application/vnd.google.protobuf")
    );
    let name = b"kube_pod_info";
    assert!(protobuf.body.windows(name.len()).any(|bytes| bytes == name));
    // A length of as many bytes as it needs, then field 1: the first family's name.
    let length = protobuf.body.iter().position(|byte| byte & 0x80 == 0).unwrap();
    assert_eq!(protobuf.body[length + 1], 0x0a);
}

#[tokio::test]
async fn probes_and_heads() {
    let api = cluster_of(3).await;
    let noroshi = Noroshi::ready(&api, "pods").await;
    let (objects, own) = noroshi.addresses();
    for path in ["/livez", "/readyz", "/healthz"] {
        let answer = ask(objects, "GET", path, &[]).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "OK"), "{path}");
    }
    assert_eq!(ask(own, "GET", "/readyz", &[]).await.status, 200);
    for path in ["/livez", "/healthz", "/nothing"] {
        assert_eq!(ask(own, "GET", path, &[]).await.status, 404, "{path}");
    }
    for (address, path) in
        [(objects, "/metrics"), (objects, "/"), (objects, "/livez"), (own, "/metrics"), (own, "/")]
    {
        let answer = ask(address, "HEAD", path, &[]).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}");
    }
    assert!(ask(objects, "GET", "/", &[]).await.text().contains("Kube Metrics"));
    let text = noroshi.own().await;
    for row in [
        // As a release build of it tells its version.
        ",version=\"v2.20.0\"} 1\n",
        "kube_state_metrics_watch_total{result=\"success\",resource=\"*v1.Pod\"} 1",
        "http_request_duration_seconds_count{handler=\"metrics\",method=\"head\"} 1",
    ] {
        assert!(text.contains(row), "{row} in {text}");
    }
}
