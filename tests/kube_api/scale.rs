//! Many pods: what they look like, and that they can be listed in a reasonable time.

use std::{collections::BTreeSet, io::Read, time::Instant};

use serde_json::Value;

use crate::{
    client::{Watch, get, get_as},
    support::kube_api::{KubeApi, workbench},
};

/// Asked for with `--ignored serve --nocapture`: so many pods as `NOROSHI_PODS` says, until the standard input closes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves until its standard input closes"]
async fn serve() {
    let count = std::env::var("NOROSHI_PODS").ok().and_then(|text| text.parse().ok());
    workbench::serve(count.unwrap_or(10_000)).await.unwrap();
}

/// All pages of a list.
async fn pages(server: &KubeApi, limit: usize, mut each: impl FnMut(&[u8]) -> String) -> usize {
    let (mut token, mut pages) = (String::new(), 0);
    loop {
        let page = get(server, &format!("/api/v1/pods?limit={limit}&continue={token}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        token = each(&page.bytes);
        pages += 1;
        if token.is_empty() {
            return pages;
        }
    }
}

#[tokio::test]
async fn pods_are_unlike_each_other_and_of_one_cluster() {
    let server = KubeApi::start().await;
    server.put_pods(600);
    let mut unlike = [const { BTreeSet::<String>::new() }; 4];
    let mut alike = [const { BTreeSet::<String>::new() }; 3];
    let count = pages(&server, 250, |bytes| {
        let page: Value = serde_json::from_slice(bytes).unwrap();
        for pod in page["items"].as_array().unwrap() {
            let metadata = &pod["metadata"];
            let of = |value: &Value| value.as_str().unwrap().to_owned();
            unlike[0].insert(of(&metadata["uid"]));
            unlike[1].insert(of(&metadata["name"]));
            unlike[2].insert(of(&metadata["resourceVersion"]));
            let containers = pod["status"]["containerStatuses"].as_array().unwrap();
            assert_eq!(containers.len(), 2);
            unlike[3].extend(containers.iter().map(|container| of(&container["containerID"])));
            alike[0].insert(of(&metadata["ownerReferences"][0]["uid"]));
            alike[1].insert(of(&metadata["namespace"]));
            alike[2].insert(of(&pod["spec"]["nodeName"]));
            let size = pod.to_string().len();
            assert!((9_000..13_000).contains(&size), "{size}");
        }
        page["metadata"]["continue"].as_str().unwrap_or_default().to_owned()
    });
    assert_eq!(count.await, 3);
    assert_eq!(unlike.map(|set| set.len()), [600, 600, 600, 1200]);
    assert_eq!(alike.map(|set| set.len()), [60, 50, 20]);
}

#[tokio::test]
async fn a_touched_pod_has_restarted() {
    let server = KubeApi::start().await;
    server.put_pods(10);
    let path = format!("/api/v1/pods?watch=true&resourceVersion={}", server.version());
    let mut watch = Watch::open(&server, &path).await;
    let pod = get(&server, "/api/v1/pods?limit=1").await.json["items"][0].take();
    let word = |name: &str| pod["metadata"][name].as_str().unwrap();
    server.touch("pods", word("namespace"), word("name"));
    let (kind, told) = watch.event().await;
    assert_eq!((kind.as_str(), &told["metadata"]["uid"]), ("MODIFIED", &pod["metadata"]["uid"]));
    assert_eq!(told["status"]["containerStatuses"][0]["restartCount"], 1);
}

#[tokio::test]
async fn a_long_list_comes_whole_and_compressed() {
    let server = KubeApi::start().await;
    server.put_pods(1100);
    let plain = get(&server, "/api/v1/pods").await;
    assert_eq!(plain.json["items"].as_array().unwrap().len(), 1100);
    for path in ["/api/v1/pods", "/api/v1/pods?limit=300"] {
        let plain = get(&server, path).await;
        let packed = get_as(&server, path, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&packed.bytes[..]).read_to_string(&mut text).unwrap();
        assert!(text == plain.text, "{path}");
    }
}

/// `cargo test --release --test kube_api -- --ignored --nocapture speed`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn speed() {
    let server = KubeApi::start().await;
    let begun = Instant::now();
    server.put_pods(100_000);
    println!("put: {:?}", begun.elapsed());
    let begun = Instant::now();
    let mut bytes = 0;
    let count = pages(&server, 500, |page| {
        bytes += page.len();
        let head = String::from_utf8_lossy(&page[..400]);
        let token = head.split_once("\"continue\":\"").and_then(|(_, rest)| rest.split_once('"'));
        token.map_or_else(String::new, |(token, _)| token.to_owned())
    });
    println!("{} pages in {:?}", count.await, begun.elapsed());
    println!("{bytes} bytes");
}
